import type { Me } from '@earshot/chat/contract';
import type { VNode } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { ConversationState, TimelineItem } from '../store/state.ts';
import { useFixed, useSheet } from './context.ts';
import { useSecondsUntil } from './hooks.ts';
import { Icon } from './icons.tsx';
import { lazy } from './lazy.tsx';
import { type MessageActs, RowView } from './message.tsx';
import { Empty } from './parts.tsx';
import { rowAt } from './rows.ts';
import { nameOf } from './words.ts';

const MessageMenu = lazy(async () => (await import('./rare/menus.tsx')).messageMenu);
const ReactionPicker = lazy(async () => (await import('./rare/emoji.tsx')).reactionPicker);

/** Rows at first, by how many the window grows, and how many there are at most, whatever has been loaded. */
const rows = { first: 60, step: 60, most: 240 };
/** This close to the end the reader is taken along. */
const followPx = 48;
/** This close to an end more is drawn, or loaded. */
const nearPx = 700;

export interface TimelineProps {
  state: ConversationState;
  me: Me;
  title: string;
}

/** Part of the items that is drawn, by the keys of its ends; null: the newest. */
interface Span {
  readonly first: string | null;
  readonly last: string | null;
}

/**
 * The log of a conversation. It draws a window of what is loaded, which moves as one scrolls; whatever is added above or
 * below, the row that one is reading stays where it is.
 */
