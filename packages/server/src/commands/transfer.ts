import { resolve } from 'node:path';
import type { Transferred } from '@earshot/data';
import type { Config } from '../config.ts';
import { backUp } from '../transfer/backup.ts';
import { exportDatabase } from '../transfer/export.ts';
import { importDatabase } from '../transfer/import.ts';
import type { Outcome } from './command.ts';

/** A command of one word and the path that follows it. */
export interface PathCommand {
  /** What the path is of, for the help: `FILE`. */
  readonly takes: string;
  readonly about: string;
  readonly run: (config: Config, path: string) => Promise<Outcome>;
}

/** `earshot export`, `earshot import`, `earshot backup`. */
export const transferCommands = {
  export: {
    takes: 'FILE',
    about:
      'Writes all that is in the database into a new file, beside a running server: apps with their secrets, the chat, webhooks, figures. What the chat was sent as files stays in the data folder.',
    async run({ databaseUrl }, path) {
      const transferred = await exportDatabase(databaseUrl, path);
      return {
        text: `${counted(transferred)} are in ${path}. It holds secrets.`,
        json: { path: resolve(path), ...transferred },
      };
    },
  },
  import: {
    takes: 'FILE',
    about:
      'Puts what export wrote into an empty database, SQLite or PostgreSQL: all of it, or nothing. No server may run on the data folder meanwhile.',
    async run({ databaseUrl, dataDir }, path) {
      const transferred = await importDatabase(databaseUrl, dataDir, path);
      return { text: `${counted(transferred)} were imported.`, json: transferred };
    },
  },
  backup: {
    takes: 'FOLDER',
    about:
      'Copies all data into a new folder, beside a running server. With SQLite a server can be started on it (--data); with PostgreSQL it has the rows as import takes them, and the files.',
    async run(config, path) {
      const made = await backUp(config, path);
      return {
        text: `${path} has ${made.join(' and ')}. It holds secrets.`,
        json: { path: resolve(path), made },
      };
    },
  },
} as const satisfies Record<string, PathCommand>;

function counted({ rows, tables }: Transferred): string {
  return `${rows} ${rows === 1 ? 'row' : 'rows'} of ${tables} tables`;
}
