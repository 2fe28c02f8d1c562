import { sql } from '@earshot/data';
import type { Conversation, Id, Message, Person, Reaction, SystemLine } from '../contract/index.ts';
import { limits } from '../contract/index.ts';
import type { Attachments, Core, People, Reach } from '../core/core.ts';
import { gone } from '../reports/audit.ts';
import {
  type ConversationRow,
  idsIn,
  type MemberRow,
  type MessageRow,
  otherOf,
  type StoredLine,
} from './rows.ts';
import { excerptOf } from './text.ts';

const unreadMost = 1_000;
const mentionsMost = 100;
const reactionUsers = 20;

/** A conversation and what its reader is in it. */
export interface Seat {
  readonly conversation: ConversationRow;
  readonly member: MemberRow;
}

/** Rows as people see them. A fixed number of queries, however many rows. */
export class Views {
  readonly #core: Core;
  readonly #people: People;
  readonly #reach: Reach;
  readonly #attachments: Attachments;

  constructor(core: Core, parts: { people: People; reach: Reach; attachments: Attachments }) {
    this.#core = core;
    this.#people = parts.people;
    this.#reach = parts.reach;
    this.#attachments = parts.attachments;
  }

  /** @param fresh they are new, so nobody can have reacted yet */
  async messages(appId: string, rows: readonly MessageRow[], fresh = false): Promise<Message[]> {
    if (rows.length === 0) return [];
    const [replies, reactions, attachments] = await Promise.all([
      this.#repliedTo(appId, rows),
      fresh ? noReactions : this.#reactions(appId, rows),
      this.#attachmentsOf(appId, rows),
    ]);
    const lines = rows.map(({ system }): StoredLine | null => (system === null ? null : JSON.parse(system)));
    const ids = new Set([...rows, ...replies.values()].map(({ author }) => author));
    for (const line of lines) if (line !== null && 'person' in line) ids.add(line.person);
    const persons = await this.#people.persons(appId, [...ids]);
    const known = (id: Id): Person => persons.get(id) ?? gone(id);
    return rows.map((row, index): Message => {
      const reply = row.reply_to === null ? undefined : replies.get(keyOf(row.conversation, row.reply_to));
      return {
        id: row.client_id,
        conversation: row.conversation,
        seq: row.seq,
        change: row.change,
        author: known(row.author),
        kind: row.kind,
        text: row.text,
        system: lineFor(lines[index] ?? null, known),
        replyTo:
          reply === undefined || row.deleted_at !== null
            ? null
            : {
                seq: reply.seq,
                author: known(reply.author),
                excerpt: excerptOf(reply.text, limits.excerptCharacters),
              },
        attachments: idsIn(row.attachments).flatMap((id) => attachments.get(id) ?? []),
        mentions: idsIn(row.mentions),
        reactions: row.deleted_at === null ? (reactions.get(keyOf(row.conversation, row.seq)) ?? []) : [],
        at: row.at,
        editedAt: row.edited_at,
        deletedAt: row.deleted_at,
      };
    });
  }

  /** As the reader may see them: what was said by those whom the reader has blocked has no content. */
  async messagesFor(appId: string, reader: Id, rows: readonly MessageRow[]): Promise<Message[]> {
    const [messages, blocked] = await Promise.all([
      this.messages(appId, rows),
      this.#reach.blockedBy(appId, reader),
    ]);
    return blocked.size === 0 ? messages : messages.map((message) => withoutBlocked(message, blocked));
  }

