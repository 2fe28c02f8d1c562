import type { Conversation, Id, Membership, Message, ServerEvents } from '@earshot/chat/contract';
import type { ConversationState, Draft } from './state.ts';
import { counts, emptyTimeline, type Reader, unreadBeyond } from './timeline.ts';

/** Conversations beside their lists: which state is newer, and what is unread. Pure functions. */

const emptyDraft: Draft = { text: '', replyTo: null, editing: null, files: [], problem: null };

export function newConversation(conversation: Conversation): ConversationState {
  return {
    conversation,
    timeline: emptyTimeline,
    draft: emptyDraft,
    typing: [],
    online: { known: false, members: [], count: 0 },
    problem: null,
    removed: null,
  };
}

/** Two states of a conversation: numbers never go back, whichever of the two is asked for first. */
export function merged(known: Conversation, next: Conversation): Conversation {
  const ahead = known.lastChange > next.lastChange;
  return {
    ...next,
    lastSeq: Math.max(known.lastSeq, next.lastSeq),
    lastChange: Math.max(known.lastChange, next.lastChange),
    lastMessage: ahead ? known.lastMessage : next.lastMessage,
    readByOther: next.readByOther === null ? null : Math.max(known.readByOther ?? 0, next.readByOther),
    me: mergedMembership(known.me, next.me, ahead),
  };
}

function mergedMembership(known: Membership, next: Membership, ahead: boolean): Membership {
  const { cursor, unread, mentions } = known;
  // What I have read here may not have reached the server; what came since counts on top of what it said.
  return cursor > next.cursor || (ahead && cursor === next.cursor)
    ? { ...next, cursor, unread, mentions }
    : next;
}

/** What a room's channel says of it, which knows nothing of its reader. */
export function withRoom(
  known: Conversation,
  next: ServerEvents['conversation_changed']['conversation'],
): Conversation {
  return {
    ...known,
    ...next,
    lastSeq: Math.max(known.lastSeq, next.lastSeq),
    lastChange: Math.max(known.lastChange, next.lastChange),
  };
}

/** A message has come, in whatever state. Coming twice changes nothing. */
export function withArrived(known: Conversation, message: Message, reader: Reader): Conversation {
  const isNew = message.seq > known.lastSeq;
  const newest = known.lastMessage;
  const shown =
    newest === null ||
    message.seq > newest.seq ||
    (message.seq === newest.seq && message.change >= newest.change);
  const unread =
    isNew &&
    counts(message, reader.me) &&
    message.seq > known.me.cursor &&
    !reader.blocked.has(message.author.id);
  // The list of conversations shows nothing of them.
  const seen = reader.blocked.has(message.author.id) ? { ...message, text: '', attachments: [] } : message;
  const mentioned = unread && message.mentions.includes(reader.me);
  return {
    ...known,
    lastSeq: Math.max(known.lastSeq, message.seq),
    lastChange: Math.max(known.lastChange, message.change),
    lastMessage: shown ? seen : newest,
    me: unread
      ? { ...known.me, unread: known.me.unread + 1, mentions: known.me.mentions + (mentioned ? 1 : 0) }
      : known.me,
  };
}

/** The unread counts again, where the list knows them exactly. */
export function recounted(state: ConversationState, reader: Reader): ConversationState {
  const { conversation, timeline } = state;
  const exact = unreadBeyond(timeline, conversation.me.cursor, reader);
  if (
    exact === null ||
    (exact.unread === conversation.me.unread && exact.mentions === conversation.me.mentions)
  ) {
    return state;
  }
  return { ...state, conversation: { ...conversation, me: { ...conversation.me, ...exact } } };
}

/** I have read up to `seq`, here or elsewhere. `said`: the server's counts, if it was the server that said so. */
export function withCursor(
  known: Conversation,
  seq: number,
  said: { readonly unread: number; readonly mentions: number } | null,
): Conversation {
  if (seq < known.me.cursor) return known;
  const all = seq >= known.lastSeq;
  const { unread, mentions } = said ?? (all ? { unread: 0, mentions: 0 } : known.me);
  return { ...known, me: { ...known.me, cursor: seq, unread, mentions } };
}

/** Of all that notify. */
export function totalUnread(conversations: ReadonlyMap<Id, ConversationState>): number {
  let total = 0;
  for (const { conversation, removed } of conversations.values()) {
    const { notify, unread, mentions } = conversation.me;
    if (removed === null && notify !== 'none') total += notify === 'all' ? unread : mentions;
  }
  return total;
}
