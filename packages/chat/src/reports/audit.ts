import type { AuditEntry, Id, Person } from '../contract/index.ts';
import type { ChatDatabase, ChatTransaction, People } from '../core/core.ts';
import { newId } from '../ids.ts';

/** An act of a moderator, as it is written down. */
export interface Act {
  readonly actor: Id;
  /** A word that programs can compare: `kick`, `ban`, `role`, `report-resolved`. */
  readonly act: string;
  readonly person: Id | null;
  readonly conversation: Id | null;
  /** The reason that the moderator gave, or what was set. Never the text of a message. */
  readonly detail: string;
  readonly at: number;
}

export const audit = {
  /** In the transaction of the act itself: what is undone is not in the record, what is done is. */
  async add(trx: ChatTransaction, appId: string, act: Act): Promise<void> {
    await trx
      .insertInto('chat_audit')
      .values({ app_id: appId, id: newId(), ...act })
      .execute();
  },

  /** What was done in a conversation, newest first, at most `most`. Whether the caller may see it, the route decides. */
  async ofConversation(
    db: ChatDatabase,
    people: Pick<People, 'persons'>,
    appId: string,
    conversation: Id,
    most = 200,
  ): Promise<AuditEntry[]> {
    const rows = await db
      .selectFrom('chat_audit')
      .selectAll()
      .where('app_id', '=', appId)
      .where('conversation', '=', conversation)
      .orderBy('at', 'desc')
      .orderBy('id')
      .limit(most)
      .execute();
    const ids = new Set(rows.flatMap(({ actor, person }) => (person === null ? [actor] : [actor, person])));
    const persons = await people.persons(appId, [...ids]);
    const known = (id: Id) => persons.get(id) ?? gone(id);
    return rows.map((row) => ({
      id: row.id,
      actor: known(row.actor),
      act: row.act,
      person: row.person === null ? null : known(row.person),
      conversation: row.conversation,
      detail: row.detail,
      at: row.at,
    }));
  },
};

/** Somebody who is no longer there. */
export function gone(id: Id): Person {
  return { id, name: '', kind: 'user', verified: false, avatar: null, deleted: true };
}
