import type { Clock, Log } from '@earshot/base';
import { type Database, sql } from '@earshot/data';
import type { App } from '../apps/app.ts';
import type { Counters } from '../metrics/counters.ts';
import type { Endpoint } from './endpoint.ts';
import type { AppEndpoints, Endpoints } from './endpoints.ts';
import type { WebhookEvent } from './event.ts';
import { rowsOf } from './rows.ts';
import type { WebhookDatabase } from './tables.ts';
import { Told, type ToldKey } from './told.ts';

/** Entries that wait to be written; beyond it they are dropped, counted and reported once. */
const waitingMax = 100_000;
/** Entries of one transaction: more would be felt by the event loop when they are put together. */
const commitMax = 1_000;
const batchEvents = 20;
const batchMs = 250;
/** Who waits for an entry to be written waits no longer than that while it cannot be. */
const patienceMs = 5_000;
const retryFirstMs = 100;
const retryLastMs = 10_000;
/** How often it is said again that writing does not work. */
const sayAgainMs = 60_000;

/** What an entry changes in what endpoints believe; only then is it told, and only to those for whom it is new. */
export interface ToldChange extends ToldKey {
  readonly isTrue: boolean;
}

interface Entry {
  readonly app: App;
  readonly event: WebhookEvent;
  /** The app's endpoints when it was handed in: who comes while it waits is told nothing of it. */
  readonly endpoints: AppEndpoints;
  readonly at: number;
  readonly handedInAt: number;
  readonly told: ToldChange | null;
  /** Somebody waits who would rather be refused than wait for long. */
  readonly isAwaited: boolean;
  readonly done: (isKept: boolean) => void;
}

/** In the order of `columns`. */
type NewRow = readonly (string | number)[];
const columns = sql.raw('app_id, id, endpoint_id, batch, channel, event, attempts, created_at, due_at');

/**
 * Writes down what is to be sent, a row for each endpoint, in the order in which it was handed in, in one transaction with
 * what the endpoints believe from then on. What comes while a write is under way shares the next one. A write that fails
 * is tried again for as long as the process lives.
 */
export class Journal {
  readonly #db: WebhookDatabase;
  readonly #kind: Database['kind'];
  readonly #endpoints: Endpoints;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #counters: Counters;
  readonly #onProblem: (stage: string, error: unknown) => void;
  readonly #onWritten: () => void;
  /** Batches that take further events, by app and endpoint. */
  readonly #open = new Map<string, { readonly id: string; readonly until: number; events: number }>();
  #waiting: Entry[] = [];
  #writing: Promise<void> | null = null;
  #isFull = false;
  /** Since when writing does not work. */
  #failingSince: number | null = null;
  #saidAt = 0;

  constructor(parts: {
    db: WebhookDatabase;
    kind: Database['kind'];
    endpoints: Endpoints;
    clock: Clock;
    log: Log;
    counters: Counters;
    onProblem: (stage: string, error: unknown) => void;
    /** Something can be delivered. */
    onWritten: () => void;
  }) {
    this.#db = parts.db;
    this.#kind = parts.kind;
    this.#endpoints = parts.endpoints;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#counters = parts.counters;
    this.#onProblem = parts.onProblem;
    this.#onWritten = parts.onWritten;
  }

  /**
   * @returns resolves with true when it is written. With false when it had to be dropped, or, if somebody waits for it
   *   (`isAwaited`), when it could not be written in time; then it is not going to be.
   */
  add(
    app: App,
    event: WebhookEvent,
    { told = null, isAwaited = false }: { told?: ToldChange | null; isAwaited?: boolean } = {},
  ): Promise<boolean> {
    const handedInAt = this.#clock.monotonic();
    if (this.#waiting.length >= waitingMax) {
      this.#drop();
      return Promise.resolve(false);
    }
    if (isAwaited && this.#failingSince !== null && handedInAt - this.#failingSince >= patienceMs) {
      return Promise.resolve(false);
    }
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const endpoints = this.#endpoints.of(app);
    const at = this.#clock.now();
    this.#waiting.push({ app, event, endpoints, at, handedInAt, told, isAwaited, done: resolve });
    this.#counters.webhookEntriesWaiting++;
    this.#writing ??= this.#write();
    return promise;
  }

