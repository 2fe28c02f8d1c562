import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { FadeClock } from './fade.ts';
import { graphemesOf } from './graphemes.ts';
import { Lane } from './lane.ts';
import { editBetween, laneGraphemesMost, type Op } from './ops.ts';
import { Writer } from './writer.ts';

/** Nothing fades, so that what arrives can be compared with what was typed. */
const lasting = { stayMs: null, noTakeBacks: false };

function pair(options: { stayMs: number | null; noTakeBacks: boolean } = lasting) {
  const writer = new Writer({ clock: new FadeClock(0), ...options });
  const lane = new Lane({ clock: new FadeClock(0), ...options });
  const deliver = (now: number) => {
    const { first, ops } = writer.take();
    if (ops.length > 0) lane.batch(first, ops, now);
    lane.advance(now + 1_000);
  };
  return { writer, lane, deliver, text: (now = 0) => textOf(lane, now) };
}

const textOf = (lane: Lane, now = 0) =>
  lane
    .shown(now, false)
    .map(({ text }) => text)
    .join('');

/** What people write, and what input fields hold in between. */
const texts = fc.array(
  fc.array(fc.constantFrom('a', 'b', ' ', 'é', 'e', '\u0301', '👩‍💻', '👍🏽', 'か', 'ن', '\n', '🇩🇪'), {
    maxLength: 12,
  }),
  { maxLength: 12 },
);

test('an edit is what lies between the same beginning and the same end', () => {
  expect(editBetween(['a', 'b'], ['a', 'x', 'b'])).toEqual({ at: 1, erased: 0, inserted: ['x'] });
  expect(editBetween(['a', 'a'], ['a'])).toEqual({ at: 1, erased: 1, inserted: [] });
  expect(editBetween([], ['👩‍💻'])).toEqual({ at: 0, erased: 0, inserted: ['👩‍💻'] });
  expect(editBetween(['a'], ['a'])).toBeNull();
});

describe('a lane shows what its writer’s input holds', () => {
  test('whatever is typed, pasted and corrected', () => {
    fc.assert(
      fc.property(texts, (states) => {
        const { writer, deliver, text } = pair();
        for (const [index, state] of states.entries()) {
          const typed = state.join('');
          expect(writer.type(typed, false, index * 100)).toBe(typed);
          deliver(index * 100);
          expect(text()).toBe(typed);
        }
      }),
    );
  });

  test('when batches come twice, in another order or not at all, as soon as a snapshot comes', () => {
    fc.assert(
      fc.property(
        texts,
        fc.array(fc.nat(2), { maxLength: 30 }),
        fc.infiniteStream(fc.nat()),
        (states, fates, order) => {
          const { writer, lane, text } = pair();
          const wire: { first: number; ops: readonly Op[] }[] = [];
          for (const [index, state] of states.entries()) {
            writer.type(state.join(''), false, index * 100);
            const batch = writer.take();
            // 0: lost, 1: once, 2: twice
            for (let copy = 0; copy < (fates[index] ?? 1); copy++) wire.push(batch);
          }
          while (wire.length > 0) {
            const [batch] = wire.splice((order.next().value ?? 0) % wire.length, 1);
            if (batch !== undefined) lane.batch(batch.first, batch.ops, 0);
            lane.advance(2_000);
          }
          const { next, cells } = writer.snapshot(0);
          lane.snapshot(next, cells, 0);
          lane.advance(4_000);
          expect(text()).toBe(writer.text);
          expect(lane.healing).toBe(false);
          writer.type(`${writer.text}!`, false, 5_000);
          const { first, ops } = writer.take();
          lane.batch(first, ops, 5_000);
          lane.advance(6_000);
          expect(text()).toBe(writer.text);
        },
      ),
    );
  });

  test('batches in another order need no snapshot', () => {
    const { writer, lane, text } = pair();
    const batches = ['a', 'ab', 'abc'].map((state) => {
      writer.type(state, false, 0);
      return writer.take();
    });
    for (const index of [2, 0, 1]) lane.batch(batches[index]?.first, batches[index]?.ops, 0);
    lane.advance(1_000);
    expect(text()).toBe('abc');
    expect(lane.healing).toBe(false);
  });
});

test('who comes late sees what is there, and nothing that has faded', () => {
  const stayMs = 2_500;
  const { writer, lane, text } = pair({ stayMs, noTakeBacks: false });
  writer.type('old', false, 0);
  writer.type('old new', false, 3_000);
  writer.take();
  const { next, cells } = writer.snapshot(4_000);
  lane.snapshot(next, cells, 4_000);
  expect(text(4_000)).toBe(' new');
  // Positions count what has faded here and is in the writer's input still.
  writer.type('old new!', false, 4_100);
  const { first, ops } = writer.take();
  lane.batch(first, ops, 4_100);
  lane.advance(4_100);
  expect(text(4_100)).toBe(' new!');
});

