import { expect, test } from 'bun:test';
import { growth, soak } from './run.ts';

// The short form; `npm run test:long` opens 100,000 connections.
test('after 3,000 connections of every kind the server holds nothing and its memory is back', async () => {
  const { problems } = await soak(3000);
  expect(problems).toEqual([]);
}, 300_000);

test('growth compares the lowest readings at rest of the first and the last third', () => {
  const at = (rssBytes: number, atRest = true) => ({ connections: 0, rssBytes, atRest });
  const steady = [at(80), at(300, false), at(92), at(85), at(99), at(91), at(81), at(500, false)];
  expect(growth(steady)).toBe(1);
  expect(growth([at(80), at(90), at(100), at(110), at(120), at(130)])).toBe(40);
});
