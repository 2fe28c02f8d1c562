import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '@earshot/base';
import type { OperatorDatabase, OperatorTables } from './tables.ts';

const linkMinutes = 15;
/** How long a browser stays signed in. */
export const sessionDays = 7;

/** The operators' browsers: a single-use link, or whoever has signed in, becomes a session. */
export class Sessions {
  readonly #db: OperatorDatabase;
  readonly #clock: Clock;

  constructor(db: OperatorDatabase, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  /** A token for the fragment of a sign-in link; good once, for 15 minutes. */
  async createLinkToken(): Promise<string> {
    const { token, row } = await this.#fresh('sign_in_links', linkMinutes * 60_000);
    await this.#db.insertInto('sign_in_links').values(row).execute();
    return token;
  }

  /** Uses a link token up: the token of a new session, or null. Of two that try at once one gets null. */
  async redeem(linkToken: string): Promise<string | null> {
    const used = await this.#db
      .deleteFrom('sign_in_links')
      .where('token_hash', '=', hashOf(linkToken))
      .returning('expires_at')
      .executeTakeFirst();
    if (used === undefined || used.expires_at <= this.#clock.now()) return null;
    return this.begin(null);
  }

  /** The token of a new session. @param operatorId null: of whoever runs the server */
  async begin(operatorId: string | null): Promise<string> {
    const { token, row } = await this.#fresh('sessions', sessionDays * 86_400_000);
    await this.#db
      .insertInto('sessions')
      .values({ ...row, operator_id: operatorId })
      .execute();
    return token;
  }

  /** Whose session it is; null when it is none, or has expired. */
  async find(sessionToken: string): Promise<{ readonly operatorId: string | null } | null> {
    const found = await this.#db
      .selectFrom('sessions')
      .select(['expires_at', 'operator_id'])
      .where('token_hash', '=', hashOf(sessionToken))
      .executeTakeFirst();
    if (found === undefined || found.expires_at <= this.#clock.now()) return null;
    return { operatorId: found.operator_id };
  }

  async end(sessionToken: string): Promise<void> {
    await this.#db.deleteFrom('sessions').where('token_hash', '=', hashOf(sessionToken)).execute();
  }

  /** Ends all sessions of an operator, but for the one of that token. */
  async endAllOf(operatorId: string, exceptToken: string | null = null): Promise<void> {
    let ended = this.#db.deleteFrom('sessions').where('operator_id', '=', operatorId);
    if (exceptToken !== null) ended = ended.where('token_hash', '!=', hashOf(exceptToken));
    await ended.execute();
  }

  /** A token and its row, after those that have expired are gone. */
  async #fresh(table: keyof Omit<OperatorTables, 'operators'>, milliseconds: number) {
    const token = randomBytes(32).toString('base64url');
    await this.#db.deleteFrom(table).where('expires_at', '<=', this.#clock.now()).execute();
    return { token, row: { token_hash: hashOf(token), expires_at: this.#clock.now() + milliseconds } };
  }
}

/** The part of a sign-in link after the server's address. The fragment is sent to no server and into no log. */
export function signInPath(linkToken: string): string {
  return `/#sign-in=${linkToken}`;
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
