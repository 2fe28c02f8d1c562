import { type Database, type Kysely, type Migration, migrate } from '@earshot/data';

/** The tables of this folder. Times are milliseconds since the epoch. */
export type AppTables = {
  apps: {
    id: string;
    /** 1 is the oldest. */
    position: number;
    /** JSON of the settings that were changed; the others have their defaults. */
    settings: string;
    created_at: number;
  };
  app_keys: { key: string; app_id: string; secret: string; position: number; created_at: number };
  /** Messages of an app in a day (days since the epoch, UTC). */
  app_usage: { app_id: string; day: number; messages: number };
  /**
   * One row. Whoever changes apps or keys raises the number first, in the same transaction: that row is the lock of
   * all changes, and the others see by it that there is something to read.
   */
  app_revision: { id: number; revision: number };
  /** Apps that are gone, until all that belonged to them is. */
  app_removals: { app_id: string; removed_at: number };
};

export type AppDatabase = Kysely<AppTables>;

const migrations: Record<string, Migration> = {
  '2026-11-20-apps': {
    async up(db) {
      await db.schema
        .createTable('apps')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('position', 'integer', (column) => column.notNull())
        .addColumn('settings', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .execute();
      // EARSHOT_APP_ID may change the id of the first app; what belongs to it goes along.
      await db.schema
        .createTable('app_keys')
        .addColumn('key', 'text', (column) => column.primaryKey())
        .addColumn('app_id', 'text', (column) =>
          column.notNull().references('apps.id').onUpdate('cascade').onDelete('cascade'),
        )
        .addColumn('secret', 'text', (column) => column.notNull())
        .addColumn('position', 'integer', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .execute();
      await db.schema.createIndex('app_keys_app_id').on('app_keys').column('app_id').execute();
      await db.schema
        .createTable('app_usage')
        .addColumn('app_id', 'text', (column) =>
          column.notNull().references('apps.id').onUpdate('cascade').onDelete('cascade'),
        )
        .addColumn('day', 'integer', (column) => column.notNull())
        .addColumn('messages', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('app_usage_pk', ['app_id', 'day'])
        .execute();
      await db.schema
        .createTable('app_revision')
        .addColumn('id', 'integer', (column) => column.primaryKey())
        .addColumn('revision', 'bigint', (column) => column.notNull())
        .execute();
      await db.insertInto('app_revision').values({ id: 1, revision: 0 }).execute();
    },
  },
  '2026-11-21-app-removals': {
    async up(db) {
      await db.schema
        .createTable('app_removals')
        .addColumn('app_id', 'text', (column) => column.primaryKey())
        .addColumn('removed_at', 'bigint', (column) => column.notNull())
        .execute();
    },
  },
};

/** The tables of this folder, brought up to date. */
export async function openAppTables(database: Database): Promise<AppDatabase> {
  await migrate(database, 'server', migrations);
  return database.kysely.withTables<AppTables>();
}
