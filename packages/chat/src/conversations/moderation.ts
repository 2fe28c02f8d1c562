import { type AuditEntry, type Id, inboxOf, type Person, type Role } from '../contract/index.ts';
import type { Caller, ChatTransaction, Core, People } from '../core/core.ts';
import { refuse } from '../refusal.ts';
import { audit, gone } from '../reports/audit.ts';
import { accessTo, moderatorAccess, rank, seatOf } from './access.ts';
import type { Lanes } from './lanes.ts';
import type { Reading } from './reading.ts';
import { enter } from './rooms.ts';
import type { MemberRow, StoredLine } from './rows.ts';
import { systemMessage } from './system.ts';
import { cleanLine } from './text.ts';

const minuteMs = 60_000;
/** What a mute without an end is. */
const endlessMs = 100 * 365 * 24 * 60 * minuteMs;
/** Sockets are closed at once; if that fails or the process dies, this much later. */
const disconnectAgainMs = 2_000;
const disconnectTimer = 'conversations.disconnect';

export type Act = 'kick' | 'ban' | 'unban' | 'mute' | 'unmute' | 'let-in';

export interface Ban {
  readonly person: Person;
  /** Null: for good. */
  readonly until: number | null;
  readonly by: Person;
  readonly reason: string;
  readonly at: number;
}

/** What moderators do. Each act is written down with who did it; every refusal is thrown. */
export class Moderation {
  readonly #core: Core;
  readonly #people: People;
  readonly #reading: Reading;
  readonly #lanes: Lanes;

  constructor(core: Core, parts: { people: People; reading: Reading; lanes: Lanes }) {
    this.#core = core;
    this.#people = parts.people;
    this.#reading = parts.reading;
    this.#lanes = parts.lanes;
    core.timers.on(disconnectTimer, (appId, person) => this.#people.disconnect(appId, person));
  }

  /** @param minutes how long a ban or mute lasts; null: for good */
  async act(
    caller: Caller,
    conversation: Id,
    act: Act,
    person: Id,
    minutes: number | null,
    typedReason: string,
  ): Promise<void> {
    const access = await moderatorAccess(this.#core.db, caller, conversation);
    const appId = caller.app.id;
    const reason = cleanLine(typedReason).slice(0, 200);
    const target = await this.#people.person(appId, person);
    if (target === undefined || target.deleted) refuse('not_found', { field: 'person' });
    const theirs = await this.#rankOf(appId, conversation, person);
    if (person === caller.user || theirs >= access.rank) refuse('forbidden');
    const now = this.#core.clock.now();
    const until = minutes === null ? null : now + minutes * minuteMs;
    const removes = await this.#lanes.change(appId, conversation, async (trx, numbering) => {
      const seat = await seatOf(trx, appId, conversation, person);
      // Made a moderator meanwhile.
      if (seat !== undefined && rank[seat.role] >= access.rank) refuse('forbidden');
      const present = seat?.left_at === null;
      const say = (line: StoredLine) => numbering.add([systemMessage(caller.user, line, now)]);
      switch (act) {
        case 'kick':
          if (!present) refuse('conflict', { message: 'This person is not in the room.' });
          await this.#remove(trx, seat, 'kicked', null);
          await say({ type: 'kicked', person, until: null });
          break;
        case 'ban':
          await this.#ban(trx, { appId, conversation, person, until, by: caller.user, reason, at: now });
          if (seat !== undefined) await this.#remove(trx, seat, 'banned', until);
          await say({ type: 'banned', person, until });
          break;
        case 'unban':
          await this.#unban(trx, appId, conversation, person);
          break;
        case 'mute':
          if (seat === undefined) refuse('conflict', { message: 'This person was never in the room.' });
          await this.#mute(trx, seat, until ?? now + endlessMs);
          await say({ type: 'muted', person, until });
          break;
        case 'unmute':
          if (seat !== undefined) await this.#mute(trx, seat, null);
          break;
        case 'let-in':
          await this.#unban(trx, appId, conversation, person);
          if (!present) await enter(trx, numbering.conversation, person, now);
          break;
      }
      await audit.add(trx, appId, {
        actor: caller.user,
        act,
        person,
        conversation,
        detail: [minutes === null ? '' : `${minutes} min`, reason].filter((part) => part !== '').join(': '),
        at: now,
      });
      return present && (act === 'kick' || act === 'ban');
    });
    await this.#core.outbox.flush();
    if (act === 'let-in' || act === 'mute' || act === 'unmute') {
      await this.#tellView(appId, conversation, person);
    }
    if (removes) await this.#disconnect(appId, person);
  }

