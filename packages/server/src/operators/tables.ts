import { type Database, type Kysely, type Migration, migrate } from '@earshot/data';

/** The tables of this folder. What is kept of a token is its SHA-256, so the database opens no door. Times are milliseconds since the epoch. */
export type OperatorTables = {
  sign_in_links: { token_hash: string; expires_at: number };
  /** `operator_id` null: came by a link. */
  sessions: { token_hash: string; expires_at: number; operator_id: string | null };
  operators: {
    id: string;
    name: string;
    /** The name as it is compared: two that look alike are one. */
    name_key: string;
    /** Argon2id in PHC form; null: comes by a provider only. */
    password_hash: string | null;
    /** Who vouches for them, and by which address; null: has a password. */
    issuer: string | null;
    email: string | null;
    /** The variable that sets the password, while a server runs with it. */
    locked_by: string | null;
    created_at: number;
    last_seen_at: number | null;
  };
};

export type OperatorDatabase = Kysely<OperatorTables>;

const migrations: Record<string, Migration> = {
  '2026-11-20-sessions': {
    async up(db) {
      for (const table of ['sign_in_links', 'sessions']) {
        await db.schema
          .createTable(table)
          .addColumn('token_hash', 'text', (column) => column.primaryKey())
          .addColumn('expires_at', 'bigint', (column) => column.notNull())
          .execute();
      }
    },
  },
  '2026-11-21-operators': {
    async up(db) {
      await db.schema
        .createTable('operators')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('name_key', 'text', (column) => column.notNull().unique())
        .addColumn('password_hash', 'text')
        .addColumn('issuer', 'text')
        .addColumn('email', 'text')
        .addColumn('locked_by', 'text')
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('last_seen_at', 'bigint')
        .execute();
      await db.schema.alterTable('sessions').addColumn('operator_id', 'text').execute();
    },
  },
};

/** The tables of this folder, brought up to date. */
export async function openOperatorTables(database: Database): Promise<OperatorDatabase> {
  // Their record is named after the page at `/`, where sessions were before there was a dashboard.
  await migrate(database, 'home', migrations);
  return database.kysely.withTables<OperatorTables>();
}
