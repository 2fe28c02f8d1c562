import { expect, test } from 'bun:test';
import { textOf } from './frames.ts';
import { Link } from './link.ts';

const onProblem = (stage: string, error: unknown) => {
  throw error ?? new Error(stage);
};

/** A link of which everything written is kept, and one that takes it. */
function setUp() {
  const written: Buffer[] = [];
  let endTurn = () => {};
  const write = (bytes: Uint8Array) => written.push(Buffer.from(bytes)) && bytes.length;
  const sender = new Link({ write, end: () => {} }, onProblem, (task) => {
    endTurn = task;
  });
  const taken: string[] = [];
  const receiver = new Link({ write: (bytes) => bytes.length, end: () => {} }, onProblem, () => {});
  receiver.onRelay((frame) => taken.push(`${frame.topic} ${textOf(frame)}`));
  receiver.on<number>('kept', (data) => taken.push(`kept ${data}`));
  return { sender, receiver, written, taken, endTurn: () => endTurn() };
}

test('what was sent in one turn is taken together, however the socket cuts it', () => {
  const { sender, receiver, written, taken, endTurn } = setUp();
  sender.relay('1/news', 'event');
  sender.note('kept', 7);
  endTurn();
  expect(written.length).toBe(1);
  const [bytes = Buffer.alloc(0)] = written;
  for (let at = 0; at < bytes.length - 1; at++) {
    receiver.received(bytes.subarray(at, at + 1));
    expect(taken).toEqual([]);
  }
  receiver.received(bytes.subarray(-1));
  expect(taken).toEqual(['1/news event', 'kept 7']);
  expect(sender.queuedBytes).toBe(0);
});

test('turns follow each other in one piece of bytes, and one frame alone has no head', () => {
  const { sender, receiver, written, taken, endTurn } = setUp();
  sender.relay('1/a', 'one');
  endTurn();
  expect(written[0]?.length).toBe(4 + 3 + '1/a'.length + 'one'.length);
  for (const text of ['two', 'three']) sender.relay('1/a', text);
  endTurn();
  receiver.received(Buffer.concat(written));
  expect(taken).toEqual(['1/a one', '1/a two', '1/a three']);
});

/** Two links that write into each other at the end of a turn; what each side relays is told by the other. */
function twoSides() {
  const turns: (() => void)[] = [];
  const sides: Link[] = [];
  const room = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const events: string[][] = [[], []];
  const problems: string[] = [];
  for (const side of [0, 1]) {
    const write = (bytes: Uint8Array) => {
      const taken = Math.min(bytes.length, room[side] as number);
      room[side] = (room[side] as number) - taken;
      sides[1 - side]?.received(Buffer.from(bytes.subarray(0, taken)));
      return taken;
    };
    const link = new Link(
      { write, end: () => {} },
      (stage) => problems.push(stage),
      (task) => turns.push(task),
    );
    link.onRelay((frame) => events[side]?.push(`heard ${textOf(frame)}`));
    sides.push(link);
  }
  const [a, b] = sides as [Link, Link];
  const order = (text: string) => a.relayInOrder('1/a', text, () => events[0]?.push(`placed ${text}`));
  const endTurn = () => {
    for (const task of turns.splice(0)) task();
  };
  return { a, b, order, endTurn, room, problems, mine: events[0] as string[], theirs: events[1] as string[] };
}

test('what is relayed in order has its place among what the other side relays', () => {
  const { b, order, endTurn, mine, theirs } = twoSides();
  order('1');
  order('2');
  b.relay('1/a', 'before');
  expect(mine).toEqual([]);
  endTurn();
  b.relay('1/a', 'after');
  endTurn();
  expect(theirs).toEqual(['heard 1', 'heard 2']);
  order('3');
  endTurn();
  endTurn();
  expect(mine).toEqual(['heard before', 'placed 1', 'placed 2', 'heard after', 'placed 3']);
});

test('places of one turn are one frame, unless something comes between them', () => {
  const { a, b, order, endTurn, mine } = twoSides();
  b.onRelay((frame) => {
    if (textOf(frame) === '3') b.relay('1/a', 'between');
  });
  for (const text of ['1', '2', '3', '4', '5']) order(text);
  a.flush();
  // A turn's head, a frame that places 1 to 3, what is relayed, and one that places 4 and 5.
  expect(b.queuedBytes).toBe(11 + 7 + '1/a'.length + 'between'.length + 11);
  endTurn();
  expect(mine).toEqual(['placed 1', 'placed 2', 'placed 3', 'heard between', 'placed 4', 'placed 5']);
});

test('one that fails does not take the place of the next', () => {
  const { a, order, endTurn, problems, mine } = twoSides();
  a.relayInOrder('1/a', 'bad', () => {
    throw new Error('of its own');
  });
  order('2');
  endTurn();
  endTurn();
  expect(mine).toEqual(['placed 2']);
  expect(problems).toEqual(['workers: a message failed']);
});

test('of a side that is too slow nothing waits for its place, and what it places late is counted right', () => {
  const { a, order, endTurn, room, problems, mine, theirs } = twoSides();
  room[0] = 0;
  const large = 'x'.repeat(33 * 1024 * 1024);
  a.relayInOrder('1/a', large, () => mine.push('placed large'));
  a.relayInOrder('1/a', large, () => mine.push('placed second'));
  expect(mine).toEqual([]);
  order('dropped');
  order('dropped too');
  expect(mine).toEqual(['placed large', 'placed second', 'placed dropped', 'placed dropped too']);
  expect(a.relaysDropped).toBe(2);
  expect(problems).toEqual(['workers: events are dropped, the other side is too slow']);
  endTurn();
  room[0] = Number.POSITIVE_INFINITY;
  a.drained();
  expect(theirs.length).toBe(2);
  order('3');
  endTurn();
  // The places of the large ones have come, and that of the third has not.
  expect(mine.length).toBe(4);
  endTurn();
  expect(mine.slice(4)).toEqual(['placed 3']);
  order('4');
  a.closed();
  order('5');
  expect(mine.slice(5)).toEqual(['placed 4', 'placed 5']);
});

test('what a slow side has not taken is not copied at each step', () => {
  const { a, room, theirs } = twoSides();
  const large = 'x'.repeat(8 * 1024 * 1024);
  room[0] = 0;
  a.relay('1/a', large);
  a.flush();
  const copy = Buffer.from;
  let copied = 0;
  try {
    Buffer.from = ((...of: Parameters<typeof Buffer.from>) => {
      copied++;
      return copy(...of);
    }) as typeof Buffer.from;
    for (let step = 0; step < 100; step++) {
      room[0] = 1024;
      a.drained();
    }
  } finally {
    Buffer.from = copy;
  }
  // The pipe of this test copies what it is handed, once a step.
  expect(copied).toBe(100);
  room[0] = Number.POSITIVE_INFINITY;
  a.drained();
  expect(theirs).toEqual([`heard ${large}`]);
});
