import { afterEach, describe, expect, test } from 'bun:test';
import { onEachDatabase } from '../../../tests/support/databases.ts';
import { type Database, openDatabase, sql } from './index.ts';

type Tables = {
  parent: { id: string };
  value: { id: number; flag: number; at: number; text: string | null; parent_id: string | null };
};

onEachDatabase((fresh) => {
  const opened: Database[] = [];
  afterEach(async () => {
    for (const database of opened.splice(0)) await database.close();
  });

  async function open(url?: string) {
    const database = await openDatabase(url ?? (await fresh()));
    opened.push(database);
    return database.kysely.withTables<Tables>();
  }

  async function withTables(url?: string) {
    const db = await open(url);
    await db.schema
      .createTable('parent')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .execute();
    await db.schema
      .createTable('value')
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('flag', 'integer', (column) => column.notNull())
      .addColumn('at', 'bigint', (column) => column.notNull())
      .addColumn('text', 'text')
      .addColumn('parent_id', 'text', (column) => column.references('parent.id').onUpdate('cascade'))
      .execute();
    return db;
  }

  const row = { id: 1, flag: 0, at: 0, text: null, parent_id: null };

  describe('shapes of values', () => {
    test('what is written comes back: 0 and 1, milliseconds, text with digits, null', async () => {
      const db = await withTables();
      const rows = [
        { id: 1, flag: 0, at: 1_700_000_000_123, text: '123', parent_id: null },
        { id: 2, flag: 1, at: Number.MAX_SAFE_INTEGER, text: 'é€😀"\\\n', parent_id: null },
        { id: 3, flag: 1, at: -1, text: '', parent_id: null },
      ];
      await db.insertInto('value').values(rows).execute();
      expect(await db.selectFrom('value').selectAll().orderBy('id').execute()).toEqual(rows);
    });

    test('what is true or false is 1 or 0', async () => {
      const db = await open();
      const result = await sql<{ yes: number; no: number }>`select 1 = 1 as yes, 1 = 2 as no`.execute(db);
      expect(result.rows).toEqual([{ yes: 1, no: 0 }]);
    });

    test('counts and sums are numbers', async () => {
      const db = await withTables();
      await db
        .insertInto('value')
        .values({ ...row, at: 2 ** 40 })
        .execute();
      const counted = await db
        .selectFrom('value')
        .select(({ fn }) => [fn.countAll<number>().as('rows'), fn.max('at').as('latest')])
        .executeTakeFirst();
      expect(counted).toEqual({ rows: 1, latest: 2 ** 40 });
    });

    test('a whole number that cannot be held exactly is an error, not another number', async () => {
      const db = await withTables();
      await db
        .insertInto('value')
        .values({ ...row, at: sql<number>`9007199254740993` })
        .execute();
      await expect(db.selectFrom('value').select('at').execute()).rejects.toThrow(
        'Column at holds 9007199254740993',
      );
    });

    test('changed rows are counted, and returned when asked for', async () => {
      const db = await withTables();
      await db
        .insertInto('value')
        .values([row, { ...row, id: 2 }])
        .execute();
      const updated = await db.updateTable('value').set({ flag: 1 }).executeTakeFirst();
      expect(updated.numUpdatedRows).toBe(2n);
      expect(await db.deleteFrom('value').where('id', '=', 1).returning(['id', 'flag']).execute()).toEqual([
        { id: 1, flag: 1 },
      ]);
    });
  });

  describe('transactions', () => {
    test('one that fails leaves nothing', async () => {
      const db = await withTables();
      const failing = db.transaction().execute(async (transaction) => {
        await transaction.insertInto('value').values(row).execute();
        throw new Error('on purpose');
      });
      await expect(failing).rejects.toThrow('on purpose');
      expect(await db.selectFrom('value').selectAll().execute()).toEqual([]);
    });

    test('many at once, from two openings of the database, lose no update', async () => {
      const url = await fresh();
      const [one, other] = [await withTables(url), await open(url)];
      await one.insertInto('value').values(row).execute();
      const add = (db: typeof one) =>
        db.transaction().execute((transaction) =>
          transaction
            .updateTable('value')
            .set((eb) => ({ at: eb('at', '+', 1) }))
            .execute(),
        );
      await Promise.all(Array.from({ length: 40 }, (_, index) => add(index % 2 === 0 ? one : other)));
      expect(await one.selectFrom('value').select('at').execute()).toEqual([{ at: 40 }]);
    });

    test('a refused row is an error, and the connection goes on', async () => {
      const db = await withTables();
      await db.insertInto('value').values(row).execute();
      await expect(db.insertInto('value').values(row).execute()).rejects.toThrow();
      await db
        .insertInto('value')
        .values({ ...row, id: 2 })
        .execute();
      expect(await db.selectFrom('value').select('id').orderBy('id').execute()).toEqual([
        { id: 1 },
        { id: 2 },
      ]);
    });
  });

  test('references are kept, and follow a changed key', async () => {
    const db = await withTables();
    await expect(
      db
        .insertInto('value')
        .values({ ...row, parent_id: 'a' })
        .execute(),
    ).rejects.toThrow();
    await db.insertInto('parent').values({ id: 'a' }).execute();
    await db
      .insertInto('value')
      .values({ ...row, parent_id: 'a' })
      .execute();
    await db.updateTable('parent').set({ id: 'b' }).execute();
    expect(await db.selectFrom('value').select('parent_id').execute()).toEqual([{ parent_id: 'b' }]);
  });
});
