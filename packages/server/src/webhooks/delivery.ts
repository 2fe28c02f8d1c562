import type { Clock, Log, Timer } from '@earshot/base';
import type { Outbound } from '@earshot/chat/outbound';
import type { App } from '../apps/app.ts';
import { isContentHidden } from '../apps/content-hidden.ts';
import type { Counters } from '../metrics/counters.ts';
import type { Trace } from '../trace/trace.ts';
import { type Attempts, keepAttemptsMs } from './attempts.ts';
import type { Endpoint } from './endpoint.ts';
import type { AppEndpoints, Endpoints } from './endpoints.ts';
import { type WebhookEvent, webhookBody } from './event.ts';
import { type Outcome, sendWebhook } from './sender.ts';
import type { WebhookDatabase, WebhookTables } from './tables.ts';

/** Tried for so long, the gaps doubling (HOOK-8). */
const retryForMs = 5 * 60_000;
const retryFirstMs = 1_000;
/** Requests to one endpoint at the same time, for different channels. */
const requestsMax = 8;
/** Rows read in one go, and how few may be left of them before the next are read. */
const windowMax = 500;
const windowMin = 100;
/** Pages that are looked through for a channel that does not wait. */
const pagesMax = 20;
/** Requests that were taken and whose rows are not deleted yet, while more is under way: a crash sends them once more. */
const takenMax = 50;
/** How often what other nodes wrote, and rows that are too old, are looked for. */
const pollMs = 1_000;
/** What was given up is kept for so long. */
const keepFailedMs = 7 * 24 * 60 * 60_000;
const purgeMs = 60 * 60_000;

type JournalRow = Omit<WebhookTables['webhook_journal'], 'endpoint_id'> & { endpoint_id: string };

interface Batch {
  readonly app: App;
  readonly endpoint: Endpoint;
  readonly id: string;
  readonly rows: readonly JournalRow[];
  readonly channels: ReadonlySet<string>;
}

/**
 * Sends what the journal holds: for each endpoint and channel in order, the next one only when the one before has been
 * taken or given up; for different channels several at once. One node delivers to an endpoint, by a lease that it renews.
 */
export class Delivery {
  readonly #db: WebhookDatabase;
  readonly #endpoints: Endpoints;
  readonly #attempts: Attempts;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #counters: Counters;
  readonly #trace: Trace | null;
  readonly #outbound: Outbound;
  readonly #node: string;
  readonly #leaseMs: number;
  readonly #onTakenOver: (app: App) => void;
  readonly #onProblem: (stage: string, error: unknown) => void;
  readonly #running = new Map<Batch, Promise<void>>();
  /** Taken by their receiver; their rows go with the next pass. */
  #taken: Batch[] = [];
  /** Ids of those rows, by app. A batch may have got another row since, which has not been sent. */
  readonly #takenIds = new Map<string, Set<string>>();
  /** The oldest rows of each endpoint that was looked at, without those that were taken since. */
  readonly #windows = new Map<string, JournalRow[]>();
  /** Grows with every change of rows that windows may hold. */
  #changes = 0;
  readonly #leasedUntil = new Map<string, number>();
  /** Endpoints whose receiver failed last, so that the log says it once. */
  readonly #failing = new Set<string>();
  readonly #stopping = new AbortController();
  #pass: Promise<void> | null = null;
  #again = false;
  #poll: Timer | null = null;
  #wake: Timer | null = null;
  #purgedAt = Number.NEGATIVE_INFINITY;

  constructor(parts: {
    db: WebhookDatabase;
    endpoints: Endpoints;
    attempts: Attempts;
    clock: Clock;
    log: Log;
    counters: Counters;
    trace: Trace | null;
    outbound: Outbound;
    node: string;
    leaseMs: number;
    /** Another node delivered to this app's endpoints and did not say goodbye. */
    onTakenOver: (app: App) => void;
    onProblem: (stage: string, error: unknown) => void;
  }) {
    this.#db = parts.db;
    this.#endpoints = parts.endpoints;
    this.#attempts = parts.attempts;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#counters = parts.counters;
    this.#trace = parts.trace;
    this.#outbound = parts.outbound;
    this.#node = parts.node;
    this.#leaseMs = parts.leaseMs;
    this.#onTakenOver = parts.onTakenOver;
    this.#onProblem = parts.onProblem;
  }

