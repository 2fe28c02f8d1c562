/**
 * What the roster and the bus cost a Redis: `npm run bench -- --only redis-presence,redis-roster`.
 *
 * Counts come from the Redis itself (`INFO`), less what it does in the same time when nothing happens.
 */
import { createHmac } from 'node:crypto';
import { systemClock } from '@earshot/base';
import type { Bus, BusReceiver } from '../../packages/server/src/cluster/bus.ts';
import { RedisBus } from '../../packages/server/src/cluster/bus-redis.ts';
import type { Envelope } from '../../packages/server/src/cluster/envelope.ts';
import { RedisEventCache } from '../../packages/server/src/cluster/event-cache-redis.ts';
import { Connection } from '../../packages/server/src/cluster/redis/connection.ts';
import { newFigures } from '../../packages/server/src/cluster/redis/figures.ts';
import { Ring } from '../../packages/server/src/cluster/redis/ring.ts';
import { serverOf } from '../../packages/server/src/cluster/redis/servers.ts';
import { RedisRoster } from '../../packages/server/src/cluster/roster-redis.ts';
import type { Redis } from '../support/redis.ts';
import { cpuMicros } from './generator/usage.ts';
import type { RunningServer } from './servers.ts';
import { benchApp, type Target } from './target.ts';

type Measures = Record<string, number>;

const leaseMs = 300_000;
const joins = 100;
const idleMs = 2_000;

/** Leases and signs of life every few seconds would be counted with what is measured. */
export const quietSettings = {
  EARSHOT_LEASE_SECONDS: String(leaseMs / 1000),
  EARSHOT_APP_PRESENCE_MEMBERS: '12000',
  EARSHOT_APP_MEMBER_BYTES: '200',
  EARSHOT_OUTBOX_BYTES: String(64 * 1024 * 1024),
  EARSHOT_APP_SUBSCRIPTION_COUNT: 'true',
};

/** What a Redis has done since its start. */
interface Done {
  readonly at: number;
  /** Commands from its clients; what a script does is part of the one that runs it. */
  readonly requests: number;
  readonly bytes: number;
}

/** Commands that our scripts never run themselves. */
const fromClients = /^cmdstat_(eval|evalsha|xread|subscribe|unsubscribe|ping)(?=:)/;

/** Reads the figures of one Redis. */
class Meter {
  readonly #connection: Connection;
  /** Requests and bytes in a millisecond in which nothing happens. */
  #idle = { requests: 0, bytes: 0 };

  private constructor(connection: Connection) {
    this.#connection = connection;
  }

  static async open(redis: Redis): Promise<Meter> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const connection = new Connection(redis.url, [], { onReady: resolve, onLost() {} });
    await promise;
    return new Meter(connection);
  }

  async learnIdle(): Promise<void> {
    const before = await this.#read();
    await Bun.sleep(idleMs);
    const after = await this.#read();
    const ms = after.at - before.at;
    this.#idle = {
      requests: (after.requests - before.requests) / ms,
      bytes: (after.bytes - before.bytes) / ms,
    };
  }

  /** What each of `count` operations took, beyond what happens anyway. */
  async each(count: number, run: () => Promise<void>): Promise<{ requests: number; bytes: number }> {
    const before = await this.#read();
    await run();
    const after = await this.#read();
    const ms = after.at - before.at;
    return {
      requests: (after.requests - before.requests - this.#idle.requests * ms) / count,
      bytes: (after.bytes - before.bytes - this.#idle.bytes * ms) / count,
    };
  }

  close(): void {
    this.#connection.close();
  }

  async #read(): Promise<Done> {
    const stats = String(await this.#connection.call('INFO', 'stats'));
    const commands = String(await this.#connection.call('INFO', 'commandstats'));
    const of = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(stats)?.[1]);
    let requests = 0;
    for (const line of commands.split('\r\n')) {
      if (fromClients.test(line)) requests += Number(/calls=(\d+)/.exec(line)?.[1]);
    }
    const bytes = of('total_net_input_bytes') + of('total_net_output_bytes');
    return { at: performance.now(), requests, bytes };
  }
}

/** A connected client that is asked to do one thing after the other. */
class Client {
  readonly #socket: WebSocket;
  readonly #authKey: string;
  #socketId = '';
  #waiting: { text: string; resolve: () => void } | null = null;
  /** Frames that hold this text are counted. */
  counted = 0;
  #counts = '';

  private constructor(target: Target) {
    this.#authKey = target.app.secret;
    this.#socket = new WebSocket(`ws://127.0.0.1:${target.port}/app/${target.app.key}?protocol=7`);
  }

  static async open(target: Target): Promise<Client> {
    const client = new Client(target);
    const welcomed = client.#next('connection_established');
    client.#socket.onmessage = ({ data }) => client.#received(String(data));
    await welcomed;
    return client;
  }

  async join(channel: string, userId: string): Promise<void> {
    const done = this.#next('subscription_succeeded');
    const channel_data = JSON.stringify({ user_id: userId, user_info: { name: `Member ${userId}` } });
    const text = `${this.#socketId}:${channel}:${channel_data}`;
    const auth = `${benchApp.key}:${createHmac('sha256', this.#authKey).update(text).digest('hex')}`;
    this.#send('pusher:subscribe', { channel, channel_data, auth });
    await done;
  }

  async subscribe(channel: string): Promise<void> {
    const done = this.#next('subscription_succeeded');
    this.#send('pusher:subscribe', { channel });
    await done;
  }

  unsubscribe(channel: string): void {
    this.#send('pusher:unsubscribe', { channel });
  }

  /** Counts frames with this text from now on. */
  count(text: string): void {
    this.#counts = text;
    this.counted = 0;
  }

  close(): void {
    this.#socket.close();
  }

  #send(event: string, data: object): void {
    this.#socket.send(JSON.stringify({ event, data }));
  }

  #next(text: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting = { text, resolve };
    return promise;
  }

  #received(frame: string): void {
    const event = frame.slice(0, 80);
    if (this.#counts !== '' && event.includes(this.#counts)) this.counted++;
    if (this.#waiting === null || !event.includes(this.#waiting.text)) return;
    if (this.#waiting.text === 'connection_established') {
      this.#socketId = JSON.parse(JSON.parse(frame).data).socket_id;
    }
    this.#waiting.resolve();
    this.#waiting = null;
  }
}

