import type { Range } from '../contract.ts';

/** How a chart writes times: under its axis, and where one stands alone. */
export interface Times {
  readonly axis: (at: number) => string;
  readonly full: (at: number) => string;
}

const writer = (options: Intl.DateTimeFormatOptions) => {
  const format = new Intl.DateTimeFormat(undefined, options);
  return (at: number) => format.format(at);
};

const clock = writer({ hour: '2-digit', minute: '2-digit' });
const shortDay = writer({ day: 'numeric', month: 'short' });
const dayAndClock = writer({
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
});

const all: Readonly<Record<Range | 'days', Times>> = {
  hour: { axis: clock, full: clock },
  day: { axis: clock, full: dayAndClock },
  month: { axis: shortDay, full: dayAndClock },
  // Days of the quota are days in UTC, wherever the reader is.
  days: {
    axis: writer({ day: 'numeric', month: 'short', timeZone: 'UTC' }),
    full: writer({ weekday: 'short', day: 'numeric', month: 'long', timeZone: 'UTC' }),
  },
};

export function timesOf(range: Range | 'days'): Times {
  return all[range];
}
