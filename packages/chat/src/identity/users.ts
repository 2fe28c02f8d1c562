import { sql } from '@earshot/data';
import type { ChatApp } from '../apps.ts';
import { type Id, inboxOf, limits, type Me, type Person, type Preferences } from '../contract/index.ts';
import type { ChatDatabase, ChatTransaction, Core, People } from '../core/core.ts';
import { newId } from '../ids.ts';
import { refuse } from '../refusal.ts';
import { lockSubject } from './locks.ts';
import { avatarAddress, cleanName, cutName, isReservedName, nameLength, nameSkeleton } from './names.ts';
import type { IdentityTables } from './tables.ts';

/** A guest who was not seen for so long gives the name free. */
const guestNameMs = 15 * 60_000;

/** Of the guests who once had a name, only these are looked at: one of them at most is here. */
const namesakesMax = 5;

const defaultPreferences: Preferences = { receipts: true, hideText: false, sound: true };

export type UserRow = IdentityTables['chat_users'];

/** What a person can change of themselves. */
export interface MeChange {
  readonly name?: string | undefined;
  /** Takes the picture away. */
  readonly avatar?: null | undefined;
  readonly invisible?: boolean | undefined;
  readonly preferences?: { readonly [Name in keyof Preferences]?: Preferences[Name] | undefined } | undefined;
}

/** What an identity says of a person. */
export interface Profile {
  readonly name: string;
  readonly avatar: string | null;
  /** Null: the identity cannot say. */
  readonly moderator: boolean | null;
  /** The host site vouches for the name. */
  readonly verified: boolean;
}

/** Rows of people: made, looked up and changed. */
export class Users implements Pick<People, 'person' | 'persons' | 'me' | 'preferences'> {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  async person(appId: string, id: Id, within?: ChatTransaction): Promise<Person | undefined> {
    return (await this.persons(appId, [id], within)).get(id);
  }

