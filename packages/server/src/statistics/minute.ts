import { type CountName, type Counts, countNames } from '../apps/tally.ts';

export const minuteMs = 60_000;

/** What happened in an app on one node in a minute, or in the part of it from which on its clock did not jump. */
export interface MinuteRow {
  readonly appId: string;
  /** The minute's begin. */
  readonly at: number;
  readonly node: string;
  /** Grows with every part of a node; with `node` and `appId` it names the row. */
  readonly seq: number;
  readonly counts: Readonly<Counts>;
  /** `ConnectionSeconds`. */
  readonly seconds: string;
}

/** A stretch of time for which a node has figures. */
export interface Run {
  readonly node: string;
  readonly from: number;
  readonly until: number;
}

export function addCounts(to: Counts, more: Readonly<Counts>): void {
  for (const name of countNames) to[name] += more[name];
}

export function isNothing(counts: Readonly<Counts>): boolean {
  return countNames.every((name) => counts[name] === 0);
}

/** Messages as the quota counts them: an event once, and once more for each who gets it. */
export function messagesOf(
  counts: Readonly<Pick<Counts, 'published' | 'clientEvents' | 'delivered'>>,
): number {
  return counts.published + counts.clientEvents + counts.delivered;
}

export function minuteOf(time: number): number {
  return Math.floor(time / minuteMs) * minuteMs;
}

/** `{published: 1, …}` of anything that has these under names of its own. */
export function countsFrom(read: (name: CountName) => number): Counts {
  return {
    published: read('published'),
    clientEvents: read('clientEvents'),
    delivered: read('delivered'),
    apiRequests: read('apiRequests'),
    apiErrors: read('apiErrors'),
    webhooksDelivered: read('webhooksDelivered'),
    webhooksFailed: read('webhooksFailed'),
  };
}
