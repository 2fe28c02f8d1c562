import { type ChatConfig, type Id, isId, type PresenceInfo } from '@earshot/chat/contract';
import type { Problem } from '../store/problem.ts';
import { type Answer, answered } from './answer.ts';
import type { Api } from './api.ts';
import type { Env, Pending } from './env.ts';
import { type Channel, Pusher, type PusherMembers } from './pusher.ts';
import type { Members, Socket, SocketListener } from './socket.ts';

/** How long a try may take before the next one: what a blocked WebSocket needs for its fallback comes first. */
const windowsMs = [4_000, 8_000, 16_000, 20_000];
const firstWindowMs = 15_000;
/** A try after this one was refused for reasons that only time mends. */
const refusedMs = 30_000;
/** No sign of life for so long after asking for one: the connection is dead, whatever the browser thinks. */
const pongMs = 5_000;

interface Reached {
  readonly env: Env;
  readonly realtime: ChatConfig['realtime'];
}

export type RealtimeOptions = Reached & (OfSession | Anonymous);

interface OfSession {
  readonly api: Api;
  /** Proves the session anew after the server has ended the connection. */
  readonly renew: () => Promise<Answer<string>>;
}

/** Nobody signs in, as in live rooms. */
interface Anonymous {
  readonly sign: (what: {
    socket_id: string;
    channel_name: string;
  }) => Promise<Answer<{ auth: string; channel_data?: string }>>;
}

/** Of clients, whose sender is told by the server alone. */
const clientEvents = ['client-typing', 'client-live', 'client-live-ask', 'client-live-answer'];
/** The server did not take an event because they came too fast; the connection goes on. */
const tooFastCode = 4301;

/**
 * Stock pusher-js, signed in as the session (if there is one) before anything is subscribed. When to try again is decided here: the first
 * time within a second, at a random moment, so that not all come at once when a server starts again.
 */
