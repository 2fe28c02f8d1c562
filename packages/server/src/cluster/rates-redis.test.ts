import { afterEach, expect, test } from 'bun:test';
import { onRedis } from '../../../../tests/support/brokers.ts';
import { RedisRates } from './rates-redis.ts';
import { Ring } from './redis/ring.ts';
import { serverOf } from './redis/servers.ts';

const open: RedisRates[] = [];
afterEach(() => {
  for (const rates of open.splice(0)) rates.close();
});

/** What each of several nodes has of the same brokers. */
async function nodes(urls: readonly string[], count: number): Promise<RedisRates[]> {
  const servers = urls.map(serverOf);
  const ring = new Ring(servers.map(({ name }) => name));
  const all = Array.from({ length: count }, () => new RedisRates({ servers, ring }));
  open.push(...all);
  for (const rates of all) {
    for (let key = 0; key < 20; key++) {
      while ((await rates.count(`ready ${key}`, 1, 1)) === undefined) await Bun.sleep(5);
    }
  }
  return all;
}

onRedis((fresh) => {
  test('a bucket is one for all nodes, and fills up again', async () => {
    const all = await nodes(fresh(), 3);
    const began = performance.now();
    // So slow that nothing of it comes back while the test asks.
    const taken = await Promise.all(all.flatMap((rates) => [1, 1, 1].map((n) => rates.take('app', n, 4))));
    const filled = ((performance.now() - began) / 1_000) * 4;
    expect(taken.filter(Boolean).length).toBeWithin(4, 5 + Math.ceil(filled));
    const deadline = performance.now() + 20_000;
    while (!(await all[0]?.take('app', 1, 4))) {
      if (performance.now() > deadline) throw new Error('it did not fill up');
      await Bun.sleep(50);
    }
  });

  test('more than a bucket holds is taken from a full one, and owed', async () => {
    const [one, other] = await nodes(fresh(), 2);
    expect(await one?.take('app', 100_000, 10)).toBe(true);
    expect(await other?.take('app', 1, 10)).toBe(false);
    expect(await other?.take('another', 1, 10)).toBe(true);
  });

  test('a count is one for all nodes, until its window ends', async () => {
    const all = await nodes(fresh(), 3);
    const counts = await Promise.all(all.map((rates) => rates.count('address', 2, 60)));
    expect(counts.map((counted) => counted?.taken).sort()).toEqual([2, 4, 6]);
    for (const counted of counts) expect(counted?.msLeft).toBeWithin(1, 60_001);
    await all[1]?.forget('address');
    expect((await all[2]?.count('address', 1, 60))?.taken).toBe(1);
    await all[0]?.count('short', 5, 0.05);
    const deadline = performance.now() + 20_000;
    while ((await all[1]?.count('short', 1, 0.05))?.taken !== 1) {
      if (performance.now() > deadline) throw new Error('its window did not end');
      await Bun.sleep(60);
    }
  });
});

test('a broker that is away is said to be', async () => {
  const servers = [serverOf('redis://127.0.0.1:1')];
  const rates = new RedisRates({ servers, ring: new Ring(['one']) });
  open.push(rates);
  expect(await rates.take('app', 1, 2)).toBeUndefined();
  expect(await rates.count('address', 1, 1)).toBeUndefined();
});
