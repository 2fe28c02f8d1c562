import { Database as SqliteFile } from 'bun:sqlite';
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Database, openDatabase, sql } from './index.ts';

let folder = '';
let file = '';
let database: Database;
let aside: Database;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'earshot-thread-'));
  file = join(folder, 'earshot.sqlite');
  database = await openDatabase(`sqlite:${file}`);
  await sql`create table t (id integer primary key, at bigint, note text)`.execute(database.kysely);
  aside = database.aside();
});
afterEach(async () => {
  await aside.close();
  await database.close();
  rmSync(folder, { recursive: true });
});

/** Bun's `rejects` takes no messages of other threads while it waits. */
const failureOf = async (work: Promise<unknown>) =>
  work.then(
    () => null,
    (error: unknown) => error,
  );

const rowsOf = (db: Database) => sql<{ id: number }>`select id from t order by id`.execute(db.kysely);

test('values have the same shapes, and both ways see the same data', async () => {
  await sql`insert into t values (1, ${1_700_000_000_123}, ${'é€😀'}), (2, ${2 ** 53 - 1}, null)`.execute(
    aside.kysely,
  );
  const { rows } = await sql`select * from t order by id`.execute(aside.kysely);
  expect(rows).toEqual([
    { id: 1, at: 1_700_000_000_123, note: 'é€😀' },
    { id: 2, at: 2 ** 53 - 1, note: null },
  ]);
  expect((await sql`select * from t order by id`.execute(database.kysely)).rows).toEqual(rows);
  const deleted = await aside.kysely.withTables<{ t: { id: number } }>().deleteFrom('t').executeTakeFirst();
  expect(deleted.numDeletedRows).toBe(2n);
});

test('transactions do not mix, and one that fails has not happened', async () => {
  const add = (id: number) =>
    aside.kysely.transaction().execute(async (trx) => {
      await sql`insert into t (id) values (${id})`.execute(trx);
      if (id === 3) throw new Error('on purpose');
      await sql`insert into t (id) values (${id + 10})`.execute(trx);
    });
  const done = await Promise.allSettled([
    add(1),
    add(3),
    add(2),
    sql`insert into t (id) values (5)`.execute(aside.kysely),
  ]);
  expect(done.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
  expect((await rowsOf(database)).rows.map(({ id }) => id)).toEqual([1, 2, 5, 11, 12]);
});

test('an error says what SQLite says', async () => {
  await sql`insert into t (id) values (1)`.execute(aside.kysely);
  const again = sql`insert into t (id) values (1)`.execute(aside.kysely);
  expect(await failureOf(again)).toMatchObject({ code: 'SQLITE_CONSTRAINT_PRIMARYKEY' });
  expect(await failureOf(sql`selec`.execute(aside.kysely))).toMatchObject({ code: 'SQLITE_ERROR' });
  expect((await rowsOf(aside)).rows).toEqual([{ id: 1 }]);
});

test('while it waits for another writer, this thread goes on', async () => {
  const other = new SqliteFile(file);
  other.run('begin immediate');
  let turns = 0;
  const ticking = setInterval(() => turns++, 1);
  const insert = sql`insert into t (id) values (1)`.execute(aside.kysely);
  while (turns < 20) await Bun.sleep(1);
  other.run('commit');
  other.close();
  await insert;
  clearInterval(ticking);
  expect((await rowsOf(database)).rows).toEqual([{ id: 1 }]);
});

test('a full disk fails the transaction, and the next one works when there is room', async () => {
  await sql`insert into t (id) values (1)`.execute(aside.kysely);
  const pages =
    (await sql<{ page_count: number }>`pragma page_count`.execute(aside.kysely)).rows[0]?.page_count ?? 0;
  await sql`pragma max_page_count = ${sql.raw(String(pages))}`.execute(aside.kysely);
  const large = () =>
    aside.kysely.transaction().execute(async (trx) => {
      await sql`insert into t values (2, 0, ${'x'.repeat(100_000)})`.execute(trx);
    });
  expect(await failureOf(large())).toMatchObject({ code: 'SQLITE_FULL' });
  expect((await rowsOf(database)).rows).toEqual([{ id: 1 }]);
  await sql`pragma max_page_count = 100000`.execute(aside.kysely);
  await large();
  expect((await rowsOf(database)).rows).toEqual([{ id: 1 }, { id: 2 }]);
});

test('nothing is begun when nothing is asked, and closing twice does no harm', async () => {
  const unused = database.aside();
  await unused.close();
  await unused.close();
  expect(unused.kind).toBe('sqlite');
});
