/** JSON as it was written: numbers keep their digits, which a double might not. */
export type Json =
  | { readonly is: 'object'; readonly entries: readonly (readonly [string, Json])[] }
  | { readonly is: 'array'; readonly items: readonly Json[] }
  | { readonly is: 'text'; readonly text: string }
  /** A number, true, false or null, as written. */
  | { readonly is: 'word'; readonly text: string };

/** @returns null when `text` is not JSON */
export function readJson(text: string): Json | null {
  try {
    return describe(JSON.parse(text, keepDigits));
  } catch {
    return null; // said by the caller: it shows the text as it is
  }
}

/** A number whose digits a double would not keep. */
class Digits {
  constructor(readonly source: string) {}
}

function keepDigits(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number') return value;
  const source = context?.source;
  return source !== undefined && source !== `${value}` ? new Digits(source) : value;
}

function describe(value: unknown): Json {
  if (typeof value === 'string') return { is: 'text', text: value };
  if (value instanceof Digits) return { is: 'word', text: value.source };
  if (Array.isArray(value)) return { is: 'array', items: value.map(describe) };
  if (typeof value === 'object' && value !== null) {
    return { is: 'object', entries: Object.entries(value).map(([name, inner]) => [name, describe(inner)]) };
  }
  return { is: 'word', text: `${value}` };
}