  async persons(
    appId: string,
    ids: readonly Id[],
    within?: ChatTransaction,
  ): Promise<ReadonlyMap<Id, Person>> {
    if (ids.length === 0) return new Map();
    const rows = await (within ?? this.#core.db)
      .selectFrom('chat_users as asked')
      .innerJoin('chat_users as user', (join) =>
        join
          .onRef('user.app_id', '=', 'asked.app_id')
          .on('user.id', '=', sql<string>`coalesce(asked.merged_into, asked.id)`),
      )
      .select('asked.id as asked_id')
      .selectAll('user')
      .where('asked.app_id', '=', appId)
      .where('asked.id', 'in', [...new Set(ids)])
      .execute();
    return new Map(rows.map((row) => [row.asked_id, personOf(row)]));
  }

  /** @throws Error when there is nobody with the id; a caller always exists */
  async me(appId: string, id: Id, within?: ChatTransaction): Promise<Me> {
    return meOf(await this.row(within ?? this.#core.db, appId, id));
  }

  async preferences(appId: string, ids: readonly Id[]): Promise<ReadonlyMap<Id, Preferences>> {
    if (ids.length === 0) return new Map();
    const rows = await this.#core.db
      .selectFrom('chat_users')
      .select(['id', 'preferences'])
      .where('app_id', '=', appId)
      .where('id', 'in', [...new Set(ids)])
      .execute();
    return new Map(rows.map((row) => [row.id, preferencesOf(row)]));
  }

  async row(db: ChatDatabase, appId: string, id: Id): Promise<UserRow> {
    const row = await db
      .selectFrom('chat_users')
      .selectAll()
      .where('app_id', '=', appId)
      .where('id', '=', id)
      .executeTakeFirst();
    if (row === undefined) throw new Error(`there is no person ${id} in app ${appId}`);
    return row;
  }

  /**
   * Guests who are connected are here, though they may not have asked for anything in a while. Those who look like `typed` are
   * noted as seen, before a transaction asks who has the name: it must not wait for the channel server.
   */
  async noteConnected(appId: string, typed: string): Promise<void> {
    const { db, host, clock, onProblem } = this.#core;
    const now = clock.now();
    const rows = await db
      .selectFrom('chat_users')
      .select('id')
      .where('app_id', '=', appId)
      .where('skeleton', '=', nameSkeleton(cleanName(typed)))
      .where('kind', '=', 'guest')
      .where('seen_at', '<=', now - guestNameMs)
      .orderBy('seen_at', 'desc')
      .limit(namesakesMax)
      .execute();
    for (const { id } of rows) {
      try {
        if ((await host.count(appId, inboxOf(id))).subscriptions === 0) continue;
      } catch (error) {
        return onProblem('names', error);
      }
      await db
        .updateTable('chat_users')
        .set({ seen_at: now })
        .where('app_id', '=', appId)
        .where('id', '=', id)
        .execute();
    }
  }

  /** @throws Refusal for a name that is empty, too long, reserved or taken */
  async createGuest(trx: ChatTransaction, app: ChatApp, typed: string): Promise<UserRow> {
    const name = typedName(typed);
    await this.#claimName(trx, app.id, name, null);
    return this.#insert(trx, app.id, { name, kind: 'guest', verified: 0 });
  }

  async create(trx: ChatTransaction, appId: string, profile: Profile): Promise<UserRow> {
    const name = givenName(profile.name);
    return this.#insert(trx, appId, {
      name: name === '' ? `User ${newId().slice(0, 4)}` : name,
      kind: 'user',
      verified: profile.verified ? 1 : 0,
      moderator: profile.moderator === true ? 1 : 0,
      avatar: avatarAddress(profile.avatar),
    });
  }

  /**
   * What the identity says by now, at a sign-in. The host's word counts always; a provider's only where there is nothing,
   * because its users may have chosen a name here.
   */
  async refresh(trx: ChatTransaction, row: UserRow, profile: Profile): Promise<UserRow> {
    const given = givenName(profile.name);
    const name = profile.verified && given !== '' ? given : row.name;
    return this.#update(trx, row, {
      name,
      skeleton: nameSkeleton(name),
      kind: 'user',
      verified: profile.verified ? 1 : row.verified,
      moderator: profile.moderator === null ? row.moderator : profile.moderator ? 1 : 0,
      avatar: profile.verified
        ? avatarAddress(profile.avatar)
        : (row.avatar ?? avatarAddress(profile.avatar)),
      seen_at: this.#core.clock.now(),
    });
  }

  /** @throws Refusal for a name that may not be had */
  async change(trx: ChatTransaction, appId: string, id: Id, change: MeChange): Promise<UserRow> {
    const row = await this.row(trx, appId, id);
    const set: Partial<UserRow> = {};
    if (change.name !== undefined) {
      if (row.verified === 1) {
        refuse('forbidden', {
          field: 'name',
          message: 'The site that you come from says what your name is.',
        });
      }
      const name = typedName(change.name);
      if (name !== row.name) await this.#claimName(trx, appId, name, row);
      set.name = name;
      set.skeleton = nameSkeleton(name);
    }
    if (change.avatar === null) set.avatar = null;
    if (change.invisible !== undefined) set.invisible = change.invisible ? 1 : 0;
    if (change.preferences !== undefined) {
      const given = Object.entries(change.preferences).filter(([, value]) => value !== undefined);
      set.preferences = JSON.stringify({ ...preferencesOf(row), ...Object.fromEntries(given) });
    }
    return Object.keys(set).length === 0 ? row : this.#update(trx, row, set);
  }

  /** Within the transaction of a change: tells all of the person's clients. */
  async tell(trx: ChatTransaction, row: UserRow): Promise<void> {
    await this.#core.outbox.add(trx, row.app_id, [inboxOf(row.id)], 'me_changed', { me: meOf(row) });
  }

  /** The guest's row leads to `into` from now on. */
  async leadTo(trx: ChatTransaction, guest: UserRow, into: Id): Promise<void> {
    await this.#update(trx, guest, { merged_into: into, skeleton: '' });
    await trx
      .updateTable('chat_users')
      .set({ merged_into: into })
      .where('app_id', '=', guest.app_id)
      .where('merged_into', '=', guest.id)
      .execute();
  }

  /** What is left of an erased person: an id, by which conversations keep their order. */
  async erase(trx: ChatTransaction, appId: string, id: Id): Promise<void> {
    await trx
      .updateTable('chat_users')
      .set({
        name: '',
        skeleton: '',
        verified: 0,
        moderator: 0,
        avatar: null,
        invisible: 0,
        preferences: JSON.stringify(defaultPreferences),
        deleted_at: this.#core.clock.now(),
      })
      .where('app_id', '=', appId)
      .where((row) => row.or([row('id', '=', id), row('merged_into', '=', id)]))
      .execute();
  }

  async #insert(
    trx: ChatTransaction,
    appId: string,
    given: Pick<UserRow, 'name' | 'kind' | 'verified'> & Partial<UserRow>,
  ): Promise<UserRow> {
    const now = this.#core.clock.now();
    const row: UserRow = {
      app_id: appId,
      id: newId(),
      skeleton: nameSkeleton(given.name),
      moderator: 0,
      avatar: null,
      invisible: 0,
      preferences: JSON.stringify(defaultPreferences),
      merged_into: null,
      deleted_at: null,
      created_at: now,
      seen_at: now,
      ...given,
    };
    await trx.insertInto('chat_users').values(row).execute();
    return row;
  }

  async #update(trx: ChatTransaction, row: UserRow, set: Partial<UserRow>): Promise<UserRow> {
    await trx
      .updateTable('chat_users')
      .set(set)
      .where('app_id', '=', row.app_id)
      .where('id', '=', row.id)
      .execute();
    return { ...row, ...set };
  }

  /**
   * Refuses a name that looks like that of somebody known here: of users whom the host vouches for, and for guests of every
   * user and of guests who were here a moment ago.
   */
  async #claimName(trx: ChatTransaction, appId: string, name: string, mine: UserRow | null): Promise<void> {
    const isGuest = mine?.kind !== 'user';
    if (isGuest && isReservedName(name)) {
      refuse('name_taken', { field: 'name', message: 'This name is kept for those who run the chat.' });
    }
    const skeleton = nameSkeleton(name);
    await lockSubject(trx, this.#core, 'name', appId, skeleton);
    const since = this.#core.clock.now() - guestNameMs;
    const other = await trx
      .selectFrom('chat_users')
      .select('id')
      .where('app_id', '=', appId)
      .where('skeleton', '=', skeleton)
      .where('id', '!=', mine?.id ?? '')
      .where((row) =>
        isGuest ? row.or([row('kind', '=', 'user'), row('seen_at', '>', since)]) : row('verified', '=', 1),
      )
      .limit(1)
      .executeTakeFirst();
    if (other !== undefined) refuse('name_taken', { field: 'name' });
  }
}

/** @throws Refusal */
function typedName(text: string): string {
  const name = cleanName(text);
  const length = nameLength(name);
  if (length >= 1 && length <= limits.nameCharacters) return name;
  refuse('bad_request', {
    field: 'name',
    message: `Expected a name of 1 to ${limits.nameCharacters} visible characters; found ${length}.`,
  });
}

function givenName(text: string): string {
  return cutName(cleanName(text));
}

export function personOf(row: UserRow): Person {
  return {
    id: row.id,
    name: row.name,
    kind: row.kind,
    verified: row.verified === 1,
    avatar: row.avatar,
    deleted: row.deleted_at !== null,
  };
}

export function meOf(row: UserRow): Me {
  return {
    ...personOf(row),
    invisible: row.invisible === 1,
    preferences: preferencesOf(row),
    moderator: row.moderator === 1,
  };
}

function preferencesOf(row: Pick<UserRow, 'preferences'>): Preferences {
  return { ...defaultPreferences, ...JSON.parse(row.preferences) };
}
