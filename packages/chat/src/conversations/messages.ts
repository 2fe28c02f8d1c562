import { type Id, limits, type Message } from '../contract/index.ts';
import type { Attachments, Caller, ChatTransaction, Core, People, Reach } from '../core/core.ts';
import { Refusal, refuse } from '../refusal.ts';
import { memberAccess, memberOf, rank, refuseBanned } from './access.ts';
import { digest } from './keys.ts';
import type { Lanes, Sent } from './lanes.ts';
import type { Numbering } from './numbering.ts';
import { idsIn, jsonOfIds, type MessageRow, otherOf } from './rows.ts';
import { addMentions, refusalOf } from './sending.ts';
import { cleanText, emojiIn, lengthOf, mentionedIn } from './text.ts';
import type { Views } from './views.ts';

/** Members who can be named in a message, besides those whom the client points out. */
const candidatesMost = 500;
/** Rooms that are known to be rooms. */
const roomsMost = 10_000;

/** What somebody sends, as it comes. */
export interface Draft {
  /** A UUID that the client chose. */
  readonly id: string;
  readonly text: string;
  readonly kind?: 'text' | 'action' | undefined;
  readonly replyTo?: number | undefined;
  readonly attachments?: readonly Id[] | undefined;
  readonly mentions?: readonly Id[] | undefined;
}

/** Writing: what is sent, and what becomes of it later. Every refusal is thrown. */
export class Messages {
  readonly #core: Core;
  readonly #people: People;
  readonly #reach: Reach;
  readonly #attachments: Attachments;
  readonly #views: Views;
  readonly #lanes: Lanes;
  readonly #rooms = new Set<string>();

  constructor(
    core: Core,
    parts: { people: People; reach: Reach; attachments: Attachments; views: Views; lanes: Lanes },
  ) {
    this.#core = core;
    this.#people = parts.people;
    this.#reach = parts.reach;
    this.#attachments = parts.attachments;
    this.#views = parts.views;
    this.#lanes = parts.lanes;
  }

  /** Stores it once, however often it is sent. Resolves when it is stored for good. */
  async send(caller: Caller, conversation: Id, draft: Draft): Promise<Sent> {
    const attachments = [...new Set(draft.attachments ?? [])];
    if (attachments.length > limits.attachmentsPerMessage) {
      refuse('bad_request', { field: 'attachments', message: `At most ${limits.attachmentsPerMessage}.` });
    }
    const text = checkedText(draft.text, attachments.length > 0);
    if (!this.#isRoom(caller.app.id, conversation)) {
      const access = await memberAccess(this.#core.db, caller, conversation, this.#core.clock.now());
      await this.#requireReachable(caller, access.conversation);
      if (access.conversation.kind === 'room') this.#rememberRoom(caller.app.id, conversation);
    }
    const kind = draft.kind ?? 'text';
    const replyTo = draft.replyTo ?? null;
    const sending = this.#lanes.send({
      appId: caller.app.id,
      conversation,
      author: caller.user,
      moderatesApp: caller.moderator,
      clientId: draft.id,
      digest: digest(JSON.stringify([kind, text, replyTo, attachments])),
      kind,
      text,
      replyTo,
      attachments,
      mentions: await this.#mentioned(caller, conversation, text, draft.mentions ?? []),
    });
    return sending.catch(async (error) => {
      if (error instanceof Refusal && error.code === 'not_found') {
        await refuseBanned(this.#core.db, caller.app.id, conversation, caller.user, this.#core.clock.now());
      }
      throw error;
    });
  }

