import { type Clock, systemClock, type Timer } from '@earshot/base';

interface Entry {
  due: number;
  readonly everyMs: number | null;
  readonly task: () => void;
  timer: Timer;
}

/**
 * Time that runs as it does, and can be moved forward: what is due by then comes at once, as after a long wait. It can be
 * held as well, so that a slow machine takes no time.
 */
export class MovableClock implements Clock {
  readonly nextTurn = systemClock.nextTurn;
  readonly #entries = new Set<Entry>();
  #ahead: number;
  /** When it was held, by `performance.now()`; null while it runs. */
  #heldAt: number | null = null;

  /** @param ahead of the real time, in milliseconds */
  constructor(ahead = 0) {
    this.#ahead = ahead;
  }

  now(): number {
    return Date.now() - this.#heldFor() + this.#ahead;
  }

  monotonic(): number {
    return performance.now() - this.#heldFor() + this.#ahead;
  }

  after(ms: number, task: () => void): Timer {
    return this.#add(ms, null, task);
  }

  every(ms: number, task: () => void): Timer {
    return this.#add(ms, ms, task);
  }

  /** What is set by what comes due is not due yet. */
  move(ms: number): void {
    this.#ahead += ms;
    const now = this.monotonic();
    const due = [...this.#entries].filter((entry) => entry.due <= now).sort((a, b) => a.due - b.due);
    for (const entry of this.#entries) this.#arm(entry);
    for (const entry of due) if (this.#entries.has(entry)) this.#run(entry);
  }

  /** Nothing comes due until it is moved or let go. */
  hold(): void {
    this.#heldAt ??= performance.now();
    for (const entry of this.#entries) this.#arm(entry);
  }

  /** Runs again, from where it was held. */
  letGo(): void {
    this.#ahead -= this.#heldFor();
    this.#heldAt = null;
    for (const entry of this.#entries) this.#arm(entry);
  }

  #heldFor(): number {
    return this.#heldAt === null ? 0 : performance.now() - this.#heldAt;
  }

  #add(ms: number, everyMs: number | null, task: () => void): Timer {
    const entry: Entry = { due: this.monotonic() + ms, everyMs, task, timer: { cancel() {} } };
    this.#entries.add(entry);
    this.#arm(entry);
    return {
      cancel: () => {
        entry.timer.cancel();
        this.#entries.delete(entry);
      },
    };
  }

  #arm(entry: Entry): void {
    entry.timer.cancel();
    const ms = entry.due - this.monotonic();
    if (this.#heldAt !== null && ms > 0) return;
    entry.timer = systemClock.after(Math.max(0, ms), () => this.#run(entry));
  }

  #run(entry: Entry): void {
    entry.timer.cancel();
    if (entry.everyMs === null) this.#entries.delete(entry);
    else {
      entry.due = this.monotonic() + entry.everyMs;
      this.#arm(entry);
    }
    entry.task();
  }
}
