import { expect, test } from 'bun:test';
import { Voices } from './voices.ts';

test('a window keeps its name and colour; the first eight colours differ', () => {
  const voices = new Voices();
  const ids = Array.from({ length: 8 }, (_, i) => `window-${i}`);
  const first = ids.map((id) => voices.of(id));
  expect(new Set(first.map(({ colour }) => colour)).size).toBe(8);
  expect(ids.map((id) => voices.of(id))).toEqual(first);
  expect(new Voices().of('window-3').name).toBe(first[3]?.name ?? '');
});

test('what is remembered is bounded, and those still here are not forgotten', () => {
  const voices = new Voices();
  const kept = voices.of('kept');
  for (let i = 0; i < 1000; i++) {
    voices.of(`passer-by-${i}`);
    voices.of('kept');
  }
  expect(voices.of('kept')).toEqual(kept);
});
