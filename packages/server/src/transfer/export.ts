import { type FileHandle, open } from 'node:fs/promises';
import { DataError, exportLines, openDatabase, type Transferred } from '@earshot/data';
import { migrateAll } from './tables.ts';

/** Bytes that are collected before they are written. */
const writeBytes = 256 * 1024;

/**
 * Brings the tables up to date, and writes everything that is in them into a file that its owner alone may read: it holds secrets. Works beside a running
 * server, and shows one moment of it.
 *
 * @param path of a file that is not there yet
 * @throws DataError when the database cannot be used, Error when the file cannot be written
 */
export async function exportDatabase(databaseUrl: string, path: string): Promise<Transferred> {
  const database = await openDatabase(databaseUrl);
  try {
    await migrateAll(database);
    const file = await createPrivateFile(path);
    try {
      let waiting: string[] = [];
      let length = 0;
      const flush = async () => {
        await file.write(waiting.join(''));
        waiting = [];
        length = 0;
      };
      const transferred = await exportLines(database, async (line) => {
        waiting.push(`${line}\n`);
        length += line.length;
        if (length >= writeBytes) await flush();
      });
      await flush();
      await file.sync();
      return transferred;
    } finally {
      await file.close();
    }
  } finally {
    await database.close();
  }
}

async function createPrivateFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new DataError(`${path} is there already. Expected the path of a new file`);
  }
}
