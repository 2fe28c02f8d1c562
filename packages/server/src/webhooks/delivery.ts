import type { Clock, Log, Timer } from '@earshot/base';
import { type Outbound, OutboundError } from '@earshot/chat/outbound';
import type { App } from '../apps/app.ts';
import { signWebhook } from '../apps/auth.ts';
import type { AppRegistry } from '../apps/registry.ts';
import type { Counters } from '../metrics/counters.ts';
import { webhookBody } from './event.ts';
import type { JournalRow } from './journal.ts';
import type { WebhookDatabase } from './tables.ts';

/** An answer has to come within this time (HOOK-8). */
const timeoutMs = 4_000;
const answerBytesMax = 64 * 1024;
/** Tried for so long, the gaps doubling (HOOK-8). */
const retryForMs = 5 * 60_000;
const retryFirstMs = 1_000;
/** Requests to one app's address at the same time, for different channels. */
const requestsMax = 8;
/** Rows read in one go, and how few may be left of them before the next are read. */
const windowMax = 500;
const windowMin = 100;
/** Pages that are looked through for a channel that does not wait. */
const pagesMax = 20;
/** Rows that were taken and are not deleted yet, while more is under way: a crash sends them once more. */
const takenMax = 50;
/** How often what other nodes wrote, and failed rows that are too old, are looked for. */
const pollMs = 1_000;
/** What was given up is kept for so long. */
const keepFailedMs = 7 * 24 * 60 * 60_000;
const purgeMs = 60 * 60_000;

interface Batch {
  readonly app: App;
  readonly id: string;
  readonly rows: readonly JournalRow[];
  readonly channels: ReadonlySet<string>;
}

/**
 * Sends what the journal holds: for each channel in order, the next one only when the one before has been taken or given
 * up; for different channels several at once. One node delivers for an app, by a lease that it renews.
 */
export class Delivery {
  readonly #db: WebhookDatabase;
  readonly #apps: AppRegistry;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #counters: Counters;
  readonly #outbound: Outbound;
  readonly #node: string;
  readonly #leaseMs: number;
  readonly #onProblem: (stage: string, error: unknown) => void;
  readonly #running = new Map<Batch, Promise<void>>();
  /** Taken by their receiver; their rows go with the next pass. */
  #taken: Batch[] = [];
  /** The oldest rows of each app that was looked at, without those that were taken since. */
  readonly #windows = new Map<string, JournalRow[]>();
  readonly #leasedUntil = new Map<string, number>();
  /** Apps whose receiver failed last, so that the log says it once. */
  readonly #failing = new Set<string>();
  readonly #stopping = new AbortController();
  #started = false;
  #pass: Promise<void> | null = null;
  #again = false;
  #poll: Timer | null = null;
  #wake: Timer | null = null;
  #purgedAt = Number.NEGATIVE_INFINITY;

  constructor(parts: {
    db: WebhookDatabase;
    apps: AppRegistry;
    clock: Clock;
    log: Log;
    counters: Counters;
    outbound: Outbound;
    node: string;
    leaseMs: number;
    onProblem: (stage: string, error: unknown) => void;
  }) {
    this.#db = parts.db;
    this.#apps = parts.apps;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#counters = parts.counters;
    this.#outbound = parts.outbound;
    this.#node = parts.node;
    this.#leaseMs = parts.leaseMs;
    this.#onProblem = parts.onProblem;
  }

  start(): void {
    this.#started = true;
    this.#poll = this.#clock.every(pollMs, () => this.look());
    this.look();
  }

  /** There is something new to send. */
  look(): void {
    this.#windows.clear();
    this.#lookAgain();
  }

  #lookAgain(): void {
    if (!this.#started || this.#stopping.signal.aborted) return;
    if (this.#pass !== null) {
      this.#again = true;
      return;
    }
    this.#pass = this.#passes();
  }

