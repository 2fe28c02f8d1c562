import type { Migration } from '@earshot/data';

/** The tables of this folder. Times are milliseconds since the epoch. */
export type ReportTables = {
  /** Acts of moderators, in rooms and on reports (`audit.ts`). */
  chat_audit: {
    app_id: string;
    id: string;
    actor: string;
    /** `kick`, `ban`, `role`, `report-resolved`, … */
    act: string;
    person: string | null;
    conversation: string | null;
    /** What the moderator gave as the reason, or what was set. Never the text of a message. */
    detail: string;
    at: number;
  };
  chat_reports: {
    app_id: string;
    id: string;
    reporter: string;
    person: string;
    conversation: string | null;
    seq: number | null;
    reason: string;
    text: string;
    /** JSON array of messages, as the reporter saw them. */
    context: string;
    state: string;
    at: number;
    handled_by: string | null;
    handled_at: number | null;
    /** Of the webhook: how often it failed; null when it is delivered, given up or not wanted. */
    hook_failures: number | null;
  };
  /** Whose ids are in a report's context: by these it is found when somebody wants their data gone. */
  chat_report_people: { app_id: string; report: string; person: string };
};

export const reportMigrations: Record<string, Migration> = {
  '2026-11-21-reports': {
    async up(db) {
      await db.schema
        .createTable('chat_audit')
        .addColumn('app_id', 'text', (column) => column.notNull())
        .addColumn('id', 'text', (column) => column.notNull())
        .addColumn('actor', 'text', (column) => column.notNull())
        .addColumn('act', 'text', (column) => column.notNull())
        .addColumn('person', 'text')
        .addColumn('conversation', 'text')
        .addColumn('detail', 'text', (column) => column.notNull())
        .addColumn('at', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('chat_audit_pk', ['app_id', 'id'])
        .execute();
      for (const column of ['conversation', 'actor', 'person']) {
        await db.schema
          .createIndex(`chat_audit_${column}`)
          .on('chat_audit')
          .columns(['app_id', column, 'at'])
          .execute();
      }
      await db.schema
        .createTable('chat_reports')
        .addColumn('app_id', 'text', (column) => column.notNull())
        .addColumn('id', 'text', (column) => column.notNull())
        .addColumn('reporter', 'text', (column) => column.notNull())
        .addColumn('person', 'text', (column) => column.notNull())
        .addColumn('conversation', 'text')
        .addColumn('seq', 'bigint')
        .addColumn('reason', 'text', (column) => column.notNull())
        .addColumn('text', 'text', (column) => column.notNull())
        .addColumn('context', 'text', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('at', 'bigint', (column) => column.notNull())
        .addColumn('handled_by', 'text')
        .addColumn('handled_at', 'bigint')
        .addColumn('hook_failures', 'integer')
        .addPrimaryKeyConstraint('chat_reports_pk', ['app_id', 'id'])
        .execute();
      for (const column of ['state', 'reporter', 'person']) {
        await db.schema
          .createIndex(`chat_reports_${column}`)
          .on('chat_reports')
          .columns(['app_id', column, 'at'])
          .execute();
      }
      await db.schema
        .createTable('chat_report_people')
        .addColumn('app_id', 'text', (column) => column.notNull())
        .addColumn('report', 'text', (column) => column.notNull())
        .addColumn('person', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('chat_report_people_pk', ['app_id', 'report', 'person'])
        .execute();
      await db.schema
        .createIndex('chat_report_people_person')
        .on('chat_report_people')
        .columns(['app_id', 'person'])
        .execute();
    },
  },
};
