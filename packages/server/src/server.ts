import { lockDataFolder, openDatabase } from '@earshot/data';
import type { Server } from 'bun';
import { Api, notFound } from './api/router.ts';
import { type AppRegistry, openAppRegistry } from './apps/registry.ts';
import { FanOut } from './channels/fanout.ts';
import { Hub } from './channels/hub.ts';
import { Users } from './channels/users.ts';
import { type Clock, systemClock } from './clock.ts';
import { Announcer } from './cluster/announce.ts';
import { everyNode } from './cluster/bus.ts';
import type { Envelope } from './cluster/envelope.ts';
import { MemoryCluster } from './cluster/memory-cluster.ts';
import { Publisher } from './cluster/publish.ts';
import type { Config } from './config.ts';
import type { Connection } from './connection/connection.ts';
import { Connections } from './connection/connections.ts';
import type { Parts } from './connection/parts.ts';
import { createHome } from './home/home.ts';
import { type Client, Clients, hostRefusal } from './http/client.ts';
import { health } from './http/health.ts';
import { listen, type TlsFiles } from './http/listener.ts';
import { belowPrefix, targetOf } from './http/target.ts';
import { createLog, type Log } from './log.ts';
import { Counters } from './metrics/counters.ts';
import { Metrics } from './metrics/prometheus.ts';
import { AllTopics } from './transports/topics.ts';
import { type WebSocketSocket, WebSocketTransport } from './transports/websocket.ts';

export interface ServerOptions {
  readonly config: Config;
  readonly clock?: Clock;
  readonly log?: Log;
  /** Given to several servers of a process, it makes them nodes of one cluster. */
  readonly cluster?: MemoryCluster;
}

/** A running server. */
export interface EarshotServer {
  /** Where it listens, without the path prefix. */
  readonly url: string;
  readonly port: number;
  readonly tlsUrl: string | null;
  readonly apps: AppRegistry;
  /** A single-use link that signs a browser in on the page at `/`. */
  signInLink(): Promise<string>;
  /** Stops taking connections, lets the present ones go in slices, finishes what runs, and stops (DRAIN). */
  drain(): Promise<void>;
  /** Stops at once. */
  stop(): Promise<void>;
}

/**
 * Puts the server together and starts it: the only file that knows every part.
 * @throws StartError with a message for the person who starts it
 */
