import { type SQLQueryBindings, Database as SqliteFile } from 'bun:sqlite';
import { fromDatabase } from './values.ts';

/** Opens a file that is there. Whole numbers come as bigint, so that one too large for a number is noticed instead of rounded. */
export function openFile(path: string): SqliteFile {
  return new SqliteFile(path, { readwrite: true, safeIntegers: true });
}

/** A statement of Bun's in the shape that Kysely expects. It runs once and is freed then. */
export function statement(file: SqliteFile, text: string) {
  const prepared = file.prepare<Record<string, unknown>, SQLQueryBindings[]>(text);
  const once =
    <Result>(run: (parameters: SQLQueryBindings[]) => Result) =>
    (parameters: ReadonlyArray<unknown>): Result => {
      try {
        return run([...parameters] as SQLQueryBindings[]);
      } finally {
        prepared.finalize();
      }
    };
  const rows = (parameters: SQLQueryBindings[]) => prepared.all(...parameters).map(fromDatabase);
  return {
    reader: prepared.columnNames.length > 0,
    all: once(rows),
    iterate: once((parameters) => rows(parameters).values()),
    run: once((parameters) => prepared.run(...parameters)),
  };
}
