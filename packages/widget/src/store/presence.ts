import { type Id, limits, type Person, presenceOf } from '@earshot/chat/contract';
import { type Pending, uuid } from '../client/env.ts';
import type { Wire } from '../tabs/wire.ts';
import type { Kernel } from './kernel.ts';
import type { LiveTyping } from './live-typing.ts';
import { onlineFrom, present, withJoined, withLeft } from './online.ts';
import type { OnlineState } from './state.ts';
import { isLoaded, withPresence } from './timeline.ts';

/** Above this nobody reads who came and left. */
const linesUpTo = 30;
/** Lines wait so long for others to share them. */
const gatherMs = 1_500;

/** Who has a conversation open and who types there, as long as it is open here. */
export interface Presence {
  /** Hears the conversations that are open now. */
  settle(): void;
  /** Tells the others that I type; at most every `limits.typingResendMs`. */
  typing(id: Id, isTyping: boolean): void;
  /** A message has been sent, which ends it at the others. */
  typingEnded(id: Id): void;
  stop(): void;
}

interface Open {
  letGo(): void;
  readonly types: Map<Id, Pending>;
  /** Who left a moment ago: a reload comes back within the grace. */
  readonly leaving: Map<Id, Pending>;
  joined: Person[];
  left: Person[];
  gathering: Pending | null;
}

export function createPresence(kernel: Kernel, wire: Wire, live: LiveTyping): Presence {
  const { env, api } = kernel;
  const open = new Map<Id, Open>();
  /** When I last said that I type. */
  const told = new Map<Id, number>();

  function setOnline(id: Id, change: (online: OnlineState) => OnlineState): void {
    kernel.change(id, (state) => ({ ...state, online: change(state.online) }));
  }

  function hear(id: Id): Open {
    const one: Open = {
      letGo: wire.hold(presenceOf(id), {
        subscribed(members) {
          for (const user of one.types.keys()) endTyping(id, one, user);
          for (const pending of one.leaving.values()) pending.cancel();
          one.leaving.clear();
          setOnline(id, () => onlineFrom(members ?? new Map()));
          live.resubscribed(id);
        },
        event(name, data, sender) {
          if (sender === null || sender === kernel.me()?.id) return;
          if (name.startsWith('client-live')) return live.heard(id, name, data, sender);
          if (name !== 'client-typing') return;
          if ((data as { typing?: unknown } | null)?.typing === true) startTyping(id, one, sender);
          else endTyping(id, one, sender);
        },
        joined(user, info) {
          const person = present(user, info);
          setOnline(id, (online) => withJoined(online, person));
          live.present(id, user, true);
          const leaving = one.leaving.get(user);
          leaving?.cancel();
          if (!one.leaving.delete(user)) line(id, one, 'joined', person);
        },
        left(user) {
          const person = kernel.conversation(id)?.online.members.find((member) => member.id === user);
          setOnline(id, (online) => withLeft(online, user));
          live.present(id, user, false);
          endTyping(id, one, user);
          if (person === undefined) return;
          const leave = () => {
            one.leaving.delete(user);
            line(id, one, 'left', person);
          };
          one.leaving.set(user, env.after(limits.presenceGraceMs, leave));
        },
        async refused() {
          // As many are in as may be, and they are not listed; how many there are can be said.
          const { value } = await api.call('GET /conversations/:/online', id);
          if (value !== null && open.get(id) === one) {
            setOnline(id, () => ({ known: true, members: [], count: value.count }));
          }
        },
      }),
      types: new Map(),
      leaving: new Map(),
      joined: [],
      left: [],
      gathering: null,
    };
    return one;
  }

  function close(id: Id, one: Open): void {
    live.closed(id);
    one.letGo();
    one.gathering?.cancel();
    for (const pending of [...one.types.values(), ...one.leaving.values()]) pending.cancel();
    open.delete(id);
    told.delete(id);
    kernel.change(id, (state) => ({
      ...state,
      typing: [],
      online: { known: false, members: [], count: 0 },
    }));
  }

  function startTyping(id: Id, one: Open, user: Id): void {
    if (kernel.reader().blocked.has(user)) return;
    const person = kernel.conversation(id)?.online.members.find((member) => member.id === user);
    if (person === undefined) return; // beyond the list: nobody to name
    one.types.get(user)?.cancel();
    one.types.set(
      user,
      env.after(limits.typingExpiresMs, () => endTyping(id, one, user)),
    );
    kernel.change(id, (state) =>
      state.typing.some((typist) => typist.id === user)
        ? state
        : { ...state, typing: [...state.typing, person] },
    );
  }

  function endTyping(id: Id, one: Open, user: Id): void {
    one.types.get(user)?.cancel();
    if (!one.types.delete(user)) return;
    kernel.change(id, (state) => ({ ...state, typing: state.typing.filter((typist) => typist.id !== user) }));
  }

  /** Several people within a moment share a line; who came and went again has none. */
  function line(id: Id, one: Open, what: 'joined' | 'left', person: Person): void {
    if (kernel.conversation(id)?.conversation.kind !== 'room' || person.id === kernel.me()?.id) return;
    const other = what === 'joined' ? 'left' : 'joined';
    if (one[other].some((known) => known.id === person.id)) {
      one[other] = one[other].filter((known) => known.id !== person.id);
    } else one[what].push(person);
    if (one.gathering === null) one.gathering = env.after(gatherMs, () => write(id, one));
  }

  function write(id: Id, one: Open): void {
    const { joined, left } = one;
    one.gathering = null;
    one.joined = [];
    one.left = [];
    const state = kernel.conversation(id);
    if (state === undefined || state.online.count > linesUpTo || joined.length + left.length === 0) return;
    if (!isLoaded(state.timeline) || state.timeline.newer !== 'newest') return;
    kernel.change(id, (known) => ({
      ...known,
      timeline: withPresence(known.timeline, uuid(env), joined, left, env.now()),
    }));
  }

  return {
    settle() {
      const { layout, conversations } = kernel.state();
      const wanted = new Set<Id>();
      for (const { conversation: id } of layout.open ? layout.panels : []) {
        if (conversations.get(id)?.removed === null) wanted.add(id);
      }
      for (const [id, one] of open) if (!wanted.has(id)) close(id, one);
      for (const id of wanted) if (!open.has(id)) open.set(id, hear(id));
    },
    typing(id, isTyping) {
      const last = told.get(id);
      if (isTyping ? last !== undefined && env.now() - last < limits.typingResendMs : last === undefined)
        return;
      if (isTyping) told.set(id, env.now());
      else told.delete(id);
      wire.trigger(presenceOf(id), 'client-typing', { typing: isTyping });
    },
    typingEnded: (id) => void told.delete(id),
    stop() {
      for (const [id, one] of open) close(id, one);
    },
  };
}
