import { afterEach, expect, test } from 'bun:test';
import { systemClock } from '@earshot/base';
import { onRedis } from '../../../../tests/support/brokers.ts';
import { eventually } from '../../../../tests/support/hooks.ts';
import { redisPath, startRedis } from '../../../../tests/support/redis.ts';
import { TcpProxy } from '../../../../tests/support/tcp-proxy.ts';
import { type BusUnderTest, busContract } from './bus.contract.ts';
import { RedisBus } from './bus-redis.ts';
import type { Envelope } from './envelope.ts';
import { RedisEventCache } from './event-cache-redis.ts';
import { Connection } from './redis/connection.ts';
import { newFigures } from './redis/figures.ts';
import { Ring } from './redis/ring.ts';
import { serverOf } from './redis/servers.ts';

const open: (RedisBus | RedisEventCache)[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

interface RedisBusUnderTest extends BusUnderTest {
  readonly bus: RedisBus;
  readonly figures: ReturnType<typeof newFigures>;
  readonly said: string[];
}

function network(urls: readonly string[]) {
  const servers = urls.map(serverOf);
  const ring = new Ring(servers.map(({ name }) => name));
  const buses: RedisBus[] = [];
  const cache = new RedisEventCache({ servers, ring, clock: systemClock });
  open.push(cache);
  return {
    async connect(): Promise<RedisBusUnderTest> {
      const received: [string, Envelope][] = [];
      const figures = newFigures();
      const said: string[] = [];
      const bus = new RedisBus({
        servers,
        ring,
        cache,
        clock: systemClock,
        figures,
        say: (text) => said.push(text),
        receiver: {
          received: (topic, envelope) => received.push([topic, envelope]),
          onProblem: (stage) => said.push(stage),
        },
      });
      open.push(bus);
      buses.push(bus);
      await bus.listen(`1/ready-${buses.length}`);
      return {
        bus,
        received,
        figures,
        said,
        // What each has relayed is at the brokers; then all that is on its way to each arrives before its own beacon.
        async settled() {
          for (let round = 0; round < 2; round++) await Promise.all(buses.map((one) => one.settled()));
        },
      };
    },
  };
}

const event = (frame: string): Envelope => ({ kind: 'event', frame, except: null, cacheMs: 0 });

onRedis((fresh) => {
  busContract('Redis bus', async () => network(fresh()));

  test('Redis bus: messages of others on our channels are counted and ignored', async () => {
    const urls = fresh();
    const net = network(urls);
    const [a, b] = [await net.connect(), await net.connect()];
    await b.bus.listen('1/news');
    const strangers = urls.map((url) => new Connection(url, [], { onReady() {}, onLost() {} }));
    await eventually(() => strangers.every(({ ready }) => ready), 'strangers to connect');
    const database = serverOf(urls[0] ?? '').database;
    const wrong = ['', 'x', 'x'.repeat(100), '{"kind":"event"}', `${'s'.repeat(16)}[2,{"kind":"event"}]`];
    const stranger = 's'.repeat(16);
    wrong.push(`${stranger}e1 `, `${stranger}e1 soon 1.2 {}`, `${stranger}e1 -5  {}`, `${stranger}e9 0  {}`);
    // Of another format, huge, and so deep that a parser may give up.
    wrong.push(`${stranger}[2,{"kind":"event","frame":"x","except":null,"cacheMs":0}]`);
    wrong.push('x'.repeat(20_000_000), `${stranger}${'['.repeat(1_000_000)}`);
    for (const client of strangers) {
      for (const text of wrong) await client.call('PUBLISH', `earshot:${database}:1/news`, text);
      client.close();
    }
    a.bus.relay('1/news', event('x'));
    await b.settled();
    expect(b.received).toEqual([['1/news', event('x')]]);
    expect(b.figures.foreign).toBe(wrong.length);
    expect(b.said.length).toBe(1);
  });
});

test.skipIf(redisPath === undefined)(
  'Redis bus: while the broker is away nothing throws or waits; when it is back topics are heard again',
  async () => {
    await using first = await startRedis();
    await using proxy = await TcpProxy.to(first.program.port);
    const net = network([`redis://127.0.0.1:${proxy.port}`]);
    const [a, b] = [await net.connect(), await net.connect()];
    await b.bus.listen('1/before');
    first.program.process.kill('SIGKILL');
    await eventually(() => a.figures.connected === 0 && b.figures.connected === 0, 'the loss to be seen');
    await b.bus.listen('1/meanwhile');
    const beyond = 12_000;
    for (let i = 0; i < beyond; i++) a.bus.relay('1/before', event(`${i}`));
    expect(a.figures.dropped).toBeGreaterThan(1_000);
    await using second = await startRedis();
    proxy.target = second.program.port;
    await eventually(() => a.figures.connected === 1 && b.figures.connected === 1, 'the broker to be back');
    await b.settled();
    b.received.length = 0;
    a.bus.relay('1/before', event('after'));
    a.bus.relay('1/meanwhile', event('too'));
    await b.settled();
    expect(b.received).toEqual([
      ['1/before', event('after')],
      ['1/meanwhile', event('too')],
    ]);
    expect(a.figures.reconnects).toBe(1);
    // One line for the outage, one for what is dropped, one for its end.
    expect(a.said.length).toBe(3);
  },
);

test.skipIf(redisPath === undefined)(
  'Redis bus: a connection that looks well and hears nothing is made anew',
  async () => {
    await using redis = await startRedis();
    const net = network([redis.url]);
    const [a, b] = [await net.connect(), await net.connect()];
    await b.bus.listen('1/news');
    const meddler = new Connection(redis.url, [], { onReady() {}, onLost() {} });
    await eventually(() => meddler.ready, 'the meddler to connect');
    // The broker forgets what b listens to, as after a failover that nobody is told of.
    const reconnects = () => b.figures.reconnects;
    await meddler.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await eventually(() => reconnects() === 1, 'b to connect again');
    a.bus.relay('1/news', event('x'));
    await b.settled();
    expect(b.received).toEqual([['1/news', event('x')]]);
    meddler.close();
  },
);
