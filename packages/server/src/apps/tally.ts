import { type Transport, transports } from '@earshot/dashboard';
import type { Usage } from './usage.ts';

/** What is counted of an app. */
export const countNames = [
  /** Events accepted from publishers; one for several channels counts once, as it does for the quota. */
  'published',
  /** Events accepted from clients. */
  'clientEvents',
  /** Events that went to a subscriber of this node, each one counted. */
  'delivered',
  'apiRequests',
  /** Of these, the ones that were answered with 4xx or 5xx. */
  'apiErrors',
  /** Events of webhooks that their receiver has taken, and those that were given up. */
  'webhooksDelivered',
  'webhooksFailed',
] as const;
export type CountName = (typeof countNames)[number];
export type Counts = Record<CountName, number>;

/** Connections by transport. */
export type OpenConnections = Record<Transport, number>;

export function noCounts(): Counts {
  return {
    published: 0,
    clientEvents: 0,
    delivered: 0,
    apiRequests: 0,
    apiErrors: 0,
    webhooksDelivered: 0,
    webhooksFailed: 0,
  };
}

export function noConnections(): OpenConnections {
  return { websocket: 0, xhr_streaming: 0, xhr_polling: 0, event_stream: 0 };
}

/**
 * What happens in an app on this node, as plain numbers that hot paths add to; `statistics/` reads them once a second, and
 * only those of apps where something happened.
 */
export class Tally {
  /** Since the process began; never set back. */
  readonly counts = noCounts();
  readonly open = noConnections();
  /** Most open ones at one time since `settleMost`. */
  readonly most = noConnections();
  /** Channels with a subscription here. */
  channels = 0;
  /** Something happened since this was set to false. */
  isTouched = false;
  /** Called when the first thing happens after that. */
  onTouched: (() => void) | null = null;
  readonly #usage: Usage;

  constructor(usage: Usage) {
    this.#usage = usage;
  }

  add(name: CountName, by = 1): void {
    this.counts[name] += by;
    this.#touch();
  }

  /** An event went to so many subscribers of this node; each counts as a message of the day. */
  delivered(recipients: number): void {
    if (recipients <= 0) return;
    this.#usage.count(recipients);
    this.counts.delivered += recipients;
    this.#touch();
  }

  opened(transport: Transport): void {
    const now = ++this.open[transport];
    if (now > this.most[transport]) this.most[transport] = now;
    this.#touch();
  }

  closed(transport: Transport): void {
    this.open[transport]--;
    this.#touch();
  }

  /** From now on `most` counts from what is open. @returns whether that is less than it was */
  settleMost(): boolean {
    let isLess = false;
    for (const transport of transports) {
      if (this.most[transport] !== this.open[transport]) isLess = true;
      this.most[transport] = this.open[transport];
    }
    return isLess;
  }

  #touch(): void {
    if (this.isTouched) return;
    this.isTouched = true;
    this.onTouched?.();
  }
}
