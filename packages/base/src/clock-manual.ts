import type { Clock, Timer } from './clock.ts';

interface Entry {
  due: number;
  readonly everyMs: number | null;
  readonly task: () => void;
  readonly sequence: number;
}

/** A clock for tests: time stands still until `advance` moves it, and timers run in the order they are due. */
export class ManualClock implements Clock {
  #now: number;
  #elapsed = 0;
  #sequence = 0;
  readonly #entries = new Set<Entry>();

  /** @param start milliseconds since the epoch */
  constructor(start = 1_700_000_000_000) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  after(ms: number, task: () => void): Timer {
    return this.#add(ms, null, task);
  }

  every(ms: number, task: () => void): Timer {
    return this.#add(ms, ms, task);
  }

  /** Here the next turn is the next `advance`, before time moves. */
  nextTurn(task: () => void): void {
    this.#add(0, null, task);
  }

  /** Moves time forward by `ms`, running what becomes due on the way. */
  advance(ms: number): void {
    const end = this.#elapsed + ms;
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#move(next.due);
      if (next.everyMs === null) this.#entries.delete(next);
      else next.due += next.everyMs;
      next.task();
    }
    this.#move(end);
  }

  #move(to: number): void {
    this.#now += to - this.#elapsed;
    this.#elapsed = to;
  }

  #add(ms: number, everyMs: number | null, task: () => void): Timer {
    const entry: Entry = { due: this.#elapsed + ms, everyMs, task, sequence: this.#sequence++ };
    this.#entries.add(entry);
    return { cancel: () => this.#entries.delete(entry) };
  }

  #next(end: number): Entry | undefined {
    let first: Entry | undefined;
    for (const entry of this.#entries) {
      if (entry.due > end) continue;
      if (
        first === undefined ||
        entry.due < first.due ||
        (entry.due === first.due && entry.sequence < first.sequence)
      ) {
        first = entry;
      }
    }
    return first;
  }
}
