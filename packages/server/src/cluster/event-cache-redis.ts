import type { Clock } from '@earshot/base';
import { type CachedEvent, topicOf } from '../channels/channel.ts';
import type { EventCache } from './event-cache.ts';
import { MemoryEventCache } from './event-cache-memory.ts';
import { Connection } from './redis/connection.ts';
import type { Ring } from './redis/ring.ts';
import type { Server } from './redis/servers.ts';

/** What waits for a server that is away, to be written when it is back. */
const waitingMax = 10_000;

/**
 * The last events of cache channels in Redis, each under a key that the server forgets when its time is up. While a server
 * is away this node keeps them itself; what it kept is written when the server is back, unless another node has written
 * a newer one by then.
 */
export class RedisEventCache implements EventCache {
  readonly #ring: Ring;
  readonly #clock: Clock;
  readonly #connections: readonly Connection[];
  readonly #local: MemoryEventCache;
  /** By key; the oldest first. */
  readonly #waiting = new Map<string, { index: number; event: CachedEvent }>();

  constructor(parts: { servers: readonly Server[]; ring: Ring; clock: Clock }) {
    this.#ring = parts.ring;
    this.#clock = parts.clock;
    this.#local = new MemoryEventCache(parts.clock);
    this.#connections = parts.servers.map(
      ({ url }, index) =>
        new Connection(url, [], { onReady: () => this.#writeWaiting(index), onLost: () => undefined }),
    );
  }

  async set(appId: string, channel: string, event: CachedEvent): Promise<void> {
    const topic = topicOf(appId, channel);
    const key = keyOf(topic);
    const index = this.#ring.of(topic);
    try {
      await this.#write(index, key, event, []);
    } catch {
      this.#waiting.delete(key);
      this.#waiting.set(key, { index, event });
      const [oldest] = this.#waiting.keys();
      if (this.#waiting.size > waitingMax && oldest !== undefined) this.#waiting.delete(oldest);
      await this.#local.set(appId, channel, event);
    }
  }

  async get(appId: string, channel: string): Promise<CachedEvent | null> {
    const topic = topicOf(appId, channel);
    const connection = this.#connections[this.#ring.of(topic)];
    try {
      const text = await connection?.call('GET', keyOf(topic));
      const event = typeof text === 'string' ? parse(text) : null;
      return event !== null && event.expiresAt > this.#clock.now() ? event : null;
    } catch {
      return this.#local.get(appId, channel);
    }
  }

  /** Resolves when every server has answered; for tests. */
  async ready(): Promise<void> {
    while (!this.#connections.every(({ ready }) => ready))
      await new Promise((resolve) => setImmediate(resolve));
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) connection.close();
  }

  async #write(index: number, key: string, event: CachedEvent, condition: readonly string[]): Promise<void> {
    const ms = Math.ceil(event.expiresAt - this.#clock.now());
    if (ms <= 0) return;
    const text = `1 ${event.expiresAt} ${event.frame}`;
    await this.#connections[index]?.call('SET', key, text, 'PX', ms, ...condition);
  }

  #writeWaiting(index: number): void {
    for (const [key, { index: at, event }] of this.#waiting) {
      if (at !== index) continue;
      this.#waiting.delete(key);
      this.#write(index, key, event, ['NX']).catch(() => undefined); // Away again: what this node keeps is lost with it.
    }
  }
}

function keyOf(topic: string): string {
  return `earshot:1:event:${topic}`;
}

/** Format, end of its time, frame. */
function parse(text: string): CachedEvent | null {
  const [, expiresAt = '', frame = ''] = /^1 (\d+) ([\s\S]*)$/.exec(text) ?? [];
  return expiresAt === '' ? null : { frame, expiresAt: Number(expiresAt) };
}
