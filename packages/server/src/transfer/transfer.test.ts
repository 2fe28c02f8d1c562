import { expect, test } from 'bun:test';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openDatabase } from '@earshot/data';
import { onEachDatabase } from '../../../../tests/support/databases.ts';
import { startServer, temporaryFolder } from '../../../../tests/support/server.ts';
import { backUp } from './backup.ts';
import { exportDatabase } from './export.ts';
import { importDatabase } from './import.ts';
import { migrateAll, seededTables } from './tables.ts';

type AnyTable = Record<string, Record<string, unknown>>;

test('the tables that have rows from the start are those that are said to', async () => {
  await using folder = await temporaryFolder();
  const database = await openDatabase(`sqlite:${folder.path}/new.sqlite`);
  await migrateAll(database);
  const filled: string[] = [];
  for (const { name } of await database.kysely.introspection.getTables()) {
    if (/_migrations(_lock)?$/.test(name)) continue;
    const rows = await database.kysely.withTables<AnyTable>().selectFrom(name).selectAll().limit(1).execute();
    if (rows.length > 0) filled.push(name);
  }
  await database.close();
  expect(new Set(filled)).toEqual(new Set(seededTables));
});

onEachDatabase((fresh) => {
  test('a server goes on with what another one had, under the same keys', async () => {
    await using folder = await temporaryFolder();
    const from = await fresh();
    const file = join(folder.path, 'all.jsonl');
    let second = '';
    {
      await using server = await startServer({ env: { EARSHOT_DATABASE_URL: from } });
      const app = await server.node.apps.create({ name: 'Second app' });
      second = app.id;
      // Beside the running server.
      expect((await exportDatabase(from, file)).rows).toBeGreaterThan(3);
    }
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const to = `sqlite:${folder.path}/moved/earshot.sqlite`;
    const imported = await importDatabase(to, join(folder.path, 'moved'), file);
    expect(imported.rows).toBe(
      (await readFile(file, 'utf8')).split('\n').filter((line) => line.startsWith('[')).length,
    );
    await using moved = await startServer({ env: { EARSHOT_DATABASE_URL: to } });
    expect(moved.node.apps.byId(second)?.settings.name).toBe('Second app');
  });

  test('nothing is written over, and nothing is imported twice', async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'all.jsonl');
    const from = await fresh();
    await (await startServer({ env: { EARSHOT_DATABASE_URL: from } }))[Symbol.asyncDispose]();
    await exportDatabase(from, file);
    await expect(exportDatabase(from, file)).rejects.toThrow(
      'is there already. Expected the path of a new file',
    );
    await expect(importDatabase(from, join(folder.path, 'data'), file)).rejects.toThrow('has rows already');
    const missing = join(folder.path, 'missing.jsonl');
    await expect(importDatabase(from, folder.path, missing)).rejects.toThrow(
      `${missing} cannot be read: ENOENT`,
    );
  });

  test('a backup has the rows and the files', async () => {
    await using folder = await temporaryFolder();
    const dataDir = join(folder.path, 'data');
    const databaseUrl = await fresh();
    await using server = await startServer({ env: { EARSHOT_DATABASE_URL: databaseUrl } });
    const chatFilesDir = join(dataDir, 'chat-files');
    await mkdir(chatFilesDir, { recursive: true });
    await writeFile(join(chatFilesDir, 'picture'), 'bytes');
    const app = await server.node.apps.create({ name: 'While it runs' });
    const copy = join(folder.path, 'copy');
    const made = await backUp({ chatFilesDir, databaseUrl }, copy);
    expect((await stat(copy)).mode & 0o777).toBe(0o700);
    expect(await readFile(join(copy, 'chat-files', 'picture'), 'utf8')).toBe('bytes');
    const isSqlite = databaseUrl.startsWith('sqlite:');
    expect(made).toEqual([isSqlite ? 'earshot.sqlite' : 'earshot.jsonl', 'chat-files']);
    if (!isSqlite) await importDatabase(`sqlite:${copy}/earshot.sqlite`, copy, join(copy, 'earshot.jsonl'));
    await using restored = await startServer({
      env: { EARSHOT_DATABASE_URL: `sqlite:${copy}/earshot.sqlite` },
    });
    expect(restored.node.apps.byId(app.id)?.settings.name).toBe('While it runs');
    await expect(backUp({ chatFilesDir, databaseUrl }, copy)).rejects.toThrow(
      'Expected the path of a new folder',
    );
  });
});
