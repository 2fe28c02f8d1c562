import { afterEach, beforeEach, expect, test } from 'bun:test';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Database, openDatabase, sql } from './index.ts';

let folder = '';
let file = '';
let database: Database | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'earshot-sqlite-'));
  file = join(folder, 'below', 'earshot.sqlite');
});
afterEach(async () => {
  await database?.close();
  database = undefined;
  rmSync(folder, { recursive: true });
});

const rightsOf = (path: string) => statSync(path).mode & 0o777;

test('all files are for this user only, whatever the umask', async () => {
  const umask = process.umask(0);
  try {
    database = await openDatabase(`sqlite:${file}`);
    await sql`create table t (id integer)`.execute(database.kysely);
  } finally {
    process.umask(umask);
  }
  expect(rightsOf(join(folder, 'below'))).toBe(0o700);
  const names = readdirSync(join(folder, 'below'));
  expect(names.sort()).toEqual(['earshot.sqlite', 'earshot.sqlite-shm', 'earshot.sqlite-wal']);
  for (const name of names) expect(rightsOf(join(folder, 'below', name))).toBe(0o600);
});

test('a file that others can read is closed to them', async () => {
  file = join(folder, 'earshot.sqlite');
  writeFileSync(file, '');
  chmodSync(file, 0o644);
  database = await openDatabase(`sqlite:${file}`);
  expect(rightsOf(file)).toBe(0o600);
});

test('it writes ahead of the file and keeps references', async () => {
  database = await openDatabase(`sqlite:${file}`);
  const { kysely } = database;
  expect((await sql`pragma journal_mode`.execute(kysely)).rows).toEqual([{ journal_mode: 'wal' }]);
  expect((await sql`pragma foreign_keys`.execute(kysely)).rows).toEqual([{ foreign_keys: 1 }]);
});

test('what is no database is refused, naming the settings', async () => {
  file = join(folder, 'earshot.sqlite');
  writeFileSync(file, 'Dear diary, '.repeat(100));
  await expect(openDatabase(`sqlite:${file}`)).rejects.toThrow(
    /^The database file .*earshot\.sqlite cannot be used: file is not a database.*EARSHOT_DATABASE_URL/,
  );
});

test('while another connection writes, the event loop goes on', async () => {
  database = await openDatabase(`sqlite:${file}`);
  const other = await openDatabase(`sqlite:${file}`);
  await sql`create table t (id integer)`.execute(database.kysely);
  const writing = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<void>();
  const first = other.kysely.transaction().execute(async (transaction) => {
    await sql`insert into t values (1)`.execute(transaction);
    writing.resolve();
    await finish.promise;
  });
  await writing.promise;
  const second = sql`insert into t values (2)`.execute(database.kysely);
  setTimeout(finish.resolve, 0); // would never run if the second one stopped the loop
  await Promise.all([first, second]);
  expect((await sql`select id from t order by id`.execute(database.kysely)).rows).toEqual([
    { id: 1 },
    { id: 2 },
  ]);
  await other.close();
});

test('transactions that read first and write then, from two connections, come one after the other', async () => {
  const databases = [await openDatabase(`sqlite:${file}`), await openDatabase(`sqlite:${file}`)];
  const [one, other] = databases.map(({ kysely }) => kysely) as [Database['kysely'], Database['kysely']];
  await sql`create table t (n integer)`.execute(one);
  await sql`insert into t values (0)`.execute(one);
  const addOne = (kysely: Database['kysely']) =>
    kysely.transaction().execute(async (transaction) => {
      const { rows } = await sql<{ n: number }>`select n from t`.execute(transaction);
      await sql`update t set n = ${(rows[0]?.n ?? 0) + 1}`.execute(transaction);
    });
  await Promise.all(Array.from({ length: 20 }, (_, index) => addOne(index % 2 === 0 ? one : other)));
  expect((await sql`select n from t`.execute(one)).rows).toEqual([{ n: 20 }]);
  for (const each of databases) await each.close();
});
