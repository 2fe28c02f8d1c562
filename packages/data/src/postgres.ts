import { type Dialect, PostgresDialect, type PostgresPoolClient, type PostgresQueryResult } from 'kysely';
import { DataError, messageOf } from './error.ts';
import { fromDatabase } from './values.ts';

const connectionsMax = 4;
const connectTimeoutSeconds = 10;
const closeTimeoutSeconds = 5;

/**
 * Opens a pool of connections. The rest is Kysely's own dialect, made for `pg`, whose pool can take the place of this
 * one.
 */
export async function openPostgres(url: string): Promise<Dialect> {
  // With `bigint`, whole numbers of 8 bytes (times in milliseconds, counts) do not come as text.
  const pool = new Bun.SQL(url, {
    max: connectionsMax,
    connectionTimeout: connectTimeoutSeconds,
    bigint: true,
  });
  try {
    await pool.unsafe('select 1');
  } catch (error) {
    await pool.close({ timeout: 0 });
    const { host, pathname } = new URL(url);
    throw new DataError(
      `EARSHOT_DATABASE_URL points to ${host}${pathname} (user and password not shown), which cannot be used: ` +
        `${messageOf(error)}. Expected a running PostgreSQL with that database. Start it, or correct the address`,
    );
  }
  return new PostgresDialect({
    pool: {
      connect: async () => {
        const client = new Client(pool, await reserve(pool));
        return {
          query: client.query.bind(client) as PostgresPoolClient['query'],
          release: () => client.release(),
        };
      },
      end: () => pool.close({ timeout: closeTimeoutSeconds }),
    },
  });
}

type Rows = Record<string, unknown>[] & { count: number; command: string };

/** One connection of the pool, held until `release`. */
class Client {
  readonly #pool: Bun.SQL;
  #connection: Bun.ReservedSQL | undefined;
  #inTransaction = false;

  constructor(pool: Bun.SQL, connection: Bun.ReservedSQL) {
    this.#pool = pool;
    this.#connection = connection;
  }

  async query(text: string, parameters: ReadonlyArray<unknown>): Promise<PostgresQueryResult<unknown>> {
    const rows = await this.#run(text, [...parameters]);
    if (isBegin.test(text)) this.#inTransaction = true;
    else if (/^(commit|rollback)$/.test(text)) this.#inTransaction = false;
    return {
      command: rows.command.split(' ')[0] as PostgresQueryResult<unknown>['command'],
      rowCount: rows.count,
      rows: rows.map(fromDatabase),
    };
  }

  release(): void {
    this.#connection?.release();
    this.#connection = undefined;
  }

  /**
   * After a restart of PostgreSQL every connection of the pool is dead, and says so at its next statement. A statement
   * that changes nothing goes to another connection then. A change outside a transaction fails instead, because it may
   * have been made; so writers use transactions, which begin anew.
   */
  async #run(text: string, parameters: unknown[]): Promise<Rows> {
    const repeatable = !this.#inTransaction && (isBegin.test(text) || /^select\b/.test(text));
    for (let attempt = 0; ; attempt++) {
      this.#connection ??= await reserve(this.#pool);
      try {
        return (await this.#connection.unsafe(text, parameters)) as Rows;
      } catch (error) {
        if (!repeatable || attempt >= connectionsMax || !isConnectionLost(error)) throw error;
        this.release();
      }
    }
  }
}

const isBegin = /^(begin|start transaction)\b/;

async function reserve(pool: Bun.SQL): Promise<Bun.ReservedSQL> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await pool.reserve();
    } catch (error) {
      if (attempt >= connectionsMax || !isConnectionLost(error)) throw error;
    }
  }
}

/** SQL states: class 08 are failures of the connection, 57P01 to 57P03 a server that stops or starts. */
function isConnectionLost(error: unknown): boolean {
  const { code, errno } = error as { code?: unknown; errno?: unknown };
  return (
    /^ERR_POSTGRES_(CONNECTION|IDLE|LIFETIME)_/.test(String(code)) || /^(08|57P0[123])/.test(String(errno))
  );
}