export function Timeline({ state, me, title }: TimelineProps) {
  const { timeline, conversation } = state;
  const { items, older, newer, newFrom } = timeline;
  const { t, actions, pop } = useFixed();
  const showSheet = useSheet();
  const { id } = conversation;
  const box = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLOListElement>(null);
  const [span, setSpan] = useState<Span>({ first: null, last: null });
  const [active, setActive] = useState<string | null>(null);
  const [stop, setStop] = useState<string | null>(null);
  const [below, setBelow] = useState(false);
  /** The row at the top of what is seen and where it stands; null: at the end, to be taken along. */
  const anchor = useRef<{ key: string; top: number } | null>(null);
  /** Where the log stood when that was remembered: further up means that the reader went there. */
  const stood = useRef(0);
  /** Set until the end has been drawn: what I send and what I ask for is seen, wherever I was reading. */
  const toEnd = useRef(false);
  const [asked, setAsked] = useState(0);
  const target = useRef<number | null>(null);
  const seen = useRef<string | null>(null);
  const drawn = useRef(new Map<string, { sign: string; item: TimelineItem; vnode: VNode }>());
  const latest = useRef({ state, items, end: items.length });

  const at = (key: string | null, or: number) => {
    const index = key === null ? -1 : items.findIndex((item) => item.key === key);
    return index === -1 ? or : index;
  };
  const rowNodes = () => [...(list.current?.children ?? [])] as HTMLElement[];

  /** Remembers what is at the top of what is seen; nothing when that is the end, where one is taken along. */
  const mark = (): boolean => {
    const node = box.current;
    if (node === null) return true;
    if (toEnd.current) {
      anchor.current = null;
      return true;
    }
    const away = node.scrollHeight - node.scrollTop - node.clientHeight;
    const wentUp = node.scrollTop < stood.current - 1;
    const showsNewest = latest.current.end === latest.current.items.length && newer === 'newest';
    // What grew below moves nobody away from the end, only the reader does.
    const atEnd = showsNewest && (away < followPx || (anchor.current === null && !wentUp));
    const top = atEnd ? undefined : firstSeen(rowNodes(), node.scrollTop);
    anchor.current = top ? { key: top.dataset.key ?? '', top: top.offsetTop - node.scrollTop } : null;
    stood.current = node.scrollTop;
    return atEnd;
  };
  // Just before anything changes, because scrolling goes on between its events.
  if (drawn.current.size > 0) mark();

  let end = at(span.last, items.length - 1) + 1;
  let start = Math.max(0, end - rows.most, Math.min(at(span.first, end - rows.first), end - 1));
  // What one reads is never dropped in favour of what came below.
  const held = anchor.current === null ? -1 : at(anchor.current.key, -1);
  if (held !== -1 && held < start + 20) {
    start = Math.max(0, held - 20);
    end = Math.min(end, start + rows.most);
  }
  latest.current = { state, items, end };

  const acts = useMemo<MessageActs>(
    () => ({
      react: (message, from) =>
        pop(
          <ReactionPicker
            anchor={from}
            onClose={() => pop(null)}
            onPick={(emoji) => void actions.react(id, message.seq, emoji)}
          />,
        ),
      more: (message, from) =>
        pop(
          <MessageMenu
            anchor={from}
            onClose={() => pop(null)}
            message={message}
            state={latest.current.state}
            me={me}
            showSheet={showSheet}
          />,
        ),
      reply: (message) => actions.startReply(id, message),
      toggle: (message, emoji) => void actions.react(id, message.seq, emoji),
      jump: (seq) => {
        target.current = seq;
        if (!reach()) actions.jumpTo(id, seq);
      },
      retry: (key) => actions.retrySend(id, key),
      discard: (key) => actions.discardPending(id, key),
    }),
    [id, me],
  );

  /** Draws the window around the message that is wanted, if it is loaded. */
  const reach = (): boolean => {
    const { items } = latest.current;
    const index = items.findIndex((item) => item.type === 'message' && item.message.seq === target.current);
    if (index === -1) return false;
    const last = items[Math.min(items.length - 1, index + rows.first)];
    setSpan({
      first: items[Math.max(0, index - rows.first)]?.key ?? null,
      last: last === items.at(-1) ? null : (last?.key ?? null),
    });
    return true;
  };

  /** Remembers where one reads, and says what there is below. */
  const remember = () => {
    const node = box.current;
    if (node === null) return;
    const atEnd = mark();
    if (atEnd) seen.current = items.at(-1)?.key ?? null;
    const away = node.scrollHeight - node.scrollTop - node.clientHeight;
    setBelow(!atEnd && (away > 240 || end < items.length || newer !== 'newest'));
  };

  /** Puts what was remembered back to where it stood. */
  const restore = () => {
    const node = box.current;
    if (node === null) return;
    if (anchor.current === null) node.scrollTop = node.scrollHeight;
    else {
      const { key, top } = anchor.current;
      const row = rowNodes().find((one) => one.dataset.key === key);
      if (row) node.scrollTop = row.offsetTop - top;
    }
    stood.current = node.scrollTop;
  };

  /** Draws or loads more where an end is near. */
  const grow = () => {
    const node = box.current;
    if (node === null || items.length === 0) return;
    if (node.scrollTop < nearPx) {
      if (start > 0) {
        const first = Math.max(0, start - rows.step);
        const last = Math.min(end, first + rows.most);
        setSpan({
          first: items[first]?.key ?? null,
          last: last === items.length ? null : (items[last - 1]?.key ?? null),
        });
      } else if (older === 'more' || older === 'unknown') actions.loadOlder(id);
    }
    if (end < items.length && node.scrollHeight - node.scrollTop - node.clientHeight < nearPx) {
      const last = Math.min(items.length, end + rows.step);
      const first = Math.max(start, last - rows.most);
      setSpan({
        first: items[first]?.key ?? null,
        last: last === items.length ? null : (items[last - 1]?.key ?? null),
      });
    }
  };

  /** Tells how far I have read, while I am looking. */
  const read = () => {
    const node = box.current;
    if (node === null || document.visibilityState !== 'visible' || node.clientHeight === 0) return;
    const edge = node.scrollTop + node.clientHeight;
    let seq = 0;
    for (let index = end - 1, nodes = rowNodes(); index >= start; index--) {
      const item = items[index];
      const row = nodes[index - start];
      if (item?.type === 'message' && row && row.offsetTop + Math.min(row.offsetHeight, 40) <= edge) {
        seq = item.message.seq;
        break;
      }
    }
    if (seq > conversation.me.cursor) actions.markRead(id, seq);
  };

  const goToEnd = () => {
    toEnd.current = true;
    setSpan({ first: null, last: null });
    setAsked(asked + 1);
  };
  const own = items.at(-1);
  const ownKey = own?.type === 'pending' ? own.key : null;
  useLayoutEffect(() => {
    if (ownKey !== null) goToEnd();
  }, [ownKey]);

  const began = useRef(false);
  useLayoutEffect(() => {
    if (!began.current && items.length > 0) {
      began.current = true;
      if (newFrom !== null && items.length > 12) target.current = newFrom;
      if (target.current !== null) reach();
    }
    const node = box.current;
    const row =
      target.current === null
        ? undefined
        : rowNodes().find((one) => {
            const item = items[at(one.dataset.key ?? null, 0)];
            return item?.type === 'message' && item.message.seq === target.current;
          });
    if (row && node) {
      node.scrollTop = row.offsetTop - node.clientHeight / 3;
      if (target.current !== newFrom) {
        const message = row.querySelector<HTMLElement>('[data-message]');
        message?.focus({ preventScroll: true });
        message?.classList.add('is-wanted');
      }
      target.current = null;
    } else restore();
    if (end === items.length) toEnd.current = false;
    remember();
    grow();
    read();
  }, [items, start, end, older, asked]);

  const settle = useRef(() => {});
  settle.current = () => {
    restore();
    remember();
  };
  useEffect(() => {
    let sizes = '';
    const observer = new ResizeObserver(() => {
      const now = [box.current?.clientHeight, list.current?.offsetHeight].join();
      // The first call tells of no change.
      if (sizes !== '' && sizes !== now) settle.current();
      sizes = now;
    });
    if (box.current) observer.observe(box.current);
    if (list.current) observer.observe(list.current);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    const look = () => read();
    addEventListener('focus', look);
    document.addEventListener('visibilitychange', look);
    return () => {
      removeEventListener('focus', look);
      document.removeEventListener('visibilitychange', look);
    };
  });

  const onScroll = () => {
    remember();
    if (anchor.current === null) restore();
    grow();
    read();
  };

  const toNewest = () => {
    goToEnd();
    if (newer === 'behind') actions.jumpToNewest(id);
  };

  const focusRow = (row: HTMLElement | undefined) =>
    row?.querySelector<HTMLElement>('[data-message]')?.focus();
  const onKeyDown = (event: KeyboardEvent) => {
    const from = event.target as HTMLElement;
    const message = from.closest<HTMLElement>('[data-message]');
    if (message === null) return;
    if (event.key === 'Escape') {
      if (active !== null && from !== message) {
        event.preventDefault();
        message.focus();
      } else if (active !== null) {
        event.preventDefault();
        setActive(null);
      }
      return;
    }
    if (from !== message) return;
    const nodes = rowNodes().filter((row) => row.querySelector('[data-message]') !== null);
    const index = nodes.findIndex((row) => row.contains(message));
    const next: Record<string, number> = {
      ArrowUp: index - 1,
      ArrowDown: index + 1,
      Home: 0,
      End: nodes.length - 1,
    };
    const to = next[event.key];
    if (to !== undefined) {
      event.preventDefault();
      focusRow(nodes[Math.max(0, Math.min(nodes.length - 1, to))]);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      setActive(message.dataset.message ?? null);
      message.querySelector<HTMLElement>('.toolbar button')?.focus();
    }
  };
  const keyOf = (event: Event) =>
    (event.target as Element).closest<HTMLElement>('[data-key]')?.dataset.key ?? null;

  const direct = conversation.kind === 'direct';
  const receiptAt = receiptKey(items, me.id, conversation.readByOther);
  const shown: VNode[] = [];
  const keep = new Map<string, { sign: string; item: TimelineItem; vnode: VNode }>();
  let lastKey: string | null = null;
  for (let index = start; index < end; index++) {
    const item = items[index];
    if (item?.type === 'message' && item.message.kind === 'text') lastKey = item.key;
  }
  const stopKey = stop !== null && at(stop, -1) >= start && at(stop, -1) < end ? stop : lastKey;
  for (let index = start; index < end; index++) {
    const row = rowAt(items, index, me.id, newFrom);
    const { key } = row.item;
    const receipt = receiptAt?.key === key ? receiptAt.receipt : null;
    const sign = [
      row.day,
      row.stamp,
      row.news,
      row.first,
      row.last,
      key === active,
      key === stopKey,
      receipt,
      conversation.writable,
      me.name,
    ].join();
    const before = drawn.current.get(key);
    const kept =
      before !== undefined && before.sign === sign && before.item === row.item
        ? before
        : {
            sign,
            item: row.item,
            vnode: (
              <RowView
                key={key}
                row={row}
                me={me}
                direct={direct}
                acts={acts}
                active={key === active}
                stop={key === stopKey}
                receipt={receipt}
                writable={conversation.writable}
              />
            ),
          };
    keep.set(key, kept);
    shown.push(kept.vnode);
  }
  drawn.current = keep;

  const unseen = countAfter(items, seen.current, me.id);
  return (
    <div class="timeline">
      <div
        class="log"
        role="log"
        aria-live="off"
        aria-label={t('messagesIn', { title })}
        tabIndex={lastKey === null ? 0 : -1}
        ref={box}
        onScroll={onScroll}
        onKeyDown={onKeyDown}
        onPointerOver={(event) => event.pointerType !== 'touch' && setActive(keyOf(event))}
        onPointerLeave={(event) => event.pointerType !== 'touch' && setActive(null)}
        onClick={(event) => setActive(keyOf(event))}
        onFocusIn={(event) => {
          setActive(keyOf(event));
          setStop(keyOf(event));
        }}
      >
        {start === 0 && <Older state={state} />}
        {items.length === 0 && older === 'end' && <NothingYet state={state} />}
        <ol class="entries" ref={list}>
          {shown}
        </ol>
      </div>
      {timeline.catchUp === 'running' && <p class="catch-up">{t('catchingUp')}</p>}
      {timeline.catchUp === 'too-much' && (
        <div class="catch-up catch-up-much">
          <span>{t('tooMuch')}</span>
          <button type="button" class="text-button" onClick={toNewest}>
            {t('jumpNewest')}
          </button>
        </div>
      )}
      {below && items.length > 0 && (
        <button
          type="button"
          class="pill"
          aria-label={unseen > 0 ? `${t('newMessages', { n: unseen })}. ${t('jumpNewest')}` : t('jumpNewest')}
          onClick={toNewest}
        >
          {unseen > 0 && <span>{t('newMessages', { n: unseen })}</span>}
          <Icon name="down" />
        </button>
      )}
    </div>
  );
}

