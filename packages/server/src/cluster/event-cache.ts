import type { CachedEvent } from '../channels/channel.ts';

/** The last published event of each cache channel, for the whole cluster and also while nobody is subscribed. */
export interface EventCache {
  /** Resolves when the event is kept; it replaces the one before. */
  set(appId: string, channel: string, event: CachedEvent): Promise<void>;
  /** The event, if one is kept and has not expired. */
  get(appId: string, channel: string): Promise<CachedEvent | null>;
  close(): Promise<void>;
}