export async function createServer(options: ServerOptions): Promise<EarshotServer> {
  const { config } = options;
  const clock = options.clock ?? systemClock;
  const log = options.log ?? createLog(config.logLevel);
  const cluster = options.cluster ?? new MemoryCluster(clock);

  const lock = await lockDataFolder(config.dataDir);
  const database = await openDatabase(config.databaseUrl);
  const counters = new Counters();
  const onProblem = (stage: string, error: unknown) => {
    counters.backgroundFailures++;
    log.error({ err: error }, stage);
  };
  const apps = await openAppRegistry({ database, config, clock, onProblem });
  const release = async () => {
    await apps.close();
    await database.close();
    await lock.release();
  };

  const hub = new Hub();
  const users = new Users<Connection>();
  const topics = new AllTopics();
  const fanOut = new FanOut(topics, clock);
  const announcer = new Announcer({ apps, hub, users, fanOut, clock });

  const background = (stage: string, work: Promise<void>) => {
    work.catch((error) => onProblem(stage, error));
  };
  const roster = cluster.roster.connect(
    { told: (fact) => announcer.announce(fact), onProblem },
    clock,
    config.leaseSeconds * 1000,
  );
  const bus = cluster.bus.connect({ received, onProblem });
  const { cache } = cluster;
  const publisher = new Publisher({ hub, fanOut, bus, cache, clock });

  const parts: Parts = { apps, hub, users, fanOut, publisher, roster, counters, clock, log, background };
  const connections = new Connections(parts, config.pingSeconds);
  const api = new Api({ hub, publisher, roster, cache, bus, connections, counters, clock }, apps, log);
  const metrics = new Metrics({
    counters,
    hub,
    fanOut,
    clock,
    connections: () => new Map([['websocket', connections.size]]),
  });
  let isReady = true;

  function received(topic: string, envelope: Envelope): void {
    switch (envelope.kind) {
      case 'event':
        publisher.deliver(topic, envelope.frame, envelope.except, envelope.cachedUntil);
        break;
      case 'terminate':
        connections.terminateUser(envelope.appId, envelope.userId);
        break;
      case 'apps-changed':
        background('apps: refresh', apps.refresh());
        break;
    }
  }
  await bus.listen(everyNode);
  apps.onChange((_app, here) => {
    if (here) bus.relay(everyNode, { kind: 'apps-changed' });
  });

  const clients = new Clients(config.trustedProxies);
  const clientOf = (request: Request, server: Server<WebSocketSocket>) =>
    clients.of(request.headers, server.requestIP(request)?.address ?? '', server.protocol === 'https');
  const home = await createHome({ database, clock, apps, config, log });

  const fetchVia = (transport: WebSocketTransport) => (request: Request, server: Server<WebSocketSocket>) => {
    const client = clientOf(request, server);
    const hostRefused = hostRefusal(client.host, config.host, config.publicUrl);
    const target = targetOf(request.url);
    const path = belowPrefix(target.path, config.path);
    if (request.headers.get('upgrade')?.toLowerCase() === 'websocket') {
      return transport.upgrade(request, server, {
        key: path === null ? null : keyOf(path),
        query: new URLSearchParams(target.query),
        origin: request.headers.get('origin'),
        secure: client.secure,
        hostRefusal: hostRefused,
      });
    }
    if (hostRefused !== null) return new Response(`${hostRefused}\n`, { status: 403 });
    if (path === null) return notFound();
    if (path.startsWith('/apps/') || path.startsWith('/users/')) {
      return api.handle(request, { path, query: target.query });
    }
    return page(request, path, client);
  };

  async function page(request: Request, path: string, client: Client): Promise<Response> {
    if (keyOf(path) !== null)
      return new Response('This address takes WebSocket connections.\n', upgradeRequired);
    const healthParts = { isReady: () => isReady, metrics, metricsToken: config.metricsToken };
    return (
      (await health(healthParts, path, request.headers, client.address)) ??
      (await home.fetch(request, client)) ??
      notFound()
    );
  }

  const servers: Server<WebSocketSocket>[] = [];
  const open = (port: number, portSetting: 'EARSHOT_PORT' | 'EARSHOT_TLS_PORT', tls: TlsFiles | null) => {
    const transport = new WebSocketTransport(parts, connections, topics, config.outboxBytes);
    const { host } = config;
    const server = listen({
      host,
      port,
      portSetting,
      tls,
      websocket: transport.handler,
      fetch: fetchVia(transport),
    });
    transport.attach(server);
    servers.push(server);
    return server;
  };
  const stop = async () => {
    isReady = false;
    for (const server of servers) await server.stop(true);
    connections.stop();
    metrics.stop();
    await bus.close();
    await roster.close();
    await release();
  };

  try {
    const { tls } = config;
    const main = open(config.port, 'EARSHOT_PORT', tls !== null && tls.port === null ? tls : null);
    const second = tls !== null && tls.port !== null ? open(tls.port, 'EARSHOT_TLS_PORT', tls) : null;
    const url = urlOf(main, config.host);
    return {
      url,
      port: main.port ?? 0,
      tlsUrl: second === null ? (tls === null ? null : url) : urlOf(second, config.host),
      apps,
      signInLink: async () => (config.publicUrl ?? url + config.path) + (await home.createSignInLink()),
      async drain() {
        isReady = false;
        fanOut.flushAll();
        await connections.drain(config.drainSeconds);
        await untilIdle(servers, clock, config.drainSeconds);
        await stop();
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

const upgradeRequired = { status: 426, headers: { Upgrade: 'websocket', Connection: 'Upgrade' } };

/** The app key in `/app/{key}`, or null when the path is another. */
function keyOf(path: string): string | null {
  return /^\/app\/([^/]+)$/.exec(path)?.[1] ?? null;
}

function urlOf(server: Server<WebSocketSocket>, host: string): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return `${server.protocol}://${name}:${server.port}`;
}

/** Waits until the requests in hand are answered and the sockets are gone, at most for `seconds`. */
async function untilIdle(
  servers: readonly Server<WebSocketSocket>[],
  clock: Clock,
  seconds: number,
): Promise<void> {
  const deadline = clock.monotonic() + seconds * 1000;
  while (clock.monotonic() < deadline) {
    if (servers.every((server) => server.pendingRequests === 0 && server.pendingWebSockets === 0)) return;
    await new Promise<void>((resolve) => clock.after(20, resolve));
  }
}