/** The first row that is seen, found by halving: rows stand in order. */
function firstSeen(nodes: readonly HTMLElement[], scrollTop: number): HTMLElement | undefined {
  let [low, high] = [0, nodes.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const node = nodes[middle];
    if (node && node.offsetTop + node.offsetHeight <= scrollTop) low = middle + 1;
    else high = middle;
  }
  return nodes[low];
}

/** How many messages of others came after what I saw last. */
function countAfter(items: readonly TimelineItem[], seen: string | null, me: string): number {
  let count = 0;
  for (let index = items.length - 1; seen !== null && index >= 0; index--) {
    const item = items[index];
    if (item === undefined || item.key === seen) return count;
    if (item.type === 'message' && item.message.author.id !== me && !item.hidden) count++;
  }
  return 0;
}

/** Under which message it says that it was read: my newest one that was, if nothing of theirs came after it. */
function receiptKey(
  items: readonly TimelineItem[],
  me: string,
  readByOther: number | null,
): { key: string; receipt: 'read' | 'sent' } | null {
  const last = items.findLast((item) => item.type === 'message' || item.type === 'pending');
  if (readByOther === null || last?.type !== 'message') return null;
  const { message } = last;
  if (message.author.id !== me || message.kind !== 'text' || message.deletedAt !== null) return null;
  return { key: last.key, receipt: message.seq <= readByOther ? 'read' : 'sent' };
}

