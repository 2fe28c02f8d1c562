import { type TraceEntry, traceKinds, transports } from '@earshot/dashboard';
import type { App } from '../apps/app.ts';
import { isContentHidden } from '../apps/content-hidden.ts';
import type { TraceNote } from './trace.ts';

/** What was put down, with what names it. */
export interface Seen {
  readonly seq: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly app: App;
  readonly note: TraceNote;
}

export const dataBytesMax = 4 * 1024;
/** Names and reasons are shorter, unless a stranger makes them up. */
const textLengthMax = 1_000;

const encoder = new TextEncoder();
const scratch = new Uint8Array(dataBytesMax);

const texts = ['channel', 'event', 'socketId', 'userId', 'transport', 'reason', 'method', 'path'] as const;
const numbers = ['code', 'durationMs', 'recipients'] as const;

/**
 * What is shown of what was seen. The content of hidden channels is left out here, on the node that has seen it.
 * @param roomBytes how much of the data there is room for, at most 4 KiB of it
 */
export function entryOf(seen: Seen, node: string, roomBytes = dataBytesMax): TraceEntry {
  const { note, app, seq, at } = seen;
  const read = note.frame === undefined ? note : { ...note, ...readFrame(note.frame) };
  const entry: Record<string, unknown> = { seq, node, at, kind: note.kind };
  for (const field of texts) {
    const text = read[field];
    if (text !== undefined && text !== null) entry[field] = clipped(text);
  }
  for (const field of numbers) {
    const number = read[field];
    if (number !== undefined && number !== null) entry[field] = number;
  }
  const { data } = read;
  if (data !== undefined && data !== null)
    Object.assign(entry, dataOf(app, note.channel ?? '', data, roomBytes));
  return entry as unknown as TraceEntry;
}

/** An entry that came from another node, of whatever version; null when it is none that this one knows. */
export function entryFromJson(value: unknown, node: string): TraceEntry | null {
  if (typeof value !== 'object' || value === null) return null;
  const given = value as Record<string, unknown>;
  if (!isOneOf(traceKinds, given.kind) || !isNumber(given.seq) || !isNumber(given.at)) return null;
  if (given.transport !== undefined && !isOneOf(transports, given.transport)) return null;
  const entry: Record<string, unknown> = { seq: given.seq, node, at: given.at, kind: given.kind };
  for (const field of texts) {
    const text = given[field];
    if (typeof text === 'string') entry[field] = clipped(text);
  }
  for (const field of [...numbers, 'dataBytes'] as const)
    if (isNumber(given[field])) entry[field] = given[field];
  if (given.dataIs === 'hidden' || given.dataIs === 'cut') entry.dataIs = given.dataIs;
  if (typeof given.data === 'string' && given.dataIs !== 'hidden') {
    const { text, isCut } = cut(given.data, dataBytesMax);
    entry.data = text;
    if (isCut) entry.dataIs = 'cut';
  }
  return entry as unknown as TraceEntry;
}

function dataOf(
  app: App,
  channel: string,
  data: string,
  roomBytes: number,
): Pick<TraceEntry, 'data' | 'dataBytes' | 'dataIs'> {
  const dataBytes = Buffer.byteLength(data);
  if (isContentHidden(app, channel)) return { dataBytes, dataIs: 'hidden' };
  const { text, isCut } = cut(data, Math.min(roomBytes, dataBytesMax));
  return isCut ? { data: text, dataBytes, dataIs: 'cut' } : { data: text, dataBytes };
}

/** At most so many bytes of it; no character is split. */
function cut(text: string, bytes: number): { text: string; isCut: boolean } {
  const { read } = encoder.encodeInto(text, scratch.subarray(0, bytes));
  return { text: text.slice(0, read), isCut: read < text.length };
}

/** What a frame that was sent says; nothing where it cannot be read, because another node made it. */
function readFrame(frame: string): { event?: string; data?: string; userId?: string } {
  let value: unknown;
  try {
    value = JSON.parse(frame);
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
  if (typeof value !== 'object' || value === null) return {};
  const { event, data, user_id } = value as Record<string, unknown>;
  const isFromClient = typeof event === 'string' && event.startsWith('client-');
  return {
    ...(typeof event === 'string' ? { event } : {}),
    ...(data === undefined
      ? {}
      : { data: typeof data === 'string' && !isFromClient ? data : JSON.stringify(data) }),
    ...(typeof user_id === 'string' ? { userId: user_id } : {}),
  };
}

function clipped(text: string): string {
  return text.length <= textLengthMax ? text : `${text.slice(0, textLengthMax)}…`;
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isOneOf(known: readonly string[], value: unknown): boolean {
  return typeof value === 'string' && known.includes(value);
}
