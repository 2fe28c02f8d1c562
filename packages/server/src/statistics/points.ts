import type { Range, Statistics, StatisticsPoint } from '@earshot/dashboard';
import { noConnections, noCounts } from '../apps/tally.ts';
import type { Run } from './minute.ts';
import { joined, type Span } from './spans.ts';

/** Length of a step in minutes, and how many there are. */
export const ranges: Readonly<Record<Range, { readonly step: number; readonly steps: number }>> = {
  hour: { step: 1, steps: 60 },
  day: { step: 5, steps: 288 },
  month: { step: 60, steps: 720 },
};

/** The first and the last step of a range, where the last one is under way. */
export function stretchOf(range: Range, now: number): { stepMs: number; from: number; last: number } {
  const { step, steps } = ranges[range];
  const stepMs = step * 60_000;
  const last = Math.floor(now / stepMs) * stepMs;
  return { stepMs, from: last - (steps - 1) * stepMs, last };
}

const nothing = { counts: noCounts(), connections: noConnections(), peak: 0 };

/**
 * One point for each step, without gaps. A step in which no node ran has none; one in which nothing happened has zeros.
 * @param spans any number for each step, of all lengths up to it
 */
export function pointsOf(
  range: Range,
  now: number,
  spans: readonly Span[],
  runs: readonly Run[],
): Pick<Statistics, 'range' | 'stepMs' | 'points'> & {
  readonly peaks: Omit<Statistics['peaks'], 'messagesPerDay'>;
} {
  const { stepMs, from, last } = stretchOf(range, now);
  const shown = spans
    .filter(({ at }) => at >= from && at < last + stepMs)
    .sort((one, other) => one.at - other.at);
  const byStep = new Map(joined(shown, ranges[range].step).map((span) => [span.at, span]));
  const ran = new Set<number>();
  for (const run of runs) {
    const first = Math.max(from, Math.floor(run.from / stepMs) * stepMs);
    for (let at = first; at < run.until && at <= last; at += stepMs) ran.add(at);
  }
  const points: StatisticsPoint[] = [];
  for (let at = from; at <= last; at += stepMs) {
    const span = byStep.get(at);
    points.push({ at, figures: span !== undefined || ran.has(at) ? figuresOf(span ?? nothing) : null });
  }
  return {
    range,
    stepMs,
    points,
    peaks: {
      connections: highest(shown, ({ peak, peakAt }) => ({ value: peak, at: peakAt })),
      messagesPerMinute: highest(shown, ({ minuteMessages, minuteAt }) => ({
        value: minuteMessages,
        at: minuteAt,
      })),
    },
  };
}

function figuresOf({
  counts,
  connections,
  peak,
}: Pick<Span, 'counts' | 'connections' | 'peak'>): NonNullable<StatisticsPoint['figures']> {
  return { ...counts, connections: { ...connections }, connectionsPeak: peak };
}

type Peak = { readonly value: number; readonly at: number };

/** The highest one above 0, the first of several. */
export function highest<Item>(items: Iterable<Item>, read: (item: Item) => Peak): Peak | null {
  let found: Peak | null = null;
  for (const item of items) {
    const peak = read(item);
    if (peak.value > 0 && (found === null || peak.value > found.value)) found = peak;
  }
  return found;
}
