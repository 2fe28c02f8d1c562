import type { CachedEvent } from '../channels/channel.ts';
import type { Link } from '../link/link.ts';
import type { EventCache } from './event-cache.ts';

/** A worker's end: the supervisor keeps the events. */
export class WorkersEventCache implements EventCache {
  readonly #link: Link;

  constructor(link: Link) {
    this.#link = link;
  }

  async set(appId: string, channel: string, event: CachedEvent): Promise<void> {
    await this.#link.ask('cache.set', [appId, channel, event]);
  }

  get(appId: string, channel: string): Promise<CachedEvent | null> {
    return this.#link.ask('cache.get', [appId, channel]);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** The supervisor's side. */
export function serveEventCache(cache: EventCache, link: Link): void {
  link.on<[string, string, CachedEvent]>('cache.set', ([appId, channel, event]) =>
    cache.set(appId, channel, event),
  );
  link.on<[string, string]>('cache.get', ([appId, channel]) => cache.get(appId, channel));
}
