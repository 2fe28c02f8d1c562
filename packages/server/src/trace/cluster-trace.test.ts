import { expect, test } from 'bun:test';
import { ManualClock } from '@earshot/base';
import type { TraceBatch, TraceEntry, TraceKind } from '@earshot/dashboard';
import { App } from '../apps/app.ts';
import type { Bus } from '../cluster/bus.ts';
import { MemoryBusNetwork } from '../cluster/bus-memory.ts';
import type { Envelope } from '../cluster/envelope.ts';
import { BusNodes } from '../cluster/nodes-bus.ts';
import { defaultAppSettings } from '../config.ts';
import { Counters } from '../metrics/counters.ts';
import { ClusterTrace } from './cluster-trace.ts';
import { TooManyWatchers, type TraceFilter } from './trace.ts';

const everything: TraceFilter = { kinds: null, channel: null, userId: null, socketId: null };
const settings = { ...defaultAppSettings(), contentHiddenPrefixes: ['private-room-'] };

function setUp() {
  const clock = new ManualClock();
  const network = new MemoryBusNetwork();
  const problems: string[] = [];
  /** All that has gone over the bus. */
  const relayed: Envelope[] = [];
  const onProblem = (stage: string) => problems.push(stage);
  const start = async () => {
    const counters = new Counters();
    const app = new App('1', settings, new Map());
    let isAlive = true;
    const bus = network.connect({
      received: (_topic, envelope) => {
        relayed.push(envelope);
        if (isAlive) nodes.received(envelope);
      },
      onProblem,
    });
    const mortal: Bus = {
      listen: (topic) => bus.listen(topic),
      leave: (topic) => bus.leave(topic),
      relay: (topic, envelope) => {
        if (isAlive) bus.relay(topic, envelope);
      },
      publish: (topic, envelope, deliver) => bus.publish(topic, envelope, deliver),
      caughtUp: (topic) => bus.caughtUp(topic),
      close: () => bus.close(),
    };
    const nodes = new BusNodes({ bus: mortal, clock, leaseMs: 15_000, counters, onProblem });
    const apps = { byId: (id: string) => (id === app.id ? app : undefined) };
    const trace = new ClusterTrace({ nodes, apps, clock, counters, onProblem, random: () => 0 });
    await nodes.join();
    const die = () => {
      isAlive = false;
    };
    return { app, trace, nodes, counters, die };
  };
  return { clock, problems, relayed, start };
}

type Node = Awaited<ReturnType<ReturnType<typeof setUp>['start']>>;

function watching(node: Node, filter: Partial<TraceFilter> = {}) {
  const batches: TraceBatch[] = [];
  const end = node.trace.watch(node.app, { ...everything, ...filter }, (batch) => batches.push(batch));
  const entries = (): TraceEntry[] => batches.flatMap((batch) => batch.entries);
  return { batches, end, entries, texts: () => entries().map(({ data }) => data) };
}

const published = (node: Node, data: string, channel = 'news') =>
  node.trace.note(node.app, { kind: 'published', channel, event: 'e', data });

test('while nobody watches nothing is kept, and nobody is told', async () => {
  const { clock, start, relayed } = setUp();
  const [a, b] = [await start(), await start()];
  expect(a.trace.isWatched(a.app)).toBe(false);
  published(a, 'early');
  const before = relayed.length;
  clock.advance(1_000);
  const watcher = watching(a);
  clock.advance(1_000);
  expect(watcher.entries()).toEqual([]);
  expect(relayed.slice(0, before).every(({ kind }) => kind === 'alive')).toBe(true);
  expect(b.counters.traceSkipped).toBe(0);
});

test('a watcher gets what happens on its own node, in batches', async () => {
  const { clock, start } = setUp();
  const a = await start();
  const watcher = watching(a);
  expect(a.trace.isWatched(a.app)).toBe(true);
  published(a, 'one');
  clock.advance(40);
  published(a, 'two');
  clock.advance(59);
  expect(watcher.batches).toEqual([]);
  clock.advance(1);
  const entry = {
    seq: 1,
    node: a.nodes.self,
    at: 1_700_000_000_000,
    kind: 'published',
    channel: 'news',
    event: 'e',
  } as const;
  expect(watcher.batches).toEqual([
    {
      entries: [
        { ...entry, data: 'one', dataBytes: 3 },
        { ...entry, seq: 2, at: 1_700_000_000_040, data: 'two', dataBytes: 3 },
      ],
      skipped: 0,
    },
  ]);
  watcher.end();
  watcher.end();
  expect(a.trace.isWatched(a.app)).toBe(false);
  published(a, 'three');
  clock.advance(1_000);
  expect(watcher.batches.length).toBe(1);
});

