import { type Migration, Migrator } from 'kysely';
import type { Database } from './database.ts';

/**
 * Brings the tables of one owner up to date. Each owner has its own record of what ran (`{owner}_migrations`), so
 * that server and chat change their tables independently. Migrations run in the order of their names
 * (`2026-11-20-apps`); one that has been released is never changed.
 *
 * Several processes may do this at once: one runs them, in a transaction under a lock of the database that ends with
 * the process (SQLite: the write lock, PostgreSQL: an advisory lock); the others wait and find nothing left to do.
 * What a newer version has run is left alone, because migrations only add for one release, so that nodes of both
 * versions can run at the same time.
 *
 * @throws whatever a migration throws; then none of them has happened
 */
export async function migrate(
  database: Database,
  owner: string,
  migrations: Readonly<Record<string, Migration>>,
): Promise<void> {
  const table = `${owner}_migrations`;
  const unknown = (await executed(database, table)).filter((name) => !(name in migrations));
  const newer = unknown.map((name): [string, Migration] => [name, { up: async () => {} }]);
  const migrator = new Migrator({
    db: database.kysely,
    provider: { getMigrations: async () => ({ ...migrations, ...Object.fromEntries(newer) }) },
    migrationTableName: table,
    migrationLockTableName: `${table}_lock`,
  });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
}

async function executed(database: Database, table: string): Promise<string[]> {
  const tables = await database.kysely.introspection.getTables();
  if (!tables.some(({ name }) => name === table)) return [];
  const kysely = database.kysely.withTables<Record<string, { name: string }>>();
  return (await kysely.selectFrom(table).select('name').execute()).map(({ name }) => name);
}