  /** As the owner of the seats sees them, in the same order. */
  async conversations(appId: string, reader: Id, seats: readonly Seat[]): Promise<Conversation[]> {
    if (seats.length === 0) return [];
    const app = this.#core.apps.byId(appId);
    const receipts = app?.settings.chatReceipts === true;
    const others = seats.flatMap(({ conversation }) =>
      conversation.kind === 'direct' ? [otherOf(conversation, reader)] : [],
    );
    const persons = await this.#people.persons(appId, others);
    const [counts, last, isReachable, cursors, mayShowReceipts] = await Promise.all([
      this.unread(appId, reader, seats),
      this.#lastMessages(appId, reader, seats),
      this.#reachable(appId, reader, persons),
      receipts ? this.#cursorsOfOthers(appId, reader, seats) : new Map<Id, number>(),
      receipts ? this.receiptsOf(appId, [reader, ...others]) : new Set<Id>(),
    ]);
    return seats.map(({ conversation: row, member }): Conversation => {
      const other = row.kind === 'direct' ? otherOf(row, reader) : null;
      const receiptsOn = other !== null && mayShowReceipts.has(reader) && mayShowReceipts.has(other);
      return {
        ...roomFacts(row, app?.settings.chatRetentionDays ?? 0),
        with: other === null ? null : (persons.get(other) ?? gone(other)),
        writable: other === null || isReachable(other),
        me: {
          role: member.role,
          cursor: member.cursor,
          ...(counts.get(row.id) ?? { unread: 0, mentions: 0 }),
          mutedUntil: mutedUntil(member, this.#core.clock.now()),
          notify: member.notify,
        },
        readByOther: receiptsOn ? (cursors.get(row.id) ?? null) : null,
        lastMessage: last.get(row.id) ?? null,
      };
    });
  }

  /** What `conversation_changed` tells everybody in a room. */
  room(row: ConversationRow): Omit<Conversation, 'me' | 'readByOther' | 'lastMessage'> {
    const days = this.#core.apps.byId(row.app_id)?.settings.chatRetentionDays ?? 0;
    return { ...roomFacts(row, days), with: null, writable: true };
  }

  /**
   * Unread messages and mentions by conversation, counted from the cursors; up to their bounds.
   * @param from counts beyond it instead
   */
  async unread(
    appId: string,
    reader: Id,
    seats: readonly Seat[],
    from?: number,
  ): Promise<Map<Id, { unread: number; mentions: number }>> {
    const behind = seats.filter(({ conversation, member }) => member.cursor < conversation.last_seq);
    if (behind.length === 0) return new Map();
    const blocked = [...(await this.#reach.blockedBy(appId, reader))];
    const unblocked = blocked.length === 0 ? sql`` : sql`and x.author not in (${sql.join(blocked)})`;
    const ids = behind.map(({ conversation }) => conversation.id);
    const cursor = from === undefined ? sql`m.cursor` : sql`cast(${from} as bigint)`;
    const { rows } = await sql<{ conversation: Id; unread: number; mentions: number }>`
      select m.conversation as conversation,
        (select count(*) from (
          select 1 as one from chat_messages x
          where x.app_id = m.app_id and x.conversation = m.conversation and x.seq > ${cursor}
            and x.author <> m.person and x.deleted_at is null and x.kind <> 'system' ${unblocked}
          limit ${sql.lit(unreadMost)}) as counted) as unread,
        (select count(*) from (
          select 1 as one from chat_mentions n
          join chat_messages x
            on x.app_id = n.app_id and x.conversation = n.conversation and x.seq = n.seq
          where n.app_id = m.app_id and n.person = m.person and n.conversation = m.conversation
            and n.seq > ${cursor} and x.author <> m.person and x.deleted_at is null ${unblocked}
          limit ${sql.lit(mentionsMost)}) as counted) as mentions
      from chat_members m
      where m.app_id = ${appId} and m.person = ${reader} and m.conversation in (${sql.join(ids)})
    `.execute(this.#core.db);
    return new Map(rows.map(({ conversation, unread, mentions }) => [conversation, { unread, mentions }]));
  }

  /** Who of them lets others see how far they have read. */
  async receiptsOf(appId: string, ids: readonly Id[]): Promise<ReadonlySet<Id>> {
    const preferences = await this.#people.preferences(appId, ids);
    return new Set([...preferences].filter(([, { receipts }]) => receipts).map(([id]) => id));
  }

  /** As `Reach.mayWrite` says of one, for many at once. */
  async #reachable(
    appId: string,
    reader: Id,
    others: ReadonlyMap<Id, Person>,
  ): Promise<(other: Id) => boolean> {
    if (this.#core.apps.byId(appId)?.settings.chatDirect === 'nobody') return () => false;
    if (others.size === 0) return () => false;
    const [blocked, blockers] = await Promise.all([
      this.#reach.blockedBy(appId, reader),
      this.#reach.blockersOf(appId, reader),
    ]);
    return (other) => others.get(other)?.deleted === false && !blocked.has(other) && !blockers.has(other);
  }

  async #lastMessages(appId: string, reader: Id, seats: readonly Seat[]): Promise<Map<Id, Message>> {
    const places = seats.map(({ conversation }) => ({
      conversation: conversation.id,
      seq: conversation.last_seq,
    }));
    const rows = await this.#rowsAt(
      appId,
      places.filter(({ seq }) => seq > 0),
    );
    const messages = await this.messagesFor(appId, reader, rows);
    return new Map(messages.map((message) => [message.conversation, message]));
  }

  async #cursorsOfOthers(appId: string, reader: Id, seats: readonly Seat[]): Promise<Map<Id, number>> {
    const ids = seats.filter(({ conversation }) => conversation.kind === 'direct');
    if (ids.length === 0) return new Map();
    const rows = await this.#core.db
      .selectFrom('chat_members')
      .select(['conversation', 'cursor'])
      .where('app_id', '=', appId)
      .where(
        'conversation',
        'in',
        ids.map(({ conversation }) => conversation.id),
      )
      .where('person', '<>', reader)
      .execute();
    return new Map(rows.map(({ conversation, cursor }) => [conversation, cursor]));
  }

  async #repliedTo(appId: string, rows: readonly MessageRow[]): Promise<Map<string, MessageRow>> {
    const places = rows.flatMap(({ conversation, reply_to: seq }) =>
      seq === null ? [] : [{ conversation, seq }],
    );
    const found = await this.#rowsAt(appId, places);
    return new Map(found.map((row) => [keyOf(row.conversation, row.seq), row]));
  }

