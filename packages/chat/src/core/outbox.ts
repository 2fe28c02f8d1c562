import type { Clock, Timer } from '@earshot/base';
import type { ServerEventName, ServerEvents } from '../contract/index.ts';
import { type ChannelHost, HostError } from '../host.ts';
import { newId } from '../ids.ts';
import type { ChatDatabase, ChatTransaction, Outbox } from './core.ts';

/** How often leftovers of other processes are looked for. */
const sweepMs = 2_000;
/** The process that wrote a row publishes it within this time, else any other does. */
const holdMs = 10_000;
/** Between tries while the host takes nothing: doubled each time. */
const retryFirstMs = 100;
const retryMostMs = 30_000;
/** Rows in one go. */
const batch = 200;
/** An event is a hint; after so long every client has asked for the truth, and one that the host never takes would stop its channels. */
const keepMs = 24 * 60 * 60_000;

interface OutboxRow {
  readonly app_id: string;
  readonly id: string;
  readonly channels: string;
  readonly event: string;
  readonly data: string;
  readonly created_at: number;
  readonly holder: string;
  readonly held_until: number;
}

/**
 * The outbox as rows (see `Outbox`). Rows are published in the order of their ids for each channel; one that waits (for a
 * host that failed, or for the process that holds it) makes later ones of its channels wait.
 */
export class OutboxRows implements Outbox {
  readonly #db: ChatDatabase;
  readonly #host: ChannelHost;
  readonly #clock: Clock;
  readonly #onProblem: (stage: string, error: unknown) => void;
  readonly #me = newId();
  #lastId = 0;
  #failures = 0;
  #sweep: Timer | undefined;
  #retry: Timer | undefined;
  #pass: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #stopped = false;

  constructor(core: {
    readonly db: ChatDatabase;
    readonly host: ChannelHost;
    readonly clock: Clock;
    readonly onProblem: (stage: string, error: unknown) => void;
  }) {
    this.#db = core.db;
    this.#host = core.host;
    this.#clock = core.clock;
    this.#onProblem = core.onProblem;
  }

  async add<Name extends ServerEventName>(
    trx: ChatTransaction,
    appId: string,
    channels: readonly string[],
    event: Name,
    data: ServerEvents[Name],
  ): Promise<void> {
    if (channels.length === 0) return;
    const now = this.#clock.now();
    await trx
      .insertInto('chat_outbox')
      .values({
        app_id: appId,
        id: this.#newRowId(now),
        channels: JSON.stringify(channels),
        event,
        data: JSON.stringify(data),
        created_at: now,
        holder: this.#me,
        held_until: now + holdMs,
      })
      .execute();
  }

  /** Publishes what was committed before the call. */
  flush(): Promise<void> {
    if (this.#pass === undefined) return this.#begin();
    // The pass that runs may have read before the commit: one more, which all callers of now share.
    this.#next ??= this.#pass.then(() => {
      this.#next = undefined;
      return this.#begin();
    });
    return this.#next;
  }

  /** Begins to look for what others left. */
  start(): void {
    this.#sweep = this.#clock.every(sweepMs, () => void this.flush());
    void this.flush();
  }

  async stop(): Promise<void> {
    this.#sweep?.cancel();
    this.#retry?.cancel();
    await this.flush();
    this.#stopped = true;
  }

  #begin(): Promise<void> {
    this.#pass = this.#publishAll().finally(() => {
      this.#pass = undefined;
    });
    return this.#pass;
  }

  async #publishAll(): Promise<void> {
    try {
      while (!this.#stopped && (await this.#publishBatch())) {
        // There was a full batch, all of it published: look for more.
      }
    } catch (error) {
      this.#onProblem('outbox', error);
    }
  }

  /** @returns whether there may be more to do at once */
  async #publishBatch(): Promise<boolean> {
    const rows = await this.#db.selectFrom('chat_outbox').selectAll().orderBy('id').limit(batch).execute();
    if (rows.length === 0) return false;
    const now = this.#clock.now();
    const mine = await this.#take(rows, now);
    /** For each channel the one before: whether it was published. */
    const before = new Map<string, Promise<boolean>>();
    const outcomes = rows.map((row): Promise<boolean> => {
      const channels: string[] = JSON.parse(row.channels);
      const names = channels.map((channel) => `${row.app_id} ${channel}`);
      const earlier = names.flatMap((name) => before.get(name) ?? []);
      const outcome = mine.has(row.id) ? this.#publish(row, channels, earlier) : Promise.resolve(false);
      for (const name of names) before.set(name, outcome);
      return outcome;
    });
    const published = await Promise.all(outcomes);
    const done = rows.filter((_, index) => published[index]);
    if (done.length > 0) {
      await this.#db
        .deleteFrom('chat_outbox')
        .where(
          'id',
          'in',
          done.map(({ id }) => id),
        )
        .execute();
    }
    if (done.length > 0) this.#failures = 0;
    if (done.length === rows.length) return rows.length === batch;
    if (mine.size > done.length) await this.#tryLater(mine, now);
    return false;
  }

  /** What is mine already, and what nobody holds any more. */
  async #take(rows: readonly OutboxRow[], now: number): Promise<ReadonlySet<string>> {
    const mine = new Set(rows.filter(({ holder }) => holder === this.#me).map(({ id }) => id));
    const left = rows.filter(({ id, held_until }) => !mine.has(id) && held_until <= now);
    if (left.length === 0) return mine;
    const taken = await this.#db
      .updateTable('chat_outbox')
      .set({ holder: this.#me, held_until: now + holdMs })
      .where(
        'id',
        'in',
        left.map(({ id }) => id),
      )
      .where('held_until', '<=', now)
      .returning('id')
      .execute();
    for (const { id } of taken) mine.add(id);
    return mine;
  }

  async #publish(
    row: OutboxRow,
    channels: readonly string[],
    earlier: readonly Promise<boolean>[],
  ): Promise<boolean> {
    if (!(await Promise.all(earlier)).every(Boolean)) return false;
    try {
      await this.#host.publish(row.app_id, channels, row.event, JSON.parse(row.data));
      return true;
    } catch (error) {
      this.#onProblem('outbox', error);
      const neverTaken = error instanceof HostError && error.forGood;
      return neverTaken || row.created_at + keepMs <= this.#clock.now();
    }
  }

  async #tryLater(mine: ReadonlySet<string>, now: number): Promise<void> {
    const wait = Math.min(retryFirstMs * 2 ** this.#failures++, retryMostMs);
    await this.#db
      .updateTable('chat_outbox')
      .set({ held_until: now + wait + holdMs })
      .where('id', 'in', [...mine])
      .where('holder', '=', this.#me)
      .execute();
    this.#retry?.cancel();
    this.#retry = this.#clock.after(wait, () => void this.flush());
  }

  /** Time, then a count for what is of the same millisecond, then the process. */
  #newRowId(now: number): string {
    this.#lastId = Math.max(this.#lastId + 1, now * 1_000);
    return `${this.#lastId.toString(36).padStart(11, '0')}-${this.#me}`;
  }
}
