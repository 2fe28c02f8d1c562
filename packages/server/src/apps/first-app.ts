import { DataError } from '@earshot/data';
import type { Config } from '../config.ts';
import { randomAppId, randomChatSecret, randomKey, randomSecret } from './credentials.ts';
import { insertApp, insertKey, readApps, writeSettings } from './store.ts';
import type { AppDatabase } from './tables.ts';

/**
 * Makes the first app what the environment says it is, creating it on the first start. An id, key or secret that
 * is set takes the place of the stored one (of the oldest key, if there are several); what is not set is random once
 * and kept. `EARSHOT_APP_ID` may also name another app that exists, which then is the first.
 *
 * @returns the id of the first app
 * @throws DataError when the key belongs to another app
 */
export async function settleFirstApp(db: AppDatabase, app: Config['app'], nowMs: number): Promise<string> {
  const apps = await readApps(db);
  const first = apps.find(({ id }) => id === app.id) ?? apps[0];
  const id = app.id ?? first?.id ?? randomAppId();
  if (first === undefined) {
    await insertApp(db, { id, settings: { chat: true, chatSecret: randomChatSecret() } }, nowMs);
  } else {
    if (first.id !== id) await rename(db, first.id, id);
    // An app from before there was a chat.
    if (first.settings.chatSecret === undefined) {
      await writeSettings(db, id, { ...first.settings, chatSecret: randomChatSecret() });
    }
  }

  const other = apps.find(({ id, keys }) => id !== first?.id && keys.some(({ key }) => key === app.key));
  if (other !== undefined) {
    throw new DataError(
      `EARSHOT_APP_KEY is "${app.key}", which is a key of app ${other.id}. Expected a key that no other app has. ` +
        `Set another one, or EARSHOT_APP_ID=${other.id}`,
    );
  }
  const present = first?.keys.find(({ key }) => key === app.key) ?? first?.keys[0];
  if (present === undefined) {
    await insertKey(db, id, { key: app.key ?? randomKey(), secret: app.secret ?? randomSecret() }, nowMs);
  } else if (app.key !== null || app.secret !== null) {
    await db
      .updateTable('app_keys')
      .set({ key: app.key ?? present.key, secret: app.secret ?? present.secret })
      .where('key', '=', present.key)
      .execute();
  }
  return id;
}

/** What belongs to an app goes along with its id: by foreign keys here, and in the tables of other parts by their column. */
async function rename(db: AppDatabase, from: string, to: string): Promise<void> {
  await db.updateTable('apps').set({ id: to }).where('id', '=', from).execute();
  for (const { name, columns } of await db.introspection.getTables()) {
    if (!columns.some((column) => column.name === 'app_id')) continue;
    await db
      .withTables<Record<string, { app_id: string }>>()
      .updateTable(name)
      .set({ app_id: to })
      .where('app_id', '=', from)
      .execute();
  }
}
