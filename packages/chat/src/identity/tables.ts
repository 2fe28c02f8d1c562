import type { Migration } from '@earshot/data';

/** The tables of this folder. Times are milliseconds since the epoch, what is true or false is 1 or 0. */
export type IdentityTables = {
  chat_users: {
    app_id: string;
    id: string;
    name: string;
    /** Of the name, see `nameSkeleton`; empty when erased or merged. */
    skeleton: string;
    kind: 'guest' | 'user';
    verified: number;
    moderator: number;
    avatar: string | null;
    invisible: number;
    /** JSON of `Preferences`. */
    preferences: string;
    /** The person whom this guest turned out to be; this row then only leads there. */
    merged_into: string | null;
    deleted_at: number | null;
    created_at: number;
    /** Exact to a minute. */
    seen_at: number;
  };
  /** By what somebody signs in. The issuer of users of the host site is `host`. */
  chat_identities: {
    app_id: string;
    issuer: string;
    subject: string;
    user_id: string;
    created_at: number;
    seen_at: number;
  };
  /** A session that has ended has no row. */
  chat_sessions: {
    app_id: string;
    id: string;
    user_id: string;
    /** Of the page that began it; empty for a client that is no browser. */
    origin: string;
    via: 'guest' | 'host' | 'provider';
    /** SHA-256 of the part that all refresh tokens of the session have; null for users of the host. */
    family_hash: string | null;
    /** SHA-256 of the newest refresh token's own part. */
    refresh_hash: string | null;
    /** Counts renewals. */
    turn: number;
    /** Something of the newest turn was used, so its answer has arrived. */
    turn_used: number;
    user_agent: string | null;
    created_at: number;
    /** Exact to a minute. */
    seen_at: number;
    expires_at: number;
  };
  /** Secrets of the host site's tokens: the newest, and the one before it for a while. */
  chat_host_secrets: { app_id: string; position: number; secret: string; valid_until: number | null };
  /** Sign-ins on their way to a provider and back. */
  chat_sign_ins: {
    app_id: string;
    /** SHA-256 of what goes to the provider and comes back. */
    state_hash: string;
    /** SHA-256 of what only the window knows that began it. */
    window_hash: string;
    provider: string;
    /** Of Mastodon, else empty. */
    server: string;
    nonce: string;
    verifier: string;
    redirect_uri: string;
    /** The exact origin of the page that opened the window, and the challenge of its verifier. */
    opener: string;
    challenge: string;
    expires_at: number;
  };
  /** Sign-ins that succeeded, until the page that began them fetches its session. */
  chat_sign_in_codes: {
    app_id: string;
    code_hash: string;
    opener: string;
    challenge: string;
    provider: string;
    issuer: string;
    subject: string;
    name: string;
    avatar: string | null;
    /** Encrypted; null when nobody needs it. */
    access_token: string | null;
    access_expires_at: number | null;
    expires_at: number;
  };
  /** What an importer may ask the provider with. */
  chat_provider_tokens: {
    app_id: string;
    user_id: string;
    provider: string;
    issuer: string;
    subject: string;
    access_token: string;
    expires_at: number;
  };
  /** This server as Mastodon servers know it. */
  chat_mastodon_clients: {
    app_id: string;
    server: string;
    redirect_uri: string;
    client_id: string;
    client_secret: string;
    created_at: number;
  };
};

type Column = 'text' | 'text?' | 'integer' | 'bigint' | 'bigint?';

export const identityMigrations: Record<string, Migration> = {
  '2026-11-21-identity': {
    async up(db) {
      const create = (table: string, columns: Record<string, Column>, key: string[]) => {
        const appId: string = 'app_id';
        let builder = db.schema.createTable(table).addColumn(appId, 'text', (column) => column.notNull());
        for (const [name, type] of Object.entries(columns)) {
          const kind = type.replace('?', '') as 'text' | 'integer' | 'bigint';
          builder = builder.addColumn(name, kind, (column) =>
            type.endsWith('?') ? column : column.notNull(),
          );
        }
        return builder.addPrimaryKeyConstraint(`${table}_pk`, ['app_id', ...key]).execute();
      };
      const index = (table: string, name: string, columns: string[]) =>
        db.schema
          .createIndex(`${table}_${name}`)
          .on(table)
          .columns(['app_id', ...columns])
          .execute();

      await create(
        'chat_users',
        {
          id: 'text',
          name: 'text',
          skeleton: 'text',
          kind: 'text',
          verified: 'integer',
          moderator: 'integer',
          avatar: 'text?',
          invisible: 'integer',
          preferences: 'text',
          merged_into: 'text?',
          deleted_at: 'bigint?',
          created_at: 'bigint',
          seen_at: 'bigint',
        },
        ['id'],
      );
      await index('chat_users', 'skeleton', ['skeleton']);
      await create(
        'chat_identities',
        { issuer: 'text', subject: 'text', user_id: 'text', created_at: 'bigint', seen_at: 'bigint' },
        ['issuer', 'subject'],
      );
      await index('chat_identities', 'user', ['user_id']);
      await create(
        'chat_sessions',
        {
          id: 'text',
          user_id: 'text',
          origin: 'text',
          via: 'text',
          family_hash: 'text?',
          refresh_hash: 'text?',
          turn: 'integer',
          turn_used: 'integer',
          user_agent: 'text?',
          created_at: 'bigint',
          seen_at: 'bigint',
          expires_at: 'bigint',
        },
        ['id'],
      );
      await index('chat_sessions', 'user', ['user_id']);
      await index('chat_sessions', 'expiry', ['expires_at']);
      await create('chat_host_secrets', { position: 'integer', secret: 'text', valid_until: 'bigint?' }, [
        'position',
      ]);
      await create(
        'chat_sign_ins',
        {
          state_hash: 'text',
          window_hash: 'text',
          provider: 'text',
          server: 'text',
          nonce: 'text',
          verifier: 'text',
          redirect_uri: 'text',
          opener: 'text',
          challenge: 'text',
          expires_at: 'bigint',
        },
        ['state_hash'],
      );
      await index('chat_sign_ins', 'expiry', ['expires_at']);
      await create(
        'chat_sign_in_codes',
        {
          code_hash: 'text',
          opener: 'text',
          challenge: 'text',
          provider: 'text',
          issuer: 'text',
          subject: 'text',
          name: 'text',
          avatar: 'text?',
          access_token: 'text?',
          access_expires_at: 'bigint?',
          expires_at: 'bigint',
        },
        ['code_hash'],
      );
      await index('chat_sign_in_codes', 'expiry', ['expires_at']);
      await create(
        'chat_provider_tokens',
        {
          user_id: 'text',
          provider: 'text',
          issuer: 'text',
          subject: 'text',
          access_token: 'text',
          expires_at: 'bigint',
        },
        ['user_id', 'provider', 'issuer'],
      );
      await create(
        'chat_mastodon_clients',
        {
          server: 'text',
          redirect_uri: 'text',
          client_id: 'text',
          client_secret: 'text',
          created_at: 'bigint',
        },
        ['server', 'redirect_uri'],
      );
    },
  },
};
