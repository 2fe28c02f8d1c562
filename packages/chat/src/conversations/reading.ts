import { type Conversation, type Id, inboxOf, limits, type Message } from '../contract/index.ts';
import type { Caller, Core } from '../core/core.ts';
import { refuse } from '../refusal.ts';
import { memberAccess } from './access.ts';
import { type ConversationRow, type MessageRow, otherOf } from './rows.ts';
import type { Seat, Views } from './views.ts';

/** A stretch of the history, oldest first. */
export interface HistoryPage {
  readonly messages: readonly Message[];
  readonly olderExists: boolean;
  readonly newerExists: boolean;
}

/** Where to look; the newest messages when nothing is said. */
export interface HistoryQuery {
  readonly before?: number | undefined;
  readonly after?: number | undefined;
  readonly around?: number | undefined;
  readonly limit?: number | undefined;
}

export interface Changes {
  /** By their newest change; each message once, in its newest state. */
  readonly messages: readonly Message[];
  /** All changes up to this one are in the answer: ask for more `since` it. */
  readonly lastChange: number;
  /** There are more to be asked for. */
  readonly more: boolean;
  /** More was missed than is worth fetching: begin anew with the newest messages. */
  readonly tooMuch: boolean;
}

/** Reading: history, what was missed, and how far somebody has read. */
export class Reading {
  readonly #core: Core;
  readonly #views: Views;

  constructor(core: Core, views: Views) {
    this.#core = core;
    this.#views = views;
  }

  async history(caller: Caller, id: Id, query: HistoryQuery): Promise<HistoryPage> {
    const limit = Math.min(Math.max(query.limit ?? limits.historyPage, 1), limits.historyPage);
    const { conversation } = await memberAccess(this.#core.db, caller, id, this.#core.clock.now());
    const rows = await this.#stretch(conversation, query, limit);
    const [first] = rows;
    const last = rows.at(-1);
    return {
      messages: await this.#views.messagesFor(caller.app.id, caller.user, rows),
      olderExists:
        first === undefined
          ? await this.#existsBefore(conversation, query.after === undefined ? query.before : query.after + 1)
          : await this.#existsBefore(conversation, first.seq),
      newerExists:
        last === undefined
          ? (query.before ?? conversation.last_seq + 1) <= conversation.last_seq
          : last.seq < conversation.last_seq,
    };
  }

  /** The message and up to `most` on either side of it, also of people whom the caller has blocked. @throws Refusal `not_found` */
  async around(caller: Caller, id: Id, seq: number, most: number): Promise<readonly Message[]> {
    const { conversation } = await memberAccess(this.#core.db, caller, id, this.#core.clock.now());
    const rows = [
      ...(await this.#older(conversation, seq + 1, most + 1)),
      ...(await this.#newer(conversation, seq, most)),
    ];
    if (!rows.some((row) => row.seq === seq)) refuse('not_found');
    return this.#views.messages(caller.app.id, rows);
  }

  async changes(caller: Caller, id: Id, since: number): Promise<Changes> {
    // The conversation is read first: what changes meanwhile is in the rows, or is asked for next.
    const { conversation } = await memberAccess(this.#core.db, caller, id, this.#core.clock.now());
    const { last_change: newest } = conversation;
    if (newest - since > limits.changesMax) {
      return { messages: [], lastChange: newest, more: false, tooMuch: true };
    }
    const rows = await this.#core.db
      .selectFrom('chat_messages')
      .selectAll()
      .where('app_id', '=', caller.app.id)
      .where('conversation', '=', id)
      .where('change', '>', since)
      .orderBy('change')
      .limit(limits.changesPage)
      .execute();
    const more = rows.length === limits.changesPage;
    const lastChange = rows.at(-1)?.change ?? newest;
    return {
      messages: await this.#views.messagesFor(caller.app.id, caller.user, rows),
      lastChange: more ? lastChange : Math.max(lastChange, newest),
      more,
      tooMuch: false,
    };
  }

  /** Moves the cursor forward, never back, and tells the caller's other tabs; the other one of two, where both like that. */
  async moveCursor(
    caller: Caller,
    id: Id,
    seq: number,
  ): Promise<{ cursor: number; unread: number; mentions: number }> {
    const { app, user } = caller;
    const { conversation, member } = await memberAccess(this.#core.db, caller, id, this.#core.clock.now());
    const cursor = Math.min(seq, conversation.last_seq);
    if (cursor <= member.cursor) return this.#counts(caller, { conversation, member });
    const counts = await this.#counts(caller, { conversation, member: { ...member, cursor } }, cursor);
    const reader = conversation.kind === 'direct' ? await this.#tellsOther(caller, conversation) : null;
    const moved = await this.#core.db.transaction().execute(async (trx) => {
      const changed = await trx
        .updateTable('chat_members')
        .set({ cursor })
        .where('app_id', '=', app.id)
        .where('conversation', '=', id)
        .where('person', '=', user)
        .where('cursor', '<', cursor)
        .returning('cursor')
        .execute();
      if (changed.length === 0) return false;
      const { unread, mentions } = counts;
      const told = { conversation: id, seq: cursor, unread, mentions };
      await this.#core.outbox.add(trx, app.id, [inboxOf(user)], 'cursor', told);
      if (reader !== null) {
        await this.#core.outbox.add(trx, app.id, [inboxOf(reader)], 'read', {
          conversation: id,
          seq: cursor,
        });
      }
      return true;
    });
    if (!moved) return this.#counts(caller, await memberAccess(this.#core.db, caller, id, 0));
    await this.#core.outbox.flush();
    return counts;
  }

  /** One-to-one conversations and rooms of the reader, newest first; `before` is the last one of the page before. */
  async mine(
    appId: string,
    reader: Id,
    most: number,
    before?: Id,
  ): Promise<{ conversations: Conversation[]; more: boolean }> {
    const last = before === undefined ? undefined : await this.#lastAt(appId, before);
    const rows = await this.#core.db
      .selectFrom('chat_members as member')
      .innerJoin('chat_conversations as conversation', (join) =>
        join
          .onRef('conversation.app_id', '=', 'member.app_id')
          .onRef('conversation.id', '=', 'member.conversation'),
      )
      .select('conversation.id')
      .where('member.app_id', '=', appId)
      .where('member.person', '=', reader)
      .where('member.left_at', 'is', null)
      .where((row) =>
        row.or([
          row('member.hidden_seq', 'is', null),
          row('conversation.last_seq', '>', row.ref('member.hidden_seq')),
        ]),
      )
      .$if(last !== undefined, (query) =>
        query.where((row) =>
          row.or([
            row('conversation.last_at', '<', last ?? 0),
            row.and([row('conversation.last_at', '=', last ?? 0), row('conversation.id', '>', before ?? '')]),
          ]),
        ),
      )
      .orderBy('conversation.last_at', 'desc')
      .orderBy('conversation.id')
      .limit(most + 1)
      .execute();
    const ids = rows.slice(0, most).map(({ id }) => id);
    const seats = await this.seats(appId, reader, ids);
    const bySeat = new Map(seats.map((seat) => [seat.conversation.id, seat]));
    const inOrder = ids.flatMap((id) => bySeat.get(id) ?? []);
    return {
      conversations: await this.#views.conversations(appId, reader, inOrder),
      more: rows.length > most,
    };
  }

  /** @returns undefined when the reader is not in it */
  async one(appId: string, reader: Id, id: Id): Promise<Conversation | undefined> {
    const [conversation] = await this.#views.conversations(
      appId,
      reader,
      await this.seats(appId, reader, [id]),
    );
    return conversation;
  }

  async seats(appId: string, reader: Id, ids: readonly Id[]): Promise<Seat[]> {
    if (ids.length === 0) return [];
    const [conversations, members] = await Promise.all([
      this.#core.db
        .selectFrom('chat_conversations')
        .selectAll()
        .where('app_id', '=', appId)
        .where('id', 'in', [...ids])
        .execute(),
      this.#core.db
        .selectFrom('chat_members')
        .selectAll()
        .where('app_id', '=', appId)
        .where('person', '=', reader)
        .where('conversation', 'in', [...ids])
        .where('left_at', 'is', null)
        .execute(),
    ]);
    const seatIn = new Map(members.map((member) => [member.conversation, member]));
    return conversations.flatMap((conversation) => {
      const member = seatIn.get(conversation.id);
      return member === undefined ? [] : [{ conversation, member }];
    });
  }

  async #lastAt(appId: string, id: Id): Promise<number> {
    const row = await this.#core.db
      .selectFrom('chat_conversations')
      .select('last_at')
      .where('app_id', '=', appId)
      .where('id', '=', id)
      .executeTakeFirst();
    return (
      row?.last_at ?? refuse('bad_request', { field: 'before', message: 'There is no such conversation.' })
    );
  }

