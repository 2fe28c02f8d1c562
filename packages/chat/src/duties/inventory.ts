import type { ChatTables } from '../tables.ts';

/** What a table says of people, and what is left of it when one of them is erased. */
export interface TableInventory<Column extends string = string> {
  /** What its rows are. */
  readonly holds: string;
  /** Columns with a person's id. The first one is whose the row is: with that person its words go. */
  readonly people: readonly Column[];
  /** Columns with what they said or how they are called: in their copy, gone with them. */
  readonly words: readonly Column[];
  /** Columns that are theirs and no use to them, keys and hashes: not in their copy, gone with them. */
  readonly secrets: readonly Column[];
  /** All the others. */
  readonly facts: readonly Column[];
  /** Those of `people` in which the id of an erased person stays: it is nobody's then. */
  readonly stays: readonly Column[];
  /** Rows that go by themselves within that time; erasing leaves them alone. */
  readonly passes?: string;
}

type Inventory = { readonly [Table in keyof ChatTables]: TableInventory<keyof ChatTables[Table] & string> };

const none = { people: [], words: [], secrets: [], stays: [] } as const;

/**
 * Every table of the chat and every column of it, said to be about people or not. A new one is a type error or a failing
 * test until somebody has thought of what it says of whom; `docs/personal-data.md` is made from here.
 */
