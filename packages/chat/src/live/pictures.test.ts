import { expect, test } from 'bun:test';
import { ManualClock } from '@earshot/base';
import { liveLimits } from '../contract/index.ts';
import type { Refusal } from '../refusal.ts';
import { LivePictures } from './pictures.ts';

const streamOf = (...chunks: Uint8Array[]) =>
  new Blob(chunks as BlobPart[]).stream() as ReadableStream<Uint8Array>;
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: Refusal) => error.code,
  );

test('a picture is there for its room until its time, and then its bytes are free', async () => {
  const clock = new ManualClock();
  const pictures = new LivePictures(clock);
  const bytes = new Uint8Array(1_000).fill(7);
  const id = await pictures.take('room', streamOf(bytes), 20);
  expect(pictures.get('room', id)).toEqual(bytes);
  expect(pictures.get('other', id)).toBeUndefined();
  clock.advance(19_999);
  expect(pictures.get('room', id)).toEqual(bytes);
  clock.advance(1);
  expect(pictures.get('room', id)).toBeUndefined();
  expect(pictures.bytes).toBe(0);
});

test('what is too large is refused while it comes, and holds nothing', async () => {
  const pictures = new LivePictures(new ManualClock());
  const most = new Uint8Array(liveLimits.pictureBytes);
  expect(await codeOf(pictures.take('room', streamOf(most, new Uint8Array(1)), 20))).toBe('too_large');
  expect(await codeOf(pictures.take('room', streamOf(), 20))).toBe('bad_request');
  expect(await codeOf(pictures.take('room', null, 20))).toBe('bad_request');
  const broken = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(new Uint8Array(10));
      controller.error(new Error('the connection broke'));
    },
  });
  await expect(pictures.take('room', broken, 20)).rejects.toThrow();
  expect(pictures.bytes).toBe(0);
});

test('a room that is full of pictures harms no other room; all rooms together are bounded, too', async () => {
  const clock = new ManualClock();
  const pictures = new LivePictures(clock);
  const bytes = new Uint8Array(1_500_000);
  const fill = async (room: string) => {
    for (;;) {
      const code = await codeOf(pictures.take(room, streamOf(bytes), 60));
      if (code !== 'done') return code;
    }
  };
  expect(await fill('0')).toBe('quota_exceeded');
  expect(await codeOf(pictures.take('1', streamOf(bytes), 60))).toBe('done');
  let room = 1;
  let code = 'quota_exceeded';
  while (code === 'quota_exceeded') code = await fill(`${room++}`);
  expect(code).toBe('unavailable');
  expect(pictures.bytes).toBeLessThanOrEqual(128 * 1024 * 1024);
  clock.advance(60_000);
  expect(pictures.bytes).toBe(0);
  expect(await codeOf(pictures.take('0', streamOf(bytes), 60))).toBe('done');
});
