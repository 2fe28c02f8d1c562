import { expect, test } from 'bun:test';
import { inflateSync } from 'node:zlib';
import { iconPng } from './icon.ts';

/** Red, green, blue and opacity at a point, by parts of the side. */
function pixel(png: Uint8Array, size: number, x: number, y: number): number[] {
  const data = Buffer.from(png);
  const start = data.indexOf('IDAT') + 4;
  const rows = inflateSync(data.subarray(start, start + data.readUInt32BE(start - 8)));
  const at = Math.floor(y * size) * (1 + size * 4) + 1 + Math.floor(x * size) * 4;
  return [...rows.subarray(at, at + 4)];
}

const accent = [0x4a, 0x3f, 0xd1, 255];
const white = [255, 255, 255, 255];

test('the mark is white on the accent', () => {
  const png = iconPng({ size: 96, shape: 'maskable' });
  // The outermost arc, at its height's middle: (17.7 - 11.6) of 40 to the right.
  expect(pixel(png, 96, 0.5 + 6.1 / 40, 0.5)).toEqual(white);
  expect(pixel(png, 96, 0.5 + 9 / 40, 0.5)).toEqual(accent);
});

test('corners are for the system to cut, or cut already', () => {
  expect(pixel(iconPng({ size: 96, shape: 'maskable' }), 96, 0, 0)).toEqual(accent);
  expect(pixel(iconPng({ size: 96, shape: 'rounded' }), 96, 0, 0)[3]).toBe(0);
});
