import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { cleanLine, cleanText, emojiIn, excerptOf, lengthOf, mentionedIn } from './text.ts';

const runs = { numRuns: Number(process.env.EARSHOT_TEST_RUNS ?? 300) };
const hostile = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('\u202e', '\u2066', '\u200b', '\u200d', '\u200c', '\ufeff', '\r\n', '\u0000', '\ud800'),
      fc.constantFrom(
        '👩‍👩‍👧',
        '🏴󠁧󠁢󠁥󠁮󠁧󠁿',
        '\u{e0041}',
        'é',
        '\u0301'.repeat(20),
        ' ',
        '\n',
        'می‌خواهم',
        '<img onerror=x>',
      ),
    ),
  )
  .map((parts) => parts.join(''));

test('a cleaned text has nothing that hides or turns other text, and is clean', () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const clean = cleanText(text);
      expect(clean).not.toMatch(/[\u202a-\u202e\u2066-\u2069\u200b\ufeff]/);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      expect(clean).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
      expect(clean.isWellFormed()).toBe(true);
      expect(cleanText(clean)).toBe(clean);
      expect(clean.trim()).toBe(clean);
      expect(lengthOf(clean)).toBeLessThanOrEqual(lengthOf(text.toWellFormed()));
    }),
    runs,
  );
});

test('a line is one line', () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const line = cleanLine(text);
      expect(line).not.toMatch(/[\n\t]| {2}/);
      expect(cleanLine(line)).toBe(line);
    }),
    runs,
  );
});

test('what people write stays as it is', () => {
  for (const text of [
    'two\nlines\tand a tab',
    '👩‍👩‍👧 🏴󠁧󠁢󠁥󠁮󠁧󠁿 ❤️ 1️⃣ 👍🏽',
    'می‌خواهم',
    'שלום \u200fעולם',
    'क्‍ष',
    'e\u0301',
    '<b>&amp;"\'',
  ]) {
    expect(cleanText(text)).toBe(text);
  }
});

test('an excerpt is short, whole graphemes in one line', () => {
  expect(excerptOf('short\ntext', 20)).toBe('short text');
  expect(excerptOf('x'.repeat(30), 20)).toBe(`${'x'.repeat(19)}…`);
  expect(excerptOf('👩‍👩‍👧'.repeat(5), 12)).toBe(`${'👩‍👩‍👧'.repeat(2)}…`);
  fc.assert(
    fc.property(hostile, fc.integer({ min: 1, max: 40 }), (text, characters) => {
      expect(lengthOf(excerptOf(cleanText(text), characters))).toBeLessThanOrEqual(characters);
    }),
    runs,
  );
});

test('one emoji is one emoji, however it is made', () => {
  const found = ['👍', '❤️', '👩‍👩‍👧', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', '1️⃣', '👍🏽', '🇩🇪'];
  expect(found.map(emojiIn)).toEqual(found);
  expect(emojiIn('❤')).toBe('❤️');
  for (const text of ['', 'a', '1', '👍👍', '👍 ', '<b>', '🇩', '\u200d', 'x'.repeat(100)])
    expect(emojiIn(text)).toBeNull();
});

test('names after an @ are found, the longest that fits', () => {
  const people = ['Ann', 'Ann Lee', 'Zoë', 'Ann'].map((name, index) => ({ name, index }));
  const named = (text: string) => mentionedIn(text, people).map(({ index }) => index);
  expect(named('hi @ann lee!')).toEqual([1]);
  expect(named('hi @ann, @ZOË')).toEqual([0, 3, 2]);
  expect(named('@Annabel me@ann.org x@ann @')).toEqual([]);
  expect(named('(@ann)')).toEqual([0, 3]);
});
