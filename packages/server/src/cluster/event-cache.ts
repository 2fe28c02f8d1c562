import type { CachedEvent } from '../channels/channel.ts';

/**
 * The last published event of each cache channel, for the whole cluster and also while nobody is subscribed. The bus puts it
 * there as it relays it (`Bus.keep`).
 */
export interface EventCache {
  /** The event, if one is kept and has not expired. */
  get(appId: string, channel: string): Promise<CachedEvent | null>;
  close(): Promise<void>;
}
