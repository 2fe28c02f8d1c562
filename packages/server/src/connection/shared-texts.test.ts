import { expect, test } from 'bun:test';
import { SharedTexts } from './shared-texts.ts';

test('a text comes back as it was, and cut where it is too long', () => {
  const texts = new SharedTexts();
  expect(texts.of('198.51.100.7', 45)).toBe('198.51.100.7');
  expect(texts.of('', 45)).toBe('');
  expect(texts.of('https://example.com', 8)).toBe('https://');
  expect(texts.of('é😀', 45)).toBe('é😀');
});

test('more texts than it keeps do no harm', () => {
  const texts = new SharedTexts();
  for (let n = 0; n < 2_500; n++) expect(texts.of(`${n}`, 45)).toBe(`${n}`);
});
