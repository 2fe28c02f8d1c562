import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { avatarAddress, cleanName, cutName, isReservedName, nameLength, nameSkeleton } from './names.ts';

test('a name loses what is not seen, and keeps what belongs to its script', () => {
  const expected: [string, string][] = [
    ['  Ada   Lovelace \n', 'Ada Lovelace'],
    ['A\u202Eda', 'Ada'],
    ['A\u200Bd\uFEFFa\u00AD', 'Ada'],
    ['A\u200Dda', 'Ada'],
    ['\u0007Ada\u0000', 'Ada'],
    ['Ame\u0301lie', 'Amélie'],
    ['می\u200Cخواهم', 'می\u200Cخواهم'],
    ['👩\u200D💻', '👩\u200D💻'],
    ['❤\uFE0F', '❤\uFE0F'],
    ['Z\u0335\u0335\u0335\u0335\u0335\u0335algo', 'Z\u0335\u0335\u0335\u0335algo'],
    ['\uE000\uE001\uE002', ''],
    ['\u3164', ''],
    ['\u2800 \u200B', ''],
    ['<b>Ada</b>', '<b>Ada</b>'],
    ['O’Hara-Smith', 'O’Hara-Smith'],
  ];
  for (const [typed, name] of expected) expect([typed, cleanName(typed)]).toEqual([typed, name]);
});

test('cleaning twice changes nothing, whatever is typed', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const once = cleanName(text);
      expect(cleanName(once)).toBe(once);
      expect(once).not.toMatch(/[\p{Cc}\u202A-\u202E\u2066-\u2069\u200B\u2060\uFEFF]/u);
    }),
  );
});

test('characters are counted as people count them', () => {
  expect(nameLength('Amélie')).toBe(6);
  expect(nameLength('👩\u200D👩\u200D👧👍🏽')).toBe(2);
  expect(cutName(`${'👩\u200D💻'.repeat(39)}ab`)).toBe(`${'👩\u200D💻'.repeat(39)}a`);
});

test('names that look the same have one skeleton', () => {
  const alike = [
    ['Paul', 'paul', 'PAUL', 'Pаul', 'Ｐａｕｌ', 'P.a-u_l', 'P a u l', 'Pau1', 'PauI', 'Pau|', '𝓟𝓪𝓾𝓵'],
    ['Anna', 'Аnna', 'ANNA', 'Α\u200Bnna'],
    ['Modern', 'Modem', 'MODERN'],
    ['Max', 'Мах', 'Μαχ'],
    ['Otto', '0tt0', 'ОТТО', 'οττο'],
    ['Straße', 'STRASSE'],
  ];
  for (const [first = '', ...others] of alike) {
    for (const other of others) expect([other, nameSkeleton(other)]).toEqual([other, nameSkeleton(first)]);
  }
  const different = ['Paul', 'Paula', 'Anna', 'Hanna', 'Max', 'José', 'Jose', '王', '田', '...', '!?'];
  expect(new Set(different.map(nameSkeleton)).size).toBe(different.length);
});

test('names of those who run a chat are reserved, also dressed up', () => {
  for (const name of [
    'admin',
    'Admin',
    'аdmin',
    'a d m i n',
    'adm1n',
    'ADMlN',
    'Site Admin',
    'The Moderator',
    'System',
    'everyone',
    'adm!n',
  ]) {
    expect([name, isReservedName(name)]).toEqual([name, true]);
  }
  for (const name of ['Adam', 'Amin', 'Modesty', 'Herman', 'Mia', 'Systema Naturae', 'Alla']) {
    expect([name, isReservedName(name)]).toEqual([name, false]);
  }
});

test('pictures come by https, and tell nobody’s e-mail address', () => {
  expect(avatarAddress('https://example.com/a.png')).toBe('https://example.com/a.png');
  for (const address of [
    'http://example.com/a.png',
    'javascript:alert(1)',
    'data:image/svg+xml,x',
    'https://u:p@example.com/',
    'https://www.gravatar.com/avatar/0',
    'https://gravatar.com/avatar/0',
    'https://seccdn.libravatar.org/avatar/0',
    '//example.com/a.png',
    `https://example.com/${'a'.repeat(2_000)}`,
    '',
    null,
    7,
  ]) {
    expect([address, avatarAddress(address)]).toEqual([address, null]);
  }
});