  /** A room stays one: what is known to be a room is looked at only where its row is held, by all that come together. */
  #isRoom(appId: string, id: Id): boolean {
    return this.#rooms.has(`${appId} ${id}`);
  }

  #rememberRoom(appId: string, id: Id): void {
    const [oldest] = this.#rooms;
    if (oldest !== undefined && this.#rooms.size >= roomsMost) this.#rooms.delete(oldest);
    this.#rooms.add(`${appId} ${id}`);
  }

  /** @throws Refusal when the caller may not send a message there now; slow mode does not count */
  async requireMayWrite(caller: Caller, id: Id): Promise<void> {
    const {
      conversation,
      member,
      rank: mine,
    } = await memberAccess(this.#core.db, caller, id, this.#core.clock.now());
    await this.#requireReachable(caller, conversation);
    const moderator = mine >= rank.moderator;
    const refusal = refusalOf(conversation, member, { moderator }, this.#core.clock.now());
    if (refusal !== null) throw refusal;
  }

  /** Own messages only. */
  async edit(caller: Caller, conversation: Id, seq: number, typed: string): Promise<Message> {
    const mentions = await this.#mentioned(caller, conversation, cleanText(typed), []);
    return this.#alter(caller, conversation, seq, async (trx, numbering, row) => {
      if (row.author !== caller.user || row.kind === 'system') refuse('forbidden');
      if (row.deleted_at !== null) refuse('conflict', { message: 'The message is deleted.' });
      const text = checkedText(typed, row.attachments !== null);
      if (text === row.text) return row;
      const members = await this.#membersOf(trx, caller.app.id, conversation, mentions);
      const named = mentions.filter((id) => members.has(id) && id !== caller.user);
      await forgetMentions(trx, row);
      const values = { text, mentions: jsonOfIds(named), edited_at: this.#core.clock.now() };
      const altered = await numbering.alter(row, values);
      await addMentions(trx, [altered]);
      return altered;
    });
  }

  /** Own ones; moderators those of others, too. A tombstone stays. */
  async remove(caller: Caller, conversation: Id, seq: number): Promise<Message> {
    return this.#alter(caller, conversation, seq, async (trx, numbering, row, mine) => {
      if (row.author !== caller.user && mine < rank.moderator) refuse('forbidden');
      if (row.kind === 'system') refuse('forbidden');
      return row.deleted_at === null
        ? bury(trx, numbering, row, this.#attachments, this.#core.clock.now())
        : row;
    });
  }

  /** @param given true adds the caller's reaction, false takes it away; what is so already stays so */
  async react(caller: Caller, conversation: Id, seq: number, text: string, given: boolean): Promise<Message> {
    const emoji = emojiIn(text) ?? refuse('bad_request', { field: 'emoji', message: 'Expected one emoji.' });
    const { app_id, ...rest } = { app_id: caller.app.id, conversation, seq, emoji, person: caller.user };
    return this.#alter(caller, conversation, seq, async (trx, numbering, row) => {
      if (row.deleted_at !== null || row.kind === 'system') {
        refuse('conflict', { message: 'This message takes no reactions.' });
      }
      const there = await trx
        .selectFrom('chat_reactions')
        .select(['emoji', 'person'])
        .where('app_id', '=', app_id)
        .where('conversation', '=', conversation)
        .where('seq', '=', seq)
        .execute();
      const mine = there.some((one) => one.emoji === emoji && one.person === caller.user);
      if (mine === given) return row;
      if (given) {
        const emojis = new Set(there.map((one) => one.emoji)).add(emoji);
        if (emojis.size > limits.emojisPerMessage) {
          refuse('conflict', { message: `A message takes ${limits.emojisPerMessage} different emojis.` });
        }
        const at = this.#core.clock.now();
        await trx
          .insertInto('chat_reactions')
          .values({ app_id, ...rest, at })
          .execute();
      } else {
        await trx
          .deleteFrom('chat_reactions')
          .where('app_id', '=', app_id)
          .where('conversation', '=', conversation)
          .where('seq', '=', seq)
          .where('emoji', '=', emoji)
          .where('person', '=', caller.user)
          .execute();
      }
      return numbering.alter(row, {});
    });
  }

  /** Finds the message for a member who may write, and answers with its next state as the caller sees it. */
  async #alter(
    caller: Caller,
    conversation: Id,
    seq: number,
    work: (trx: ChatTransaction, numbering: Numbering, row: MessageRow, mine: number) => Promise<MessageRow>,
  ): Promise<Message> {
    const access = await memberAccess(this.#core.db, caller, conversation, this.#core.clock.now());
    await this.#requireReachable(caller, access.conversation);
    const row = await this.#lanes.change(caller.app.id, conversation, async (trx, numbering) => {
      const member = await memberOf(trx, caller.app.id, conversation, caller.user);
      if (member === undefined) refuse('not_found');
      const mine = Math.max(access.rank === rank.appModerator ? access.rank : rank.none, rank[member.role]);
      const moderator = mine >= rank.moderator;
      const refusal = refusalOf(numbering.conversation, member, { moderator }, this.#core.clock.now());
      if (refusal !== null) throw refusal;
      const found = await trx
        .selectFrom('chat_messages')
        .selectAll()
        .where('app_id', '=', caller.app.id)
        .where('conversation', '=', conversation)
        .where('seq', '=', seq)
        .executeTakeFirst();
      return work(trx, numbering, found ?? refuse('not_found'), mine);
    });
    const [message] = await this.#views.messagesFor(caller.app.id, caller.user, [row]);
    return message ?? refuse('not_found');
  }

  async #requireReachable(
    caller: Caller,
    conversation: { kind: 'room' | 'direct'; person_a: Id | null; person_b: Id | null },
  ): Promise<void> {
    if (conversation.kind === 'room') return;
    const other = otherOf(conversation, caller.user);
    const reachable =
      caller.app.settings.chatDirect !== 'nobody' &&
      (await this.#reach.mayWrite(caller.app.id, caller.user, other));
    if (!reachable) refuse('not_reachable');
  }

  /** Whom the text names: among those whom the client points out, and members who spoke or entered lately. */
  async #mentioned(caller: Caller, conversation: Id, text: string, given: readonly Id[]): Promise<Id[]> {
    if (!text.includes('@')) return [];
    const latest = await this.#core.db
      .selectFrom('chat_members')
      .select('person')
      .where('app_id', '=', caller.app.id)
      .where('conversation', '=', conversation)
      .where('left_at', 'is', null)
      .orderBy('last_sent_at', 'desc')
      .orderBy('entered_at', 'desc')
      .limit(candidatesMost)
      .execute();
    const ids = [
      ...new Set([...given.slice(0, limits.mentionsPerMessage), ...latest.map(({ person }) => person)]),
    ];
    const persons = await this.#people.persons(caller.app.id, ids);
    const named = mentionedIn(
      text,
      [...persons.values()].filter(({ deleted }) => !deleted),
    );
    return named.slice(0, limits.mentionsPerMessage).map(({ id }) => id);
  }

  async #membersOf(
    trx: ChatTransaction,
    appId: string,
    conversation: Id,
    ids: readonly Id[],
  ): Promise<ReadonlySet<Id>> {
    if (ids.length === 0) return new Set();
    const rows = await trx
      .selectFrom('chat_members')
      .select('person')
      .where('app_id', '=', appId)
      .where('conversation', '=', conversation)
      .where('person', 'in', [...ids])
      .where('left_at', 'is', null)
      .execute();
    return new Set(rows.map(({ person }) => person));
  }
}

