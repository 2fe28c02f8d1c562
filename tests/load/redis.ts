/**
 * What a broker between nodes costs: `npm run bench -- --only redis-latency,redis-publish,redis-presence,redis-roster`.
 *
 * Two server processes, a Redis and the generator share the machine, so publishes a second are those of all together; the
 * latency of the way over Redis is compared with that of the same events on the node where they were published.
 */
import { type Redis, startRedis } from '../support/redis.ts';
import { Latencies } from './generator/latency.ts';
import { Publisher } from './generator/publisher.ts';
import { signRequest } from './generator/sign.ts';
import { cpuMicros } from './generator/usage.ts';
import { presence, quietSettings, roster } from './redis-roster.ts';
import { type RunningServer, startServer } from './servers.ts';
import type { Target } from './target.ts';

/** Events of one `batch_events`: as many as Pusher allows. */
const batchEvents = 10;
const batchesUnderWay = 64;
const channelCount = 100;
const perSecond = 1_000;

interface Scale {
  readonly warmUpMs: number;
  readonly measureMs: number;
}

type Measures = Record<string, number>;
type OfTwoNodes = (one: RunningServer, two: RunningServer, scale: Scale) => Promise<Measures>;
type RedisScenario = (redis: Redis, scale: Scale) => Promise<Measures>;

/** A plain client that counts, and reads the time stamps, of one node's deliveries. */
class Listener {
  events = 0;
  latencies = new Latencies();
  readonly #socket: WebSocket;

  private constructor(target: Target) {
    this.#socket = new WebSocket(`ws://127.0.0.1:${target.port}/app/${target.app.key}?protocol=7`);
  }

  static async open(target: Target, channels: readonly string[]): Promise<Listener> {
    const listener = new Listener(target);
    const socket = listener.#socket;
    let confirmed = 0;
    await new Promise<void>((resolve) => {
      socket.onmessage = ({ data }) => {
        const text = String(data);
        if (text.includes('connection_established')) {
          for (const channel of channels) {
            socket.send(JSON.stringify({ event: 'pusher:subscribe', data: { channel } }));
          }
        } else if (text.includes('subscription_succeeded') && ++confirmed === channels.length) resolve();
      };
    });
    socket.onmessage = ({ data }) => listener.#received(String(data));
    return listener;
  }

  close(): void {
    this.#socket.close();
  }

  #received(text: string): void {
    const at = text.indexOf('@');
    if (at < 0) return;
    this.events++;
    this.latencies.add((performance.now() - Number(text.slice(at + 1, text.indexOf('@', at + 1)))) * 1000);
  }
}

/** 100 bytes that begin with the time. */
const stamped = () => `@${performance.now().toFixed(3)}@`.padEnd(100, 'x');

