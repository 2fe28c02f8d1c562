import { constants } from 'node:fs';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileStorage, NewFile } from './storage.ts';

const namePattern = /^[0-9a-f]{32}$/;

/**
 * Files in a folder of their own (0700, files 0600), in subfolders by the first two characters. Several nodes need a folder
 * that all of them reach.
 */
export function diskStorage(folder: string): FileStorage {
  const folderOf = (name: string) => {
    if (!namePattern.test(name)) throw new Error('the name of a stored file is 32 hexadecimal characters');
    return join(folder, name.slice(0, 2));
  };
  const pathOf = (name: string) => join(folderOf(name), name);
  const partOf = (name: string) => `${pathOf(name)}.part`;

  return {
    async create(name): Promise<NewFile> {
      await mkdir(folderOf(name), { recursive: true, mode: 0o700 });
      const { O_CREAT, O_EXCL, O_WRONLY } = constants;
      const file = await open(partOf(name), O_CREAT | O_EXCL | O_WRONLY, 0o600);
      let closed = false;
      const close = async () => {
        if (closed) return;
        closed = true;
        await file.close();
      };
      return {
        async append(bytes) {
          for (let done = 0; done < bytes.length; ) {
            done += (await file.write(bytes, done, bytes.length - done)).bytesWritten;
          }
        },
        bytes: () => readFile(partOf(name)),
        async keep() {
          await file.sync();
          await close();
          await rename(partOf(name), pathOf(name));
        },
        async discard() {
          await close();
          await rm(partOf(name), { force: true });
        },
      };
    },
    async read(name) {
      const file = Bun.file(pathOf(name));
      return (await file.exists()) ? file : undefined;
    },
    async remove(name) {
      await rm(pathOf(name), { force: true });
      await rm(partOf(name), { force: true });
    },
  };
}
