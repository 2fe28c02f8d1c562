import type { Chat } from '@earshot/chat';
import type { Server } from 'bun';
import { type Api, notFound } from './api/router.ts';
import type { Config } from './config.ts';
import type { Dashboard } from './dashboard/dashboard.ts';
import type { Home } from './home/home.ts';
import { publicAddress } from './http/address.ts';
import { readBody } from './http/body.ts';
import { type Client, Clients, hostGuard } from './http/client.ts';
import { type HealthParts, health } from './http/health.ts';
import { idleTimeoutSeconds } from './http/listener.ts';
import { belowPrefix, targetOf } from './http/target.ts';
import { readForwarded, type SessionOwners } from './transports/http/owners.ts';
import type { TransportRequest } from './transports/http/request.ts';
import { type HttpTransport, isTransportPath } from './transports/http/transport.ts';
import type { WebSocketSocket, WebSocketTransport } from './transports/websocket.ts';

const upgradeRequired = { status: 426, headers: { Upgrade: 'websocket', Connection: 'Upgrade' } };

/** How long the first request for a page may wait until that is bundled: a machine that is slow and busy needs a while. */
const bundlingSeconds = 240;

/** What one worker alone has in its memory (`packages/chat/src/live/pictures.ts`), and how large one may be. */
const livePictures = /^\/chat\/api\/v1\/live\/rooms\/[^/]+\/pictures(\/|$)/;
const pictureBodyBytesMax = 4 * 1024 * 1024;
/** How long a request waits for the next one when that worker has died. */
const nextKeeperMs = 2_000;

/** How a request gets to the worker that has what it is about. */
interface OtherWorkers {
  keeper(): string | null;
  readonly forward: SessionOwners['forward'];
}

/** Takes every request of a listener to the part that answers it. */
export class Routes {
  readonly #config: Config;
  readonly #api: Api;
  readonly #home: Home;
  readonly #dashboard: Dashboard;
  readonly #chat: Chat;
  readonly #metrics: HealthParts['metrics'];
  readonly #isReady: () => boolean;
  readonly #others: OtherWorkers | null;
  readonly #http: HttpTransport;
  readonly #clients: Clients;
  readonly #refuseHost: (host: string) => string | null;

  constructor(parts: {
    config: Config;
    api: Api;
    home: Home;
    dashboard: Dashboard;
    chat: Chat;
    metrics: HealthParts['metrics'];
    http: HttpTransport;
    isReady: () => boolean;
    others: OtherWorkers | null;
  }) {
    this.#others = parts.others;
    this.#http = parts.http;
    this.#config = parts.config;
    this.#api = parts.api;
    this.#home = parts.home;
    this.#dashboard = parts.dashboard;
    this.#chat = parts.chat;
    this.#metrics = parts.metrics;
    this.#isReady = parts.isReady;
    this.#clients = new Clients(parts.config.trustedProxies);
    this.#refuseHost = hostGuard(parts.config.host, parts.config.publicUrl);
  }

  /** @param transport that of the listener, for WebSockets; @returns undefined after an upgrade */
  answer(
    request: Request,
    server: Server<WebSocketSocket>,
    transport: WebSocketTransport,
  ): Promise<Response> | Response | undefined {
    const { headers } = request;
    const remote = () => server.requestIP(request)?.address ?? '';
    const client = () => this.#clients.of(headers, remote(), server.protocol === 'https');
    const hostRefusal = this.#refuseHost(this.#clients.hostOf(headers, remote));
    const target = targetOf(request.url);
    const path = belowPrefix(target.path, this.#config.path);
    if (headers.get('upgrade')?.toLowerCase() === 'websocket') {
      const { address, secure } = client();
      return transport.upgrade(request, server, {
        key: path === null ? null : keyOf(path),
        query: new URLSearchParams(target.query),
        address,
        origin: this.#foreign(headers.get('origin'), client),
        secure,
        hostAllowed: hostRefusal === null,
      });
    }
    if (path !== null && isTransportPath(path)) {
      const hostAllowed = hostRefusal === null;
      const origin = this.#foreign(headers.get('origin'), client);
      const call = { request, path, query: target.query, client: client(), origin, hostAllowed, server };
      return this.#http.answer(call) ?? notFound();
    }
    if (hostRefusal !== null) return new Response(`${hostRefusal}\n`, { status: 403 });
    if (path === null) return notFound();
    const keeper = livePictures.test(path) ? (this.#others?.keeper() ?? null) : null;
    if (keeper !== null && request.method !== 'OPTIONS') {
      return this.#toKeeper(keeper, {
        request,
        path,
        query: target.query,
        client: client(),
        origin: headers.get('origin'),
        hostAllowed: true,
        server,
      });
    }
    if (path.startsWith('/apps/') || path.startsWith('/users/')) {
      return this.#api.handle(request, { path, query: target.query });
    }
    return this.#page(request, path, client(), (seconds) => server.timeout(request, seconds));
  }

