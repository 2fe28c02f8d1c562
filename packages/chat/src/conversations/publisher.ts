import type { Timer } from '@earshot/base';
import { type Id, inboxOf, limits, type Message, messagesOf } from '../contract/index.ts';
import type { Attention, ChatTransaction, Core, Reach } from '../core/core.ts';
import { lockConversation } from './access.ts';
import type { ConversationRow, MessageRow } from './rows.ts';
import type { Views } from './views.ts';

/** How often unpublished changes of other processes are looked for. */
const sweepMs = 2_000;
/** A process publishes its own changes within this time, else any other does. */
const othersMs = 5_000;
/** What has been published is written down so late, for many changes at once. */
const noteMs = 1_000;
const retryFirstMs = 100;
const retryMostMs = 30_000;
/** Changes of one conversation that wait in memory; beyond it they are read again when the host takes them. */
const waitingMost = 500;
/** Clients fetch what they missed; to publish more of the past than this would only slow everybody down. */
const lateMost = 100;
/** Members who want to hear of every message, for one message. */
const listenersMost = 5_000;

type Target = Pick<ConversationRow, 'app_id' | 'id' | 'kind' | 'title' | 'person_a' | 'person_b'>;

/** A change as people see it. */
export interface Published {
  readonly message: Message;
  readonly isNew: boolean;
}

interface Item extends Published {
  /** The first change that this one stands for: what a transaction changed twice is published once. */
  readonly from: number;
}

/** Changes from the first to the last one. */
interface Range {
  from: number;
  to: number;
}

/** A conversation that has something to publish. */
interface Stream {
  target: Target;
  /** Every change up to here needs no publishing by this process. */
  position: number;
  /** In the order of their changes. */
  readonly waiting: Item[];
  /** Something beyond `position` has to be read from the database first. */
  behind: boolean;
  /** Published and not written down yet. */
  notes: Range[];
  failures: number;
  /** Whose members are still to be called. */
  toCall: Message[];
  calls: Promise<void> | undefined;
  work: Promise<void> | undefined;
  retry: Timer | undefined;
}

/**
 * Publishes the changes of conversations after their commit, in order within each conversation. How far that has gone is
 * in `published_change`, which follows a moment later; so after a crash some come twice and none is forgotten.
 */
export class Publisher {
  readonly #core: Core;
  readonly #views: Views;
  readonly #reach: Reach;
  readonly #attention: Attention;
  readonly #streams = new Map<string, Stream>();
  #sweep: Timer | undefined;
  #sweeping = false;
  #note: Timer | undefined;
  #background = new Set<Promise<void>>();
  #stopped = false;

  constructor(core: Core, parts: { views: Views; reach: Reach; attention: Attention }) {
    this.#core = core;
    this.#views = parts.views;
    this.#reach = parts.reach;
    this.#attention = parts.attention;
  }

  /** Takes what was committed after a change of the conversation, in order. Returns at once. */
  push(target: Target, afterChange: number, changes: readonly Published[]): void {
    const stream = this.#streamOf(target, afterChange);
    stream.target = target;
    let from = afterChange + 1;
    for (const { message, isNew } of changes) {
      if (stream.waiting.length >= waitingMost) {
        stream.waiting.length = 0;
        stream.behind = true;
      }
      if (!stream.behind) stream.waiting.push({ message, isNew, from });
      from = message.change + 1;
    }
    this.#work(stream);
  }

  /** Takes changes that could not be read after their commit. */
  pushUnread(target: Target, afterChange: number): void {
    const stream = this.#streamOf(target, afterChange);
    stream.waiting.length = 0;
    stream.behind = true;
    this.#work(stream);
  }

  start(): void {
    // A single process begins with what was left when it ended; one of several waits whether others are at it.
    this.#beginSweep(this.#core.kind === 'sqlite' ? 0 : othersMs);
    this.#sweep = this.#core.clock.every(sweepMs, () => this.#beginSweep(othersMs));
  }

