import { describe, expect, test } from 'bun:test';
import { type TraceEntry, traceKinds } from '../contract.ts';
import { filterOf, isFiltered, noFilter, passes, queryOf, streamQuery } from './filter.ts';
import { measureOf, remarkOf } from './format.ts';
import { kindGroups, toneOf } from './kinds.ts';
import { asJson, clear, linesMax, noLines, pause, resume, withBatch, withBreak } from './lines.ts';

function entry(seq: number, more: Partial<TraceEntry> = {}): TraceEntry {
  return { seq, node: 'n1', at: 1_000 + seq, kind: 'published', ...more };
}
const entries = (from: number, count: number) => Array.from({ length: count }, (_, i) => entry(from + i));
const seqs = (lines: readonly { entry: TraceEntry }[]) => lines.map((line) => line.entry.seq);

describe('lines of the console', () => {
  test('come in order, and the oldest go when there are too many', () => {
    const few = withBatch(noLines, { entries: entries(1, 3), skipped: 0 }, 5);
    expect(seqs(few.shown)).toEqual([1, 2, 3]);
    const many = withBatch(few, { entries: entries(4, linesMax - 1), skipped: 0 }, 5);
    expect(many.shown).toHaveLength(linesMax);
    expect(seqs(many.shown).slice(0, 2)).toEqual([3, 4]);
    const flood = withBatch(many, { entries: entries(5_000, linesMax + 5), skipped: 0 }, 5);
    expect([flood.shown.length, flood.shown[0]?.entry.seq]).toEqual([linesMax, 5_005]);
  });

  test('wait while it is paused, counted and bounded, and come below when it goes on', () => {
    const before = withBatch(noLines, { entries: entries(1, 2), skipped: 0 }, 5);
    const paused = withBatch(pause(before), { entries: entries(3, 2), skipped: 0 }, 5);
    expect([seqs(paused.shown), paused.heldCount]).toEqual([[1, 2], 2]);
    const more = withBatch(paused, { entries: entries(5, linesMax), skipped: 0 }, 5);
    expect([more.held.length, more.heldCount]).toEqual([linesMax, linesMax + 2]);
    const resumed = resume(paused);
    expect([seqs(resumed.shown), resumed.heldCount, resumed.paused]).toEqual([[1, 2, 3, 4], 0, false]);
    expect(resume(before)).toBe(before);
  });

  test('say how many the server left out, and before which', () => {
    const first = withBatch(noLines, { entries: entries(1, 2), skipped: 40 }, 77);
    expect([first.skipped, first.skippedAt]).toEqual([40, 77]);
    expect(first.shown.map((line) => line.skippedBefore)).toEqual([40, 0]);
    const second = withBatch(first, { entries: entries(3, 1), skipped: 0 }, 99);
    expect([second.skipped, second.skippedAt, second.heard]).toEqual([40, 77, 3]);
  });

  test('say where the stream was broken, once there is something before and after it', () => {
    expect(withBreak(noLines)).toBe(noLines);
    const first = withBreak(withBatch(noLines, { entries: entries(1, 1), skipped: 0 }, 5));
    const second = withBatch(
      withBatch(first, { entries: [], skipped: 0 }, 5),
      { entries: entries(2, 2), skipped: 0 },
      5,
    );
    expect(second.shown.map((line) => line.afterBreak)).toEqual([false, true, false]);
    expect(second.broken).toBe(false);
  });

  test('go when it is cleared, those that wait too; the pause stays', () => {
    const paused = withBatch(pause(noLines), { entries: [entry(1, { node: 'n2' })], skipped: 3 }, 5);
    expect(clear(paused)).toEqual({ ...noLines, paused: true, nodes: ['n2'] });
  });

  test('are told apart across nodes and over a restart of one', () => {
    const batch = { entries: [entry(1), entry(1, { node: 'n0' }), entry(1, { at: 9 })], skipped: 0 };
    const { shown, nodes } = withBatch(noLines, batch, 5);
    expect(new Set(shown.map(({ id }) => id)).size).toBe(3);
    expect(nodes).toEqual(['n0', 'n1']);
  });

  test('are copied as JSON: one as an object, several as a list', () => {
    expect(JSON.parse(asJson([entry(1)]))).toEqual({ seq: 1, node: 'n1', at: 1001, kind: 'published' });
    expect(JSON.parse(asJson(entries(1, 2)))).toHaveLength(2);
  });
});

