import { afterAll, setDefaultTimeout } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, createLog, systemClock } from '@earshot/base';
import { createServer, type EarshotServer } from '@earshot/server';
import type { Cluster } from '../../packages/server/src/cluster/cluster.ts';
import { MemoryCluster } from '../../packages/server/src/cluster/memory-cluster.ts';
import { serverOf } from '../../packages/server/src/cluster/redis/servers.ts';
import { RedisCluster } from '../../packages/server/src/cluster/redis-cluster.ts';
import { type AppSettings, type Config, readConfig } from '../../packages/server/src/config.ts';
import { carried } from '../../packages/server/src/pages/carried.ts';
import { Api, type Credentials, channelAuth, userAuth } from './api.ts';
import { type Certificate, makeCertificate } from './certificate.ts';
import { EventStreamWire, type HttpWireOptions, overWebSocket, transport, XhrWire } from './http-wire.ts';
import { type SeveralNodes, startNodes } from './nodes.ts';
import { type Postgres, startPostgres } from './postgres.ts';
import { redisDatabases, startRedis } from './redis.ts';
import { type Message, WebSocketWire, type Wire } from './wire.ts';
import { startWorkers } from './workers.ts';

// A wait that is in vain fails by itself and says what came instead; the runner must not be faster.
setDefaultTimeout(180_000);

// What the servers of a test file show is bundled once, not by each of them: it is most of what starting one costs.
carried.record();

/** The app of `docs/protocol.md`'s vectors; every test server has it. */
export const vectorApp: Credentials = {
  id: '3',
  key: '278d425bdf160c739803',
  secret: '7ad3773142a6692b25b8',
};

/**
 * With EARSHOT_TEST_WORKERS every server is so many workers behind one port; but not where a test has time in its hands,
 * because it moves it when what it did is done, and other workers hear of that a moment later.
 */
const workers = Number(process.env.EARSHOT_TEST_WORKERS ?? 1);

/**
 * With EARSHOT_TEST_NODES, and Redis to join them, every server is so many nodes on one PostgreSQL behind one address; with
 * the same exception.
 */
const nodeCount = Number(process.env.EARSHOT_TEST_NODES ?? 1);

/** How many processes a server is that a test starts. */
export const processes = nodeCount > 1 ? nodeCount : workers;

/** Clients on HTTP transports count as gone after this in the tests, which do not wait for 5 s each time. */
const graceMs = transport === 'xhr_polling' ? 500 : 100;

const tickMs = 10;

/**
 * Time as this process gets to use it. Between two polls an honest client is without a response as well, and when the machine
 * is busy elsewhere that must not make it look gone: each tick counts once, however late it is.
 */
const patientClock: Clock = {
  ...systemClock,
  after(ms, task) {
    let ticksLeft = Math.ceil(ms / tickMs);
    const tick = () => {
      if (ticksLeft-- <= 0) task();
      else timer = setTimeout(tick, tickMs);
    };
    let timer = setTimeout(tick, 0);
    return { cancel: () => clearTimeout(timer) };
  },
};

export interface StartOptions {
  /** Settings by the names of `docs/configuration.md`, e.g. `{ EARSHOT_APP_CACHE_SECONDS: '60' }`. */
  env?: Record<string, string>;
  /** A `ManualClock` where time is what is tested. */
  clock?: Clock;
  /** Given to several servers, it makes them nodes of one cluster. */
  cluster?: Cluster;
  /** How long a client on an HTTP transport may be without a response: longer than usual where there are many. */
  httpGraceMs?: number;
  /** Listen with TLS too, or on the one port with TLS only, under a certificate made for this server. */
  tls?: boolean | 'only';
  /** Keep the data folder of an earlier server, and leave it there. */
  dataDir?: string;
}

export interface ConnectOptions {
  protocol?: string;
  query?: string;
  headers?: Record<string, string>;
  key?: string;
  tls?: boolean;
}

/** A folder that is removed when the `await using` block ends. */
export async function temporaryFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'earshot-test-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** What joins the nodes of a test: nothing is memory; `redis`. */
const clusterKind = process.env.EARSHOT_TEST_CLUSTER ?? 'memory';
export const overRedis = clusterKind === 'redis';
const redis = overRedis ? await startRedis() : undefined;
const redisClusters: RedisCluster[] = [];
if (redis !== undefined) {
  afterAll(async () => {
    for (const cluster of redisClusters.splice(0)) await cluster.close();
    await redis[Symbol.asyncDispose]();
  });
}

const postgres = nodeCount > 1 ? await startPostgres() : undefined;
/** One for each data folder that a test keeps. */
const databases = new Map<string, string>();
if (postgres !== undefined) {
  if (!overRedis) throw new Error('EARSHOT_TEST_NODES needs EARSHOT_TEST_CLUSTER=redis');
  afterAll(() => postgres[Symbol.asyncDispose]());
}

