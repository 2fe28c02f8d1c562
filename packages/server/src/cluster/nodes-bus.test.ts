import { expect, test } from 'bun:test';
import { type Clock, ManualClock } from '@earshot/base';
import { type Bus, everyNode } from './bus.ts';
import { MemoryBusNetwork } from './bus-memory.ts';
import type { Envelope } from './envelope.ts';
import { BusNodes } from './nodes-bus.ts';

const leaseMs = 15_000;

/** What is settled has been told to whom it concerns. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

const byNode = (answers: readonly { node: string; data: unknown }[]) =>
  Object.fromEntries(answers.map(({ node, data }) => [node, data]));

function setUp() {
  const clock = new ManualClock();
  const network = new MemoryBusNetwork();
  const problems: string[] = [];
  const onProblem = (stage: string) => problems.push(stage);
  /** @param hears what of the bus reaches the node */
  const start = async (hears: (envelope: Envelope) => boolean = () => true, itsClock: Clock = clock) => {
    const counters = { questionsDropped: 0, answersMissing: 0 };
    const bus: Bus = network.connect({
      received: (_topic, envelope) => {
        if (hears(envelope)) nodes.received(envelope);
      },
      onProblem,
    });
    const nodes = new BusNodes({ bus, clock: itsClock, leaseMs, counters, onProblem });
    await nodes.join();
    return { nodes, bus, counters };
  };
  /** Somebody on the bus who keeps to no rules. */
  const intrude = async () => {
    const heard: Envelope[] = [];
    const bus = network.connect({ received: (_topic, envelope) => heard.push(envelope), onProblem });
    await bus.listen(everyNode);
    return { bus, heard };
  };
  return { clock, problems, start, intrude };
}

test('a node alone is all nodes, and answers its own questions at once', async () => {
  const { start } = setUp();
  const { nodes } = await start();
  nodes.answer('double', (data) => Number(data) * 2);
  expect(nodes.all()).toEqual([nodes.self]);
  expect(await nodes.ask({ about: 'double', data: 21 })).toEqual({
    answers: [{ node: nodes.self, data: 42 }],
    known: 1,
  });
});

test('nodes know each other as soon as they have joined, in both directions', async () => {
  const { start } = setUp();
  const [a, b, c] = [await start(), await start(), await start()];
  const ids = [a.nodes.self, b.nodes.self, c.nodes.self].sort();
  for (const { nodes } of [a, b, c]) expect([...nodes.all()].sort()).toEqual(ids);
  expect(new Set(ids).size).toBe(3);
});

test('a question reaches all nodes, and each answers for itself', async () => {
  const { start } = setUp();
  const [a, b, c] = [await start(), await start(), await start()];
  for (const [index, { nodes }] of [a, b, c].entries()) {
    nodes.answer('place', async (data) => ({ index, data }));
  }
  const { answers, known } = await a.nodes.ask({ about: 'place', data: 'x' });
  expect(known).toBe(3);
  expect(byNode(answers)).toEqual({
    [a.nodes.self]: { index: 0, data: 'x' },
    [b.nodes.self]: { index: 1, data: 'x' },
    [c.nodes.self]: { index: 2, data: 'x' },
  });
});

test('a node that knows nothing of it, or fails, is not waited for; a failure is reported where it happened', async () => {
  const { start, problems } = setUp();
  const [a, b, c] = [await start(), await start(), await start()];
  a.nodes.answer('x', () => 1);
  b.nodes.answer('x', () => {
    throw new Error('broken');
  });
  const { answers, known } = await a.nodes.ask({ about: 'x', data: null });
  expect(answers).toEqual([{ node: a.nodes.self, data: 1 }]);
  expect(known).toBe(3);
  expect(problems).toEqual(['nodes: a question about x could not be answered']);
  expect(c.counters.answersMissing + a.counters.answersMissing).toBe(0);
});

