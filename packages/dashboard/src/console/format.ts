import type { TraceEntry } from '../contract.ts';
import { formatDuration } from '../parts/format.ts';

const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
  hourCycle: 'h23',
});

/** Time of day to the millisecond, always of one width. */
export const clockTime = (at: number): string => clock.format(at);

/** `POST /apps/1/events` */
export function requestOf({ method, path }: TraceEntry): string {
  return [method, path].filter((part) => part !== undefined).join(' ');
}

/** What an entry is about beside its channel. */
export function subjectOf(entry: TraceEntry): string {
  return requestOf(entry) || (entry.event ?? '');
}

/** The rest of the line, in a quieter tone: why, or what it carried. */
export function remarkOf(entry: TraceEntry): string {
  if (entry.reason !== undefined && entry.reason !== '') return entry.reason;
  if (entry.dataIs === 'hidden') return 'content hidden';
  if (entry.kind === 'webhook') return toldIn(entry.data ?? '');
  if (entry.data !== undefined) return entry.data.slice(0, 300);
  return entry.transport === undefined ? '' : transportNames[entry.transport];
}

/** The kinds of events in a webhook's body, each once. What clients wrote is text within it, so its quotes are escaped. */
function toldIn(body: string): string {
  return [...new Set([...body.matchAll(/"name":"(\w+)"/g)].map(([, name]) => name))].join(', ');
}

/** What an entry says at its end: to how many, with which code, after how long. */
export function measureOf({ recipients, code, durationMs }: TraceEntry): string {
  const parts: string[] = [];
  if (recipients !== undefined) parts.push(`to ${recipients}`);
  if (code !== undefined) parts.push(`${code}`);
  if (durationMs !== undefined) parts.push(durationMs < 1 ? '< 1 ms' : formatDuration(durationMs));
  return parts.join(' · ');
}

export const transportNames = {
  websocket: 'WebSocket',
  xhr_streaming: 'HTTP streaming',
  xhr_polling: 'HTTP polling',
  event_stream: 'Event stream',
} as const;