/** What is above the first message: more, nothing, or why it does not come. */
function Older({ state: { timeline, conversation } }: { state: ConversationState }) {
  const { t, actions } = useFixed();
  const n = useSecondsUntil(timeline.older === 'failed' ? timeline.olderRetryAt : null);
  switch (timeline.older) {
    case 'loading':
    case 'unknown':
      return (
        <p class="older older-loading">
          <span class="spinner" aria-hidden="true" />
          <span>{t('olderLoading')}</span>
        </p>
      );
    case 'failed':
      return (
        <p class="older">
          <span>{n > 0 ? t('olderRetry', { n }) : t('olderFailed')}</span>{' '}
          <button type="button" class="text-button" onClick={() => actions.loadOlder(conversation.id)}>
            {t('retry')}
          </button>
        </p>
      );
    case 'more':
      return (
        <p class="older">
          <button type="button" class="text-button" onClick={() => actions.loadOlder(conversation.id)}>
            {t('loadOlder')}
          </button>
        </p>
      );
    case 'end':
      return timeline.items.length === 0 ? null : <p class="older">{t('beginning')}</p>;
  }
}

function NothingYet({ state: { conversation } }: { state: ConversationState }) {
  const { t } = useFixed();
  if (conversation.with === null) return <Empty icon="hash">{t('emptyRoom')}</Empty>;
  return (
    <Empty icon="chat" title={t('emptyDirectTitle', { name: nameOf(t, conversation.with) })}>
      {t('emptyDirect')}
    </Empty>
  );
}