test('a slow node is left out after the time, and what it says later changes nothing', async () => {
  const { clock, start } = setUp();
  const [a, b] = [await start(), await start()];
  const { promise, resolve } = Promise.withResolvers<string>();
  a.nodes.answer('x', () => 'a');
  b.nodes.answer('x', () => promise);
  const asked = a.nodes.ask({ about: 'x', data: null });
  await turn();
  clock.advance(1_000);
  expect(await asked).toEqual({ answers: [{ node: a.nodes.self, data: 'a' }], known: 2 });
  expect(a.counters.answersMissing).toBe(1);
  resolve('late');
  await promise;
  expect((await a.nodes.ask({ about: 'x', data: null })).answers.length).toBe(2);
});

test('the time to wait is the asker’s to choose', async () => {
  const { clock, start } = setUp();
  const a = await start();
  a.nodes.answer('x', () => new Promise(() => {}));
  let isSettled = false;
  const asked = a.nodes.ask({ about: 'x', data: null }, 200).finally(() => {
    isSettled = true;
  });
  clock.advance(199);
  await turn();
  expect(isSettled).toBe(false);
  clock.advance(1);
  expect(await asked).toEqual({ answers: [], known: 1 });
});

test('a node that dies without a word is gone after the lease, and not before', async () => {
  const { clock, start } = setUp();
  let isDead = false;
  const a = await start((envelope) => !(isDead && 'node' in envelope && envelope.node === b.nodes.self));
  const b = await start();
  clock.advance(leaseMs);
  isDead = true;
  clock.advance(leaseMs - 1);
  expect(a.nodes.all()).toContain(b.nodes.self);
  clock.advance(leaseMs);
  expect(a.nodes.all()).toEqual([a.nodes.self]);
  isDead = false;
  clock.advance(leaseMs / 3);
  expect(a.nodes.all()).toContain(b.nodes.self);
});

test('a goodbye ends the waiting for that node at once', async () => {
  const { start } = setUp();
  const [a, b] = [await start(), await start()];
  a.nodes.answer('x', () => 1);
  b.nodes.answer('x', () => new Promise(() => {}));
  const asked = a.nodes.ask({ about: 'x', data: null });
  await b.nodes.close();
  expect(await asked).toEqual({ answers: [{ node: a.nodes.self, data: 1 }], known: 2 });
  expect(a.nodes.all()).toEqual([a.nodes.self]);
});

test('closing settles what was asked, and nothing is asked or told afterwards', async () => {
  const { start } = setUp();
  const [a, b] = [await start(), await start()];
  const heard: unknown[] = [];
  b.nodes.hear('t', (data) => heard.push(data));
  b.nodes.answer('x', () => new Promise(() => {}));
  const asked = a.nodes.ask({ about: 'x', data: null });
  await a.nodes.close();
  expect(await asked).toEqual({ answers: [], known: 2 });
  a.nodes.tell(null, 't', 1);
  expect((await a.nodes.ask({ about: 'x', data: null })).answers).toEqual([]);
  expect(heard).toEqual([]);
  expect(b.nodes.all()).toEqual([b.nodes.self]);
});

test('what is told reaches one node or all others, with the sender', async () => {
  const { start, problems } = setUp();
  const [a, b, c] = [await start(), await start(), await start()];
  const heard: unknown[] = [];
  for (const [name, node] of Object.entries({ a, b, c })) {
    node.nodes.hear('t', (data, from) => heard.push([name, data, from]));
  }
  a.nodes.tell(null, 't', { n: 1 });
  a.nodes.tell(b.nodes.self, 't', 2);
  a.nodes.tell(b.nodes.self, 'nobody hears it', 3);
  expect(heard).toEqual([
    ['b', { n: 1 }, a.nodes.self],
    ['c', { n: 1 }, a.nodes.self],
    ['b', 2, a.nodes.self],
  ]);
  b.nodes.hear('t', () => {
    throw new Error('broken');
  });
  a.nodes.tell(null, 't', 4);
  expect(problems).toEqual(['nodes: what was told about t could not be taken']);
});

