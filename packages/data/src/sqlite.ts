import { type SQLQueryBindings, Database as SqliteFile } from 'bun:sqlite';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  SqliteAdapter,
  SqliteDialect,
  type SqliteDialectConfig,
  SqliteDriver,
  type SqliteStatement,
} from 'kysely';
import { DataError, messageOf } from './error.ts';
import { preparePrivateFile } from './files.ts';
import { fromDatabase, toDatabase } from './values.ts';

/** How long a statement waits for another process that writes. The event loop stands still meanwhile. */
const busyTimeoutMs = 5_000;

/** Opens the file, creating it (0600) if need be. `-wal` and `-shm` get the same rights from SQLite. */
export function openSqlite(path: string): Dialect {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    preparePrivateFile(path);
    // Whole numbers come as bigint, so that one too large for a number is noticed instead of rounded.
    const file = new SqliteFile(path, { readwrite: true, safeIntegers: true });
    file.run(`pragma busy_timeout = ${busyTimeoutMs}`);
    file.run('pragma journal_mode = wal');
    file.run('pragma foreign_keys = on');
    return new BunSqliteDialect({
      database: { close: () => file.close(), prepare: (text) => statement(file, text) },
    });
  } catch (error) {
    throw new DataError(
      `The database file ${path} cannot be used: ${messageOf(error)}. Expected an SQLite file that this user may ` +
        'write. Look at EARSHOT_DATABASE_URL and EARSHOT_DATA_DIR, and at who owns the file',
    );
  }
}

class BunSqliteDialect extends SqliteDialect {
  readonly #config: SqliteDialectConfig;

  constructor(config: SqliteDialectConfig) {
    super(config);
    this.#config = config;
  }

  override createDriver(): SqliteDriver {
    return new ImmediateDriver(this.#config);
  }

  override createAdapter(): SqliteAdapter {
    return new TransactionalAdapter();
  }
}

/** Takes the write lock at once: one that reads first fails when another process writes in between. */
class ImmediateDriver extends SqliteDriver {
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }
}

/** SQLite can undo changes of tables. So migrations run in a transaction, whose write lock keeps others out. */
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

/** A statement of Bun's in the shape that Kysely expects. It runs once and is freed then. */
function statement(file: SqliteFile, text: string): SqliteStatement {
  const prepared = file.prepare<Record<string, unknown>, SQLQueryBindings[]>(text);
  const once =
    <Result>(run: (parameters: SQLQueryBindings[]) => Result) =>
    (parameters: ReadonlyArray<unknown>): Result => {
      try {
        return run(parameters.map(toDatabase) as SQLQueryBindings[]);
      } finally {
        prepared.finalize();
      }
    };
  const rows = (parameters: SQLQueryBindings[]) => prepared.all(...parameters).map(fromDatabase);
  return {
    reader: prepared.columnNames.length > 0,
    all: once(rows),
    iterate: once((parameters) => rows(parameters).values()),
    run: once((parameters) => prepared.run(...parameters)),
  };
}
