/** Where completing stands: what was typed, and which of the names that begin so is there now. */
export interface Cycle {
  readonly start: number;
  readonly typed: string;
  readonly index: number;
  /** The text and the cursor that it left; anything else begins anew. */
  readonly text: string;
  readonly cursor: number;
}

/**
 * Completes the name before the cursor, as a mention. Given the cycle of the time before, and nothing typed since, it goes on
 * to the next name.
 * @returns null when no name begins like that
 */
export function complete(
  text: string,
  cursor: number,
  names: readonly string[],
  before: Cycle | null,
): Cycle | null {
  const goesOn = before !== null && before.text === text && before.cursor === cursor;
  const start = goesOn ? before.start : wordStart(text, cursor);
  const typed = goesOn ? before.typed : text.slice(start, cursor);
  const prefix = typed.replace(/^@/, '').toLowerCase();
  const fitting = names.filter((name) => name.toLowerCase().startsWith(prefix));
  if (fitting.length === 0 || (prefix === '' && !typed.startsWith('@'))) return null;
  const index = goesOn ? (before.index + 1) % fitting.length : 0;
  const rest = text.slice(cursor);
  const inserted = `@${fitting[index]}${/^\s/.test(rest) ? '' : ' '}`;
  return {
    start,
    typed,
    index,
    text: text.slice(0, start) + inserted + rest,
    cursor: start + inserted.length,
  };
}

function wordStart(text: string, cursor: number): number {
  let start = cursor;
  while (start > 0 && !/\s/.test(text[start - 1] ?? '')) start--;
  return start;
}

/** `complete` that remembers its cycle: calling it again goes on to the next name. */
export function createCompletion(): (
  text: string,
  cursor: number,
  names: readonly string[],
) => { readonly text: string; readonly cursor: number } | null {
  let cycle: Cycle | null = null;
  return (text, cursor, names) => {
    cycle = complete(text, cursor, names, cycle);
    return cycle;
  };
}