/** The database of a server of several nodes, which one on the same folder finds again. */
async function sharedDatabase({ createDatabase }: Postgres, dataDir: string | undefined): Promise<string> {
  const known = databases.get(dataDir ?? '');
  if (known !== undefined) return known;
  const url = await createDatabase();
  if (dataDir !== undefined) databases.set(dataDir, url);
  return url;
}

let brokers = 0;
/** The address of a numbered database of the test's Redis that nobody has used. */
const freshBroker = (url: string) => `${url}/${brokers++ % redisDatabases}`;

/** What several servers of a test share to be nodes of one cluster. */
export function newCluster(clock: Clock = systemClock): Cluster {
  if (redis === undefined) return new MemoryCluster(clock);
  const servers = [serverOf(freshBroker(redis.url))];
  const cluster = new RedisCluster(servers, systemClock, createLog('silent'));
  redisClusters.push(cluster);
  return cluster;
}

/** Starts a server in this process, on a free port of 127.0.0.1 and a data folder of its own; use with `await using`. */
export async function startServer(options: StartOptions = {}): Promise<TestServer> {
  const folder = options.dataDir === undefined ? await temporaryFolder() : undefined;
  const certificate = options.tls ? await makeCertificate() : undefined;
  const tls: Record<string, string> =
    certificate === undefined
      ? {}
      : {
          EARSHOT_TLS_CERT: certificate.certFile,
          EARSHOT_TLS_KEY: certificate.keyFile,
          ...(options.tls === 'only' ? {} : { EARSHOT_TLS_PORT: '0' }),
        };
  const clock = options.clock ?? systemClock;
  const { cluster } = options;
  const isAlone = cluster !== undefined || options.clock !== undefined;
  const dataDir = options.dataDir ?? folder?.path ?? '';
  const shared: Record<string, string> =
    postgres === undefined || redis === undefined || isAlone
      ? {}
      : {
          EARSHOT_DATABASE_URL: await sharedDatabase(postgres, options.dataDir),
          EARSHOT_REDIS_URL: freshBroker(redis.url),
          EARSHOT_CHAT_FILES_DIR: join(dataDir, 'files'),
        };
  const read = readConfig([], {
    EARSHOT_PORT: '0',
    EARSHOT_DATA_DIR: dataDir,
    EARSHOT_APP_ID: vectorApp.id,
    EARSHOT_APP_KEY: vectorApp.key,
    EARSHOT_APP_SECRET: vectorApp.secret,
    EARSHOT_LOG_LEVEL: process.env.EARSHOT_TEST_LOG ?? 'silent',
    ...tls,
    ...shared,
    ...options.env,
  });
  if (!('config' in read)) throw new Error(`the settings of this test are wrong: ${JSON.stringify(read)}`);
  const { config } = read;
  const parts = {
    config,
    clock,
    ...(overWebSocket && options.httpGraceMs === undefined
      ? {}
      : { httpGrace: { ms: options.httpGraceMs ?? graceMs, clock: patientClock } }),
  };
  const start = () => {
    if (isAlone) return createServer({ ...parts, ...(cluster === undefined ? {} : { cluster }) });
    if (postgres !== undefined) {
      const ofNode = (index: number) => ({ ...config, dataDir: join(dataDir, `node-${index}`) });
      return startNodes((index) => ({ ...parts, config: ofNode(index) }), nodeCount);
    }
    return workers > 1 ? startWorkers(parts, workers) : createServer(parts);
  };
  const node = await start();
  return new TestServer(node, clock, config, certificate, async () => {
    await folder?.[Symbol.asyncDispose]();
    await certificate?.[Symbol.asyncDispose]();
  });
}

export class TestServer implements AsyncDisposable {
  readonly app = vectorApp;
  readonly host = '127.0.0.1';
  /** EARSHOT_PATH. */
  readonly prefix: string;
  readonly databaseUrl: string;
  readonly port: number;
  readonly tlsPort: number;
  readonly api: Api;
  readonly #cleanups: (() => void | Promise<void>)[] = [];

  constructor(
    readonly node: EarshotServer,
    readonly clock: Clock,
    readonly config: Pick<Config, 'path' | 'databaseUrl'>,
    readonly certificate: Certificate | undefined,
    removeFolder: () => Promise<void>,
  ) {
    this.prefix = config.path;
    this.databaseUrl = config.databaseUrl;
    this.port = node.port;
    this.tlsPort = node.tlsUrl === null ? 0 : Number(new URL(node.tlsUrl).port);
    this.api = this.apiFor(vectorApp);
    this.#cleanups.push(removeFolder, () => node.stop());
  }

  /** The nodes behind it, or it alone. */
  get nodes(): readonly EarshotServer[] {
    return 'nodes' in this.node ? (this.node as SeveralNodes).nodes : [this.node];
  }

  /** One of them, as one reaches it past the balancer; which one where there are fewer, does not matter. */
  at(index: number): TestServer {
    const node = this.nodes[index % this.nodes.length] ?? this.node;
    const alone = new TestServer(node, this.clock, this.config, this.certificate, async () => undefined);
    this.onStop(() => alone[Symbol.asyncDispose]());
    return alone;
  }

