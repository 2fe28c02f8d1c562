import { afterAll, beforeAll, describe } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Postgres, postgresPath, startPostgres } from './postgres.ts';

/** The address of a new, empty database. */
export type FreshDatabase = () => Promise<string>;

/** Runs a suite on each database. Without PostgreSQL that half is left out, which the run reports. */
export function onEachDatabase(suite: (fresh: FreshDatabase) => void): void {
  describe('SQLite', () => {
    let folder = '';
    let files = 0;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'earshot-sqlite-'));
    });
    afterAll(() => rm(folder, { recursive: true }));
    suite(async () => `sqlite:${join(folder, `${++files}.sqlite`)}`);
  });
  describe.skipIf(postgresPath === undefined)('PostgreSQL', () => {
    let postgres: Postgres | undefined;
    beforeAll(async () => {
      postgres = await startPostgres();
    });
    afterAll(() => postgres?.[Symbol.asyncDispose]());
    suite(() => postgres?.createDatabase() ?? Promise.reject(new Error('PostgreSQL did not start')));
  });
}