  start(): void {
    this.#poll = this.#clock.every(pollMs, () => this.look());
    this.look();
  }

  /** There is something new to send. */
  look(): void {
    this.#changes++;
    this.#windows.clear();
    this.#lookAgain();
  }

  #lookAgain(): void {
    if (this.#stopping.signal.aborted) return;
    if (this.#pass !== null) {
      this.#again = true;
      return;
    }
    this.#pass = this.#passes();
  }

  /** Nothing is begun any more. What is under way is broken off, and sent again after the next start. */
  async stop(): Promise<void> {
    this.#poll?.cancel();
    this.#wake?.cancel();
    this.#stopping.abort();
    await this.#pass;
    await Promise.all(this.#running.values());
    try {
      await this.#forgetTaken();
      if (this.#leasedUntil.size > 0)
        await this.#db.deleteFrom('webhook_endpoint_leases').where('holder', '=', this.#node).execute();
    } catch (error) {
      this.#onProblem('webhooks: ending the delivery', error);
    }
  }

  /** A test: one request now, that stands in no journal. */
  async test(app: App, endpoint: Endpoint, body: string): Promise<Outcome | null> {
    const outcome = await this.#request(app, endpoint, body);
    if (outcome !== null) this.#note(app, endpoint, body, [], outcome);
    return outcome;
  }

  async #passes(): Promise<void> {
    do {
      this.#again = false;
      try {
        if (this.#taken.length >= takenMax) await this.#forgetTaken();
        for (const [app, endpoints] of this.#endpoints.active()) await this.#beginAll(app, endpoints);
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

  async #beginAll(app: App, endpoints: AppEndpoints): Promise<void> {
    for (const endpoint of endpoints.enabled) {
      if (await this.#hasLease(app, endpoint)) await this.#begin(app, endpoint);
    }
  }

  #isOf(app: App, endpoint: Endpoint): (batch: Batch) => boolean {
    return (batch) => batch.app === app && batch.endpoint.id === endpoint.id;
  }

  /** Begins all requests to an endpoint that may be under way now. */
  async #begin(app: App, endpoint: Endpoint): Promise<void> {
    const mine = this.#isOf(app, endpoint);
    // What ends while rows are read is in them as it was before.
    const skipped = new Set([...this.#running.keys()].filter(mine).map(({ id }) => id));
    let page = await this.#firstPage(app, endpoint);
    const running = [...this.#running.keys()].filter(mine);
    const blocked = new Set(running.flatMap(({ channels }) => [...channels]));
    const taken = this.#takenIds.get(app.id);
    let free = requestsMax - running.length;
    const now = this.#clock.now();
    let next = Number.POSITIVE_INFINITY;
    // Where whole pages are of channels that wait, others may be behind them.
    for (let pages = 1; ; pages++) {
      const waiting = page.rows.filter(({ id }) => taken?.has(id) !== true);
      const batches = [...Map.groupBy(waiting, ({ batch }) => batch)];
      // The last one may not be whole.
      if (!page.isLast && batches.length > 1) batches.pop();
      for (const [id, rows] of batches) {
        if (free <= 0 || this.#stopping.signal.aborted) return;
        const channels = new Set(rows.map(({ channel }) => channel));
        const waits = [...channels].some((channel) => blocked.has(channel));
        for (const channel of channels) blocked.add(channel);
        if (waits || skipped.has(id) || running.some((batch) => batch.id === id)) continue;
        const dueAt = Math.max(...rows.map(({ due_at }) => due_at));
        if (dueAt > now) {
          next = Math.min(next, dueAt);
          continue;
        }
        free--;
        this.#run({ app, endpoint, id, rows, channels });
      }
      if (page.isLast || pages === pagesMax) break;
      const last = batches.at(-1)?.[1].at(-1) ?? page.rows.at(-1);
      page = await this.#page(app, endpoint, last?.id ?? '');
    }
    if (next < now + pollMs) {
      this.#wake?.cancel();
      this.#wake = this.#clock.after(next - now, () => this.look());
    }
  }

  /** The oldest rows that wait; read again only when few are left of those that were read before. */
  async #firstPage(app: App, endpoint: Endpoint): Promise<{ rows: JournalRow[]; isLast: boolean }> {
    const key = keyOf(app, endpoint);
    const taken = this.#takenIds.get(app.id);
    const known = this.#windows.get(key)?.filter(({ id }) => taken?.has(id) !== true);
    if (known !== undefined && known.length >= windowMin) {
      this.#windows.set(key, known);
      return { rows: known, isLast: false };
    }
    this.#windows.delete(key);
    const changes = this.#changes;
    const page = await this.#page(app, endpoint, '');
    // What has changed meanwhile may be in it as it was before.
    if (changes === this.#changes) this.#windows.set(key, page.rows);
    return page;
  }

  async #page(
    app: App,
    endpoint: Endpoint,
    afterId: string,
  ): Promise<{ rows: JournalRow[]; isLast: boolean }> {
    const rows = await this.#db
      .selectFrom('webhook_journal')
      .selectAll()
      .where('app_id', '=', app.id)
      .where('endpoint_id', '=', endpoint.id)
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
    const { app, endpoint, rows } = batch;
    const events = rows.map(({ event }) => event);
    const body = webhookBody(begunAt(rows), events);
    const outcome = await this.#request(app, endpoint, body);
    if (outcome === null) return;
    const attempt = (rows[0]?.attempts ?? 0) + 1;
    this.#attempts.note(app, endpoint, { attempt, body, events }, outcome);
    this.#note(app, endpoint, body, rows, outcome);
    if (!outcome.ok) return this.#failed(batch, outcome);
    this.#counters.webhooksDelivered += rows.length;
    app.tally.add('webhooksDelivered', rows.length);
    this.#failing.delete(keyOf(app, endpoint));
    this.#taken.push(batch);
    const ids = this.#takenIds.get(app.id) ?? new Set();
    this.#takenIds.set(app.id, ids);
    for (const { id } of rows) ids.add(id);
  }

  #request(app: App, endpoint: Endpoint, body: string): Promise<Outcome | null> {
    const parts = { outbound: this.#outbound, clock: this.#clock, signal: this.#stopping.signal };
    return sendWebhook(parts, app, endpoint, body);
  }

  async #failed({ app, endpoint, rows }: Batch, { reason, isForGood }: Outcome): Promise<void> {
    const where = { app: app.id, endpoint: endpoint.id };
    const key = keyOf(app, endpoint);
    this.#counters.webhookFailures++;
    if (!this.#failing.has(key)) {
      this.#failing.add(key);
      this.#log.warn(
        { ...where, why: reason },
        'webhooks: a delivery failed; it is tried again for five minutes',
      );
    }
    const attempts = rows[0]?.attempts ?? 0;
    const now = this.#clock.now();
    const dueAt = now + retryFirstMs * 2 ** attempts;
    const isOver = isForGood || dueAt > begunAt(rows) + retryForMs;
    if (isOver) {
      this.#counters.webhooksGivenUp += rows.length;
      app.tally.add('webhooksFailed', rows.length);
      this.#log.warn(
        { ...where, events: rows.length, attempts: attempts + 1, why: reason },
        'webhooks: given up',
      );
    }
    const ids = rows.map(({ id }) => id);
    await this.#db.transaction().execute(async (trx) => {
      await trx
        .updateTable('webhook_journal')
        .set({ attempts: attempts + 1, due_at: dueAt, failed_at: isOver ? now : null, reason })
        .where('app_id', '=', app.id)
        .where('id', 'in', ids)
        .execute();
      await this.#attempts.write(trx);
    });
    this.#changes++;
    this.#windows.delete(key);
  }

  /** For the debug console, when somebody looks. */
  #note(app: App, endpoint: Endpoint, body: string, rows: readonly JournalRow[], outcome: Outcome): void {
    if (this.#trace?.isWatched(app) !== true) return;
    const [first] = rows;
    const channel = first?.channel;
    const hidden = rows.some((row) => isContentHidden(app, row.channel));
    const name = first === undefined ? 'test' : (JSON.parse(first.event) as WebhookEvent).name;
    this.#trace.note(app, {
      kind: 'webhook',
      event: rows.length > 1 ? `${name} and ${rows.length - 1} more` : name,
      path: new URL(endpoint.url).host,
      durationMs: outcome.durationMs,
      ...(channel === undefined ? {} : { channel }),
      ...(outcome.status === null ? {} : { code: outcome.status }),
      ...(outcome.reason === null ? {} : { reason: outcome.reason }),
      ...(hidden ? {} : { data: body }),
    });
  }

