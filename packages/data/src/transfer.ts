import { type Kysely, sql } from 'kysely';
import type { Database } from './database.ts';
import { DataError } from './error.ts';

/**
 * All data of a database as lines of JSON, and back into another database, of the other kind, too. The lines: a head, then for each
 * table its columns and a line for each row, then an end with the number of rows, so that half a file is noticed.
 */
const format = 1;
const rowsAtOnce = 500;
/** PostgreSQL takes 65,535 parameters in a statement, SQLite 32,766. */
const parametersMax = 30_000;

interface Head {
  readonly earshot: 'export';
  readonly format: number;
  /** Owner of tables to the names of its migrations. */
  readonly migrations: Readonly<Record<string, readonly string[]>>;
}
type Line =
  | Head
  | { readonly table: string; readonly columns: readonly string[] }
  | readonly unknown[]
  | { readonly end: number };
type Row = Record<string, unknown>;
type AnyKysely = Kysely<Record<string, Row>>;

export interface Transferred {
  readonly tables: number;
  readonly rows: number;
}

/** Writes everything as it is at one moment; a server may go on writing meanwhile. @param write takes one line, without its end */
export async function exportLines(
  database: Database,
  write: (line: string) => Promise<void>,
): Promise<Transferred> {
  return database.kysely.connection().execute(async (connection) => {
    const db = connection as unknown as AnyKysely;
    const { kind } = database;
    // A transaction of Kysely's would keep writers out of SQLite for as long as it takes.
    await sql
      .raw(kind === 'sqlite' ? 'begin' : 'begin isolation level repeatable read read only')
      .execute(db);
    try {
      const head: Head = { earshot: 'export', format, migrations: await migrationsOf(db) };
      await write(JSON.stringify(head));
      const tables = await dataTables(db, kind);
      let count = 0;
      for (const { name, columns } of tables) {
        await write(JSON.stringify({ table: name, columns }));
        for await (const rows of pages(db, kind, name)) {
          for (const row of rows) await write(JSON.stringify(columns.map((column) => row[column] ?? null)));
          count += rows.length;
        }
      }
      await write(JSON.stringify({ end: count }));
      return { tables: tables.length, rows: count };
    } finally {
      await sql.raw('rollback').execute(db);
    }
  });
}

/**
 * Puts an export into a database whose tables are there, up to date and empty, all of it or nothing.
 * @param seeded tables that migrations put rows into, which those of the export replace
 * @throws DataError that says what does not fit
 */
export async function importLines(
  database: Database,
  lines: AsyncIterable<string>,
  seeded: ReadonlySet<string>,
): Promise<Transferred> {
  return database.kysely.transaction().execute(async (transaction) => {
    const db = transaction as unknown as AnyKysely;
    const tables = new Map((await dataTables(db, database.kind)).map(({ name, columns }) => [name, columns]));
    for (const name of tables.keys()) {
      if (seeded.has(name)) await db.deleteFrom(name).execute();
      else if ((await db.selectFrom(name).select(sql`1`.as('one')).limit(1).execute()).length > 0) {
        throw new DataError(
          `Table ${name} has rows already. An export goes into an empty database: name a new one in EARSHOT_DATABASE_URL`,
        );
      }
    }
    const into = new Importer(db, tables);
    let number = 0;
    for await (const text of lines) {
      number++;
      if (text === '') continue;
      const line = parse(text, number);
      if (number === 1) await checkHead(db, line);
      else await into.take(line, number);
    }
    return into.finish();
  });
}

class Importer {
  readonly #db: AnyKysely;
  readonly #tables: ReadonlyMap<string, readonly string[]>;
  #table: string | null = null;
  #columns: readonly string[] = [];
  #waiting: Row[] = [];
  #rows = 0;
  #taken = 0;
  #end: number | null = null;

  constructor(db: AnyKysely, tables: ReadonlyMap<string, readonly string[]>) {
    this.#db = db;
    this.#tables = tables;
  }

