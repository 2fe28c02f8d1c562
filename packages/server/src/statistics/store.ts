import { sql } from '@earshot/data';
import { type CountName, type Counts, countNames } from '../apps/tally.ts';
import { dayOf } from '../apps/usage.ts';
import { countsFrom, type MinuteRow, type Run } from './minute.ts';
import { type Span, spanSteps, spansOf } from './spans.ts';
import type { CountColumns, StatisticsDatabase } from './tables.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** Rows in one statement: putting its text together is what is left of it on the event loop. */
const rowsMax = 100;
/** A minute is folded so long after its begin, when the rows of all nodes are there; one that comes later is added. */
const foldAfterMs = 150_000;
/** Minutes and apps that are folded in one transaction. */
const foldMinutesMax = 30;
const foldAppsMax = 50;
/** Minutes are kept for the range of an hour and for rows that come late; the rest a little longer than it is shown. */
const keepMinutesMs = 3 * hourMs;
const keepMs: Readonly<Record<number, number>> = { 5: 26 * hourMs, 60: 31 * dayMs };
const keepRunsMs = 32 * dayMs;
/** Days whose messages are kept, today among them. */
export const usageDays = 30;
/** Deleted in one go. */
const purgeMs = 6 * hourMs;

const columns: Readonly<Record<CountName, keyof CountColumns>> = {
  published: 'published',
  clientEvents: 'client_events',
  delivered: 'delivered',
  apiRequests: 'api_requests',
  apiErrors: 'api_errors',
  webhooksDelivered: 'webhooks_delivered',
  webhooksFailed: 'webhooks_failed',
};

/** What is stored of an app in a stretch of time; `minutes` are not in `spans`, unless only minutes were asked for. */
export interface Stored {
  readonly spans: readonly Span[];
  readonly minutes: readonly MinuteRow[];
  readonly runs: readonly Run[];
}

/** The statistics in the database. */
export class StatisticsStore {
  readonly #db: StatisticsDatabase;

  constructor(db: StatisticsDatabase) {
    this.#db = db;
  }

