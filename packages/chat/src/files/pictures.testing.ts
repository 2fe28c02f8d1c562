/** Pictures for tests. */

export function png(width: number, height: number): Promise<Uint8Array> {
  return new Bun.Image(bitmap(width, height)).png().bytes();
}

export function jpeg(width: number, height: number): Promise<Uint8Array> {
  return new Bun.Image(bitmap(width, height)).jpeg().bytes();
}

/** The picture with more segments at its beginning: pairs of marker and content. */
export function jpegWith(picture: Uint8Array, segments: readonly (readonly [number, Uint8Array])[]): Buffer {
  const heads = segments.map(([marker, content]) => {
    const head = Buffer.from([0xff, marker, 0, 0]);
    head.writeUInt16BE(content.length + 2, 2);
    return Buffer.concat([head, content]);
  });
  return Buffer.concat([picture.subarray(0, 2), ...heads, picture.subarray(2)]);
}

/** A BMP with a pattern, which Bun decodes and we do not take. */
export function bitmap(width: number, height: number): Buffer {
  const row = (width * 3 + 3) & ~3;
  const bytes = Buffer.alloc(54 + row * height);
  bytes.write('BM');
  bytes.writeUInt32LE(bytes.length, 2);
  bytes.writeUInt32LE(54, 10);
  bytes.writeUInt32LE(40, 14);
  bytes.writeInt32LE(width, 18);
  bytes.writeInt32LE(height, 22);
  bytes.writeUInt16LE(1, 26);
  bytes.writeUInt16LE(24, 28);
  for (let i = 54; i < bytes.length; i++) bytes[i] = (i * 7) ^ (i >> 5);
  return bytes;
}
