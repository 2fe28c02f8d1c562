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
  declare private readonly env: Pick<Env, 'now' | 'after'>;
  declare private readonly flush: () => void;
  declare private base: number;
  declare private factor: number;
  declare private refusedAt: number;
  declare private lastAt: number;
  declare private timer: Pending | null;
  declare private isOpen: boolean;
  declare private wanted: boolean;

  constructor({ env, flush }: PacerOptions) {
    this.env = env;
    this.flush = flush;
    this.base = gapMs;
    this.factor = 1;
    this.refusedAt = 0;
    this.lastAt = Number.NEGATIVE_INFINITY;
    this.timer = null;
    this.isOpen = false;
    this.wanted = false;
  }

  /** Something waits. */
  want(): void {
    this.wanted = true;
    this.plan();
  }

  /** Whether there is a connection to send on. */
  set open(open: boolean) {
    this.isOpen = open;
    if (open) this.plan();
    else this.forget();
  }

  /** The connection has no WebSocket. */
  set http(http: boolean) {
    this.base = http ? httpGapMs : gapMs;
  }

  /** The server has refused an event because they come too fast. */
  refused(): void {
    const now = this.env.now();
    // Several events of one burst count once.
    if (this.factor > 1 && now - this.refusedAt < this.gap()) return;
    this.refusedAt = now;
    this.factor = Math.min(this.factor * 2, gapMost / this.base);
    this.forget();
    this.plan();
  }

  stop(): void {
    this.isOpen = false;
    this.forget();
  }

  private gap(): number {
    return this.base * Math.max(1, this.factor);
  }

  private plan(): void {
    if (!this.wanted || !this.isOpen || this.timer !== null) return;
    const now = this.env.now();
    if (this.factor > 1 && now - this.refusedAt >= easeMs) {
      this.factor /= 2;
      this.refusedAt = now;
    }
    const since = Math.max(this.lastAt, this.factor > 1 ? this.refusedAt : 0);
    const wait = Math.max(0, since + this.gap() - now);
    if (wait === 0) this.send();
    else {
      this.timer = this.env.after(wait, () => {
        this.timer = null;
        this.send();
      });
    }
  }

  private send(): void {
    if (!this.isOpen) return;
    this.wanted = false;
    this.lastAt = this.env.now();
    this.flush();
  }

  private forget(): void {
    this.timer?.cancel();
    this.timer = null;
  }
}