export const inventory: Inventory = {
  chat_users: {
    holds: 'People: names, pictures, preferences',
    people: ['id', 'merged_into'],
    words: ['name', 'avatar'],
    secrets: ['skeleton'],
    facts: [
      ...(['app_id', 'kind', 'verified', 'moderator', 'invisible', 'preferences'] as const),
      ...(['deleted_at', 'created_at', 'seen_at'] as const),
    ],
    stays: ['id', 'merged_into'],
  },
  chat_identities: {
    holds: 'By what they sign in',
    people: ['user_id'],
    words: ['subject', 'issuer'],
    secrets: [],
    facts: ['app_id', 'created_at', 'seen_at'],
    stays: [],
  },
  chat_sessions: {
    holds: 'Where they are signed in',
    people: ['user_id'],
    words: ['origin', 'user_agent'],
    secrets: ['family_hash', 'refresh_hash'],
    facts: ['app_id', 'id', 'via', 'turn', 'turn_used', 'created_at', 'seen_at', 'expires_at'],
    stays: [],
  },
  chat_provider_tokens: {
    holds: 'What an importer may ask a provider with, for a short time',
    people: ['user_id'],
    words: [],
    secrets: ['access_token', 'subject', 'issuer'],
    facts: ['app_id', 'provider', 'expires_at'],
    stays: [],
  },
  chat_sign_ins: {
    ...none,
    holds: 'Sign-ins on their way; nobody is known yet',
    facts: [
      ...(['app_id', 'state_hash', 'window_hash', 'provider', 'server', 'nonce', 'verifier'] as const),
      ...(['redirect_uri', 'opener', 'challenge', 'expires_at'] as const),
    ],
    passes: 'minutes',
  },
  chat_sign_in_codes: {
    holds: 'Sign-ins that succeeded, until the page fetches them',
    people: [],
    words: ['subject', 'name', 'avatar'],
    secrets: ['access_token'],
    facts: [
      ...(['app_id', 'code_hash', 'opener', 'challenge', 'provider', 'issuer'] as const),
      ...(['access_expires_at', 'expires_at'] as const),
    ],
    stays: [],
    passes: 'minutes',
  },
  chat_host_secrets: {
    ...none,
    holds: 'Secrets of the host site',
    facts: ['app_id', 'position', 'secret', 'valid_until'],
  },
  chat_mastodon_clients: {
    ...none,
    holds: 'This server as Mastodon servers know it',
    facts: ['app_id', 'server', 'redirect_uri', 'client_id', 'client_secret', 'created_at'],
  },
  chat_keys: {
    ...none,
    holds: 'Keys that the server made for itself',
    facts: ['app_id', 'purpose', 'value', 'created_at'],
  },
  chat_conversations: {
    holds: 'Rooms and one-to-one conversations',
    people: ['person_a', 'person_b', 'created_by'],
    words: [],
    secrets: [],
    facts: [
      ...(['app_id', 'id', 'kind', 'unique_key', 'name', 'title', 'topic', 'created_at'] as const),
      ...(['slow_seconds', 'locked', 'members_only', 'retention_days', 'last_seq', 'last_change'] as const),
      ...(['last_at', 'published_change', 'unpublished_since'] as const),
    ],
    stays: ['person_a', 'person_b', 'created_by'],
  },
  chat_members: {
    holds: 'Who is in which conversation, and how far they have read',
    people: ['person'],
    words: [],
    secrets: [],
    facts: [
      ...(['app_id', 'conversation', 'role', 'cursor', 'notify', 'muted_until'] as const),
      ...(['last_sent_at', 'entered_at', 'left_at', 'hidden_seq'] as const),
    ],
    // In one-to-one conversations, which the other one keeps.
    stays: ['person'],
  },
  chat_bans: {
    holds: 'Who may not enter a room',
    people: ['person', 'banned_by'],
    words: ['reason'],
    secrets: [],
    facts: ['app_id', 'conversation', 'until', 'at'],
    stays: ['banned_by'],
  },
  chat_messages: {
    holds: 'Messages. Those of somebody erased keep number and place, without content',
    people: ['author', 'mentions', 'system'],
    words: ['text'],
    secrets: ['digest'],
    facts: [
      ...(['app_id', 'conversation', 'seq', 'change', 'created_change', 'client_id', 'kind'] as const),
      ...(['reply_to', 'attachments', 'at', 'edited_at', 'deleted_at'] as const),
    ],
    stays: ['author', 'mentions', 'system'],
  },
  chat_mentions: {
    holds: 'Whom messages mention',
    people: ['person'],
    words: [],
    secrets: [],
    facts: ['app_id', 'conversation', 'seq'],
    stays: [],
  },
  chat_reactions: {
    holds: 'Who reacted to a message, and how',
    people: ['person'],
    words: ['emoji'],
    secrets: [],
    facts: ['app_id', 'conversation', 'seq', 'at'],
    stays: [],
  },
  chat_published: {
    ...none,
    holds: 'Which changes of conversations have been published',
    facts: ['app_id', 'conversation', 'from_change', 'to_change'],
  },
  chat_files: {
    holds: 'Files of messages; their bytes are in the data folder',
    people: ['owner'],
    words: ['name'],
    secrets: [],
    facts: [
      ...(['app_id', 'id', 'conversation', 'state', 'kind', 'type', 'bytes', 'stored_bytes'] as const),
      ...(['width', 'height', 'stored', 'preview', 'created_at'] as const),
    ],
    // Until the bytes are removed, seconds later.
    stays: ['owner'],
  },
  chat_file_usage: {
    holds: 'How much room their files take',
    people: ['owner'],
    words: [],
    secrets: [],
    facts: ['app_id', 'bytes'],
    stays: [],
  },
  chat_push_subscriptions: {
    holds: 'Browsers that take notifications',
    people: ['owner'],
    words: ['endpoint'],
    secrets: ['endpoint_hash', 'p256dh', 'auth'],
    facts: ['app_id', 'session', 'host', 'created_at'],
    stays: [],
  },
  chat_push_retries: {
    holds: 'Notifications that a push service did not take yet, encrypted for the browser',
    people: ['owner'],
    words: [],
    secrets: ['body'],
    facts: ['app_id', 'id', 'session', 'topic', 'urgency', 'expires_at', 'failures'],
    stays: [],
  },
  chat_statuses: {
    holds: 'Who is online',
    people: ['user_id'],
    words: [],
    secrets: [],
    facts: [
      ...(['app_id', 'connected', 'leaving_at', 'invisible', 'online', 'version'] as const),
      ...(['announced', 'changed_at'] as const),
    ],
    stays: [],
  },
  chat_hidden_statuses: {
    holds: 'From whom somebody’s presence is hidden',
    people: ['viewer_id', 'user_id'],
    words: [],
    secrets: [],
    facts: ['app_id', 'version'],
    stays: [],
  },
  chat_contacts: {
    holds: 'Who knows whom',
    people: ['owner_id', 'contact_id'],
    words: [],
    secrets: [],
    facts: ['app_id', 'source', 'provider', 'added_at', 'removed_at'],
    stays: [],
  },
  chat_pending_contacts: {
    holds: 'People they know who have not signed in here, as hashes',
    people: ['owner_id'],
    words: [],
    secrets: ['identity_hash'],
    facts: ['app_id', 'source', 'provider', 'added_at'],
    stays: [],
  },
  chat_contact_aliases: {
    holds: 'Other names by which imports know them, as hashes',
    people: ['user_id'],
    words: [],
    secrets: ['identity_hash'],
    facts: ['app_id'],
    stays: [],
  },
  chat_blocks: {
    holds: 'Who has blocked whom',
    people: ['blocker_id', 'blocked_id'],
    words: [],
    secrets: [],
    facts: ['app_id', 'at'],
    stays: [],
  },
  chat_invitations: {
    holds: 'Who asked whom for a conversation',
    people: ['from_id', 'to_id'],
    words: [],
    secrets: [],
    facts: ['app_id', 'id', 'state', 'silent', 'at', 'expires_at', 'conversation_id'],
    stays: [],
  },
  chat_invitation_backoffs: {
    holds: 'Who declined whom, and for how long that counts',
    people: ['to_id', 'from_id'],
    words: [],
    secrets: [],
    facts: ['app_id', 'declines', 'until'],
    stays: [],
  },
  chat_imports: {
    holds: 'Imports of contacts',
    people: ['user_id'],
    words: [],
    secrets: ['cursor'],
    facts: [
      ...(['app_id', 'id', 'provider', 'state', 'found', 'done', 'added', 'error'] as const),
      ...(['failures', 'created_at'] as const),
    ],
    stays: [],
  },
  chat_reports: {
    holds: 'Reports to moderators, with what was said around the message',
    people: ['reporter', 'person', 'handled_by', 'context'],
    words: ['text'],
    secrets: [],
    facts: [
      ...(['app_id', 'id', 'conversation', 'seq', 'reason', 'state', 'at', 'handled_at'] as const),
      ...(['hook_failures'] as const),
    ],
    stays: ['reporter', 'person', 'handled_by', 'context'],
  },
  chat_report_people: {
    holds: 'Whose messages are in a report',
    people: ['person'],
    words: [],
    secrets: [],
    facts: ['app_id', 'report'],
    stays: [],
  },
  chat_audit: {
    holds: 'What moderators did',
    people: ['actor', 'person'],
    words: ['detail'],
    secrets: [],
    facts: ['app_id', 'id', 'act', 'conversation', 'at'],
    stays: ['actor', 'person'],
  },
  chat_live_rooms: {
    ...none,
    holds: 'Live rooms, by a hash of what names them. Nothing that is said there is kept',
    facts: [
      ...(['app_id', 'room', 'channel', 'maker_hash', 'no_take_backs', 'fade_seconds'] as const),
      ...(['created_at', 'expires_at'] as const),
    ],
    passes: 'minutes after the last one has left, at most a day',
  },
  chat_live_seats: {
    ...none,
    holds: 'Lanes of live rooms that are taken; whoever has one is a random id and nobody known',
    facts: ['app_id', 'room', 'participant', 'lane', 'token_hash', 'maker', 'held_until'],
    passes: 'the room',
  },
  chat_sockets: {
    ...none,
    holds: 'As which session a connection has signed in, by the number that the channel server gave it',
    facts: ['app_id', 'socket', 'session', 'at'],
    passes: 'a week',
  },
  chat_timers: {
    holds: 'Things to do at a time; the subject may be a person',
    people: ['subject'],
    words: [],
    secrets: [],
    facts: ['app_id', 'kind', 'due_at', 'failures', 'lease'],
    stays: ['subject'],
    passes: 'the time that was set',
  },
  chat_outbox: {
    holds: 'Events that are not published yet',
    people: ['channels', 'data'],
    words: [],
    secrets: [],
    facts: ['app_id', 'id', 'event', 'created_at', 'holder', 'held_until'],
    stays: ['channels', 'data'],
    passes: 'seconds, at most a day',
  },
};