  /** A request for a session of this worker that came to another one, which says what it knows of the client. */
  async answerForwarded(request: Request, server: Server<unknown>): Promise<Response> {
    const { path, query, client, origin, hostAllowed } = readForwarded(request.headers);
    const call = { request, path, query, client, origin, hostAllowed, server, isForwarded: true };
    return (await this.#http.answer(call)) ?? (await this.#chat.fetch(request, client)) ?? notFound();
  }

  /** Pictures of live rooms are in the memory of one process. */
  async #toKeeper(keeper: string, call: TransportRequest): Promise<Response> {
    const { request, client } = call;
    const isLarge = Number(request.headers.get('content-length')) > pictureBodyBytesMax;
    if (this.#others === null || isLarge) return (await this.#chat.fetch(request, client)) ?? notFound();
    const body = request.method === 'POST' ? await readBody(request, pictureBodyBytesMax) : null;
    if (typeof body === 'string')
      return new Response('The body is too large, or incomplete.\n', { status: 413 });
    return this.#others.forward(keeper, call, body, () => this.#toNextKeeper(keeper, call, body));
  }

  /** The keeper died, and what it had went with it. Another takes its place as soon as the supervisor has seen that. */
  async #toNextKeeper(dead: string, call: TransportRequest, body: Uint8Array | null): Promise<Response> {
    const { request, client } = call;
    const until = performance.now() + nextKeeperMs;
    while (this.#others?.keeper() === dead && performance.now() < until) await Bun.sleep(10);
    const next = this.#others?.keeper() ?? null;
    if (next === dead) {
      return new Response('Try again in a moment.\n', { status: 503, headers: { 'Retry-After': '1' } });
    }
    if (next !== null && this.#others !== null) return this.#others.forward(next, call, body);
    const { method, headers } = request;
    const own =
      body === null
        ? request
        : new Request(request.url, { method, headers, body: body as Uint8Array<ArrayBuffer> });
    return (await this.#chat.fetch(own, client)) ?? notFound();
  }

  /** Our own pages may connect to every app: to be on an app's list is for pages of others. */
  #foreign(origin: string | null, client: () => Client): string | null {
    if (origin === null) return null;
    return publicAddress(client(), this.#config).origin === origin.toLowerCase() ? null : origin;
  }

  async #page(
    request: Request,
    path: string,
    client: Client,
    allowIdle: (seconds: number) => void,
  ): Promise<Response> {
    if (keyOf(path) !== null) {
      return new Response('This address takes WebSocket connections.\n', upgradeRequired);
    }
    const { metricsToken } = this.#config;
    const healthParts = { isReady: this.#isReady, metrics: this.#metrics, metricsToken };
    const answer = await health(healthParts, path, request.headers, client.address);
    if (answer !== null) return answer;
    // A page is bundled when it is asked for first. What has a body comes later, and is to be read in time.
    const mayTakeLong = request.method === 'GET';
    if (mayTakeLong) allowIdle(bundlingSeconds);
    let isStream = false;
    const allowStream = (seconds: number) => {
      isStream = true;
      allowIdle(seconds);
    };
    try {
      return (
        (await this.#home.fetch(request, client)) ??
        (await this.#dashboard.fetch(request, client, allowStream)) ??
        (await this.#chat.fetch(request, client)) ??
        notFound()
      );
    } finally {
      if (mayTakeLong && !isStream) allowIdle(idleTimeoutSeconds);
    }
  }
}

/** The app key in `/app/{key}`, or null when the path is another. */
function keyOf(path: string): string | null {
  return /^\/app\/([^/]+)$/.exec(path)?.[1] ?? null;
}