  async #rowsAt(appId: string, places: readonly Place[]): Promise<MessageRow[]> {
    if (places.length === 0) return [];
    return this.#core.db
      .selectFrom('chat_messages')
      .selectAll()
      .where('app_id', '=', appId)
      .where((row) =>
        row.or(
          byConversation(places).map(({ conversation, seqs }) =>
            row.and([row('conversation', '=', conversation), row('seq', 'in', seqs)]),
          ),
        ),
      )
      .execute();
  }

  async #reactions(appId: string, rows: readonly MessageRow[]): Promise<Map<string, Reaction[]>> {
    const given = await this.#core.db
      .selectFrom('chat_reactions')
      .select(['conversation', 'seq', 'emoji', 'person'])
      .where('app_id', '=', appId)
      .where((row) =>
        row.or(
          byConversation(rows).map(({ conversation, seqs }) =>
            row.and([row('conversation', '=', conversation), row('seq', 'in', seqs)]),
          ),
        ),
      )
      .orderBy('at')
      .orderBy('emoji')
      .orderBy('person')
      .execute();
    const found = new Map<string, Map<string, { count: number; users: Id[] }>>();
    for (const { conversation, seq, emoji, person } of given) {
      const key = keyOf(conversation, seq);
      const emojis = found.get(key) ?? new Map<string, { count: number; users: Id[] }>();
      const one = emojis.get(emoji) ?? { count: 0, users: [] };
      one.count++;
      if (one.users.length < reactionUsers) one.users.push(person);
      found.set(key, emojis.set(emoji, one));
    }
    return new Map(
      [...found].map(([key, emojis]) => [key, [...emojis].map(([emoji, one]) => ({ emoji, ...one }))]),
    );
  }

  async #attachmentsOf(appId: string, rows: readonly MessageRow[]) {
    const ids = rows.flatMap((row) => idsIn(row.attachments));
    return ids.length === 0 ? new Map<Id, never>() : this.#attachments.describe(appId, ids);
  }
}

type Place = { readonly conversation: Id; readonly seq: number };

const noReactions = new Map<string, Reaction[]>();
const keyOf = (conversation: Id, seq: number): string => `${conversation} ${seq}`;

/** Conditions that are met by the messages at these places, one for each conversation. */
function byConversation(places: readonly Place[]): { conversation: Id; seqs: number[] }[] {
  const groups = Map.groupBy(places, ({ conversation }) => conversation);
  return [...groups].map(([conversation, group]) => ({ conversation, seqs: group.map(({ seq }) => seq) }));
}

function roomFacts(row: ConversationRow, appRetentionDays: number) {
  return {
    id: row.id,
    kind: row.kind,
    title: row.title,
    topic: row.topic,
    name: row.name,
    lastSeq: row.last_seq,
    lastChange: row.last_change,
    slowSeconds: row.slow_seconds,
    locked: row.locked === 1,
    membersOnly: row.members_only === 1,
    retentionDays: row.retention_days ?? appRetentionDays,
  };
}

/** Null once it is over. */
export function mutedUntil(member: Pick<MemberRow, 'muted_until'>, now: number): number | null {
  return member.muted_until !== null && member.muted_until > now ? member.muted_until : null;
}

function lineFor(line: StoredLine | null, known: (id: Id) => Person): SystemLine | null {
  return line !== null && 'person' in line ? { ...line, person: known(line.person) } : line;
}

function withoutBlocked(message: Message, blocked: ReadonlySet<Id>): Message {
  const { replyTo } = message;
  const quotesBlocked = replyTo !== null && blocked.has(replyTo.author.id);
  const shown = quotesBlocked ? { ...message, replyTo: { ...replyTo, excerpt: '' } } : message;
  return blocked.has(message.author.id)
    ? { ...shown, text: '', attachments: [], mentions: [], replyTo: null }
    : shown;
}
