import type { Migration } from '@earshot/data';

/** The tables of this folder. Times are milliseconds since the epoch. */
export type FileTables = {
  chat_files: {
    app_id: string;
    id: string;
    owner: string;
    conversation: string;
    /**
     * `coming` (being uploaded), `failed` (kept to be counted), `ready` (no message has it), `claimed` (a message has it),
     * `gone` (its bytes are to be removed).
     */
    state: 'coming' | 'failed' | 'ready' | 'claimed' | 'gone';
    kind: 'image' | 'file';
    name: string;
    /** What it is served as. */
    type: string;
    /** Of the file itself. */
    bytes: number;
    /** Of all that is stored for it, as it counts for the person's quota. */
    stored_bytes: number;
    width: number | null;
    height: number | null;
    /** Names in the storage. */
    stored: string;
    preview: string | null;
    created_at: number;
  };
  /** Bytes of a person's files that are `ready` or `claimed`. */
  chat_file_usage: { app_id: string; owner: string; bytes: number };
};

export const fileMigrations: Record<string, Migration> = {
  '2026-11-21-files': {
    async up(db) {
      await db.schema
        .createTable('chat_files')
        .addColumn('app_id', 'text', (column) => column.notNull())
        .addColumn('id', 'text', (column) => column.notNull())
        .addColumn('owner', 'text', (column) => column.notNull())
        .addColumn('conversation', 'text', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('type', 'text', (column) => column.notNull())
        .addColumn('bytes', 'bigint', (column) => column.notNull())
        .addColumn('stored_bytes', 'bigint', (column) => column.notNull())
        .addColumn('width', 'integer')
        .addColumn('height', 'integer')
        .addColumn('stored', 'text', (column) => column.notNull())
        .addColumn('preview', 'text')
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('chat_files_pk', ['app_id', 'id'])
        .execute();
      await db.schema
        .createIndex('chat_files_owner')
        .on('chat_files')
        .columns(['app_id', 'owner', 'created_at'])
        .execute();
      await db.schema
        .createTable('chat_file_usage')
        .addColumn('app_id', 'text', (column) => column.notNull())
        .addColumn('owner', 'text', (column) => column.notNull())
        .addColumn('bytes', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('chat_file_usage_pk', ['app_id', 'owner'])
        .execute();
    },
  },
};
