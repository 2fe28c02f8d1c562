import type { Env, Pending } from '../client/env.ts';

/** Between two events of a connection: eight a second at most. */
export const gapMs = 125;
/** Where each is a request of its own. */
const httpGapMs = 500;
/** The server says that it is too much: twice as far apart each time, up to this. */
const gapMost = 2_000;
/** After so long without another word of it: half as far again. */
const easeMs = 5_000;

export interface PacerOptions {
  readonly env: Pick<Env, 'now' | 'after'>;
  /** Sends all that waits as one event. */
  readonly flush: () => void;
}

/** When what waits is sent. What comes in between shares the next event; nothing is dropped. */
export class Pacer {
  readonly #env: Pick<Env, 'now' | 'after'>;
  readonly #flush: () => void;
  #base = gapMs;
  #factor = 1;
  #refusedAt = 0;
  #lastAt = Number.NEGATIVE_INFINITY;
  #timer: Pending | null = null;
  #open = false;
  #wanted = false;

  constructor({ env, flush }: PacerOptions) {
    this.#env = env;
    this.#flush = flush;
  }

  /** Something waits. */
  want(): void {
    this.#wanted = true;
    this.#plan();
  }

  /** Whether there is a connection to send on. */
  set open(open: boolean) {
    this.#open = open;
    if (open) this.#plan();
    else this.#forget();
  }

  /** The connection has no WebSocket. */
  set http(http: boolean) {
    this.#base = http ? httpGapMs : gapMs;
  }

  /** The server has refused an event because they come too fast. */
  refused(): void {
    const now = this.#env.now();
    // Several events of one burst count once.
    if (this.#factor > 1 && now - this.#refusedAt < this.#gap()) return;
    this.#refusedAt = now;
    this.#factor = Math.min(this.#factor * 2, gapMost / this.#base);
    this.#forget();
    this.#plan();
  }

  stop(): void {
    this.#open = false;
    this.#forget();
  }

  #gap(): number {
    return this.#base * Math.max(1, this.#factor);
  }

  #plan(): void {
    if (!this.#wanted || !this.#open || this.#timer !== null) return;
    const now = this.#env.now();
    if (this.#factor > 1 && now - this.#refusedAt >= easeMs) {
      this.#factor /= 2;
      this.#refusedAt = now;
    }
    const since = Math.max(this.#lastAt, this.#factor > 1 ? this.#refusedAt : 0);
    const wait = Math.max(0, since + this.#gap() - now);
    if (wait === 0) this.#send();
    else {
      this.#timer = this.#env.after(wait, () => {
        this.#timer = null;
        this.#send();
      });
    }
  }

  #send(): void {
    if (!this.#open) return;
    this.#wanted = false;
    this.#lastAt = this.#env.now();
    this.#flush();
  }

  #forget(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }
}