test('it gets what happens on other nodes, sorted by time, and they stop when it does', async () => {
  const { clock, start } = setUp();
  const [a, b, c] = [await start(), await start(), await start()];
  const watcher = watching(b);
  for (const node of [a, b, c]) expect(node.trace.isWatched(node.app)).toBe(true);
  published(c, 'c');
  clock.advance(1);
  published(a, 'a');
  clock.advance(1);
  published(b, 'b');
  clock.advance(300);
  expect(watcher.texts().sort()).toEqual(['a', 'b', 'c']);
  expect(new Set(watcher.entries().map(({ node }) => node))).toEqual(
    new Set([a, b, c].map(({ nodes }) => nodes.self)),
  );
  for (const { entries } of watcher.batches) expect(entries).toEqual(entries.toSorted((x, y) => x.at - y.at));
  watcher.end();
  for (const node of [a, b, c]) expect(node.trace.isWatched(node.app)).toBe(false);
});

test('what happens in another app is not shown', async () => {
  const { clock, start } = setUp();
  const a = await start();
  const watcher = watching(a);
  const other = new App('2', settings, new Map());
  expect(a.trace.isWatched(other)).toBe(false);
  a.trace.note(other, { kind: 'published', channel: 'news', event: 'e', data: 'x' });
  clock.advance(200);
  expect(watcher.entries()).toEqual([]);
});

const kinds = (...names: TraceKind[]) => new Set(names);
test.each([
  [{ kinds: kinds('connected') }, ['connected']],
  [{ kinds: kinds() }, []],
  [{ channel: 'news' }, ['published']],
  [{ channel: 'ne' }, ['published']],
  [{ channel: 'other' }, []],
  [{ userId: 'u' }, ['signed_in']],
  [{ socketId: '1.2' }, ['connected', 'signed_in']],
  [{ socketId: '1.2', kinds: kinds('signed_in') }, ['signed_in']],
] satisfies [Partial<TraceFilter>, TraceKind[]][])(
  'a filter %p is applied on every node',
  async (filter, expected) => {
    const { clock, start, relayed } = setUp();
    const [a, b] = [await start(), await start()];
    const watcher = watching(a, filter);
    for (const { trace, app } of [a, b]) {
      trace.note(app, { kind: 'connected', socketId: '1.2' });
      trace.note(app, { kind: 'signed_in', socketId: '1.2', userId: 'u' });
      trace.note(app, { kind: 'published', channel: 'news', event: 'e', data: 'x' });
    }
    clock.advance(300);
    const of = (node: Node) => watcher.entries().filter((entry) => entry.node === node.nodes.self);
    expect(of(a).map(({ kind }) => kind)).toEqual(expected);
    expect(of(b).map(({ kind }) => kind)).toEqual(expected);
    const told = relayed.filter((envelope) => envelope.kind === 'told' && envelope.about === 'trace-batch');
    expect(told.length).toBe(expected.length === 0 ? 0 : 1);
  },
);

test('traffic beyond the bound is a sample, says of how many, and is counted where it was left out', async () => {
  const { clock, start } = setUp();
  const [a, b] = [await start(), await start()];
  const watcher = watching(a);
  for (let n = 0; n < 1_000; n++) published(b, `${n}`);
  for (let n = 0; n < 50; n++) published(a, `${n}`);
  clock.advance(100);
  clock.advance(100);
  const skipped = watcher.batches.reduce((sum, batch) => sum + batch.skipped, 0);
  expect(watcher.batches.every(({ entries }) => entries.length <= 150)).toBe(true);
  expect(skipped + watcher.entries().length).toBe(1_050);
  expect(b.counters.traceSkipped).toBe(850);
  expect(a.counters.traceSkipped).toBe(skipped - 850);
});

test('the rare does not drown in traffic', async () => {
  const { clock, start } = setUp();
  const [a, b] = [await start(), await start()];
  const watcher = watching(a);
  for (let n = 0; n < 2_000; n++) {
    published(b, `${n}`);
    if (n % 50 === 0) b.trace.note(b.app, { kind: 'disconnected', socketId: `1.${n}`, code: 1006 });
  }
  clock.advance(300);
  const ends = watcher.entries().filter(({ kind }) => kind === 'disconnected');
  expect(ends.length).toBe(40);
  expect(watcher.entries().length).toBe(190);
  expect(watcher.batches.reduce((sum, { skipped }) => sum + skipped, 0)).toBe(1_850);
});

test('a narrow look is whole while others see a sample', async () => {
  const { clock, start } = setUp();
  const [a, b] = [await start(), await start()];
  const narrow = watching(a, { channel: 'rare' });
  const wide = watching(a);
  for (let n = 0; n < 5_000; n++) published(b, `${n}`, n % 1_000 === 0 ? 'rare' : 'news');
  clock.advance(300);
  expect(narrow.texts()).toEqual(['0', '1000', '2000', '3000', '4000']);
  expect(narrow.batches.every(({ skipped }) => skipped === 0)).toBe(true);
  expect(wide.batches.some(({ skipped }) => skipped > 0)).toBe(true);
});