function request(target: Target, path: string, body: string): Uint8Array {
  const address = signRequest(target, 'POST', `/apps/${target.app.id}${path}`, body);
  return Buffer.from(
    `POST ${address} HTTP/1.1\r\nHost: 127.0.0.1:${target.port}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

/** 1,000 single publishes a second at one node; a subscriber on it, and one on the other. */
const latency: OfTwoNodes = async (one, two, { warmUpMs, measureMs }) => {
  const [here, there] = [await Listener.open(one, ['bench']), await Listener.open(two, ['bench'])];
  const due: Uint8Array[] = [];
  const publisher = await Publisher.open(one, 32, () => due.shift() ?? null);
  const pace = async (ms: number) => {
    const startedAt = performance.now();
    const total = Math.round((ms * perSecond) / 1000);
    for (let sent = 0; sent < total; ) {
      for (; sent < total && sent <= ((performance.now() - startedAt) * perSecond) / 1000; sent++) {
        due.push(
          request(one, '/events', JSON.stringify({ name: 'b', channels: ['bench'], data: stamped() })),
        );
      }
      publisher.pump();
      await Bun.sleep(1);
    }
    return total;
  };
  let expected = await pace(warmUpMs);
  await arrived([here, there], expected);
  for (const listener of [here, there]) listener.latencies = new Latencies();
  expected += await pace(measureMs);
  await arrived([here, there], expected);
  publisher.close();
  for (const listener of [here, there]) listener.close();
  return {
    p50Here: here.latencies.percentileMs(0.5),
    p50There: there.latencies.percentileMs(0.5),
    p99Here: here.latencies.percentileMs(0.99),
    p99There: there.latencies.percentileMs(0.99),
    p99Added: there.latencies.percentileMs(0.99) - here.latencies.percentileMs(0.99),
    lost: expected - there.events,
  };
};

/** As many `batch_events` of 10 as one node takes; every event goes to a subscriber of the other. */
const publish: OfTwoNodes = async (one, two, { warmUpMs, measureMs }) => {
  const channels = Array.from({ length: channelCount }, (_, i) => `bench-${i}`);
  const there = await Listener.open(two, channels);
  let batches = 0;
  const next = () => {
    const batch = Array.from({ length: batchEvents }, (_, i) => {
      const channel = channels[(batches * batchEvents + i) % channelCount];
      return { name: 'b', channel, data: stamped() };
    });
    batches++;
    return request(one, '/batch_events', JSON.stringify({ batch }));
  };
  let isRunning = true;
  const publisher = await Publisher.open(one, batchesUnderWay, () => (isRunning ? next() : null));
  publisher.pump();
  await Bun.sleep(warmUpMs);
  const [eventsBefore, answersBefore, startedAt] = [there.events, publisher.answers, performance.now()];
  const cpuBefore = [one, two].map(({ pid }) => cpuMicros(pid));
  await Bun.sleep(measureMs);
  const seconds = (performance.now() - startedAt) / 1000;
  const published = (publisher.answers - answersBefore) * batchEvents;
  const delivered = there.events - eventsBefore;
  const [cpuOne = 0, cpuTwo = 0] = [one, two].map(({ pid }, i) => cpuMicros(pid) - (cpuBefore[i] ?? 0));
  isRunning = false;
  await until(() => publisher.answers === publisher.sent);
  await arrived([there], publisher.sent * batchEvents);
  publisher.close();
  there.close();
  return {
    publishesPerSecond: published / seconds,
    deliveredThere: delivered / seconds,
    cpuPublishing: cpuOne / published,
    cpuReceiving: cpuTwo / delivered,
    lost: publisher.sent * batchEvents - there.events,
  };
};

/** Two servers on the Redis. */
async function twoNodes<Result>(
  redis: Redis,
  settings: Record<string, string>,
  run: (one: RunningServer, two: RunningServer) => Promise<Result>,
): Promise<Result> {
  const given = { ...settings, EARSHOT_REDIS_URL: redis.url };
  const [one, two] = [await startServer('earshot', given), await startServer('earshot', given)];
  try {
    return await run(one, two);
  } finally {
    await Promise.all([one.stop(), two.stop()]);
  }
}

const onTwo =
  (scenario: OfTwoNodes): RedisScenario =>
  (redis, scale) =>
    twoNodes(redis, {}, (one, two) => scenario(one, two, scale));

export const redisScenarios: ReadonlyMap<string, RedisScenario> = new Map([
  ['redis-latency', onTwo(latency)],
  ['redis-publish', onTwo(publish)],
  ['redis-presence', (redis) => twoNodes(redis, quietSettings, (...two) => presence(redis, two))],
  ['redis-roster', (redis) => roster(redis)],
] satisfies [string, RedisScenario][]);

/** What the figures are held to, by scenario and measure. */
const goals: Record<string, Record<string, readonly [text: string, met: (figure: number) => boolean]>> = {
  'redis-latency': { p99Added: ['≤ 2 ms', (ms) => ms <= 2], lost: ['none', (lost) => lost === 0] },
  'redis-publish': {
    publishesPerSecond: ['≥ 20,000', (rate) => rate >= 20_000],
    lost: ['none', (lost) => lost === 0],
  },
  'redis-presence': {
    'bytes of a join, 10000 members ÷ 20': ['≤ 1.2', (times) => times <= 1.2],
    'requests of a join, 10000 members': ['≤ 10', (requests) => requests <= 10],
    'requests of a subscribe or unsubscribe, nodes: 3': ['≤ 6', (requests) => requests <= 6],
  },
};

function judged(scenario: string, measure: string, figure: number): string {
  const goal = goals[scenario]?.[measure];
  return goal === undefined ? '' : ` (goal ${goal[0]}: ${goal[1](figure) ? 'met' : 'missed'})`;
}

/** Waits for what was published, at most five seconds: what has not come by then is lost. */
async function arrived(listeners: readonly Listener[], expected: number): Promise<void> {
  await until(() => listeners.every(({ events }) => events >= expected));
}

async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!holds() && performance.now() < deadline) await Bun.sleep(5);
}

/** Runs these scenarios and prints what they measured. */
export async function measureRedis(names: readonly string[], rounds: number, scale: Scale): Promise<void> {
  for (const name of names) {
    for (let round = 1; round <= rounds; round++) {
      await using redis = await startRedis();
      const measures = (await redisScenarios.get(name)?.(redis, scale)) ?? {};
      console.log(`${name}, round ${round}:`);
      for (const [measure, figure] of Object.entries(measures)) {
        const rounded = Number(figure.toFixed(2)).toLocaleString('en-US');
        console.log(`  ${measure}: ${rounded}${judged(name, measure, figure)}`);
      }
    }
  }
}
