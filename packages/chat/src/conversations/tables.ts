import { type Migration, sql } from '@earshot/data';

/** The tables of this folder. Times are milliseconds since the epoch, what is true or false is 1 or 0. */
export type ConversationTables = {
  chat_conversations: {
    app_id: string;
    id: string;
    kind: 'room' | 'direct';
    /** What makes it the only one of its sort: `lobby`, `page:…`, `signed:…`, `named:…`, `direct:…` (`keys.ts`). */
    unique_key: string;
    name: string | null;
    title: string;
    topic: string;
    /** The two of a one-to-one conversation. */
    person_a: string | null;
    person_b: string | null;
    created_by: string | null;
    created_at: number;
    slow_seconds: number;
    locked: number;
    members_only: number;
    /** Null: as the app says. */
    retention_days: number | null;
    last_seq: number;
    last_change: number;
    /** Of the newest message, else of its creation: what lists are sorted by. */
    last_at: number;
    /** Every change up to this one has been published. Written some time after it is so. */
    published_change: number;
    /** When there began to be a change beyond it, or when it last moved. */
    unpublished_since: number;
  };
  /** What has been published beyond a change that has not (yet), because another process has that one. */
  chat_published: { app_id: string; conversation: string; from_change: number; to_change: number };
  chat_members: {
    app_id: string;
    conversation: string;
    person: string;
    role: 'owner' | 'moderator' | 'member';
    cursor: number;
    notify: 'all' | 'mentions' | 'none';
    muted_until: number | null;
    last_sent_at: number;
    entered_at: number;
    /** No longer in it. The row stays for the cursor, and so that leaving ends no mute. */
    left_at: number | null;
    /** One-to-one: put away until there is a message beyond this one. */
    hidden_seq: number | null;
  };
  chat_bans: {
    app_id: string;
    conversation: string;
    person: string;
    /** Null: for good. */
    until: number | null;
    banned_by: string;
    reason: string;
    at: number;
  };
  chat_messages: {
    app_id: string;
    conversation: string;
    seq: number;
    /** The change that the row's state belongs to, and the one that it came with. */
    change: number;
    created_change: number;
    /** The UUID that the author's client chose. */
    client_id: string;
    /** Of what was sent with that UUID, to know the same message again after it was edited. */
    digest: string;
    author: string;
    kind: 'text' | 'action' | 'system';
    text: string;
    /** JSON of a `StoredLine`. */
    system: string | null;
    reply_to: number | null;
    /** JSON arrays of ids; null: none. */
    attachments: string | null;
    mentions: string | null;
    at: number;
    edited_at: number | null;
    deleted_at: number | null;
  };
  /** Whom messages mention, to be counted. */
  chat_mentions: { app_id: string; person: string; conversation: string; seq: number };
  chat_reactions: {
    app_id: string;
    conversation: string;
    seq: number;
    emoji: string;
    person: string;
    at: number;
  };
  /** Which session each socket signs in as. */
  chat_sockets: { app_id: string; socket: string; session: string; at: number };
};