  /**
   * Writes minutes and how far the node's runs have come, all or nothing. Rows that are there already stay as they are,
   * so that what may or may not have been written can be written again; rows of apps that are gone are left out.
   */
  async write(rows: readonly MinuteRow[], runs: readonly Run[]): Promise<void> {
    await this.#db.transaction().execute(async (trx) => {
      const ids = [...new Set(rows.map(({ appId }) => appId))];
      const known = new Set<string>();
      for (let from = 0; from < ids.length; from += rowsMax) {
        const found = await trx
          .selectFrom('apps')
          .select('id')
          .where('id', 'in', ids.slice(from, from + rowsMax))
          .execute();
        for (const { id } of found) known.add(id);
      }
      const values = rows.filter(({ appId }) => known.has(appId)).map(minuteValues);
      for (let from = 0; from < values.length; from += rowsMax) {
        await trx
          .insertInto('statistics_minutes')
          .values(values.slice(from, from + rowsMax))
          .onConflict((conflict) => conflict.doNothing())
          .execute();
      }
      for (const { node, from, until } of runs) {
        await trx
          .insertInto('statistics_runs')
          .values({ node, began_at: from, until })
          .onConflict((conflict) =>
            conflict.columns(['node', 'began_at']).doUpdateSet({ until: larger('statistics_runs', 'until') }),
          )
          .execute();
      }
    });
  }

  /**
   * Adds minutes that are old enough to the rows of longer stretches, each minute once whoever does it.
   * @returns whether there may be more to do
   */
  fold(now: number): Promise<boolean> {
    return this.#db.transaction().execute(async (trx) => {
      await trx
        .updateTable('statistics_folding')
        .set((row) => ({ revision: row('revision', '+', 1) }))
        .execute();
      const before = minuteBefore(now - foldAfterMs);
      const waiting = await trx
        .selectFrom('statistics_minutes')
        .select((row) => ['app_id', row.fn.min('at').as('at')])
        .where('is_folded', '=', 0)
        .where('at', '<', before)
        .groupBy('app_id')
        .orderBy('at')
        .limit(foldAppsMax)
        .execute();
      const [oldest] = waiting;
      if (oldest === undefined) return false;
      const appIds = waiting.map(({ app_id }) => app_id);
      const until = Math.min(before, oldest.at + foldMinutesMax * 60_000);
      const fresh = await trx
        .updateTable('statistics_minutes')
        .set({ is_folded: 1 })
        .where('is_folded', '=', 0)
        .where('app_id', 'in', appIds)
        .where('at', '<', until)
        .returningAll()
        .execute();
      // Older ones may have come since `oldest` was asked for.
      const first = fresh.reduce((earliest, { at }) => Math.min(earliest, at), oldest.at);
      const all = await trx
        .selectFrom('statistics_minutes')
        .selectAll()
        .where('is_folded', '=', 1)
        .where('app_id', 'in', appIds)
        .where('at', '>=', first)
        .where('at', '<', until)
        .execute();
      const spans = spansOf(fresh.map(minuteOfRow), all.map(minuteOfRow));
      for (let from = 0; from < spans.length; from += rowsMax) {
        await trx
          .insertInto('statistics_spans')
          .values(spans.slice(from, from + rowsMax).map(spanValues))
          .onConflict((conflict) => conflict.columns(['app_id', 'step', 'at']).doUpdateSet(mergedSpan))
          .execute();
      }
      return until < before || waiting.length === foldAppsMax;
    });
  }

  /** Deletes what is older than it is kept, some hours' worth at most. */
  async purge(now: number): Promise<void> {
    const oldestMinute = await this.#db
      .selectFrom('statistics_minutes')
      .select((row) => row.fn.min('at').as('at'))
      .where('is_folded', '=', 1)
      .executeTakeFirstOrThrow();
    const minutesUntil = purgeUntil(oldestMinute.at, now - keepMinutesMs);
    if (minutesUntil !== null) {
      await this.#db
        .deleteFrom('statistics_minutes')
        .where('is_folded', '=', 1)
        .where('at', '<', minutesUntil)
        .execute();
    }
    for (const step of spanSteps) {
      const oldest = await this.#db
        .selectFrom('statistics_spans')
        .select((row) => row.fn.min('at').as('at'))
        .where('step', '=', step)
        .executeTakeFirstOrThrow();
      const until = purgeUntil(oldest.at, now - (keepMs[step] ?? keepRunsMs));
      if (until === null) continue;
      await this.#db
        .deleteFrom('statistics_spans')
        .where('step', '=', step)
        .where('at', '<', until)
        .execute();
    }
    await this.#db
      .deleteFrom('app_usage')
      .where('day', '<=', dayOf(now) - usageDays)
      .execute();
    await this.#db
      .deleteFrom('statistics_runs')
      .where('until', '<', now - keepRunsMs)
      .execute();
  }

  /** What there is of an app from `from` on: minutes, or rows of `step` minutes with the minutes that are in none yet. */
  async read(appId: string, from: number, step: number): Promise<Stored> {
    for (let tries = 0; ; tries++) {
      const before = await this.#revision();
      const stored = await this.#readOnce(appId, from, step);
      // A minute that was folded meanwhile would be missing or there twice.
      if (tries === 3 || step === 1 || (await this.#revision()) === before) return stored;
    }
  }

  /** Messages by day (days since the epoch, UTC), as they were last written. */
  async messagesByDay(appId: string, now: number, days: number): Promise<ReadonlyMap<number, number>> {
    const rows = await this.#db
      .selectFrom('app_usage')
      .select(['day', 'messages'])
      .where('app_id', '=', appId)
      .where('day', '>', dayOf(now) - days)
      .execute();
    return new Map(rows.map(({ day, messages }) => [day, messages]));
  }

  async #readOnce(appId: string, from: number, step: number): Promise<Stored> {
    const spans =
      step === 1
        ? []
        : await this.#db
            .selectFrom('statistics_spans')
            .selectAll()
            .where('app_id', '=', appId)
            .where('step', '=', step)
            .where('at', '>=', from)
            .execute();
    let minutes = this.#db
      .selectFrom('statistics_minutes')
      .selectAll()
      .where('app_id', '=', appId)
      .where('at', '>=', from);
    if (step !== 1) minutes = minutes.where('is_folded', '=', 0);
    const runs = await this.#db.selectFrom('statistics_runs').selectAll().where('until', '>', from).execute();
    return {
      spans: spans.map(spanOfRow),
      minutes: (await minutes.execute()).map(minuteOfRow),
      runs: runs.map(({ node, began_at, until }) => ({ node, from: began_at, until })),
    };
  }

  async #revision(): Promise<number> {
    return (await this.#db.selectFrom('statistics_folding').select('revision').executeTakeFirstOrThrow())
      .revision;
  }
}

