import { expect, test } from 'bun:test';
import { continues, type Line, textOf, withLine } from './lines.ts';

const robin = { id: 'a', name: 'Calm Robin', colour: 0 };
const wren = { id: 'b', name: 'Keen Wren', colour: 1 };
const said = (id: number, by = robin, seconds = 0): Line => ({
  id,
  at: new Date(Date.UTC(2026, 10, 20, 12, 0, seconds)),
  kind: 'said',
  by,
  own: false,
  text: 'hello',
});

test('the list keeps the newest 200', () => {
  let lines: readonly Line[] = [];
  for (let id = 0; id < 250; id++) lines = withLine(lines, said(id));
  expect(lines.map(({ id }) => id)).toEqual(Array.from({ length: 200 }, (_, i) => i + 50));
});

test('a line goes on with the one before when the same person says it within the minute', () => {
  expect(continues(said(1), said(2, robin, 59))).toBe(true);
  expect(continues(said(1, robin, 59), said(2, robin, 60))).toBe(false);
  expect(continues(said(1), said(2, wren))).toBe(false);
  expect(continues(undefined, said(1))).toBe(false);
  expect(continues({ id: 0, at: said(1).at, kind: 'came', by: robin }, said(1))).toBe(false);
});

test('an event shows its text, else its JSON', () => {
  expect(textOf({ message: 'hi' })).toBe('hi');
  expect(textOf({ text: 'hi' })).toBe('hi');
  expect(textOf('plain')).toBe('plain');
  expect(textOf({ message: 1 })).toBe('{"message":1}');
  expect(textOf([1, null])).toBe('[1,null]');
  expect(textOf(undefined)).toBe('');
  expect(textOf(JSON.parse('{"__proto__":{"message":"no"}}'))).toBe('{"__proto__":{"message":"no"}}');
  expect(textOf('x'.repeat(3000))).toHaveLength(2001);
});
