import { type Id, limits, type Message, type Person } from '@earshot/chat/contract';
import type { CommandNote, PendingMessage, Timeline, TimelineItem } from './state.ts';

/**
 * A conversation's list, as pure functions. Messages stand by `seq` without holes between the first and the last one; lines
 * of presence and notes stand where they came; what is on its way stands at the end.
 */

/** Beyond this many items the oldest go while the newest are read; they can be loaded again. */
const itemsMax = 1_500;
const itemsKept = 1_000;
/** People who come and go within this time share a line. */
const presenceLineMs = 60_000;

export const emptyTimeline: Timeline = {
  items: [],
  older: 'unknown',
  olderRetryAt: null,
  newer: 'newest',
  catchUp: 'none',
  newFrom: null,
};

/** For whom the list is: whose messages are mine, and whose are hidden from me. */
export interface Reader {
  readonly me: Id;
  readonly blocked: ReadonlySet<Id>;
}

/** The list has been loaded; before that messages are counted and not kept. */
export const isLoaded = ({ older, items }: Timeline): boolean =>
  older !== 'unknown' && (items.some(isMessage) || older === 'end');

export function firstSeq({ items }: Timeline): number {
  return items.find(isMessage)?.message.seq ?? 0;
}

/** 0 when there is none. */
export function lastSeq({ items }: Timeline): number {
  for (let index = items.length - 1; index >= 0; index--) {
    const item = items[index];
    if (item?.type === 'message') return item.message.seq;
  }
  return 0;
}

/** A page in the place of all that was loaded; what is on its way stays. */
export function withPage(
  timeline: Timeline,
  page: { messages: readonly Message[]; olderExists: boolean; newerExists: boolean },
  reader: Reader,
): Timeline {
  const shown = { ...timeline, items: timeline.items.filter(isPending) };
  return {
    ...inserted(shown, itemsOf(page.messages, reader)),
    older: page.olderExists ? 'more' : 'end',
    olderRetryAt: null,
    newer: page.newerExists ? 'behind' : 'newest',
    catchUp: 'none',
  };
}

/** Older messages in front; those that are there already are left out. */
export function withOlder(
  timeline: Timeline,
  page: { messages: readonly Message[]; olderExists: boolean },
  reader: Reader,
): Timeline {
  const first = firstSeq(timeline) || Number.POSITIVE_INFINITY;
  const older = page.messages.filter(({ seq }) => seq < first);
  return {
    ...timeline,
    items: [...itemsOf(older, reader), ...timeline.items],
    older: page.olderExists ? 'more' : 'end',
    olderRetryAt: null,
  };
}

/** Newer messages at the end of a list that is behind. */
export function withNewer(
  timeline: Timeline,
  page: { messages: readonly Message[]; newerExists: boolean },
  reader: Reader,
): Timeline {
  const last = lastSeq(timeline);
  const newer = itemsOf(
    page.messages.filter(({ seq }) => seq > last),
    reader,
  );
  return { ...inserted(timeline, newer), newer: page.newerExists ? 'behind' : 'newest' };
}

/**
 * One message as it is now: new at the end, or in the place of an older state of it. Anything else (not loaded, older than
 * what is here) changes nothing. What was on its way and has this id has arrived.
 */
export function withMessage(timeline: Timeline, message: Message, reader: Reader): Timeline {
  const cleared = message.author.id === reader.me ? withoutPending(timeline, message.id) : timeline;
  const last = lastSeq(cleared);
  if (message.seq > last) {
    const next = last === 0 || message.seq === last + 1;
    if (!next || cleared.newer !== 'newest' || !isLoaded(cleared)) return cleared;
    return inserted(cleared, itemsOf([message], reader));
  }
  const at = indexOf(cleared.items, message.seq);
  const known = cleared.items[at];
  if (known?.type === 'message' && known.message.change >= message.change) return cleared;
  const items =
    known?.type === 'message' ? replaced(cleared.items, at, itemOf(message, reader)) : cleared.items;
  const quoting = withQuotes(items, message, reader);
  return quoting === cleared.items ? cleared : { ...cleared, items: quoting };
}

