import { expect, test } from 'bun:test';
import { EarshotProcess } from '../support/process.ts';
import { startRedis } from '../support/redis.ts';
import { vectorApp } from '../support/server.ts';
import { Watcher } from './support/clients.ts';
import { leaseSeconds } from './support/scene.ts';

/** How long what must become so is waited for; the assertion after it says what is not. */
const patienceMs = 60_000;

test('one of two brokers is gone: what the other carries goes on as if nothing had happened', async () => {
  await using left = await startRedis();
  const right = await startRedis();
  const settings = {
    EARSHOT_REDIS_URL: `${left.url},${right.url}`,
    EARSHOT_LEASE_SECONDS: String(leaseSeconds),
    EARSHOT_LOG_LEVEL: 'info',
  };
  await using one = await EarshotProcess.start(settings, patienceMs);
  await using two = await EarshotProcess.start(settings, patienceMs);
  const channels = Array.from({ length: 20 }, (_, i) => `presence-${i}`);
  const watcher = await Watcher.on({ port: two.port, app: vectorApp }, 'watcher', channels);
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
  const deadline = Date.now() + patienceMs;
  const isThere = () => heard().every(isWhole) && heard().filter((count) => count === 40).length > 3;
  while (!isThere() && Date.now() < deadline) await Bun.sleep(20);
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
