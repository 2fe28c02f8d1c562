import type { Migration } from '@earshot/data';

export type KeyTables = {
  /** Keys that the server makes for itself, one for each app and purpose. */
  chat_keys: { app_id: string; purpose: string; value: string; created_at: number };
};

export const keyMigrations: Record<string, Migration> = {
  '2026-11-21-keys': {
    async up(db) {
      await db.schema
        .createTable('chat_keys')
        .addColumn('app_id', 'text', (column) => column.notNull())
        .addColumn('purpose', 'text', (column) => column.notNull())
        .addColumn('value', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('chat_keys_pk', ['app_id', 'purpose'])
        .execute();
    },
  },
};
