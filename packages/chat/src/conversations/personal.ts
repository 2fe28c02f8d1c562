import { sql } from '@earshot/data';
import { type Id, inboxOf } from '../contract/index.ts';
import type { Attachments, ChatTransaction, Core, PersonalData } from '../core/core.ts';
import { lockConversation, rank, seatOf } from './access.ts';
import { directKey } from './keys.ts';
import { idsIn, type MemberRow } from './rows.ts';

/** Rows read at once for somebody's copy of their data. */
const page = 1_000;

/** What conversations do when two people turn out to be one, or when somebody wants a copy or wants to be forgotten. */
export function conversationsOfPerson(core: Core, attachments: Attachments): PersonalData {
  const { db } = core;

  return {
    name: 'conversations',

    async merge(trx, appId, from, into) {
      await mergeDirects(trx, appId, from, into);
      await mergeSeats(trx, appId, from, into);
      await mergeBans(trx, appId, from, into);
      for (const table of ['chat_reactions', 'chat_mentions'] as const) {
        // Where both have one, the one of `into` stays.
        const emoji = table === 'chat_reactions' ? sql`and other.emoji = ${sql.table(table)}.emoji` : sql``;
        await sql`
          delete from ${sql.table(table)} where app_id = ${appId} and person = ${from} and exists (
            select 1 from ${sql.table(table)} other
            where other.app_id = ${sql.table(table)}.app_id and other.person = ${into}
              and other.conversation = ${sql.table(table)}.conversation
              and other.seq = ${sql.table(table)}.seq ${emoji})
        `.execute(trx);
      }
      await trx
        .updateTable('chat_reactions')
        .set({ person: into })
        .where('app_id', '=', appId)
        .where('person', '=', from)
        .execute();
      // The ids in the messages themselves lead to `into` as all of the guest's ids do; these rows are for counting.
      await trx
        .updateTable('chat_mentions')
        .set({ person: into })
        .where('app_id', '=', appId)
        .where('person', '=', from)
        .execute();
      await trx
        .updateTable('chat_messages')
        .set({ author: into })
        .where('app_id', '=', appId)
        .where('author', '=', from)
        .execute();
      await trx
        .updateTable('chat_conversations')
        .set({ created_by: into })
        .where('app_id', '=', appId)
        .where('created_by', '=', from)
        .execute();
    },

    async export(appId, id) {
      const [memberships, bans, reactions] = await Promise.all([
        db
          .selectFrom('chat_members as member')
          .innerJoin('chat_conversations as conversation', (join) =>
            join
              .onRef('conversation.app_id', '=', 'member.app_id')
              .onRef('conversation.id', '=', 'member.conversation'),
          )
          .select([
            'conversation.id as conversation',
            'conversation.kind',
            'conversation.title',
            'conversation.name',
            'member.role',
            'member.cursor',
            'member.notify',
            'member.muted_until as mutedUntil',
            'member.entered_at as enteredAt',
            'member.left_at as leftAt',
          ])
          .where('member.app_id', '=', appId)
          .where('member.person', '=', id)
          .execute(),
        db
          .selectFrom('chat_bans')
          .select(['conversation', 'until', 'reason', 'at'])
          .where('app_id', '=', appId)
          .where('person', '=', id)
          .execute(),
        db
          .selectFrom('chat_reactions')
          .select(['conversation', 'seq', 'emoji', 'at'])
          .where('app_id', '=', appId)
          .where('person', '=', id)
          .execute(),
      ]);
      return { memberships, bans, reactions, messages: messagesOf(appId, id) };
    },

    async erase(trx, appId, id) {
      const conversations = await trx
        .selectFrom('chat_messages')
        .select('conversation')
        .distinct()
        .where('app_id', '=', appId)
        .where('author', '=', id)
        .orderBy('conversation')
        .execute();
      for (const { conversation } of conversations) await buryAll(trx, appId, conversation, id);
      for (const table of ['chat_reactions', 'chat_mentions', 'chat_bans'] as const) {
        await trx.deleteFrom(table).where('app_id', '=', appId).where('person', '=', id).execute();
      }
      const directs = trx
        .selectFrom('chat_conversations')
        .select('id')
        .where('app_id', '=', appId)
        .where('kind', '=', 'direct')
        .where((row) => row.or([row('person_a', '=', id), row('person_b', '=', id)]));
      // The other one of two keeps the conversation, with somebody who is gone.
      await trx
        .deleteFrom('chat_members')
        .where('app_id', '=', appId)
        .where('person', '=', id)
        .where('conversation', 'not in', directs)
        .execute();
      await trx
        .updateTable('chat_members')
        .set({ cursor: 0, last_sent_at: 0, entered_at: 0, left_at: core.clock.now() })
        .where('app_id', '=', appId)
        .where('person', '=', id)
        .execute();
    },
  };

  async function* messagesOf(appId: string, author: Id) {
    for (let last = { conversation: '', seq: 0 }; ; ) {
      const rows = await db
        .selectFrom('chat_messages')
        .select(['conversation', 'seq', 'kind', 'text', 'system', 'at'])
        .select(['edited_at as editedAt', 'deleted_at as deletedAt'])
        .where('app_id', '=', appId)
        .where('author', '=', author)
        .where((row) =>
          row.or([
            row('conversation', '>', last.conversation),
            row.and([row('conversation', '=', last.conversation), row('seq', '>', last.seq)]),
          ]),
        )
        .orderBy('conversation')
        .orderBy('seq')
        .limit(page)
        .execute();
      yield* rows;
      const end = rows.at(-1);
      if (end === undefined || rows.length < page) return;
      last = end;
    }
  }

  /**
   * Every message of the author in one go; each takes a number of its own, so that clients hear of each. The sweep
   * publishes them after the commit.
   */
  async function buryAll(trx: ChatTransaction, appId: string, id: Id, author: Id): Promise<void> {
    const row = await lockConversation(trx, core.kind, appId, id);
    if (row === undefined) return;
    const now = core.clock.now();
    const withFiles = await trx
      .selectFrom('chat_messages')
      .select('attachments')
      .where('app_id', '=', appId)
      .where('conversation', '=', id)
      .where('author', '=', author)
      .where('attachments', 'is not', null)
      .execute();
    const files = withFiles.flatMap(({ attachments: ids }) => idsIn(ids));
    if (files.length > 0) await attachments.release(trx, appId, files);
    for (const table of ['chat_reactions', 'chat_mentions'] as const) {
      await sql`
        delete from ${sql.table(table)} where app_id = ${appId} and conversation = ${id} and exists (
          select 1 from chat_messages message
          where message.app_id = ${appId} and message.conversation = ${id}
            and message.seq = ${sql.table(table)}.seq and message.author = ${author})
      `.execute(trx);
    }
    const buried = await sql<{ seq: number }>`
      update chat_messages set
        change = cast(${row.last_change} as bigint) + numbered.n,
        text = '', system = null, attachments = null, mentions = null, digest = '', edited_at = null,
        deleted_at = cast(${now} as bigint)
      from (
        select seq as numbered_seq, row_number() over (order by seq) as n from chat_messages
        where app_id = ${appId} and conversation = ${id} and author = ${author} and deleted_at is null
      ) as numbered
      where chat_messages.app_id = ${appId} and chat_messages.conversation = ${id}
        and chat_messages.seq = numbered.numbered_seq
      returning chat_messages.seq as seq
    `.execute(trx);
    if (buried.rows.length === 0) return;
    await trx
      .updateTable('chat_conversations')
      .set({
        last_change: row.last_change + buried.rows.length,
        ...(row.published_change === row.last_change ? { unpublished_since: now } : {}),
      })
      .where('app_id', '=', appId)
      .where('id', '=', id)
      .execute();
  }

  /** A conversation of the guest goes to `into`. One that `into` has already stays beside it, as history. */
  async function mergeDirects(trx: ChatTransaction, appId: string, from: Id, into: Id): Promise<void> {
    const directs = await trx
      .selectFrom('chat_conversations')
      .selectAll()
      .where('app_id', '=', appId)
      .where('kind', '=', 'direct')
      .where((row) => row.or([row('person_a', '=', from), row('person_b', '=', from)]))
      .orderBy('id')
      .execute();
    for (const direct of directs) {
      const a = direct.person_a === from ? into : direct.person_a;
      const b = direct.person_b === from ? into : direct.person_b;
      const key = directKey(a ?? '', b ?? '');
      const there = await trx
        .selectFrom('chat_conversations')
        .select('id')
        .where('app_id', '=', appId)
        .where('unique_key', '=', key)
        .executeTakeFirst();
      const first = there === undefined && a !== b;
      await trx
        .updateTable('chat_conversations')
        .set({ person_a: a, person_b: b, unique_key: first ? key : `earlier:${direct.id}` })
        .where('app_id', '=', appId)
        .where('id', '=', direct.id)
        .execute();
    }
  }

  async function mergeSeats(trx: ChatTransaction, appId: string, from: Id, into: Id): Promise<void> {
    const seats = await trx
      .selectFrom('chat_members')
      .selectAll()
      .where('app_id', '=', appId)
      .where('person', '=', from)
      .execute();
    for (const seat of seats) {
      const other = await seatOf(trx, appId, seat.conversation, into);
      if (other === undefined) {
        await change(trx, seat, { person: into });
        continue;
      }
      const bothLeft = seat.left_at !== null && other.left_at !== null;
      await trx
        .deleteFrom('chat_members')
        .where('app_id', '=', appId)
        .where('conversation', '=', seat.conversation)
        .where('person', '=', from)
        .execute();
      await change(trx, other, {
        role: rank[seat.role] > rank[other.role] ? seat.role : other.role,
        cursor: Math.max(seat.cursor, other.cursor),
        muted_until: Math.max(seat.muted_until ?? 0, other.muted_until ?? 0) || null,
        last_sent_at: Math.max(seat.last_sent_at, other.last_sent_at),
        left_at: bothLeft ? other.left_at : null,
        hidden_seq: seat.hidden_seq === null ? null : other.hidden_seq,
      });
    }
  }

  /** The longer one counts, and who is banned is no member: nobody gets rid of a ban by signing in. */
  async function mergeBans(trx: ChatTransaction, appId: string, from: Id, into: Id): Promise<void> {
    const bans = await trx
      .deleteFrom('chat_bans')
      .where('app_id', '=', appId)
      .where('person', '=', from)
      .returningAll()
      .execute();
    for (const ban of bans) {
      const there = await trx
        .selectFrom('chat_bans')
        .select('until')
        .where('app_id', '=', appId)
        .where('conversation', '=', ban.conversation)
        .where('person', '=', into)
        .executeTakeFirst();
      const until =
        there === undefined
          ? ban.until
          : there.until === null || ban.until === null
            ? null
            : Math.max(there.until, ban.until);
      await trx
        .insertInto('chat_bans')
        .values({ ...ban, person: into, until })
        .onConflict((conflict) =>
          conflict.columns(['app_id', 'conversation', 'person']).doUpdateSet({ until }),
        )
        .execute();
      if (until !== null && until <= core.clock.now()) continue;
      const seat = await seatOf(trx, appId, ban.conversation, into);
      if (seat === undefined || seat.left_at !== null) continue;
      await change(trx, seat, { left_at: core.clock.now(), role: 'member' });
      const told = { conversation: ban.conversation, why: 'banned', until } as const;
      await core.outbox.add(trx, appId, [inboxOf(into)], 'removed', told);
    }
  }

  async function change(trx: ChatTransaction, seat: MemberRow, set: Partial<MemberRow>): Promise<void> {
    await trx
      .updateTable('chat_members')
      .set(set)
      .where('app_id', '=', seat.app_id)
      .where('conversation', '=', seat.conversation)
      .where('person', '=', seat.person)
      .execute();
  }
}
