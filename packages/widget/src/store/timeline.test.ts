import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { PendingMessage, Timeline } from './state.ts';
import { ann, bob, message, person } from './store.testing.ts';
import {
  emptyTimeline,
  firstSeq,
  isLoaded,
  lastSeq,
  trimmed,
  unreadBeyond,
  withAuthor,
  withHidden,
  withMessage,
  withNewer,
  withNote,
  withOlder,
  withPage,
  withPending,
  withPendingChanged,
  withPresence,
} from './timeline.ts';

const reader = { me: ann.id, blocked: new Set<string>() };
const page = (from: number, to: number, olderExists = false, newerExists = false) => ({
  messages: Array.from({ length: to - from + 1 }, (_, index) => message(from + index)),
  olderExists,
  newerExists,
});
const seqs = ({ items }: Timeline) =>
  items.flatMap((item) => (item.type === 'message' ? [item.message.seq] : []));
const loaded = withPage(emptyTimeline, page(5, 8, true), reader);
const pending = (id: string): PendingMessage => ({
  id,
  text: 'hello',
  kind: 'text',
  replyTo: null,
  attachments: [],
  at: 1,
  state: 'sending',
  problem: null,
});

describe('a timeline', () => {
  test('begins with nothing known, and is loaded once a page has come, be it empty', () => {
    expect(isLoaded(emptyTimeline)).toBe(false);
    expect(isLoaded(loaded)).toBe(true);
    expect(
      isLoaded(withPage(emptyTimeline, { messages: [], olderExists: false, newerExists: false }, reader)),
    ).toBe(true);
  });

  test('takes the next message and no later one', () => {
    expect(seqs(withMessage(loaded, message(9), reader))).toEqual([5, 6, 7, 8, 9]);
    expect(seqs(withMessage(loaded, message(10), reader))).toEqual([5, 6, 7, 8]);
    expect(seqs(withMessage(loaded, message(4), reader))).toEqual([5, 6, 7, 8]);
  });

  test('an empty one takes whichever message is next, as old ones may have been deleted for good', () => {
    const empty = withPage(emptyTimeline, { messages: [], olderExists: false, newerExists: false }, reader);
    expect(seqs(withMessage(empty, message(51), reader))).toEqual([51]);
  });

  test('of two states of a message the one with the higher change stays', () => {
    const edited = withMessage(loaded, message(6, { change: 12, text: 'edited' }), reader);
    const late = withMessage(edited, message(6, { change: 11, text: 'before' }), reader);
    expect(late).toBe(edited);
    expect(edited.items[1]).toMatchObject({ message: { text: 'edited' } });
  });

  test('answers quote a message as it is now, also one that is not loaded any more', () => {
    const quoting = (seq: number) =>
      withMessage(loaded, message(9, { replyTo: { seq, author: bob, excerpt: 'as it was' } }), reader);
    const excerpt = ({ items }: Timeline) => {
      const last = items.at(-1);
      return last?.type === 'message' ? last.message.replyTo?.excerpt : undefined;
    };
    const edited = message(6, { change: 12, text: 'as it\nis' });
    expect(excerpt(withMessage(quoting(6), edited, reader))).toBe('as it is');
    for (const seq of [2, 6]) {
      const deleted = message(seq, { change: 13, text: '', deletedAt: 5 });
      expect(excerpt(withMessage(quoting(seq), deleted, reader))).toBe('');
    }
  });

  test('somebody who is called otherwise now, or is gone, is so wherever they are named', () => {
    const kicked = message(9, {
      kind: 'system',
      author: ann,
      system: { type: 'kicked', person: bob, until: null },
    });
    const answer = message(10, { author: ann, replyTo: { seq: 5, author: bob, excerpt: 'x' } });
    const lines = withPresence(loaded, 'line', [bob], [bob, ann], 1);
    const all = [kicked, answer].reduce((list, one) => withMessage(list, one, reader), lines);
    const gone = { ...bob, name: '', deleted: true };
    const text = JSON.stringify(withAuthor(all, gone).items);
    expect(text).not.toContain('"Bob"');
    expect(text).toContain('"Ann"');
  });

  test('older messages go in front, newer ones behind, each once', () => {
    const older = withOlder(loaded, page(2, 5, false), reader);
    expect(seqs(older)).toEqual([2, 3, 4, 5, 6, 7, 8]);
    expect(older.older).toBe('end');
    const behind = { ...loaded, newer: 'behind' } as const;
    const newer = withNewer(behind, page(8, 10, true, false), reader);
    expect(seqs(newer)).toEqual([5, 6, 7, 8, 9, 10]);
    expect(newer.newer).toBe('newest');
  });

  test('one that is behind takes no new messages, which would leave a hole', () => {
    const behind = { ...loaded, newer: 'behind' } as const;
    expect(seqs(withMessage(behind, message(9), reader))).toEqual([5, 6, 7, 8]);
  });

  test('what is on its way stands last, keeps its key when it arrives, and comes once', () => {
    const sent = withPending(withPending(loaded, pending('mine')), pending('mine-2'));
    expect(sent.items.slice(-2).map(({ key }) => key)).toEqual(['mine', 'mine-2']);
    const others = withMessage(sent, message(9), reader);
    expect(others.items.slice(-2).map(({ type }) => type)).toEqual(['pending', 'pending']);
    const arrived = withMessage(others, message(10, { id: 'mine', author: ann }), reader);
    expect(arrived.items.map(({ key }) => key).slice(-3)).toEqual(['9', 'mine', 'mine-2']);
    expect(withMessage(arrived, message(10, { id: 'mine', author: ann }), reader)).toBe(arrived);
  });

  test('somebody else who chooses the id of mine does not take it away', () => {
    const sent = withPending(loaded, pending('mine'));
    const forged = withMessage(sent, message(9, { id: 'mine', author: bob }), reader);
    expect(forged.items.slice(-2).map(({ type }) => type)).toEqual(['message', 'pending']);
    expect(new Set(forged.items.map(({ key }) => key)).size).toBe(forged.items.length);
  });

  test('a page in the place of all keeps what is on its way, but what it brings', () => {
    const sent = withPending(withPending(loaded, pending('mine')), pending('mine-2'));
    const next = withPage(
      sent,
      { messages: [message(20, { id: 'mine', author: ann })], olderExists: true, newerExists: false },
      reader,
    );
    expect(next.items.map(({ key }) => key)).toEqual(['mine', 'mine-2']);
    expect(next.items.map(({ type }) => type)).toEqual(['message', 'pending']);
  });

  test('a failed message says so', () => {
    const sent = withPending(loaded, pending('mine'));
    const failed = withPendingChanged(sent, 'mine', { state: 'failed', problem: { code: 'muted' } });
    expect(failed.items[failed.items.length - 1]).toMatchObject({
      pending: { state: 'failed', problem: { code: 'muted' } },
    });
  });

  test('people who come and go within a minute share a line', () => {
    const one = withPresence(loaded, 'k1', [ann], [], 1_000);
    const two = withPresence(one, 'k2', [bob], [ann], 30_000);
    expect(two.items.filter(({ type }) => type === 'presence')).toHaveLength(1);
    expect(two.items[two.items.length - 1]).toMatchObject({ joined: [ann, bob], left: [ann] });
    expect(
      withPresence(two, 'k3', [person('c')], [], 90_001).items.filter(({ type }) => type === 'presence'),
    ).toHaveLength(2);
  });

  test('texts of blocked people are marked hidden, those here and those to come', () => {
    const blocking = { me: ann.id, blocked: new Set([bob.id]) };
    expect(withHidden(loaded, blocking).items.every((item) => item.type === 'message' && item.hidden)).toBe(
      true,
    );
    expect(withMessage(loaded, message(9), blocking).items[4]).toMatchObject({ hidden: true });
  });

  test('unread are those of others beyond the cursor; null where not all of them are loaded', () => {
    const list = [
      message(9, { author: ann }),
      message(10, { deletedAt: 1 }),
      message(11, { kind: 'system' }),
      message(12, { mentions: [ann.id] }),
    ].reduce((timeline, one) => withMessage(timeline, one, reader), loaded);
    expect(unreadBeyond(list, 7, reader)).toEqual({ unread: 2, mentions: 1 });
    expect(unreadBeyond(list, 4, reader)).toEqual({ unread: 5, mentions: 1 });
    expect(unreadBeyond(list, 3, reader)).toBeNull();
    expect(unreadBeyond({ ...list, newer: 'behind' }, 7, reader)).toBeNull();
  });

  test('a long list lets its oldest go and says that there are more', () => {
    const long = withPage(emptyTimeline, page(1, 1_501), reader);
    const short = trimmed(long);
    expect(short.older).toBe('more');
    expect(lastSeq(short)).toBe(1_501);
    expect(short.items).toHaveLength(1_000);
  });

  test('whatever comes in whatever order, the numbers have no hole and no double, and keys are unique', () => {
    const step = fc.oneof(
      fc.record({
        what: fc.constant('message' as const),
        seq: fc.integer({ min: 1, max: 30 }),
        change: fc.integer({ min: 1, max: 90 }),
        mine: fc.boolean(),
      }),
      fc.record({ what: fc.constant('older' as const), count: fc.integer({ min: 0, max: 5 }) }),
      fc.record({ what: fc.constant('newer' as const), count: fc.integer({ min: 0, max: 5 }) }),
      fc.record({
        what: fc.constant('page' as const),
        from: fc.integer({ min: 1, max: 25 }),
        count: fc.integer({ min: 1, max: 5 }),
      }),
      fc.record({ what: fc.constant('pending' as const), seq: fc.integer({ min: 1, max: 30 }) }),
      fc.record({ what: fc.constant('note' as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let list = withPage(emptyTimeline, page(10, 14, true), reader);
        let notes = 0;
        for (const next of steps) {
          if (next.what === 'message') {
            list = withMessage(
              list,
              message(next.seq, { change: next.change, author: next.mine ? ann : bob }),
              reader,
            );
          } else if (next.what === 'older') {
            const first = firstSeq(list);
            list = withOlder(list, page(Math.max(1, first - next.count), first - 1), reader);
          } else if (next.what === 'newer') {
            const last = lastSeq(list);
            list = withNewer(list, page(last + 1, last + next.count), reader);
          } else if (next.what === 'page') {
            list = withPage(list, page(next.from, next.from + next.count - 1, true, true), reader);
          } else if (next.what === 'note') list = withNote(list, `note-${notes++}`, { kind: 'help' }, 1);
          else if (
            !seqs(list).includes(next.seq) &&
            !list.items.some(({ key }) => key === `uuid-${next.seq}`)
          ) {
            list = withPending(list, pending(`uuid-${next.seq}`));
          }
          const numbers = seqs(list);
          expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] ?? 0) + index));
          expect(new Set(list.items.map(({ key }) => key)).size).toBe(list.items.length);
          const firstPending = list.items.findIndex(({ type }) => type === 'pending');
          if (firstPending !== -1)
            expect(list.items.slice(firstPending).every(({ type }) => type === 'pending')).toBe(true);
        }
      }),
    );
  });
});
