import type { Id, PresenceInfo } from '@earshot/chat/contract';
import { type Broadcast, type Env, type Pending, uuid } from '../client/env.ts';
import type { Members, OpenSocket, Socket, SocketState } from '../client/socket.ts';
import type { Problem } from '../store/problem.ts';
import type { ChannelListener, Wire, WireListener } from './wire.ts';

/** A leader that does not answer for so long is frozen: another tab takes its place. */
const answerMs = 900;

/** What tabs say to each other. */
type Note =
  /** All that a tab wants, each time it changes, and whenever a new leader asks. */
  | { readonly t: 'want'; readonly tab: string; readonly channels: readonly string[] }
  | { readonly t: 'gone'; readonly tab: string }
  /** From here on from the leader, but `send` and `now`. */
  | { readonly t: 'lead' }
  | { readonly t: 'state'; readonly state: SocketState; readonly retryAt: number | null }
  | {
      readonly t: 'sub';
      readonly channel: string;
      readonly members: Members | null;
      readonly to: string | null;
    }
  | {
      readonly t: 'event';
      readonly channel: string;
      readonly name: string;
      readonly data: unknown;
      readonly sender: Id | null;
    }
  | { readonly t: 'in'; readonly channel: string; readonly id: Id; readonly info: PresenceInfo }
  | { readonly t: 'out'; readonly channel: string; readonly id: Id }
  | { readonly t: 'no'; readonly channel: string; readonly problem: Problem }
  | { readonly t: 'send'; readonly channel: string; readonly name: string; readonly data: unknown }
  | { readonly t: 'now' };

/**
 * One connection for all tabs of a browser on one origin: the tab that holds a lock is the leader and has it; the others hear
 * what it hears and say what they want by a broadcast channel. A leader that goes leaves the lock to the next one, which
 * subscribes anew, so that everybody catches up. A browser without locks or broadcast has a leader in each tab: the same
 * code, alone.
 *
 * @param name the same for tabs of the same person at the same server, and for no others
 */
