import { afterEach, expect, test } from 'bun:test';
import { type Clock, systemClock } from '@earshot/base';
import { onRedis } from '../../../../tests/support/brokers.ts';
import { eventually } from '../../../../tests/support/hooks.ts';
import { redisPath, startRedis } from '../../../../tests/support/redis.ts';
import { TcpProxy } from '../../../../tests/support/tcp-proxy.ts';
import type { BusUnderTest } from './bus.contract.ts';
import { RedisBus } from './bus-redis.ts';
import type { EventEnvelope } from './envelope.ts';
import { eventCacheContract } from './event-cache.contract.ts';
import { RedisEventCache } from './event-cache-redis.ts';
import { Connection } from './redis/connection.ts';
import { newFigures } from './redis/figures.ts';
import { Ring } from './redis/ring.ts';
import { serverOf } from './redis/servers.ts';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

const event = (frame: string, cacheMs = 60_000): EventEnvelope => ({
  kind: 'event',
  frame,
  except: null,
  cacheMs,
});

/** One node's ends of the brokers at these addresses. */
async function connect(urls: readonly string[], clock: Clock = systemClock) {
  const servers = urls.map(serverOf);
  const ring = new Ring(servers.map(({ name }) => name));
  const cache = new RedisEventCache({ servers, ring, clock });
  const received: BusUnderTest['received'] = [];
  const missed: ReadonlySet<string>[] = [];
  const said: string[] = [];
  const figures = newFigures();
  const receiver = {
    received: (...envelope: (typeof received)[number]) => received.push(envelope),
    missed: (topics: ReadonlySet<string>) => missed.push(topics),
    onProblem: (stage: string) => said.push(stage),
  };
  const bus = new RedisBus({
    servers,
    ring,
    cache,
    clock,
    figures,
    receiver,
    say: (text, details) => said.push(`${text} ${JSON.stringify(details)}`),
  });
  open.push(bus, cache);
  await Promise.all([cache.ready(), bus.settled()]);
  return { bus, cache, received, missed, said, figures };
}

/** A client of one broker, for what a test does to it. */
async function admin(url: string): Promise<Connection> {
  const connection = new Connection(url, [], { onReady() {}, onLost() {} });
  open.push(connection);
  await eventually(() => connection.ready, 'the connection');
  return connection;
}

onRedis((fresh) => {
  eventCacheContract('Redis event cache', async () => {
    const urls = fresh();
    const nodes: Awaited<ReturnType<typeof connect>>[] = [];
    return {
      now: () => Date.now(),
      /** The brokers' clocks cannot be moved; what they keep ends so much earlier instead. */
      async pass(ms) {
        for (const url of urls) {
          const broker = await admin(url);
          for (const key of (await broker.call('KEYS', 'earshot:1:event:*')) as string[]) {
            await broker.call('PEXPIRE', key, Number(await broker.call('PTTL', key)) - ms);
          }
        }
      },
      async connect() {
        const node = await connect(urls);
        nodes.push(node);
        return {
          ...node,
          async settled() {
            for (let round = 0; round < 2; round++) await Promise.all(nodes.map(({ bus }) => bus.settled()));
          },
        };
      },
    };
  });

  test('Redis event cache: clocks of nodes that are wrong by an hour change nothing', async () => {
    const urls = fresh();
    const hour = 3_600_000;
    const wrong = (ms: number): Clock => ({ ...systemClock, now: () => Date.now() + ms });
    const nodes = await Promise.all([-hour, 0, hour].map((ms) => connect(urls, wrong(ms))));
    for (const [i, { bus }] of nodes.entries()) {
      await bus.publish('1/cache-a', event(`${i}`), () => {});
      for (const [j, { cache }] of nodes.entries()) {
        const kept = await cache.get('1', 'cache-a');
        expect(kept?.frame).toBe(`${i}`);
        const leftMs = (kept?.expiresAt ?? 0) - (Date.now() + (j - 1) * hour);
        expect(leftMs).toBeGreaterThan(30_000);
        expect(leftMs).toBeLessThanOrEqual(60_000);
      }
    }
  });
});

