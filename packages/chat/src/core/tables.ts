import type { Migration } from '@earshot/data';

/** The tables of this folder. Times are milliseconds since the epoch. */
export type CoreTables = {
  /** What is to be done at a time. A process that runs one moves its time ahead: that is its lease. */
  chat_timers: {
    app_id: string;
    kind: string;
    subject: string;
    due_at: number;
    /** How often the handler has failed. */
    failures: number;
    /** Of the run that goes on; a new one for each, so that setting the timer anew is noticed. */
    lease: string | null;
  };
  /** Events that are committed and not published yet. */
  chat_outbox: {
    app_id: string;
    /** Sorts in the order in which a process wrote them. */
    id: string;
    /** JSON array of channel names. */
    channels: string;
    event: string;
    /** JSON. */
    data: string;
    created_at: number;
    /** The process that publishes it, until then. */
    holder: string;
    held_until: number;
  };
};

export const coreMigrations: Record<string, Migration> = {
  '2026-11-21-core': {
    async up(db) {
      await db.schema
        .createTable('chat_timers')
        .addColumn('app_id', 'text', (column) => column.notNull())
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('subject', 'text', (column) => column.notNull())
        .addColumn('due_at', 'bigint', (column) => column.notNull())
        .addColumn('failures', 'integer', (column) => column.notNull())
        .addColumn('lease', 'text')
        .addPrimaryKeyConstraint('chat_timers_pk', ['app_id', 'kind', 'subject'])
        .execute();
      await db.schema.createIndex('chat_timers_due').on('chat_timers').column('due_at').execute();
      await db.schema
        .createTable('chat_outbox')
        .addColumn('app_id', 'text', (column) => column.notNull())
        .addColumn('id', 'text', (column) => column.notNull())
        .addColumn('channels', 'text', (column) => column.notNull())
        .addColumn('event', 'text', (column) => column.notNull())
        .addColumn('data', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('holder', 'text', (column) => column.notNull())
        .addColumn('held_until', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('chat_outbox_pk', ['app_id', 'id'])
        .execute();
      await db.schema.createIndex('chat_outbox_order').on('chat_outbox').column('id').execute();
    },
  },
};
