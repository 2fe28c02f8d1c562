import { expect, test } from 'bun:test';
import { Sample } from './sample.ts';

test('what fits is kept whole and in order', () => {
  const sample = new Sample<number>(3, () => 0);
  for (const item of [1, 2, 3]) sample.add(item);
  expect(sample.take()).toEqual({ items: [1, 2, 3], skipped: 0, skippedHere: 0 });
  expect(sample.isEmpty).toBe(true);
  expect(sample.take()).toEqual({ items: [], skipped: 0, skippedHere: 0 });
});

test('what is too much is counted, and the newest has a chance as well', () => {
  const sample = new Sample<number>(2, () => 0);
  for (const item of [1, 2, 3, 4]) sample.add(item);
  expect(sample.take()).toEqual({ items: [4, 2], skipped: 2, skippedHere: 2 });
});

test('what was left out elsewhere is counted, but not as left out here', () => {
  const sample = new Sample<number>(1, () => 0.999);
  sample.skip(5);
  expect(sample.isEmpty).toBe(false);
  sample.add(1);
  sample.add(2);
  expect(sample.take()).toEqual({ items: [1], skipped: 6, skippedHere: 1 });
});

test('each item has the same chance', () => {
  let state = 42;
  const random = () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
  const kept = new Array<number>(10).fill(0);
  for (let round = 0; round < 20_000; round++) {
    const sample = new Sample<number>(2, random);
    for (let item = 0; item < 10; item++) sample.add(item);
    for (const item of sample.take().items) (kept[item] as number)++;
  }
  for (const times of kept) expect(Math.abs(times - 4_000)).toBeLessThan(300);
});
