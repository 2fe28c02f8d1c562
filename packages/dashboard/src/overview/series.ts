import { type LiveFigures, type Statistics, transports } from '../contract.ts';
import { transportNames } from '../parts/transports.ts';

/** A line of a chart: a value for each point of time, null where there are no figures. */
export interface Line {
  readonly label: string;
  readonly values: readonly (number | null)[];
}

/** What a chart shows. */
export interface ChartData {
  /** Begin of each stretch, in milliseconds. */
  readonly at: readonly number[];
  readonly stepMs: number;
  readonly lines: readonly Line[];
}

/** How much of the last stretch has to be over for its rate to mean something. */
const partLeast = 0.2;

type Figures = NonNullable<Statistics['points'][number]['figures']>;

/**
 * Figures as rates in a minute, whatever the steps, so that the three ranges read alike. The last stretch is not over:
 * its figures count for the part of it that is, or not at all while that is short.
 */
function rates(
  { points, stepMs }: Statistics,
  now: number,
  lines: readonly { label: string; of: (figures: Figures) => number }[],
): ChartData {
  return {
    at: points.map(({ at }) => at),
    stepMs,
    lines: lines.map(({ label, of }) => ({
      label,
      values: points.map(({ at, figures }) => {
        if (figures === null) return null;
        const lasted = Math.min(stepMs, now - at);
        return lasted < stepMs * partLeast ? null : (of(figures) * 60_000) / lasted;
      }),
    })),
  };
}

export const messages = (statistics: Statistics, now: number) =>
  rates(statistics, now, [
    { label: 'Published', of: (figures) => figures.published },
    { label: 'Client events', of: (figures) => figures.clientEvents },
  ]);

export const delivered = (statistics: Statistics, now: number) =>
  rates(statistics, now, [{ label: 'Delivered', of: (figures) => figures.delivered }]);

export const requests = (statistics: Statistics, now: number) =>
  rates(statistics, now, [
    { label: 'Answered', of: (figures) => figures.apiRequests - figures.apiErrors },
    { label: 'Refused or failed', of: (figures) => figures.apiErrors },
  ]);

export const webhooks = (statistics: Statistics, now: number) =>
  rates(statistics, now, [
    { label: 'Delivered', of: (figures) => figures.webhooksDelivered },
    { label: 'Failed', of: (figures) => figures.webhooksFailed },
  ]);

/** Most open connections at one time, by transport. */
export function connections({ points, stepMs }: Statistics): ChartData {
  return {
    at: points.map(({ at }) => at),
    stepMs,
    lines: transports.map((transport) => ({
      label: transportNames[transport],
      values: points.map(({ figures }) => figures?.connections[transport] ?? null),
    })),
  };
}

const dayMs = 86_400_000;

/** Messages of each UTC day. */
export function perDay({ messagesPerDay }: Statistics): ChartData {
  return {
    at: messagesPerDay.map(({ day }) => Date.parse(`${day}T00:00:00Z`)),
    stepMs: dayMs,
    lines: [{ label: 'Messages', values: messagesPerDay.map((one) => one.messages) }],
  };
}

/** Whether there are figures, then none, then figures again; before the first the app may not have been there. */
export function hasGap({ at, lines }: ChartData): boolean {
  const isKnown = at.map((_, index) => lines.some(({ values }) => typeof values[index] === 'number'));
  return isKnown.slice(isKnown.indexOf(true), isKnown.lastIndexOf(true) + 1).includes(false);
}

/** Each line on top of those before it; null where one has no figure. */
export function stacked(lines: readonly Line[]): (number | null)[][] {
  const sums: (number | null)[] = (lines[0]?.values ?? []).map(() => 0);
  return lines.map(({ values }) =>
    values.map((value, index) => {
      const below = sums[index] ?? null;
      const sum = value === null || below === null ? null : below + value;
      sums[index] = sum;
      return sum;
    }),
  );
}

/** Nothing has happened in all of it. */
export function isQuiet({ points }: Statistics): boolean {
  return points.every(
    ({ figures }) =>
      figures === null ||
      (figures.published === 0 &&
        figures.clientEvents === 0 &&
        figures.connectionsPeak === 0 &&
        figures.apiRequests === 0),
  );
}

export const connectionsOf = (figures: Pick<LiveFigures, 'connections'>) =>
  transports.reduce((sum, transport) => sum + figures.connections[transport], 0);
