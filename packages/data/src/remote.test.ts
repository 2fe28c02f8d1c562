import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type DatabaseOwner,
  migrate,
  openRemoteDatabase,
  ownSqlite,
  type StatementSession,
  sql,
} from './index.ts';

type Tables = { value: { id: number; text: string | null } };

let folder = '';
let owner: DatabaseOwner;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'earshot-remote-'));
  owner = await ownSqlite(join(folder, 'earshot.sqlite'), 200);
});
afterEach(async () => {
  await owner.close();
  rmSync(folder, { recursive: true });
});

/** Bun's `rejects` takes no messages of other threads while it waits. */
async function failureOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'it did not fail',
    (error: Error) => error.message,
  );
}

/** Another process, whose questions and answers pass through JSON. */
function asker(): { session: StatementSession; db: ReturnType<typeof open> } {
  const session = owner.session();
  return { session, db: open(session) };
}

function open(session: StatementSession) {
  const through = (value: unknown) => JSON.parse(JSON.stringify(value));
  return openRemoteDatabase(async (request) => through(await session.answer(through(request))));
}

async function withTable() {
  const { db, session } = asker();
  await sql`create table value (id integer primary key, text text)`.execute(db.kysely);
  return { db: db.kysely.withTables<Tables>(), session };
}

test('what is written comes back, changed rows are counted, and returned when asked for', async () => {
  const { db } = await withTable();
  const rows = [
    { id: 1, text: 'é€😀"\\\n' },
    { id: Number.MAX_SAFE_INTEGER, text: null },
  ];
  await db.insertInto('value').values(rows).execute();
  expect(await db.selectFrom('value').selectAll().orderBy('id').execute()).toEqual(rows);
  expect((await db.updateTable('value').set({ text: 'x' }).executeTakeFirst()).numUpdatedRows).toBe(2n);
  expect(await db.deleteFrom('value').where('id', '=', 1).returning('id').execute()).toEqual([{ id: 1 }]);
});

test('an error of the database arrives with its code, and the next statement works', async () => {
  const { db } = await withTable();
  await db.insertInto('value').values({ id: 1, text: null }).execute();
  expect(await failureOf(db.insertInto('value').values({ id: 1, text: null }).execute())).toContain(
    'UNIQUE constraint failed: value.id',
  );
  expect(await db.selectFrom('value').select('id').execute()).toEqual([{ id: 1 }]);
});

test('a transaction has the file for itself: another process sees nothing of it before its end', async () => {
  const { db } = await withTable();
  const other = asker().db.kysely.withTables<Tables>();
  let seen: Promise<unknown[]> | undefined;
  await db.transaction().execute(async (trx) => {
    await trx.insertInto('value').values({ id: 1, text: null }).execute();
    seen = other.selectFrom('value').select('id').execute();
    await trx.insertInto('value').values({ id: 2, text: null }).execute();
  });
  expect(await seen).toEqual([{ id: 1 }, { id: 2 }]);
});

test('many transactions of several processes that read and then write lose nothing', async () => {
  const { db } = await withTable();
  await db.insertInto('value').values({ id: 1, text: '0' }).execute();
  const all = [db, asker().db.kysely.withTables<Tables>(), asker().db.kysely.withTables<Tables>()];
  const addOne = (one: typeof db) =>
    one.transaction().execute(async (trx) => {
      const { text } = await trx.selectFrom('value').select('text').executeTakeFirstOrThrow();
      await trx
        .updateTable('value')
        .set({ text: `${Number(text) + 1}` })
        .execute();
    });
  await Promise.all(Array.from({ length: 60 }, (_, index) => addOne(all[index % 3] as typeof db)));
  expect(await db.selectFrom('value').select('text').execute()).toEqual([{ text: '60' }]);
});

test('a transaction that fails leaves nothing', async () => {
  const { db } = await withTable();
  const failing = db.transaction().execute(async (trx) => {
    await trx.insertInto('value').values({ id: 1, text: null }).execute();
    throw new Error('on purpose');
  });
  expect(await failureOf(failing)).toContain('on purpose');
  expect(await db.selectFrom('value').selectAll().execute()).toEqual([]);
});

test('a process that dies inside a transaction, or waiting for one, leaves nothing and keeps nobody waiting', async () => {
  const { db } = await withTable();
  const dying = asker();
  const inside = Promise.withResolvers<void>();
  void dying.db.kysely
    .withTables<Tables>()
    .transaction()
    .execute(async (trx) => {
      await trx.insertInto('value').values({ id: 1, text: null }).execute();
      inside.resolve();
      await new Promise(() => {});
    });
  await inside.promise;
  const waiting = dying.db.kysely.withTables<Tables>().insertInto('value').values({ id: 2, text: null });
  const refused = waiting.execute().catch((error) => error);
  await dying.session.end();
  await db.insertInto('value').values({ id: 3, text: null }).execute();
  expect(await refused).toBeInstanceOf(Error);
  expect(await db.selectFrom('value').select('id').execute()).toEqual([{ id: 3 }]);
});

test('a transaction from which nothing comes is undone, and its process is told', async () => {
  const { db } = await withTable();
  const other = asker().db.kysely.withTables<Tables>();
  const stalled = Promise.withResolvers<void>();
  const inside = Promise.withResolvers<void>();
  const transaction = other.transaction().execute(async (trx) => {
    await trx.insertInto('value').values({ id: 1, text: null }).execute();
    inside.resolve();
    await stalled.promise;
    await trx.insertInto('value').values({ id: 2, text: null }).execute();
  });
  await inside.promise;
  // Gets its turn only when the other one has lost its.
  await db.insertInto('value').values({ id: 3, text: null }).execute();
  stalled.resolve();
  expect(await failureOf(transaction)).toContain('The transaction is over');
  expect(await db.selectFrom('value').select('id').execute()).toEqual([{ id: 3 }]);
});

test('migrations run, once', async () => {
  const { db } = asker();
  let runs = 0;
  const migrations = {
    '2026-01-01-first': {
      async up(kysely: typeof db.kysely) {
        runs++;
        await sql`create table first (id integer)`.execute(kysely);
      },
    },
  };
  await migrate(db, 'tests', migrations);
  await migrate(asker().db, 'tests', migrations);
  expect(runs).toBe(1);
});

test('what no column can hold is refused before it is sent', async () => {
  const { db } = await withTable();
  expect(await failureOf(sql`select ${new Date(0)}`.execute(db))).toContain('Expected text, a number');
});
