import {
  type Conversation,
  type Id,
  inboxOf,
  limits,
  messagesOf,
  presenceOf,
  type Role,
} from '../contract/index.ts';
import type { Caller, ChatTransaction, Core, People } from '../core/core.ts';
import { newId } from '../ids.ts';
import { refuse } from '../refusal.ts';
import { audit, gone } from '../reports/audit.ts';
import { accessTo, lockConversation, memberAccess, rank, refuseBanned, seatOf } from './access.ts';
import { lobbyKey, namedKey, pageKey, signedKey } from './keys.ts';
import type { Lanes } from './lanes.ts';
import { pageAddress } from './page-address.ts';
import type { Reading } from './reading.ts';
import type { ConversationRow, MemberRow, StoredLine } from './rows.ts';
import { systemMessage } from './system.ts';
import { cleanLine, lengthOf } from './text.ts';
import { mutedUntil, type Views } from './views.ts';

/** Rooms that one person may have created. */
const createdMost = 20;
/** Rooms that one person may be in. The page's room that was entered first makes way for the next one. */
const enteredMost = 200;
const listedMost = 200;
const membersPage = 100;
const roomName = /^[\p{L}\p{N}][\p{L}\p{N}_-]*$/u;

/** Which room somebody wants to enter. */
export type RoomRequest =
  | { readonly kind: 'lobby' }
  | { readonly kind: 'page'; readonly url: string; readonly title?: string | undefined }
  | { readonly kind: 'named'; readonly name: string }
  | { readonly kind: 'signed'; readonly token: string }
  /** By its id: for who is in it, and for moderators of the app, who have it from a report. */
  | { readonly kind: 'id'; readonly id: Id };

/** Reads the room that a host's token names. @throws Refusal */
export type ReadRoomToken = (
  app: Caller['app'],
  token: string,
) => Promise<{ readonly room: string; readonly title: string; readonly membersOnly: boolean }>;

export interface RoomChange {
  readonly title?: string | undefined;
  readonly topic?: string | undefined;
  readonly slowSeconds?: number | undefined;
  readonly locked?: boolean | undefined;
  readonly membersOnly?: boolean | undefined;
  readonly retentionDays?: number | undefined;
}

/** How many are in a room at the moment. */
export interface Online {
  readonly count: number;
  /** The list of who is online stops at the app's largest presence channel; the count does not. */
  readonly capped: boolean;
}

/** Rooms: found and made, entered and left, and what is set of them. Every refusal is thrown. */
export class Rooms {
  readonly #core: Core;
  readonly #people: People;
  readonly #views: Views;
  readonly #reading: Reading;
  readonly #lanes: Lanes;
  readonly #readRoomToken: ReadRoomToken;
  readonly #presenceMembersMost: (appId: string) => number;

  constructor(
    core: Core,
    parts: {
      people: People;
      views: Views;
      reading: Reading;
      lanes: Lanes;
      readRoomToken: ReadRoomToken;
      presenceMembersMost: (appId: string) => number;
    },
  ) {
    this.#core = core;
    this.#people = parts.people;
    this.#views = parts.views;
    this.#reading = parts.reading;
    this.#lanes = parts.lanes;
    this.#readRoomToken = parts.readRoomToken;
    this.#presenceMembersMost = parts.presenceMembersMost;
  }

