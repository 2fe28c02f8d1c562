import type { Conversation, Id, Me } from '@earshot/chat/contract';
import { merged, newConversation, recounted, totalUnread } from './conversations.ts';
import { isShown } from './layout.ts';
import type { Shell } from './shell.ts';
import type { ConversationState, PeopleState, WidgetState } from './state.ts';
import type { Reader } from './timeline.ts';

/** The state, and the few ways in which the parts of somebody's chat change it. */
export interface Kernel extends Shell {
  conversation(id: Id): ConversationState | undefined;
  /** Nothing happens where the conversation is not there. Unread counts follow. */
  change(id: Id, change: (known: ConversationState) => ConversationState): void;
  /** A conversation as the server has it, new or known. */
  put(conversation: Conversation): void;
  drop(id: Id): void;
  changePeople(change: (known: PeopleState) => PeopleState): void;
  setMe(me: Me): void;
  reader(): Reader;
  /** The person can see the conversation at this moment. */
  isLookedAt(id: Id): boolean;
}

export function createKernel(shell: Shell): Kernel {
  const { env, state, set } = shell;
  let readerOf: Pick<WidgetState, 'session' | 'people'> | null = null;
  let reader: Reader;

  function putState(id: Id, next: ConversationState | null): void {
    const conversations = new Map(state().conversations);
    if (next === null) conversations.delete(id);
    else conversations.set(id, next);
    set({ conversations, unread: totalUnread(conversations) });
  }

  const kernel: Kernel = {
    ...shell,
    conversation: (id) => state().conversations.get(id),
    change(id, change) {
      const known = state().conversations.get(id);
      if (known === undefined) return;
      const next = change(known);
      if (next !== known) putState(id, recounted(next, kernel.reader()));
    },
    put(conversation) {
      const known = state().conversations.get(conversation.id);
      if (known === undefined || known.removed !== null) {
        putState(conversation.id, newConversation(conversation));
      } else {
        kernel.change(conversation.id, (one) => ({
          ...one,
          conversation: merged(one.conversation, conversation),
        }));
      }
    },
    drop: (id) => putState(id, null),
    changePeople(change) {
      const { people } = state();
      if (people.phase !== 'ready') return;
      const value = change(people.value);
      if (value !== people.value) set({ people: { phase: 'ready', value } });
    },
    setMe(me) {
      const { sound } = me.preferences;
      set({ session: { phase: 'in', me }, notifications: { ...state().notifications, sound } });
    },
    reader() {
      const { session, people } = state();
      if (readerOf?.session !== session || readerOf.people !== people) {
        readerOf = { session, people };
        const blocked = people.phase === 'ready' ? people.value.blocked : [];
        reader = { me: shell.me()?.id ?? '', blocked: new Set(blocked.map(({ id }) => id)) };
      }
      return reader;
    },
    isLookedAt: (id) => env.page.visible() && isShown(state().layout, id),
  };
  return kernel;
}
