import { expect, test } from 'bun:test';
import { ManualClock } from '@earshot/base';
import { failed } from '../client/answer.ts';
import { createReading } from './reading.ts';
import type { Problem } from './state.ts';
import { conversation, message, room, settled, testKernel } from './store.testing.ts';
import { withPage } from './timeline.ts';

function reader() {
  const clock = new ManualClock();
  const told: number[] = [];
  const fates: Problem[] = [];
  const { kernel, tab } = testKernel((_route, [body]) => {
    const { seq } = body as { seq: number };
    told.push(seq);
    const fate = fates.shift();
    return fate === undefined ? { cursor: seq, unread: 10 - seq, mentions: 0 } : failed(fate);
  }, clock);
  const { me } = conversation();
  kernel.put(conversation({ lastSeq: 10, lastChange: 10, me: { ...me, unread: 10 } }));
  kernel.change(room, (state) => ({
    ...state,
    timeline: withPage(
      state.timeline,
      {
        messages: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((seq) => message(seq)),
        olderExists: false,
        newerExists: false,
      },
      kernel.reader(),
    ),
  }));
  const reading = createReading(kernel);
  const mine = () => kernel.conversation(room)?.conversation.me;
  return { clock, told, fates, kernel, tab, reading, mine };
}

test('what is read counts here at once, and is told once for all that is read in one go', async () => {
  const { clock, told, reading, mine, kernel } = reader();
  reading.read(room, 4);
  expect(mine()).toMatchObject({ cursor: 4, unread: 6 });
  for (const seq of [6, 8, 10]) reading.read(room, seq);
  expect(mine()).toMatchObject({ cursor: 10, unread: 0 });
  expect(kernel.state().unread).toBe(0);
  clock.advance(0);
  await settled();
  clock.advance(1_000);
  await settled();
  expect(told).toEqual([10]);
  reading.read(room, 3);
  clock.advance(1_000);
  expect(told).toEqual([10]);
});

test('nothing is read while nobody looks, and what was on the screen is read when somebody does', async () => {
  const { clock, told, reading, mine, tab } = reader();
  tab.visible = false;
  reading.read(room, 4);
  clock.advance(1_000);
  expect([told, mine()?.cursor]).toEqual([[], 0]);
  tab.visible = true;
  tab.happens('seen');
  clock.advance(1_000);
  await settled();
  expect([told, mine()?.cursor]).toEqual([[4], 4]);
});

test('a server that cannot be reached is told later', async () => {
  const { clock, told, fates, reading } = reader();
  fates.push({ code: 'network' });
  reading.read(room, 4);
  clock.advance(0);
  await settled();
  clock.advance(5_000);
  await settled();
  expect(told).toEqual([4, 4]);
});
