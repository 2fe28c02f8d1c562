import { expect, test } from 'bun:test';
import { ada, grace, item, me, message, minute, noon, pending } from '../../gallery/fixtures.ts';
import { initialsOf, voiceOf } from './avatar.tsx';
import { authorsOf, isJumbo, rowAt } from './rows.ts';

const at = (author: typeof ada, after: number, more = {}) =>
  item(message(author, 'x', { at: noon + after, ...more }));
const shapes = (items: Parameters<typeof rowAt>[0], newFrom: number | null = null) =>
  items.map((_, index) => {
    const { first, last } = rowAt(items, index, me.id, newFrom);
    return `${first ? '(' : ''}x${last ? ')' : ''}`;
  });

test('bubbles of one sender within a minute are together', () => {
  expect(shapes([at(ada, 0), at(ada, 20_000), at(ada, 79_000), at(grace, 80_000)])).toEqual([
    '(x',
    'x',
    'x)',
    '(x)',
  ]);
  expect(shapes([at(ada, 0), at(ada, minute)])).toEqual(['(x)', '(x)']);
});

test('what is on its way stands with what I sent before', () => {
  const own = item(message({ ...ada, id: me.id }, 'x', { at: noon + minute - 1_000 }));
  expect(shapes([own, pending('y')])).toEqual(['(x', 'x)']);
});

test('lines part bubbles', () => {
  expect(shapes([at(ada, 0), at(ada, 1_000, { kind: 'action' }), at(ada, 2_000)])).toEqual([
    '(x)',
    '(x)',
    '(x)',
  ]);
});

test('the "new messages" line parts bubbles, too', () => {
  const items = [at(ada, 0), at(ada, 1_000)];
  const second = items[1];
  const seq = second?.type === 'message' ? second.message.seq : 0;
  expect(shapes(items, seq)).toEqual(['(x)', '(x)']);
  expect(rowAt(items, 1, me.id, seq).news).toBe(true);
});

test('a day begins with its first item, and a silence is followed by the time', () => {
  const items = [at(ada, -24 * 60 * minute), at(ada, 0), at(ada, 16 * minute)];
  expect(items.map((_, index) => rowAt(items, index, me.id, null).day)).toEqual([true, true, false]);
  expect(items.map((_, index) => rowAt(items, index, me.id, null).stamp)).toEqual([false, false, true]);
});

test('up to three emoji alone are shown large', () => {
  expect(['🎉', '👍🏽', '👩‍💻', '❤️ 🎉', '🎉🎉🎉'].map(isJumbo)).toEqual([true, true, true, true, true]);
  expect(['', 'a', '🎉🎉🎉🎉', '🎉 a', '12', '#'].map(isJumbo)).toEqual([
    false,
    false,
    false,
    false,
    false,
    false,
  ]);
});

test('names to complete are those of the newest authors, me not', () => {
  const items = [at(ada, 0), at(grace, 1), item(message(me, 'x')), at(ada, 2)];
  expect(authorsOf(items, me.id).map(({ name }) => name)).toEqual(['Ada Lovelace', 'Grace Hopper']);
});

test('initials are whole characters of the first and the last word', () => {
  expect(['Ada Lovelace', 'ada', 'Jean-Luc van Damme', '健二', '🎉', ''].map(initialsOf)).toEqual([
    'AL',
    'A',
    'JD',
    '健',
    '🎉',
    '',
  ]);
});

test('the colour of a person is stable', () => {
  expect(voiceOf('abc')).toBe(voiceOf('abc'));
  expect(new Set(Array.from({ length: 100 }, (_, id) => voiceOf(`person-${id}`))).size).toBe(8);
});