  async #forgetTaken(): Promise<void> {
    // More may be taken while these are deleted.
    const taken = [...this.#taken];
    if (taken.length === 0) return;
    await this.#db.transaction().execute(async (trx) => {
      for (const [app, batches] of Map.groupBy(taken, ({ app }) => app)) {
        await trx
          .deleteFrom('webhook_journal')
          .where('app_id', '=', app.id)
          .where(
            'id',
            'in',
            batches.flatMap(({ rows }) => rows.map(({ id }) => id)),
          )
          .execute();
      }
      await this.#attempts.write(trx);
    });
    this.#taken = this.#taken.slice(taken.length);
    for (const { app, rows } of taken) for (const { id } of rows) this.#takenIds.get(app.id)?.delete(id);
    this.#changes++;
    this.#windows.clear();
  }

  async #hasLease(app: App, endpoint: Endpoint): Promise<boolean> {
    const key = keyOf(app, endpoint);
    const now = this.#clock.now();
    const until = now + this.#leaseMs;
    if ((this.#leasedUntil.get(key) ?? 0) > now + this.#leaseMs / 2) return true;
    const ids = { app_id: app.id, endpoint_id: endpoint.id };
    const before = await this.#db
      .selectFrom('webhook_endpoint_leases')
      .select(['holder', 'until'])
      .where('app_id', '=', app.id)
      .where('endpoint_id', '=', endpoint.id)
      .executeTakeFirst();
    const isOthers = before !== undefined && before.holder !== this.#node;
    if (isOthers && before.until > now) {
      this.#leasedUntil.delete(key);
      return false;
    }
    const got = await this.#db
      .insertInto('webhook_endpoint_leases')
      .values({ ...ids, holder: this.#node, until })
      .onConflict((conflict) =>
        conflict
          .columns(['app_id', 'endpoint_id'])
          .doUpdateSet({ holder: this.#node, until })
          .where((row) =>
            row.or([
              row('webhook_endpoint_leases.holder', '=', this.#node),
              row('webhook_endpoint_leases.until', '<=', now),
            ]),
          ),
      )
      .returning('holder')
      .executeTakeFirst();
    if (got === undefined) return false;
    this.#leasedUntil.set(key, until);
    if (isOthers) this.#onTakenOver(app);
    return true;
  }

  async #purge(): Promise<void> {
    const now = this.#clock.now();
    if (now - this.#purgedAt < purgeMs || !this.#endpoints.hasAny()) return;
    this.#purgedAt = now;
    await this.#db
      .deleteFrom('webhook_journal')
      .where('failed_at', '<=', now - keepFailedMs)
      .execute();
    await this.#db
      .deleteFrom('webhook_attempts')
      .where('at', '<=', now - keepAttemptsMs)
      .execute();
  }
}

/** The time in the request, from which its five minutes count. */
function begunAt([first]: readonly JournalRow[]): number {
  return first?.replayed_at ?? first?.created_at ?? 0;
}

function keyOf(app: App, endpoint: Endpoint): string {
  return `${app.id}/${endpoint.id}`;
}
