import { DataError } from '@earshot/data';
import { type AppSettings, appSettingRows, checkAppSettingValues } from '../config/app-settings.ts';
import type { AppDatabase } from './tables.ts';

/** An app as it is in the database. */
export interface StoredApp {
  readonly id: string;
  readonly createdAt: number;
  /** Only what was changed. */
  readonly settings: Partial<AppSettings>;
  /** Oldest first. */
  readonly keys: readonly (StoredKey & { readonly createdAt: number })[];
}

export interface StoredKey {
  readonly key: string;
  readonly secret: string;
}

/** Runs a change of apps or keys in a transaction. Of all processes, one at a time is in here. */
export function changing<Result>(
  db: AppDatabase,
  change: (transaction: AppDatabase) => Promise<Result>,
): Promise<Result> {
  return db.transaction().execute(async (transaction) => {
    await transaction
      .updateTable('app_revision')
      .set((row) => ({ revision: row('revision', '+', 1) }))
      .execute();
    return change(transaction);
  });
}

/** A number that grows with every change. */
export async function readRevision(db: AppDatabase): Promise<number> {
  return (await db.selectFrom('app_revision').select('revision').executeTakeFirstOrThrow()).revision;
}

/** All apps, oldest first. What changes meanwhile may be missing, but has raised the revision. */
export async function readApps(db: AppDatabase): Promise<StoredApp[]> {
  const apps = await db
    .selectFrom('apps')
    .select(['id', 'settings', 'created_at'])
    .orderBy('position')
    .execute();
  const keys = await db
    .selectFrom('app_keys')
    .select(['app_id', 'key', 'secret', 'created_at'])
    .orderBy('position')
    .execute();
  const keysOf = Map.groupBy(keys, ({ app_id }) => app_id);
  return apps.map(({ id, settings, created_at }) => ({
    id,
    createdAt: created_at,
    settings: parseSettings(id, settings),
    keys: (keysOf.get(id) ?? []).map((row) => ({
      key: row.key,
      secret: row.secret,
      createdAt: row.created_at,
    })),
  }));
}

/** The changed settings of one app; undefined when there is no such app. */
export async function readSettings(db: AppDatabase, id: string): Promise<Partial<AppSettings> | undefined> {
  const row = await db.selectFrom('apps').select('settings').where('id', '=', id).executeTakeFirst();
  return row === undefined ? undefined : parseSettings(id, row.settings);
}

export async function writeSettings(
  db: AppDatabase,
  id: string,
  settings: Partial<AppSettings>,
): Promise<void> {
  await db
    .updateTable('apps')
    .set({ settings: JSON.stringify(settings) })
    .where('id', '=', id)
    .execute();
}

/** Adds an app, after the present ones. It needs a key too. */
export async function insertApp(
  db: AppDatabase,
  app: { id: string; settings: Partial<AppSettings> },
  nowMs: number,
): Promise<void> {
  const last = await db
    .selectFrom('apps')
    .select(({ fn }) => fn.max('position').as('position'))
    .executeTakeFirst();
  await db
    .insertInto('apps')
    .values({
      id: app.id,
      position: (last?.position ?? 0) + 1,
      settings: JSON.stringify(app.settings),
      created_at: nowMs,
    })
    .execute();
}

/** Adds a key, after the present ones. */
export async function insertKey(
  db: AppDatabase,
  appId: string,
  { key, secret }: StoredKey,
  nowMs: number,
): Promise<void> {
  const last = await db
    .selectFrom('app_keys')
    .select(({ fn }) => fn.max('position').as('position'))
    .executeTakeFirst();
  await db
    .insertInto('app_keys')
    .values({ key, app_id: appId, secret, position: (last?.position ?? 0) + 1, created_at: nowMs })
    .execute();
}

/** Names that this version does not know are those of a newer one, and left out. */
function parseSettings(id: string, text: string): Partial<AppSettings> {
  const stored: Record<string, unknown> = JSON.parse(text);
  const known = Object.fromEntries(Object.entries(stored).filter(([name]) => appSettingRows.has(name)));
  const errors = checkAppSettingValues(known);
  if (errors.length > 0) {
    throw new DataError(
      `The settings of app ${id} in the database cannot be used: ${errors.join('; ')}. ` +
        'Correct them in the column settings of the table apps',
    );
  }
  return known;
}
