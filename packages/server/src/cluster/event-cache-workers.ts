import type { CachedEvent } from '../channels/channel.ts';
import type { Link } from '../link/link.ts';
import type { EventCache } from './event-cache.ts';
import type { MemoryEventCache } from './event-cache-memory.ts';

/** A worker's end: the supervisor keeps the events. */
export class WorkersEventCache implements EventCache {
  readonly #link: Link;

  constructor(link: Link) {
    this.#link = link;
  }

  get(appId: string, channel: string): Promise<CachedEvent | null> {
    return this.#link.ask('cache.get', [appId, channel]);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** The supervisor's side. */
export function serveEventCache(cache: MemoryEventCache, link: Link): void {
  link.on<[string, string, number]>('cache.set', ([topic, frame, ms]) => cache.set(topic, frame, ms));
  link.on<[string, string]>('cache.get', ([appId, channel]) => cache.get(appId, channel));
}
