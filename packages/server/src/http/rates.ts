import type { Clock } from '@earshot/base';

/** Counts what may be done within a second, for all processes that share the counts. */
export interface Rates {
  /**
   * Takes `amount` from a bucket of `limit` that fills up within a second. More than the bucket holds is taken from a full
   * one, and has to be filled up first.
   * @returns false, and takes nothing, when there is not enough
   */
  take(key: string, amount: number, limit: number): Promise<boolean> | boolean;
}

/** Of one process. Keys are ids of apps, so there are not many. */
export class RateBuckets implements Rates {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, { left: number; at: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  take(key: string, amount: number, limit: number): boolean {
    const now = this.#clock.monotonic();
    const bucket = this.#buckets.get(key) ?? { left: limit, at: now };
    const left = Math.min(limit, bucket.left + ((now - bucket.at) / 1000) * limit);
    const isEnough = left >= Math.min(amount, limit);
    this.#buckets.set(key, { left: isEnough ? left - amount : left, at: now });
    return isEnough;
  }
}

/** Rates that are counted elsewhere for all nodes, and here while that cannot be asked. */
export function sharedRates(
  shared: { take(key: string, amount: number, limit: number): Promise<boolean | undefined> },
  here: Rates,
): Rates {
  return {
    take: async (key, amount, limit) =>
      (await shared.take(key, amount, limit)) ?? here.take(key, amount, limit),
  };
}