/** A node's ends of a Redis, in this process. */
function node(redis: Redis, received: BusReceiver['received'] = () => {}) {
  const servers = [serverOf(redis.url)];
  const ring = new Ring(servers.map(({ name }) => name));
  const shared = { servers, ring, clock: systemClock, figures: newFigures(), say() {} };
  const cache = new RedisEventCache({ servers, ring, clock: systemClock });
  const onProblem = (stage: string, error: unknown) => {
    throw error ?? new Error(stage);
  };
  const roster = new RedisRoster({ ...shared, leaseMs, receiver: { told() {}, onProblem } });
  const bus = new RedisBus({ ...shared, cache, receiver: { received, onProblem } });
  const close = async () => {
    await Promise.all([roster.close(), bus.close()]);
    await cache.close();
  };
  return { roster, bus, close };
}

/**
 * Three nodes: two servers with a client each in the channel, and one in this process that holds all other members, because
 * 10,000 sockets that get 10,000 lists would measure nothing but those. Then clients come one at a time.
 */
export async function presence(redis: Redis, servers: readonly RunningServer[]): Promise<Measures> {
  const meter = await Meter.open(redis);
  const third = node(redis);
  const measures: Measures = {};
  for (const members of [20, 10_000]) {
    const channel = `presence-${members}`;
    const held = Array.from({ length: members - servers.length }, (_, i) =>
      third.roster.join(benchApp.id, channel, `held-${i}`, `{"name":"Member held-${i}"}`, 0),
    );
    await Promise.all(held);
    const watchers = await Promise.all(servers.map((server) => Client.open(server)));
    for (const [i, watcher] of watchers.entries()) await watcher.join(channel, `watcher-${i}`);
    const comers = await Promise.all(
      Array.from({ length: joins }, (_, i) => Client.open(servers[i % servers.length] as RunningServer)),
    );
    for (const watcher of watchers) watcher.count('member_added');
    await Bun.sleep(200);
    await meter.learnIdle();
    const each = await meter.each(joins, async () => {
      for (const [i, comer] of comers.entries()) {
        await comer.join(channel, `comer-${i}`);
        await until(() => watchers.every(({ counted }) => counted === i + 1), 'member_added on both nodes');
      }
      await third.roster.settled();
    });
    measures[`bytes of a join, ${members} members`] = each.bytes;
    measures[`requests of a join, ${members} members`] = each.requests;
    for (const client of [...watchers, ...comers]) client.close();
    await Bun.sleep(200);
  }
  const [few = 0, many = 0] = [
    measures['bytes of a join, 20 members'],
    measures['bytes of a join, 10000 members'],
  ];
  measures['bytes of a join, 10000 members ÷ 20'] = many / few;
  await third.close();
  Object.assign(measures, await operations(meter, servers, node(redis)));
  meter.close();
  return measures;
}

