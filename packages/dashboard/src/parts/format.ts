/** Numbers and times as the reader's language writes them. */

const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const minute = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
});
const ago = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' });

export const formatNumber = (value: number) => whole.format(value);

/** Eight digits and more are shortened: 12.3M. */
export const formatFigure = (value: number) => (value < 10_000_000 ? whole : short).format(value);

/** For an axis, where room is scarce: 950, 12K, 4.5M. */
export const formatShort = (value: number) => (value < 10_000 ? whole : short).format(value);

/** 12:31:05 */
export const formatClock = (at: number) => clock.format(at);
export const formatDay = (at: number) => day.format(at);
/** Of the last weeks: 18 Nov, 19:35 */
export const formatMinute = (at: number) => minute.format(at);
export const formatMoment = (at: number) => moment.format(at);

/** "3 minutes ago", "in 2 hours". */
export function formatAgo(at: number, now: number): string {
  const seconds = (at - now) / 1000;
  const size = Math.abs(seconds);
  if (size < 45) return ago.format(Math.round(seconds / 5) * 5 || 0, 'second');
  if (size < 45 * 60) return ago.format(Math.round(seconds / 60), 'minute');
  if (size < 22 * 3600) return ago.format(Math.round(seconds / 3600), 'hour');
  return ago.format(Math.round(seconds / 86_400), 'day');
}

/** "820 ms", "4.2 s", "3 min", "5 h", "2 d". */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min`;
  if (ms < 86_400_000) return `${Math.floor(ms / 3_600_000)} h`;
  return `${Math.floor(ms / 86_400_000)} d`;
}

/** "0 B", "1.5 KiB". */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} KiB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

/** "1 event", "2 events". */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${whole.format(count)} ${count === 1 ? one : many}`;
}
