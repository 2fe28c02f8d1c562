import type { Clock } from '@earshot/base';
import type { App } from '../apps/app.ts';
import type { Counters } from '../metrics/counters.ts';
import type { WebhookEvent } from './event.ts';
import type { WebhookDatabase } from './tables.ts';

/** Entries that wait to be written; beyond it they are dropped, counted and reported once. */
const waitingMax = 100_000;
/** Rows in one statement. */
const rowsMax = 500;
const batchEvents = 20;
const batchMs = 250;

/** What the app believes changes together with what it is sent. */
export interface ToldChange {
  readonly channel: string;
  /** '' for the channel itself. */
  readonly userId: string;
  readonly isTrue: boolean;
}

interface Entry {
  readonly appId: string;
  readonly row: JournalRow | null;
  readonly told: ToldChange | null;
  readonly done: (() => void) | null;
}

export interface JournalRow {
  readonly app_id: string;
  readonly id: string;
  readonly batch: string;
  readonly channel: string;
  readonly event: string;
  readonly created_at: number;
  readonly attempts: number;
  readonly due_at: number;
  readonly failed_at: number | null;
}

/**
 * Writes down what is to be sent, in the order in which it was handed in. What comes while a write is under way shares
 * the next one. A write that fails is tried again for as long as the process lives.
 */
export class Journal {
  readonly #db: WebhookDatabase;
  readonly #clock: Clock;
  readonly #counters: Counters;
  readonly #node: string;
  readonly #onProblem: (stage: string, error: unknown) => void;
  readonly #onWritten: () => void;
  readonly #open = new Map<string, { readonly id: string; readonly until: number; events: number }>();
  #waiting: Entry[] = [];
  #writing: Promise<void> | null = null;
  #isFull = false;
  #lastId = 0;

  constructor(parts: {
    db: WebhookDatabase;
    clock: Clock;
    counters: Counters;
    node: string;
    onProblem: (stage: string, error: unknown) => void;
    /** Something can be delivered. */
    onWritten: () => void;
  }) {
    this.#db = parts.db;
    this.#clock = parts.clock;
    this.#counters = parts.counters;
    this.#node = parts.node;
    this.#onProblem = parts.onProblem;
    this.#onWritten = parts.onWritten;
  }

  /** @returns resolves when it is written; at once when it had to be dropped */
  add(app: App, event: WebhookEvent | null, told: ToldChange | null = null): Promise<void> {
    if (this.#waiting.length >= waitingMax) {
      this.#drop();
      return Promise.resolve();
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    const row = event === null ? null : this.#row(app, event);
    this.#waiting.push({ appId: app.id, row, told, done: resolve });
    this.#writing ??= this.#write();
    return promise;
  }

  /** Resolves when all that was handed in is written. */
  async flush(): Promise<void> {
    await this.#writing;
  }

  #row(app: App, event: WebhookEvent): JournalRow {
    const now = this.#clock.now();
    const id = this.#newId(now);
    const shared = { app_id: app.id, channel: event.channel, event: JSON.stringify(event), created_at: now };
    const rest = { attempts: 0, failed_at: null };
    if (!app.settings.webhookBatching) return { ...shared, ...rest, id, batch: id, due_at: now };
    let batch = this.#open.get(app.id);
    if (batch === undefined || batch.events >= batchEvents || batch.until <= now) {
      batch = { id, until: now + batchMs, events: 0 };
      this.#open.set(app.id, batch);
    }
    batch.events++;
    return { ...shared, ...rest, id, batch: batch.id, due_at: batch.until };
  }

  /** Time, then a count for what is of the same millisecond, then the node. */
  #newId(now: number): string {
    this.#lastId = Math.max(this.#lastId + 1, now * 1_000);
    return `${this.#lastId.toString(36).padStart(11, '0')}-${this.#node}`;
  }

  async #write(): Promise<void> {
    // What is handed in within the same turn shares the write.
    await Promise.resolve();
    for (let failures = 0; this.#waiting.length > 0; ) {
      const entries = this.#waiting;
      this.#waiting = [];
      try {
        await this.#commit(entries);
        failures = 0;
        this.#isFull = false;
        for (const { done } of entries) done?.();
        this.#onWritten();
      } catch (error) {
        this.#onProblem('webhooks: writing the journal', error);
        this.#waiting = [...entries, ...this.#waiting];
        const wait = Math.min(100 * 2 ** failures++, 10_000);
        await new Promise<void>((resolve) => this.#clock.after(wait, resolve));
      }
    }
    this.#writing = null;
  }

  #commit(entries: readonly Entry[]): Promise<void> {
    return this.#db.transaction().execute(async (trx) => {
      const rows = entries.flatMap(({ row }) => (row === null ? [] : [row]));
      for (let from = 0; from < rows.length; from += rowsMax) {
        await trx
          .insertInto('webhook_journal')
          .values(rows.slice(from, from + rowsMax))
          .execute();
      }
      const last = new Map<string, { appId: string; change: ToldChange }>();
      for (const { appId, told } of entries) {
        if (told !== null)
          last.set(JSON.stringify([appId, told.channel, told.userId]), { appId, change: told });
      }
      const keys = (isTrue: boolean) =>
        [...last.values()]
          .filter(({ change }) => change.isTrue === isTrue)
          .map(({ appId, change: { channel, userId } }) => ({ app_id: appId, channel, user_id: userId }));
      const begun = keys(true);
      for (let from = 0; from < begun.length; from += rowsMax) {
        await trx
          .insertInto('webhook_told')
          .values(begun.slice(from, from + rowsMax))
          .onConflict((conflict) => conflict.doNothing())
          .execute();
      }
      for (const { app_id, channel, user_id } of keys(false)) {
        await trx
          .deleteFrom('webhook_told')
          .where('app_id', '=', app_id)
          .where('channel', '=', channel)
          .where('user_id', '=', user_id)
          .execute();
      }
    });
  }

  #drop(): void {
    this.#counters.webhooksDropped++;
    if (this.#isFull) return;
    this.#isFull = true;
    this.#onProblem('webhooks: the journal cannot be written fast enough, events are dropped', null);
  }
}
