import {
  type Id,
  limits,
  type Message,
  messagesOf,
  type Person,
  type ServerEvents,
} from '@earshot/chat/contract';
import { mayHaveHappened } from '../client/answer.ts';
import type { Pending } from '../client/env.ts';
import type { Wire } from '../tabs/wire.ts';
import { withArrived, withRoom } from './conversations.ts';
import type { Kernel } from './kernel.ts';
import type { Problem, Timeline } from './state.ts';
import {
  firstSeq,
  isLoaded,
  lastSeq,
  withFreshMessage,
  withMessage,
  withNewer,
  withOlder,
  withPage,
} from './timeline.ts';

/** Events overtake each other by little: what is missing is waited for so long before it is asked for. */
const holeMs = 250;
/** Rooms whose messages are heard though they are not open, for their unread counts; mentions come by the inbox. */
const roomsHeard = 50;

/** Keeps the lists of conversations complete: what comes, what was missed, what is older. */
export interface Following {
  /** A message in whatever state, from an event or an answer. May come twice, late or never. */
  arrived(message: Message): void;
  /** `change` has happened; the message did not fit the event. */
  changed(id: Id, change: number): void;
  /** Something may have been missed. */
  catchUp(id: Id): void;
  catchUpDirects(): void;
  /** Loads the newest messages if there are none yet. */
  load(id: Id): void;
  loadOlder(id: Id): void;
  loadNewer(id: Id): void;
  jumpToNewest(id: Id): void;
  jumpTo(id: Id, seq: number): void;
  /** Asks for one message anew: the addresses of its files are over. */
  renew(id: Id, seq: number): Promise<void>;
  /** Tries at once what waits for its next try. */
  retry(): void;
  /** Hears the rooms that there are now. */
  settle(): void;
  stop(): void;
}

export interface FollowingHooks {
  /** A message of mine is there, by whatever way. */
  confirmed(conversation: Id, message: string): void;
  /** Counts of conversations whose lists are not loaded may be wrong now. */
  suspect(): void;
  /** A room's channel was subscribed, perhaps again. */
  roomHeard(id: Id): void;
  roomRefused(id: Id, problem: Problem): void;
  personChanged(person: Person): void;
}

/** How far a list is complete. */
interface Track {
  /** Every change up to this one is in the list. */
  known: number;
  /** Changes that came before others that are missing still. */
  readonly early: Map<number, Message>;
  busy: boolean;
  /** Something happened meanwhile that makes another look necessary. */
  due: boolean;
  hole: Pending | null;
  retry: { readonly timer: Pending; readonly task: () => void } | null;
  tries: number;
}