  async take(line: Line, number: number): Promise<void> {
    if (Array.isArray(line)) {
      if (this.#table === null || line.length !== this.#columns.length) throw notAnExport(number);
      this.#waiting.push(Object.fromEntries(this.#columns.map((column, index) => [column, line[index]])));
      this.#rows++;
      const isFull = this.#waiting.length >= Math.min(rowsAtOnce, parametersMax / this.#columns.length);
      if (isFull) await this.#write();
    } else if ('table' in line) {
      await this.#write();
      const known = this.#tables.get(line.table);
      const stranger = line.columns.find((column) => !known?.includes(column));
      if (known === undefined || stranger !== undefined) {
        throw new DataError(
          `Line ${number}: this version has no ${known === undefined ? '' : `column ${stranger} in `}table ${line.table}`,
        );
      }
      this.#table = line.table;
      this.#columns = line.columns;
      this.#taken++;
    } else if ('end' in line) {
      await this.#write();
      this.#end = line.end;
    } else throw notAnExport(number);
  }

  finish(): Transferred {
    if (this.#end !== this.#rows) {
      throw new DataError(
        `The export is not whole: it ${this.#end === null ? 'has no end' : `says that it has ${this.#end} rows`}, and ` +
          `${this.#rows} rows were found. Nothing was imported. Make it again`,
      );
    }
    return { tables: this.#taken, rows: this.#rows };
  }

  async #write(): Promise<void> {
    const rows = this.#waiting;
    if (rows.length === 0 || this.#table === null) return;
    this.#waiting = [];
    await this.#db.insertInto(this.#table).values(rows).execute();
  }
}

function parse(text: string, number: number): Line {
  let line: unknown;
  try {
    line = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw notAnExport(number);
    throw error;
  }
  if (typeof line !== 'object' || line === null) throw notAnExport(number);
  return line as Line;
}

function notAnExport(number: number): DataError {
  return new DataError(`Line ${number} is none that \`earshot export\` writes. Nothing was imported`);
}

/** Both sides must have been brought up to date by the same version. */
async function checkHead(db: AnyKysely, line: Line): Promise<void> {
  if (!('earshot' in line) || line.earshot !== 'export') throw notAnExport(1);
  if (line.format !== format) {
    throw new DataError(`The export has format ${line.format}, this version reads ${format}`);
  }
  const here = await migrationsOf(db);
  for (const owner of new Set([...Object.keys(here), ...Object.keys(line.migrations)])) {
    const [ours, theirs] = [here[owner] ?? [], line.migrations[owner] ?? []];
    const newer = theirs.find((name) => !ours.includes(name));
    const missing = ours.find((name) => !theirs.includes(name));
    if (newer !== undefined) {
      throw new DataError(
        `The export was made by a newer version (${owner}: ${newer}). Import it with that one`,
      );
    }
    if (missing !== undefined) {
      throw new DataError(
        `The export was made by an older version (${owner}: ${missing} is missing). Start this version once on the ` +
          'old database, then export again',
      );
    }
  }
}

const isBookkeeping = (name: string) => /_migrations(_lock)?$/.test(name);

async function migrationsOf(db: AnyKysely): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  for (const { name } of await db.introspection.getTables()) {
    const owner = /^(.*)_migrations$/.exec(name)?.[1];
    if (owner === undefined) continue;
    const rows = await db.selectFrom(name).select('name').orderBy('name').execute();
    found[owner] = rows.map((row) => String(row.name));
  }
  return found;
}

/** Tables with their columns; those that others refer to come first. */
async function dataTables(
  db: AnyKysely,
  kind: Database['kind'],
): Promise<{ name: string; columns: string[] }[]> {
  const tables = (await db.introspection.getTables())
    .filter(({ name }) => !isBookkeeping(name))
    .map(({ name, columns }) => ({ name, columns: columns.map((column) => column.name) }))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
  const references = await referencesOf(db, kind);
  const ordered: typeof tables = [];
  const place = (table: (typeof tables)[number]) => {
    if (ordered.includes(table)) return;
    for (const other of tables) {
      if (other !== table && references.some(({ from, to }) => from === table.name && to === other.name))
        place(other);
    }
    ordered.push(table);
  };
  for (const table of tables) place(table);
  return ordered;
}

async function referencesOf(db: AnyKysely, kind: Database['kind']): Promise<{ from: string; to: string }[]> {
  const query =
    kind === 'sqlite'
      ? sql<{ from: string; to: string }>`
          select m.name as "from", f."table" as "to"
          from sqlite_master m, pragma_foreign_key_list(m.name) f where m.type = 'table'`
      : sql<{ from: string; to: string }>`
          select conrelid::regclass::text as "from", confrelid::regclass::text as "to"
          from pg_constraint where contype = 'f'`;
  return (await query.execute(db)).rows;
}

/** The rows of a table in pages, without holding all of them. */
async function* pages(db: AnyKysely, kind: Database['kind'], table: string): AsyncGenerator<Row[]> {
  const name = sql.table(table);
  if (kind === 'sqlite') {
    for (let after = Number.MIN_SAFE_INTEGER; ; ) {
      const { rows } = await sql<Row>`
        select rowid as earshot_rowid, * from ${name} where rowid > ${after} order by rowid limit ${rowsAtOnce}`.execute(
        db,
      );
      if (rows.length === 0) return;
      after = Number(rows.at(-1)?.earshot_rowid);
      yield rows;
    }
  }
  await sql`declare earshot_export cursor for select * from ${name}`.execute(db);
  for (;;) {
    const { rows } = await sql<Row>`fetch ${sql.lit(rowsAtOnce)} from earshot_export`.execute(db);
    if (rows.length === 0) break;
    yield rows;
  }
  await sql`close earshot_export`.execute(db);
}
