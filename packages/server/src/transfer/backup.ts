import { cp, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { copySqlite, DataError } from '@earshot/data';
import type { Config } from '../config.ts';
import { exportDatabase } from './export.ts';

/** The chat's files; what is being uploaded has another name until it is whole. */
const filesFolder = 'chat-files';

/**
 * A copy of all data, made beside a running server: with SQLite a data folder that a server can be started on, with PostgreSQL its rows
 * as `earshot import` takes them, besides the chat's files. The database goes first, so that no row names a file that came after it
 * was copied.
 *
 * @param folder that is not there yet; made 0700
 * @returns what there is in it
 */
export async function backUp(
  config: Pick<Config, 'chatFilesDir' | 'databaseUrl'>,
  folder: string,
): Promise<readonly string[]> {
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new DataError(`${folder} is there already. Expected the path of a new folder`);
  }
  const { databaseUrl } = config;
  const made: string[] = [];
  if (databaseUrl.startsWith('sqlite:')) {
    await copySqlite(databaseUrl.slice('sqlite:'.length), join(folder, 'earshot.sqlite'));
    made.push('earshot.sqlite');
  } else {
    await exportDatabase(databaseUrl, join(folder, 'earshot.jsonl'));
    made.push('earshot.jsonl');
  }
  const files = config.chatFilesDir;
  if (await isFolder(files)) {
    await cp(files, join(folder, filesFolder), { recursive: true, preserveTimestamps: true });
    made.push(filesFolder);
  }
  return made;
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
