import { type Conversation, type Id, inboxOf } from '../contract/index.ts';
import type { ChatTransaction, Core, Directs, People } from '../core/core.ts';
import { newId } from '../ids.ts';
import { gone } from '../reports/audit.ts';
import { lockConversation } from './access.ts';
import { directKey } from './keys.ts';
import { newConversation, newMember } from './rooms.ts';
import { type ConversationRow, otherOf } from './rows.ts';

/** One-to-one conversations: one for each pair, whoever begins. */
export function createDirects(core: Core, people: People): Directs {
  return {
    async open(trx, appId, a, b) {
      const there = await find(trx, appId, a, b);
      const row = there ?? (await create(trx, appId, a, b));
      for (const person of [a, b]) {
        await trx
          .insertInto('chat_members')
          .values(newMember(row, person, core.clock.now(), { notify: 'all' }))
          .onConflict((conflict) =>
            conflict
              .columns(['app_id', 'conversation', 'person'])
              .doUpdateSet({ left_at: null, hidden_seq: null }),
          )
          .execute();
      }
      const persons = await people.persons(appId, [a, b], trx);
      for (const person of [a, b]) {
        const other = persons.get(person === a ? b : a) ?? gone(person === a ? b : a);
        const conversation = await viewWithin(trx, row, person, other);
        await core.outbox.add(trx, appId, [inboxOf(person)], 'create_chat', { conversation });
      }
      return row.id;
    },

    async of(appId, id, within) {
      const rows = await (within ?? core.db)
        .selectFrom('chat_members as member')
        .innerJoin('chat_conversations as conversation', (join) =>
          join
            .onRef('conversation.app_id', '=', 'member.app_id')
            .onRef('conversation.id', '=', 'member.conversation'),
        )
        .select(['conversation.id', 'conversation.person_a', 'conversation.person_b'])
        .where('member.app_id', '=', appId)
        .where('member.person', '=', id)
        .where('conversation.kind', '=', 'direct')
        // After a guest became somebody known there may be a second one with the same person, which is history.
        .where('conversation.unique_key', 'like', 'direct:%')
        .execute();
      return new Map(rows.map((row) => [otherOf(row, id), row.id]));
    },
  };

  async function find(
    trx: ChatTransaction,
    appId: string,
    a: Id,
    b: Id,
  ): Promise<ConversationRow | undefined> {
    const there = await trx
      .selectFrom('chat_conversations')
      .select('id')
      .where('app_id', '=', appId)
      .where('unique_key', '=', directKey(a, b))
      .executeTakeFirst();
    return there && lockConversation(trx, core.kind, appId, there.id);
  }

  async function create(trx: ChatTransaction, appId: string, a: Id, b: Id): Promise<ConversationRow> {
    const now = core.clock.now();
    const row = newConversation({
      app_id: appId,
      id: newId(),
      kind: 'direct',
      unique_key: directKey(a, b),
      person_a: a,
      person_b: b,
      created_by: a,
      now,
    });
    // Both may begin at once, on two nodes: the second one waits here and finds what the first one made.
    await trx
      .insertInto('chat_conversations')
      .values(row)
      .onConflict((conflict) => conflict.columns(['app_id', 'unique_key']).doNothing())
      .execute();
    const made = await find(trx, appId, a, b);
    if (made === undefined) throw new Error('a one-to-one conversation that was made is not there');
    return made;
  }

  /** As `Views` has it, by what the transaction alone can read. */
  async function viewWithin(
    trx: ChatTransaction,
    row: ConversationRow,
    person: Id,
    other: NonNullable<Conversation['with']>,
  ): Promise<Conversation> {
    const member = await trx
      .selectFrom('chat_members')
      .select(['cursor', 'notify'])
      .where('app_id', '=', row.app_id)
      .where('conversation', '=', row.id)
      .where('person', '=', person)
      .executeTakeFirstOrThrow();
    return {
      id: row.id,
      kind: 'direct',
      title: '',
      topic: '',
      name: null,
      with: other,
      lastSeq: row.last_seq,
      lastChange: row.last_change,
      me: {
        role: 'member',
        cursor: member.cursor,
        unread: 0,
        mentions: 0,
        mutedUntil: null,
        notify: member.notify,
      },
      readByOther: null,
      slowSeconds: 0,
      locked: false,
      membersOnly: false,
      retentionDays: row.retention_days ?? core.apps.byId(row.app_id)?.settings.chatRetentionDays ?? 0,
      writable: true,
      lastMessage: null,
    };
  }
}
