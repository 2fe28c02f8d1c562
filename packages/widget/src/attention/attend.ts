import type { Id } from '@earshot/chat/contract';
import { fragmentOf } from '../embed/fragment.ts';
import type { Store } from '../store/actions.ts';
import type { WidgetState } from '../store/state.ts';
import { notificationWords } from '../worker/words.ts';
import { type Call, callsBetween, readBetween } from './calls.ts';
import type { Looking } from './looking.ts';
import type { Notifier } from './notifier.ts';
import type { Chime } from './sound.ts';
import type { TitleCount } from './title.ts';
import { tagOf } from './worker-messages.ts';

export interface AttendParts {
  readonly store: Store;
  /** The app's key. */
  readonly app: string;
  readonly locale: string;
  /** Picture of the notifications. */
  readonly icon: string;
  readonly looking: Looking;
  /** Of all tabs of a browser one calls. */
  readonly leads: () => boolean;
  readonly notifier: Notifier;
  readonly chime: Chime;
  readonly title: TitleCount;
  /** Before what may be the first to call for. */
  readonly since: WidgetState;
}

const excerptCharacters = 160;

/**
 * Calls those who are not looking: the number in the title, a sound, a notification of the system where the person has agreed
 * to that. Only what comes while the chat is open calls; what was unread before is shown as a number.
 * @returns how to stop
 */
export function attend(parts: AttendParts): () => void {
  const { store, app, notifier, chime, title, looking } = parts;
  let before = parts.since;

  const changed = () => {
    const after = store.state;
    const was = before;
    before = after;
    title.set(after.unread);
    for (const id of readBetween(was, after)) void notifier.close(tagOf(app, id));
    if (isAsked(was) && !isAsked(after)) void notifier.close(tagOf(app, 'invitation'));
    const calls = callsBetween(was, after);
    if (calls.length > 0 && parts.leads()) void call(calls, after);
  };

  const call = async (calls: readonly Call[], state: WidgetState) => {
    const somebodyLooks = await looking.anywhere();
    if (state.session.phase !== 'in') return;
    const { sound, hideText } = state.session.me.preferences;
    const loud = calls.some((one) => !isOnScreen(one, state, looking.here()));
    // Who looks at the chat in another tab sees it come.
    if (sound && loud && (looking.here() || !somebodyLooks)) void chime.play();
    if (somebodyLooks) return;
    for (const one of calls) void notifier.show(describe(one, hideText));
  };

  const describe = (call: Call, hideText: boolean) => {
    const words = notificationWords(parts.locale);
    const page = location.href.split('#', 1)[0] ?? '';
    const common = { icon: parts.icon, silent: true };
    if (call.kind === 'invitation') {
      const data = { app, conversation: null, url: page };
      return { ...common, tag: tagOf(app, 'invitation'), title: call.from, body: words.invitation, data };
    }
    const { conversation, message, room } = call;
    const text = hideText ? '' : excerpt(message.text);
    return {
      ...common,
      tag: tagOf(app, conversation),
      title: room === '' ? message.author.name : `${message.author.name} · ${room}`,
      body: text || words.message,
      data: { app, conversation, url: page + fragmentOf(conversation) },
    };
  };

  changed();
  const unsubscribe = store.subscribe(changed);
  return () => {
    unsubscribe();
    title.stop();
    chime.stop();
  };
}

function isAsked({ people }: WidgetState): boolean {
  return people.phase === 'ready' && people.value.invitations.some(({ state }) => state === 'asked');
}

/** It comes into a conversation that the person has before their eyes. */
function isOnScreen(call: Call, { layout }: WidgetState, isHere: boolean): boolean {
  if (!isHere || !layout.open || call.kind !== 'message') return false;
  return isOpen(call.conversation, layout);
}

function isOpen(id: Id, { view, panels }: WidgetState['layout']): boolean {
  if (typeof view === 'object' && view.conversation === id) return true;
  return panels.some(({ conversation, lowered }) => conversation === id && !lowered);
}

function excerpt(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  const characters = Array.from(line);
  return characters.length <= excerptCharacters
    ? line
    : `${characters.slice(0, excerptCharacters).join('')}…`;
}
