import { expect, test } from 'bun:test';
import type { SettingField } from '../contract.ts';
import { defaultTextOf, draftOf, isChanged, isDefault, read, titleOf } from './drafts.ts';

const field = (more: Partial<SettingField>): SettingField => ({
  name: 'any',
  kind: 'text',
  value: null,
  default: null,
  defaultText: null,
  example: null,
  doc: '',
  expected: 'what it is',
  group: 'general',
  secret: false,
  lockedBy: null,
  env: 'EARSHOT_APP_ANY',
  ...more,
});

const rate = field({
  kind: 'number',
  value: 10,
  default: 0,
  min: 0,
  max: 100,
  expected: 'a whole number (0 = no limit)',
});

test('a number is read within its bounds, and everything else refused with what was found', () => {
  expect(read(rate, ' 25 ')).toEqual({ ok: true, value: 25 });
  expect(read(rate, '0')).toEqual({ ok: true, value: 0 });
  for (const [draft, found] of [
    ['', 'There is no number.'],
    ['many', '“many” is not a whole number.'],
    ['1.5', '“1.5” is not a whole number.'],
    ['1e3', '“1e3” is not a whole number.'],
    ['101', '101 is out of range.'],
    ['-1', '-1 is out of range.'],
  ] as const) {
    expect(read(rate, draft)).toEqual({
      ok: false,
      problem: `${found} Expected a whole number (0 = no limit).`,
    });
  }
});

test('a list has a line for each of its items; commas do, too', () => {
  const list = field({ kind: 'list', value: ['a-', 'b-'], default: [] });
  expect(draftOf(list)).toBe('a-\nb-');
  expect(read(list, ' a- \n\n b-,c- ')).toEqual({ ok: true, value: ['a-', 'b-', 'c-'] });
  expect(read(list, '')).toEqual({ ok: true, value: [] });
  expect(isChanged(list, 'a-\nb-\n')).toBe(false);
  expect(isChanged(list, 'b-\na-')).toBe(true);
});

test('nothing is a value of those alone whose default it is', () => {
  expect(read(field({ value: 'x' }), '  ')).toEqual({ ok: true, value: null });
  expect(read(field({ value: 'x', default: 'First app' }), '')).toEqual({
    ok: false,
    problem: 'This is empty. Expected what it is.',
  });
});

test('what cannot be read counts as changed, what stands for the same does not', () => {
  expect([isChanged(rate, '10'), isChanged(rate, '010'), isChanged(rate, 'x')]).toEqual([false, false, true]);
  expect([isDefault(rate, '0'), isDefault(rate, '10')]).toEqual([true, false]);
  const toggle = field({ kind: 'boolean', value: true, default: true });
  expect([isChanged(toggle, true), isChanged(toggle, false)]).toEqual([false, true]);
});

test('names and defaults are in words', () => {
  expect(titleOf({ name: 'clientEventsPerSecond' })).toBe('Client events per second');
  expect(titleOf({ name: 'tlsOnly' })).toBe('TLS only');
  expect(defaultTextOf(rate)).toBe('no limit');
  expect(defaultTextOf(field({ kind: 'boolean', default: false }))).toBe('off');
  expect(defaultTextOf(field({ kind: 'list', default: [] }))).toBe('none');
  expect(defaultTextOf(field({ defaultText: 'all but `x`', default: ['y'] }))).toBe('all but `x`');
});
