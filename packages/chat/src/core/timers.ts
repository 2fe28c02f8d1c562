import type { Clock, Timer } from '@earshot/base';
import { newId } from '../ids.ts';
import type { ChatDatabase, ChatTransaction, Timers } from './core.ts';

/** Other processes set timers, too: how often they are looked for. */
const pollMs = 2_000;
/** A process that dies keeps what it was doing for so long, if nothing else is set. Renewed while a handler runs. */
const leaseMsDefault = 60_000;
/** Handlers that run at once in one process. */
const runningMax = 8;
/** Between tries of a handler that fails: doubled each time. */
const retryFirstMs = 1_000;
const retryMostMs = 15 * 60_000;

type Handler = (appId: string, subject: string) => Promise<void>;

interface TimerRow {
  readonly app_id: string;
  readonly kind: string;
  readonly subject: string;
  readonly failures: number;
}

/**
 * Timers as rows (see `Timers`). A process claims what is due by a lease and deletes the row after its handler; one that
 * died leaves a lease that ends. Processes judge by their own clocks, which have to agree within a few seconds.
 */
export class TimerRows implements Timers {
  readonly #db: ChatDatabase;
  readonly #kind: 'sqlite' | 'postgres';
  readonly #clock: Clock;
  readonly #onProblem: (stage: string, error: unknown) => void;
  readonly #leaseMs: number;
  readonly #handlers = new Map<string, Handler>();
  readonly #running = new Set<Promise<void>>();
  #poll: Timer | undefined;
  #wake: { readonly at: number; readonly timer: Timer } | undefined;
  #pass: Promise<void> | undefined;
  #again = false;
  #stopped = false;

  constructor(core: {
    readonly db: ChatDatabase;
    readonly kind: 'sqlite' | 'postgres';
    readonly clock: Clock;
    readonly onProblem: (stage: string, error: unknown) => void;
    readonly leaseMs?: number | undefined;
  }) {
    this.#db = core.db;
    this.#kind = core.kind;
    this.#clock = core.clock;
    this.#onProblem = core.onProblem;
    this.#leaseMs = core.leaseMs ?? leaseMsDefault;
  }