/** Answers quote a message as it is now: what was deleted is nowhere on the screen any more. */
function withQuotes(
  items: readonly TimelineItem[],
  { seq, author, text, deletedAt }: Message,
  { blocked }: Reader,
): readonly TimelineItem[] {
  const line = [...(deletedAt !== null || blocked.has(author.id) ? '' : text.replace(/\s+/g, ' '))];
  const most = limits.excerptCharacters;
  const excerpt = line.length > most ? `${line.slice(0, most - 1).join('')}…` : line.join('');
  const isStale = (item: TimelineItem) =>
    item.type === 'message' && item.message.replyTo?.seq === seq && item.message.replyTo.excerpt !== excerpt;
  if (!items.some(isStale)) return items;
  return items.map((item) =>
    item.type === 'message' && item.message.replyTo !== null && isStale(item)
      ? { ...item, message: { ...item.message, replyTo: { ...item.message.replyTo, excerpt } } }
      : item,
  );
}

/** Takes the state of a message although it is no newer: its files have fresh addresses. */
export function withFreshMessage(timeline: Timeline, message: Message, reader: Reader): Timeline {
  const at = indexOf(timeline.items, message.seq);
  const known = timeline.items[at];
  if (known?.type !== 'message' || known.message.change > message.change) return timeline;
  return { ...timeline, items: replaced(timeline.items, at, itemOf(message, reader)) };
}

export function messageAt(timeline: Timeline, seq: number): Message | null {
  const item = timeline.items[indexOf(timeline.items, seq)];
  return item?.type === 'message' ? item.message : null;
}

export function withPending(timeline: Timeline, pending: PendingMessage): Timeline {
  const item: TimelineItem = { type: 'pending', key: pending.id, pending };
  return { ...timeline, items: [...timeline.items, item], newFrom: null };
}

/** @param id the UUID of the message on its way */
export function withPendingChanged(
  timeline: Timeline,
  id: string,
  change: Partial<Pick<PendingMessage, 'state' | 'problem'>>,
): Timeline {
  const items = timeline.items.map((item) =>
    item.type === 'pending' && item.pending.id === id
      ? { ...item, pending: { ...item.pending, ...change } }
      : item,
  );
  return { ...timeline, items };
}

export function withoutPending(timeline: Timeline, id: string): Timeline {
  if (!timeline.items.some((item) => item.type === 'pending' && item.pending.id === id)) return timeline;
  return {
    ...timeline,
    items: timeline.items.filter((item) => item.type !== 'pending' || item.pending.id !== id),
  };
}

export function withNote(timeline: Timeline, key: string, note: CommandNote, at: number): Timeline {
  return inserted(timeline, [{ type: 'note', key, note, at }]);
}

/** Who came and who left, in the line that stands last already where it is recent. */
export function withPresence(
  timeline: Timeline,
  key: string,
  joined: readonly Person[],
  left: readonly Person[],
  at: number,
): Timeline {
  const settled = timeline.items.filter((item) => !isPending(item));
  const last = settled[settled.length - 1];
  if (last?.type !== 'presence' || at - last.at > presenceLineMs) {
    return inserted(timeline, [{ type: 'presence', key, joined, left, at }]);
  }
  const line: TimelineItem = { ...last, joined: united(last.joined, joined), left: united(last.left, left) };
  return { ...timeline, items: replaced(timeline.items, settled.length - 1, line) };
}

/** After somebody was blocked or unblocked. */
export function withHidden(timeline: Timeline, { blocked }: Reader): Timeline {
  const items = timeline.items.map((item) => {
    if (item.type !== 'message') return item;
    const hidden = blocked.has(item.message.author.id);
    return hidden === item.hidden ? item : { ...item, hidden };
  });
  return { ...timeline, items };
}