/** Leaves number and author of a message, and takes everything else. */
export async function bury(
  trx: ChatTransaction,
  numbering: Numbering,
  row: MessageRow,
  attachments: Attachments,
  now: number,
): Promise<MessageRow> {
  await forgetMentions(trx, row);
  await trx
    .deleteFrom('chat_reactions')
    .where('app_id', '=', row.app_id)
    .where('conversation', '=', row.conversation)
    .where('seq', '=', row.seq)
    .execute();
  const files = idsIn(row.attachments);
  if (files.length > 0) await attachments.release(trx, row.app_id, files);
  return numbering.alter(row, { text: '', system: null, attachments: null, mentions: null, deleted_at: now });
}

async function forgetMentions(trx: ChatTransaction, row: MessageRow): Promise<void> {
  if (row.mentions === null) return;
  await trx
    .deleteFrom('chat_mentions')
    .where('app_id', '=', row.app_id)
    .where('conversation', '=', row.conversation)
    .where('seq', '=', row.seq)
    .execute();
}

/** @throws Refusal for a text that is too long, or empty where there is nothing else */
function checkedText(typed: string, mayBeEmpty: boolean): string {
  const text = cleanText(typed);
  if (text === '' && !mayBeEmpty) refuse('bad_request', { field: 'text', message: 'The message is empty.' });
  const characters = lengthOf(text);
  const bytes = Buffer.byteLength(text);
  if (characters > limits.textCharacters || bytes > limits.textBytes) {
    refuse('too_large', {
      field: 'text',
      message:
        `The message has ${characters} characters (${bytes} bytes); ` +
        `at most ${limits.textCharacters} (${limits.textBytes} bytes). Send it in parts.`,
    });
  }
  return text;
}
