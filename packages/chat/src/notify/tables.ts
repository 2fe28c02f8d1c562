import type { Migration } from '@earshot/data';

/** The tables of this folder. Times are milliseconds since the epoch. */
export type NotifyTables = {
  /** Where a session's browser can be reached. One for each session, and no endpoint for two. */
  chat_push_subscriptions: {
    app_id: string;
    session: string;
    owner: string;
    endpoint: string;
    /** SHA-256 of the endpoint, base64url: endpoints are long. */
    endpoint_hash: string;
    /** Public key and secret of the browser, base64url. */
    p256dh: string;
    auth: string;
    /** The host of this server as the browser knows it; notifications show it. */
    host: string;
    created_at: number;
  };
  /** Notifications that the push service did not take yet. */
  chat_push_retries: {
    app_id: string;
    id: string;
    owner: string;
    session: string;
    /** Encrypted for the browser, base64: the text is not readable here. */
    body: string;
    topic: string;
    urgency: string;
    expires_at: number;
    failures: number;
  };
};

export const notifyMigrations: Record<string, Migration> = {
  '2026-11-21-notify': {
    async up(db) {
      await db.schema
        .createTable('chat_push_subscriptions')
        .addColumn('app_id', 'text', (column) => column.notNull())
        .addColumn('session', 'text', (column) => column.notNull())
        .addColumn('owner', 'text', (column) => column.notNull())
        .addColumn('endpoint', 'text', (column) => column.notNull())
        .addColumn('endpoint_hash', 'text', (column) => column.notNull())
        .addColumn('p256dh', 'text', (column) => column.notNull())
        .addColumn('auth', 'text', (column) => column.notNull())
        .addColumn('host', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('chat_push_subscriptions_pk', ['app_id', 'session'])
        .addUniqueConstraint('chat_push_subscriptions_endpoint', ['app_id', 'endpoint_hash'])
        .execute();
      await db.schema
        .createIndex('chat_push_subscriptions_owner')
        .on('chat_push_subscriptions')
        .columns(['app_id', 'owner'])
        .execute();
      await db.schema
        .createTable('chat_push_retries')
        .addColumn('app_id', 'text', (column) => column.notNull())
        .addColumn('id', 'text', (column) => column.notNull())
        .addColumn('owner', 'text', (column) => column.notNull())
        .addColumn('session', 'text', (column) => column.notNull())
        .addColumn('body', 'text', (column) => column.notNull())
        .addColumn('topic', 'text', (column) => column.notNull())
        .addColumn('urgency', 'text', (column) => column.notNull())
        .addColumn('expires_at', 'bigint', (column) => column.notNull())
        .addColumn('failures', 'integer', (column) => column.notNull())
        .addPrimaryKeyConstraint('chat_push_retries_pk', ['app_id', 'id'])
        .execute();
      for (const column of ['owner', 'session']) {
        await db.schema
          .createIndex(`chat_push_retries_${column}`)
          .on('chat_push_retries')
          .columns(['app_id', column])
          .execute();
      }
    },
  },
};
