import { afterEach, expect, test } from 'bun:test';
import { join } from 'node:path';
import { Child } from '../../../tests/support/child.ts';
import { onEachDatabase } from '../../../tests/support/databases.ts';
import { type Database, type Migration, migrate, openDatabase, sql } from './index.ts';

const childModule = join(import.meta.dirname, '../../../tests/support/child-migrate.ts');

function creating(table: string): Migration {
  return { up: (db) => db.schema.createTable(table).addColumn('id', 'integer').execute() };
}

onEachDatabase((fresh) => {
  let opened: Database | undefined;
  afterEach(async () => {
    await opened?.close();
    opened = undefined;
  });

  async function open(url?: string): Promise<Database> {
    opened = await openDatabase(url ?? (await fresh()));
    return opened;
  }

  async function tablesOf(database: Database): Promise<string[]> {
    const tables = await database.kysely.introspection.getTables();
    return tables.map(({ name }) => name).filter((name) => !name.includes('_migrations'));
  }

  test('each migration runs once, in the order of the names', async () => {
    const database = await open();
    const ran: string[] = [];
    const noting = (name: string): Migration => ({ up: async () => void ran.push(name) });
    await migrate(database, 'server', { b: noting('b'), a: noting('a') });
    await migrate(database, 'server', { b: noting('b'), a: noting('a') });
    await migrate(database, 'server', { a: noting('a'), b: noting('b'), c: noting('c') });
    expect(ran).toEqual(['a', 'b', 'c']);
  });

  test('each owner has its own record', async () => {
    const database = await open();
    await migrate(database, 'server', { '1': creating('apps') });
    await migrate(database, 'home', { '1': creating('sessions') });
    expect((await tablesOf(database)).sort()).toEqual(['apps', 'sessions']);
  });

  test('a migration that fails leaves nothing of its round, and the next try begins where it began', async () => {
    const database = await open();
    const failing: Migration = {
      async up(db) {
        await creating('half').up(db);
        throw new Error('on purpose');
      },
    };
    const first = { '1': creating('one') };
    await expect(migrate(database, 'server', { ...first, '2': failing })).rejects.toThrow('on purpose');
    expect(await tablesOf(database)).toEqual([]);
    await migrate(database, 'server', { ...first, '2': creating('two') });
    expect((await tablesOf(database)).sort()).toEqual(['one', 'two']);
  });

  test('what a newer version has run is left alone', async () => {
    const database = await open();
    await migrate(database, 'server', { '1': creating('one'), '2': creating('two') });
    await migrate(database, 'server', { '1': creating('one') });
    await migrate(database, 'server', { '1': creating('one'), '2': creating('two'), '3': creating('three') });
    expect((await tablesOf(database)).sort()).toEqual(['one', 'three', 'two']);
  });

  test('processes that start at the same moment run it once', async () => {
    const url = await fresh();
    await using stack = new AsyncDisposableStack();
    const children = Array.from({ length: 4 }, () => stack.use(new Child(childModule, url)));
    for (const child of children) expect(await child.line()).toBe('ready');
    for (const child of children) child.tell('go');
    expect(await Promise.all(children.map((child) => child.line()))).toEqual(children.map(() => 'done'));

    const database = await open(url);
    const { rows } = await sql<{ name: string }>`select name from runs order by name`.execute(
      database.kysely,
    );
    expect(rows).toEqual([{ name: '1-runs' }, { name: '2-more' }]);
  });
});