describe('pauses', () => {
  test('a batch is replayed as it was typed', () => {
    const { writer, lane } = pair();
    writer.type('a', false, 0);
    writer.type('ab', false, 60);
    writer.type('abc', false, 110);
    const { first, ops } = writer.take();
    lane.batch(first, ops, 1_000);
    const seen = [0, 59, 60, 109, 110].map((ms) => {
      lane.advance(1_000 + ms);
      return textOf(lane);
    });
    expect(seen).toEqual(['a', 'a', 'ab', 'ab', 'abc']);
  });

  test('a long one does not hold up the lane', () => {
    const { writer, lane } = pair();
    writer.type('a', false, 0);
    writer.type('ab', false, 60_000);
    const { first, ops } = writer.take();
    lane.batch(first, ops, 0);
    expect(lane.untilChange(0, false)).toBe(0);
    lane.advance(0);
    expect(lane.untilChange(0, false)).toBe(1_000);
  });
});

describe('input methods', () => {
  test('what is composed is shown as the input shows it', () => {
    const { writer, deliver, text } = pair();
    for (const [index, state] of ['k', 'か', 'かn', 'かん', '漢'].entries()) {
      writer.type(state, true, index);
      deliver(index);
      expect(text()).toBe(state);
    }
    writer.type('漢', false, 9);
    deliver(9);
    expect(text()).toBe('漢');
  });

  test('an accent that comes after its letter makes the same character grow', () => {
    const { writer, deliver, text } = pair({ stayMs: null, noTakeBacks: true });
    writer.type('e', false, 0);
    deliver(0);
    expect(writer.type('e\u0301', false, 1)).toBe('e\u0301');
    deliver(1);
    expect(text()).toBe('e\u0301');
  });
});

describe('no take-backs', () => {
  const fixed = { stayMs: 2_500, noTakeBacks: true };

  test('what was typed stays in the input', () => {
    const { writer } = pair(fixed);
    writer.type('oh no', false, 0);
    expect(writer.type('oh', false, 1)).toBe('oh no');
    expect(writer.type('', false, 2)).toBe('oh no');
    expect(writer.type('ah no', false, 3)).toBe('oah no');
  });

  test('what an input method has not settled may change, and not after', () => {
    const { writer, deliver, text } = pair(fixed);
    writer.type('k', true, 0);
    deliver(0);
    expect(writer.type('か', true, 1)).toBe('か');
    writer.type('か', false, 2);
    deliver(2);
    expect(text()).toBe('か');
    expect(writer.type('', false, 3)).toBe('か');
  });

  test('a client that takes back all the same takes nothing from the screen of others', () => {
    const { lane } = pair(fixed);
    lane.batch(0, [['+', 0, 0, ['h', 'i']]], 0);
    lane.batch(1, [['-', 0, 0, 2]], 0);
    lane.advance(0);
    expect(textOf(lane)).toBe('hi');
    lane.fade(3_500);
    expect(textOf(lane, 3_500)).toBe('');
  });
});

describe('fading', () => {
  const fading = { stayMs: 2_500, noTakeBacks: false };

  test('each character by itself, and then nothing of it is left', () => {
    const { writer, lane, deliver } = pair(fading);
    writer.type('a', false, 0);
    const { first, ops } = writer.take();
    lane.batch(first, ops, 0);
    lane.advance(0);
    const at = (now: number) => {
      lane.fade(now);
      return lane.shown(now, false).map(({ text, opacity }) => [text, Math.round(opacity * 10)]);
    };
    expect(at(2_499)).toEqual([['a', 10]]);
    expect(at(3_000)).toEqual([['a', 5]]);
    expect(at(3_499)).toEqual([['a', 1]]);
    expect(at(3_500)).toEqual([]);
    // In the writer's input it stands until it is taken out; then positions follow.
    writer.fade(3_500);
    expect(writer.text).toBe('');
    expect(writer.takeFaded(3_500)).toBe('');
    writer.type('b', false, 3_600);
    deliver(3_600);
    expect(textOf(lane, 3_600)).toBe('b');
  });

  test('with reduced motion it is there, and then it is not', () => {
    const { lane } = pair(fading);
    lane.batch(0, [['+', 0, 0, ['a']]], 0);
    lane.advance(0);
    expect(lane.shown(3_400, true)).toMatchObject([{ opacity: 1 }]);
    expect(lane.untilChange(3_400, true)).toBe(100);
  });

  test('what fades at the writer’s stays with a reader who holds the screen', () => {
    const clock = new FadeClock(0);
    const lane = new Lane({ clock, ...fading });
    lane.batch(0, [['+', 0, 0, ['a', 'b']]], 0);
    lane.advance(0);
    clock.set({ mode: 'normal', held: true }, 1_000);
    lane.batch(1, [['f', 0, 0, 2]], 3_600);
    lane.batch(2, [['+', 0, 0, ['c']]], 3_700);
    lane.advance(60_000);
    lane.fade(60_000);
    expect(textOf(lane, 60_000)).toBe('abc');
    clock.set({ mode: 'normal', held: false }, 60_000);
    expect(lane.untilChange(60_000, false)).toBe(1_600);
    lane.fade(62_500);
    expect(textOf(lane, 62_500)).toBe('c');
  });
});