test('batches come at most ten times a second, and what is on the bus is bounded', async () => {
  const { clock, start, relayed } = setUp();
  const [a, b] = [await start(), await start()];
  const watcher = watching(a);
  for (let ms = 0; ms < 1_000; ms++) {
    for (let n = 0; n < 10; n++) published(b, 'x'.repeat(5_000));
    clock.advance(1);
  }
  expect(watcher.batches.length).toBeLessThanOrEqual(10);
  const sizes = relayed
    .filter(({ kind }) => kind === 'told')
    .map((envelope) => JSON.stringify(envelope).length);
  expect(Math.max(...sizes)).toBeGreaterThan(64_000);
  expect(Math.max(...sizes)).toBeLessThan(150_000);
});

test('content of hidden channels does not leave the node that has seen it', async () => {
  const { clock, start, relayed } = setUp();
  const [a, b] = [await start(), await start()];
  const watcher = watching(a);
  published(b, 'TOP SECRET', 'private-room-1');
  b.trace.sent('1', 'private-room-1', '{"event":"e","channel":"private-room-1","data":"TOP SECRET"}', 2);
  b.trace.sent('unknown', 'private-room-1', '{}', 2);
  clock.advance(300);
  expect(watcher.entries()).toMatchObject([
    { kind: 'published', event: 'e', dataBytes: 10, dataIs: 'hidden' },
    { kind: 'sent', event: 'e', dataBytes: 10, dataIs: 'hidden', recipients: 2 },
  ]);
  expect(JSON.stringify(relayed)).not.toContain('SECRET');
});

test('a node that joins later is told of who watches as soon as it is there', async () => {
  const { clock, start } = setUp();
  const a = await start();
  const watcher = watching(a);
  const b = await start();
  expect(b.trace.isWatched(b.app)).toBe(true);
  published(b, 'b');
  clock.advance(300);
  expect(watcher.texts()).toEqual(['b']);
});

test('interest is a lease: it holds while it is renewed, and ends with a watcher that dies without a word', async () => {
  const { clock, start } = setUp();
  const [a, b] = [await start(), await start()];
  watching(a);
  clock.advance(60_000);
  expect(b.trace.isWatched(b.app)).toBe(true);
  a.die();
  clock.advance(25_000);
  expect(b.trace.isWatched(b.app)).toBe(false);
});

test('who gets batches that it does not want any more says so', async () => {
  const { clock, start } = setUp();
  const [a, b] = [await start(), await start()];
  a.nodes.tell(null, 'trace-watch', {
    watch: 9,
    appId: '1',
    filter: { kinds: null, channel: null, userId: null, socketId: null },
  });
  expect(b.trace.isWatched(b.app)).toBe(true);
  published(b, 'x');
  clock.advance(200);
  expect(b.trace.isWatched(b.app)).toBe(false);
});

test('one console whose end fails does not keep the others from theirs', async () => {
  const { clock, start, problems } = setUp();
  const a = await start();
  a.trace.watch(a.app, everything, () => {
    throw new Error('broken');
  });
  const watcher = watching(a);
  published(a, 'x');
  clock.advance(100);
  expect(watcher.texts()).toEqual(['x']);
  expect(problems).toEqual(['trace: a batch could not be handed over']);
});

test('so many consoles can be open and no more, here and for other nodes', async () => {
  const { start } = setUp();
  const nodes: Node[] = [];
  for (let n = 0; n < 7; n++) nodes.push(await start());
  const [first] = nodes as [Node];
  for (let n = 0; n < 100; n++) watching(first);
  expect(() => watching(first)).toThrow(TooManyWatchers);
  for (const node of nodes.slice(1)) for (let n = 0; n < 100; n++) watching(node);
  expect(first.counters.traceWatchersRefused).toBe(100);
});

test('what makes no sense from another node is dropped', async () => {
  const { clock, start, problems } = setUp();
  const [a, b] = [await start(), await start()];
  for (const data of [null, 7, [], {}, { watch: 1.5 }, { watch: 1, appId: '1', filter: { kinds: 'all' } }]) {
    a.nodes.tell(null, 'trace-watch', data);
    a.nodes.tell(null, 'trace-unwatch', data);
    a.nodes.tell(null, 'trace-batch', data);
  }
  expect(b.trace.isWatched(b.app)).toBe(false);
  const watcher = watching(b);
  a.nodes.tell(null, 'trace-batch', { watch: 1, entries: [null, { kind: 'x' }], skipped: -5 });
  a.nodes.tell(null, 'trace-batch', { watch: 1, entries: 'many', skipped: 2 });
  clock.advance(200);
  expect(watcher.batches).toEqual([{ entries: [], skipped: 4 }]);
  expect(problems).toEqual([]);
});

test('closing ends all of it, and tells the others', async () => {
  const { clock, start } = setUp();
  const [a, b] = [await start(), await start()];
  const watcher = watching(a);
  published(a, 'x');
  await a.trace.close();
  clock.advance(1_000);
  expect(watcher.batches).toEqual([]);
  expect(b.trace.isWatched(b.app)).toBe(false);
  expect(a.trace.isWatched(a.app)).toBe(false);
});