export function createWire(env: Env, name: string, open: OpenSocket, listener: WireListener): Wire {
  const tab = uuid(env);
  const mine = new Map<string, ChannelListener>();
  const locks = env.locks;
  let bus: Broadcast | null = null;
  let alone = false;
  let stopped = false;
  /** Withdraws from the queue for the lock, and from waiting for other tabs to end. */
  let withdraw = new AbortController();
  /** Lets the lock go that this tab leads by. */
  let resign: (() => void) | null = null;
  let letGoOfTab = () => {};
  let telling = false;
  let silence: Pending | null = null;

  // Of the leader alone.
  let socket: Socket | null = null;
  let state: Note & { t: 'state' } = { t: 'state', state: 'connecting', retryAt: null };
  const wants = new Map<string, ReadonlySet<string>>();
  /** Channels that are subscribed now, and who is in them. */
  const live = new Map<string, Map<Id, PresenceInfo> | null>();

  // ——— every tab

  function post(note: Note): void {
    bus?.postMessage(note);
  }

  /** Says what this tab wants, once for all that changes in one go. */
  function announce(): void {
    if (telling) return;
    telling = true;
    Promise.resolve().then(() => {
      telling = false;
      if (stopped) return;
      if (socket !== null) settle();
      else {
        post({ t: 'want', tab, channels: [...mine.keys()] });
        expectAnswer();
      }
    });
  }

  function expectAnswer(): void {
    if (alone || socket !== null || silence !== null) return;
    silence = env.after(answerMs, () => {
      silence = null;
      // A tab in the background need not lead; the one in front does not wait for one that sleeps.
      if (env.page.visible() && socket === null && !stopped) campaign(true);
    });
  }

  function heard(note: Note): void {
    if (note.t === 'want' || note.t === 'gone' || note.t === 'send' || note.t === 'now') {
      if (socket !== null) asked(note);
      return;
    }
    silence?.cancel();
    silence = null;
    if (note.t === 'lead') announce();
    else deliver(note);
  }

  function deliver(note: Note): void {
    if (stopped) return;
    if (note.t === 'state') {
      listener.connection(note.state, note.retryAt);
      return;
    }
    if (!('channel' in note)) return;
    const channel = mine.get(note.channel);
    if (channel === undefined) return;
    if (note.t === 'sub' && (note.to === null || note.to === tab)) channel.subscribed(note.members);
    else if (note.t === 'event') channel.event(note.name, note.data, note.sender);
    else if (note.t === 'in') channel.joined?.(note.id, note.info);
    else if (note.t === 'out') channel.left?.(note.id);
    else if (note.t === 'no') channel.refused?.(note.problem);
  }

  // ——— the leader

  function tell(note: Note): void {
    post(note);
    deliver(note);
  }

  function asked(note: Note): void {
    if (note.t === 'send') {
      socket?.trigger(note.channel, note.name, note.data);
      return;
    }
    if (note.t === 'now') {
      socket?.tryNow();
      return;
    }
    if (note.t === 'gone') {
      forget(note.tab);
      return;
    }
    if (note.t !== 'want') return;
    if (!wants.has(note.tab)) watch(note.tab);
    const before = wants.get(note.tab);
    wants.set(note.tab, new Set(note.channels));
    post(state);
    for (const channel of note.channels) {
      const members = live.get(channel);
      if (members !== undefined && !before?.has(channel)) post({ t: 'sub', channel, members, to: note.tab });
    }
    settle();
  }

  /** A tab holds a lock as long as it lives; this gets it when the tab has gone without a word. */
  function watch(other: string): void {
    const { signal } = withdraw;
    locks?.request(`${name} ${other}`, { signal }, () => forget(other)).catch(() => {}); // no longer the leader
  }

  function forget(other: string): void {
    if (wants.delete(other)) settle();
  }

  const subscribed = new Set<string>();
  /** Subscribes to what anybody wants, and to nothing else. */
  function settle(): void {
    const wanted = new Set(mine.keys());
    for (const channels of wants.values()) for (const channel of channels) wanted.add(channel);
    for (const channel of subscribed) {
      if (wanted.has(channel)) continue;
      subscribed.delete(channel);
      live.delete(channel);
      socket?.unsubscribe(channel);
    }
    for (const channel of wanted) {
      if (subscribed.has(channel)) continue;
      subscribed.add(channel);
      socket?.subscribe(channel);
    }
  }

  function lead(): void {
    silence?.cancel();
    silence = null;
    state = { t: 'state', state: 'connecting', retryAt: null };
    socket = open({
      connection(next, retryAt) {
        if (next !== 'online') live.clear();
        state = { t: 'state', state: next, retryAt };
        tell(state);
      },
      subscribed(channel, members) {
        live.set(channel, members === null ? null : new Map(members));
        tell({ t: 'sub', channel, members, to: null });
      },
      event: (channel, event, data, sender) => tell({ t: 'event', channel, name: event, data, sender }),
      joined(channel, id, info) {
        live.get(channel)?.set(id, info);
        tell({ t: 'in', channel, id, info });
      },
      left(channel, id) {
        live.get(channel)?.delete(id);
        tell({ t: 'out', channel, id });
      },
      refused: (channel, problem) => tell({ t: 'no', channel, problem }),
      ended: (problem) => listener.ended(problem),
    });
    post({ t: 'lead' });
    settle();
  }

  function demote(): void {
    socket?.stop();
    socket = null;
    resign?.();
    resign = null;
    subscribed.clear();
    live.clear();
    wants.clear();
  }

  /** Asks for the lock, which comes when its holder goes. @param steal takes it from a leader that does not answer */
  function campaign(steal: boolean): void {
    const { signal } = withdraw;
    const elected = () => {
      if (stopped || socket !== null || signal.aborted) return;
      lead();
      return new Promise<void>((resolve) => {
        resign = resolve;
      });
    };
    locks
      ?.request(`${name} leader`, steal ? { steal } : { signal }, elected)
      .catch((error: { name?: string } | null) => {
        if (signal.aborted || stopped) return;
        // Another tab has stolen it. Without locks after all (a page without an origin): every tab for itself.
        demote();
        if (error?.name === 'AbortError') {
          campaign(false);
          announce();
        } else goAlone();
      });
  }

  function goAlone(): void {
    alone = true;
    bus?.close();
    bus = null;
    if (socket === null) lead();
  }

  // ——— coming and going

  function enter(): void {
    bus = locks === null ? null : env.broadcast(name);
    if (bus === null || locks === null) {
      goAlone();
      return;
    }
    bus.onmessage = ({ data }) => heard(data as Note);
    withdraw = new AbortController();
    const { signal } = withdraw;
    const alive = new Promise<void>((resolve) => {
      letGoOfTab = resolve;
    });
    locks.request(`${name} ${tab}`, { signal }, () => alive).catch(() => {}); // gone before it was given
    campaign(false);
    announce();
  }

  /** The page is put away, perhaps to come back: others must not wait for it. */
  function leave(): void {
    post({ t: 'gone', tab });
    silence?.cancel();
    silence = null;
    withdraw.abort();
    demote();
    letGoOfTab();
    bus?.close();
    bus = null;
  }

  function seen(): void {
    if (socket !== null) socket.tryNow();
    else announce();
  }

  const stopHearing = [
    env.page.on('gone', leave),
    env.page.on('back', enter),
    env.page.on('seen', seen),
    env.page.on('online', () => socket?.tryNow()),
  ];
  enter();

  return {
    hold(channel, held) {
      mine.set(channel, held);
      const members = live.get(channel);
      if (members !== undefined) {
        Promise.resolve().then(() => {
          if (mine.get(channel) === held && live.has(channel)) held.subscribed(members);
        });
      }
      announce();
      return () => {
        if (mine.get(channel) !== held) return;
        mine.delete(channel);
        announce();
      };
    },
    trigger(channel, event, data) {
      if (socket !== null) socket.trigger(channel, event, data);
      else post({ t: 'send', channel, name: event, data });
    },
    tryNow() {
      if (socket !== null) return socket.tryNow();
      post({ t: 'now' });
      announce();
    },
    leads: () => socket !== null,
    stop() {
      for (const stop of stopHearing) stop();
      leave();
      stopped = true;
    },
  };
}