  async stop(): Promise<void> {
    this.#sweep?.cancel();
    await this.idle();
    this.#stopped = true;
    this.#note?.cancel();
    for (const { retry } of this.#streams.values()) retry?.cancel();
  }

  /** Resolves when nothing is being published and what was is written down; what the host refused waits for its time. */
  async idle(): Promise<void> {
    for (;;) {
      const work = [...this.#streams.values()].flatMap((stream) => stream.work ?? []);
      if (work.length === 0 && this.#background.size === 0) break;
      await Promise.all([...work, ...this.#background]);
    }
    await this.#writeNotes();
  }

  #beginSweep(olderThanMs: number): void {
    if (this.#sweeping) return;
    this.#sweeping = true;
    this.#run(
      this.#publishLeft(olderThanMs).finally(() => {
        this.#sweeping = false;
      }),
    );
  }

  /** Publishes what nobody has published for so long. */
  async #publishLeft(olderThanMs: number): Promise<void> {
    for (const app of this.#core.apps.all()) {
      const rows = await this.#core.db
        .selectFrom('chat_conversations')
        .selectAll()
        .where('app_id', '=', app.id)
        .whereRef('published_change', '<', 'last_change')
        .where('unpublished_since', '<=', this.#core.clock.now() - olderThanMs)
        .limit(100)
        .execute();
      for (const row of rows) {
        const own = this.#streams.get(keyOf(row));
        // What waits for the host here waits for nobody else.
        const waits = own !== undefined && (own.retry !== undefined || own.work !== undefined || own.behind);
        if (!waits) await this.#repair(row);
      }
    }
  }

  /** Publishes the oldest changes that nobody says to have published. */
  async #repair(conversation: ConversationRow): Promise<void> {
    const { app_id, id, published_change: published, last_change: last } = conversation;
    const next = await this.#core.db
      .selectFrom('chat_published')
      .select('from_change')
      .where('app_id', '=', app_id)
      .where('conversation', '=', id)
      .where('from_change', '>', published)
      .orderBy('from_change')
      .limit(1)
      .executeTakeFirst();
    const hole = { from: published + 1, to: next === undefined ? last : next.from_change - 1 };
    const stream = this.#streamOf(conversation, last);
    if (hole.to - published > lateMost) {
      await this.#announce(conversation, last);
    } else {
      const rows = await this.#rowsOf(conversation, hole, lateMost);
      const messages = await this.#views.messages(app_id, rows);
      for (const [index, message] of messages.entries()) {
        await this.#publish(stream, { message, isNew: (rows[index]?.created_change ?? 0) > published });
      }
    }
    this.#noted(stream, hole);
  }

  #streamOf(target: Target, position: number): Stream {
    const key = keyOf(target);
    const known = this.#streams.get(key);
    if (known !== undefined) return known;
    const stream: Stream = {
      target,
      position,
      waiting: [],
      behind: false,
      notes: [],
      failures: 0,
      toCall: [],
      calls: undefined,
      work: undefined,
      retry: undefined,
    };
    this.#streams.set(key, stream);
    return stream;
  }

  #work(stream: Stream): void {
    if (stream.work !== undefined || stream.retry !== undefined || this.#stopped) return;
    stream.work = this.#publishAll(stream)
      .then(
        () => {
          stream.failures = 0;
        },
        (error) => this.#tryLater(stream, error),
      )
      .finally(() => {
        stream.work = undefined;
        // What came between the last look and now.
        if (stream.retry === undefined && (stream.behind || stream.waiting.length > 0)) this.#work(stream);
      });
  }

