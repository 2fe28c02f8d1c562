import { expect, test } from 'bun:test';
import { noConnections, noCounts } from '../apps/tally.ts';
import { pointsOf } from './points.ts';
import type { Span } from './spans.ts';

const minute = 60_000;
const hour = 60 * minute;
const now = Date.UTC(2026, 10, 21, 12, 34, 56);

function span(at: number, published: number, websocket: number, step = 1): Span {
  return {
    appId: '3',
    step,
    at,
    counts: { ...noCounts(), published },
    connections: { ...noConnections(), websocket },
    peak: websocket,
    peakAt: at + 1_000,
    minuteMessages: published,
    minuteAt: at,
  };
}

test('each range has its steps without gaps, the last one under way', () => {
  const shape = (range: 'hour' | 'day' | 'month') => {
    const { points, stepMs } = pointsOf(range, now, [], []);
    const gaps = points.slice(1).map(({ at }, index) => at - (points[index]?.at ?? 0));
    return { stepMs, count: points.length, gaps: [...new Set(gaps)], last: points.at(-1)?.at };
  };
  expect(shape('hour')).toEqual({
    stepMs: minute,
    count: 60,
    gaps: [minute],
    last: Date.UTC(2026, 10, 21, 12, 34),
  });
  expect(shape('day')).toEqual({
    stepMs: 5 * minute,
    count: 288,
    gaps: [5 * minute],
    last: Date.UTC(2026, 10, 21, 12, 30),
  });
  expect(shape('month')).toEqual({
    stepMs: hour,
    count: 720,
    gaps: [hour],
    last: Date.UTC(2026, 10, 21, 12),
  });
});

test('a step has no figures where no node ran, and zeros where nothing happened', () => {
  const at = (minutes: number) => Date.UTC(2026, 10, 21, 12, minutes);
  const runs = [
    { node: 'a', from: at(10) + 20_000, until: at(12) + 1 },
    { node: 'b', from: at(33), until: at(34) },
  ];
  const { points } = pointsOf('hour', now, [span(at(20), 3, 2)], runs);
  const shown = points.filter(({ figures }) => figures !== null);
  expect(shown.map(({ at: begin }) => new Date(begin).getUTCMinutes())).toEqual([10, 11, 12, 20, 33]);
  expect(shown[0]?.figures).toMatchObject({ published: 0, connectionsPeak: 0, connections: noConnections() });
  expect(shown[3]?.figures).toMatchObject({ published: 3, connectionsPeak: 2 });
});

test('spans of a step add up, the most among them counts, and peaks say when', () => {
  const at = (minutes: number) => Date.UTC(2026, 10, 21, 12, minutes);
  const spans = [span(at(28), 100, 9), span(at(25), 1, 5, 5), span(at(31), 100, 7), span(at(27), 4, 9)];
  const { points, peaks } = pointsOf('day', now, spans, []);
  const shown = points.filter(({ figures }) => figures !== null);
  expect(shown.map(({ figures }) => [figures?.published, figures?.connectionsPeak])).toEqual([
    [105, 9],
    [100, 7],
  ]);
  expect(peaks).toEqual({
    connections: { value: 9, at: at(27) + 1_000 },
    messagesPerMinute: { value: 100, at: at(28) },
  });
});

test('without anything there are no peaks, and what is older than the range is left out', () => {
  const { peaks, points } = pointsOf('hour', now, [span(now - 2 * hour, 5, 5)], []);
  expect(peaks).toEqual({ connections: null, messagesPerMinute: null });
  expect(points.every(({ figures }) => figures === null)).toBe(true);
});
