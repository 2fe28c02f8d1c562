import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { ManualClock } from '../../../base/src/clock-manual.ts';
import { opacityAt, untilChange } from './fade.ts';
import { gapMs, Pacer } from './pacer.ts';

function paced() {
  const clock = new ManualClock();
  const at: number[] = [];
  const start = clock.now();
  const env = { now: () => clock.now(), after: (ms: number, task: () => void) => clock.after(ms, task) };
  const pacer = new Pacer({ env, flush: () => at.push(clock.now() - start) });
  pacer.open = true;
  return { clock, pacer, at };
}

test('the first goes at once, the others share one event each 125 ms', () => {
  const { clock, pacer, at } = paced();
  for (let ms = 0; ms < 1_000; ms += 10) {
    pacer.want();
    clock.advance(10);
  }
  expect(at).toEqual([0, 125, 250, 375, 500, 625, 750, 875, 1000]);
});

test('whatever is wanted when, events are never closer, and the last wish is always fulfilled', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(400)), (pauses) => {
      const { clock, pacer, at } = paced();
      for (const pause of pauses) {
        clock.advance(pause);
        pacer.want();
      }
      const asked = pauses.reduce((sum, pause) => sum + pause, 0);
      clock.advance(gapMs);
      for (let index = 1; index < at.length; index++)
        expect((at[index] ?? 0) - (at[index - 1] ?? 0)).toBeGreaterThanOrEqual(gapMs);
      if (pauses.length > 0) expect(at.at(-1)).toBeGreaterThanOrEqual(asked);
    }),
  );
});

test('without a connection it waits, and nothing is dropped', () => {
  const { clock, pacer, at } = paced();
  pacer.open = false;
  pacer.want();
  clock.advance(5_000);
  expect(at).toEqual([]);
  pacer.open = true;
  expect(at).toEqual([5_000]);
});

test('where each event is a request of its own they are larger and fewer', () => {
  const { clock, pacer, at } = paced();
  pacer.http = true;
  for (let ms = 0; ms < 1_000; ms += 10) {
    pacer.want();
    clock.advance(10);
  }
  expect(at).toEqual([0, 500, 1_000]);
});

test('when the server says that it is too much, it backs off and comes back', () => {
  const { clock, pacer, at } = paced();
  pacer.want();
  pacer.refused();
  pacer.want();
  clock.advance(249);
  expect(at).toEqual([0]);
  clock.advance(1);
  expect(at).toEqual([0, 250]);
  clock.advance(300);
  pacer.refused();
  pacer.want();
  clock.advance(499);
  expect(at).toEqual([0, 250]);
  clock.advance(1);
  expect(at.length).toBe(3);
  // No word of it for a while: as before, in two steps.
  for (let quiet = 0; quiet < 3; quiet++) {
    clock.advance(5_000);
    pacer.want();
  }
  const before = at.length;
  pacer.want();
  clock.advance(gapMs);
  expect(at.length).toBe(before + 1);
});

test('opacity changes when it is said to change, and at no other time', () => {
  fc.assert(
    fc.property(fc.nat(3_499), fc.boolean(), (age, reduced) => {
      const until = untilChange(age, 2_500, reduced) ?? 0;
      const now = opacityAt(age, 2_500, reduced);
      expect(until).toBeGreaterThan(0);
      expect(opacityAt(age + until, 2_500, reduced)).toBeLessThan(now);
      expect(opacityAt(age + until - 1, 2_500, reduced)).toBe(now);
    }),
  );
  expect(untilChange(3_500, 2_500, false)).toBeNull();
});