export function createFollowing(kernel: Kernel, wire: Wire, hooks: FollowingHooks): Following {
  const { env, api } = kernel;
  const tracks = new Map<Id, Track>();
  const rooms = new Map<Id, () => void>();
  let stopped = false;

  function track(id: Id): Track {
    let known = tracks.get(id);
    if (known === undefined) {
      known = { known: 0, early: new Map(), busy: false, due: false, hole: null, retry: null, tries: 0 };
      tracks.set(id, known);
    }
    return known;
  }

  const listOf = (id: Id) => kernel.conversation(id)?.timeline;

  function setList(id: Id, change: (timeline: Timeline) => Timeline): void {
    kernel.change(id, (state) => {
      const timeline = change(state.timeline);
      return timeline === state.timeline ? state : { ...state, timeline };
    });
  }

  function apply(id: Id, messages: readonly Message[]): void {
    const inOrder = [...messages].sort((one, other) => one.seq - other.seq);
    setList(id, (timeline) =>
      inOrder.reduce((list, message) => withMessage(list, message, kernel.reader()), timeline),
    );
  }

  // ——— what comes

  function arrived(message: Message): void {
    const id = message.conversation;
    const state = kernel.conversation(id);
    if (message.author.id === kernel.me()?.id) hooks.confirmed(id, message.id);
    if (state === undefined) {
      hooks.suspect();
      return;
    }
    const { conversation, timeline } = state;
    const reader = kernel.reader();
    const startsUnread = conversation.me.unread === 0 && message.seq > conversation.lastSeq;
    kernel.change(id, (known) => {
      const next = withArrived(known.conversation, message, reader);
      const line = startsUnread && next.me.unread > 0 && !kernel.isLookedAt(id);
      return {
        ...known,
        conversation: next,
        timeline: line ? { ...known.timeline, newFrom: message.seq } : known.timeline,
        typing: known.typing.filter((person) => person.id !== message.author.id),
      };
    });
    if (!isLoaded(timeline)) {
      if (message.change > conversation.lastChange + 1) hooks.suspect();
      return;
    }
    const one = track(id);
    if (message.change > one.known + 1) {
      one.early.set(message.change, message);
      lookForHole(id);
      return;
    }
    apply(id, [message]);
    one.known = Math.max(one.known, message.change);
    drain(id);
  }

  /** What came early and is next now. */
  function drain(id: Id): void {
    const one = track(id);
    for (const change of one.early.keys()) if (change <= one.known) one.early.delete(change);
    for (let next = one.early.get(one.known + 1); next !== undefined; next = one.early.get(one.known + 1)) {
      one.known++;
      one.early.delete(one.known);
      apply(id, [next]);
    }
    if (one.early.size > 0) {
      lookForHole(id);
      return;
    }
    one.hole?.cancel();
    one.hole = null;
  }

  function lookForHole(id: Id): void {
    const one = track(id);
    if (one.hole !== null) return;
    one.hole = env.after(holeMs, () => {
      one.hole = null;
      if (one.early.size > 0) catchUp(id);
    });
  }

  function changed(id: Id, change: number): void {
    const state = kernel.conversation(id);
    if (state === undefined || !isLoaded(state.timeline)) hooks.suspect();
    else if (change > track(id).known) catchUp(id);
  }

  // ——— what was missed

  async function catchUp(id: Id): Promise<void> {
    const one = track(id);
    one.due = true;
    const list = listOf(id);
    if (one.busy || list === undefined || !isLoaded(list)) return;
    one.busy = true;
    setList(id, (timeline) => (timeline.catchUp === 'none' ? { ...timeline, catchUp: 'running' } : timeline));
    const problem = await fetchChanges(id, one);
    one.busy = false;
    if (stopped) return;
    setList(id, (timeline) => (timeline.catchUp === 'running' ? { ...timeline, catchUp: 'none' } : timeline));
    if (problem !== null) again(id, problem, () => catchUp(id));
    else if (one.due) catchUp(id);
    else drain(id);
  }

  async function fetchChanges(id: Id, one: Track): Promise<Problem | null> {
    for (let whole = false; !whole; ) {
      one.due = false;
      const query = { since: one.known };
      const { problem, value } = await api.call('GET /conversations/:/changes', query, id);
      if (stopped || kernel.conversation(id) === undefined) return null;
      if (problem !== null) return problem;
      one.tries = 0;
      if (value.tooMuch) {
        one.early.clear();
        kernel.change(id, (state) => ({
          ...state,
          // What a jump to the newest begins with.
          conversation: {
            ...state.conversation,
            lastChange: Math.max(state.conversation.lastChange, value.lastChange),
          },
          timeline: { ...state.timeline, catchUp: 'too-much', newer: 'behind' },
        }));
        return null;
      }
      whole = !value.more;
      one.known = Math.max(one.known, value.lastChange);
      absorb(id, value.messages);
    }
    return null;
  }

  /** Into the counts and the list, in one go. */
  function absorb(id: Id, messages: readonly Message[]): void {
    const reader = kernel.reader();
    const inOrder = [...messages].sort((one, other) => one.seq - other.seq);
    for (const message of inOrder) if (message.author.id === reader.me) hooks.confirmed(id, message.id);
    kernel.change(id, (state) => ({
      ...state,
      conversation: inOrder.reduce(
        (known, message) => withArrived(known, message, reader),
        state.conversation,
      ),
      timeline: inOrder.reduce((list, message) => withMessage(list, message, reader), state.timeline),
    }));
  }

  function again(id: Id, problem: Problem, task: () => void): number | null {
    const waits = problem.code === 'too_many_requests' || mayHaveHappened(problem);
    if (!waits) return null;
    const one = track(id);
    const seconds = Math.max(problem.retryAfterSeconds ?? 0, Math.min(2 ** ++one.tries, 30));
    const ms = seconds * 1_000 * (0.75 + env.random() / 2);
    one.retry?.timer.cancel();
    const timer = env.after(ms, () => {
      one.retry = null;
      task();
    });
    one.retry = { timer, task };
    return env.now() + ms;
  }

  // ——— pages

  function load(id: Id): void {
    const state = kernel.conversation(id);
    if (state !== undefined && !isLoaded(state.timeline) && !track(id).busy) page(id, {});
  }

  /** @param at of which message the page is around; none: the newest */
  async function page(id: Id, at: { around?: number }): Promise<void> {
    const one = track(id);
    const conversation = kernel.conversation(id)?.conversation;
    if (conversation === undefined) return;
    one.busy = true;
    one.retry?.timer.cancel();
    one.early.clear();
    // Whatever changes from here on is in the page, or is caught up on.
    const known = conversation.lastChange;
    one.known = known;
    const isFirst = !isLoaded(listOf(id) as Timeline);
    setList(id, (timeline) =>
      isFirst ? { ...timeline, older: 'loading', olderRetryAt: null } : { ...timeline, newer: 'loading' },
    );
    const query = { ...at, limit: limits.historyPage };
    const { problem, value } = await api.call('GET /conversations/:/messages', query, id);
    one.busy = false;
    if (stopped || kernel.conversation(id) === undefined) return;
    if (problem !== null) {
      const retryAt = again(id, problem, () => page(id, at));
      setList(id, (timeline) =>
        isFirst ? { ...timeline, older: 'failed', olderRetryAt: retryAt } : { ...timeline, newer: 'behind' },
      );
      if (retryAt === null) kernel.change(id, (state) => ({ ...state, problem }));
      return;
    }
    one.tries = 0;
    setList(id, (timeline) => withPage(timeline, value, kernel.reader()));
    for (const { author, id: uuid } of value.messages) {
      if (author.id === kernel.me()?.id) hooks.confirmed(id, uuid);
    }
    setList(id, (timeline) => ({
      ...timeline,
      newFrom: isFirst && conversation.me.unread > 0 ? conversation.me.cursor + 1 : timeline.newFrom,
    }));
    const latest = kernel.conversation(id)?.conversation;
    if (one.due || (latest?.lastChange ?? 0) > one.known) catchUp(id);
  }

  async function loadOlder(id: Id): Promise<void> {
    const list = listOf(id);
    const one = track(id);
    if (list === undefined || list.older === 'loading' || list.older === 'end') return;
    if (!isLoaded(list)) return load(id);
    one.retry?.timer.cancel();
    setList(id, (timeline) => ({ ...timeline, older: 'loading', olderRetryAt: null }));
    const query = { before: firstSeq(list), limit: limits.historyPage };
    const { problem, value } = await api.call('GET /conversations/:/messages', query, id);
    if (stopped) return;
    if (problem === null) {
      one.tries = 0;
      setList(id, (timeline) =>
        // A jump meanwhile has left the place that these were for.
        firstSeq(timeline) === query.before ? withOlder(timeline, value, kernel.reader()) : timeline,
      );
      return;
    }
    const retryAt = again(id, problem, () => loadOlder(id));
    setList(id, (timeline) => ({ ...timeline, older: 'failed', olderRetryAt: retryAt }));
  }

  async function loadNewer(id: Id): Promise<void> {
    const list = listOf(id);
    if (list === undefined || list.newer !== 'behind') return;
    if (list.catchUp === 'too-much') return jumpToNewest(id);
    setList(id, (timeline) => ({ ...timeline, newer: 'loading' }));
    const query = { after: lastSeq(list), limit: limits.historyPage };
    const { problem, value } = await api.call('GET /conversations/:/messages', query, id);
    if (stopped) return;
    if (problem !== null) {
      setList(id, (timeline) => ({ ...timeline, newer: 'behind' }));
      return kernel.problem(problem);
    }
    setList(id, (timeline) =>
      timeline.newer === 'loading' ? withNewer(timeline, value, kernel.reader()) : timeline,
    );
    // One that came while this was asked for was not taken, because the list was behind.
    const state = kernel.conversation(id);
    if (state === undefined || state.timeline.newer !== 'newest') return;
    if (lastSeq(state.timeline) < state.conversation.lastSeq) {
      setList(id, (timeline) => ({ ...timeline, newer: 'behind' }));
      loadNewer(id);
    }
  }

  function jumpToNewest(id: Id): void {
    const list = listOf(id);
    if (list !== undefined && list.newer !== 'newest') page(id, {});
  }

  // ——— rooms

  function settle(): void {
    const wanted = new Set<Id>();
    for (const [id, { conversation, removed }] of kernel.state().conversations) {
      if (conversation.kind !== 'room' || removed !== null) continue;
      const isOpen = kernel.state().layout.panels.some((panel) => panel.conversation === id);
      if (isOpen || wanted.size < roomsHeard) wanted.add(id);
    }
    for (const [id, letGo] of rooms) {
      if (wanted.has(id)) continue;
      letGo();
      rooms.delete(id);
    }
    for (const id of tracks.keys()) if (kernel.conversation(id) === undefined) tracks.delete(id);
    for (const id of wanted) if (!rooms.has(id)) rooms.set(id, hear(id));
  }

  function hear(id: Id): () => void {
    return wire.hold(messagesOf(id), {
      subscribed() {
        catchUp(id);
        hooks.roomHeard(id);
      },
      event(name, data) {
        const events = data as ServerEvents[keyof ServerEvents];
        if (name === 'new_message' || name === 'message_changed') {
          const { message } = events as ServerEvents['new_message'];
          if (message.conversation === id) arrived(message);
        } else if (name === 'changed') changed(id, (events as ServerEvents['changed']).change);
        else if (name === 'conversation_changed') {
          const room = (events as ServerEvents['conversation_changed']).conversation;
          kernel.change(id, (state) => ({ ...state, conversation: withRoom(state.conversation, room) }));
        } else if (name === 'person_changed')
          hooks.personChanged((events as ServerEvents['person_changed']).person);
      },
      refused: (problem) => hooks.roomRefused(id, problem),
    });
  }

  return {
    arrived,
    changed,
    catchUp,
    catchUpDirects() {
      for (const [id, { conversation }] of kernel.state().conversations) {
        if (conversation.kind === 'direct') catchUp(id);
      }
    },
    load,
    loadOlder,
    loadNewer,
    jumpToNewest,
    jumpTo(id, seq) {
      const list = listOf(id);
      if (list === undefined || (seq >= firstSeq(list) && seq <= lastSeq(list))) return;
      page(id, { around: seq });
    },
    async renew(id, seq) {
      const query = { around: seq, limit: 1 };
      const { value } = await api.call('GET /conversations/:/messages', query, id);
      const message = value?.messages.find((one) => one.seq === seq);
      if (message !== undefined) setList(id, (list) => withFreshMessage(list, message, kernel.reader()));
    },
    retry() {
      for (const one of tracks.values()) {
        const { retry } = one;
        if (retry === null) continue;
        retry.timer.cancel();
        one.retry = null;
        retry.task();
      }
    },
    settle,
    stop() {
      stopped = true;
      for (const letGo of rooms.values()) letGo();
      for (const { hole, retry } of tracks.values()) {
        hole?.cancel();
        retry?.timer.cancel();
      }
    },
  };
}
