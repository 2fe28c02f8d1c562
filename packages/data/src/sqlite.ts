import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type QueryResult,
  SqliteAdapter,
  SqliteDialect,
  type SqliteDialectConfig,
  SqliteDriver,
} from 'kysely';
import { DataError, isBusy, messageOf } from './error.ts';
import { preparePrivateFile } from './files.ts';
import { openFile, statement } from './sqlite-file.ts';

/** How long a statement waits for another process that writes, and how often it looks. */
const busyTimeoutMs = 30_000;
const busyRetryMs = 10;

/** Opens the file, creating it (0600) if need be. `-wal` and `-shm` get the same rights from SQLite. */
export async function openSqlite(path: string): Promise<Dialect> {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    preparePrivateFile(path);
    const file = openFile(path);
    // Two processes that do this to a new file at once: one is told that it is busy, whatever the timeout.
    await patiently(() => file.run('pragma journal_mode = wal'));
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

/**
 * Waits while another process writes. What met its lock has done nothing and can be repeated. SQLite could wait by
 * itself (`busy_timeout`), but would stop the event loop for so long.
 */
async function patiently<Result>(work: () => Result | Promise<Result>): Promise<Result> {
  const deadline = performance.now() + busyTimeoutMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error;
    }
    await Bun.sleep(busyRetryMs);
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

class ImmediateDriver extends SqliteDriver {
  override async acquireConnection(): Promise<DatabaseConnection> {
    return new PatientConnection(await super.acquireConnection());
  }

  /** Takes the write lock at once: one that reads first fails when another process writes in between. */
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }
}

class PatientConnection implements DatabaseConnection {
  readonly #connection: DatabaseConnection;

  constructor(connection: DatabaseConnection) {
    this.#connection = connection;
  }

  executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    return patiently(() => this.#connection.executeQuery<R>(query));
  }

  streamQuery<R>(query: CompiledQuery, chunkSize: number): AsyncIterableIterator<QueryResult<R>> {
    return this.#connection.streamQuery<R>(query, chunkSize);
  }
}

/** SQLite can undo changes of tables. So migrations run in a transaction, whose write lock keeps others out. */
export class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}
