import { expect, test } from 'bun:test';
import type { EarshotProcess } from '../support/process.ts';
import { startRedis } from '../support/redis.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import {
  Announcements,
  Crowd,
  judged,
  leaseSeconds,
  nothingWrong,
  settled,
  startNodes,
  Watcher,
} from './support/play.ts';

const seed = Number(process.env.EARSHOT_TEST_SEED ?? 1);

/** Two nodes, a watcher and a crowd on each, and numbered events published at the first. */
class Scene {
  readonly announcements: Announcements;

  private constructor(
    readonly watchers: readonly Watcher[],
    readonly crowds: readonly Crowd[],
    one: EarshotProcess,
  ) {
    this.announcements = new Announcements(one, 'p');
  }

  static async on(nodes: readonly EarshotProcess[]): Promise<Scene> {
    const watchers = await Promise.all(nodes.map((node, i) => Watcher.on(node, `watcher-${i}`)));
    const crowds = nodes.map((node, i) => new Crowd(node, `crowd-${i}`, seed + i));
    return new Scene(watchers, crowds, nodes[0] as EarshotProcess);
  }

  start(): void {
    for (const crowd of this.crowds) crowd.start();
    this.announcements.start();
  }

  async still(): Promise<void> {
    await Promise.all(this.crowds.map((crowd) => crowd.stop()));
  }

  get members(): Set<string> {
    return new Set([
      ...this.watchers.map(({ userId }) => userId),
      ...this.crowds.flatMap(({ inside }) => [...inside.keys()]),
    ]);
  }

  /** Everybody sees the same in the end. */
  async judged(mayLose: boolean) {
    const published = new Map([['p', this.announcements.sent]]);
    return judged(this.watchers, this.members, published, mayLose);
  }

