import { expect, test } from 'bun:test';
import { encodeText, FrameReader } from './frames.ts';

/** A frame as a server sends it: unmasked. */
function serverFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const head =
    payload.length < 126
      ? [0x81, payload.length]
      : payload.length < 65536
        ? [0x81, 126, payload.length >> 8, payload.length & 0xff]
        : [
            0x81,
            127,
            0,
            0,
            0,
            0,
            0,
            payload.length >> 16,
            (payload.length >> 8) & 0xff,
            payload.length & 0xff,
          ];
  return Buffer.concat([Buffer.from(head), payload]);
}

test('a client frame carries a zero mask and the payload as it is', () => {
  expect(Buffer.from(encodeText('hi')).toString('hex')).toBe('8182000000006869');
  const long = encodeText('x'.repeat(300));
  expect(Buffer.from(long.subarray(0, 9)).toString('hex')).toBe('81fe012c0000000078');
});

test('frames of every length arrive whole, wherever the reads cut them', () => {
  const texts = ['', 'a', 'b'.repeat(125), 'c'.repeat(126), 'd'.repeat(65535), 'e'.repeat(65536), 'end'];
  const stream = Buffer.concat(texts.map(serverFrame));
  for (const size of [1, 2, 3, 7, 1000, 65540, stream.length]) {
    const got: string[] = [];
    const reader = new FrameReader((_opcode, bytes, start, length) => {
      got.push(bytes.toString('latin1', start, start + length));
    });
    // One byte at a time copies the rest each time, so only the short frames are read that way.
    const end = size < 1000 ? 2 + 3 + 127 + 130 : stream.length;
    for (let at = 0; at < end; at += size) reader.feed(stream.subarray(at, Math.min(at + size, end)));
    expect(got).toEqual(size < 1000 ? texts.slice(0, 4) : texts);
  }
});
