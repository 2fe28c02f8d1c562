import { expect, test } from 'bun:test';
import { eventually, HookReceiver } from '../support/hooks.ts';
import { postgresPath, startPostgres } from '../support/postgres.ts';
import { EarshotProcess } from '../support/process.ts';
import { startRedis } from '../support/redis.ts';
import { Crowd, room } from './support/clients.ts';
import { leaseSeconds } from './support/scene.ts';
import { alternates } from './support/stories.ts';

const seed = Number(process.env.EARSHOT_TEST_SEED ?? 1);

/**
 * What the application was told of each member and of the channel, in order. A request under way when its node was killed is
 * sent again by another, so what repeats the last word from before the kill is taken for the same.
 * @param killedAt number of requests by then
 */
function stories(hooks: HookReceiver, killedAt = Number.POSITIVE_INFINITY): Map<string, string[]> {
  const told = new Map<string, string[]>();
  const lastBefore = new Map<string, string>();
  for (const [index, { events }] of hooks.seen.entries()) {
    for (const { name, channel, user_id: userId = '' } of events) {
      if (channel !== room) continue;
      const story = told.get(String(userId)) ?? [];
      told.set(String(userId), story);
      if (index < killedAt) lastBefore.set(String(userId), String(name));
      else if (lastBefore.get(String(userId)) === name) {
        lastBefore.delete(String(userId));
        continue;
      }
      if (index >= killedAt) lastBefore.delete(String(userId));
      story.push(String(name));
    }
  }
  return told;
}

test.skipIf(postgresPath === undefined)(
  `two nodes on Redis and PostgreSQL, one is killed (seed ${seed}): an application is told of every come and go once`,
  async () => {
    await using redis = await startRedis();
    await using postgres = await startPostgres();
    using hooks = new HookReceiver();
    const env = hooks.env({
      EARSHOT_DATABASE_URL: await postgres.createDatabase(),
      EARSHOT_APP_WEBHOOK_EVENTS: 'channel_occupied,channel_vacated,member_added,member_removed',
      EARSHOT_APP_CHAT: 'true',
    });
    const settings = {
      ...env,
      EARSHOT_REDIS_URL: redis.url,
      // Longer than in the other plays: a living node that a busy machine starves of CPU must not be given up, which is told.
      EARSHOT_LEASE_SECONDS: String(2 * leaseSeconds),
      EARSHOT_LOG_LEVEL: 'info',
    };
    await using one = await EarshotProcess.start(settings, 60_000);
    await using two = await EarshotProcess.start(settings, 60_000);

    // In by one node, out by the other.
    const [here, there] = [new Crowd(one, 'here', seed), new Crowd(two, 'there', seed + 1)];
    await here.enter('ann');
    await there.enter('ann');
    here.leave('ann');
    await eventually(() => stories(hooks).get('ann')?.length === 1, 'ann to be told');
    there.leave('ann');
    await eventually(() => stories(hooks).get('')?.length === 2, 'the channel to be vacated');
    await eventually(() => stories(hooks).get('ann')?.length === 2, 'ann to be told gone');
    expect(Object.fromEntries(stories(hooks))).toEqual({
      ann: ['member_added', 'member_removed'],
      '': ['channel_occupied', 'channel_vacated'],
    });

    await here.enter('bob');
    there.start();
    await there.goOn(1_500);
    await there.stop();
    for (let n = 0; n < 4; n++) await there.enter(`stays-${n}`);
    await there.enter('bob');
    const inside = [...there.inside.keys()];
    two.signal('SIGKILL');
    await two.exited;
    // What it had sent may still be in its socket; its part is taken over when its lease has run out.
    await Bun.sleep(500);
    const killedAt = hooks.seen.length;
    there.abandon();
    const isOver = () => {
      const told = stories(hooks, killedAt);
      return inside.every((id) => id === 'bob' || told.get(id)?.at(-1) === 'member_removed');
    };
    const deadline = Date.now() + 4 * leaseSeconds * 1000 + 60_000;
    while (!isOver() && Date.now() < deadline) await Bun.sleep(50);
    expect(isOver()).toBe(true);
    here.leave('bob');
    // What the assertion says is more than that it took too long.
    await eventually(() => stories(hooks, killedAt).get('')?.length === 4, 'the room is told of').catch(
      () => {},
    );
    expect(stories(hooks, killedAt).get('')).toEqual([
      ...['channel_occupied', 'channel_vacated'],
      ...['channel_occupied', 'channel_vacated'],
    ]);
    await eventually(() => stories(hooks, killedAt).get('bob')?.length === 2, 'bob to be told gone');
    const told = stories(hooks, killedAt);
    expect(told.get('bob')).toEqual(['member_added', 'member_removed']);
    const wrong = [...told].filter(([, story]) => !alternates(story) || story.length % 2 === 1);
    expect(wrong).toEqual([]);
    expect(told.size).toBeGreaterThan(5);
  },
);