  /** @param from counts beyond it instead of beyond the cursor that is kept */
  async #counts(caller: Caller, seat: Seat, from = seat.member.cursor) {
    const counts = await this.#views.unread(caller.app.id, caller.user, [seat], from);
    return { cursor: from, ...(counts.get(seat.conversation.id) ?? { unread: 0, mentions: 0 }) };
  }

  async #tellsOther(caller: Caller, conversation: ConversationRow): Promise<Id | null> {
    if (!caller.app.settings.chatReceipts) return null;
    const other = otherOf(conversation, caller.user);
    const willing = await this.#views.receiptsOf(caller.app.id, [caller.user, other]);
    return willing.size === 2 ? other : null;
  }

  async #stretch(conversation: ConversationRow, query: HistoryQuery, limit: number): Promise<MessageRow[]> {
    if (query.around !== undefined) {
      const half = Math.floor(limit / 2);
      const older = await this.#older(conversation, query.around, half);
      return [...older, ...(await this.#newer(conversation, query.around - 1, limit - older.length))];
    }
    if (query.after !== undefined) return this.#newer(conversation, query.after, limit);
    return this.#older(conversation, query.before ?? conversation.last_seq + 1, limit);
  }

  async #older(conversation: ConversationRow, before: number, limit: number): Promise<MessageRow[]> {
    const rows = await this.#core.db
      .selectFrom('chat_messages')
      .selectAll()
      .where('app_id', '=', conversation.app_id)
      .where('conversation', '=', conversation.id)
      .where('seq', '<', before)
      .orderBy('seq', 'desc')
      .limit(limit)
      .execute();
    return rows.reverse();
  }

  #newer(conversation: ConversationRow, after: number, limit: number): Promise<MessageRow[]> {
    return this.#core.db
      .selectFrom('chat_messages')
      .selectAll()
      .where('app_id', '=', conversation.app_id)
      .where('conversation', '=', conversation.id)
      .where('seq', '>', after)
      .orderBy('seq')
      .limit(limit)
      .execute();
  }

  /** Retention takes the oldest, so that there is nothing before what is left. */
  async #existsBefore(conversation: ConversationRow, seq: number | undefined): Promise<boolean> {
    const rows = await this.#older(conversation, seq ?? conversation.last_seq + 1, 1);
    return rows.length > 0;
  }
}
