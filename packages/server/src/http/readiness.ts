import type { Clock } from '@earshot/base';

/** A balancer that is told so often that nobody is ready sends nothing more; HAProxy and Kubernetes want it three times. */
const answersMin = 3;
/** Who asks so many times, at intervals, looks whether the server is ready; others only waited for its start. */
const asksMin = 4;
/** Several who ask within this count as one. */
const intervalMinMs = 50;
const intervalMaxMs = 15_000;
const lookMs = 20;

/**
 * Knows whether somebody asks `/readyz` again and again, as balancers do. A server that goes away serves on until
 * that one knows: what is sent to it before that would be refused, and clients that it sends away would come to it again.
 */
export class Readiness {
  readonly #clock: Clock;
  /** When it was asked, the last few times. */
  #asks: readonly number[] = [];
  /** How often it was told since then that the server is not ready. */
  #refused = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Somebody asks. @returns the answer, as it is given */
  asked(isReady: boolean): boolean {
    const now = this.#clock.monotonic();
    if (now - (this.#asks.at(-1) ?? Number.NEGATIVE_INFINITY) >= intervalMinMs) {
      this.#asks = [...this.#asks.slice(1 - asksMin), now];
      this.#refused = isReady ? 0 : this.#refused + 1;
    }
    return isReady;
  }

  /**
   * Resolves when who asks again and again has been told often enough that the server is not ready; at once where nobody
   * does, and at the latest after `maxMs` or when nobody asks any more.
   */
  async noticed(maxMs: number): Promise<void> {
    const deadline = this.#clock.monotonic() + maxMs;
    while (this.#refused < answersMin && this.#isWatched && this.#clock.monotonic() < deadline)
      await new Promise<void>((resolve) => this.#clock.after(lookMs, resolve));
  }

  get #isWatched(): boolean {
    if (this.#asks.length < asksMin) return false;
    const intervals = this.#asks.slice(1).map((at, index) => at - (this.#asks[index] ?? at));
    const longest = Math.max(...intervals);
    const since = this.#clock.monotonic() - (this.#asks.at(-1) ?? 0);
    return longest <= intervalMaxMs && since <= 2 * longest;
  }
}
