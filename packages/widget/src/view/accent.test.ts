import { expect, test } from 'bun:test';
import { contrast, luminance, readable, textOn } from './accent.ts';

const steps = [0, 51, 102, 153, 204, 255];
const colours = steps.flatMap((red) =>
  steps.flatMap((green) => steps.map((blue) => [red, green, blue] as const)),
);

test('the text on any brand colour has a contrast of 4.5:1', () => {
  for (const colour of colours) {
    expect([colour, contrast(textOn(colour), colour) >= 4.5]).toEqual([colour, true]);
  }
});

test('any brand colour can be read on light and on dark surfaces', () => {
  for (const surfaces of [
    [
      [255, 255, 255],
      [250, 249, 247],
      [238, 235, 229],
    ],
    [
      [27, 26, 24],
      [19, 18, 17],
      [38, 36, 34],
    ],
  ] as const) {
    for (const colour of colours) {
      const text = readable(colour, surfaces);
      for (const surface of surfaces) {
        expect([colour, surface, contrast(text, surface) >= 4.5]).toEqual([colour, surface, true]);
      }
    }
  }
});

test('a colour that can be read is left as it is', () => {
  expect(readable([74, 63, 209], [[255, 255, 255]])).toEqual([74, 63, 209]);
});

test('luminance is that of WCAG', () => {
  expect(luminance([255, 255, 255])).toBeCloseTo(1, 5);
  expect(luminance([0, 0, 0])).toBe(0);
});
