import { describe, expect, test } from 'bun:test';
import { sql } from 'kysely';
import { onEachDatabase } from '../../../tests/support/databases.ts';
import { temporaryFolder } from '../../../tests/support/server.ts';
import { type Database, openDatabase } from './database.ts';
import { migrate } from './migrate.ts';
import { exportLines, importLines } from './transfer.ts';

const seeded = new Set(['counter']);

type Tables = {
  houses: { id: string; number: number; note: string | null };
  rooms: { id: string; house_id: string };
  counter: { id: number; value: number };
};

/** `a_rooms` refers to a table that comes after it by name. */
async function openTables(url: string): Promise<Database> {
  const database = await openDatabase(url);
  await migrate(database, 'town', {
    '2026-01-01-houses': {
      async up(db) {
        await db.schema
          .createTable('houses')
          .addColumn('id', 'text', (column) => column.primaryKey())
          .addColumn('number', 'bigint', (column) => column.notNull())
          .addColumn('note', 'text')
          .execute();
        await db.schema
          .createTable('a_rooms')
          .addColumn('id', 'text', (column) => column.primaryKey())
          .addColumn('house_id', 'text', (column) => column.notNull().references('houses.id'))
          .execute();
        await db.schema
          .createTable('counter')
          .addColumn('id', 'integer', (column) => column.primaryKey())
          .addColumn('value', 'bigint', (column) => column.notNull())
          .execute();
        await db.insertInto('counter').values({ id: 1, value: 0 }).execute();
      },
    },
  });
  return database;
}

const tablesOf = (database: Database) => database.kysely.withTables<Tables & { a_rooms: Tables['rooms'] }>();

async function exported(database: Database): Promise<string[]> {
  const lines: string[] = [];
  await exportLines(database, async (line) => void lines.push(line));
  return lines;
}

async function* each(lines: readonly string[]) {
  yield* lines;
}

async function fill(database: Database, houses: number): Promise<void> {
  const db = tablesOf(database);
  await db.updateTable('counter').set({ value: 9_007_199_254_740_991 }).execute();
  for (let from = 0; from < houses; from += 500) {
    const rows = Array.from({ length: Math.min(500, houses - from) }, (_, index) => ({
      id: `h${from + index}`,
      number: 1_700_000_000_000 + from + index,
      note: index % 3 === 0 ? null : `zeile "eins"\nü€😀 ${index}`,
    }));
    await db.insertInto('houses').values(rows).execute();
  }
  await db.insertInto('a_rooms').values({ id: 'r1', house_id: 'h0' }).execute();
}

/** All rows, whatever the order in which a database gives them. */
async function content(database: Database) {
  const db = tablesOf(database);
  return {
    houses: await db.selectFrom('houses').selectAll().orderBy('number').execute(),
    rooms: await db.selectFrom('a_rooms').selectAll().execute(),
    counter: await db.selectFrom('counter').selectAll().execute(),
  };
}

onEachDatabase((fresh) => {
  test('what was exported is imported: every row, number and letter', async () => {
    // From SQLite here, and back into SQLite.
    await using folder = await temporaryFolder();
    const first = await openTables(`sqlite:${folder.path}/first.sqlite`);
    await fill(first, 1_234);
    const lines = await exported(first);
    const here = await openTables(await fresh());
    expect(await importLines(here, each(lines), seeded)).toEqual({ tables: 3, rows: 1_236 });
    expect(await content(here)).toEqual(await content(first));
    const last = await openTables(`sqlite:${folder.path}/last.sqlite`);
    expect(await importLines(last, each(await exported(here)), seeded)).toEqual({ tables: 3, rows: 1_236 });
    expect(await content(last)).toEqual(await content(first));
    for (const database of [first, here, last]) await database.close();
  });

  describe('nothing is imported', () => {
    async function refused(lines: readonly string[], prepare?: (database: Database) => Promise<unknown>) {
      const database = await openTables(await fresh());
      await prepare?.(database);
      const before = await content(database);
      const error = await importLines(database, each(lines), seeded).then(
        () => new Error('it was imported'),
        (error: Error) => error,
      );
      expect(await content(database)).toEqual(before);
      await database.close();
      return error.message;
    }

    async function someLines(): Promise<string[]> {
      const database = await openTables(await fresh());
      await fill(database, 3);
      const lines = await exported(database);
      await database.close();
      return lines;
    }

    test('from half an export', async () => {
      const lines = await someLines();
      expect(await refused(lines.slice(0, -1))).toContain(
        'The export is not whole: it has no end, and 5 rows',
      );
      expect(await refused(lines.toSpliced(3, 1))).toContain(
        'it says that it has 5 rows, and 4 rows were found',
      );
    });

    test('into a database that is in use', async () => {
      expect(await refused(await someLines(), (database) => fill(database, 1))).toContain(
        'has rows already. An export goes into an empty database',
      );
    });

    test('from another version', async () => {
      const lines = await someLines();
      const head = (migrations: object) => [
        JSON.stringify({ earshot: 'export', format: 1, migrations }),
        ...lines.slice(1),
      ];
      expect(await refused(head({ town: ['2026-01-01-houses', '2027-01-01-more'] }))).toContain(
        'made by a newer version (town: 2027-01-01-more)',
      );
      expect(await refused(head({ town: [] }))).toContain(
        'made by an older version (town: 2026-01-01-houses',
      );
      expect(await refused([lines[0]?.replace('"format":1', '"format":2') ?? ''])).toContain('has format 2');
    });

    test('from what is no export', async () => {
      const lines = await someLines();
      expect(await refused(['hello'])).toBe(
        'Line 1 is none that `earshot export` writes. Nothing was imported',
      );
      expect(await refused(lines.with(2, '[1]'))).toContain('Line 3 is none');
      expect(await refused(lines.with(1, '{"table":"sqlite_master","columns":["sql"]}'))).toContain(
        'Line 2: this version has no table sqlite_master',
      );
      expect(
        await refused(lines.with(1, '{"table":"houses","columns":["id","\\"; drop table houses; --"]}')),
      ).toContain('this version has no column');
    });
  });

  test('an export is of one moment, and keeps no writer waiting', async () => {
    const url = await fresh();
    const database = await openTables(url);
    await fill(database, 700);
    const writer = await openDatabase(url);
    const lines: string[] = [];
    await exportLines(database, async (line) => {
      if (lines.push(line) === 10) {
        await tablesOf(writer).insertInto('houses').values({ id: 'late', number: 1, note: null }).execute();
        await sql`update houses set note = 'changed'`.execute(writer.kysely);
      }
    });
    expect(lines.join('\n')).not.toContain('late');
    expect(lines.join('\n')).not.toContain('changed');
    expect(lines.at(-1)).toBe('{"end":702}');
    await writer.close();
    await database.close();
  });
});
