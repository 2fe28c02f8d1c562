import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type Kysely,
  type QueryResult,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import { TransactionalAdapter } from './sqlite.ts';

/** What the thread is told; `text` null: close the file. */
export interface ThreadRequest {
  readonly id: number;
  readonly path: string;
  readonly niceness: number;
  readonly text: string | null;
  readonly parameters: readonly unknown[];
}

export type ThreadAnswer = { readonly id: number } & (
  | { readonly rows: Record<string, unknown>[]; readonly changes: number }
  | { readonly failed: string; readonly code: string | null }
);

/** Where cores are few, event loops go first: such a thread gets what they leave, and 3 % of a core that they do not leave. */
const asideNiceness = 15;

/**
 * SQLite on a connection of its own in a thread of its own, so that waiting for the disk stops nobody's event loop.
 * @param niceness 0: nobody goes before it
 */
export function sqliteThread(path: string, niceness = asideNiceness): Dialect {
  return {
    createDriver: () => new ThreadDriver(path, niceness),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createAdapter: () => new TransactionalAdapter(),
    createIntrospector: (db: Kysely<unknown>) => new SqliteIntrospector(db),
  };
}

/** One connection, held by one statement or transaction at a time. */
class ThreadDriver implements Driver {
  readonly #connection: ThreadConnection;
  #last: Promise<void> = Promise.resolve();
  #release: () => void = () => undefined;

  constructor(path: string, niceness: number) {
    this.#connection = new ThreadConnection(path, niceness);
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const before = this.#last;
    this.#last = promise;
    await before;
    this.#release = resolve;
    return this.#connection;
  }

  async releaseConnection(): Promise<void> {
    this.#release();
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'));
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    try {
      await connection.executeQuery(CompiledQuery.raw('rollback'));
    } catch (error) {
      // A full disk makes SQLite roll back by itself.
      if (!(error instanceof Error && error.message.includes('no transaction is active'))) throw error;
    }
  }

  async destroy(): Promise<void> {
    await this.#last;
    await this.#connection.close();
  }
}

/** As Bun has it: one that is not referenced does not keep the process alive. */
type Thread = Worker & { ref(): void; unref(): void };

interface Waiting {
  resolve(result: QueryResult<never>): void;
  reject(error: Error): void;
}

class ThreadConnection implements DatabaseConnection {
  readonly #path: string;
  readonly #niceness: number;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Thread | null = null;
  #lastId = 0;

  constructor(path: string, niceness: number) {
    this.#path = path;
    this.#niceness = niceness;
  }

  executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    return this.#ask(sql, parameters) as Promise<QueryResult<R>>;
  }

  // biome-ignore lint/correctness/useYield: rows come whole from the thread, as nobody here has more than a page of them
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('the thread of SQLite has no streams');
  }

  async close(): Promise<void> {
    if (this.#worker === null) return;
    await this.#ask(null, []);
    const worker = this.#worker;
    this.#worker = null;
    worker.terminate();
  }

  #ask(text: string | null, parameters: readonly unknown[]): Promise<QueryResult<never>> {
    this.#worker ??= this.#start();
    const worker = this.#worker;
    const id = ++this.#lastId;
    // Only who waits for an answer is a reason for the process to live on.
    if (this.#waiting.size === 0) worker.ref();
    const { promise, resolve, reject } = Promise.withResolvers<QueryResult<never>>();
    this.#waiting.set(id, { resolve, reject });
    const request: ThreadRequest = { id, path: this.#path, niceness: this.#niceness, text, parameters };
    worker.postMessage(request);
    return promise;
  }

  #start(): Thread {
    const worker = new Worker(new URL('./sqlite-thread-entry.ts', import.meta.url).href) as Thread;
    worker.onmessage = ({ data }: MessageEvent<ThreadAnswer>) => {
      const waiting = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      if (this.#waiting.size === 0) worker.unref();
      if (waiting === undefined) return;
      if ('failed' in data) waiting.reject(Object.assign(new Error(data.failed), { code: data.code }));
      else waiting.resolve({ rows: data.rows as never[], numAffectedRows: BigInt(data.changes) });
    };
    // What it was about to do is unknown; who asked may ask again, which begins a new thread.
    const ended = (why: string) => {
      if (this.#worker === worker) this.#worker = null;
      for (const { reject } of this.#waiting.values())
        reject(new Error(`the thread of SQLite ended: ${why}`));
      this.#waiting.clear();
    };
    worker.onerror = ({ message }) => ended(message);
    worker.addEventListener('close', () => ended('it was closed'));
    return worker;
  }
}
