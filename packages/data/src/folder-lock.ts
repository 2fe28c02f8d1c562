import { Database as SqliteFile } from 'bun:sqlite';
import { join } from 'node:path';
import { DataError, isBusy } from './error.ts';
import { preparePrivateFile, preparePrivateFolder } from './files.ts';

const lockName = 'earshot.lock';

/**
 * Takes the data folder for this process, creating it if need be (0700). The lock is the operating system's, held
 * through an SQLite file: it ends with the process, however that ends, and is never left behind.
 *
 * @throws DataError when another process has it or the folder cannot be used
 */
export async function lockDataFolder(folder: string): Promise<{ release(): void }> {
  preparePrivateFolder(folder, lockName);
  const path = join(folder, lockName);
  preparePrivateFile(path);
  const file = new SqliteFile(path, { readwrite: true });
  try {
    file.run('begin exclusive');
  } catch (error) {
    file.close();
    if (!isBusy(error)) throw error;
    throw new DataError(
      `EARSHOT_DATA_DIR is ${folder}, which another server is using. Expected one server for each data folder. ` +
        'Stop the other one, or give this one a folder of its own',
    );
  }
  return { release: () => file.close() };
}
