import { type Dialect, Kysely } from 'kysely';
import { openPostgres } from './postgres.ts';
import { openSqlite } from './sqlite.ts';
import { sqliteThread } from './sqlite-thread.ts';

/** Each owner adds its own tables: `database.kysely.withTables<ServerTables>()`. */
export interface Database {
  readonly kysely: Kysely<Record<never, never>>;
  readonly kind: 'sqlite' | 'postgres';
  /**
   * Another way to the same data whose statements never stop the event loop, for what writes all the time: with SQLite a
   * connection in a thread of its own, which begins with the first statement; with PostgreSQL this one. To be closed too.
   */
  aside(): Database;
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
  const database: Database = {
    kysely,
    kind,
    aside: () => (kind === 'postgres' ? { ...database, close: async () => {} } : inThread(url)),
    close: () => kysely.destroy(),
  };
  return database;
}

function inThread(url: string): Database {
  const kysely = new Kysely<Record<never, never>>({ dialect: sqliteThread(url.slice('sqlite:'.length)) });
  return { kysely, kind: 'sqlite', aside: () => inThread(url), close: () => kysely.destroy() };
}
