import { Database as SqliteFile } from 'bun:sqlite';
import { preparePrivateFile } from './files.ts';

/**
 * Copies a database file while others write to it: the copy shows one moment.
 * @param to a file that is not there yet; made 0600
 */
export async function copySqlite(from: string, to: string): Promise<void> {
  preparePrivateFile(to);
  const file = new SqliteFile(from, { readwrite: true, create: false });
  try {
    file.run('pragma busy_timeout = 30000');
    file.run('vacuum into ?', [to]);
  } finally {
    file.close();
  }
}
