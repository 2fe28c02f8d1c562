import type { Message } from '@earshot/chat/contract';
import { useEffect, useRef, useState } from 'preact/hooks';
import { plainText } from '../store/format.ts';
import type { WidgetState } from '../store/state.ts';
import { useFixed, useWidgetState } from './context.ts';
import { lineOf, nameOf, namesOf } from './words.ts';

/** What comes within this time is said in one sentence. */
const burstMs = 700;
/** A connection that comes back sooner is not talked about. */
const lostMs = 3_000;

/**
 * The one place that speaks to screen readers by itself: each new message once, author and text, never one's own; several at
 * once in one sentence; invitations; and the connection, when it is lost for a while.
 */
export function Announcer() {
  const state = useWidgetState();
  const { t } = useFixed();
  const [said, setSaid] = useState('');
  const box = useRef<HTMLDivElement>(null);
  const heard = useRef(new Map<string, number>());
  const invited = useRef<Set<string> | null>(null);
  const waiting = useRef<Message[]>([]);

  const say = (text: string) => {
    const node = box.current as (HTMLElement & { ariaNotify?: (text: string) => void }) | null;
    if (node?.ariaNotify) node.ariaNotify(text);
    // The same sentence twice would not be a change.
    else setSaid((before) => (before === text ? `${text}\u00a0` : text));
  };

  useEffect(() => {
    const fresh = newMessages(state, heard.current);
    if (fresh.length === 0) return;
    if (waiting.current.length === 0) {
      setTimeout(() => {
        const messages = waiting.current.splice(0);
        const [only] = messages;
        if (messages.length === 1 && only) {
          say(
            t('announceMessage', {
              name: nameOf(t, only.author),
              text: lineOf(t, { ...only, text: plainText(only.text) }),
            }),
          );
        } else {
          const authors = [...new Map(messages.map(({ author }) => [author.id, author])).values()];
          say(t('announceMany', { n: messages.length, names: namesOf(t, authors) }));
        }
      }, burstMs);
    }
    waiting.current.push(...fresh);
  }, [state.conversations]);

  const invitations = state.people.phase === 'ready' ? state.people.value.invitations : null;
  const me = state.session.phase === 'in' ? state.session.me.id : '';
  useEffect(() => {
    if (invitations === null) return;
    const mine = invitations.filter(({ to, state }) => to.id === me && state === 'asked');
    for (const { id, from } of mine) {
      if (invited.current !== null && !invited.current.has(id))
        say(t('announceInvitation', { name: nameOf(t, from) }));
    }
    invited.current = new Set(mine.map(({ id }) => id));
  }, [invitations]);

  const lost = state.connection === 'reconnecting' || state.connection === 'offline';
  const told = useRef(false);
  useEffect(() => {
    if (lost) {
      const timer = setTimeout(() => {
        told.current = true;
        say(t(state.connection === 'offline' ? 'offlineStrip' : 'reconnecting'));
      }, lostMs);
      return () => clearTimeout(timer);
    }
    if (told.current && state.connection === 'online') {
      told.current = false;
      say(t('connectedAgain'));
    }
  }, [lost, state.connection]);

  return (
    <div class="visually-hidden" aria-live="polite" aria-atomic="true" ref={box}>
      {said}
    </div>
  );
}

/** Messages of others that came to the end of a conversation that is open here, since the last call. */
function newMessages({ conversations, layout, session }: WidgetState, heard: Map<string, number>): Message[] {
  const me = session.phase === 'in' ? session.me.id : '';
  const open = new Set(layout.panels.flatMap(({ conversation, lowered }) => (lowered ? [] : [conversation])));
  if (typeof layout.view === 'object') open.add(layout.view.conversation);
  const fresh: Message[] = [];
  for (const [id, { timeline, conversation }] of conversations) {
    const before = heard.get(id);
    const last = timeline.items.findLast((item) => item.type === 'message');
    const known = last?.type === 'message' ? last.message.seq : 0;
    heard.set(id, Math.max(before ?? known, conversation.lastSeq));
    if (before === undefined || !layout.open || !open.has(id) || conversation.me.notify === 'none') continue;
    for (let index = timeline.items.length - 1; index >= 0; index--) {
      const item = timeline.items[index];
      if (item?.type !== 'message') continue;
      if (item.message.seq <= before) break;
      heard.set(id, Math.max(heard.get(id) ?? 0, item.message.seq));
      if (item.hidden || item.message.author.id === me || item.message.kind === 'system') continue;
      fresh.unshift(item.message);
    }
  }
  return fresh;
}
