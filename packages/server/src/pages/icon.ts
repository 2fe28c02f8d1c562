import { deflateSync } from 'node:zlib';
import type { Bytes } from './asset.ts';

/** The mark, as in `@earshot/ui/mark.svg`: three arcs about one point, in a box of 24. */
const centre = { x: 2.7, y: 12 };
const radii = [5, 10, 15];
const halfStroke = 1.25;
/** Where the mark's middle is in its box. */
const middle = { x: 11.6, y: 12 };

const background = [0x4a, 0x3f, 0xd1] as const;
const foreground = [0xff, 0xff, 0xff] as const;

export interface IconOptions {
  /** Pixels of a side. */
  readonly size: number;
  /** `maskable`: to the edges, for systems that cut their own shape out of it; else a rounded square. */
  readonly shape: 'maskable' | 'rounded';
}

/** The mark in white on the accent, as PNG. */
export function iconPng({ size, shape }: IconOptions): Bytes {
  // A row is a byte for its filter (none), then red, green, blue and opacity of each pixel.
  const rows = new Uint8Array(size * (1 + size * 4));
  const unit = (shape === 'maskable' ? 40 : 31) / size;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const inMark = coverage(
        distanceToMark((x + 0.5 - size / 2) * unit + middle.x, (y + 0.5 - size / 2) * unit + middle.y) / unit,
      );
      const at = y * (1 + size * 4) + 1 + x * 4;
      for (let i = 0; i < 3; i++) {
        rows[at + i] = Math.round((background[i] ?? 0) * (1 - inMark) + (foreground[i] ?? 0) * inMark);
      }
      rows[at + 3] =
        shape === 'maskable' ? 255 : Math.round(255 * coverage(distanceToSquare(x + 0.5, y + 0.5, size)));
    }
  }
  const head = new DataView(new ArrayBuffer(13));
  head.setUint32(0, size);
  head.setUint32(4, size);
  head.setUint8(8, 8); // bits of a colour
  head.setUint8(9, 6); // red, green, blue, opacity
  return Buffer.concat([
    new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', new Uint8Array(head.buffer)),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', new Uint8Array()),
  ]);
}

/** How much of a pixel is covered, by its distance to the edge in pixels (negative inside). */
function coverage(distance: number): number {
  return Math.min(1, Math.max(0, 0.5 - distance));
}

function distanceToMark(x: number, y: number): number {
  const [dx, dy] = [x - centre.x, y - centre.y];
  const distance = Math.hypot(dx, dy);
  const withinArc = dx > 0 && Math.abs(dy) <= dx;
  const toArc = (radius: number) => {
    if (withinArc) return Math.abs(distance - radius);
    const end = radius * Math.SQRT1_2;
    return Math.hypot(dx - end, Math.abs(dy) - end);
  };
  return Math.min(...radii.map(toArc)) - halfStroke;
}

function distanceToSquare(x: number, y: number, size: number): number {
  const radius = size * 0.22;
  const [dx, dy] = [x, y].map((value) => Math.abs(value - size / 2) - (size / 2 - radius)) as [
    number,
    number,
  ];
  return Math.hypot(Math.max(dx, 0), Math.max(dy, 0)) + Math.min(Math.max(dx, dy), 0) - radius;
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(Bun.hash.crc32(body), body.length + 4);
  return framed;
}
