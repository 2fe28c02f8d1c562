import { join } from 'node:path';
import { type Clock, createLog, type Log, systemClock } from '@earshot/base';
import { lockDataFolder, openDatabase } from '@earshot/data';
import type { Server } from 'bun';
import { version } from '../package.json';
import { Api } from './api/router.ts';
import { type AppRegistry, openAppRegistry } from './apps/registry.ts';
import type { Fact } from './channels/facts.ts';
import { FanOut } from './channels/fanout.ts';
import { Hub } from './channels/hub.ts';
import { Users } from './channels/users.ts';
import { createServerChat, tellChat } from './chat/mount.ts';
import { Announcer } from './cluster/announce.ts';
import { everyNode } from './cluster/bus.ts';
import type { Cluster } from './cluster/cluster.ts';
import type { Envelope } from './cluster/envelope.ts';
import { MemoryCluster } from './cluster/memory-cluster.ts';
import { BusNodes } from './cluster/nodes-bus.ts';
import { Publisher } from './cluster/publish.ts';
import { openRedisCluster } from './cluster/redis-cluster.ts';
import type { Config } from './config.ts';
import type { Connection } from './connection/connection.ts';
import { Connections } from './connection/connections.ts';
import type { Parts } from './connection/parts.ts';
import { createDashboard } from './dashboard/dashboard.ts';
import { createHome } from './home/home.ts';
import { listen } from './http/listener.ts';
import { Listeners } from './http/listeners.ts';
import { RateBuckets, sharedRates } from './http/rates.ts';
import { Readiness } from './http/readiness.ts';
import { ClusterInspector } from './inspect/cluster-inspector.ts';
import type { Inspector } from './inspect/inspector.ts';
import { Counters } from './metrics/counters.ts';
import { Metrics } from './metrics/prometheus.ts';
import { settleOperators } from './operators/open.ts';
import { SignInLimits } from './operators/sign-in-limits.ts';
import { sharedWindows, WindowCounts } from './operators/windows.ts';
import type { Place } from './place.ts';
import { Routes } from './routes.ts';
import { openStatistics } from './statistics/open.ts';
import type { Statistics } from './statistics/statistics.ts';
import { ClusterTrace } from './trace/cluster-trace.ts';
import { noteFact } from './trace/facts.ts';
import type { Trace } from './trace/trace.ts';
import { HttpTransport } from './transports/http/transport.ts';
import { AllTopics } from './transports/topics.ts';
import { type WebSocketSocket, WebSocketTransport } from './transports/websocket.ts';
import type { WebhookDesk } from './webhooks/desk.ts';
import { openWebhooks } from './webhooks/webhooks.ts';

export interface ServerOptions {
  readonly config: Config;
  readonly clock?: Clock;
  readonly log?: Log;
  /** How long a client on an HTTP transport may be without a response to write to, and by which clock; for tests. */
  readonly httpGrace?: { readonly ms: number; readonly clock: Clock };
  /** Given to several servers of a process, it makes them nodes of one cluster. */
  readonly cluster?: Cluster;
  /** Makes the server one of several workers. */
  readonly place?: Place;
}

/** What a client may send at least in one frame, whatever the apps' settings are: sign-ins with a long watchlist. */
const smallestFrameBound = 128 * 1024;

/** A running server. */
export interface EarshotServer {
  /** Where it listens, without the path prefix. */
  readonly url: string;
  /** What people use: the public URL if there is one, without a slash at the end. */
  readonly address: string;
  readonly port: number;
  readonly tlsUrl: string | null;
  readonly apps: AppRegistry;
  /** What happens in the apps, as it happens, on all nodes. */
  readonly trace: Trace;
  readonly statistics: Statistics;
  /** What is connected now, on all nodes. */
  readonly inspector: Inspector;
  /** The webhooks of an app for those who run it. */
  readonly webhooks: WebhookDesk;
  /** A single-use link that signs a browser in on the page at `/`. */
  signInLink(): Promise<string>;
  /** Takes over the certificate that is in its files now, without ending a connection. @returns whether it could */
  renewCertificate(): boolean;
  /**
   * Stops taking connections, lets the present ones go in slices, finishes what runs, and stops (DRAIN).
   * @param isReplaced another process has the port as well: new clients are left to it instead of being refused
   */
  drain(isReplaced?: boolean): Promise<void>;
  /** Stops at once. */
  stop(): Promise<void>;
}

