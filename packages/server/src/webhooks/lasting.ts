import type { Clock, Timer } from '@earshot/base';

interface Waiting<Value> {
  readonly value: Value;
  readonly dueAt: number;
}

/** Lets things happen that are not taken back for `delayMs`, those of one moment together. One timer, whatever there is. */
export class Lasting<Value> {
  readonly #clock: Clock;
  readonly #delayMs: number;
  readonly #onDue: (values: readonly Value[]) => void;
  /** In the order in which they are due, because all wait for the same time. */
  readonly #waiting = new Map<string, Waiting<Value>>();
  #timer: Timer | null = null;

  constructor(clock: Clock, delayMs: number, onDue: (values: readonly Value[]) => void) {
    this.#clock = clock;
    this.#delayMs = delayMs;
    this.#onDue = onDue;
  }

  has(key: string): boolean {
    return this.#waiting.has(key);
  }

  /** Does nothing when it waits already. */
  add(key: string, value: Value): void {
    if (this.#waiting.has(key)) return;
    this.#waiting.set(key, { value, dueAt: this.#clock.monotonic() + this.#delayMs });
    this.#arm();
  }

  /** @returns whether it has waited */
  takeBack(key: string): boolean {
    return this.#waiting.delete(key);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#waiting.clear();
  }

  #arm(): void {
    if (this.#timer !== null) return;
    for (const { dueAt } of this.#waiting.values()) {
      this.#timer = this.#clock.after(Math.max(0, dueAt - this.#clock.monotonic()), () => this.#due());
      return;
    }
  }

  #due(): void {
    this.#timer = null;
    const now = this.#clock.monotonic();
    const due: Value[] = [];
    for (const [key, { value, dueAt }] of this.#waiting) {
      if (dueAt > now) break;
      this.#waiting.delete(key);
      due.push(value);
    }
    this.#arm();
    if (due.length > 0) this.#onDue(due);
  }
}
