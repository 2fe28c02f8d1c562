import { type TraceKind, traceKinds } from '@earshot/dashboard';
import type { TraceFilter, TraceNote } from './trace.ts';

const knownKinds: ReadonlySet<unknown> = new Set(traceKinds);
const textLengthMax = 1_000;

export function matches(filter: TraceFilter, note: TraceNote): boolean {
  if (filter.kinds !== null && !filter.kinds.has(note.kind)) return false;
  if (filter.channel !== null && !note.channel?.startsWith(filter.channel)) return false;
  if (filter.userId !== null && note.userId !== filter.userId) return false;
  return filter.socketId === null || note.socketId === filter.socketId;
}

/** A filter as JSON, on its way to another node. */
export function filterToJson(filter: TraceFilter): object {
  const { channel, userId, socketId } = filter;
  return { kinds: filter.kinds === null ? null : [...filter.kinds], channel, userId, socketId };
}

/** @returns null for what is no filter; kinds that this node does not know are left out, because it sees none of them */
export function filterFromJson(value: unknown): TraceFilter | null {
  if (typeof value !== 'object' || value === null) return null;
  const { kinds, channel, userId, socketId } = value as Record<string, unknown>;
  if (kinds !== null && !Array.isArray(kinds)) return null;
  if (!isText(channel) || !isText(userId) || !isText(socketId)) return null;
  const known = kinds?.filter((kind): kind is TraceKind => knownKinds.has(kind));
  return { kinds: known === undefined ? null : new Set(known), channel, userId, socketId };
}

function isText(value: unknown): value is string | null {
  return value === null || (typeof value === 'string' && value.length <= textLengthMax);
}