  /** Finds (or, but for named ones, makes) the room and enters the caller. @param origin of the request */
  async open(caller: Caller, request: RoomRequest, origin: string | null): Promise<Conversation> {
    const { app } = caller;
    switch (request.kind) {
      case 'lobby':
        return this.#enterMade(caller, { unique_key: lobbyKey, name: 'lobby', title: app.name });
      case 'page': {
        if (!app.settings.chatPageRooms) refuse('forbidden', { message: 'Pages have no rooms here.' });
        const page = pageAddress(request.url, origin);
        const title = cutLine(request.title ?? '', limits.titleCharacters) || page.title;
        return this.#enterMade(caller, {
          unique_key: pageKey(page.canonical),
          title: cutLine(title, limits.titleCharacters),
        });
      }
      case 'named': {
        if (namedKey(request.name) === namedKey('lobby')) return this.open(caller, { kind: 'lobby' }, origin);
        const id = await this.#idOf(app.id, namedKey(request.name));
        return this.#enter(caller, id ?? refuse('not_found', { field: 'name' }), false);
      }
      case 'id': {
        const { conversation, rank: mine } = await accessTo(this.#core.db, caller, request.id);
        if (mine === rank.none || conversation.kind === 'direct') refuse('not_found', { field: 'id' });
        return this.#enter(caller, request.id, false);
      }
      case 'signed': {
        const { room, title, membersOnly } = await this.#readRoomToken(app, request.token);
        // Whoever shows the host's signature has been let in by the host.
        return this.#enterMade(
          caller,
          {
            unique_key: signedKey(room),
            title: cutLine(title, limits.titleCharacters),
            members_only: membersOnly ? 1 : 0,
          },
          true,
        );
      }
    }
  }

  /** A room with a name, which the caller owns. */
  async create(
    caller: Caller,
    wanted: { readonly name: string; readonly title: string; readonly membersOnly: boolean },
  ): Promise<Conversation> {
    const { app, user } = caller;
    const policy = app.settings.chatRoomCreation;
    const may = caller.moderator || policy === 'everyone' || (policy === 'users' && caller.kind === 'user');
    if (!may) refuse(policy === 'users' ? 'guests_refused' : 'forbidden');
    const name = wanted.name.normalize('NFKC').trim();
    if (!roomName.test(name) || lengthOf(name) > limits.roomNameCharacters) {
      refuse('bad_request', {
        field: 'name',
        message: `Expected letters, digits, - and _, at most ${limits.roomNameCharacters}.`,
      });
    }
    const title = cutLine(wanted.title, limits.titleCharacters) || name;
    if (namedKey(name) === namedKey('lobby')) refuse('name_taken', { field: 'name' });
    const id = newId();
    await this.#core.db.transaction().execute(async (trx) => {
      const { count } = await trx
        .selectFrom('chat_conversations')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .where('app_id', '=', app.id)
        .where('created_by', '=', user)
        .where('kind', '=', 'room')
        .executeTakeFirstOrThrow();
      if (count >= createdMost && !caller.moderator) {
        refuse('conflict', { message: `You have created ${count} rooms; ${createdMost} are allowed.` });
      }
      const row = newConversation({
        app_id: app.id,
        id,
        kind: 'room',
        unique_key: namedKey(name),
        name,
        title,
        members_only: wanted.membersOnly ? 1 : 0,
        created_by: user,
        now: this.#core.clock.now(),
      });
      const made = await trx
        .insertInto('chat_conversations')
        .values(row)
        .onConflict((conflict) => conflict.columns(['app_id', 'unique_key']).doNothing())
        .returning('id')
        .executeTakeFirst();
      if (made === undefined)
        refuse('name_taken', { field: 'name', message: 'There is a room of this name.' });
      await this.#makeWay(trx, caller);
      await trx
        .insertInto('chat_members')
        .values(newMember(row, user, this.#core.clock.now(), { role: 'owner' }))
        .execute();
    });
    return this.#mustSee(caller, id);
  }

  /** The lobby and rooms with names: what can be entered without knowing more. */
  async list(caller: Caller) {
    const rows = await this.#core.db
      .selectFrom('chat_conversations')
      .selectAll()
      .where('app_id', '=', caller.app.id)
      .where('kind', '=', 'room')
      .where('name', 'is not', null)
      .orderBy('last_at', 'desc')
      .orderBy('id')
      .limit(listedMost)
      .execute();
    const online = await Promise.all(rows.map((row) => this.#online(row)));
    return rows.map((row, index) => ({
      id: row.id,
      name: row.name ?? '',
      title: row.title,
      topic: row.topic,
      online: online[index]?.count ?? 0,
      membersOnly: row.members_only === 1,
    }));
  }

  async online(caller: Caller, id: Id): Promise<Online> {
    const { conversation } = await memberAccess(this.#core.db, caller, id, this.#core.clock.now());
    return this.#online(conversation);
  }

  /** By the members' ids, a page at a time; `after` is the last one of the page before. @param staff only those with a role */
  async members(caller: Caller, id: Id, after: Id | undefined, staff = false) {
    const { app } = caller;
    await memberAccess(this.#core.db, caller, id, this.#core.clock.now());
    const rows = await this.#core.db
      .selectFrom('chat_members')
      .selectAll()
      .where('app_id', '=', app.id)
      .where('conversation', '=', id)
      .where('left_at', 'is', null)
      .where('person', '>', after ?? '')
      .$if(staff, (query) => query.where('role', '<>', 'member'))
      .orderBy('person')
      .limit(membersPage + 1)
      .execute();
    const page = rows.slice(0, membersPage);
    const persons = await this.#people.persons(
      app.id,
      page.map(({ person }) => person),
    );
    const members = page.map((row) => ({
      ...(persons.get(row.person) ?? gone(row.person)),
      id: row.person,
      role: row.role,
      mutedUntil: mutedUntil(row, this.#core.clock.now()),
    }));
    return { members, more: rows.length > membersPage };
  }

  async change(caller: Caller, id: Id, wanted: RoomChange): Promise<Conversation> {
    const access = await accessTo(this.#core.db, caller, id);
    if (access.rank === rank.none || access.conversation.kind === 'direct') refuse('not_found');
    if (access.rank < rank.moderator) refuse('forbidden');
    const title = wanted.title === undefined ? undefined : cutLine(wanted.title, limits.titleCharacters);
    if (title === '') refuse('bad_request', { field: 'title', message: 'The title is empty.' });
    const topic = wanted.topic === undefined ? undefined : cutLine(wanted.topic, limits.topicCharacters);
    await this.#lanes.change(caller.app.id, id, async (trx, numbering) => {
      const before = numbering.conversation;
      numbering.set({
        ...(title === undefined ? {} : { title }),
        ...(topic === undefined ? {} : { topic }),
        ...(wanted.slowSeconds === undefined ? {} : { slow_seconds: wanted.slowSeconds }),
        ...(wanted.locked === undefined ? {} : { locked: wanted.locked ? 1 : 0 }),
        ...(wanted.membersOnly === undefined ? {} : { members_only: wanted.membersOnly ? 1 : 0 }),
        ...(wanted.retentionDays === undefined ? {} : { retention_days: wanted.retentionDays }),
      });
      const now = this.#core.clock.now();
      const lines: StoredLine[] = [
        ...(title === undefined || title === before.title ? [] : [{ type: 'title', title } as const]),
        ...(topic === undefined || topic === before.topic ? [] : [{ type: 'topic', topic } as const]),
      ];
      await numbering.add(lines.map((line) => systemMessage(caller.user, line, now)));
      const room = this.#views.room(numbering.conversation);
      await this.#core.outbox.add(trx, caller.app.id, [messagesOf(id)], 'conversation_changed', {
        conversation: room,
      });
      await audit.add(trx, caller.app.id, {
        actor: caller.user,
        act: 'settings',
        person: null,
        conversation: id,
        detail: Object.keys(wanted).sort().join(', '),
        at: now,
      });
    });
    await this.#core.outbox.flush();
    return this.#mustSee(caller, id);
  }

  /** A room is left; a one-to-one conversation is put away until the next message. */
  async leave(caller: Caller, id: Id): Promise<void> {
    const { app, user } = caller;
    const disconnects = await this.#core.db.transaction().execute(async (trx) => {
      const conversation = await lockConversation(trx, this.#core.kind, app.id, id);
      const seat = await seatOf(trx, app.id, id, user);
      if (conversation === undefined || seat === undefined || seat.left_at !== null) refuse('not_found');
      const gone = conversation.kind === 'room';
      await trx
        .updateTable('chat_members')
        .set(gone ? { left_at: this.#core.clock.now() } : { hidden_seq: conversation.last_seq })
        .where('app_id', '=', app.id)
        .where('conversation', '=', id)
        .where('person', '=', user)
        .execute();
      const told = { conversation: id, why: 'left', until: null } as const;
      await this.#core.outbox.add(trx, app.id, [inboxOf(user)], 'removed', told);
      // Nobody listens unseen to what is for members only.
      return gone && conversation.members_only === 1;
    });
    await this.#core.outbox.flush();
    if (disconnects) await this.#people.disconnect(app.id, user);
  }

  async setNotify(caller: Caller, id: Id, notify: MemberRow['notify']): Promise<Conversation> {
    await memberAccess(this.#core.db, caller, id, this.#core.clock.now());
    await this.#core.db
      .updateTable('chat_members')
      .set({ notify })
      .where('app_id', '=', caller.app.id)
      .where('conversation', '=', id)
      .where('person', '=', caller.user)
      .execute();
    return this.#mustSee(caller, id);
  }

  /** A room that is made when it is first asked for, and that nobody owns. */
  async #enterMade(
    caller: Caller,
    wanted: { unique_key: string; title: string; name?: string; members_only?: number },
    invited = false,
  ): Promise<Conversation> {
    const { app } = caller;
    const there = await this.#idOf(app.id, wanted.unique_key);
    if (there !== undefined) return this.#enter(caller, there, invited);
    const row = newConversation({
      app_id: app.id,
      id: newId(),
      kind: 'room',
      created_by: null,
      now: this.#core.clock.now(),
      ...wanted,
    });
    await this.#core.db
      .insertInto('chat_conversations')
      .values(row)
      .onConflict((conflict) => conflict.columns(['app_id', 'unique_key']).doNothing())
      .execute();
    const made = await this.#idOf(app.id, wanted.unique_key);
    return this.#enter(caller, made ?? refuse('internal'), invited);
  }

  async #enter(caller: Caller, id: Id, invited: boolean): Promise<Conversation> {
    const { app, user } = caller;
    await this.#core.db.transaction().execute(async (trx) => {
      const room = (await lockConversation(trx, this.#core.kind, app.id, id)) ?? refuse('not_found');
      if (!caller.moderator) await refuseBanned(trx, app.id, id, user, this.#core.clock.now());
      const seat = await seatOf(trx, app.id, id, user);
      if (seat?.left_at === null) return;
      const mayEnter = invited || caller.moderator || room.members_only === 0 || seat?.role === 'owner';
      if (!mayEnter) refuse('members_only');
      await this.#makeWay(trx, caller);
      await enter(trx, room, user, this.#core.clock.now());
    });
    await this.#core.outbox.flush();
    return this.#mustSee(caller, id);
  }

  /** Somebody who looks at many pages leaves those behind; who is in too many other rooms has to leave one. */
  async #makeWay(trx: ChatTransaction, { app, user }: Caller): Promise<void> {
    const rooms = await trx
      .selectFrom('chat_members as member')
      .innerJoin('chat_conversations as room', (join) =>
        join.onRef('room.app_id', '=', 'member.app_id').onRef('room.id', '=', 'member.conversation'),
      )
      .select(['room.id', 'room.unique_key', 'member.last_sent_at'])
      .where('member.app_id', '=', app.id)
      .where('member.person', '=', user)
      .where('member.left_at', 'is', null)
      .where('room.kind', '=', 'room')
      .orderBy('member.entered_at')
      .execute();
    if (rooms.length < enteredMost) return;
    const leaves = rooms.find(({ unique_key: key }) => key.startsWith('page:'));
    if (leaves === undefined) {
      return refuse('conflict', { message: `You are in ${rooms.length} rooms. Leave one first.` });
    }
    await trx
      .updateTable('chat_members')
      .set({ left_at: this.#core.clock.now() })
      .where('app_id', '=', app.id)
      .where('conversation', '=', leaves.id)
      .where('person', '=', user)
      .execute();
    const told = { conversation: leaves.id, why: 'left', until: null } as const;
    await this.#core.outbox.add(trx, app.id, [inboxOf(user)], 'removed', told);
  }

  async #idOf(appId: string, key: string): Promise<Id | undefined> {
    const row = await this.#core.db
      .selectFrom('chat_conversations')
      .select('id')
      .where('app_id', '=', appId)
      .where('unique_key', '=', key)
      .executeTakeFirst();
    return row?.id;
  }

  /** A moderator of the app sees what is set of a room also without being in it. */
  async #mustSee(caller: Caller, id: Id): Promise<Conversation> {
    const seen = await this.#reading.one(caller.app.id, caller.user, id);
    if (seen !== undefined) return seen;
    const { conversation, rank: mine } = await accessTo(this.#core.db, caller, id);
    if (mine !== rank.appModerator) refuse('not_found');
    const member = newMember(conversation, caller.user, this.#core.clock.now());
    const [view] = await this.#views.conversations(caller.app.id, caller.user, [{ conversation, member }]);
    return view ?? refuse('not_found');
  }

  /**
   * The presence channel counts people, up to the app's largest one, beyond which nobody gets into it. Then the
   * subscriptions of the messages' channel are the better count: connections of members, of which the widget has one a person
   * and browser.
   */
  async #online({ app_id, id, kind }: ConversationRow): Promise<Online> {
    const { users } = await this.#core.host.count(app_id, presenceOf(id));
    const most = this.#presenceMembersMost(app_id);
    if (kind === 'direct' || most === 0 || users < most) return { count: users, capped: false };
    const { subscriptions } = await this.#core.host.count(app_id, messagesOf(id));
    return { count: Math.max(users, subscriptions), capped: true };
  }
}

/** Makes somebody a member, or a member again; what was kept of an earlier time counts, the mute included. */
export async function enter(
  trx: ChatTransaction,
  room: ConversationRow,
  person: Id,
  now: number,
): Promise<void> {
  await trx
    .insertInto('chat_members')
    .values(newMember(room, person, now))
    .onConflict((conflict) =>
      conflict
        .columns(['app_id', 'conversation', 'person'])
        .doUpdateSet({ left_at: null, entered_at: now, cursor: room.last_seq }),
    )
    .execute();
}

/** A member begins with everything read: what was said before is history, not news. */
export function newMember(
  conversation: Pick<ConversationRow, 'app_id' | 'id' | 'last_seq'>,
  person: Id,
  now: number,
  more: { role?: Role; notify?: MemberRow['notify'] } = {},
): MemberRow {
  return {
    app_id: conversation.app_id,
    conversation: conversation.id,
    person,
    role: 'member',
    cursor: conversation.last_seq,
    notify: 'mentions',
    muted_until: null,
    last_sent_at: 0,
    entered_at: now,
    left_at: null,
    hidden_seq: null,
    ...more,
  };
}

export function newConversation({
  now,
  ...given
}: Pick<ConversationRow, 'app_id' | 'id' | 'kind' | 'unique_key' | 'created_by'> &
  Partial<Pick<ConversationRow, 'name' | 'title' | 'members_only' | 'person_a' | 'person_b'>> & {
    now: number;
  }): ConversationRow {
  return {
    name: null,
    title: '',
    topic: '',
    person_a: null,
    person_b: null,
    created_at: now,
    slow_seconds: 0,
    locked: 0,
    members_only: 0,
    retention_days: null,
    last_seq: 0,
    last_change: 0,
    last_at: now,
    published_change: 0,
    unpublished_since: now,
    ...given,
  };
}

function cutLine(text: string, characters: number): string {
  const line = cleanLine(text);
  return lengthOf(line) <= characters ? line : [...line].slice(0, characters).join('').trimEnd();
}