  on(kind: string, handler: Handler): void {
    if (this.#handlers.has(kind)) throw new Error(`timers of kind ${kind} have a handler already`);
    this.#handlers.set(kind, handler);
  }

  async set(
    trx: ChatTransaction,
    kind: string,
    appId: string,
    subject: string,
    dueAt: number,
  ): Promise<void> {
    const fresh = { due_at: dueAt, failures: 0, lease: null };
    await trx
      .insertInto('chat_timers')
      .values({ app_id: appId, kind, subject, ...fresh })
      .onConflict((conflict) => conflict.columns(['app_id', 'kind', 'subject']).doUpdateSet(fresh))
      .execute();
    this.#wakeAt(dueAt);
  }

  async cancel(trx: ChatTransaction, kind: string, appId: string, subject: string): Promise<void> {
    await trx
      .deleteFrom('chat_timers')
      .where('app_id', '=', appId)
      .where('kind', '=', kind)
      .where('subject', '=', subject)
      .execute();
  }

  /** Begins to look for what is due. All handlers are known by now. */
  start(): void {
    this.#poll = this.#clock.every(pollMs, () => void this.run());
    void this.run();
  }

  /** No handler begins any more; resolves when those that run have ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#poll?.cancel();
    this.#wake?.timer.cancel();
    await this.idle();
  }

  /** Starts handlers of all that is due now. Resolves when they have been started; never rejects. */
  run(): Promise<void> {
    if (this.#pass !== undefined) {
      this.#again = true;
      return this.#pass;
    }
    this.#pass = this.#runPasses().finally(() => {
      this.#pass = undefined;
    });
    return this.#pass;
  }

  /** Resolves when nothing that is due now is left, failures excepted. */
  async idle(): Promise<void> {
    do {
      await this.run();
      await Promise.all(this.#running);
    } while (this.#running.size > 0 || this.#pass !== undefined);
  }

  async #runPasses(): Promise<void> {
    do {
      this.#again = false;
      try {
        await this.#startDue();
      } catch (error) {
        this.#onProblem('timers', error);
      }
    } while (this.#again && !this.#stopped);
  }

  async #startDue(): Promise<void> {
    if (this.#stopped || this.#handlers.size === 0) return;
    const room = runningMax - this.#running.size;
    if (room <= 0) return; // a handler that ends looks again
    const next = await this.#next(this.#db).limit(1).executeTakeFirst();
    if (next === undefined) return;
    if (next.due_at > this.#clock.now()) return this.#wakeAt(next.due_at);
    const lease = newId();
    for (const row of await this.#claim(lease, room)) {
      const run = this.#handle(row, lease).finally(() => {
        this.#running.delete(run);
        void this.run();
      });
      this.#running.add(run);
    }
    this.#again = true;
  }

  /** What this process can handle, first due first. */
  #next(db: ChatDatabase) {
    return db
      .selectFrom('chat_timers')
      .select(['app_id', 'kind', 'subject', 'failures', 'due_at'])
      .where('kind', 'in', [...this.#handlers.keys()])
      .orderBy('due_at');
  }

  #claim(lease: string, most: number): Promise<TimerRow[]> {
    return this.#db.transaction().execute(async (trx) => {
      const due = this.#next(trx).where('due_at', '<=', this.#clock.now()).limit(most);
      const rows = await (this.#kind === 'postgres' ? due.forUpdate().skipLocked() : due).execute();
      for (const row of rows) {
        await trx
          .updateTable('chat_timers')
          .set({ lease, due_at: this.#clock.now() + this.#leaseMs })
          .where('app_id', '=', row.app_id)
          .where('kind', '=', row.kind)
          .where('subject', '=', row.subject)
          .execute();
      }
      return rows;
    });
  }

  async #handle(row: TimerRow, lease: string): Promise<void> {
    const renewal = this.#clock.every(this.#leaseMs / 3, () => {
      this.#update(row, lease, { due_at: this.#clock.now() + this.#leaseMs }).catch((error) =>
        this.#onProblem('timers', error),
      );
    });
    try {
      await this.#handlers.get(row.kind)?.(row.app_id, row.subject);
      renewal.cancel();
      await this.#forget(row, lease);
    } catch (error) {
      renewal.cancel();
      this.#onProblem(`timer ${row.kind}`, error);
      const wait = Math.min(retryFirstMs * 2 ** row.failures, retryMostMs);
      const again = { due_at: this.#clock.now() + wait, failures: row.failures + 1, lease: null };
      await this.#update(row, lease, again).catch((failure) => this.#onProblem('timers', failure));
    }
  }

  /** A row that was set anew meanwhile has no lease and stays as it is. */
  async #update(
    row: TimerRow,
    lease: string,
    change: { due_at: number; failures?: number; lease?: null },
  ): Promise<void> {
    await this.#db
      .updateTable('chat_timers')
      .set(change)
      .where('app_id', '=', row.app_id)
      .where('kind', '=', row.kind)
      .where('subject', '=', row.subject)
      .where('lease', '=', lease)
      .execute();
  }

  async #forget(row: TimerRow, lease: string): Promise<void> {
    await this.#db
      .deleteFrom('chat_timers')
      .where('app_id', '=', row.app_id)
      .where('kind', '=', row.kind)
      .where('subject', '=', row.subject)
      .where('lease', '=', lease)
      .execute();
  }

  /** The transaction may not have happened yet when the time comes; then the poll finds the row. */
  #wakeAt(at: number): void {
    if (this.#stopped || this.#poll === undefined) return;
    if (this.#wake !== undefined && this.#wake.at <= at) return;
    this.#wake?.timer.cancel();
    const wait = Math.max(0, at - this.#clock.now());
    if (wait >= pollMs) return; // the poll sees it in time and asks again
    const timer = this.#clock.after(wait, () => {
      this.#wake = undefined;
      void this.run();
    });
    this.#wake = { at, timer };
  }
}