describe('bad input', () => {
  test('whatever comes, a lane bears it, and a snapshot heals it', () => {
    const bad = fc.oneof(
      fc.jsonValue(),
      fc.array(
        fc.tuple(
          fc.constantFrom('+', '-', 'f', 'g', '~', '!', '?'),
          fc.integer({ min: -5, max: 20_000 }),
          fc.integer({ min: -5, max: 500 }),
          fc.oneof(fc.integer({ min: -5, max: 500 }), fc.array(fc.string(), { maxLength: 5 })),
        ),
        { maxLength: 10 },
      ),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.oneof(fc.nat(20), fc.jsonValue()), bad)), (batches) => {
        const { writer, lane, text } = pair();
        for (const [first, ops] of batches) {
          lane.batch(first, ops, 0);
          lane.snapshot(first, ops, 0);
          lane.advance(2_000);
        }
        lane.restart();
        writer.type('healed', false, 0);
        const { next, cells } = writer.snapshot(0);
        lane.snapshot(next, cells, 0);
        lane.advance(2_000);
        expect(text().endsWith('healed')).toBe(true);
        expect(lane.healing).toBe(false);
      }),
    );
  });

  test('a position outside of the lane, a number that was skipped: the lane waits for a snapshot', () => {
    const { lane } = pair();
    lane.batch(0, [['-', 0, 3, 1]], 0);
    lane.advance(0);
    expect(lane.healing).toBe(true);
    const other = pair().lane;
    other.batch(1_000_000, [['+', 0, 0, ['x']]], 0);
    expect(other.healing).toBe(true);
    expect(textOf(other)).toBe('');
    other.snapshot(1, [[['y'], 0]], 0);
    expect(textOf(other)).toBe('y');
    expect(other.healing).toBe(false);
  });

  test('a giant paste is cut to what a lane holds, and fits an event', () => {
    for (const text of [
      'x'.repeat(100_000),
      '👩‍👩‍👧‍👦'.repeat(5_000),
      `e${'\u0301'.repeat(10_000)}`.repeat(50),
    ]) {
      const { writer, lane, deliver, text: shown } = pair();
      const kept = writer.type(text, false, 0);
      expect(graphemesOf(kept).length).toBeLessThanOrEqual(laneGraphemesMost);
      expect(JSON.stringify(writer.snapshot(0).cells).length).toBeLessThan(4_500);
      writer.type('', false, 1);
      writer.type(text, false, 2);
      deliver(2);
      lane.snapshot(writer.snapshot(2).next, writer.snapshot(2).cells, 2);
      expect(shown()).toBe(kept);
    }
  });

  test('a lane that is full loses its oldest characters', () => {
    const { writer, deliver, text } = pair();
    const long = Array.from({ length: laneGraphemesMost + 20 }, (_, index) => `${index % 10}`).join('');
    for (let length = 1; length <= long.length; length++) {
      writer.type(writer.text + long[length - 1], false, length);
    }
    deliver(0);
    expect(writer.text).toBe(long.slice(20));
    expect(text().endsWith(long.slice(20))).toBe(true);
  });
});

test('a phrase is read out when its writer pauses, ends a sentence, or when it is about to go', () => {
  const phrases = (stayMs: number, typed: [number, string][], until: number) => {
    const { writer, lane } = pair({ stayMs, noTakeBacks: false });
    const said: [number, string][] = [];
    for (let now = 0; now <= until; now += 100) {
      const due = typed.find(([at]) => at === now);
      if (due !== undefined) {
        writer.type(due[1], false, now);
        const { first, ops } = writer.take();
        lane.batch(first, ops, now);
      }
      lane.advance(now);
      const phrase = lane.phrase(now, 1_200);
      if (phrase !== null) said.push([now, phrase]);
    }
    return said;
  };
  expect(
    phrases(
      30_000,
      [
        [0, 'hel'],
        [100, 'hello'],
        [600, 'hello you'],
      ],
      3_000,
    ),
  ).toEqual([[1_800, 'hello you']]);
  expect(
    phrases(
      30_000,
      [
        [0, 'Yes'],
        [100, 'Yes.'],
      ],
      1_000,
    ),
  ).toEqual([[100, 'Yes.']]);
  expect(
    phrases(
      1_000,
      [
        [0, 'a'],
        [900, 'ab'],
      ],
      3_000,
    ),
  ).toEqual([[1_000, 'ab']]);
  // What was corrected away is not read out.
  expect(
    phrases(
      30_000,
      [
        [0, 'helo'],
        [200, 'hel'],
        [300, 'hello'],
      ],
      3_000,
    ),
  ).toEqual([[1_500, 'hello']]);
});
