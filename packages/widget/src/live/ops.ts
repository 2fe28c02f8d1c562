import { graphemeUnitsMost } from './graphemes.ts';

/**
 * What is done to a lane, position by position. Positions count characters as the writer's browser does, so text travels
 * as lists of characters: browsers need not agree on what one is. The second member of each is the pause before it, in
 * milliseconds, so that a batch is replayed as it was typed.
 */
export type Op =
  /** These come in before the character at the position. */
  | readonly ['+', wait: number, at: number, graphemes: readonly string[]]
  /** As `+`, by an input method that may still change them. */
  | readonly ['~', wait: number, at: number, graphemes: readonly string[]]
  /** So many are corrected away. */
  | readonly ['-', wait: number, at: number, count: number]
  /** So many have faded at the writer's. */
  | readonly ['f', wait: number, at: number, count: number]
  /** The character at the position has grown: an accent, a skin colour. */
  | readonly ['g', wait: number, at: number, grapheme: string]
  /** What input methods have put in stays as it is. */
  | readonly ['!', wait: number];

/** All that a lane holds: runs of characters with the age of the first, in milliseconds; a number stands for faded ones. */
export type Snapshot = readonly (number | readonly [graphemes: readonly string[], age: number, draft?: 1])[];

/** Characters of a lane, faded ones that the writer's input still has included. */
export const laneGraphemesMost = 200;
/** Their text as JSON in UTF-8, so that a whole lane fits an event. */
export const laneBytesMost = 3_000;
const waitMost = 10_000;
const opsMost = 500;

/** One edit as the texts before and after show it. */
export interface Edit {
  readonly at: number;
  readonly erased: number;
  readonly inserted: readonly string[];
}

/** @returns null when nothing has changed */
export function editBetween(before: readonly string[], after: readonly string[]): Edit | null {
  const least = Math.min(before.length, after.length);
  let start = 0;
  while (start < least && before[start] === after[start]) start++;
  let end = 0;
  while (end < least - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end++;
  const erased = before.length - start - end;
  const inserted = after.slice(start, after.length - end);
  return erased === 0 && inserted.length === 0 ? null : { at: start, erased, inserted };
}

/** What somebody sent as operations. @returns null for what is none: all of it is refused then */
export function readOps(data: unknown): readonly Op[] | null {
  if (!Array.isArray(data) || data.length > opsMost) return null;
  return data.every(isOp) ? data : null;
}

export function readSnapshot(data: unknown): Snapshot | null {
  if (!Array.isArray(data) || data.length > laneGraphemesMost) return null;
  let count = 0;
  for (const run of data) {
    if (isCount(run)) count += run;
    else if (Array.isArray(run) && isGraphemes(run[0]) && isNumber(run[1], 24 * 3_600_000)) {
      count += run[0].length;
    } else return null;
  }
  return count <= 2 * laneGraphemesMost ? data : null;
}

function isOp(op: unknown): op is Op {
  if (!Array.isArray(op)) return false;
  const [kind, wait, at, what] = op;
  if (!isNumber(wait, waitMost)) return false;
  if (kind === '!') return true;
  if (!isNumber(at, 2 * laneGraphemesMost) || !Number.isInteger(at)) return false;
  if (kind === '+' || kind === '~') return isGraphemes(what);
  if (kind === '-' || kind === 'f') return isCount(what);
  return kind === 'g' && isGrapheme(what);
}

const isNumber = (value: unknown, most: number): value is number =>
  typeof value === 'number' && value >= 0 && value <= most;
const isCount = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) > 0 && (value as number) <= 2 * laneGraphemesMost;
const isGrapheme = (value: unknown): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= graphemeUnitsMost;
const isGraphemes = (value: unknown): value is string[] =>
  Array.isArray(value) && value.length > 0 && value.length <= laneGraphemesMost && value.every(isGrapheme);

/** A pause as it is written down. */
export const waitOf = (ms: number): number => Math.max(0, Math.min(waitMost, Math.round(ms)));

const encoder = new TextEncoder();

/** Bytes of the characters as JSON. */
export function jsonBytes(graphemes: readonly string[]): number {
  return encoder.encode(JSON.stringify(graphemes)).byteLength;
}