  /** Owners and moderators of the app give roles; an owner may give up the own one where another owner stays. */
  async setRole(caller: Caller, conversation: Id, person: Id, role: Role): Promise<void> {
    const appId = caller.app.id;
    const access = await accessTo(this.#core.db, caller, conversation);
    if (access.rank === rank.none || access.conversation.kind === 'direct') refuse('not_found');
    if (access.rank < rank.owner) refuse('forbidden');
    const theirs = await this.#rankOf(appId, conversation, person);
    if (person !== caller.user && theirs >= access.rank) refuse('forbidden');
    const now = this.#core.clock.now();
    const changed = await this.#lanes.change(appId, conversation, async (trx, numbering) => {
      const seat = await seatOf(trx, appId, conversation, person);
      if (seat === undefined || seat.left_at !== null) {
        return refuse('conflict', { message: 'This person is not in the room.' });
      }
      if (seat.role === role) return false;
      if (seat.role === 'owner' && access.rank === rank.owner) await this.#requireOtherOwner(trx, seat);
      await this.#update(trx, seat, { role });
      await numbering.add([systemMessage(caller.user, { type: 'role', person, role }, now)]);
      const act = { actor: caller.user, act: 'role', person, conversation, detail: role, at: now };
      await audit.add(trx, appId, act);
      return true;
    });
    if (changed) await this.#tellView(appId, conversation, person);
  }

  async bans(caller: Caller, conversation: Id): Promise<Ban[]> {
    await moderatorAccess(this.#core.db, caller, conversation);
    const rows = await this.#core.db
      .selectFrom('chat_bans')
      .selectAll()
      .where('app_id', '=', caller.app.id)
      .where('conversation', '=', conversation)
      .where((row) => row.or([row('until', 'is', null), row('until', '>', this.#core.clock.now())]))
      .orderBy('at', 'desc')
      .orderBy('person')
      .limit(1_000)
      .execute();
    const persons = await this.#people.persons(
      caller.app.id,
      rows.flatMap((row) => [row.person, row.banned_by]),
    );
    return rows.map((row) => ({
      person: persons.get(row.person) ?? gone(row.person),
      until: row.until,
      by: persons.get(row.banned_by) ?? gone(row.banned_by),
      reason: row.reason,
      at: row.at,
    }));
  }

  async auditOf(caller: Caller, conversation: Id): Promise<AuditEntry[]> {
    await moderatorAccess(this.#core.db, caller, conversation);
    return audit.ofConversation(this.#core.db, this.#people, caller.app.id, conversation);
  }

  /** Moderators of the app stand above owners, wherever they are. */
  async #rankOf(appId: string, conversation: Id, person: Id): Promise<number> {
    const known = await this.#people.person(appId, person);
    if (known === undefined) return rank.none;
    const me = await this.#people.me(appId, person);
    if (me.moderator) return rank.appModerator;
    const seat = await seatOf(this.#core.db, appId, conversation, person);
    return seat === undefined || seat.left_at !== null ? rank.none : rank[seat.role];
  }

  async #remove(
    trx: ChatTransaction,
    seat: MemberRow,
    why: 'kicked' | 'banned',
    until: number | null,
  ): Promise<void> {
    const { app_id, conversation, person, left_at } = seat;
    await this.#update(trx, seat, { left_at: left_at ?? this.#core.clock.now(), role: 'member' });
    await this.#core.outbox.add(trx, app_id, [inboxOf(person)], 'removed', { conversation, why, until });
    const dueAt = this.#core.clock.now() + disconnectAgainMs;
    await this.#core.timers.set(trx, disconnectTimer, app_id, person, dueAt);
  }

  async #ban(
    trx: ChatTransaction,
    ban: {
      appId: string;
      conversation: Id;
      person: Id;
      until: number | null;
      by: Id;
      reason: string;
      at: number;
    },
  ): Promise<void> {
    const { appId: app_id, conversation, person, until, by: banned_by, reason, at } = ban;
    await trx
      .insertInto('chat_bans')
      .values({ app_id, conversation, person, until, banned_by, reason, at })
      .onConflict((conflict) =>
        conflict.columns(['app_id', 'conversation', 'person']).doUpdateSet({ until, banned_by, reason, at }),
      )
      .execute();
  }

  async #unban(trx: ChatTransaction, appId: string, conversation: Id, person: Id): Promise<void> {
    await trx
      .deleteFrom('chat_bans')
      .where('app_id', '=', appId)
      .where('conversation', '=', conversation)
      .where('person', '=', person)
      .execute();
  }

  #mute(trx: ChatTransaction, seat: MemberRow, until: number | null): Promise<void> {
    return this.#update(trx, seat, { muted_until: until });
  }

  async #requireOtherOwner(trx: ChatTransaction, seat: MemberRow): Promise<void> {
    const other = await trx
      .selectFrom('chat_members')
      .select('person')
      .where('app_id', '=', seat.app_id)
      .where('conversation', '=', seat.conversation)
      .where('role', '=', 'owner')
      .where('left_at', 'is', null)
      .where('person', '<>', seat.person)
      .limit(1)
      .executeTakeFirst();
    if (other === undefined) refuse('conflict', { message: 'Make somebody else an owner first.' });
  }

  async #update(
    trx: ChatTransaction,
    { app_id, conversation, person }: MemberRow,
    set: Partial<Pick<MemberRow, 'role' | 'left_at' | 'muted_until'>>,
  ): Promise<void> {
    await trx
      .updateTable('chat_members')
      .set(set)
      .where('app_id', '=', app_id)
      .where('conversation', '=', conversation)
      .where('person', '=', person)
      .execute();
  }

  /** The person's own view has changed: let in, muted, another role. A hint like every event, so it may be lost. */
  async #tellView(appId: string, id: Id, person: Id): Promise<void> {
    const conversation = await this.#reading.one(appId, person, id);
    if (conversation === undefined) return;
    const { db, outbox } = this.#core;
    await db
      .transaction()
      .execute((trx) => outbox.add(trx, appId, [inboxOf(person)], 'create_chat', { conversation }));
    await outbox.flush();
  }

  async #disconnect(appId: string, person: Id): Promise<void> {
    try {
      await this.#people.disconnect(appId, person);
    } catch (error) {
      this.#core.onProblem('removing somebody', error);
      return; // the timer tries again
    }
    const { db, timers } = this.#core;
    await db.transaction().execute((trx) => timers.cancel(trx, disconnectTimer, appId, person));
  }
}
