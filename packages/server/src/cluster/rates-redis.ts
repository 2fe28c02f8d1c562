import { Connection, type Reply, type Script } from './redis/connection.ts';
import { addToCount, forgetCount, takeFromBucket } from './redis/rate-scripts.ts';
import type { Ring } from './redis/ring.ts';
import type { Server } from './redis/servers.ts';

/** What was counted within a window that is under way. */
export interface Counted {
  readonly taken: number;
  readonly msLeft: number;
}

/** Counts of all nodes together, by the brokers' clocks. While a broker is away it says so, and each node counts for itself. */
export class RedisRates {
  readonly #ring: Ring;
  readonly #connections: readonly Connection[];

  constructor(parts: { servers: readonly Server[]; ring: Ring }) {
    this.#ring = parts.ring;
    const scripts = [takeFromBucket, addToCount, forgetCount];
    this.#connections = parts.servers.map(
      ({ url }) => new Connection(url, scripts, { onReady: () => undefined, onLost: () => undefined }),
    );
  }

  /** As `Rates` says; undefined while the broker of the key is away. */
  async take(key: string, amount: number, limit: number): Promise<boolean | undefined> {
    const reply = await this.#run(takeFromBucket, key, amount, limit);
    return reply === undefined ? undefined : reply === 1;
  }

  /** Adds to what is counted under the key; undefined while its broker is away. */
  async count(key: string, points: number, seconds: number): Promise<Counted | undefined> {
    const reply = await this.#run(addToCount, key, points, seconds * 1000);
    if (reply === undefined) return undefined;
    const [taken, msLeft] = reply as [number, number];
    return { taken, msLeft };
  }

  /** What was counted under the key is void. While its broker is away nothing happens. */
  async forget(key: string): Promise<void> {
    await this.#run(forgetCount, key);
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }

  async #run(script: Script, key: string, ...args: number[]): Promise<Reply | undefined> {
    const connection = this.#connections[this.#ring.of(key)];
    if (connection?.ready !== true) return undefined;
    // Whatever is wrong with the broker, it is no reason to refuse what may be right.
    return connection.run(script, [key, ...args]).catch(() => undefined);
  }
}