function minuteBefore(time: number): number {
  return Math.floor(time / 60_000) * 60_000;
}

/** Until when to delete, or null when there is nothing old enough. */
function purgeUntil(oldest: number | null, keptFrom: number): number | null {
  return oldest === null || oldest >= keptFrom ? null : Math.min(keptFrom, oldest + purgeMs);
}

function countValues(counts: Readonly<Counts>): CountColumns {
  return Object.fromEntries(
    countNames.map((name) => [columns[name], counts[name]]),
  ) as unknown as CountColumns;
}

function minuteValues({ appId, at, node, seq, counts, seconds }: MinuteRow) {
  return { app_id: appId, at, node, seq, seconds, is_folded: 0, ...countValues(counts) };
}

function minuteOfRow(
  row: CountColumns & { app_id: string; at: number; node: string; seq: number; seconds: string },
): MinuteRow {
  const { app_id: appId, at, node, seq, seconds } = row;
  return { appId, at, node, seq, seconds, counts: countsFrom((name) => row[columns[name]]) };
}

type SpanRow = Parameters<typeof spanOfRow>[0];

function spanValues(span: Span): SpanRow {
  const { appId, step, at, counts, connections, peak, peakAt, minuteMessages, minuteAt } = span;
  const rest = { peak, peak_at: peakAt, minute_messages: minuteMessages, minute_at: minuteAt };
  return { app_id: appId, step, at, ...countValues(counts), ...connections, ...rest };
}

function spanOfRow(
  row: CountColumns & {
    app_id: string;
    step: number;
    at: number;
    websocket: number;
    xhr_streaming: number;
    xhr_polling: number;
    event_stream: number;
    peak: number;
    peak_at: number;
    minute_messages: number;
    minute_at: number;
  },
): Span {
  const { websocket, xhr_streaming, xhr_polling, event_stream } = row;
  return {
    appId: row.app_id,
    step: row.step,
    at: row.at,
    counts: countsFrom((name) => row[columns[name]]),
    connections: { websocket, xhr_streaming, xhr_polling, event_stream },
    peak: row.peak,
    peakAt: row.peak_at,
    minuteMessages: row.minute_messages,
    minuteAt: row.minute_at,
  };
}

const stored = 'statistics_spans';
const larger = (table: string, column: string) =>
  sql<number>`case when ${sql.ref(`excluded.${column}`)} > ${sql.ref(`${table}.${column}`)} then ${sql.ref(`excluded.${column}`)} else ${sql.ref(`${table}.${column}`)} end`;
const sum = (column: string) =>
  sql<number>`${sql.ref(`${stored}.${column}`)} + ${sql.ref(`excluded.${column}`)}`;
/** The time that goes with the larger of two figures. */
const timeOfLarger = (column: string, time: string) =>
  sql<number>`case when ${sql.ref(`excluded.${column}`)} > ${sql.ref(`${stored}.${column}`)} then ${sql.ref(`excluded.${time}`)} else ${sql.ref(`${stored}.${time}`)} end`;

/** A row that is there takes in another one of the same time: counts add up, of the most the larger one stays. */
const mergedSpan = {
  ...Object.fromEntries(Object.values(columns).map((column) => [column, sum(column)])),
  ...Object.fromEntries(
    ['websocket', 'xhr_streaming', 'xhr_polling', 'event_stream', 'peak', 'minute_messages'].map((column) => [
      column,
      larger(stored, column),
    ]),
  ),
  peak_at: timeOfLarger('peak', 'peak_at'),
  minute_at: timeOfLarger('minute_messages', 'minute_at'),
};
