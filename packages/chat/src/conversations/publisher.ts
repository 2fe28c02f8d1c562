import type { Timer } from '@earshot/base';
import { type Id, inboxOf, limits, type Message, messagesOf } from '../contract/index.ts';
import type { Attention, Core, Reach } from '../core/core.ts';
import type { ConversationRow } from './rows.ts';
import type { Views } from './views.ts';

/** How often unpublished changes of other processes are looked for. */
const sweepMs = 2_000;
/** A process publishes its own changes within this time, else any other does. */
const othersMs = 5_000;
/** What has been published is written down so late, for many changes at once. */
const noteMs = 1_000;
/** As long as another process has not written down what comes before, ours cannot be; then the sweep decides. */
const noteTries = 10;
const retryFirstMs = 100;
const retryMostMs = 30_000;
/** Changes of one conversation that wait in memory; beyond it they are read again when the host takes them. */
const waitingMost = 500;
const readAtOnce = 50;
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

/** A conversation that has something to publish. */
interface Stream {
  target: Target;
  /** Every change up to here needs no publishing by this process. */
  position: number;
  /** In the order of their changes. */
  readonly waiting: Item[];
  /** Something beyond `position` has to be read from the database first. */
  behind: boolean;
  /** Published and not written down yet, each from the first to the last change. */
  notes: { from: number; to: number; tries: number }[];
  failures: number;
  /** Calls of those whom messages concern, one after the other. */
  calls: Promise<void>;
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
    this.#run(this.sweep(this.#core.kind === 'sqlite' ? 0 : othersMs));
    this.#sweep = this.#core.clock.every(sweepMs, () => this.#run(this.sweep()));
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

