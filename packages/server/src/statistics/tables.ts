import { type Database, type Kysely, type Migration, migrate } from '@earshot/data';
import type { AppTables } from '../apps/tables.ts';

/** Columns of `Counts`. */
export interface CountColumns {
  published: number;
  client_events: number;
  delivered: number;
  api_requests: number;
  api_errors: number;
  webhooks_delivered: number;
  webhooks_failed: number;
}

/** The tables of this folder. Times are milliseconds since the epoch. */
export type StatisticsTables = {
  /** What one node wrote of an app and a minute (`minute.ts`). Written once, never changed; kept for some hours. */
  statistics_minutes: CountColumns & {
    app_id: string;
    at: number;
    node: string;
    seq: number;
    seconds: string;
    /** 1: is in `statistics_spans` too. */
    is_folded: number;
  };
  /** The sum of all nodes in `step` minutes. */
  statistics_spans: CountColumns & {
    app_id: string;
    step: number;
    at: number;
    /** The most at one time, by transport, and all together with when that was. */
    websocket: number;
    xhr_streaming: number;
    xhr_polling: number;
    event_stream: number;
    peak: number;
    peak_at: number;
    /** The most messages in one minute, and which one that was. */
    minute_messages: number;
    minute_at: number;
  };
  /** When which node ran, for as long as its clock went on evenly. */
  statistics_runs: { node: string; began_at: number; until: number };
  /** One row. Whoever folds raises the number first: of all nodes, one at a time does. */
  statistics_folding: { id: number; revision: number };
};

export type StatisticsDatabase = Kysely<StatisticsTables & Pick<AppTables, 'apps' | 'app_usage'>>;

const counts = [
  'published',
  'client_events',
  'delivered',
  'api_requests',
  'api_errors',
  'webhooks_delivered',
  'webhooks_failed',
];
const most = ['websocket', 'xhr_streaming', 'xhr_polling', 'event_stream'];

const migrations: Record<string, Migration> = {
  '2026-11-21-statistics': {
    async up(db) {
      // An app's figures go with it, and along when EARSHOT_APP_ID changes its id.
      let minutes = db.schema
        .createTable('statistics_minutes')
        .addColumn('app_id', 'text', (column) =>
          column.notNull().references('apps.id').onUpdate('cascade').onDelete('cascade'),
        )
        .addColumn('at', 'bigint', (column) => column.notNull())
        .addColumn('node', 'text', (column) => column.notNull())
        .addColumn('seq', 'integer', (column) => column.notNull())
        .addColumn('seconds', 'text', (column) => column.notNull())
        .addColumn('is_folded', 'integer', (column) => column.notNull())
        .addPrimaryKeyConstraint('statistics_minutes_pk', ['app_id', 'at', 'node', 'seq']);
      for (const name of counts) minutes = minutes.addColumn(name, 'bigint', (column) => column.notNull());
      await minutes.execute();
      await db.schema
        .createIndex('statistics_minutes_folded')
        .on('statistics_minutes')
        .columns(['is_folded', 'at'])
        .execute();

      let spans = db.schema
        .createTable('statistics_spans')
        .addColumn('app_id', 'text', (column) =>
          column.notNull().references('apps.id').onUpdate('cascade').onDelete('cascade'),
        )
        .addColumn('step', 'integer', (column) => column.notNull())
        .addColumn('at', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('statistics_spans_pk', ['app_id', 'step', 'at']);
      for (const name of [...counts, ...most, 'peak', 'peak_at', 'minute_messages', 'minute_at']) {
        spans = spans.addColumn(name, 'bigint', (column) => column.notNull());
      }
      await spans.execute();
      await db.schema
        .createIndex('statistics_spans_at')
        .on('statistics_spans')
        .columns(['step', 'at'])
        .execute();

      await db.schema
        .createTable('statistics_runs')
        .addColumn('node', 'text', (column) => column.notNull())
        .addColumn('began_at', 'bigint', (column) => column.notNull())
        .addColumn('until', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('statistics_runs_pk', ['node', 'began_at'])
        .execute();
      await db.schema.createIndex('statistics_runs_until').on('statistics_runs').column('until').execute();
      await db.schema
        .createTable('statistics_folding')
        .addColumn('id', 'integer', (column) => column.primaryKey())
        .addColumn('revision', 'bigint', (column) => column.notNull())
        .execute();
      await db.insertInto('statistics_folding').values({ id: 1, revision: 0 }).execute();
    },
  },
};

/** Brings the tables of this folder up to date; those of `apps/` have to be there. */
export async function openStatisticsTables(database: Database): Promise<void> {
  await migrate(database, 'statistics', migrations);
}

export function withStatisticsTables(database: Database): StatisticsDatabase {
  return database.kysely.withTables<StatisticsTables & Pick<AppTables, 'apps' | 'app_usage'>>();
}
