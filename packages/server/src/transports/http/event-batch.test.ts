import { expect, test } from 'bun:test';
import { EventBatch, eventId, parseEventId, wordsOf } from './event-batch.ts';

const name = 'abcdefghijklmnopqrstuv';
const other = 'ABCDEFGHIJKLMNOPQRSTUV';
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();

test('events are data lines and an id, byte for byte', () => {
  const batch = new EventBatch(['{"n":1}', 'one\ntwo\r\nthree\r', 'ü€😀', '']);
  expect(text(batch.bytesFor(wordsOf(name), 7))).toBe(
    `data: {"n":1}\nid: ${name}.0000000007\n\n` +
      `data: one\ndata: two\ndata: three\ndata: \nid: ${name}.0000000008\n\n` +
      `data: ü€😀\nid: ${name}.0000000009\n\n` +
      `data: \nid: ${name}.0000000010\n\n`,
  );
});

test('what one client gets does not show in what another one gets', () => {
  const batch = new EventBatch(['a', 'b']);
  const one = batch.bytesFor(wordsOf(name), 1);
  const two = batch.bytesFor(wordsOf(other), 9_999_999_998);
  expect(text(one)).toBe(`data: a\nid: ${name}.0000000001\n\ndata: b\nid: ${name}.0000000002\n\n`);
  expect(text(batch.bytesFor(wordsOf(name), 1))).toBe(text(one));
  expect(text(two)).toBe(`data: a\nid: ${other}.9999999998\n\ndata: b\nid: ${other}.9999999999\n\n`);
});

test('events at the beginning can be left out; the others keep their numbers', () => {
  const batch = new EventBatch(['ä', 'b', 'c']);
  expect(text(batch.bytesFor(wordsOf(name), 5, 2))).toBe(`data: c\nid: ${name}.0000000007\n\n`);
});

test('an id is read back, and anything else is none', () => {
  expect(parseEventId(eventId(name, 42))).toEqual({ name, number: 42 });
  for (const odd of [
    '',
    name,
    `${name}.`,
    `${name}.1`,
    `${name}.-000000001`,
    `${name}x.0000000001`,
    `.0000000001`,
  ]) {
    expect(parseEventId(odd)).toBeNull();
  }
});