test('a node that joins, or comes back, is said to have joined, once', async () => {
  const { clock, start } = setUp();
  let isDeaf = false;
  const a = await start(() => !isDeaf);
  const joined: string[] = [];
  a.nodes.onJoined((node) => joined.push(node));
  const b = await start();
  clock.advance(leaseMs);
  expect(joined).toEqual([b.nodes.self]);
  isDeaf = true;
  clock.advance(leaseMs * 2);
  isDeaf = false;
  clock.advance(leaseMs);
  expect(joined).toEqual([b.nodes.self, b.nodes.self]);
});

test('made-up answers count for nothing: wrong ids, twice, of nodes that were not asked, in the asker’s own name', async () => {
  const { start, intrude } = setUp();
  const a = await start();
  const b = await start();
  const { bus, heard } = await intrude();
  a.nodes.answer('x', () => 'a');
  b.nodes.answer('x', () => new Promise(() => {}));
  const asked = a.nodes.ask({ about: 'x', data: null });
  const question = heard.find((envelope) => envelope.kind === 'ask');
  if (question?.kind !== 'ask') throw new Error('no question was heard');
  const answer = (node: string, id: number, data: unknown) =>
    bus.relay(`node/${a.nodes.self}`, { kind: 'answer', node, id, has: true, data });
  answer(a.nodes.self, question.id, 'forged');
  answer('stranger', question.id, 'forged');
  answer(b.nodes.self, question.id + 1, 'forged');
  answer(b.nodes.self, question.id, 'b');
  answer(b.nodes.self, question.id, 'b again');
  const { answers } = await asked;
  expect(byNode(answers)).toEqual({ [a.nodes.self]: 'a', [b.nodes.self]: 'b' });
});

test('no more nodes are kept than any cluster has, and what one too many says is dropped', async () => {
  const { clock, start, intrude } = setUp();
  const a = await start();
  const { bus } = await intrude();
  for (let n = 0; n < 1_500; n++) bus.relay(everyNode, { kind: 'alive', node: `n${n}`, isNew: false });
  expect(a.nodes.all().length).toBe(1_001);
  clock.advance(leaseMs * 2);
  expect(a.nodes.all()).toEqual([a.nodes.self]);
});

test('with too many questions under way nobody is asked, and that is counted', async () => {
  const { clock, start } = setUp();
  const a = await start();
  a.nodes.answer('x', () => new Promise(() => {}));
  const asked = Array.from({ length: 1_000 }, () => a.nodes.ask({ about: 'x', data: null }));
  expect(await a.nodes.ask({ about: 'x', data: null })).toEqual({ answers: [], known: 1 });
  expect(a.counters.questionsDropped).toBe(1);
  clock.advance(1_000);
  expect((await Promise.all(asked)).length).toBe(1_000);
  a.nodes.answer('x', () => 1);
  expect((await a.nodes.ask({ about: 'x', data: null })).answers.length).toBe(1);
});

test('a flood of questions is answered as far as the bound goes', async () => {
  const { start, intrude } = setUp();
  const a = await start();
  a.nodes.answer('x', () => new Promise(() => {}));
  const { bus } = await intrude();
  for (let id = 0; id < 250; id++) {
    bus.relay(everyNode, { kind: 'ask', node: 'stranger', id, about: 'x', data: null });
  }
  expect(a.counters.questionsDropped).toBe(150);
});

test('a node that was held up itself does not take the others for dead', async () => {
  const { clock, start } = setUp();
  let heldUpMs = 0;
  let isDeaf = false;
  const itsClock: Clock = {
    now: () => clock.now(),
    monotonic: () => clock.monotonic() + heldUpMs,
    after: (ms, task) => clock.after(ms, task),
    every: (ms, task) => clock.every(ms, task),
    nextTurn: (task) => clock.nextTurn(task),
  };
  const a = await start(() => !isDeaf, itsClock);
  const b = await start();
  clock.advance(leaseMs / 3 - 1);
  isDeaf = true;
  heldUpMs = 60_000;
  clock.advance(1);
  expect(a.nodes.all()).toContain(b.nodes.self);
  isDeaf = false;
  clock.advance(leaseMs);
  expect(a.nodes.all()).toContain(b.nodes.self);
});
