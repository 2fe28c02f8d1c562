import { errorTexts } from './errors.ts';
import { jsonDepthMax } from './limits.ts';

/** An input that is not accepted, with the text that tells its sender why. */
export interface Refused {
  refused: string;
}

const quote = 0x22;
const comma = 0x2c;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const space = 0x20;

/**
 * JSON text of a stranger as a value. The nesting is bounded before anything is parsed (`jsonDepthMax`, BAD-2); keys
 * such as `__proto__` become ordinary own properties (BAD-5). Never throws.
 */
export function parseJson(text: string): { value: unknown } | Refused {
  if (nestsTooDeep(text)) return { refused: errorTexts.tooDeep.text() };
  try {
    return { value: JSON.parse(text) };
  } catch {
    return { refused: errorTexts.notJson.text() };
  }
}

/** Whether a parsed JSON value is an object: neither null nor an array nor a scalar. */
export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The value of a top-level member exactly as it is written (numbers, key order, blanks and duplicates inside it kept),
 * or null when there is no such member. Of several members with that name the last counts, as in `JSON.parse`.
 * @param text a JSON object that `JSON.parse` accepts
 */
export function rawMember(text: string, name: string): string | null {
  let raw: string | null = null;
  let at = skipSpace(text, text.indexOf('{') + 1);
  while (text.charCodeAt(at) === quote) {
    const keyEnd = stringEnd(text, at);
    const valueStart = skipSpace(text, skipSpace(text, keyEnd) + 1); // + 1: the colon
    const end = valueEnd(text, valueStart);
    if (isKey(text, at, keyEnd, name)) raw = text.slice(valueStart, end);
    at = skipSpace(text, end);
    if (text.charCodeAt(at) === comma) at = skipSpace(text, at + 1);
  }
  return raw;
}

/** Whether the key between the quotes at `start` and `end - 1` is `name`; it may be written with escapes. */
function isKey(text: string, start: number, end: number, name: string): boolean {
  if (end - start === name.length + 2) return text.startsWith(name, start + 1);
  if (end - start < name.length + 2) return false;
  const key = text.slice(start, end);
  return key.includes('\\') && JSON.parse(key) === name;
}

/** Whether `text` nests deeper than `jsonDepthMax`. Right for JSON, and for any text as far as JSON.parse would read it. */
function nestsTooDeep(text: string): boolean {
  // Each level takes two characters, and with so few brackets in all nothing nests too deep: most texts end here.
  if (text.length <= 2 * jsonDepthMax) return false;
  const most = jsonDepthMax + 1;
  if (countUpTo(text, '{', most) + countUpTo(text, '[', most) <= jsonDepthMax) return false;
  const start = skipSpace(text, 0);
  return isOpening(text.charCodeAt(start)) && nestedEnd(text, start, jsonDepthMax) === -1;
}

function countUpTo(text: string, character: string, most: number): number {
  let count = 0;
  let at = text.indexOf(character);
  while (at !== -1 && count < most) {
    count++;
    at = text.indexOf(character, at + 1);
  }
  return count;
}

function valueEnd(text: string, start: number): number {
  const first = text.charCodeAt(start);
  if (first === quote) return stringEnd(text, start);
  if (isOpening(first)) return nestedEnd(text, start, Number.POSITIVE_INFINITY);
  let at = start;
  while (at < text.length && !endsScalar(text.charCodeAt(at))) at++;
  return at;
}

/** The index after the object or array that opens at `start`, or -1 when it nests deeper than `depthMax`. */
function nestedEnd(text: string, start: number, depthMax: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const c = text.charCodeAt(at);
    if (c === quote) {
      at = stringEnd(text, at) - 1;
    } else if (isOpening(c)) {
      if (++depth > depthMax) return -1;
    } else if (c === closeBrace || c === closeBracket) {
      if (--depth === 0) return at + 1;
    }
  }
  return text.length;
}

/** The index after the closing quote of the string that opens at `start`. */
function stringEnd(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let escapes = 0;
    while (text.charCodeAt(at - 1 - escapes) === backslash) escapes++;
    if (escapes % 2 === 0) return at + 1;
  }
  return text.length;
}

function skipSpace(text: string, start: number): number {
  let at = start;
  while (text.charCodeAt(at) <= space) at++;
  return at;
}

function isOpening(c: number): boolean {
  return c === openBrace || c === openBracket;
}

function endsScalar(c: number): boolean {
  return c === comma || c === closeBrace || c === closeBracket || c <= space;
}
