import type { Message, Person } from '@earshot/chat/contract';
import type { TimelineItem } from '../store/state.ts';

/** Beyond this much silence a conversation says what time it is. */
const silenceMs = 15 * 60_000;
const minuteMs = 60_000;

/** How an item stands among its neighbours. */
export interface Row {
  readonly item: TimelineItem;
  /** A new day begins here. */
  readonly day: boolean;
  /** The time is said above it, after a silence. */
  readonly stamp: boolean;
  /** The "new messages" line stands above it. */
  readonly news: boolean;
  /** First and last of the bubbles of one sender within a minute. */
  readonly first: boolean;
  readonly last: boolean;
}

/** The row at `index`; it depends on the items before and after it, and on nothing else. */
export function rowAt(
  items: readonly TimelineItem[],
  index: number,
  me: string,
  newFrom: number | null,
): Row {
  const item = items[index] as TimelineItem;
  const before = items[index - 1];
  const after = items[index + 1];
  const news = item.type === 'message' && newFrom !== null && item.message.seq === newFrom;
  const newsAfter = after?.type === 'message' && newFrom !== null && after.message.seq === newFrom;
  const day = before === undefined || dayOf(before) !== dayOf(item);
  return {
    item,
    day,
    stamp: !day && before !== undefined && timeOf(item) - timeOf(before) > silenceMs,
    news,
    first: news || day || !together(before, item, me),
    last: newsAfter || after === undefined || dayOf(after) !== dayOf(item) || !together(item, after, me),
  };
}

export function timeOf(item: TimelineItem): number {
  switch (item.type) {
    case 'message':
      return item.message.at;
    case 'pending':
      return item.pending.at;
    default:
      return item.at;
  }
}

const dayOf = (item: TimelineItem) => new Date(timeOf(item)).setHours(0, 0, 0, 0);

/** The sender of what is drawn as a bubble; null for lines. */
function senderOf(item: TimelineItem | undefined, me: string): string | null {
  if (item?.type === 'pending') return item.pending.kind === 'action' ? null : me;
  if (item?.type !== 'message' || isLine(item.message)) return null;
  return item.message.author.id;
}

/** Told in the third person or by the server: a line, not a bubble. */
export const isLine = (message: Message) => message.kind !== 'text';

function together(one: TimelineItem | undefined, next: TimelineItem, me: string): boolean {
  if (one === undefined) return false;
  const sender = senderOf(next, me);
  if (sender === null || senderOf(one, me) !== sender) return false;
  return timeOf(next) - timeOf(one) < minuteMs;
}

/** Up to three emoji and nothing else: shown large, without a bubble. */
export function isJumbo(text: string): boolean {
  return /^(?:\p{Extended_Pictographic}(?:\ufe0f|\u200d\p{Extended_Pictographic}|\p{Emoji_Modifier})*\s?){1,3}$/u.test(
    text,
  );
}

/** Who wrote among the newest items, me not: for completing names. */
export function authorsOf(items: readonly TimelineItem[], me: string): Person[] {
  const found = new Map<string, Person>();
  for (let index = items.length - 1; index >= 0 && items.length - index < 200; index--) {
    const item = items[index];
    if (item?.type !== 'message' || item.message.author.id === me || item.message.author.deleted) continue;
    found.set(item.message.author.id, item.message.author);
  }
  return [...found.values()];
}
