import { expect, test } from 'bun:test';
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
  receiver.onRelay((topic, bytes) => taken.push(`${topic} ${bytes.toString()}`));
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
