import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '@earshot/base';
import { type Database, type Migration, migrate } from '@earshot/data';

const linkMinutes = 15;
/** How long a browser stays signed in. */
export const sessionDays = 7;

/** What is kept of a token is its SHA-256, so the database opens no door. Times are milliseconds since the epoch. */
type Tables = Record<'sign_in_links' | 'sessions', { token_hash: string; expires_at: number }>;

const migrations: Record<string, Migration> = {
  '2026-11-20-sessions': {
    async up(db) {
      for (const table of ['sign_in_links', 'sessions']) {
        await db.schema
          .createTable(table)
          .addColumn('token_hash', 'text', (column) => column.primaryKey())
          .addColumn('expires_at', 'bigint', (column) => column.notNull())
          .execute();
      }
    },
  },
};

/** The operator's browsers: a single-use link becomes a session. */
export interface Sessions {
  /** A token for the fragment of a sign-in link; good once, for 15 minutes. */
  createLinkToken(): Promise<string>;
  /** Uses a link token up: the token of a new session, or null. Of two that try at once one gets null. */
  redeem(linkToken: string): Promise<string | null>;
  isValid(sessionToken: string): Promise<boolean>;
  end(sessionToken: string): Promise<void>;
}

/** Opens the tables, and creates them on the first start. */
export async function openSessions(database: Database, clock: Clock): Promise<Sessions> {
  await migrate(database, 'home', migrations);
  const db = database.kysely.withTables<Tables>();

  async function add(table: keyof Tables, milliseconds: number): Promise<string> {
    const token = randomBytes(32).toString('base64url');
    await db.deleteFrom(table).where('expires_at', '<=', clock.now()).execute();
    const row = { token_hash: hash(token), expires_at: clock.now() + milliseconds };
    await db.insertInto(table).values(row).execute();
    return token;
  }

  return {
    createLinkToken: () => add('sign_in_links', linkMinutes * 60_000),
    async redeem(linkToken) {
      const used = await db
        .deleteFrom('sign_in_links')
        .where('token_hash', '=', hash(linkToken))
        .returning('expires_at')
        .executeTakeFirst();
      if (used === undefined || used.expires_at <= clock.now()) return null;
      return add('sessions', sessionDays * 86_400_000);
    },
    async isValid(sessionToken) {
      const found = await db
        .selectFrom('sessions')
        .select('expires_at')
        .where('token_hash', '=', hash(sessionToken))
        .executeTakeFirst();
      return found !== undefined && found.expires_at > clock.now();
    },
    async end(sessionToken) {
      await db.deleteFrom('sessions').where('token_hash', '=', hash(sessionToken)).execute();
    },
  };
}

/** The part of a sign-in link after the server's address. The fragment is sent to no server and into no log. */
export function signInPath(linkToken: string): string {
  return `/#sign-in=${linkToken}`;
}

function hash(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