describe('the filter', () => {
  test('is read from an address and written to one', () => {
    const query = 'kind=published,sent&channel=presence-&user=u+1&socket=1.2&text=%C3%A4';
    const filter = filterOf(new URLSearchParams(query));
    expect(filter).toEqual({
      kinds: ['published', 'sent'],
      channel: 'presence-',
      user: 'u 1',
      socket: '1.2',
      text: 'ä',
    });
    expect(queryOf(filter)).toBe(query);
    expect(streamQuery(filter)).toEqual({
      kinds: 'published,sent',
      channel: 'presence-',
      user: 'u 1',
      socket: '1.2',
    });
  });

  test('leaves out what it does not know, and nothing is no filter', () => {
    expect(filterOf(new URLSearchParams('kind=nonsense,__proto__&other=1'))).toEqual(noFilter);
    expect([queryOf(noFilter), isFiltered(noFilter)]).toEqual(['', false]);
    expect(filterOf(new URLSearchParams({ channel: 'x'.repeat(999) })).channel).toHaveLength(300);
  });

  test.each([
    [{ kinds: ['sent' as const] }, false],
    [{ kinds: ['published' as const] }, true],
    [{ channel: 'presence-' }, true],
    [{ channel: 'private-' }, false],
    [{ user: 'ada' }, true],
    [{ user: 'ad' }, false],
    [{ socket: '1.2' }, true],
    [{ text: 'HELLO' }, true],
    [{ text: 'goodbye' }, false],
    [{ text: 'n1' }, true],
  ])('%j', (part, expected) => {
    const one = entry(1, {
      channel: 'presence-lobby',
      userId: 'ada',
      socketId: '1.2',
      data: '{"a":"Hello"}',
    });
    expect(passes({ ...noFilter, ...part }, one)).toBe(expected);
  });
});

test('every kind can be filtered by, once', () => {
  const listed = kindGroups.flatMap(({ kinds }) => kinds);
  expect([...listed].sort()).toEqual([...traceKinds].sort());
});

test.each([
  ['api_request', 200, undefined, 'plain'],
  ['api_request', 401, undefined, 'warn'],
  ['api_request', 503, undefined, 'bad'],
  ['webhook', 200, undefined, 'good'],
  ['webhook', 302, undefined, 'bad'],
  ['webhook', undefined, 'No answer', 'bad'],
  ['disconnected', 1000, undefined, 'plain'],
  ['disconnected', 4201, undefined, 'warn'],
  ['refused', 4001, undefined, 'bad'],
] as const)('%s with %s: %s is %s', (kind, code, reason, tone) => {
  expect(toneOf(kind, code, reason)).toBe(tone);
});

test.each([
  [{ kind: 'refused' as const, reason: 'Could not find app by key' }, 'Could not find app by key'],
  [{ dataIs: 'hidden' as const }, 'content hidden'],
  [{ data: '{"a":1}' }, '{"a":1}'],
  [{ kind: 'connected' as const, transport: 'xhr_polling' as const }, 'HTTP polling'],
  [
    {
      kind: 'webhook' as const,
      data: JSON.stringify({
        events: [
          { name: 'member_added', channel: 'a' },
          { name: 'member_added', channel: 'b' },
          { name: 'client_event', data: '{"name":"me"}' },
        ],
      }),
    },
    'member_added, client_event',
  ],
])('%j remarks %s', (more, remark) => {
  expect(remarkOf(entry(1, more))).toBe(remark);
});

test('a line ends with how many, which code, how long', () => {
  expect(measureOf(entry(1, { recipients: 412 }))).toBe('to 412');
  expect(measureOf(entry(1, { code: 200, durationMs: 0.4 }))).toBe('200 · < 1 ms');
  expect(measureOf(entry(1, { code: 1001, durationMs: 4_210 }))).toBe('1001 · 4.2 s');
  expect(measureOf(entry(1))).toBe('');
});