  /** A figure of `/metrics`, of all nodes together. */
  async figure(name: string): Promise<number> {
    const figures = await Promise.all(
      this.nodes.map(async ({ url }) => {
        const text = await (await fetch(`${url}${this.prefix}/metrics`)).text();
        return Number(new RegExp(`^earshot_${name} (\\S+)$`, 'm').exec(text)?.[1]);
      }),
    );
    return figures.reduce((sum, figure) => sum + figure, 0);
  }

  get origin(): string {
    return `http://${this.host}:${this.port}${this.prefix}`;
  }

  /** The API as another app of this server. */
  apiFor(app: Credentials): Api {
    return new Api(this.origin, app, () => Math.floor(this.clock.now() / 1000));
  }

  /** A further app, with its first key. */
  async createApp(name: string): Promise<Credentials> {
    const app = await this.node.apps.create({ name });
    const key = app.oldestKey;
    return { id: app.id, key: key.key, secret: key.secret };
  }

  /** Changes settings of the app while the server runs; not those that `env` holds. */
  async update(settings: Partial<AppSettings>): Promise<void> {
    const updated = await this.node.apps.update(this.app.id, settings);
    if ('refused' in updated) throw new Error(updated.refused);
  }

  /** Runs when the server is stopped, last added first. */
  onStop(cleanup: () => void | Promise<void>): void {
    this.#cleanups.push(cleanup);
  }

  /** A WebSocket to any path; it may be refused. */
  async dial(path: string, headers: Record<string, string> = {}, tls = false): Promise<Wire> {
    const wire = await WebSocketWire.open(
      tls
        ? { port: this.tlsPort, path, headers, ca: this.certificate?.cert ?? '' }
        : { port: this.port, path, headers },
    );
    this.onStop(() => wire.destroy());
    return wire;
  }

  /** A client of the app on the transport that is tested, as pusher-js opens it; it may be refused. */
  async dialApp(options: ConnectOptions = {}): Promise<Wire> {
    const query = options.query ?? `protocol=${options.protocol ?? '7'}&client=js&version=8.6.0&flash=false`;
    const key = options.key ?? this.app.key;
    if (overWebSocket) {
      return this.dial(`${this.prefix}/app/${key}?${query}`, options.headers, options.tls);
    }
    const base = options.tls ? `https://127.0.0.1:${this.tlsPort}${this.prefix}` : this.origin;
    const target: HttpWireOptions = {
      base,
      key,
      query,
      ...(options.headers === undefined ? {} : { headers: options.headers }),
      ...(options.tls ? { ca: this.certificate?.cert ?? '' } : {}),
    };
    const wire =
      transport === 'event_stream'
        ? await EventStreamWire.open(target)
        : await XhrWire.open(target, transport === 'xhr_polling' ? 'xhr' : 'xhr_streaming');
    this.onStop(() => wire.destroy());
    return wire;
  }

  /** An established connection. */
  async connect(options: ConnectOptions = {}): Promise<Wire> {
    const wire = await this.dialApp(options);
    const first = await wire.next('pusher:connection_established');
    wire.socketId = JSON.parse(String(first.data)).socket_id;
    return wire;
  }

  channelAuth(wire: Wire, channel: string, channelData?: string): string {
    return channelAuth(this.app, wire.socketId, channel, channelData);
  }

  /** Subscribes to a public channel, or to a private one with the right signature, and insists on success. */
  async join(wire: Wire, channel: string): Promise<Message> {
    const auth = /^private-/.test(channel) ? this.channelAuth(wire, channel) : undefined;
    return succeeded(await wire.subscribe(channel, auth));
  }

  /** Joins a presence channel and gives what its success holds. */
  async joinPresence(wire: Wire, channel: string, userId: string, userInfo?: unknown): Promise<Presence> {
    const channelData = JSON.stringify({ user_id: userId, user_info: userInfo });
    const auth = this.channelAuth(wire, channel, channelData);
    return presenceOf(succeeded(await wire.subscribe(channel, auth, channelData)));
  }

  /** Signs in, and gives the answer. */
  async signIn(wire: Wire, userData: string | Record<string, unknown>): Promise<Message> {
    const text = typeof userData === 'string' ? userData : JSON.stringify(userData);
    const auth = userAuth(this.app, wire.socketId, text);
    wire.send({ event: 'pusher:signin', data: { auth, user_data: text } });
    return wire.next();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (let cleanup = this.#cleanups.pop(); cleanup !== undefined; cleanup = this.#cleanups.pop())
      await cleanup();
  }
}

export interface Presence {
  ids: string[];
  hash: Record<string, unknown>;
  count: number;
}

export function succeeded(message: Message): Message {
  if (message.event !== 'pusher_internal:subscription_succeeded') {
    throw new Error(`expected a successful subscribe, got ${JSON.stringify(message)}`);
  }
  return message;
}

export function presenceOf(success: Message): Presence {
  return JSON.parse(String(success.data)).presence;
}

/** The `data` of a message, which is JSON in a string. */
export function dataOf(message: Message): unknown {
  return JSON.parse(String(message.data));
}