/** After somebody's name, picture or mark has changed. */
export function withAuthor(timeline: Timeline, person: Person): Timeline {
  const asNow = (one: Person) => (one.id === person.id ? person : one);
  const items = timeline.items.map((item): TimelineItem => {
    if (item.type === 'presence') {
      if (![...item.joined, ...item.left].some(({ id }) => id === person.id)) return item;
      return { ...item, joined: item.joined.map(asNow), left: item.left.map(asNow) };
    }
    if (item.type !== 'message') return item;
    const { author, replyTo, system } = item.message;
    const about = system !== null && 'person' in system ? system.person : null;
    if (![author, replyTo?.author, about].some((one) => one?.id === person.id)) return item;
    const message = {
      ...item.message,
      author: asNow(author),
      replyTo: replyTo === null ? null : { ...replyTo, author: asNow(replyTo.author) },
      system: system !== null && 'person' in system ? { ...system, person: asNow(system.person) } : system,
    };
    return { ...item, message };
  });
  return { ...timeline, items };
}

/**
 * How many messages of others are beyond `cursor`, deleted, hidden and written by the server not counted; null when not all
 * of them are loaded.
 */
export function unreadBeyond(
  timeline: Timeline,
  cursor: number,
  { me }: Reader,
): { readonly unread: number; readonly mentions: number } | null {
  if (!isLoaded(timeline) || timeline.newer !== 'newest' || timeline.catchUp !== 'none') return null;
  if (firstSeq(timeline) > cursor + 1 && timeline.older !== 'end') return null;
  let unread = 0;
  let mentions = 0;
  for (let index = timeline.items.length - 1; index >= 0; index--) {
    const item = timeline.items[index];
    if (item?.type !== 'message') continue;
    if (item.message.seq <= cursor) break;
    if (item.hidden || !counts(item.message, me)) continue;
    unread++;
    if (item.message.mentions.includes(me)) mentions++;
  }
  return { unread, mentions };
}

/** A message that can be unread for me. */
export function counts(message: Message, me: Id): boolean {
  return message.author.id !== me && message.deletedAt === null && message.kind !== 'system';
}

const isMessage = (item: TimelineItem): item is TimelineItem & { type: 'message' } => item.type === 'message';
const isPending = (item: TimelineItem) => item.type === 'pending';

function itemOf(message: Message, { me, blocked }: Reader): TimelineItem {
  // Ids are their authors' choice. One of mine keeps its key when it arrives; those of others cannot meet it.
  const key = message.author.id === me ? message.id : `${message.seq}`;
  return { type: 'message', key, message, hidden: blocked.has(message.author.id) };
}

function itemsOf(messages: readonly Message[], reader: Reader): TimelineItem[] {
  return [...messages].sort((one, other) => one.seq - other.seq).map((message) => itemOf(message, reader));
}

/** In front of what is on its way. */
function inserted(timeline: Timeline, added: readonly TimelineItem[]): Timeline {
  if (added.length === 0) return timeline;
  const arrived = new Set(added.map(({ key }) => key));
  const settled = timeline.items.filter((item) => !isPending(item));
  const pending = timeline.items.filter((item) => isPending(item) && !arrived.has(item.key));
  const items = [...settled, ...added, ...pending];
  return { ...timeline, items };
}

/** Lets the oldest go from a list that has grown long, while the newest are being read. */
export function trimmed(timeline: Timeline): Timeline {
  if (timeline.items.length <= itemsMax || timeline.newer !== 'newest') return timeline;
  return { ...timeline, items: timeline.items.slice(-itemsKept), older: 'more', olderRetryAt: null };
}

function replaced(items: readonly TimelineItem[], at: number, item: TimelineItem): TimelineItem[] {
  const next = [...items];
  next[at] = item;
  return next;
}

function united(some: readonly Person[], more: readonly Person[]): readonly Person[] {
  const ids = new Set(more.map(({ id }) => id));
  return [...some.filter(({ id }) => !ids.has(id)), ...more];
}

/** Index of the message with this number, -1 if there is none. */
function indexOf(items: readonly TimelineItem[], seq: number): number {
  for (let index = items.length - 1; index >= 0; index--) {
    const item = items[index];
    if (item?.type !== 'message') continue;
    if (item.message.seq === seq) return index;
    if (item.message.seq < seq) return -1;
  }
  return -1;
}
