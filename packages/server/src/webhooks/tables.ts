import { type Database, type Generated, type Kysely, type Migration, migrate, sql } from '@earshot/data';

/** The tables of this folder. Times are milliseconds since the epoch. */
export type WebhookTables = {
  /** Further addresses of an app, besides the one in its settings. */
  webhook_endpoints: {
    app_id: string;
    id: string;
    url: string;
    /** Separated by commas. */
    kinds: string;
    /** Only channels whose name begins with it. */
    prefix: string;
    /** JSON of an object. */
    headers: string;
    batching: number;
    enabled: number;
    created_at: number;
  };
  /** One row. Whoever changes endpoints raises the number in the same transaction; the others see by it that they have to read. */
  webhook_revision: { id: number; revision: number };
  /** What is to be delivered, and what could not be. Delivered rows are deleted. */
  webhook_journal: {
    app_id: string;
    /** In the order in which it became true. */
    id: string;
    endpoint_id: Generated<string>;
    /** Rows of one batch are one request. */
    batch: string;
    channel: string;
    /** One element of the request's `events`, as JSON. */
    event: string;
    created_at: number;
    attempts: number;
    /** Not before then. */
    due_at: number;
    /** Given up then; null while it is still tried. */
    failed_at: number | null;
    /** Why the last attempt failed, in words. */
    reason: string | null;
    /** An operator sent it again then: its time and its five minutes begin there. */
    replayed_at: number | null;
  };
  /** The last number of each app's journal. The row is the lock of those who write there, so that numbers grow with the commits. */
  webhook_numbers: { app_id: string; last: number };
  /** What endpoints believe to be so: occupied channels (`user_id` is ''), and members. */
  webhook_told: {
    app_id: string;
    channel: string;
    user_id: string;
    /** Ids of those that believe it, separated by blanks. */
    endpoints: Generated<string>;
  };
  /** Who delivers to an endpoint, so that only one does. */
  webhook_endpoint_leases: { app_id: string; endpoint_id: string; holder: string; until: number };
  /** What was sent and answered. */
  webhook_attempts: {
    app_id: string;
    /** The newest is the greatest. */
    id: string;
    endpoint_id: string;
    at: number;
    duration_ms: number;
    attempt: number;
    ok: number;
    status: number | null;
    reason: string | null;
    body: string | null;
    answer: string | null;
    /** JSON: name and channel of each event. */
    events: string;
  };
};

export type WebhookDatabase = Kysely<WebhookTables>;

/** The endpoint that an app's settings hold; rows of the time when there was no other are its own. */
export const settingsEndpoint = 'settings';

