import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { type Postgres, postgresPath, startPostgres } from '../../../tests/support/postgres.ts';
import { type Database, openDatabase, sql } from './index.ts';

test('a database that is not there is refused, without the password', async () => {
  const opening = openDatabase('postgres://earshot:hunter2@127.0.0.1:1/earshot');
  await expect(opening).rejects.toThrow(
    /^EARSHOT_DATABASE_URL points to 127\.0\.0\.1:1\/earshot .* cannot be used/,
  );
  await expect(opening).rejects.not.toThrow('hunter2');
});

describe.skipIf(postgresPath === undefined)('PostgreSQL', () => {
  let postgres: Postgres;
  let url = '';
  let database: Database;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres[Symbol.asyncDispose]());
  const open = async () => {
    url = await postgres.createDatabase();
    database = await openDatabase(url);
    await sql`create table t (id integer)`.execute(database.kysely);
  };
  afterEach(() => database.close());

  /** As a restart does to the connections of a pool. */
  const killConnections = () =>
    postgres.execute(
      url,
      'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()',
    );

  const insert = (id: number) =>
    database.kysely
      .transaction()
      .execute((transaction) => sql`insert into t values (${id})`.execute(transaction));

  const idle = () => Promise.all([1, 2, 3, 4].map(() => sql`select pg_sleep(0.05)`.execute(database.kysely)));

  test('a database of another name is refused', async () => {
    await open();
    await expect(openDatabase(url.replace(/\w+$/, 'nothing'))).rejects.toThrow('"nothing" does not exist');
  });

  test('after all connections were lost, reads and transactions go on by themselves', async () => {
    await open();
    await idle();
    await killConnections();
    expect((await sql`select 1 as one`.execute(database.kysely)).rows).toEqual([{ one: 1 }]);
    await idle();
    await killConnections();
    await insert(1);
    expect((await sql`select id from t`.execute(database.kysely)).rows).toEqual([{ id: 1 }]);
  });

  test('a transaction that loses its connection fails as a whole', async () => {
    await open();
    const failing = database.kysely.transaction().execute(async (transaction) => {
      await sql`insert into t values (1)`.execute(transaction);
      await killConnections();
      await sql`select 1`.execute(transaction);
    });
    await expect(failing).rejects.toThrow();
    expect((await sql`select id from t`.execute(database.kysely)).rows).toEqual([]);
    await insert(2);
  });

  test('more at once than there are connections', async () => {
    await open();
    await Promise.all(Array.from({ length: 50 }, (_, id) => insert(id)));
    const { rows } = await sql`select count(*) as count from t`.execute(database.kysely);
    expect(rows).toEqual([{ count: 50 }]);
  });
});
