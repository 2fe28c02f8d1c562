import type { Migration } from '@earshot/data';

/** The tables of this folder. Times are milliseconds since the epoch, what is true or false is 1 or 0. */
export type PeopleTables = {
  /**
   * Presence of a person. The row is also the lock of everything between two people: whoever changes contacts, blocks or
   * invitations of the two holds both rows first (`lock.ts`).
   */
  chat_statuses: {
    app_id: string;
    user_id: string;
    /** The inbox is occupied, or was a few seconds ago (grace). */
    connected: number;
    /** When the inbox was left, while the grace lasts. */
    leaving_at: number | null;
    invisible: number;
    /** What contacts are shown: connected and not invisible. */
    online: number;
    /** Rises with each change of what somebody is shown. */
    version: number;
    /** The version that contacts have been told. Lower after a crash in between: the sweep tells it. */
    announced: number;
    changed_at: number;
  };
  /** Who has whom in their list, and by which right. One row for each reason; the list shows one contact. */
  chat_contacts: {
    app_id: string;
    owner_id: string;
    contact_id: string;
    source: 'host' | 'provider' | 'invitation';
    /** Where an import found it; empty for the other sources. */
    provider: string;
    added_at: number;
    /** The owner took it off the list: the reason stays, so that the next import does not bring it back. */
    removed_at: number | null;
  };
  /** People somebody knows who have not signed in here: a hash that only this server can make, no name (`pending.ts`). */
  chat_pending_contacts: {
    app_id: string;
    identity_hash: string;
    owner_id: string;
    source: 'host' | 'provider';
    provider: string;
    added_at: number;
  };
  /** Other names of people who have signed in, by which imports name them (`Importer.alias`); a hash as above. */
  chat_contact_aliases: { app_id: string; identity_hash: string; user_id: string };
  /** The version that a viewer was left with when somebody's presence was hidden from them: it does not move while hidden. */
  chat_hidden_statuses: { app_id: string; viewer_id: string; user_id: string; version: number };
  chat_blocks: { app_id: string; blocker_id: string; blocked_id: string; at: number };
  chat_invitations: {
    app_id: string;
    id: string;
    from_id: string;
    to_id: string;
    /** As `invitation.ts` has it. What each side sees of it is `seenBy` there. */
    state: 'asked' | 'accepted' | 'declined' | 'cancelled' | 'expired';
    /** The receiver was never told and never is. */
    silent: number;
    at: number;
    expires_at: number;
    conversation_id: string | null;
  };
  /** How long rings of somebody whom the receiver declined reach nobody. */
  chat_invitation_backoffs: {
    app_id: string;
    from_id: string;
    to_id: string;
    declines: number;
    until: number;
  };
  chat_imports: {
    app_id: string;
    id: string;
    user_id: string;
    provider: string;
    state: 'waiting' | 'running' | 'done' | 'failed';
    found: number;
    done: number;
    added: number;
    error: string | null;
    /** Where the next page begins; null at the start. */
    cursor: string | null;
    /** Tries of this page that failed. */
    failures: number;
    created_at: number;
  };
};