  #tryLater(stream: Stream, error: unknown): void {
    this.#core.onProblem('publishing messages', error);
    const wait = Math.min(retryFirstMs * 2 ** stream.failures++, retryMostMs);
    stream.retry = this.#core.clock.after(wait, () => {
      stream.retry = undefined;
      this.#work(stream);
    });
  }

  async #publishAll(stream: Stream): Promise<void> {
    while (stream.behind || stream.waiting.length > 0) {
      if (stream.behind) await this.#catchUp(stream);
      const [item] = stream.waiting;
      if (item === undefined) continue;
      // Read from the database meanwhile.
      if (item.message.change > stream.position) {
        await this.#publish(stream, item);
        this.#published(stream, { from: item.from, to: item.message.change });
      }
      stream.waiting.shift();
    }
  }

  /** Publishes from the database what is beyond the stream's position. */
  async #catchUp(stream: Stream): Promise<void> {
    // From now on what comes waits in memory again; what is read here, too, is left out then.
    stream.behind = false;
    try {
      const { app_id, id } = stream.target;
      const conversation = await this.#core.db
        .selectFrom('chat_conversations')
        .selectAll()
        .where('app_id', '=', app_id)
        .where('id', '=', id)
        .executeTakeFirst();
      if (conversation === undefined) return;
      stream.target = conversation;
      const start = stream.position;
      const last = conversation.last_change;
      if (last - start > lateMost) {
        await this.#announce(conversation, last);
        this.#published(stream, { from: start + 1, to: last });
        return;
      }
      const rows = await this.#rowsOf(conversation, { from: start + 1, to: last }, lateMost);
      const messages = await this.#views.messages(app_id, rows);
      for (const [index, message] of messages.entries()) {
        await this.#publish(stream, { message, isNew: (rows[index]?.created_change ?? 0) > start });
        this.#published(stream, { from: stream.position + 1, to: message.change });
      }
      // The last changes may have left no row behind: retention takes whole messages.
      if (last > stream.position) this.#published(stream, { from: stream.position + 1, to: last });
    } catch (error) {
      stream.behind = true;
      throw error;
    }
  }

  #rowsOf({ app_id, id }: Target, { from, to }: Range, most: number): Promise<MessageRow[]> {
    return this.#core.db
      .selectFrom('chat_messages')
      .selectAll()
      .where('app_id', '=', app_id)
      .where('conversation', '=', id)
      .where('change', '>=', from)
      .where('change', '<=', to)
      .orderBy('change')
      .limit(most)
      .execute();
  }

  /** Says that there is something to fetch. */
  #announce(target: Target, change: number): Promise<void> {
    const { app_id, id } = target;
    return this.#core.host.publish(app_id, channelsOf(target), 'changed', { conversation: id, change });
  }

  async #publish(stream: Stream, { message, isNew }: Published): Promise<void> {
    const { target } = stream;
    const { app_id } = target;
    const data = { message };
    const event = isNew ? 'new_message' : 'message_changed';
    await (fitsEvent(data)
      ? this.#core.host.publish(app_id, channelsOf(target), event, data)
      : this.#announce(target, message.change));
    if (!isNew || message.kind === 'system') return;
    stream.toCall.push(message);
    if (stream.calls !== undefined) return;
    stream.calls = this.#callAll(stream).finally(() => {
      stream.calls = undefined;
    });
    this.#run(stream.calls);
  }

  /** Calls those whom new messages concern, besides those who look at them; all that has come meanwhile in one go. */
  async #callAll(stream: Stream): Promise<void> {
    // Let the ones that are published in this turn come together.
    await null;
    while (stream.toCall.length > 0) {
      const messages = stream.toCall.splice(0);
      const { app_id, id } = stream.target;
      const mentioned = [...new Set(messages.flatMap(({ mentions }) => mentions))];
      const listeners = await this.#core.db
        .selectFrom('chat_members')
        .select(['person', 'notify'])
        .where('app_id', '=', app_id)
        .where('conversation', '=', id)
        .where('left_at', 'is', null)
        .where((row) =>
          mentioned.length === 0
            ? row('notify', '=', 'all')
            : row.or([
                row('notify', '=', 'all'),
                row.and([row('notify', '=', 'mentions'), row('person', 'in', mentioned)]),
              ]),
        )
        .limit(listenersMost)
        .execute();
      if (listeners.length > 0) for (const message of messages) await this.#call(stream, message, listeners);
    }
  }

  async #call(
    { target }: Stream,
    message: Message,
    listeners: readonly { readonly person: Id; readonly notify: string }[],
  ): Promise<void> {
    const { app_id, kind, title } = target;
    const wanted = listeners.filter(
      ({ person, notify }) =>
        person !== message.author.id && (notify === 'all' || message.mentions.includes(person)),
    );
    if (wanted.length === 0) return;
    const deaf = await this.#reach.blockersOf(app_id, message.author.id);
    const to = wanted.map(({ person }) => person).filter((person) => !deaf.has(person));
    if (to.length === 0) return;
    this.#attention.message(app_id, message, title, to);
    const inboxes = to.filter((person) => message.mentions.includes(person)).map(inboxOf);
    // Inboxes have the messages of one-to-one conversations already.
    if (kind === 'direct' || inboxes.length === 0 || !fitsEvent({ message })) return;
    const { db, outbox } = this.#core;
    await db.transaction().execute((trx) => outbox.add(trx, app_id, inboxes, 'mention', { message, title }));
    await outbox.flush();
  }

  #published(stream: Stream, range: Range): void {
    stream.position = Math.max(stream.position, range.to);
    this.#noted(stream, range);
  }

  #noted(stream: Stream, { from, to }: Range): void {
    const last = stream.notes.at(-1);
    if (last?.to === from - 1) last.to = to;
    else stream.notes.push({ from, to });
    this.#note ??= this.#core.clock.after(noteMs, () => {
      this.#note = undefined;
      this.#run(this.#writeNotes());
    });
  }

  /** Writes down how far everything is published, for all conversations in one transaction. */
  async #writeNotes(): Promise<void> {
    const noted = [...this.#streams.values()]
      .filter(({ notes }) => notes.length > 0)
      // In one order, so that two processes do not wait for each other's rows.
      .sort((a, b) => (a.target.id < b.target.id ? -1 : 1))
      .map((stream) => ({ stream, notes: stream.notes.splice(0) }));
    if (noted.length > 0) {
      try {
        await this.#core.db.transaction().execute(async (trx) => {
          for (const { stream, notes } of noted) await this.#writeNotesOf(trx, stream.target, notes);
        });
      } catch (error) {
        // The sweep publishes it once more.
        this.#core.onProblem('publishing messages', error);
      }
    }
    for (const [key, stream] of this.#streams) {
      const busy =
        stream.work !== undefined ||
        stream.retry !== undefined ||
        stream.calls !== undefined ||
        stream.behind;
      if (!busy && stream.waiting.length === 0 && stream.notes.length === 0) this.#streams.delete(key);
    }
  }

  /** What follows on what was published before moves the mark; the rest waits for what is between. */
  async #writeNotesOf(trx: ChatTransaction, { app_id, id }: Target, notes: readonly Range[]): Promise<void> {
    const row = await lockConversation(trx, this.#core.kind, app_id, id);
    if (row === undefined) return;
    const waiting = await trx
      .selectFrom('chat_published')
      .select(['from_change', 'to_change'])
      .where('app_id', '=', app_id)
      .where('conversation', '=', id)
      .execute();
    const ranges = [...waiting.map(({ from_change: from, to_change: to }) => ({ from, to })), ...notes];
    ranges.sort((a, b) => a.from - b.from);
    let mark = row.published_change;
    const left: Range[] = [];
    for (const { from, to } of ranges) {
      const last = left.at(-1);
      if (from <= mark + 1) mark = Math.max(mark, to);
      else if (last !== undefined && from <= last.to + 1) last.to = Math.max(last.to, to);
      else left.push({ from, to });
    }
    if (waiting.length > 0) {
      await trx
        .deleteFrom('chat_published')
        .where('app_id', '=', app_id)
        .where('conversation', '=', id)
        .execute();
    }
    if (left.length > 0) {
      await trx
        .insertInto('chat_published')
        .values(left.map(({ from, to }) => ({ app_id, conversation: id, from_change: from, to_change: to })))
        .execute();
    }
    if (mark === row.published_change) return;
    await trx
      .updateTable('chat_conversations')
      .set({ published_change: mark, unpublished_since: this.#core.clock.now() })
      .where('app_id', '=', app_id)
      .where('id', '=', id)
      .execute();
  }

  #run(work: Promise<void>): void {
    const run = work
      .catch((error) => this.#core.onProblem('publishing messages', error))
      .finally(() => this.#background.delete(run));
    this.#background.add(run);
  }
}

const keyOf = ({ app_id, id }: Pick<Target, 'app_id' | 'id'>): string => `${app_id} ${id}`;

const fitsEvent = (data: object): boolean => Buffer.byteLength(JSON.stringify(data)) <= limits.eventBytes;

/** Where messages of a conversation are published. */
export function channelsOf(target: Target): string[] {
  if (target.kind === 'room') return [messagesOf(target.id)];
  const two: (Id | null)[] = [target.person_a, target.person_b];
  return [...new Set(two.flatMap((id) => (id === null ? [] : [inboxOf(id)])))];
}