  /** Resolves when what is published comes to the other node again. @returns the last number from before */
  async caughtUp(): Promise<number> {
    const { sent } = this.announcements;
    await settled(() => Math.max(...this.#heard(1)) > sent);
    return this.announcements.sent;
  }

  /** Numbers after `since` that the watcher of a node has not heard, when those that are under way have come. */
  async unheard(node: number, since = 0): Promise<number[]> {
    const missing = () => {
      const heard = this.#heard(node);
      const all = Array.from({ length: this.announcements.sent }, (_, i) => i + 1);
      return all.filter((number) => number > since && !heard.has(number));
    };
    await settled(() => missing().length === 0);
    return missing();
  }

  #heard(node: number): Set<number> {
    const history = this.watchers[node]?.history ?? [];
    return new Set(history.flatMap((seen) => (seen.what === 'event' ? [seen.number] : [])));
  }

  close(): void {
    for (const watcher of this.watchers) watcher.close();
    for (const crowd of this.crowds) crowd.abandon();
  }
}

/** Who was told to go although they stayed all the time. */
function wronglyRemoved(scene: Scene, stayed: readonly string[]): string[] {
  return scene.watchers.flatMap(({ history }) =>
    history.flatMap((seen) => (seen.what === 'removed' && stayed.includes(seen.id) ? [seen.id] : [])),
  );
}

test(`Redis is killed and comes back empty (seed ${seed}): local delivery goes on, who stayed is not told to go, then all is right again`, async () => {
  const first = await startRedis();
  await using proxy = await TcpProxy.to(first.program.port);
  await using cluster = await startNodes(2, `redis://127.0.0.1:${proxy.port}`);
  const scene = await Scene.on(cluster.nodes);
  scene.start();
  await Bun.sleep(1_000);
  await scene.still();
  const before = await scene.judged(true);
  const stayed = [...scene.members];
  for (const crowd of scene.crowds) crowd.start();
  first.program.process.kill('SIGKILL');
  await Bun.sleep(1_500);
  await using second = await startRedis();
  proxy.target = second.program.port;
  await Bun.sleep(leaseSeconds * 1_000 + 2_000);
  await scene.still();
  const caughtUp = await scene.caughtUp();
  await Bun.sleep(300);
  await scene.announcements.stop();
  const findings = await scene.judged(true);
  // At most once while the broker is away: the watcher of the other node may have missed some, then no more.
  for (const finding of [...before, ...findings]) {
    expect({ ...finding, lost: 0 }).toEqual(nothingWrong);
  }
  expect(await scene.unheard(0)).toEqual([]);
  expect(await scene.unheard(1, caughtUp)).toEqual([]);
  const inside = scene.members;
  expect(wronglyRemoved(scene, ['watcher-0', 'watcher-1'])).toEqual([]);
  expect(stayed.filter((id) => id.startsWith('watcher') && !inside.has(id))).toEqual([]);
  scene.close();
  await first[Symbol.asyncDispose]();
});

test(`Redis is paused (seed ${seed}): nodes go on without it, and nobody is told twice`, async () => {
  await using redis = await startRedis();
  await using cluster = await startNodes(2, redis.url);
  const scene = await Scene.on(cluster.nodes);
  scene.start();
  await Bun.sleep(700);
  redis.program.process.kill('SIGSTOP');
  await Bun.sleep(leaseSeconds * 2_000);
  redis.program.process.kill('SIGCONT');
  await Bun.sleep(2_000);
  await scene.still();
  await scene.announcements.stop();
  const findings = await scene.judged(true);
  for (const finding of findings) expect({ ...finding, lost: 0 }).toEqual(nothingWrong);
  expect(await scene.unheard(0)).toEqual([]);
  expect(wronglyRemoved(scene, ['watcher-0', 'watcher-1'])).toEqual([]);
  scene.close();
});

test(`connections to Redis are reset again and again (seed ${seed}): facts are told once, events at most once and in order`, async () => {
  await using redis = await startRedis();
  await using proxy = await TcpProxy.to(redis.program.port);
  await using cluster = await startNodes(2, `redis://127.0.0.1:${proxy.port}`);
  const scene = await Scene.on(cluster.nodes);
  scene.start();
  for (let i = 0; i < 6; i++) {
    await Bun.sleep(400);
    proxy.cut();
  }
  await Bun.sleep(1_500);
  await scene.still();
  await scene.announcements.stop();
  const findings = await scene.judged(true);
  for (const finding of findings) expect({ ...finding, lost: 0 }).toEqual(nothingWrong);
  expect(await scene.unheard(0)).toEqual([]);
  expect(wronglyRemoved(scene, ['watcher-0', 'watcher-1'])).toEqual([]);
  scene.close();
});

test('one of two brokers is gone: what the other carries goes on as if nothing had happened', async () => {
  await using left = await startRedis();
  const right = await startRedis();
  await using cluster = await startNodes(2, `${left.url},${right.url}`);
  const [one, two] = cluster.nodes as [EarshotProcess, EarshotProcess];
  const channels = Array.from({ length: 20 }, (_, i) => `presence-${i}`);
  const watcher = await Watcher.on(two, 'watcher', channels);
  right.program.process.kill('SIGKILL');
  await one.logged(/broker is away/);
  for (let n = 1; n <= 40; n++) {
    for (const name of channels) {
      const data = JSON.stringify({ publisher: name, number: n });
      expect((await one.api.publish(name, 'numbered', data)).status).toBe(200);
    }
  }
  const heard = () => {
    const counts = new Map(channels.map((name) => [name, 0]));
    for (const seen of watcher.history) {
      if (seen.what === 'event') counts.set(seen.publisher, (counts.get(seen.publisher) ?? 0) + 1);
    }
    return [...counts.values()];
  };
  const isWhole = (count: number) => count === 40 || count === 0;
  await settled(() => heard().every(isWhole) && heard().filter((count) => count === 40).length > 3);
  await Bun.sleep(500);
  // All of a channel or nothing of it.
  expect(heard().every(isWhole)).toBe(true);
  expect(heard().filter((count) => count === 40).length).toBeGreaterThan(3);
  expect(heard().filter((count) => count === 0).length).toBeGreaterThan(3);
  expect((await two.api.get('/channels')).status).toBe(500);
  // What was delivered is no error, or the publisher would send it again; the counts of the broker that is gone are left out.
  const reached = heard().map((count) => count === 40);
  const expected = reached.map((isReached) => (isReached ? { subscription_count: 1 } : {}));
  const asked = { name: 'x', data: '1', info: 'subscription_count' };
  const together = await one.api.post('/events', { ...asked, channels });
  expect(together.status).toBe(200);
  const { channels: infos } = together.json<{ channels: Record<string, object> }>();
  expect(channels.map((name) => infos[name])).toEqual(expected as object[]);
  for (const at of [0, 10]) {
    const batch = channels.slice(at, at + 10).map((channel) => ({ ...asked, channel }));
    const answer = await one.api.batch(batch);
    expect(answer.status).toBe(200);
    expect(answer.json<{ batch: object[] }>().batch).toEqual(expected.slice(at, at + 10) as object[]);
  }
  watcher.close();
  await right[Symbol.asyncDispose]();
});