  /** Publishes what nobody has published for so long. */
  async sweep(olderThanMs = othersMs): Promise<void> {
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
        if (!this.#streams.has(keyOf(row))) this.pushUnread(row, row.published_change);
      }
    }
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
      calls: Promise.resolve(),
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
        this.#published(stream, item.from, item.message.change);
      }
      stream.waiting.shift();
    }
  }

  async #catchUp(stream: Stream): Promise<void> {
    const { app_id, id } = stream.target;
    const conversation = await this.#core.db
      .selectFrom('chat_conversations')
      .selectAll()
      .where('app_id', '=', app_id)
      .where('id', '=', id)
      .executeTakeFirst();
    if (conversation === undefined) {
      stream.behind = false;
      return;
    }
    stream.target = conversation;
    const start = stream.position;
    if (conversation.last_change - start > lateMost) {
      const change = conversation.last_change;
      const channels = channelsOf(conversation);
      await this.#core.host.publish(app_id, channels, 'changed', { conversation: id, change });
      this.#published(stream, start + 1, change);
      return;
    }
    const rows = await this.#core.db
      .selectFrom('chat_messages')
      .selectAll()
      .where('app_id', '=', app_id)
      .where('conversation', '=', id)
      .where('change', '>', start)
      .orderBy('change')
      .limit(readAtOnce)
      .execute();
    const messages = await this.#views.messages(app_id, rows);
    for (const [index, message] of messages.entries()) {
      const isNew = (rows[index]?.created_change ?? 0) > start;
      await this.#publish(stream, { message, isNew });
      this.#published(stream, stream.position + 1, message.change);
    }
    if (rows.length === readAtOnce) return;
    // The last changes may have left no row behind: retention takes whole messages.
    if (conversation.last_change > stream.position) {
      this.#published(stream, stream.position + 1, conversation.last_change);
    }
    stream.behind = false;
  }

  async #publish(stream: Stream, { message, isNew }: Published): Promise<void> {
    const { target } = stream;
    const { app_id, id } = target;
    const data = { message };
    const fits = Buffer.byteLength(JSON.stringify(data)) <= limits.eventBytes;
    await (fits
      ? this.#core.host.publish(app_id, channelsOf(target), isNew ? 'new_message' : 'message_changed', data)
      : this.#core.host.publish(app_id, channelsOf(target), 'changed', {
          conversation: id,
          change: message.change,
        }));
    if (!isNew || message.kind === 'system') return;
    stream.calls = stream.calls
      .then(() => this.#call(target, message, fits))
      .catch((error) => this.#core.onProblem('calling people', error));
    this.#run(stream.calls);
  }

  /** Those whom a new message concerns, besides those who look at it. */
  async #call(target: Target, message: Message, fits: boolean): Promise<void> {
    const { app_id, id, kind, title } = target;
    const listeners = await this.#core.db
      .selectFrom('chat_members')
      .select(['person', 'notify'])
      .where('app_id', '=', app_id)
      .where('conversation', '=', id)
      .where('left_at', 'is', null)
      .where('person', '<>', message.author.id)
      .where((row) =>
        message.mentions.length === 0
          ? row('notify', '=', 'all')
          : row.or([
              row('notify', '=', 'all'),
              row.and([row('notify', '=', 'mentions'), row('person', 'in', [...message.mentions])]),
            ]),
      )
      .limit(listenersMost)
      .execute();
    if (listeners.length === 0) return;
    const deaf = await this.#reach.blockersOf(app_id, message.author.id);
    const to = listeners.map(({ person }) => person).filter((person) => !deaf.has(person));
    if (to.length === 0) return;
    this.#attention.message(app_id, message, title, to);
    const mentioned = to.filter((person) => message.mentions.includes(person)).map(inboxOf);
    // Inboxes have the messages of one-to-one conversations already.
    if (kind === 'direct' || mentioned.length === 0 || !fits) return;
    const { db, outbox } = this.#core;
    await db
      .transaction()
      .execute((trx) => outbox.add(trx, app_id, mentioned, 'mention', { message, title }));
    await outbox.flush();
  }

  #published(stream: Stream, from: number, to: number): void {
    stream.position = Math.max(stream.position, to);
    const last = stream.notes.at(-1);
    if (last?.to === from - 1) last.to = to;
    else stream.notes.push({ from, to, tries: 0 });
    this.#note ??= this.#core.clock.after(noteMs, () => {
      this.#note = undefined;
      this.#run(this.#writeNotes());
    });
  }

  /** One transaction for all conversations, in one order, so that two processes do not wait for each other. */
  async #writeNotes(): Promise<void> {
    const noted = [...this.#streams.values()]
      .filter(({ notes }) => notes.length > 0)
      .sort((a, b) => (a.target.id < b.target.id ? -1 : 1))
      .map((stream) => ({ stream, notes: stream.notes.splice(0) }));
    if (noted.length > 0) {
      try {
        await this.#core.db.transaction().execute(async (trx) => {
          for (const one of noted) {
            const left: Stream['notes'] = [];
            for (const note of one.notes) {
              const { numUpdatedRows } = await trx
                .updateTable('chat_conversations')
                .set({ published_change: note.to, unpublished_since: this.#core.clock.now() })
                .where('app_id', '=', one.stream.target.app_id)
                .where('id', '=', one.stream.target.id)
                .where('published_change', '>=', note.from - 1)
                .where('published_change', '<', note.to)
                .executeTakeFirst();
              if (numUpdatedRows === 0n && ++note.tries < noteTries) left.push(note);
            }
            one.notes = left;
          }
        });
      } catch (error) {
        this.#core.onProblem('publishing messages', error);
      }
      for (const { stream, notes } of noted) stream.notes.unshift(...notes);
    }
    for (const [key, stream] of this.#streams) {
      const busy = stream.work !== undefined || stream.retry !== undefined || stream.behind;
      if (!busy && stream.waiting.length === 0 && stream.notes.length === 0) this.#streams.delete(key);
    }
    const open = [...this.#streams.values()].some(({ notes }) => notes.length > 0);
    if (!open || this.#stopped) return;
    this.#note ??= this.#core.clock.after(noteMs, () => {
      this.#note = undefined;
      this.#run(this.#writeNotes());
    });
  }

  #run(work: Promise<void>): void {
    const run = work
      .catch((error) => this.#core.onProblem('publishing messages', error))
      .finally(() => this.#background.delete(run));
    this.#background.add(run);
  }
}

const keyOf = ({ app_id, id }: Pick<Target, 'app_id' | 'id'>): string => `${app_id} ${id}`;

/** Where messages of a conversation are published. */
export function channelsOf(target: Target): string[] {
  if (target.kind === 'room') return [messagesOf(target.id)];
  const two: (Id | null)[] = [target.person_a, target.person_b];
  return [...new Set(two.flatMap((id) => (id === null ? [] : [inboxOf(id)])))];
}
