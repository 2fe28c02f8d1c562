import { expect, test } from 'bun:test';
import { deflateSync } from 'node:zlib';
import { bitmap, jpeg, jpegWith, png } from './pictures.testing.ts';
import { type Picture, Pictures } from './pictures.ts';

const encode = (format: 'jpeg' | 'png' | 'gif' | 'webp', bytes: Uint8Array) =>
  new Pictures().encode(format, async () => bytes);

async function encoded(format: 'jpeg' | 'png' | 'gif' | 'webp', bytes: Uint8Array): Promise<Picture> {
  const picture = await encode(format, bytes);
  if (typeof picture === 'string') throw new Error(`expected a picture, found ${picture}`);
  return picture;
}

const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');

test('a picture becomes WebP of its size with a preview of at most 480 pixels', async () => {
  const { bytes, width, height, preview } = await encoded('jpeg', await jpeg(1200, 600));
  expect([width, height]).toEqual([1200, 600]);
  expect(await new Bun.Image(bytes).metadata()).toEqual({ width: 1200, height: 600, format: 'webp' });
  expect(await new Bun.Image(preview ?? bytes).metadata()).toEqual({
    width: 480,
    height: 240,
    format: 'webp',
  });
});

test('a small one is its own preview; one that is too wide is made smaller', async () => {
  expect((await encoded('png', await png(480, 10))).preview).toBeNull();
  const { width, height } = await encoded('png', await png(8192, 64));
  expect([width, height]).toEqual([4096, 32]);
});

test('what the camera wrote is gone, and the picture is upright', async () => {
  // EXIF, orientation 6: turned by 90 degrees. Its comment stands for a place and a name.
  const exif = Buffer.concat([
    Buffer.from('Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0', 'latin1'),
    Buffer.from('GPS 52.5200 13.4050 Jane'),
  ]);
  const original = jpegWith(await jpeg(60, 20), [
    [0xe1, exif],
    [0xe1, Buffer.from('http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>Jane</x:xmpmeta>')],
    [0xfe, Buffer.from('a comment of Jane')],
  ]);
  expect(textOf(original)).toContain('Jane');
  const { bytes, width, height } = await encoded('jpeg', original);
  expect([width, height]).toEqual([20, 60]);
  for (const left of ['Jane', 'Exif', 'EXIF', 'XMP', 'GPS', 'xmp']) expect(textOf(bytes)).not.toContain(left);
});

test('what hides behind a picture is gone', async () => {
  const hidden = '<script>alert(1)</script>PK\x03\x04';
  const { bytes } = await encoded('png', Buffer.concat([await png(8, 8), Buffer.from(hidden)]));
  expect(textOf(bytes)).not.toContain('script');
  expect(textOf(bytes)).not.toContain('PK');
});

test('a small file that claims 144 megapixels is refused before its pixels are decoded', async () => {
  expect(await encode('png', hugePng(12_000, 12_000))).toBe('too_many_pixels');
  expect(await encode('png', hugePng(1, 60_000_000))).toBeOneOf(['too_many_pixels', 'unreadable']);
});

test('damaged ones, and ones that are not what they begin like, are refused', async () => {
  const whole = await png(300, 300);
  expect(await encode('png', whole.subarray(0, whole.length / 2))).toBe('unreadable');
  expect(await encode('gif', Buffer.from('GIF89a/*'.padEnd(400, 'x')))).toBeString();
  expect(await encode('jpeg', Buffer.from([0xff, 0xd8, 0xff]))).toBe('unreadable');
  expect(await encode('png', bitmap(4, 4))).toBe('unreadable');
  expect(await encode('jpeg', whole)).toBe('unreadable');
});

test('random damage never does more than make a picture unreadable', async () => {
  const original = Buffer.from(await jpeg(64, 64));
  for (let seed = 1; seed <= 150; seed++) {
    const damaged = Buffer.from(original);
    for (let i = 0; i < 6; i++) damaged[3 + ((seed * 7919 + i * 104729) % (damaged.length - 3))] = seed;
    const found = await encode('jpeg', damaged);
    if (typeof found === 'string') expect(found).toBeOneOf(['unreadable', 'too_many_pixels']);
  }
});

test('pictures wait for each other, and not without a bound', async () => {
  const pictures = new Pictures();
  const first = Promise.withResolvers<Uint8Array>();
  const small = await png(2, 2);
  let loaded = 0;
  const waiting = Array.from({ length: 20 }, (_, index) =>
    pictures.encode('png', () => {
      loaded++;
      return index === 0 ? first.promise : Promise.resolve(small);
    }),
  );
  expect(await pictures.encode('png', async () => small)).toBe('busy');
  expect(loaded).toBe(1);
  first.reject(new Error('the disk failed'));
  const results = await Promise.allSettled(waiting);
  expect(results.map(({ status }) => status)).toEqual(['rejected', ...Array(19).fill('fulfilled')]);
  expect(await pictures.encode('png', async () => small)).toBeObject();
});

function hugePng(width: number, height: number): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const chunk = (type: string, data: Uint8Array) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const frame = Buffer.alloc(8);
    frame.writeUInt32BE(data.length, 0);
    frame.writeUInt32BE(Bun.hash.crc32(body), 4);
    return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
  };
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc(1_000_000))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}
