import { inspect } from 'node:util';
import type { Kind } from './kinds.ts';

/** One row of a table of settings. Everything that is known about a setting is in its row. */
export interface Setting<V> {
  /** The environment variable; for a setting of apps, what sets it for the first app. */
  readonly env: string;
  /** The command line flag, with its dashes. */
  readonly flag?: string;
  readonly kind: Kind<NonNullable<V>>;
  readonly default: V;
  /** The default in words, where the value alone does not say it. */
  readonly defaultText?: string;
  /** A valid value for messages, where the default is none. */
  readonly example?: string;
  /** What it does; Markdown of one paragraph. */
  readonly doc: string;
  /** The value is never shown, not even in the message that refuses it. */
  readonly secret?: true;
}

/** A setting that always has a value. */
export function setting<T>(
  row: Omit<Setting<T>, 'kind' | 'default'> & { kind: Kind<NonNullable<T>>; default: NoInfer<T> },
): Setting<T> {
  return row;
}

/** A setting that may be left out: its value is null then. */
export function optional<T>(
  row: Omit<Setting<T>, 'kind' | 'default'> & { kind: Kind<NonNullable<T>>; example: string },
): Setting<T | null> {
  return { ...row, default: null };
}

/** The values of a table of settings, one property for each row. */
export type ValuesOf<Table> = {
  -readonly [Name in keyof Table]: Table[Name] extends Setting<infer V> ? V : never;
};

const shownCharactersMax = 200;

/** Says what was found, what was expected and what a valid value looks like. */
export function refusal<V>(row: Setting<V>, name: string, found: unknown, assign = '='): string {
  const text = typeof found === 'string' ? JSON.stringify(found) : inspect(found, { breakLength: Infinity });
  const shown = row.secret ? 'set to something else (not shown here)' : text.slice(0, shownCharactersMax);
  return `${name} is ${shown}; expected ${row.kind.expected}. For example: ${name}${assign}${exampleOf(row)}`;
}

/** A valid value as text. */
export function exampleOf<V>(row: Setting<V>): string {
  if (row.example !== undefined) return row.example;
  return row.default === null || row.default === undefined ? '…' : row.kind.format(row.default);
}

/** The name that somebody who wrote `found` probably meant. */
export function didYouMean(found: string, names: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = 4;
  for (const name of names) {
    const distance = editDistance(found, name);
    if (distance < bestDistance) [best, bestDistance] = [name, distance];
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const substitution = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(substitution, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