export const peopleMigrations: Record<string, Migration> = {
  '2026-11-21-people': {
    async up(db) {
      const { schema } = db;
      await schema
        .createTable('chat_statuses')
        .addColumn('app_id', 'text', (column) => column.notNull())
        .addColumn('user_id', 'text', (column) => column.notNull())
        .addColumn('connected', 'integer', (column) => column.notNull())
        .addColumn('leaving_at', 'bigint')
        .addColumn('invisible', 'integer', (column) => column.notNull())
        .addColumn('online', 'integer', (column) => column.notNull())
        .addColumn('version', 'bigint', (column) => column.notNull())
        .addColumn('announced', 'bigint', (column) => column.notNull())
        .addColumn('changed_at', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('chat_statuses_pk', ['app_id', 'user_id'])
        .execute();
      await schema
        .createIndex('chat_statuses_connected')
        .on('chat_statuses')
        .columns(['app_id', 'connected'])
        .execute();
      await schema
        .createTable('chat_contacts')
        .addColumn('app_id', 'text', (column) => column.notNull())
        .addColumn('owner_id', 'text', (column) => column.notNull())
        .addColumn('contact_id', 'text', (column) => column.notNull())
        .addColumn('source', 'text', (column) => column.notNull())
        .addColumn('provider', 'text', (column) => column.notNull())
        .addColumn('added_at', 'bigint', (column) => column.notNull())
        .addColumn('removed_at', 'bigint')
        .addPrimaryKeyConstraint('chat_contacts_pk', [
          'app_id',
          'owner_id',
          'contact_id',
          'source',
          'provider',
        ])
        .execute();
      await schema
        .createIndex('chat_contacts_contact')
        .on('chat_contacts')
        .columns(['app_id', 'contact_id', 'owner_id'])
        .execute();
      await schema
        .createTable('chat_pending_contacts')
        .addColumn('app_id', 'text', (column) => column.notNull())
        .addColumn('identity_hash', 'text', (column) => column.notNull())
        .addColumn('owner_id', 'text', (column) => column.notNull())
        .addColumn('source', 'text', (column) => column.notNull())
        .addColumn('provider', 'text', (column) => column.notNull())
        .addColumn('added_at', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('chat_pending_contacts_pk', [
          'app_id',
          'identity_hash',
          'owner_id',
          'source',
          'provider',
        ])
        .execute();
      await schema
        .createIndex('chat_pending_contacts_owner')
        .on('chat_pending_contacts')
        .columns(['app_id', 'owner_id'])
        .execute();
      await schema
        .createTable('chat_contact_aliases')
        .addColumn('app_id', 'text', (column) => column.notNull())
        .addColumn('identity_hash', 'text', (column) => column.notNull())
        .addColumn('user_id', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('chat_contact_aliases_pk', ['app_id', 'identity_hash'])
        .execute();
      await schema
        .createIndex('chat_contact_aliases_user')
        .on('chat_contact_aliases')
        .columns(['app_id', 'user_id'])
        .execute();
      await schema
        .createTable('chat_hidden_statuses')
        .addColumn('app_id', 'text', (column) => column.notNull())
        .addColumn('viewer_id', 'text', (column) => column.notNull())
        .addColumn('user_id', 'text', (column) => column.notNull())
        .addColumn('version', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('chat_hidden_statuses_pk', ['app_id', 'viewer_id', 'user_id'])
        .execute();
      await schema
        .createTable('chat_blocks')
        .addColumn('app_id', 'text', (column) => column.notNull())
        .addColumn('blocker_id', 'text', (column) => column.notNull())
        .addColumn('blocked_id', 'text', (column) => column.notNull())
        .addColumn('at', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('chat_blocks_pk', ['app_id', 'blocker_id', 'blocked_id'])
        .execute();
      await schema
        .createIndex('chat_blocks_blocked')
        .on('chat_blocks')
        .columns(['app_id', 'blocked_id'])
        .execute();
      await schema
        .createTable('chat_invitations')
        .addColumn('app_id', 'text', (column) => column.notNull())
        .addColumn('id', 'text', (column) => column.notNull())
        .addColumn('from_id', 'text', (column) => column.notNull())
        .addColumn('to_id', 'text', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('silent', 'integer', (column) => column.notNull())
        .addColumn('at', 'bigint', (column) => column.notNull())
        .addColumn('expires_at', 'bigint', (column) => column.notNull())
        .addColumn('conversation_id', 'text')
        .addPrimaryKeyConstraint('chat_invitations_pk', ['app_id', 'id'])
        .execute();
      for (const side of ['from', 'to']) {
        await schema
          .createIndex(`chat_invitations_${side}`)
          .on('chat_invitations')
          .columns(['app_id', `${side}_id`, 'expires_at'])
          .execute();
      }
      await schema
        .createIndex('chat_invitations_expiry')
        .on('chat_invitations')
        .columns(['app_id', 'expires_at'])
        .execute();
      await schema
        .createTable('chat_invitation_backoffs')
        .addColumn('app_id', 'text', (column) => column.notNull())
        .addColumn('from_id', 'text', (column) => column.notNull())
        .addColumn('to_id', 'text', (column) => column.notNull())
        .addColumn('declines', 'integer', (column) => column.notNull())
        .addColumn('until', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('chat_invitation_backoffs_pk', ['app_id', 'from_id', 'to_id'])
        .execute();
      await schema
        .createTable('chat_imports')
        .addColumn('app_id', 'text', (column) => column.notNull())
        .addColumn('id', 'text', (column) => column.notNull())
        .addColumn('user_id', 'text', (column) => column.notNull())
        .addColumn('provider', 'text', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('found', 'integer', (column) => column.notNull())
        .addColumn('done', 'integer', (column) => column.notNull())
        .addColumn('added', 'integer', (column) => column.notNull())
        .addColumn('error', 'text')
        .addColumn('cursor', 'text')
        .addColumn('failures', 'integer', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('chat_imports_pk', ['app_id', 'id'])
        .execute();
      await schema
        .createIndex('chat_imports_user')
        .on('chat_imports')
        .columns(['app_id', 'user_id', 'created_at'])
        .execute();
    },
  },
};
