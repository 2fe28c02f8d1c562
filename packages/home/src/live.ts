import type { Channel, Client, PresenceChannel } from './client.ts';
import { clientLineEvent, demoChannel, type Session, tryChannel } from './contract.ts';
import { type Happening, type Line, named, type Person, textOf, withLine } from './lines.ts';
import { closeProblem, errorProblem } from './problems.ts';

export type Phase = 'connecting' | 'connected' | 'reconnecting' | 'unreachable' | 'closed' | 'unsupported';

export interface LiveState {
  phase: Phase;
  /** The browser itself says that it has no network. */
  offline: boolean;
  transport: string | null;
  socketId: string | null;
  /** Why the connection was closed for good. */
  closedBecause: string | null;
  /** Null until this window is in the presence channel. */
  people: readonly Person[] | null;
  me: Person | null;
  lines: readonly Line[];
  /** What went wrong with the last line, or with joining. */
  trouble: string | null;
}

/** The page's connection as a store: a state, a way to hear of the next one, and what one can do. */
export interface Live {
  state(): LiveState;
  /** Calls `listener` after every change until the returned function is called. */
  listen(listener: () => void): () => void;
  /** Sends a line to every other window and shows it here. False when nothing was sent. */
  say(text: string): boolean;
  reconnect(): void;
  stop(): void;
}

export interface LiveOptions {
  client: Client;
  session: Session;
  /** The authoriser refused: the session may have ended. */
  onAuthRefused: () => void;
}

/** Follows what `client` hears on the page's two channels. */
export function follow({ client, session, onAuthRefused }: LiveOptions): Live {
  let state: LiveState = {
    phase: 'connecting',
    offline: !navigator.onLine,
    transport: null,
    socketId: null,
    closedBecause: null,
    people: null,
    me: null,
    lines: [],
    trouble: null,
  };
  let lineCount = 0;
  const listeners = new Set<() => void>();

  const change = (patch: Partial<LiveState>) => {
    state = { ...state, ...patch };
    for (const listener of listeners) listener();
  };
  const add = (line: Happening, patch: Partial<LiveState> = {}) =>
    change({ ...patch, lines: withLine(state.lines, { ...line, id: lineCount++, at: new Date() }) });

  const { connection } = client;

  connection.bind('state_change', ({ current }: { current: string }) => {
    const connected = current === 'connected';
    change({
      phase: phaseOf(current, state.phase),
      transport: connected ? connection.connection.transport.name : null,
      socketId: connected ? connection.socket_id : null,
      // What went wrong was of the connection that is gone.
      ...(connected ? { closedBecause: null } : { people: null, trouble: null }),
    });
  });
  connection.bind('error', (error: unknown) => {
    const { whileOpen, code, message } = readError(error);
    if (whileOpen) change({ trouble: errorProblem(code, message, session.app.clientEventsPerSecond) });
    else if (code !== null) change({ closedBecause: closeProblem(code, message) });
  });

  showPublished(client.subscribe(tryChannel));
  const room = session.demo ? (client.subscribe(demoChannel) as PresenceChannel) : null;
  if (room) {
    showPublished(room);
    room.bind('pusher:subscription_succeeded', () =>
      change({ people: everyone(room), me: personOf(room.members.me), trouble: null }),
    );
    room.bind('pusher:member_added', (member: unknown) =>
      add({ kind: 'came', by: personOf(member) }, { people: everyone(room) }),
    );
    room.bind('pusher:member_removed', (member: unknown) =>
      add({ kind: 'left', by: personOf(member) }, { people: everyone(room) }),
    );
    room.bind('pusher:subscription_error', (refusal: { status?: number; error?: string }) => {
      // A server that went away answers nobody; that the connection is lost says enough.
      if (state.phase === 'connected')
        change({ trouble: `You could not join the others: ${refusal.error ?? 'the server refused'}` });
      onAuthRefused();
    });
    room.bind(clientLineEvent, (data: unknown, { user_id = '' }: { user_id?: string } = {}) => {
      const text = named(data, 'text');
      const by = state.people?.find((person) => person.id === user_id);
      if (text !== undefined && by)
        add({ kind: 'said', by, own: by.id === state.me?.id, text: textOf(text) });
    });
  }

  /** Shows whatever is published to `channel`; what clients send has its own way in. */
  function showPublished(channel: Channel): void {
    channel.bind_global((event: string, data: unknown) => {
      if (/^(pusher(_internal)?:|client-)/.test(event)) return;
      add({ kind: 'published', channel: channel.name, event, text: textOf(data) });
    });
  }

  const onNetwork = () => change({ offline: !navigator.onLine });
  addEventListener('online', onNetwork);
  addEventListener('offline', onNetwork);

  return {
    state: () => state,
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    say(text) {
      const { me, people } = state;
      if (me === null || people === null || !room?.trigger(clientLineEvent, { text })) return false;
      add({ kind: 'said', by: me, own: true, text }, { trouble: null });
      return true;
    },
    reconnect() {
      client.disconnect();
      client.connect();
    },
    stop() {
      removeEventListener('online', onNetwork);
      removeEventListener('offline', onNetwork);
      listeners.clear();
      client.disconnect();
    },
  };
}

/** pusher-js swings between `connecting` and `unavailable` while a server is gone; the page says so steadily. */
function phaseOf(current: string, before: Phase): Phase {
  switch (current) {
    case 'connected':
      return 'connected';
    case 'unavailable':
      return 'unreachable';
    case 'disconnected':
      return 'closed';
    case 'failed':
      return 'unsupported';
    default:
      return before === 'connected' ? 'reconnecting' : before === 'closed' ? 'connecting' : before;
  }
}

function everyone(room: PresenceChannel): Person[] {
  const people: Person[] = [];
  room.members.each((member: unknown) => people.push(personOf(member)));
  return people;
}

/** A member as pusher-js hands it out. Whoever holds the secret can sign any `info`, so nothing in it is certain. */
function personOf(member: unknown): Person {
  const { id, info } = member as { id: string; info: unknown };
  const colour = Number((info as { colour?: unknown } | null)?.colour);
  return { id, name: named(info, 'name') ?? id, colour: Number.isInteger(colour) ? Math.abs(colour) % 8 : 0 };
}

/** Closes come wrapped, `pusher:error` comes bare. */
function readError(error: unknown): { whileOpen: boolean; code: number | null; message: string } {
  const {
    type,
    error: inner,
    data,
  } = error as {
    type?: string;
    error?: { data?: { code?: number; message?: string } };
    data?: { code?: number | null; message?: string };
  };
  const whileOpen = type === 'PusherError';
  const found = whileOpen ? data : inner?.data;
  return { whileOpen, code: found?.code ?? null, message: found?.message ?? '' };
}
