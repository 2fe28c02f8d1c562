import type { Id } from '../contract/index.ts';
import type { ChatTransaction, Core, PersonalData } from '../core/core.ts';
import { refuse } from '../refusal.ts';
import type { Sessions } from './sessions.ts';
import { meOf, type UserRow, type Users } from './users.ts';

/** What happens to everything of a person: two turn out to be one, they want a copy, they want it gone. */
export class PersonsLives {
  readonly #core: Core;
  readonly #users: Users;
  readonly #sessions: Sessions;
  readonly #parts: PersonalData[] = [];

  constructor(core: Core, users: Users, sessions: Sessions) {
    this.#core = core;
    this.#users = users;
    this.#sessions = sessions;
  }

  /** Before the chat starts. Parts are run in the order in which they came. */
  register(part: PersonalData): void {
    if (this.#parts.some(({ name }) => name === part.name)) {
      throw new Error(`personal data of ${part.name} is registered already`);
    }
    this.#parts.push(part);
  }

  /**
   * The guest has signed in as somebody who is known: `into` gets everything. The guest's id leads there from now on.
   * @returns the guest's sessions, which have ended; `Sessions.afterEnd` follows the commit
   */
  async merge(trx: ChatTransaction, guest: UserRow, into: UserRow): Promise<readonly Id[]> {
    for (const part of this.#parts) await part.merge(trx, guest.app_id, guest.id, into.id);
    await this.#users.leadTo(trx, guest, into.id);
    return this.#sessions.endWithin(trx, guest.app_id, { user: guest.id });
  }

  /** Everything that is kept about a person, by part, for them to read. Secrets and hashes of them are left out. */
  async exportPerson(appId: string, id: Id): Promise<Record<string, unknown>> {
    return Object.fromEntries(await Array.fromAsync(this.exportParts(appId, id)));
  }

  /** The same piece by piece: the parts are asked one after the other, so that not all of it is in memory at once. */
  async *exportParts(appId: string, id: Id): AsyncGenerator<readonly [name: string, data: unknown]> {
    const row = await this.#users.row(this.#core.db, appId, id);
    const identities = await this.#core.db
      .selectFrom('chat_identities')
      .select(['issuer', 'subject', 'created_at as createdAt', 'seen_at as seenAt'])
      .where('app_id', '=', appId)
      .where('user_id', '=', id)
      .execute();
    const sessions = await this.#core.db
      .selectFrom('chat_sessions')
      .select(['origin', 'user_agent as userAgent', 'created_at as createdAt', 'seen_at as seenAt'])
      .where('app_id', '=', appId)
      .where('user_id', '=', id)
      .execute();
    yield ['me', { ...meOf(row), createdAt: row.created_at, seenAt: row.seen_at }];
    yield ['identities', identities];
    yield ['sessions', sessions];
    for (const part of this.#parts) yield [part.name, await part.export(appId, id)];
  }

  /**
   * Everything that is kept about a person goes; what others wrote to them stays. Their id remains as a placeholder
   * without name, their sockets are closed, and signing in again makes somebody new.
   */
  async erasePerson(appId: string, id: Id): Promise<void> {
    const ended = await this.#core.db.transaction().execute(async (trx) => {
      const row = await this.#users.row(trx, appId, id);
      if (row.deleted_at !== null) refuse('not_found');
      for (const part of this.#parts) await part.erase(trx, appId, id);
      for (const table of ['chat_identities', 'chat_provider_tokens'] as const) {
        await trx.deleteFrom(table).where('app_id', '=', appId).where('user_id', '=', id).execute();
      }
      await this.#users.erase(trx, appId, id);
      return this.#sessions.endWithin(trx, appId, { user: id });
    });
    await this.#core.outbox.flush();
    await this.#sessions.afterEnd(appId, ended, 'erased');
  }
}
