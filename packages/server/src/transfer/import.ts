import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { DataError, importLines, lockDataFolder, openDatabase, type Transferred } from '@earshot/data';
import { migrateAll, seededTables } from './tables.ts';

/**
 * Puts what `exportDatabase` wrote into a new database: all of it, or nothing.
 *
 * @param dataDir no server may run on it meanwhile
 * @throws DataError that says what does not fit
 */
export async function importDatabase(
  databaseUrl: string,
  dataDir: string,
  path: string,
): Promise<Transferred> {
  const file = createReadStream(path);
  await new Promise<void>((resolve, reject) => {
    file.once('open', () => resolve());
    file.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new DataError(`${path} cannot be read: ${error.message}. Expected a file of \`earshot export\``),
      ),
    );
  });
  const lock = await lockDataFolder(dataDir);
  try {
    const database = await openDatabase(databaseUrl);
    try {
      await migrateAll(database);
      const lines = createInterface({ input: file, crlfDelay: Number.POSITIVE_INFINITY });
      return await importLines(database, lines, seededTables);
    } finally {
      await database.close();
    }
  } finally {
    lock.release();
    file.destroy();
  }
}