export function openSocket(options: RealtimeOptions, to: SocketListener): Socket {
  const { env, realtime } = options;
  const session = 'api' in options ? options : null;
  const sign: Anonymous['sign'] =
    'sign' in options ? options.sign : (body) => options.api.call('POST /realtime/auth', body);
  const { key, host, port, tls, path } = realtime;
  const wanted = new Set<string>();
  let stopped = false;
  let everOnline = false;
  let tries = 0;
  /** Ends of the session's connections (4009) without a successful sign-in in between. */
  let refusals = 0;
  let lastCode = 0;
  let timer: Pending | null = null;
  let alive: Pending | null = null;
  /** Resolves to whether this connection is signed in. */
  let signedIn: Promise<boolean> = Promise.resolve(false);
  let setSignedIn: (done: boolean) => void = () => {};

  // Every host is set: with one of them missing pusher-js would ask Pusher's cloud.
  const pusher = new Pusher(key, {
    cluster: '',
    wsHost: host,
    wsPort: port,
    wssPort: port,
    wsPath: path,
    httpHost: host,
    httpPort: port,
    httpsPort: port,
    httpPath: `${path}/pusher`,
    forceTLS: tls,
    enableStats: false,
    enabledTransports: ['ws', 'wss', 'xhr_streaming', 'xhr_polling'],
    activityTimeout: 30_000,
    pongTimeout: pongMs,
    userAuthentication: {
      transport: 'ajax',
      endpoint: '',
      customHandler: async ({ socketId }, done) => {
        const answer = await session?.api.call('POST /realtime/user-auth', { socket_id: socketId });
        if (answer === undefined) return;
        const { problem, value } = answer;
        if (problem === null) return done(null, value);
        done(new Error(problem.code), null);
        again(Math.max(1, problem.retryAfterSeconds ?? 0) * 1_000 * (1 + env.random()));
      },
    },
    channelAuthorization: {
      transport: 'ajax',
      endpoint: '',
      customHandler: async ({ socketId, channelName }, done) => {
        if (!(await signedIn)) return done(new Error('not signed in'), null);
        const body = { socket_id: socketId, channel_name: channelName };
        const { problem, value } = await sign(body);
        if (problem === null) return done(null, value);
        done(new Error(problem.code), null);
        notSubscribed(channelName, problem);
      },
    },
  });
  if (session !== null) pusher.signin();
  tell('connecting');
  wait(firstWindowMs, restart);

  const { connection } = pusher;
  connection.bind('state_change', ({ current }: { current: string }) => {
    setSignedIn(false);
    if (current === 'connected') {
      signedIn = new Promise((resolve) => {
        setSignedIn = resolve;
      });
      to.transport?.(connection.connection?.transport?.name ?? 'ws');
      if (session === null) isOnline();
    }
    if (current === 'failed') tell('offline');
    // Refused for a reason, and pusher-js does not come back by itself.
    if (current === 'disconnected' && lastCode >= 4000) refused();
  });
  connection.bind('message', ({ event }: { event: string }) => {
    alive?.cancel();
    if (event === 'pusher:signin_success') isOnline();
  });
  connection.bind(
    'error',
    (error: { data?: { code?: number }; error?: { data?: { code?: number } } } | null) => {
      const code = (error?.error ?? error)?.data?.code ?? 0;
      if (code === tooFastCode) to.tooFast?.();
      else lastCode = code;
    },
  );
  // The connection is lost and pusher-js would try in a second. Its timers are set after this event.
  connection.bind('connecting_in', () => {
    if (lastCode < 4100) return void Promise.resolve().then(() => again(1_000 * env.random()));
    tell('reconnecting');
    wait(firstWindowMs, restart);
  });

  function isOnline(): void {
    timer?.cancel();
    everOnline = true;
    tries = 0;
    refusals = 0;
    lastCode = 0;
    to.connection('online', null);
    setSignedIn(true);
  }

  function tell(state: 'connecting' | 'reconnecting' | 'offline', retryAt: number | null = null): void {
    if (!env.page.online()) to.connection('offline', retryAt);
    else to.connection(state === 'connecting' && everOnline ? 'reconnecting' : state, retryAt);
  }

  function wait(ms: number, task: () => void): void {
    timer?.cancel();
    timer = env.after(ms, task);
  }

  /** Gives this try up and begins another after `ms`. */
  function again(ms: number): void {
    if (stopped) return;
    lastCode = 0;
    alive?.cancel();
    pusher.disconnect();
    tell('connecting', env.now() + ms);
    wait(ms, () => {
      tell('connecting');
      pusher.connect();
      wait(windowsMs[Math.min(tries++, windowsMs.length - 1)] ?? 0, restart);
    });
  }

  function restart(): void {
    again(1_000 * env.random());
  }

  async function refused(): Promise<void> {
    const code = lastCode;
    lastCode = 0;
    if (stopped) return;
    if (code !== 4009) return again(refusedMs * (1 + env.random()));
    timer?.cancel();
    if (++refusals > 2) return to.ended({ code: 'origin_refused' });
    tell('connecting');
    const { problem } = (await session?.renew()) ?? answered('');
    // What is over was told by the session itself.
    if (problem === null) again(0);
    else again(2_000 * (1 + env.random()));
  }

  function notSubscribed(channel: string, problem: Problem): void {
    if (!wanted.has(channel)) return;
    if (['forbidden', 'not_found', 'banned', 'members_only'].includes(problem.code)) {
      to.refused(channel, problem);
      return;
    }
    const ms = Math.max(2, problem.retryAfterSeconds ?? 0) * 1_000 * (1 + env.random());
    env.after(ms, () => {
      if (wanted.has(channel) && !stopped) pusher.subscribe(channel);
    });
  }

  function bind(channel: Channel, name: string): void {
    channel.bind_global((event: string, data: unknown) => {
      if (!wanted.has(name)) return;
      if (event === 'pusher:subscription_succeeded') to.subscribed(name, membersOf(data));
      else if (event === 'pusher:member_added') {
        const { id, info } = data as { id: Id; info: PresenceInfo };
        if (isId(id)) to.joined(name, id, info);
      } else if (event === 'pusher:member_removed') to.left(name, (data as { id: Id }).id);
      else if (event === 'pusher:subscription_error') {
        // From the channel server itself: as many are in as may be.
        if ((data as { type?: string }).type !== 'AuthError') to.refused(name, { code: 'busy' });
      } else if (!event.startsWith('pusher') && !event.startsWith('client-'))
        to.event(name, event, data, null);
    });
    // Only here the sender is told.
    for (const event of clientEvents) {
      channel.bind(event, (data: unknown, meta: { user_id?: string } | undefined) => {
        if (wanted.has(name)) to.event(name, event, data, meta?.user_id ?? null);
      });
    }
  }

  return {
    subscribe(name) {
      if (wanted.has(name)) return;
      wanted.add(name);
      const known = pusher.channel(name) as Channel | undefined;
      const channel = pusher.subscribe(name);
      if (known === undefined) bind(channel, name);
    },
    unsubscribe(name) {
      if (wanted.delete(name)) pusher.unsubscribe(name);
    },
    trigger(name, event, data) {
      const channel = pusher.channel(name) as Channel | undefined;
      if (channel?.subscribed) channel.trigger(event, data);
    },
    tryNow() {
      if (stopped) return;
      if (connection.state !== 'connected') return again(0);
      pusher.send_event('pusher:ping', {});
      alive?.cancel();
      alive = env.after(pongMs, restart);
    },
    stop() {
      stopped = true;
      timer?.cancel();
      alive?.cancel();
      pusher.unbind_all();
      pusher.disconnect();
      setSignedIn(false);
    },
  };
}

function membersOf(data: unknown): Members | null {
  const { members } = (data ?? {}) as Partial<PusherMembers>;
  if (members === undefined) return null;
  return new Map(Object.entries(members as Record<Id, PresenceInfo>).filter(([id]) => isId(id)));
}
