import { type Dialect, Kysely } from 'kysely';
import { openPostgres } from './postgres.ts';
import { openSqlite } from './sqlite.ts';

/** Each owner adds its own tables: `database.kysely.withTables<ServerTables>()`. */
export interface Database {
  readonly kysely: Kysely<Record<never, never>>;
  readonly kind: 'sqlite' | 'postgres';
  close(): Promise<void>;
}

/**
 * Opens `sqlite:/absolute/file` or `postgres://…`. Both give the same shapes: numbers (times are milliseconds since the
 * epoch), text, null, and 0 or 1 for what is true or false. Columns are `integer`, `bigint` and `text`; there is no
 * column type for booleans that both would have.
 *
 * @throws DataError when the database cannot be reached or used
 */
export async function openDatabase(url: string): Promise<Database> {
  const kind = url.startsWith('sqlite:') ? 'sqlite' : 'postgres';
  const dialect: Dialect =
    kind === 'sqlite' ? await openSqlite(url.slice('sqlite:'.length)) : await openPostgres(url);
  const kysely = new Kysely<Record<never, never>>({ dialect });
  return { kysely, kind, close: () => kysely.destroy() };
}
