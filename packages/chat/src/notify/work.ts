/** Work in the background, a few at a time. What does not fit in the queue is dropped, and that is told. */
export class Work {
  readonly #onProblem: (stage: string, error: unknown) => void;
  readonly #waiting: (() => Promise<void>)[] = [];
  #running = 0;
  #whenIdle: (() => void)[] = [];

  constructor(onProblem: (stage: string, error: unknown) => void) {
    this.#onProblem = onProblem;
  }

  add(task: () => Promise<void>): void {
    if (this.#waiting.length >= waitingMax) {
      this.#onProblem('push', new Error('more notifications than can be sent; some are left out'));
      return;
    }
    this.#waiting.push(task);
    this.#next();
  }

  /** Resolves when nothing waits or runs. */
  idle(): Promise<void> {
    if (this.#running === 0 && this.#waiting.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  /** What waits is left; what runs is finished. */
  drop(): void {
    this.#waiting.length = 0;
    this.#next();
  }

  #next(): void {
    while (this.#running < runningMax) {
      const task = this.#waiting.shift();
      if (task === undefined) break;
      this.#running++;
      task()
        .catch((error) => this.#onProblem('push', error))
        .finally(() => {
          this.#running--;
          this.#next();
        });
    }
    if (this.#running > 0) return;
    const waiting = this.#whenIdle;
    this.#whenIdle = [];
    for (const resolve of waiting) resolve();
  }
}

const runningMax = 8;
const waitingMax = 10_000;
