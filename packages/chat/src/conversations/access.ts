import type { Id } from '../contract/index.ts';
import type { Caller, ChatDatabase, ChatTransaction } from '../core/core.ts';
import { refuse } from '../refusal.ts';
import type { ConversationRow, MemberRow } from './rows.ts';

/** What somebody is in a conversation, read in one go. */
export interface Access {
  readonly conversation: ConversationRow;
  /** Undefined: not in it (any more). */
  readonly member: MemberRow | undefined;
  readonly rank: Rank;
}

/** Who acts may do so on those below. Moderators of the app stand above everybody, in rooms only. */
export const rank = { none: 0, member: 1, moderator: 2, owner: 3, appModerator: 4 } as const;
export type Rank = (typeof rank)[keyof typeof rank];

/** The conversation and the caller's place in it; `not_found` when there is no such conversation. */
export async function accessTo(
  db: ChatDatabase,
  caller: Pick<Caller, 'user' | 'moderator'> & { readonly app: { readonly id: string } },
  id: Id,
): Promise<Access> {
  const conversation = await db
    .selectFrom('chat_conversations')
    .selectAll()
    .where('app_id', '=', caller.app.id)
    .where('id', '=', id)
    .executeTakeFirst();
  if (conversation === undefined) return refuse('not_found');
  const member = await memberOf(db, caller.app.id, id, caller.user);
  const moderates = caller.moderator && conversation.kind === 'room';
  return {
    conversation,
    member,
    rank: moderates ? rank.appModerator : member ? rank[member.role] : rank.none,
  };
}

/** As `accessTo`, for members only: everybody else is told as little as if there were no such conversation. */
export async function memberAccess(
  db: ChatDatabase,
  caller: Pick<Caller, 'user' | 'moderator'> & { readonly app: { readonly id: string } },
  id: Id,
  now: number,
): Promise<Access & { readonly member: MemberRow }> {
  const access = await accessTo(db, caller, id);
  const { member } = access;
  if (member === undefined) {
    await refuseBanned(db, caller.app.id, id, caller.user, now);
    return refuse('not_found');
  }
  return { ...access, member };
}

/** For those who may act on others: room moderators, owners, moderators of the app. */
export async function moderatorAccess(db: ChatDatabase, caller: Caller, id: Id): Promise<Access> {
  const access = await accessTo(db, caller, id);
  if (access.rank === rank.none || access.conversation.kind === 'direct') refuse('not_found');
  if (access.rank < rank.moderator) refuse('forbidden');
  return access;
}

export async function memberOf(
  db: ChatDatabase,
  appId: string,
  conversation: Id,
  person: Id,
): Promise<MemberRow | undefined> {
  const row = await seatOf(db, appId, conversation, person);
  return row?.left_at === null ? row : undefined;
}

/** Also of those who have left. */
export async function seatOf(
  db: ChatDatabase,
  appId: string,
  conversation: Id,
  person: Id,
): Promise<MemberRow | undefined> {
  return db
    .selectFrom('chat_members')
    .selectAll()
    .where('app_id', '=', appId)
    .where('conversation', '=', conversation)
    .where('person', '=', person)
    .executeTakeFirst();
}

export async function refuseBanned(
  db: ChatDatabase,
  appId: string,
  conversation: Id,
  person: Id,
  now: number,
): Promise<void> {
  const ban = await db
    .selectFrom('chat_bans')
    .select('until')
    .where('app_id', '=', appId)
    .where('conversation', '=', conversation)
    .where('person', '=', person)
    .executeTakeFirst();
  if (ban === undefined || (ban.until !== null && ban.until <= now)) return;
  if (ban.until === null) refuse('banned');
  refuse('banned', { retryAfterSeconds: Math.ceil((ban.until - now) / 1000) });
}

/** Reads the conversation and keeps others from changing it until the transaction ends. */
export async function lockConversation(
  trx: ChatTransaction,
  kind: 'sqlite' | 'postgres',
  appId: string,
  id: Id,
): Promise<ConversationRow | undefined> {
  const query = trx
    .selectFrom('chat_conversations')
    .selectAll()
    .where('app_id', '=', appId)
    .where('id', '=', id);
  return (kind === 'postgres' ? query.forUpdate() : query).executeTakeFirst();
}
