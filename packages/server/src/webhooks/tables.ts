import { type Database, type Kysely, type Migration, migrate } from '@earshot/data';

/** The tables of this folder. Times are milliseconds since the epoch. */
export type WebhookTables = {
  /** What is to be delivered, and what could not be. Delivered rows are deleted. */
  webhook_journal: {
    app_id: string;
    /** In the order in which it became true. */
    id: string;
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
  };
  /** What the app believes to be so: occupied channels (`user_id` is ''), and members. */
  webhook_told: { app_id: string; channel: string; user_id: string };
  /** Who delivers for an app, so that only one does. */
  webhook_leases: { app_id: string; holder: string; until: number };
};

export type WebhookDatabase = Kysely<WebhookTables>;

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
};

/** The tables of this folder, brought up to date. */
export async function openWebhookTables(database: Database): Promise<WebhookDatabase> {
  await migrate(database, 'webhooks', migrations);
  return database.kysely.withTables<WebhookTables>();
}
