import type { Clock } from '@earshot/base';
import { type CachedEvent, topicOf } from '../channels/channel.ts';
import type { EventCache } from './event-cache.ts';
import { MemoryEventCache } from './event-cache-memory.ts';
import { Connection } from './redis/connection.ts';
import { keptEvent } from './redis/event-scripts.ts';
import type { Ring } from './redis/ring.ts';
import type { Server } from './redis/servers.ts';
import { decode } from './redis/wire.ts';

/**
 * The last events of cache channels in Redis, each under a key that the server forgets when its time is up, by its own clock.
 * The bus writes them (`bus-redis.ts`). While a server is away this node goes on with those that it could not hand over.
 */
export class RedisEventCache implements EventCache {
  readonly #ring: Ring;
  readonly #clock: Clock;
  readonly #connections: readonly Connection[];
  /** By server: what it has not taken. */
  readonly #local: MemoryEventCache[];

  constructor(parts: { servers: readonly Server[]; ring: Ring; clock: Clock }) {
    this.#ring = parts.ring;
    this.#clock = parts.clock;
    this.#local = parts.servers.map(() => new MemoryEventCache(parts.clock));
    this.#connections = parts.servers.map(
      ({ url }) => new Connection(url, [keptEvent], { onReady: () => undefined, onLost: () => undefined }),
    );
  }

  async get(appId: string, channel: string): Promise<CachedEvent | null> {
    const topic = topicOf(appId, channel);
    const index = this.#ring.of(topic);
    let reply: readonly [string | null, number];
    try {
      reply = (await this.#connections[index]?.run(keptEvent, [topic])) as typeof reply;
    } catch {
      return this.#local[index]?.get(appId, channel) ?? null;
    }
    const [text, ms] = reply;
    const message = decode(text?.slice(text.indexOf(' ') + 1) ?? '');
    // Without an end it is none of ours.
    if (message?.kind !== 'event' || ms <= 0) return null;
    return { frame: message.frame, expiresAt: this.#clock.now() + ms };
  }

  /** Keeps an event here that its server does not take for the time being. */
  keepHere(topic: string, frame: string, ms: number): void {
    void this.#local[this.#ring.of(topic)]?.set(topic, frame, ms);
  }

  /** The server has been handed what was kept here. */
  handedOver(server: number): void {
    this.#local[server] = new MemoryEventCache(this.#clock);
  }

  /** Resolves when every server has answered; for tests. */
  async ready(): Promise<void> {
    while (!this.#connections.every(({ ready }) => ready))
      await new Promise((resolve) => setImmediate(resolve));
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) connection.close();
  }
}
