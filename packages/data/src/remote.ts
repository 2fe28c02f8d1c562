import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  Kysely,
  type QueryResult,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import type { Database } from './database.ts';
import type { StatementAnswer, StatementRequest } from './owner.ts';
import { TransactionalAdapter } from './sqlite.ts';

/** Takes a request to the process that has the file, and rejects with what it threw (`message`, `code`). */
export type AskOwner = (request: StatementRequest) => Promise<StatementAnswer>;

/**
 * An SQLite database whose file another process has (`owner.ts`). A statement is one question; a transaction has the file
 * for itself from its beginning to its end.
 */
export function openRemoteDatabase(ask: AskOwner): Database {
  const kysely = new Kysely<Record<never, never>>({
    dialect: {
      createDriver: () => new RemoteDriver(ask),
      createQueryCompiler: () => new SqliteQueryCompiler(),
      createAdapter: () => new TransactionalAdapter(),
      createIntrospector: (db) => new SqliteIntrospector(db),
    },
  });
  // Its statements never stop this process's event loop anyway.
  const database: Database = {
    kysely,
    kind: 'sqlite',
    aside: () => ({ ...database, close: async () => {} }),
    close: () => kysely.destroy(),
  };
  return database;
}

class RemoteDriver implements Driver {
  readonly #ask: AskOwner;

  constructor(ask: AskOwner) {
    this.#ask = ask;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<RemoteConnection> {
    return new RemoteConnection(this.#ask);
  }

  beginTransaction(connection: RemoteConnection): Promise<void> {
    return connection.change('begin');
  }

  commitTransaction(connection: RemoteConnection): Promise<void> {
    return connection.change('commit');
  }

  rollbackTransaction(connection: RemoteConnection): Promise<void> {
    return connection.change('rollback');
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {}
}

class RemoteConnection implements DatabaseConnection {
  readonly #ask: AskOwner;
  #transaction: number | null = null;

  constructor(ask: AskOwner) {
    this.#ask = ask;
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const { rows, changes } = await this.#ask({
      kind: 'run',
      transaction: this.#transaction,
      text: sql,
      parameters: parameters.map(sendable),
    });
    return {
      rows: rows as R[],
      ...(changes === null ? {} : { numAffectedRows: BigInt(changes) }),
    };
  }

  // biome-ignore lint/correctness/useYield: rows come whole from the other process
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('A database in another process has no streams');
  }

  async change(kind: 'begin' | 'commit' | 'rollback'): Promise<void> {
    const transaction = this.#transaction;
    // A commit that fails was undone there, and there is nothing left to roll back.
    if (kind === 'rollback' && transaction === null) return;
    this.#transaction = null;
    const answer = await this.#ask({ kind, transaction, text: '', parameters: [] });
    this.#transaction = answer.transaction;
  }
}

/** Parameters are of the types that columns have. */
function sendable(value: unknown): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value);
    if (!Number.isSafeInteger(number)) throw new RangeError(`${value} cannot be held exactly`);
    return number;
  }
  if (typeof value === 'object' && value !== null) {
    throw new TypeError('Expected text, a number, a boolean or null as parameter of a statement');
  }
  return value ?? null;
}
