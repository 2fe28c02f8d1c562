import type { Id } from '../contract/index.ts';
import type { Attachments, ChatTransaction, Core } from '../core/core.ts';
import { Refusal } from '../refusal.ts';
import { type NewMessage, Numbering } from './numbering.ts';
import { type Change, type ConversationRow, jsonOfIds, type MemberRow, type MessageRow } from './rows.ts';
import { mutedUntil } from './views.ts';

/** A message that somebody wants stored; looked at already as far as that goes without the conversation's row. */
export interface SendOrder {
  readonly appId: string;
  readonly conversation: Id;
  readonly author: Id;
  /** Moderates every room of the app, whatever the membership says. */
  readonly moderatesApp: boolean;
  readonly clientId: string;
  readonly digest: string;
  readonly kind: 'text' | 'action';
  readonly text: string;
  readonly replyTo: number | null;
  readonly attachments: readonly Id[];
  /** Named in the text, members or not. */
  readonly mentions: readonly Id[];
}

export type Outcome =
  | { readonly type: 'stored'; readonly row: MessageRow }
  /** It was sent before. */
  | { readonly type: 'known'; readonly row: MessageRow }
  | { readonly type: 'refused'; readonly refusal: Refusal };

/**
 * Stores messages in the transaction, in their order; each one either is stored, or is known, or is refused, whatever
 * becomes of the others. A fixed number of queries for each conversation.
 */
export async function storeTogether(
  trx: ChatTransaction,
  core: Core,
  attachments: Attachments,
  orders: readonly SendOrder[],
): Promise<{
  outcomes: readonly Outcome[];
  committed: readonly { target: ConversationRow; afterChange: number; changes: readonly Change[] }[];
}> {
  const outcomes = new Map<SendOrder, Outcome>();
  const committed: { target: ConversationRow; afterChange: number; changes: readonly Change[] }[] = [];
  const groups = Map.groupBy(orders, ({ appId, conversation }) => `${conversation} ${appId}`);
  // In one order everywhere, so that two processes never wait for each other's rows.
  for (const [, group] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [first] = group;
    if (first === undefined) continue;
    const numbering = await Numbering.open(trx, core, first.appId, first.conversation).catch((error) => {
      if (!(error instanceof Refusal)) throw error;
      for (const order of group) outcomes.set(order, { type: 'refused', refusal: error });
      return null;
    });
    if (numbering === null) continue;
    const afterChange = numbering.conversation.last_change;
    await storeInOne(trx, core, attachments, numbering, group, outcomes);
    await numbering.finish();
    committed.push({ target: numbering.conversation, afterChange, changes: numbering.changes });
  }
  const unknown = { type: 'refused', refusal: new Refusal('internal') } as const;
  return { outcomes: orders.map((order) => outcomes.get(order) ?? unknown), committed };
}

async function storeInOne(
  trx: ChatTransaction,
  core: Core,
  attachments: Attachments,
  numbering: Numbering,
  orders: readonly SendOrder[],
  outcomes: Map<SendOrder, Outcome>,
): Promise<void> {
  const { app_id: appId, id, slow_seconds: slowSeconds, kind } = numbering.conversation;
  const now = core.clock.now();
  const members = await membersAmong(
    trx,
    appId,
    id,
    orders.flatMap(({ author, mentions }) => [author, ...mentions]),
  );
  const known = await knownAmong(trx, appId, id, orders);
  const replies = await seqsAmong(trx, appId, id, orders);
  const lastSentAt = new Map<Id, number>();
  const accepted: SendOrder[] = [];
  /** The same message twice in one transaction. */
  const repeats: { order: SendOrder; of: SendOrder }[] = [];
  for (const order of orders) {
    const key = `${order.author} ${order.clientId}`;
    const before = known.get(key);
    if (before !== undefined) {
      outcomes.set(order, sameOrConflict(before.digest === order.digest, before));
      continue;
    }
    const twin = accepted.find((other) => `${other.author} ${other.clientId}` === key);
    if (twin !== undefined) {
      repeats.push({ order, of: twin });
      continue;
    }
    const member = members.get(order.author);
    const moderator =
      kind === 'room' && member !== undefined && (order.moderatesApp || member.role !== 'member');
    const refusal = refusalOf(numbering.conversation, member, { moderator }, now);
    if (refusal !== null) {
      outcomes.set(order, { type: 'refused', refusal });
      continue;
    }
    if (order.replyTo !== null && !replies.has(order.replyTo)) {
      const message = 'The message that is answered is not there (any more).';
      outcomes.set(order, {
        type: 'refused',
        refusal: new Refusal('bad_request', { field: 'replyTo', message }),
      });
      continue;
    }
    if (slowSeconds > 0 && !moderator) {
      const last = lastSentAt.get(order.author) ?? member?.last_sent_at ?? 0;
      const waitMs = last + slowSeconds * 1000 - now;
      if (waitMs > 0) {
        const retryAfterSeconds = Math.ceil(waitMs / 1000);
        outcomes.set(order, { type: 'refused', refusal: new Refusal('slow_mode', { retryAfterSeconds }) });
        continue;
      }
      lastSentAt.set(order.author, now);
    }
    await attachments.claim(trx, appId, order.author, id, order.attachments);
    accepted.push(order);
  }
  const rows = await numbering.add(
    accepted.map((order): NewMessage => {
      const mentions = order.mentions.filter((one) => one !== order.author && members.has(one));
      return {
        client_id: order.clientId,
        digest: order.digest,
        author: order.author,
        kind: order.kind,
        text: order.text,
        system: null,
        reply_to: order.replyTo,
        attachments: jsonOfIds(order.attachments),
        mentions: jsonOfIds(mentions),
        at: now,
        edited_at: null,
        deleted_at: null,
      };
    }),
  );
  for (const [index, order] of accepted.entries()) {
    const row = rows[index];
    if (row !== undefined) outcomes.set(order, { type: 'stored', row });
  }
  for (const { order, of } of repeats) {
    const first = outcomes.get(of);
    if (first?.type === 'stored') {
      outcomes.set(order, sameOrConflict(first.row.digest === order.digest, first.row));
    }
  }
  await addMentions(trx, rows);
  if (kind === 'direct') return;
  for (const [person, at] of lastSentAt) {
    await trx
      .updateTable('chat_members')
      .set({ last_sent_at: at })
      .where('app_id', '=', appId)
      .where('conversation', '=', id)
      .where('person', '=', person)
      .execute();
  }
}