/**
 * Puts the server together and starts it: the only file that knows every part.
 * @throws StartError or DataError with a message for the person who starts it
 */
export async function createServer(options: ServerOptions): Promise<EarshotServer> {
  const stack = new AsyncDisposableStack();
  try {
    return await assemble(options, stack);
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

/** @param stack takes what has to be ended, which then happens in the reverse order */
async function assemble(options: ServerOptions, stack: AsyncDisposableStack): Promise<EarshotServer> {
  const { config } = options;
  const clock = options.clock ?? systemClock;
  const log = options.log ?? createLog(config.logLevel);
  const { place } = options;
  const counters = new Counters();
  const onProblem = (stage: string, error: unknown) => {
    counters.backgroundFailures++;
    log.error({ err: error }, stage);
  };
  const background = (stage: string, work: Promise<void>) => {
    work.catch((error) => onProblem(stage, error));
  };

  if (place === undefined) {
    const lock = await lockDataFolder(config.dataDir);
    stack.defer(() => lock.release());
  }
  const database = place?.database ?? (await openDatabase(config.databaseUrl));
  stack.defer(() => database.close());
  const apps = await openAppRegistry({
    database,
    config,
    clock,
    onProblem,
    shareUsage: place?.shareUsage,
  });
  stack.defer(() => apps.close());
  const given = options.cluster ?? (config.redisUrls.length === 0 ? place?.cluster : undefined);
  const cluster = given ?? (await openCluster(config, clock, log));
  if (given === undefined) stack.defer(() => cluster.close());
  const operators = await settleOperators(database, clock, {
    adminPassword: config.adminPassword,
    letIn: config.dashboardOidcEmails,
  });
  const windowsHere = place?.windows ?? new WindowCounts();
  const windows = cluster.rates === undefined ? windowsHere : sharedWindows(cluster.rates, windowsHere);
  const signInLimits = new SignInLimits(windows);
  const home = createHome({ operators, signInLimits, clock, apps, config, log });

  const hub = new Hub();
  const users = new Users<Connection>();
  const topics = new AllTopics();
  const fanOut = new FanOut(topics, clock, place?.workers);
  const announcer = new Announcer({ apps, hub, users, fanOut, clock });

  /** Facts that are the cluster's, not this node's alone: each reaches these once. */
  const consumers: ((fact: Fact) => void)[] = [];
  const told = (fact: Fact, origin: boolean, heard = false) => {
    try {
      if (!heard) announcer.announce(fact);
      if (origin) for (const consumer of consumers) consumer(fact);
    } catch (error) {
      onProblem('facts: announcing one failed', error);
    }
  };
  const factReceiver = {
    told,
    untold: () => webhooks.endsUntold(),
    written: () => webhooks.written(),
    tooMany: (appId: string, keep: number) => connections.keepOnly(appId, keep),
    onProblem,
  };
  const roster = cluster.connectRoster(factReceiver, clock, config.leaseSeconds * 1000);
  stack.defer(() => roster.close());
  const received = (topic: string, envelope: Envelope) => {
    switch (envelope.kind) {
      case 'event':
        publisher.deliver(topic, envelope.frame, envelope.except, envelope.cacheMs);
        break;
      case 'terminate':
        connections.terminateUser(envelope.appId, envelope.userId);
        break;
      case 'apps-changed':
        background('apps: refresh', apps.refresh());
        background('webhooks: refresh', webhooks.refresh());
        break;
      default:
        nodes.received(envelope);
    }
  };
  const missed = (topics: ReadonlySet<string>) => background('cache: refresh', publisher.refresh(topics));
  const bus = cluster.connectBus({ received, missed, onProblem });
  stack.defer(() => bus.close());
  const nodes = new BusNodes({ bus, clock, leaseMs: config.leaseSeconds * 1000, counters, onProblem });
  stack.defer(() => nodes.close());
  const { cache } = cluster;
  const trace = new ClusterTrace({ nodes, apps, clock, counters, onProblem });
  stack.defer(() => trace.close());
  consumers.push((fact) => noteFact(trace, apps, fact));
  const publisher = new Publisher({ hub, fanOut, bus, cache, clock, onlooker: trace });
  const statistics = await openStatistics({
    database,
    apps,
    nodes,
    clock,
    counters,
    channels: async (appId) => (await roster.channels(appId, '')).length,
    onProblem,
  });
  stack.defer(() => statistics.close());

  const webhooks = await openWebhooks({
    database,
    apps,
    clock,
    log,
    counters,
    leaseMs: config.leaseSeconds * 1000,
    privateAddresses: config.webhookPrivateAddresses,
    onProblem,
    announce: () => bus.relay(everyNode, { kind: 'apps-changed' }),
    heldByEnvironment: (app) => new Set(app === apps.first() ? Object.keys(config.app.settings) : []),
    trace,
    isFirst:
      place &&
      (async (what: string, ms: number) => (await place.windows.take(what, 1, ms / 1000)).taken === 1),
  });
  stack.defer(() => webhooks.stop());
  consumers.push((fact) => webhooks.told(fact));

  const parts: Parts = {
    apps,
    hub,
    users,
    fanOut,
    publisher,
    roster,
    webhooks,
    trace,
    counters,
    clock,
    log,
    background,
  };
  const connections = new Connections(parts, config.pingSeconds);
  stack.defer(() => connections.stop());
  const inspector = new ClusterInspector({ nodes, apps, hub, connections, roster, cache, bus, clock });
  const ratesHere = place?.rates ?? new RateBuckets(clock);
  const rates = cluster.rates === undefined ? ratesHere : sharedRates(cluster.rates, ratesHere);
  const apiParts = { hub, publisher, roster, cache, bus, connections, counters, trace, clock, rates };
  const api = new Api(apiParts, apps, log);
  const chat = await createServerChat({
    config,
    database,
    clock,
    log,
    apps,
    parts: apiParts,
    windows,
    nodes,
    onProblem: () => counters.backgroundFailures++,
  });
  stack.defer(() => chat.stop());
  consumers.push((fact) => tellChat(chat, fact));
  const frameBytesMax = largestFrame(apps);
  const bounds = {
    outboxBytes: config.outboxBytes,
    messageBytesMax: frameBytesMax,
    grace: options.httpGrace ?? null,
  };
  const http = new HttpTransport(parts, connections, topics, bounds, place?.sessions);
  const byTransport = () => {
    const counts = http.counts();
    let others = 0;
    for (const count of counts.values()) others += count;
    return counts.set('websocket', connections.size - others);
  };
  const metrics = new Metrics({
    counters,
    hub,
    fanOut,
    cluster: cluster.figures,
    clock,
    connections: byTransport,
    nodes: () => nodes.all().length,
  });
  stack.defer(() => metrics.stop());

  await nodes.join();
  apps.onChange((_app, here) => {
    if (here) bus.relay(everyNode, { kind: 'apps-changed' });
  });

  webhooks.start({
    isOccupied: async (appId, channel) => (await roster.channel(appId, channel)).subscriptions > 0,
    members: async (appId, channel) => new Set(await roster.userIds(appId, channel)),
  });
  await chat.start();
  let isReady = true;
  const readiness = new Readiness(clock);
  const dashboard = createDashboard({
    operators,
    signInLimits,
    apps,
    statistics,
    trace,
    inspector,
    webhooks: webhooks.desk,
    publishing: apiParts,
    config,
    clock,
    log,
    version,
  });
  stack.defer(() => dashboard.close());
  const routes = new Routes({
    config,
    api,
    home,
    dashboard,
    chat,
    metrics: {
      contentType: metrics.contentType,
      text: async () => (place === undefined ? metrics.text() : Metrics.textOfAll(await place.scrape())),
    },
    http,
    isReady: () => readiness.asked(place?.isReady() ?? isReady),
    others: place === undefined ? null : { keeper: place.keeper, forward: place.sessions.forward },
  });
  await place?.attach({
    metrics: () => metrics.values(),
    forwarded: (request, server) => routes.answerForwarded(request, server),
  });
  const listeners = new Listeners<WebSocketSocket>({
    host: config.host,
    clock,
    log,
    open(port) {
      const transport = new WebSocketTransport(parts, connections, topics, config.outboxBytes, frameBytesMax);
      const server = listen({
        host: config.host,
        port: port.number,
        portSetting: port.setting,
        tls: port.tls,
        shared: port.shared,
        websocket: transport.handler,
        fetch: (request, server) => routes.answer(request, server, transport),
      });
      transport.attach(server);
      return { server, ended: () => topics.remove(transport) };
    },
  });
  stack.defer(async () => {
    isReady = false;
    await listeners.stop();
  });
  const { tls } = config;
  const shared = place !== undefined;
  const main = listeners.add({
    number: config.port,
    setting: 'EARSHOT_PORT',
    tls: tls !== null && tls.port === null ? tls : null,
    shared,
  });
  const second =
    tls !== null && tls.port !== null
      ? listeners.add({ number: tls.port, setting: 'EARSHOT_TLS_PORT', tls, shared })
      : null;

  const url = urlOf(main, config.host);
  const address = config.publicUrl?.replace(/\/$/, '') ?? url + config.path;
  let stopping: Promise<void> | undefined;
  // Whoever stops it a second time waits for the same end.
  const stop = () => {
    stopping ??= stack.disposeAsync();
    return stopping;
  };
  return {
    url,
    address,
    port: main.port ?? 0,
    tlsUrl: second !== null ? urlOf(second, config.host) : tls !== null ? url : null,
    apps,
    trace,
    inspector,
    statistics,
    webhooks: webhooks.desk,
    signInLink: async () => address + (await home.createSignInLink()),
    renewCertificate: () => listeners.renew(),
    async drain(isReplaced = false) {
      isReady = false;
      // The spreading of the closes takes the other half.
      if (!isReplaced) await readiness.noticed((config.drainSeconds * 1000) / 2);
      dashboard.close();
      if (isReplaced) listeners.refuseNew();
      fanOut.flushAll();
      await connections.drain(config.drainSeconds);
      await untilIdle(listeners, http, clock, config.drainSeconds);
      await stop();
    },
    stop,
  };
}

async function openCluster(config: Config, clock: Clock, log: Log): Promise<Cluster> {
  const { redisUrls } = config;
  if (redisUrls.length === 0) return new MemoryCluster(clock);
  const cluster = await openRedisCluster(redisUrls, clock, log);
  if (config.databaseUrl.startsWith('sqlite:')) {
    const found = 'EARSHOT_REDIS_URL joins nodes, but each has apps and settings of its own in SQLite';
    log.warn(`${found}; set EARSHOT_DATABASE_URL to one PostgreSQL for all`);
  }
  if (config.chatFilesDir.startsWith(join(config.dataDir, '/'))) {
    const found = 'EARSHOT_REDIS_URL joins nodes, but files of the chat are in the data folder of each';
    log.warn(`${found}; set EARSHOT_CHAT_FILES_DIR to a folder that all nodes reach`);
  }
  return cluster;
}

/** Room for the largest client event that any app allows, with its data written in escapes. */
function largestFrame(apps: AppRegistry): number {
  let bytes = 0;
  for (const { settings } of apps.all()) bytes = Math.max(bytes, settings.eventBytes * 6);
  return Math.max(smallestFrameBound, bytes + 16 * 1024);
}

function urlOf(server: Server<WebSocketSocket>, host: string): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return `${server.protocol}://${name}:${server.port}`;
}

/** Waits until the requests in hand are answered and the clients are gone, at most for `seconds`. */
async function untilIdle(
  listeners: Listeners<WebSocketSocket>,
  http: HttpTransport,
  clock: Clock,
  seconds: number,
): Promise<void> {
  const deadline = clock.monotonic() + seconds * 1000;
  while (clock.monotonic() < deadline) {
    const idle = listeners.servers.every(
      (server) => server.pendingRequests === 0 && server.pendingWebSockets === 0,
    );
    if (idle && http.unfetched === 0) return;
    await new Promise<void>((resolve) => clock.after(20, resolve));
  }
}
