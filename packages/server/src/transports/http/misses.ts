import type { Clock } from '@earshot/base';

const windowMs = 60_000;
const missesMax = 300;
const addressesMax = 10_000;

/**
 * Requests for sessions that do not exist, by address. Session ids of pusher-js have 40 random bits, and whoever guesses
 * one reads along: so nobody may guess often. A restart of the server makes honest clients miss once each.
 */
export class Misses {
  readonly #clock: Clock;
  #since: number;
  readonly #counts = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#since = clock.monotonic();
  }

  /** Whether the address has missed too often in this minute. */
  tooMany(address: string): boolean {
    return (this.#counts.get(address) ?? 0) >= missesMax;
  }

  count(address: string): void {
    const now = this.#clock.monotonic();
    if (now - this.#since > windowMs || this.#counts.size >= addressesMax) {
      this.#counts.clear();
      this.#since = now;
    }
    this.#counts.set(address, (this.#counts.get(address) ?? 0) + 1);
  }
}
