import { CompiledQuery, type DatabaseConnection, type Driver } from 'kysely';
import { openSqlite } from './sqlite.ts';
import { sqliteThread } from './sqlite-thread.ts';

/** What a process without the file asks of the one that has it. Made of JSON. */
export interface StatementRequest {
  readonly kind: 'run' | 'begin' | 'commit' | 'rollback';
  /** Of `begin`'s answer; null: outside of a transaction. */
  readonly transaction: number | null;
  /** '' but for `run`. */
  readonly text: string;
  readonly parameters: readonly unknown[];
}

export interface StatementAnswer {
  readonly transaction: number | null;
  readonly rows: readonly Record<string, unknown>[];
  /** How many rows were changed; null for what changes none. */
  readonly changes: number | null;
}

/** One asking process. */
export interface StatementSession {
  /** @throws what the database says, and Error for a transaction that is over */
  answer(request: StatementRequest): Promise<StatementAnswer>;
  /** The process is gone: what it has not committed is undone. */
  end(): Promise<void>;
}

/** Has an SQLite file and runs what other processes ask. */
export interface DatabaseOwner {
  session(): StatementSession;
  /** After the sessions have ended. */
  close(): Promise<void>;
}

/** A transaction keeps all others waiting; one from which nothing came for so long is undone. */
const idleMs = 30_000;

/**
 * Events between the processes pass through the same event loop, so the disk must not stop it.
 * @throws DataError when the file cannot be used
 */
export async function ownSqlite(path: string, idleTransactionMs = idleMs): Promise<DatabaseOwner> {
  // Makes the file and says what is wrong with it; statements run in a thread.
  const made = (await openSqlite(path)).createDriver();
  await made.init();
  await made.destroy();
  const driver = sqliteThread(path, 0).createDriver();
  await driver.init();
  return {
    session: () => new Session(driver, idleTransactionMs),
    close: () => driver.destroy(),
  };
}

interface Running {
  readonly connection: DatabaseConnection;
  timer: Timer;
  /** Statements under way. */
  busy: number;
}

class Session implements StatementSession {
  readonly #driver: Driver;
  readonly #idleMs: number;
  readonly #running = new Map<number, Running>();
  #lastId = 0;
  #ended = false;

  constructor(driver: Driver, idleTransactionMs: number) {
    this.#driver = driver;
    this.#idleMs = idleTransactionMs;
  }

  async answer(request: StatementRequest): Promise<StatementAnswer> {
    const { kind, transaction } = request;
    if (kind === 'begin') return this.#begin();
    if (transaction === null) return this.#runAlone(request);
    const running = this.#running.get(transaction);
    if (running === undefined) {
      throw new Error(`The transaction is over: nothing came for ${this.#idleMs / 1000} s, or it has ended`);
    }
    if (kind === 'run') return this.#runIn(running, request, transaction);
    this.#forget(transaction, running);
    try {
      if (kind === 'commit') await this.#driver.commitTransaction(running.connection);
      else await this.#driver.rollbackTransaction(running.connection);
    } catch (error) {
      // A commit that fails leaves the transaction open, and the connection is everybody's.
      if (kind === 'commit') await this.#undo(running);
      throw error;
    } finally {
      await this.#driver.releaseConnection(running.connection);
    }
    return { transaction: null, rows: [], changes: null };
  }

  async end(): Promise<void> {
    this.#ended = true;
    for (const [id, running] of this.#running) await this.#abandon(id, running);
  }

  async #begin(): Promise<StatementAnswer> {
    const connection = await this.#driver.acquireConnection();
    try {
      if (this.#ended) throw new Error('The process that asked is gone');
      await this.#driver.beginTransaction(connection, {});
    } catch (error) {
      await this.#driver.releaseConnection(connection);
      throw error;
    }
    const id = ++this.#lastId;
    const running = { connection, timer: setTimeout(() => {}, 0), busy: 0 };
    this.#running.set(id, running);
    if (this.#ended) await this.#abandon(id, running);
    else this.#restart(id, running);
    return { transaction: id, rows: [], changes: null };
  }

  async #runAlone({ text, parameters }: StatementRequest): Promise<StatementAnswer> {
    const connection = await this.#driver.acquireConnection();
    try {
      if (this.#ended) throw new Error('The process that asked is gone');
      return await run(connection, text, parameters, null);
    } finally {
      await this.#driver.releaseConnection(connection);
    }
  }

  async #runIn(
    running: Running,
    { text, parameters }: StatementRequest,
    id: number,
  ): Promise<StatementAnswer> {
    running.busy++;
    try {
      return await run(running.connection, text, parameters, id);
    } finally {
      running.busy--;
      if (this.#running.has(id)) this.#restart(id, running);
    }
  }

  #restart(id: number, running: Running): void {
    clearTimeout(running.timer);
    running.timer = setTimeout(() => {
      if (running.busy > 0) this.#restart(id, running);
      else void this.#abandon(id, running);
    }, this.#idleMs);
    running.timer.unref();
  }

  #forget(id: number, running: Running): void {
    clearTimeout(running.timer);
    this.#running.delete(id);
  }

  async #abandon(id: number, running: Running): Promise<void> {
    this.#forget(id, running);
    await this.#undo(running);
    await this.#driver.releaseConnection(running.connection);
  }

  async #undo({ connection }: Running): Promise<void> {
    try {
      await this.#driver.rollbackTransaction(connection);
    } catch (error) {
      // SQLite undoes some by itself, as when the disk is full.
      if (!(error instanceof Error && error.message.includes('no transaction is active'))) throw error;
    }
  }
}

async function run(
  connection: DatabaseConnection,
  text: string,
  parameters: readonly unknown[],
  transaction: number | null,
): Promise<StatementAnswer> {
  const { rows, numAffectedRows } = await connection.executeQuery<Record<string, unknown>>(
    CompiledQuery.raw(text, [...parameters]),
  );
  return { transaction, rows, changes: numAffectedRows === undefined ? null : Number(numAffectedRows) };
}
