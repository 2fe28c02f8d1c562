import type { Id, Role } from '../contract/index.ts';
import type { ConversationTables } from './tables.ts';

export type ConversationRow = ConversationTables['chat_conversations'];
export type MemberRow = ConversationTables['chat_members'];
export type MessageRow = ConversationTables['chat_messages'];

/** A line that the server wrote, as it is kept: people by id. See `SystemLine`. */
export type StoredLine =
  | { readonly type: 'topic'; readonly topic: string }
  | { readonly type: 'title'; readonly title: string }
  | { readonly type: 'kicked' | 'banned' | 'muted'; readonly person: Id; readonly until: number | null }
  | { readonly type: 'role'; readonly person: Id; readonly role: Role };

/** A new or changed message: what has to be published. */
export interface Change {
  readonly row: MessageRow;
  readonly isNew: boolean;
}

export const idsIn = (json: string | null): readonly Id[] => (json === null ? [] : JSON.parse(json));
export const jsonOfIds = (ids: readonly Id[]): string | null =>
  ids.length === 0 ? null : JSON.stringify(ids);

/** The other one of a one-to-one conversation. */
export function otherOf(row: Pick<ConversationRow, 'person_a' | 'person_b'>, person: Id): Id {
  return (row.person_a === person ? row.person_b : row.person_a) ?? '';
}
