import { expect, test } from 'bun:test';
import { join } from 'node:path';
import type { LiveFigures, Statistics, StatisticsPoint } from '../contract.ts';
import { messagesPerMinute, withSecond } from './live.ts';
import { connections, hasGap, isQuiet, messages, perDay, stacked } from './series.ts';

const minute = 60_000;

const figures = (published: number, websocket = 0): NonNullable<StatisticsPoint['figures']> => ({
  published,
  clientEvents: 1,
  delivered: 0,
  apiRequests: 0,
  apiErrors: 0,
  connections: { websocket, xhr_streaming: 2, xhr_polling: 0, event_stream: 1 },
  connectionsPeak: websocket + 3,
  webhooksDelivered: 0,
  webhooksFailed: 0,
});

const statistics = (stepMs: number, points: readonly StatisticsPoint['figures'][]): Statistics => ({
  range: 'hour',
  stepMs,
  points: points.map((one, index) => ({ at: index * stepMs, figures: one })),
  messagesPerDay: [{ day: '2026-11-21', messages: 7 }],
  peaks: { connections: null, messagesPerMinute: null, messagesPerDay: null },
});

test('rates are in a minute, whatever the step; the last stretch counts for the part of it that is over', () => {
  const quarter = statistics(15 * minute, [figures(150), null, figures(30), figures(12)]);
  const [published] = messages(quarter, 45 * minute + 6 * minute).lines;
  expect(published?.values).toEqual([10, null, 2, 2]);
  // A minute of fifteen says nothing yet.
  expect(messages(quarter, 46 * minute).lines[0]?.values.at(-1)).toBeNull();
});

test('connections are those by transport, each on top of those before', () => {
  const { lines } = connections(statistics(minute, [figures(0, 5), null]));
  expect(lines.map(({ label }) => label)).toEqual([
    'WebSocket',
    'XHR streaming',
    'XHR polling',
    'Event stream',
  ]);
  expect(stacked(lines)).toEqual([
    [5, null],
    [7, null],
    [7, null],
    [8, null],
  ]);
});

test('days are days in UTC', () => {
  expect(perDay(statistics(minute, [])).at).toEqual([Date.UTC(2026, 10, 21)]);
});

test('a gap is between figures, not before the first nor at the end', () => {
  const gapOf = (points: readonly StatisticsPoint['figures'][]) =>
    hasGap(connections(statistics(minute, points)));
  expect(gapOf([figures(1), null, figures(1)])).toBe(true);
  expect(gapOf([null, null, figures(1), figures(1), null])).toBe(false);
  expect(gapOf([null])).toBe(false);
});

test('an app that nobody has used is quiet', () => {
  const nothing = { ...figures(0), clientEvents: 0, connectionsPeak: 0 };
  expect(isQuiet(statistics(minute, [null, nothing]))).toBe(true);
  expect(isQuiet(statistics(minute, [nothing, figures(0)]))).toBe(false);
});

const second = (at: number, published: number): LiveFigures => ({
  at,
  connections: { websocket: 0, xhr_streaming: 0, xhr_polling: 0, event_stream: 0 },
  channels: 0,
  published,
  clientEvents: 1,
  delivered: 0,
  messagesToday: 0,
  nodes: { answered: 1, known: 1 },
});

test('the live rate looks back a minute; what it has not seen counts as it was before', () => {
  expect(messagesPerMinute([], 120)).toBe(120);
  expect(messagesPerMinute([second(0, 9), second(1000, 19)], 120)).toBe(30 + 116);
  const full = Array.from({ length: 60 }, (_, index) => second(index * 1000, 0));
  expect(messagesPerMinute(full, 120)).toBe(60);
});

test('of the live seconds a minute is kept, and none from before a break', () => {
  let seconds: readonly LiveFigures[] = [];
  for (let at = 0; at < 90_000; at += 1000) seconds = withSecond(seconds, second(at, 0));
  expect([seconds.length, seconds[0]?.at]).toEqual([60, 30_000]);
  expect(withSecond(seconds, second(89_000, 5))).toBe(seconds);
  expect(withSecond(seconds, second(120_000, 5))).toHaveLength(1);
});

test('lines of charts have 3:1 on what is under them, in light and dark', async () => {
  const css = await Bun.file(join(import.meta.dir, 'overview.css')).text();
  const [day = '', night = ''] = css.split('@media (prefers-color-scheme: dark)');
  const coloursOf = (text: string) =>
    [...text.matchAll(/--series-\d: (#[0-9a-f]{6});/g)].slice(0, 4).map(([, one]) => one ?? '');
  for (const [colours, papers] of [
    [coloursOf(day), ['#faf9f7', '#ffffff', '#eeebe5']],
    [coloursOf(night), ['#131211', '#1b1a18', '#262422']],
  ] as const) {
    expect(colours).toHaveLength(4);
    for (const colour of colours) {
      for (const paper of papers)
        expect([colour, paper, contrast(colour, paper) >= 3]).toEqual([colour, paper, true]);
    }
  }
});

function contrast(one: string, other: string): number {
  const [a = 0, b = 0] = [luminance(one), luminance(other)].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
}

/** WCAG 2.2, relative luminance. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