  /** Nothing is begun any more. What is under way is broken off, and sent again after the next start. */
  async stop(): Promise<void> {
    if (!this.#started) return;
    this.#poll?.cancel();
    this.#wake?.cancel();
    this.#stopping.abort();
    await this.#pass;
    await Promise.all(this.#running.values());
    try {
      await this.#forgetTaken();
      await this.#db.deleteFrom('webhook_leases').where('holder', '=', this.#node).execute();
    } catch (error) {
      this.#onProblem('webhooks: ending the delivery', error);
    }
  }

  async #passes(): Promise<void> {
    do {
      this.#again = false;
      try {
        if (this.#taken.length >= takenMax) await this.#forgetTaken();
        for (const app of this.#apps.all()) {
          if (app.settings.webhookUrl !== null && (await this.#hasLease(app))) await this.#begin(app);
        }
        if (this.#running.size === 0) await this.#forgetTaken();
        await this.#purge();
      } catch (error) {
        this.#onProblem('webhooks: looking for what is to be sent', error);
        break;
      }
    } while (this.#again && !this.#stopping.signal.aborted);
    // In the same turn as the last look at `again`, so that nobody is told in between that a pass runs.
    this.#pass = null;
  }

  /** Begins all requests of an app that may be under way now. */
  async #begin(app: App): Promise<void> {
    let page = await this.#firstPage(app);
    const running = [...this.#running.keys()].filter((batch) => batch.app === app);
    const skipped = new Set([...running, ...this.#taken].map(({ id }) => id));
    const blocked = new Set(running.flatMap(({ channels }) => [...channels]));
    let free = requestsMax - running.length;
    const now = this.#clock.now();
    let next = Number.POSITIVE_INFINITY;
    // Where whole pages are of channels that wait, others may be behind them.
    for (let pages = 1; ; pages++) {
      const batches = [...Map.groupBy(page.rows, ({ batch }) => batch)];
      // The last one may not be whole.
      if (!page.isLast && batches.length > 1) batches.pop();
      for (const [id, rows] of batches) {
        if (free <= 0 || this.#stopping.signal.aborted) return;
        if (skipped.has(id)) continue;
        const channels = new Set(rows.map(({ channel }) => channel));
        const dueAt = Math.max(...rows.map(({ due_at }) => due_at));
        const waits = [...channels].some((channel) => blocked.has(channel));
        for (const channel of channels) blocked.add(channel);
        if (waits) continue;
        if (dueAt > now) {
          next = Math.min(next, dueAt);
          continue;
        }
        free--;
        this.#run({ app, id, rows, channels });
      }
      if (page.isLast || pages === pagesMax) break;
      page = await this.#page(app, batches.at(-1)?.[1].at(-1)?.id ?? '');
    }
    if (next < now + pollMs) {
      this.#wake?.cancel();
      this.#wake = this.#clock.after(next - now, () => this.look());
    }
  }

  /** The oldest rows that wait; read again only when few are left of those that were read before. */
  async #firstPage(app: App): Promise<{ rows: JournalRow[]; isLast: boolean }> {
    const taken = new Set(this.#taken.map(({ id }) => id));
    const known = this.#windows.get(app.id)?.filter(({ batch }) => !taken.has(batch));
    if (known !== undefined && known.length >= windowMin) {
      this.#windows.set(app.id, known);
      return { rows: known, isLast: false };
    }
    const page = await this.#page(app, '');
    this.#windows.set(app.id, page.rows);
    return page;
  }

  async #page(app: App, afterId: string): Promise<{ rows: JournalRow[]; isLast: boolean }> {
    const rows = await this.#db
      .selectFrom('webhook_journal')
      .selectAll()
      .where('app_id', '=', app.id)
      .where('failed_at', 'is', null)
      .where('id', '>', afterId)
      .orderBy('id')
      .limit(windowMax)
      .execute();
    return { rows, isLast: rows.length < windowMax };
  }

  #run(batch: Batch): void {
    const run = this.#send(batch)
      .catch((error) => this.#onProblem('webhooks: a delivery', error))
      .finally(() => {
        this.#running.delete(batch);
        this.#lookAgain();
      });
    this.#running.set(batch, run);
  }

  async #send(batch: Batch): Promise<void> {
    const { app, rows } = batch;
    const body = webhookBody(
      rows[0]?.created_at ?? 0,
      rows.map(({ event }) => event),
    );
    const failure = await this.#post(app, body);
    if (failure === null) {
      this.#counters.webhooksDelivered += rows.length;
      this.#failing.delete(app.id);
      this.#taken.push(batch);
      return;
    }
    if (this.#stopping.signal.aborted) return;
    await this.#failed(batch, failure.why, failure.forGood);
  }

  async #failed(batch: Batch, why: string, forGood: boolean): Promise<void> {
    const { app, rows } = batch;
    this.#counters.webhookFailures++;
    if (!this.#failing.has(app.id)) {
      this.#failing.add(app.id);
      this.#log.warn({ app: app.id, why }, 'webhooks: a delivery failed; it is tried again for five minutes');
    }
    const [first] = rows;
    const attempts = first?.attempts ?? 0;
    const now = this.#clock.now();
    const dueAt = now + retryFirstMs * 2 ** attempts;
    const isOver = forGood || dueAt > (first?.created_at ?? 0) + retryForMs;
    if (isOver) {
      this.#counters.webhooksGivenUp += rows.length;
      this.#log.warn({ app: app.id, events: rows.length, attempts: attempts + 1, why }, 'webhooks: given up');
    }
    await this.#db
      .updateTable('webhook_journal')
      .set({ attempts: attempts + 1, due_at: dueAt, failed_at: isOver ? now : null })
      .where('app_id', '=', app.id)
      .where(
        'id',
        'in',
        rows.map(({ id }) => id),
      )
      .execute();
    this.#windows.delete(app.id);
  }

  /** @returns null when the receiver has taken it */
  async #post(app: App, body: string): Promise<{ why: string; forGood: boolean } | null> {
    const key = app.oldestKey;
    try {
      const answer = await this.#outbound.fetch(
        app.settings.webhookUrl ?? '',
        {
          method: 'POST',
          headers: {
            'Content-Type': 'application/json',
            'X-Pusher-Key': key.key,
            'X-Pusher-Signature': signWebhook(key, body),
          },
          body,
          signal: this.#stopping.signal,
        },
        { bytesMax: answerBytesMax, timeoutMs, plainHttp: true },
      );
      return answer.ok ? null : { why: `status ${answer.status}`, forGood: false };
    } catch (error) {
      if (!(error instanceof OutboundError)) {
        if (this.#stopping.signal.aborted) return { why: 'stopped', forGood: false };
        throw error;
      }
      // It has answered, at length.
      if (error.code === 'too_large') return null;
      return { why: error.message, forGood: error.code === 'refused' };
    }
  }

  async #forgetTaken(): Promise<void> {
    // More may be taken while these are deleted.
    const taken = [...this.#taken];
    if (taken.length === 0) return;
    for (const [app, batches] of Map.groupBy(taken, ({ app }) => app)) {
      await this.#db
        .deleteFrom('webhook_journal')
        .where('app_id', '=', app.id)
        .where(
          'id',
          'in',
          batches.flatMap(({ rows }) => rows.map(({ id }) => id)),
        )
        .execute();
    }
    this.#taken = this.#taken.slice(taken.length);
    this.#windows.clear();
  }

  async #hasLease(app: App): Promise<boolean> {
    const now = this.#clock.now();
    const until = now + this.#leaseMs;
    if ((this.#leasedUntil.get(app.id) ?? 0) > now + this.#leaseMs / 2) return true;
    const got = await this.#db
      .insertInto('webhook_leases')
      .values({ app_id: app.id, holder: this.#node, until })
      .onConflict((conflict) =>
        conflict
          .column('app_id')
          .doUpdateSet({ holder: this.#node, until })
          .where((row) =>
            row.or([row('webhook_leases.holder', '=', this.#node), row('webhook_leases.until', '<=', now)]),
          ),
      )
      .returning('holder')
      .executeTakeFirst();
    if (got === undefined) return false;
    this.#leasedUntil.set(app.id, until);
    return true;
  }

  async #purge(): Promise<void> {
    const now = this.#clock.now();
    if (now - this.#purgedAt < purgeMs) return;
    this.#purgedAt = now;
    await this.#db
      .deleteFrom('webhook_journal')
      .where('failed_at', '<=', now - keepFailedMs)
      .execute();
  }
}
