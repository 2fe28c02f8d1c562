import Echo from 'laravel-echo';
import Publisher from 'pusher';
import Pusher, { type Options } from 'pusher-js';
import type { TestServer } from './server.ts';
import { patienceMs } from './wire.ts';

/** The stock libraries, pointed at a test server as their manuals say. They are disconnected when it stops. */

/** pusher-js 8, Node build. It signs nothing by itself: give it `channelAuthorization` where that is needed. */
export function pusherJs(server: TestServer, options: Partial<Options> = {}): Pusher {
  const client = new Pusher(server.app.key, { ...pusherJsOptions(server), ...options });
  server.onStop(() => client.disconnect());
  return client;
}

export function pusherJsOptions(server: TestServer): Options {
  return {
    cluster: 'any',
    wsHost: server.host,
    wsPort: server.port,
    wssPort: server.tlsPort,
    wsPath: server.prefix,
    httpHost: server.host,
    httpPort: server.port,
    httpsPort: server.tlsPort,
    forceTLS: false,
    enabledTransports: ['ws', 'wss'],
  };
}

/** The `pusher` library, version 5. */
export function publisher(server: TestServer, encryptionMasterKeyBase64?: string): Publisher {
  const options: Publisher.Options = {
    appId: server.app.id,
    key: server.app.key,
    secret: server.app.secret,
    host: server.host,
    port: String(server.port),
    useTLS: false,
  };
  return new Publisher(
    encryptionMasterKeyBase64 === undefined ? options : { ...options, encryptionMasterKeyBase64 },
  );
}

/** laravel-echo 2 over pusher-js. */
export function echo(server: TestServer, options: Partial<Options> = {}): Echo<'pusher'> {
  const client = new Echo<'pusher'>({
    broadcaster: 'pusher',
    key: server.app.key,
    client: pusherJs(server, options),
  });
  server.onStop(() => client.disconnect());
  return client;
}

/** What every emitter of pusher-js has. */
interface Emitter {
  bind_global(callback: (event: string, data: unknown) => void): unknown;
}

export interface Seen {
  event: string;
  data: unknown;
}

/** Records what an emitter of pusher-js raises, in order. */
export class Recorder {
  readonly seen: Seen[] = [];
  #taken = 0;
  #wake: () => void = () => undefined;

  constructor(emitter: Emitter) {
    emitter.bind_global((event, data) => {
      this.seen.push({ event, data });
      this.#wake();
    });
  }

  /** The next thing raised; with `event`, the next one of that name, those before it left out. */
  async next(event?: string): Promise<Seen> {
    for (;;) {
      const seen = this.seen[this.#taken];
      if (seen === undefined) {
        await this.#more(event);
        continue;
      }
      this.#taken++;
      if (event === undefined || seen.event === event) return seen;
    }
  }

  async data(event: string): Promise<unknown> {
    return (await this.next(event)).data;
  }

  /** What has been raised and not taken. */
  rest(): Seen[] {
    return this.seen.slice(this.#taken);
  }

  async #more(event = 'anything'): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const came = () => this.seen.map((seen) => seen.event).join(', ') || 'nothing';
    const timer = setTimeout(
      () => reject(new Error(`waited ${patienceMs} ms for ${event}; so far: ${came()}`)),
      patienceMs,
    );
    await promise.finally(() => clearTimeout(timer));
  }
}

/** Waits until pusher-js is in `state`; falling back from one transport to the next takes it several seconds. */
export async function reaches(client: Pusher, state: string, patience = patienceMs): Promise<void> {
  if (client.connection.state === state) return;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const changed = ({ current }: { current: string }) => {
    if (current === state) resolve();
  };
  client.connection.bind('state_change', changed);
  const timer = setTimeout(
    () => reject(new Error(`waited ${patience} ms for ${state}; the state is ${client.connection.state}`)),
    patience,
  );
  await promise.finally(() => {
    clearTimeout(timer);
    client.connection.unbind('state_change', changed);
  });
}

export interface AuthRequest {
  path: string;
  contentType: string;
  headers: Headers;
  form: URLSearchParams;
}

/** An application's two endpoints (`/pusher/auth`, `/pusher/user-auth`), which sign with the `pusher` library. */
export class AuthEndpoint {
  readonly requests: AuthRequest[] = [];
  readonly origin: string;
  /** What the visitor is in presence channels and when signing in. */
  user: { id: string; user_info?: Record<string, unknown>; watchlist?: string[] } = { id: 'u1' };
  /** Answers instead of signing. */
  refusal: (() => Response) | null = null;

  constructor(server: TestServer, publisher: Publisher) {
    const listener = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      fetch: async (request) => {
        const { pathname } = new URL(request.url);
        const form = new URLSearchParams(await request.text());
        this.requests.push({
          path: pathname,
          contentType: request.headers.get('content-type') ?? '',
          headers: request.headers,
          form,
        });
        if (this.refusal !== null) return this.refusal();
        const answer = this.#sign(publisher, pathname, form);
        // Pages of other origins ask too, with a form, which needs no preflight.
        return Response.json(answer, { headers: { 'Access-Control-Allow-Origin': '*' } });
      },
    });
    this.origin = `http://127.0.0.1:${listener.port}`;
    server.onStop(() => listener.stop(true));
  }

  #sign(publisher: Publisher, path: string, form: URLSearchParams): object {
    const { id, user_info, watchlist } = this.user;
    const socketId = form.get('socket_id') ?? '';
    if (path === '/pusher/user-auth')
      return publisher.authenticateUser(socketId, { id, user_info, watchlist });
    const channel = form.get('channel_name') ?? '';
    return channel.startsWith('presence-')
      ? publisher.authorizeChannel(socketId, channel, { user_id: id, user_info: user_info ?? {} })
      : publisher.authorizeChannel(socketId, channel);
  }

  /** The options that send pusher-js here. */
  options(): Partial<Options> {
    return {
      channelAuthorization: { endpoint: `${this.origin}/pusher/auth`, transport: 'ajax' },
      userAuthentication: { endpoint: `${this.origin}/pusher/user-auth`, transport: 'ajax' },
    };
  }
}