  /** Resolves when all that was handed in is written. */
  async flush(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    // What is handed in within the same turn shares the write.
    await Promise.resolve();
    for (let failures = 0; this.#waiting.length > 0; ) {
      const entries = this.#waiting.splice(0, commitMax);
      try {
        const rows = await this.#commit(entries);
        failures = 0;
        this.#works();
        this.#counters.webhookEntriesWaiting -= entries.length;
        for (const { done } of entries) done(true);
        if (rows > 0) this.#onWritten();
      } catch (error) {
        this.#failed(error);
        this.#waiting = [...entries, ...this.#waiting];
        const wait = Math.min(retryFirstMs * 2 ** failures++, retryLastMs);
        await new Promise<void>((resolve) => this.#clock.after(wait, resolve));
        this.#refuseWhoWaited();
      }
    }
    this.#writing = null;
  }

  #commit(entries: readonly Entry[]): Promise<number> {
    return this.#db.transaction().execute(async (trx) => {
      let written = 0;
      // Always in the same order, because each app's number is a lock.
      const apps = [...Map.groupBy(entries, ({ app }) => app)].sort(([a], [b]) => (a.id < b.id ? -1 : 1));
      for (const [app, ofApp] of apps) written += await this.#commitApp(trx, app, ofApp);
      return written;
    });
  }

  async #commitApp(trx: WebhookDatabase, app: App, entries: readonly Entry[]): Promise<number> {
    const { last } = await trx
      .insertInto('webhook_numbers')
      .values({ app_id: app.id, last: 0 })
      .onConflict((conflict) =>
        conflict.column('app_id').doUpdateSet((row) => ({ last: row.ref('webhook_numbers.last') })),
      )
      .returning('last')
      .executeTakeFirstOrThrow();
    const keys = entries.flatMap(({ told }) => (told === null ? [] : [told]));
    const told = await Told.read(this.#kind, trx, app.id, keys);
    const rows: NewRow[] = [];
    let number = last;
    for (const entry of entries) {
      const targets = this.#targetsOf(entry, told);
      if (targets.length === 0) continue;
      const event = JSON.stringify(entry.event);
      for (const endpoint of targets) {
        // Grows with time too, so that rows of the time before there were numbers come first.
        number = Math.max(number + 1, entry.at * 1_000);
        rows.push(this.#row(app, endpoint, entry, event, number.toString(36).padStart(11, '0')));
      }
    }
    if (rows.length > 0) {
      await sql`
        insert into webhook_journal (${columns})
        select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
          0, cast(value ->> 6 as bigint), cast(value ->> 7 as bigint)
        from ${rowsOf(this.#kind, rows)}
      `.execute(trx);
    }
    await told.write(trx, app.id);
    if (rows.length > 0) {
      await trx.updateTable('webhook_numbers').set({ last: number }).where('app_id', '=', app.id).execute();
    }
    return rows.length;
  }

  /** Whoever is to hear of it and was there, enabled, when it was handed in. */
  #targetsOf({ app, event, endpoints: before, told: change }: Entry, told: Told): readonly Endpoint[] {
    const now = this.#endpoints.of(app);
    const wasThere = ({ id }: Endpoint) => now === before || before.byId(id)?.enabled === true;
    if (change === null) return now.wanting(event.name, event.channel).filter(wasThere);
    return change.isTrue ? told.begin(change, now, wasThere) : told.end(change, now);
  }

  #row(app: App, endpoint: Endpoint, { event, at }: Entry, text: string, id: string): NewRow {
    const row = (batch: string, dueAt: number) => [
      ...[app.id, id, endpoint.id, batch, event.channel, text],
      ...[at, dueAt],
    ];
    if (!endpoint.batching) return row(id, at);
    const key = `${app.id}/${endpoint.id}`;
    let batch = this.#open.get(key);
    if (batch === undefined || batch.events >= batchEvents || batch.until <= at) {
      batch = { id, until: at + batchMs, events: 0 };
      this.#open.set(key, batch);
    }
    batch.events++;
    return row(batch.id, batch.until);
  }

  #works(): void {
    this.#isFull = false;
    if (this.#failingSince === null) return;
    this.#failingSince = null;
    this.#log.info({}, 'webhooks: the journal can be written again; what waited is written');
  }

  #failed(error: unknown): void {
    const now = this.#clock.monotonic();
    if (this.#failingSince !== null && now - this.#saidAt < sayAgainMs) return;
    this.#failingSince ??= now;
    this.#saidAt = now;
    this.#onProblem(
      'webhooks: the journal cannot be written, because the database refuses (see the error: is the disk full, the file locked, ' +
        `the database server away?). Nothing is lost yet: up to ${waitingMax} events wait in memory and are written when it works ` +
        'again. Client events that a webhook wants are refused meanwhile; everything else is delivered',
      error,
    );
  }

  /** Clients do not wait for a disk that is full. */
  #refuseWhoWaited(): void {
    const latest = this.#clock.monotonic() - patienceMs;
    const isOver = ({ isAwaited, handedInAt }: Entry) => isAwaited && handedInAt <= latest;
    const over = this.#waiting.filter(isOver);
    if (over.length === 0) return;
    this.#waiting = this.#waiting.filter((entry) => !isOver(entry));
    this.#counters.webhookEntriesWaiting -= over.length;
    for (const { done } of over) done(false);
  }

  #drop(): void {
    this.#counters.webhooksDropped++;
    if (this.#isFull) return;
    this.#isFull = true;
    this.#onProblem('webhooks: the journal cannot be written fast enough, events are dropped', null);
  }
}