function sameOrConflict(same: boolean, row: MessageRow): Outcome {
  if (same) return { type: 'known', row };
  const message = 'Another message of yours has this id. Give each message an id of its own.';
  return { type: 'refused', refusal: new Refusal('conflict', { field: 'id', message }) };
}

/** Why somebody may not write into the conversation at the moment; slow mode is looked at where it is counted. */
export function refusalOf(
  conversation: ConversationRow,
  member: MemberRow | undefined,
  { moderator }: { readonly moderator: boolean },
  now: number,
): Refusal | null {
  if (member === undefined) return new Refusal('not_found');
  const muted = mutedUntil(member, now);
  if (muted !== null && !moderator) {
    return new Refusal('muted', { retryAfterSeconds: Math.ceil((muted - now) / 1000) });
  }
  if (conversation.locked === 1 && !moderator && member.role === 'member') return new Refusal('locked');
  return null;
}

async function membersAmong(
  trx: ChatTransaction,
  appId: string,
  conversation: Id,
  persons: readonly Id[],
): Promise<ReadonlyMap<Id, MemberRow>> {
  const rows = await trx
    .selectFrom('chat_members')
    .selectAll()
    .where('app_id', '=', appId)
    .where('conversation', '=', conversation)
    .where('person', 'in', [...new Set(persons)])
    .where('left_at', 'is', null)
    .execute();
  return new Map(rows.map((row) => [row.person, row]));
}

/** What of it is stored already, by author and the client's id. */
async function knownAmong(
  trx: ChatTransaction,
  appId: string,
  conversation: Id,
  orders: readonly SendOrder[],
): Promise<ReadonlyMap<string, MessageRow>> {
  const rows = await trx
    .selectFrom('chat_messages')
    .selectAll()
    .where('app_id', '=', appId)
    .where('conversation', '=', conversation)
    .where('author', 'in', [...new Set(orders.map(({ author }) => author))])
    .where('client_id', 'in', [...new Set(orders.map(({ clientId }) => clientId))])
    .execute();
  return new Map(rows.map((row) => [`${row.author} ${row.client_id}`, row]));
}

/** Which of the messages that are answered are there. */
async function seqsAmong(
  trx: ChatTransaction,
  appId: string,
  conversation: Id,
  orders: readonly SendOrder[],
): Promise<ReadonlySet<number>> {
  const seqs = orders.flatMap(({ replyTo }) => replyTo ?? []);
  if (seqs.length === 0) return new Set();
  const rows = await trx
    .selectFrom('chat_messages')
    .select('seq')
    .where('app_id', '=', appId)
    .where('conversation', '=', conversation)
    .where('seq', 'in', seqs)
    .where('deleted_at', 'is', null)
    .execute();
  return new Set(rows.map(({ seq }) => seq));
}

/** Rows by which mentions are counted. */
export async function addMentions(trx: ChatTransaction, rows: readonly MessageRow[]): Promise<void> {
  const mentions = rows.flatMap(({ app_id, conversation, seq, mentions: ids }) =>
    ids === null ? [] : (JSON.parse(ids) as Id[]).map((person) => ({ app_id, person, conversation, seq })),
  );
  if (mentions.length > 0) await trx.insertInto('chat_mentions').values(mentions).execute();
}