export const conversationMigrations: Record<string, Migration> = {
  '2026-11-21-conversations': {
    async up(db) {
      await db.schema
        .createTable('chat_conversations')
        .addColumn('app_id', 'text', (column) => column.notNull())
        .addColumn('id', 'text', (column) => column.notNull())
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('unique_key', 'text', (column) => column.notNull())
        .addColumn('name', 'text')
        .addColumn('title', 'text', (column) => column.notNull())
        .addColumn('topic', 'text', (column) => column.notNull())
        .addColumn('person_a', 'text')
        .addColumn('person_b', 'text')
        .addColumn('created_by', 'text')
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('slow_seconds', 'integer', (column) => column.notNull())
        .addColumn('locked', 'integer', (column) => column.notNull())
        .addColumn('members_only', 'integer', (column) => column.notNull())
        .addColumn('retention_days', 'integer')
        .addColumn('last_seq', 'bigint', (column) => column.notNull())
        .addColumn('last_change', 'bigint', (column) => column.notNull())
        .addColumn('last_at', 'bigint', (column) => column.notNull())
        .addColumn('published_change', 'bigint', (column) => column.notNull())
        .addColumn('unpublished_since', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('chat_conversations_pk', ['app_id', 'id'])
        .addUniqueConstraint('chat_conversations_key', ['app_id', 'unique_key'])
        .execute();
      await db.schema
        .createIndex('chat_conversations_unpublished')
        .on('chat_conversations')
        .columns(['app_id', 'unpublished_since'])
        .where(sql`published_change`, '<', sql`last_change`)
        .execute();
      await db.schema
        .createTable('chat_published')
        .addColumn('app_id', 'text', (column) => column.notNull())
        .addColumn('conversation', 'text', (column) => column.notNull())
        .addColumn('from_change', 'bigint', (column) => column.notNull())
        .addColumn('to_change', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('chat_published_pk', ['app_id', 'conversation', 'from_change'])
        .execute();
      await db.schema
        .createTable('chat_members')
        .addColumn('app_id', 'text', (column) => column.notNull())
        .addColumn('conversation', 'text', (column) => column.notNull())
        .addColumn('person', 'text', (column) => column.notNull())
        .addColumn('role', 'text', (column) => column.notNull())
        .addColumn('cursor', 'bigint', (column) => column.notNull())
        .addColumn('notify', 'text', (column) => column.notNull())
        .addColumn('muted_until', 'bigint')
        .addColumn('last_sent_at', 'bigint', (column) => column.notNull())
        .addColumn('entered_at', 'bigint', (column) => column.notNull())
        .addColumn('left_at', 'bigint')
        .addColumn('hidden_seq', 'bigint')
        .addPrimaryKeyConstraint('chat_members_pk', ['app_id', 'conversation', 'person'])
        .execute();
      await db.schema
        .createIndex('chat_members_person')
        .on('chat_members')
        .columns(['app_id', 'person'])
        .execute();
      await db.schema
        .createIndex('chat_members_notify')
        .on('chat_members')
        .columns(['app_id', 'conversation', 'notify'])
        .execute();
      await db.schema
        .createTable('chat_bans')
        .addColumn('app_id', 'text', (column) => column.notNull())
        .addColumn('conversation', 'text', (column) => column.notNull())
        .addColumn('person', 'text', (column) => column.notNull())
        .addColumn('until', 'bigint')
        .addColumn('banned_by', 'text', (column) => column.notNull())
        .addColumn('reason', 'text', (column) => column.notNull())
        .addColumn('at', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('chat_bans_pk', ['app_id', 'conversation', 'person'])
        .execute();
      await db.schema.createIndex('chat_bans_person').on('chat_bans').columns(['app_id', 'person']).execute();
      await db.schema
        .createTable('chat_messages')
        .addColumn('app_id', 'text', (column) => column.notNull())
        .addColumn('conversation', 'text', (column) => column.notNull())
        .addColumn('seq', 'bigint', (column) => column.notNull())
        .addColumn('change', 'bigint', (column) => column.notNull())
        .addColumn('created_change', 'bigint', (column) => column.notNull())
        .addColumn('client_id', 'text', (column) => column.notNull())
        .addColumn('digest', 'text', (column) => column.notNull())
        .addColumn('author', 'text', (column) => column.notNull())
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('text', 'text', (column) => column.notNull())
        .addColumn('system', 'text')
        .addColumn('reply_to', 'bigint')
        .addColumn('attachments', 'text')
        .addColumn('mentions', 'text')
        .addColumn('at', 'bigint', (column) => column.notNull())
        .addColumn('edited_at', 'bigint')
        .addColumn('deleted_at', 'bigint')
        .addPrimaryKeyConstraint('chat_messages_pk', ['app_id', 'conversation', 'seq'])
        .addUniqueConstraint('chat_messages_change', ['app_id', 'conversation', 'change'])
        .addUniqueConstraint('chat_messages_client_id', ['app_id', 'conversation', 'author', 'client_id'])
        .execute();
      // For export and erasure of a person.
      await db.schema
        .createIndex('chat_messages_author')
        .on('chat_messages')
        .columns(['app_id', 'author', 'conversation', 'seq'])
        .execute();
      await db.schema
        .createTable('chat_mentions')
        .addColumn('app_id', 'text', (column) => column.notNull())
        .addColumn('person', 'text', (column) => column.notNull())
        .addColumn('conversation', 'text', (column) => column.notNull())
        .addColumn('seq', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('chat_mentions_pk', ['app_id', 'person', 'conversation', 'seq'])
        .execute();
      await db.schema
        .createIndex('chat_mentions_message')
        .on('chat_mentions')
        .columns(['app_id', 'conversation', 'seq'])
        .execute();
      await db.schema
        .createTable('chat_reactions')
        .addColumn('app_id', 'text', (column) => column.notNull())
        .addColumn('conversation', 'text', (column) => column.notNull())
        .addColumn('seq', 'bigint', (column) => column.notNull())
        .addColumn('emoji', 'text', (column) => column.notNull())
        .addColumn('person', 'text', (column) => column.notNull())
        .addColumn('at', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('chat_reactions_pk', ['app_id', 'conversation', 'seq', 'emoji', 'person'])
        .execute();
      await db.schema
        .createIndex('chat_reactions_person')
        .on('chat_reactions')
        .columns(['app_id', 'person'])
        .execute();
    },
  },
  '2026-11-21-sockets': {
    async up(db) {
      await db.schema
        .createTable('chat_sockets')
        .addColumn('app_id', 'text', (column) => column.notNull())
        .addColumn('socket', 'text', (column) => column.notNull())
        .addColumn('session', 'text', (column) => column.notNull())
        .addColumn('at', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('chat_sockets_pk', ['app_id', 'socket'])
        .execute();
      await db.schema.createIndex('chat_sockets_age').on('chat_sockets').columns(['app_id', 'at']).execute();
    },
  },
};
