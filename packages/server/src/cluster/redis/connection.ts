import { createHash } from 'node:crypto';
import { Redis, type RedisOptions } from 'ioredis';

/** A Lua script, known to the server by the hash of its text. */
export interface Script {
  readonly text: string;
  readonly hash: string;
}

export function script(text: string): Script {
  return { text, hash: createHash('sha1').update(text).digest('hex') };
}

export type Argument = string | number;

/** What a reply of a script holds. */
export type Reply = string | number | null | readonly Reply[];

/** A connection from which nothing has come for so long though something was asked is given up. */
const silenceMs = 3_000;
/** Longest wait between two tries. */
const retryMaxMs = 1_000;

export interface ConnectionEvents {
  /** Usable, at first and after each loss. */
  onReady(): void;
  onLost(): void;
  onMessage?(channel: string, message: string): void;
}

/**
 * One connection to a Redis or Valkey, kept up for ever: the only file that knows the client library.
 *
 * Nothing is queued or repeated here. What was asked and not answered when the connection is lost is rejected, and
 * whoever asked decides what that means; so nothing is ever sent twice behind anybody's back.
 */
export class Connection {
  readonly #redis: Redis;
  #ready = false;
  #closed = false;

  constructor(url: string, scripts: readonly Script[], events: ConnectionEvents) {
    this.#redis = new Redis(url, {
      ...shared,
      retryStrategy: (attempt: number) => Math.min(50 * 2 ** Math.min(attempt, 10), retryMaxMs),
    });
    // Each failed try is one; `onLost` has told it already.
    this.#redis.on('error', () => undefined);
    this.#redis.on('ready', () => this.#prepare(scripts, events));
    this.#redis.on('close', () => {
      if (!this.#ready) return;
      this.#ready = false;
      events.onLost();
    });
    const { onMessage } = events;
    if (onMessage !== undefined) this.#redis.on('message', onMessage);
  }

  get ready(): boolean {
    return this.#ready;
  }

  /** @throws when the server refuses it, or the connection is lost before the answer */
  call(command: string, ...args: Argument[]): Promise<Reply> {
    return this.#redis.call(command, ...args) as Promise<Reply>;
  }

  /** Runs a script. The server may have forgotten it, if somebody told it to. */
  async run(script: Script, args: readonly Argument[]): Promise<Reply> {
    try {
      return await this.call('EVALSHA', script.hash, 0, ...args);
    } catch (error) {
      if (!String(error).includes('NOSCRIPT')) throw error;
      return this.call('EVAL', script.text, 0, ...args);
    }
  }

  /** Runs scripts in the order given, in one write; each settles by itself. */
  runAll(
    calls: readonly { script: Script; args: readonly Argument[] }[],
  ): Promise<PromiseSettledResult<Reply>[]> {
    return Promise.allSettled(calls.map(({ script, args }) => this.run(script, args)));
  }

  async subscribe(channels: readonly string[]): Promise<void> {
    await this.#redis.subscribe(...channels);
  }

  async unsubscribe(channels: readonly string[]): Promise<void> {
    await this.#redis.unsubscribe(...channels);
  }

  /** Gives the connection up and makes a new one. */
  renew(): void {
    if (!this.#closed) this.#redis.disconnect(true);
  }

  close(): void {
    this.#closed = true;
    this.#redis.disconnect();
  }

  async #prepare(scripts: readonly Script[], events: ConnectionEvents): Promise<void> {
    try {
      await Promise.all(scripts.map(({ text }) => this.call('SCRIPT', 'LOAD', text)));
    } catch {
      // Lost again, which is told by the next `close`, or not allowed, which the first script will say.
      if (this.#redis.status !== 'ready') return;
    }
    this.#ready = true;
    events.onReady();
  }
}

/** The server has answered, and said no; anything else means that nobody knows whether it was done. */
export function isRefusal(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError';
}

const shared = {
  protocol: 2,
  lazyConnect: false,
  connectTimeout: 5_000,
  socketTimeout: silenceMs,
  keepAlive: 10_000,
  enableOfflineQueue: false,
  autoResubscribe: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  disableClientInfo: true,
  connectionName: 'earshot',
} satisfies RedisOptions;

/**
 * Asks a server what it is, once.
 * @returns the text of INFO, and whether it takes what we send
 * @throws with the reason that the server or the network gave
 */
export async function inspect(url: string): Promise<{ info: string }> {
  const redis = new Redis(url, { ...shared, lazyConnect: true, retryStrategy: () => null });
  let reason: Error | undefined;
  redis.on('error', (error: Error) => {
    reason ??= error;
  });
  try {
    await redis.connect();
    // While connecting, a database that is not there is no error.
    await redis.call('SELECT', redis.options.db ?? 0);
    return { info: String(await redis.call('INFO')) };
  } catch (error) {
    throw reason ?? error;
  } finally {
    redis.disconnect();
  }
}