test.skipIf(redisPath === undefined)(
  'Redis event cache: after an outage the newest event of all nodes is kept, and nodes are told what they may have missed',
  async () => {
    await using redis = await startRedis();
    await using proxy = await TcpProxy.to(redis.program.port);
    // Behind the proxy: one node alone loses the broker.
    const a = await connect([`redis://127.0.0.1:${proxy.port}`]);
    const b = await connect([redis.url]);
    await a.bus.listen('1/cache-a');
    for (const topic of ['1/cache-a', '1/cache-b', '1/cache-c'])
      await b.bus.publish(topic, event('before'), () => {});
    const { port } = redis.program;
    proxy.target = 1;
    proxy.cut();
    await eventually(() => a.figures.connected === 0, 'the loss to be seen');
    await a.bus.publish('1/cache-a', event('a, then b'), () => {});
    await a.bus.publish('1/cache-b', event('a alone'), () => {});
    expect((await a.cache.get('1', 'cache-b'))?.frame).toBe('a alone');
    // Longer than what is to be published may wait.
    await Bun.sleep(5_200);
    await a.bus.publish('1/cache-c', event('late'), () => {});
    await b.bus.publish('1/cache-a', event('b after a'), () => {});
    proxy.target = port;
    await eventually(() => a.missed.length > 0, 'the broker to be back');
    expect([...(a.missed[0] ?? [])]).toEqual(['1/cache-a']);
    for (const { cache } of [a, b]) {
      expect((await cache.get('1', 'cache-a'))?.frame).toBe('b after a');
      expect((await cache.get('1', 'cache-b'))?.frame).toBe('a alone');
      expect((await cache.get('1', 'cache-c'))?.frame).toBe('late');
    }
  },
);

test.skipIf(redisPath === undefined)(
  'Redis event cache: a broker without memory publishes on, keeps nothing old as the newest, and is reported once',
  async () => {
    await using redis = await startRedis();
    const [a, b] = [await connect([redis.url]), await connect([redis.url])];
    await b.bus.listen('1/cache-a');
    await a.bus.publish('1/cache-a', event('old'), () => {});
    await (await admin(redis.url)).call('CONFIG', 'SET', 'maxmemory', '1');
    await a.bus.publish('1/cache-a', event('new'), () => {});
    await a.bus.publish('1/cache-a', event('newer'), () => {});
    await b.bus.settled();
    expect(b.received.map(([, envelope]) => envelope)).toEqual([event('old'), event('new'), event('newer')]);
    expect(await b.cache.get('1', 'cache-a')).toBeNull();
    expect(a.said.length).toBe(1);
    expect(a.said[0]).toContain('OOM');
  },
);

test.skipIf(redisPath === undefined)(
  'Redis event cache: what others wrote under its keys is no event',
  async () => {
    await using redis = await startRedis();
    const { bus, cache } = await connect([redis.url]);
    const meddler = await admin(redis.url);
    const foreign = [
      '',
      'x',
      '1 2 3',
      `1 ${'s'.repeat(16)}e2 0  {}`,
      `1 ${'s'.repeat(16)}[1,{"kind":"gone"}]`,
    ];
    for (const text of foreign) {
      await meddler.call('SET', 'earshot:1:event:1/cache-a', text, 'PX', 60_000);
      expect(await cache.get('1', 'cache-a')).toBeNull();
    }
    await meddler.call('LPUSH', 'earshot:1:event:1/cache-b', 'x');
    expect(await cache.get('1', 'cache-b')).toBeNull();
    for (const channel of ['cache-a', 'cache-b']) {
      await bus.publish(`1/${channel}`, event('ours'), () => {});
      expect((await cache.get('1', channel))?.frame).toBe('ours');
    }
  },
);
