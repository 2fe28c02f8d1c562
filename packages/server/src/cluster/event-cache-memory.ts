import type { Clock } from '@earshot/base';
import { type CachedEvent, topicOf } from '../channels/channel.ts';
import type { EventCache } from './event-cache.ts';

/** What all cached frames together may hold; beyond it the events written longest ago go first. */
const charactersMax = 64 * 1024 * 1024;

export class MemoryEventCache implements EventCache {
  readonly #clock: Clock;
  /** In the order of writing, so that the first is the oldest. */
  readonly #events = new Map<string, CachedEvent>();
  #characters = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when the event is kept for so long; it replaces the one before. */
  set(topic: string, frame: string, ms: number): Promise<void> {
    this.#delete(topic);
    this.#events.set(topic, { frame, expiresAt: this.#clock.now() + ms });
    this.#characters += frame.length;
    for (const [oldest, held] of this.#events) {
      if (this.#characters <= charactersMax && held.expiresAt > this.#clock.now()) break;
      this.#delete(oldest);
    }
    return Promise.resolve();
  }

  get(appId: string, channel: string): Promise<CachedEvent | null> {
    const key = topicOf(appId, channel);
    const event = this.#events.get(key);
    if (event === undefined) return Promise.resolve(null);
    if (event.expiresAt > this.#clock.now()) return Promise.resolve(event);
    this.#delete(key);
    return Promise.resolve(null);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #delete(key: string): void {
    const event = this.#events.get(key);
    if (event === undefined) return;
    this.#events.delete(key);
    this.#characters -= event.frame.length;
  }
}
