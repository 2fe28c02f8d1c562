import type { ChatApp } from '../apps.ts';
import type { Id, SessionAnswer } from '../contract/index.ts';
import type { ChatTransaction, Core } from '../core/core.ts';
import { refuse } from '../refusal.ts';
import { hostIssuer, type IdentityHooks, type IdentityKey } from './hooks.ts';
import type { HostTokens } from './host-tokens.ts';
import { lockSubject } from './locks.ts';
import type { PersonsLives } from './persons-lives.ts';
import type { BegunSession, Credentials, Place, Sessions } from './sessions.ts';
import type { Profile, UserRow, Users } from './users.ts';

/** What an identity brings along. */
export interface KnownIdentity extends IdentityKey {
  readonly profile: Profile;
}

/** Who had the session that a sign-in comes from. */
interface Former {
  readonly user: Id;
  readonly session: Id;
  readonly hasExpired: boolean;
}

interface Entered {
  readonly begun: BegunSession;
  /** Sessions of a guest who has become somebody else's part, or the one that this sign-in takes the place of. */
  readonly ended: readonly Id[];
  readonly mergedFrom: Id | null;
  readonly isChanged: boolean;
}

/** The ways in: as a guest, as a user of the host site, as somebody whom a provider knows. */
export class Entry {
  readonly #core: Core;
  readonly #users: Users;
  readonly #sessions: Sessions;
  readonly #lives: PersonsLives;
  readonly #hostTokens: HostTokens;
  readonly #hooks: IdentityHooks;

  constructor(parts: {
    readonly core: Core;
    readonly users: Users;
    readonly sessions: Sessions;
    readonly lives: PersonsLives;
    readonly hostTokens: HostTokens;
    readonly hooks: IdentityHooks;
  }) {
    this.#core = parts.core;
    this.#users = parts.users;
    this.#sessions = parts.sessions;
    this.#lives = parts.lives;
    this.#hostTokens = parts.hostTokens;
    this.#hooks = parts.hooks;
  }

  async asGuest(app: ChatApp, name: string, place: Place): Promise<SessionAnswer> {
    if (!app.settings.chatGuests) refuse('guests_refused');
    await this.#users.noteConnected(app.id, name);
    const begun = await this.#core.db.transaction().execute(async (trx) => {
      const user = await this.#users.createGuest(trx, app, name);
      return this.#sessions.begin(trx, user, 'guest', place);
    });
    return this.#sessions.answer(begun);
  }

  /**
   * By a token of the host site. A request that carries an access token of the same person, even an expired one, renews:
   * its session goes on. One that carries a guest's, not expired, makes the guest that person.
   */
  async byHost(app: ChatApp, token: string, credentials: Credentials, place: Place): Promise<SessionAnswer> {
    const { subject, profile, contacts } = await this.#hostTokens.read(app, token);
    const identity = { issuer: hostIssuer, subject, profile };
    const former = await this.#sessions.recognise(app, credentials);
    const answer = await this.#enter(app, identity, former, 'host', place);
    if (contacts !== null) await this.#hooks.tell('hostContacts', app.id, answer.me.id, contacts);
    return answer;
  }

  /** By an identity that a provider vouches for. A guest's access token along with it makes the guest that person. */
  async byProvider(
    app: ChatApp,
    identity: KnownIdentity,
    credentials: Credentials,
    place: Place,
    keep: (trx: ChatTransaction, user: Id) => Promise<void>,
  ): Promise<SessionAnswer> {
    const former = await this.#sessions.recognise(app, credentials);
    return this.#enter(app, identity, former, 'provider', place, keep);
  }

  async #enter(
    app: ChatApp,
    identity: KnownIdentity,
    former: Former | null,
    via: 'host' | 'provider',
    place: Place,
    keep?: (trx: ChatTransaction, user: Id) => Promise<void>,
  ): Promise<SessionAnswer> {
    const entered = await this.#core.db.transaction().execute(async (trx): Promise<Entered> => {
      await lockSubject(trx, this.#core, 'identity', app.id, identity.issuer, identity.subject);
      const known = await this.#findIdentity(trx, app.id, identity);
      const guest = await this.#guest(trx, app.id, former);
      const before = known ?? guest;
      const user =
        before === null
          ? await this.#users.create(trx, app.id, identity.profile)
          : await this.#users.refresh(trx, before, identity.profile);
      await this.#noteIdentity(trx, user, identity);
      await keep?.(trx, user.id);
      const isChanged = before !== null && describes(before) !== describes(user);
      if (isChanged) await this.#users.tell(trx, user);
      if (guest !== null && guest.id !== user.id) {
        const ended = await this.#lives.merge(trx, guest, user);
        const begun = await this.#sessions.begin(trx, user, via, place);
        return { begun, ended, mergedFrom: guest.id, isChanged };
      }
      const mine = former !== null && former.user === user.id ? former : null;
      const renewed =
        via === 'host'
          ? await this.#sessions.goOn(trx, user, guest === null ? (mine?.session ?? null) : null, place)
          : undefined;
      if (renewed !== undefined) return { begun: renewed, ended: [], mergedFrom: null, isChanged };
      const ended = mine === null ? [] : await this.#sessions.endWithin(trx, app.id, mine);
      const begun = await this.#sessions.begin(trx, user, via, place);
      return { begun, ended, mergedFrom: null, isChanged };
    });
    await this.#core.outbox.flush();
    const { begun, ended, mergedFrom, isChanged } = entered;
    const answer = await this.#sessions.answer(begun);
    await this.#sessions.afterEnd(app.id, ended, mergedFrom === null ? 'replaced' : 'merged');
    const { issuer, subject } = identity;
    if (mergedFrom !== null) await this.#hooks.tell('merged', app.id, mergedFrom, answer.me.id);
    if (isChanged) await this.#hooks.tell('meChanged', app.id, answer.me, { name: answer.me.name });
    await this.#hooks.tell('signedIn', app.id, answer.me.id, { issuer, subject });
    return answer;
  }

  async #findIdentity(trx: ChatTransaction, appId: string, key: IdentityKey): Promise<UserRow | null> {
    const row = await trx
      .selectFrom('chat_identities as identity')
      .innerJoin('chat_users as user', (join) =>
        join.onRef('user.app_id', '=', 'identity.app_id').onRef('user.id', '=', 'identity.user_id'),
      )
      .selectAll('user')
      .where('identity.app_id', '=', appId)
      .where('identity.issuer', '=', key.issuer)
      .where('identity.subject', '=', key.subject)
      .executeTakeFirst();
    return row ?? null;
  }

  async #guest(trx: ChatTransaction, appId: string, former: Former | null): Promise<UserRow | null> {
    if (former === null || former.hasExpired) return null;
    const row = await this.#users.row(trx, appId, former.user);
    return row.kind === 'guest' && row.merged_into === null && row.deleted_at === null ? row : null;
  }

  async #noteIdentity(trx: ChatTransaction, user: UserRow, { issuer, subject }: IdentityKey): Promise<void> {
    const now = this.#core.clock.now();
    await trx
      .insertInto('chat_identities')
      .values({ app_id: user.app_id, issuer, subject, user_id: user.id, created_at: now, seen_at: now })
      .onConflict((conflict) =>
        conflict.columns(['app_id', 'issuer', 'subject']).doUpdateSet({ seen_at: now }),
      )
      .execute();
  }
}

/** What others see of a person. */
function describes({ name, kind, verified, avatar }: UserRow): string {
  return JSON.stringify([name, kind, verified, avatar]);
}