const migrations: Record<string, Migration> = {
  '2026-11-21-webhooks': {
    async up(db) {
      await db.schema
        .createTable('webhook_journal')
        .addColumn('app_id', 'text', (column) => column.notNull())
        .addColumn('id', 'text', (column) => column.notNull())
        .addColumn('batch', 'text', (column) => column.notNull())
        .addColumn('channel', 'text', (column) => column.notNull())
        .addColumn('event', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('attempts', 'integer', (column) => column.notNull())
        .addColumn('due_at', 'bigint', (column) => column.notNull())
        .addColumn('failed_at', 'bigint')
        .addPrimaryKeyConstraint('webhook_journal_pk', ['app_id', 'id'])
        .execute();
      await db.schema
        .createIndex('webhook_journal_waiting')
        .on('webhook_journal')
        .columns(['app_id', 'failed_at', 'id'])
        .execute();
      await db.schema
        .createTable('webhook_told')
        .addColumn('app_id', 'text', (column) => column.notNull())
        .addColumn('channel', 'text', (column) => column.notNull())
        .addColumn('user_id', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('webhook_told_pk', ['app_id', 'channel', 'user_id'])
        .execute();
      await db.schema
        .createTable('webhook_leases')
        .addColumn('app_id', 'text', (column) => column.primaryKey())
        .addColumn('holder', 'text', (column) => column.notNull())
        .addColumn('until', 'bigint', (column) => column.notNull())
        .execute();
    },
  },
  '2026-11-21-webhooks-2-endpoints': {
    async up(db) {
      // EARSHOT_APP_ID may change the id of the first app; its endpoints go along.
      await db.schema
        .createTable('webhook_endpoints')
        .addColumn('app_id', 'text', (column) =>
          column.notNull().references('apps.id').onUpdate('cascade').onDelete('cascade'),
        )
        .addColumn('id', 'text', (column) => column.notNull())
        .addColumn('url', 'text', (column) => column.notNull())
        .addColumn('kinds', 'text', (column) => column.notNull())
        .addColumn('prefix', 'text', (column) => column.notNull())
        .addColumn('headers', 'text', (column) => column.notNull())
        .addColumn('batching', 'integer', (column) => column.notNull())
        .addColumn('enabled', 'integer', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('webhook_endpoints_pk', ['app_id', 'id'])
        .execute();
      await db.schema
        .createTable('webhook_revision')
        .addColumn('id', 'integer', (column) => column.primaryKey())
        .addColumn('revision', 'bigint', (column) => column.notNull())
        .execute();
      await sql`insert into webhook_revision values (1, 0)`.execute(db);
      await db.schema
        .alterTable('webhook_journal')
        .addColumn('endpoint_id', 'text', (column) => column.notNull().defaultTo(settingsEndpoint))
        .execute();
      await db.schema.alterTable('webhook_journal').addColumn('reason', 'text').execute();
      await db.schema.alterTable('webhook_journal').addColumn('replayed_at', 'bigint').execute();
      await db.schema
        .createIndex('webhook_journal_of_endpoint')
        .on('webhook_journal')
        .columns(['app_id', 'endpoint_id', 'failed_at', 'id'])
        .execute();
      await db.schema
        .alterTable('webhook_told')
        .addColumn('endpoints', 'text', (column) => column.notNull().defaultTo(settingsEndpoint))
        .execute();
      await db.schema
        .createTable('webhook_numbers')
        .addColumn('app_id', 'text', (column) => column.primaryKey())
        .addColumn('last', 'bigint', (column) => column.notNull())
        .execute();
      await db.schema
        .createTable('webhook_endpoint_leases')
        .addColumn('app_id', 'text', (column) => column.notNull())
        .addColumn('endpoint_id', 'text', (column) => column.notNull())
        .addColumn('holder', 'text', (column) => column.notNull())
        .addColumn('until', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('webhook_endpoint_leases_pk', ['app_id', 'endpoint_id'])
        .execute();
      await db.schema
        .createTable('webhook_attempts')
        .addColumn('app_id', 'text', (column) => column.notNull())
        .addColumn('id', 'text', (column) => column.notNull())
        .addColumn('endpoint_id', 'text', (column) => column.notNull())
        .addColumn('at', 'bigint', (column) => column.notNull())
        .addColumn('duration_ms', 'integer', (column) => column.notNull())
        .addColumn('attempt', 'integer', (column) => column.notNull())
        .addColumn('ok', 'integer', (column) => column.notNull())
        .addColumn('status', 'integer')
        .addColumn('reason', 'text')
        .addColumn('body', 'text')
        .addColumn('answer', 'text')
        .addColumn('events', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('webhook_attempts_pk', ['app_id', 'id'])
        .execute();
      await db.schema
        .createIndex('webhook_attempts_of_endpoint')
        .on('webhook_attempts')
        .columns(['app_id', 'endpoint_id', 'id'])
        .execute();
    },
  },
};

/** Brings the tables of this folder up to date. */
export function migrateWebhookTables(database: Database): Promise<void> {
  return migrate(database, 'webhooks', migrations);
}

export function webhookTables(database: Database): WebhookDatabase {
  return database.kysely.withTables<WebhookTables>();
}