/** Subscribing to an ordinary channel that subscribers of one, two and three nodes have, and leaving it. */
async function operations(
  meter: Meter,
  servers: readonly RunningServer[],
  third: ReturnType<typeof node>,
): Promise<Measures> {
  const [one, two] = servers as [RunningServer, RunningServer];
  const measures: Measures = {};
  const client = await Client.open(one);
  const others = await Client.open(two);
  for (const nodes of [1, 2, 3]) {
    const channel = `bench-${nodes}`;
    if (nodes > 1) await others.subscribe(channel);
    if (nodes > 2) await third.roster.reportSubscriptions(benchApp.id, channel, 1);
    await meter.learnIdle();
    const each = await meter.each(joins * 2, async () => {
      for (let i = 0; i < joins; i++) {
        await client.subscribe(channel);
        client.unsubscribe(channel);
      }
      await third.roster.settled();
    });
    measures[`requests of a subscribe or unsubscribe, nodes: ${nodes}`] = each.requests;
  }
  client.close();
  others.close();
  await third.close();
  return measures;
}

const changes = 20_000;
const events = 100_000;
const atOnce = 500;
/** Subscriptions that each node gets in a storm on one channel. */
const stormEach = 10_000;
const stormPerTurn = 5;

/** CPU of a Redis and of three nodes in this process, for changes that are pipelined and for events that 0, 1 and 2 nodes hear. */
export async function roster(redis: Redis): Promise<Measures> {
  let heard = 0;
  const nodes = [0, 1, 2].map(() => node(redis, () => heard++));
  await Promise.all(nodes.map(({ roster }) => roster.settled()));
  const [one, two, three] = nodes as [(typeof nodes)[number], (typeof nodes)[number], (typeof nodes)[number]];
  const measures: Measures = {};
  const cpu = async (name: string, count: number, run: () => Promise<void>) => {
    const pids = [redis.program.process.pid ?? 0, process.pid];
    const before = pids.map(cpuMicros);
    const startedAt = performance.now();
    await run();
    const seconds = (performance.now() - startedAt) / 1000;
    const [ofRedis = 0, ofNodes = 0] = pids.map((pid, i) => (cpuMicros(pid) - (before[i] ?? 0)) / count);
    measures[`${name}: µs of Redis`] = ofRedis;
    measures[`${name}: µs of the nodes`] = ofNodes;
    measures[`${name}: per second`] = count / seconds;
  };
  const change = (name: string, make: (i: number) => Promise<unknown>) =>
    cpu(name, changes, async () => {
      for (let i = 0; i < changes; i += atOnce) {
        await Promise.all(Array.from({ length: atOnce }, (_, j) => make(i + j)));
      }
      await Promise.all(nodes.map(({ roster }) => roster.settled()));
    });
  await change('warm-up', (i) => one.roster.reportSubscriptions('1', `warm-${i}`, 1));
  await change('first subscription of a channel', (i) => one.roster.reportSubscriptions('1', `c-${i}`, 1));
  await change('of another node', (i) => two.roster.reportSubscriptions('1', `c-${i}`, 1));
  await change('of a third node', (i) => three.roster.reportSubscriptions('1', `c-${i}`, 1));
  const meter = await Meter.open(redis);
  await meter.learnIdle();
  const storm = await meter.each(3 * stormEach, async () => {
    for (let count = 1; count <= stormEach; ) {
      // Clients that come in the same turn of the loop.
      for (let i = 0; i < stormPerTurn; i++, count++) {
        for (const { roster } of nodes) void roster.reportSubscriptions('1', 'storm', count);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(nodes.map(({ roster }) => roster.settled()));
  });
  meter.close();
  measures['storm on one channel: requests of a subscription'] = storm.requests;
  measures['storm on one channel: bytes of a subscription'] = storm.bytes;
  for (const [i, { roster }] of nodes.entries()) await roster.join('1', 'presence-a', `first-${i}`, null, 0);
  await change('join of a channel of 3 nodes', (i) => one.roster.join('1', 'presence-a', `u-${i}`, null, 0));
  const frame = 'x'.repeat(230);
  const event: Envelope = { kind: 'event', frame, except: null, cacheMs: 0 };
  for (const listeners of [0, 1, 2]) {
    const topic = `1/heard-by-${listeners}`;
    const hearing: Bus[] = [one.bus, two.bus].slice(0, listeners);
    for (const bus of hearing) await bus.listen(topic);
    heard = 0;
    await cpu(`event that ${listeners} others hear`, events, async () => {
      for (let i = 0; i < events; i += atOnce) {
        for (let j = 0; j < atOnce; j++) three.bus.relay(topic, event);
        await new Promise((resolve) => setImmediate(resolve));
        if (i % 5_000 === 0) await three.bus.settled();
      }
      await three.bus.settled();
      await until(() => heard === events * listeners, 'all events');
    });
  }
  await Promise.all(nodes.map(({ close }) => close()));
  for (const name of Object.keys(measures)) if (name.startsWith('warm-up')) delete measures[name];
  return measures;
}

async function until(holds: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await Bun.sleep(1);
  }
}
