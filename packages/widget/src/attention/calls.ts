import type { Id, Message } from '@earshot/chat/contract';
import type { ConversationState, WidgetState } from '../store/state.ts';

/** Something that somebody who is not looking would want to know of. */
export type Call =
  | {
      readonly kind: 'message';
      readonly conversation: Id;
      /** Of a room; empty for one-to-one. */
      readonly room: string;
      readonly message: Message;
    }
  | { readonly kind: 'invitation'; readonly id: Id; readonly from: string };

/**
 * What has come between two states. What is found on arrival, what I wrote myself or have read already, and conversations
 * that are not to notify call nobody; of several messages in one conversation the newest one does.
 */
export function callsBetween(before: WidgetState, after: WidgetState): Call[] {
  const { session } = after;
  // Whoever has just come in sees all at once, and is called for nothing of it.
  if (session.phase !== 'in' || before.session.phase !== 'in') return [];
  if (before.people.phase !== 'ready' || after.people.phase !== 'ready') return [];
  const me = session.me.id;
  const calls: Call[] = [];
  if (before.conversations !== after.conversations) {
    for (const [id, now] of after.conversations) {
      const was = before.conversations.get(id);
      const { lastMessage, kind, title, name } = now.conversation;
      if (was === now || lastMessage === null || !isNews(was, now, lastMessage, me)) continue;
      const room = kind === 'direct' ? '' : title || name || '';
      calls.push({ kind: 'message', conversation: id, room, message: lastMessage });
    }
  }
  const known = new Set(before.people.value.invitations.map(({ id }) => id));
  for (const { id, from, state } of after.people.value.invitations) {
    if (state === 'asked' && from.id !== me && !known.has(id)) {
      calls.push({ kind: 'invitation', id, from: from.name });
    }
  }
  return calls;
}

function isNews(
  was: ConversationState | undefined,
  now: ConversationState,
  newest: Message,
  me: Id,
): boolean {
  const { cursor, notify, mentions } = now.conversation.me;
  if (newest.author.id === me || newest.kind === 'system' || newest.deletedAt !== null) return false;
  if (newest.seq <= cursor || newest.seq <= (was?.conversation.lastMessage?.seq ?? 0)) return false;
  if (notify === 'mentions')
    return mentions > (was?.conversation.me.mentions ?? 0) || newest.mentions.includes(me);
  return notify === 'all';
}

/** Conversations of which nothing is unread any more, though something was: what called for them is put away. */
export function readBetween(before: WidgetState, after: WidgetState): Id[] {
  if (before.conversations === after.conversations) return [];
  return [...before.conversations]
    .filter(
      ([id, was]) =>
        was.conversation.me.unread > 0 && (after.conversations.get(id)?.conversation.me.unread ?? 0) === 0,
    )
    .map(([id]) => id);
}
