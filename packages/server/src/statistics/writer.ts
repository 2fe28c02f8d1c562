import type { Clock } from '@earshot/base';
import type { App } from '../apps/app.ts';
import type { Counters } from '../metrics/counters.ts';
import type { MinuteRow, Run } from './minute.ts';
import type { Part } from './recorder.ts';
import type { StatisticsStore } from './store.ts';

/** Rows that wait for the database: minutes times apps. Beyond it the oldest go, counted. */
const waitingMax = 20_000;
/** Rows in one transaction. */
const rowsMax = 1_000;
const retryFirstMs = 1_000;
const retryMaxMs = 60_000;

/** Writes minutes that are over. What could not be written waits and is tried again; nothing is written twice. */
export class Writer {
  readonly #store: StatisticsStore;
  readonly #clock: Clock;
  readonly #counters: Counters;
  readonly #onProblem: (stage: string, error: unknown) => void;
  #rows: MinuteRow[] = [];
  /** By when they began; how far each has come. */
  readonly #runs = new Map<number, Run>();
  #writing: Promise<void> | null = null;
  #failures = 0;
  #retryAt = Number.NEGATIVE_INFINITY;

  constructor(parts: {
    store: StatisticsStore;
    clock: Clock;
    counters: Counters;
    onProblem: (stage: string, error: unknown) => void;
  }) {
    this.#store = parts.store;
    this.#clock = parts.clock;
    this.#counters = parts.counters;
    this.#onProblem = parts.onProblem;
  }

  add({ run, rows }: Part): void {
    this.#runs.set(run.from, run);
    for (const row of rows) this.#rows.push(row);
    const over = this.#rows.length - waitingMax;
    if (over > 0) {
      this.#rows.splice(0, over);
      if (this.#counters.statisticsDropped === 0) {
        this.#onProblem(
          'statistics: the database was away for too long, the oldest figures are dropped',
          null,
        );
      }
      this.#counters.statisticsDropped += over;
    }
    this.#counters.statisticsWaiting = this.#rows.length;
  }

  /** Begins to write what waits, unless that is under way or failed a moment ago. */
  look(): void {
    if (this.#writing !== null || this.#runs.size === 0) return;
    if (this.#clock.monotonic() < this.#retryAt) return;
    this.#writing = this.#write().finally(() => {
      this.#writing = null;
    });
  }

  /** Rows of an app that may not have been written yet. */
  waiting(app: App): MinuteRow[] {
    return this.#rows.filter(({ appId }) => appId === app.id);
  }

  /** One last try. What it cannot write is lost, and reported. */
  async close(): Promise<void> {
    await this.#writing;
    await this.#write();
  }

  async #write(): Promise<void> {
    try {
      while (this.#runs.size > 0) {
        const rows = this.#rows.slice(0, rowsMax);
        const runs = new Map(this.#runs);
        await this.#store.write(rows, [...runs.values()]);
        const written = new Set(rows);
        this.#rows = this.#rows.filter((row) => !written.has(row));
        this.#counters.statisticsWaiting = this.#rows.length;
        if (this.#rows.length > 0) continue;
        for (const [from, run] of runs) if (this.#runs.get(from) === run) this.#runs.delete(from);
      }
      this.#failures = 0;
    } catch (error) {
      const wait = Math.min(retryFirstMs * 2 ** this.#failures++, retryMaxMs);
      this.#retryAt = this.#clock.monotonic() + wait;
      this.#onProblem(`statistics: writing them down, tried again in ${wait / 1000} s`, error);
    }
  }
}
