import type { Conversation, Id, Me } from '@earshot/chat/contract';
import type { Api } from '../client/api.ts';
import { type Env, uuid } from '../client/env.ts';
import { merged, newConversation, recounted, totalUnread } from './conversations.ts';
import { isShown } from './layout.ts';
import type { ConversationState, PeopleState, Problem, WidgetState } from './state.ts';
import type { Reader } from './timeline.ts';

const noticesMax = 3;
const problemShownMs = 10_000;
const doneShownMs = 5_000;

/** The state and the few ways in which the parts of the store change it. */
export interface Kernel {
  readonly env: Env;
  readonly api: Api;
  state(): WidgetState;
  set(change: Partial<WidgetState>): void;
  conversation(id: Id): ConversationState | undefined;
  /** Nothing happens where the conversation is not there. Unread counts follow. */
  change(id: Id, change: (known: ConversationState) => ConversationState): void;
  /** A conversation as the server has it, new or known. */
  put(conversation: Conversation): void;
  drop(id: Id): void;
  changePeople(change: (known: PeopleState) => PeopleState): void;
  me(): Me | null;
  reader(): Reader;
  /** The person can see the conversation at this moment. */
  isLookedAt(id: Id): boolean;
  /** Says it in a small message that comes and goes. */
  problem(problem: Problem): void;
  done(what: string): void;
  dismiss(key: string): void;
}

export function createKernel(env: Env, api: Api, first: WidgetState, changed: () => void): Kernel {
  let state = first;
  let reader: Reader = { me: '', blocked: new Set() };

  function set(change: Partial<WidgetState>): void {
    const before = state;
    state = { ...state, ...change };
    if (state.session !== before.session || state.people !== before.people) {
      const blocked = state.people.phase === 'ready' ? state.people.value.blocked : [];
      const me = state.session.phase === 'in' ? state.session.me.id : '';
      reader = { me, blocked: new Set(blocked.map(({ id }) => id)) };
    }
    if (state.session.phase === 'in') {
      const { sound } = state.session.me.preferences;
      const { notifications } = state;
      if (sound !== notifications.sound) state = { ...state, notifications: { ...notifications, sound } };
    }
    if (state.conversations !== before.conversations) {
      state = { ...state, unread: totalUnread(state.conversations) };
    }
    changed();
  }

  function putState(id: Id, next: ConversationState | null): void {
    const conversations = new Map(state.conversations);
    if (next === null) conversations.delete(id);
    else conversations.set(id, next);
    set({ conversations });
  }

  function notice(problem: Problem | null, done: string | null): void {
    const key = uuid(env);
    const kind = problem === null ? 'done' : 'problem';
    const others = state.notices.filter((one) => one.done !== done || one.problem?.code !== problem?.code);
    set({ notices: [...others, { key, kind, problem, done } as const].slice(-noticesMax) });
    env.after(problem === null ? doneShownMs : problemShownMs, () => kernel.dismiss(key));
  }

  const kernel: Kernel = {
    env,
    api,
    state: () => state,
    set,
    conversation: (id) => state.conversations.get(id),
    change(id, change) {
      const known = state.conversations.get(id);
      if (known === undefined) return;
      const next = change(known);
      if (next !== known) putState(id, recounted(next, reader));
    },
    put(conversation) {
      const known = state.conversations.get(conversation.id);
      if (known === undefined || known.removed !== null)
        putState(conversation.id, newConversation(conversation));
      else {
        kernel.change(conversation.id, (one) => ({
          ...one,
          conversation: merged(one.conversation, conversation),
        }));
      }
    },
    drop: (id) => putState(id, null),
    changePeople(change) {
      if (state.people.phase !== 'ready') return;
      const value = change(state.people.value);
      if (value !== state.people.value) set({ people: { phase: 'ready', value } });
    },
    me: () => (state.session.phase === 'in' ? state.session.me : null),
    reader: () => reader,
    isLookedAt: (id) => env.page.visible() && isShown(state.layout, id),
    problem: (problem) => notice(problem, null),
    done: (what) => notice(null, what),
    dismiss(key) {
      const notices = state.notices.filter((one) => one.key !== key);
      if (notices.length < state.notices.length) set({ notices });
    },
  };
  return kernel;
}
