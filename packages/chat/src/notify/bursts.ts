import type { Clock, Timer } from '@earshot/base';

/** The first one waits so long for others, and for its reader, who may be reloading the page. */
const gatherMs = 2_000;
/** Between two of the same burst. */
const pauseMs = 15_000;
/** Beyond it, what is new is not gathered. */
const burstsMax = 20_000;

interface Burst<Item> {
  newest: Item | null;
  order: number;
  count: number;
  timer: Timer;
}

/**
 * Makes one of many: of all that comes under a key within a time the newest goes on, with how many it stands for. Kept in
 * memory: what a crash loses here is a notification, never a message.
 */
export class Bursts<Item> {
  readonly #clock: Clock;
  readonly #flush: (item: Item, count: number) => void;
  readonly #bursts = new Map<string, Burst<Item>>();

  constructor(clock: Clock, flush: (item: Item, count: number) => void) {
    this.#clock = clock;
    this.#flush = flush;
  }

  /** @param order the higher one is the newer one, whichever comes first */
  add(key: string, order: number, item: Item): void {
    const burst = this.#bursts.get(key);
    if (burst !== undefined) {
      if (burst.newest === null || order >= burst.order) Object.assign(burst, { newest: item, order });
      burst.count++;
    } else if (this.#bursts.size >= burstsMax) {
      this.#flush(item, 1);
    } else {
      const timer = this.#clock.after(gatherMs, () => this.#due(key));
      this.#bursts.set(key, { newest: item, order, count: 1, timer });
    }
  }

  /** All that waits goes on now. */
  end(): void {
    for (const burst of this.#bursts.values()) {
      burst.timer.cancel();
      if (burst.newest !== null) this.#flush(burst.newest, burst.count);
    }
    this.#bursts.clear();
  }

  #due(key: string): void {
    const burst = this.#bursts.get(key);
    if (burst === undefined) return;
    if (burst.newest === null) {
      this.#bursts.delete(key);
      return;
    }
    const { newest, count } = burst;
    burst.newest = null;
    burst.count = 0;
    burst.timer = this.#clock.after(pauseMs, () => this.#due(key));
    this.#flush(newest, count);
  }
}
