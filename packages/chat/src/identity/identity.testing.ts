/** The identity of a chat behind its real HTTP API, for tests of this folder. */
import { systemClock } from '@earshot/base';
import type { RequestClient } from '../api/api.ts';
import { apiPath, apiShell, missing } from '../api/app.ts';
import { createOutbound } from '../outbound/outbound.ts';
import { openTestChat, type TestChat, type TestChatOptions } from '../testing.ts';
import { createIdentity, type Identity, type IdentityOptions } from './identity.ts';
import { signToken } from './jwt.ts';
import { identityRoutes } from './routes.ts';
import { signInFiles, signInResponse } from './window/pages.ts';

export const siteOrigin = 'https://site.example';

export interface TestIdentity extends AsyncDisposable {
  readonly chat: TestChat;
  readonly identity: Identity;
  /** Of the server with API and sign-in window, for browsers. */
  readonly address: string;
  /** A request as a page of the origin sends it; null: of no browser. */
  call<T = Record<string, never>>(
    method: string,
    path: string,
    body?: object | null,
    how?: CallOptions,
  ): Promise<Called<T>>;
  /** A token of the host site, valid for five minutes unless said otherwise. */
  hostToken(claims: Record<string, unknown>, secret?: string): Promise<string>;
}

export interface CallOptions {
  readonly token?: string;
  readonly origin?: string | null;
  readonly headers?: Record<string, string>;
}

export interface Called<T> {
  readonly status: number;
  readonly body: T & {
    readonly error?: { readonly code: string; readonly message: string; readonly field?: string };
  };
}

export async function openTestIdentity(
  options: TestChatOptions & Pick<IdentityOptions, 'importers' | 'addresses'> = {},
): Promise<TestIdentity> {
  const chat = await openTestChat(options);
  const { importers, addresses } = options;
  const identity = createIdentity({
    core: chat.core,
    // Providers of these tests are on this machine, and answer in real time.
    outbound: createOutbound({ clock: systemClock, allowPrivate: true }),
    ...(importers === undefined ? {} : { importers }),
    ...(addresses === undefined ? {} : { addresses }),
  });
  const { apps, log } = chat.core;
  const ownOrigins = ({ host }: RequestClient) => [`http://${host}`];
  const routes = identityRoutes(identity, {
    apps,
    ownOrigins,
    publicAddress: ({ host }) => `http://${host}`,
    realtime: ({ key }) => ({ key, host: 'channels.example', port: 443, tls: true, path: '' }),
    pushKey: () => 'push-key',
  });
  const api = apiShell({
    apps,
    log,
    ownOrigins,
    authenticate: (authorization, origin) =>
      identity.authenticate({ authorization: authorization ?? null, origin }),
    pathOf: (request) => new URL(request.url).pathname,
  });
  api.route(apiPath, routes);
  missing(api);
  const files = await signInFiles('');
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(request) {
      const page = signInResponse(files, request.method, new URL(request.url).pathname);
      const client = { address: '127.0.0.1', secure: false, host: request.headers.get('Host') ?? '' };
      return page ?? api.fetch(request, { client });
    },
  });
  const address = `http://127.0.0.1:${server.port}`;
  return {
    chat,
    identity,
    address,
    async call(method, path, body, how = {}) {
      const { origin = siteOrigin, token } = how;
      const answer = await fetch(`${address}${apiPath}${path}`, {
        method,
        headers: {
          ...(origin === null ? {} : { Origin: origin }),
          ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
          ...(method === 'GET' ? {} : { 'Content-Type': 'application/json' }),
          ...how.headers,
        },
        ...(body == null ? {} : { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      return { status: answer.status, body: text === '' ? {} : JSON.parse(text) };
    },
    hostToken(claims, secret) {
      const now = Math.floor(chat.clock.now() / 1000);
      const whole = { aud: chat.app.id, iat: now, exp: now + 300, ...claims };
      return signToken(whole, secret ?? chat.app.settings.chatSecret ?? '');
    },
    async [Symbol.asyncDispose]() {
      await server.stop(true);
      await chat[Symbol.asyncDispose]();
    },
  };
}
