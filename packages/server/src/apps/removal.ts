import { type Database, sql } from '@earshot/data';
import type { AppDatabase } from './tables.ts';

/** Rows of one statement: it must not hold up the others for long. */
const sliceRows = 500;
/** What was under way when the app went may write a last row; after this nothing does. */
const settledMs = 60_000;

/** Something outside of the database that goes with an app, such as files. Called again when it failed, so it may find nothing. */
export type RemovedListener = (appId: string) => Promise<void>;

/** Takes an app away: nobody finds it any more. All else of it goes afterwards, by `finishRemovals`. */
export async function removeApp(transaction: AppDatabase, id: string, nowMs: number): Promise<void> {
  await transaction.deleteFrom('apps').where('id', '=', id).execute();
  await transaction
    .insertInto('app_removals')
    .values({ app_id: id, removed_at: nowMs })
    .onConflict((conflict) => conflict.column('app_id').doUpdateSet({ removed_at: nowMs }))
    .execute();
}

export async function isBeingRemoved(db: AppDatabase, id: string): Promise<boolean> {
  const row = await db
    .selectFrom('app_removals')
    .select('app_id')
    .where('app_id', '=', id)
    .executeTakeFirst();
  return row !== undefined;
}

/**
 * Goes on with what a removal has left, in small steps: what listeners keep elsewhere first, then the rows of every table
 * with a column `app_id`, whichever part it belongs to. Several nodes may do it at once; after a crash it is done again.
 *
 * @returns how many removals have to be looked at again later
 */
export async function finishRemovals(
  db: AppDatabase,
  kind: Database['kind'],
  listeners: readonly RemovedListener[],
  nowMs: number,
): Promise<number> {
  const removals = await db.selectFrom('app_removals').selectAll().execute();
  for (const { app_id: id, removed_at: removedAt } of removals) {
    for (const listener of listeners) await listener(id);
    for (const { name, columns } of await db.introspection.getTables()) {
      if (name === 'app_removals' || !columns.some((column) => column.name === 'app_id')) continue;
      await deleteRows(db, kind, name, id);
    }
    if (nowMs - removedAt < settledMs) continue;
    await db.deleteFrom('app_removals').where('app_id', '=', id).execute();
  }
  return removals.filter(({ removed_at }) => nowMs - removed_at < settledMs).length;
}

async function deleteRows(db: AppDatabase, kind: Database['kind'], table: string, id: string): Promise<void> {
  const rows = db.withTables<Record<string, { app_id: string }>>();
  const row = sql.ref(kind === 'postgres' ? 'ctid' : 'rowid');
  for (;;) {
    const slice = rows.selectFrom(table).select(row.as('row')).where('app_id', '=', id).limit(sliceRows);
    const { numDeletedRows } = await rows.deleteFrom(table).where(row, 'in', slice).executeTakeFirstOrThrow();
    if (numDeletedRows < sliceRows) return;
  }
}
