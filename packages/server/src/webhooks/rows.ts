import { type Database, type RawBuilder, sql } from '@earshot/data';

/**
 * Many rows as one parameter, a table with the column `value`, whose fields are `value ->> 0`, `value ->> 1` and so on. A
 * statement with a parameter for each field costs the event loop twenty times as much.
 */
export function rowsOf(kind: Database['kind'], rows: readonly (readonly unknown[])[]): RawBuilder<unknown> {
  const json = JSON.stringify(rows);
  return kind === 'sqlite'
    ? sql`json_each(${json})`
    : sql`json_array_elements(cast(cast(${json} as text) as json))`;
}

/** PostgreSQL keeps no NUL and no half characters, which a user id may have. */
export function keptText(text: string): string {
  return text.startsWith('"') || text.includes('\0') || !text.isWellFormed() ? JSON.stringify(text) : text;
}

export function readText(kept: string): string {
  return kept.startsWith('"') ? (JSON.parse(kept) as string) : kept;
}
