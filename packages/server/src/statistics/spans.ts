import { transports } from '@earshot/dashboard';
import { type Counts, noConnections, noCounts, type OpenConnections } from '../apps/tally.ts';
import { addCounts, type MinuteRow, messagesOf } from './minute.ts';
import { mostOf } from './seconds.ts';

/** Lengths in minutes of the rows that minutes are added up to: for the ranges of a day and of 30 days. */
export const spanSteps = [5, 60] as const;

/** What happened in an app on all nodes in `step` minutes. */
export interface Span {
  readonly appId: string;
  readonly step: number;
  readonly at: number;
  readonly counts: Counts;
  /** The most at one time, by transport. */
  readonly connections: OpenConnections;
  /** The most of all transports at one time, and when that was. */
  readonly peak: number;
  readonly peakAt: number;
  /** The most messages in one minute, and which one that was. */
  readonly minuteMessages: number;
  readonly minuteAt: number;
}

/** Makes a span of 1 minute of what several nodes have of one. `fresh` is counted; the most is that of `all`. */
export function minuteSpan(
  at: { readonly appId: string; readonly at: number },
  fresh: readonly MinuteRow[],
  all: readonly MinuteRow[],
): Span {
  const counts = noCounts();
  for (const row of fresh) addCounts(counts, row.counts);
  const { connections, peak, peakSecond } = mostOf(all);
  let minuteMessages = 0;
  for (const row of all) minuteMessages += messagesOf(row.counts);
  const peakAt = at.at + peakSecond * 1000;
  return { ...at, step: 1, counts, connections, peak, peakAt, minuteMessages, minuteAt: at.at };
}

/** Adds spans up to longer ones, each of which begins at a multiple of its length. */
export function joined(spans: readonly Span[], step: number): Span[] {
  const stepMs = step * 60_000;
  const groups = Map.groupBy(spans, ({ appId, at }) => `${appId} ${Math.floor(at / stepMs)}`);
  return [...groups.values()].map((parts) => {
    const first = parts[0] as Span;
    const counts = noCounts();
    const connections = noConnections();
    let peak = first;
    let minute = first;
    for (const part of parts) {
      addCounts(counts, part.counts);
      for (const transport of transports) {
        connections[transport] = Math.max(connections[transport], part.connections[transport]);
      }
      if (part.peak > peak.peak) peak = part;
      if (part.minuteMessages > minute.minuteMessages) minute = part;
    }
    return {
      appId: first.appId,
      step,
      at: Math.floor(first.at / stepMs) * stepMs,
      counts,
      connections,
      peak: peak.peak,
      peakAt: peak.peakAt,
      minuteMessages: minute.minuteMessages,
      minuteAt: minute.minuteAt,
    };
  });
}

/**
 * The rows of all lengths for minutes that are in none yet.
 * @param fresh what is to be counted @param all the same and what else there is of these minutes, so that the most of all
 * nodes together is right although one of them wrote late
 */
export function spansOf(fresh: readonly MinuteRow[], all: readonly MinuteRow[]): Span[] {
  const minutes = minuteSpans(fresh, all);
  return spanSteps.flatMap((step) => joined(minutes, step));
}

export function minuteSpans(fresh: readonly MinuteRow[], all: readonly MinuteRow[]): Span[] {
  const key = ({ appId, at }: MinuteRow) => `${appId} ${at}`;
  const everything = Map.groupBy(all, key);
  return [...Map.groupBy(fresh, key)].map(([minute, rows]) => {
    const { appId, at } = rows[0] as MinuteRow;
    return minuteSpan({ appId, at }, rows, everything.get(minute) ?? rows);
  });
}
