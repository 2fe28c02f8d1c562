import { type Clock, createLog, type Log, systemClock } from '@earshot/base';
import { type ChatApp, type ChatApps, createChat, createRemoteHost } from '@earshot/chat';
import { lockDataFolder, openDatabase } from '@earshot/data';
import type { ChatConfig } from '../chat-config.ts';
import { publicAddress } from '../http/address.ts';
import { type Client, Clients, hostGuard } from '../http/client.ts';
import { listen } from '../http/listener.ts';
import { Readiness } from '../http/readiness.ts';
import { belowPrefix, targetOf } from '../http/target.ts';
import { readText, sharedStyles } from '../pages/bundle.ts';
import { createChatPages } from './pages.ts';

/** Where the channel server sends its webhooks. */
const hooksPath = '/chat/webhooks';
const hookBytesMax = 1024 * 1024;

/** The chat alone, running. */
export interface ChatProgram {
  /** Where it listens, without the path prefix. */
  readonly url: string;
  readonly port: number;
  /** Finishes what runs, and stops. */
  drain(): Promise<void>;
  /** Stops at once. */
  stop(): Promise<void>;
}

/**
 * The chat's back end and pages as a program of their own: its host is a channel server elsewhere, of which it knows what
 * any application does.
 * @throws StartError or DataError with a message for the person who starts it
 */
export async function createChatProgram(options: {
  readonly config: ChatConfig;
  readonly clock?: Clock;
  readonly log?: Log;
}): Promise<ChatProgram> {
  const stack = new AsyncDisposableStack();
  try {
    return await assemble(options.config, options.clock ?? systemClock, options.log, stack);
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

async function assemble(
  config: ChatConfig,
  clock: Clock,
  givenLog: Log | undefined,
  stack: AsyncDisposableStack,
): Promise<ChatProgram> {
  const log = givenLog ?? createLog(config.logLevel);
  const { channels } = config;
  const lock = await lockDataFolder(config.dataDir);
  stack.defer(() => lock.release());
  const database = await openDatabase(config.databaseUrl);
  stack.defer(() => database.close());

  const host = createRemoteHost(channels);
  const apps = oneApp(config);
  const realtime = realtimeOf(config);
  const ownAddress = { address: '', secure: false, host: `${config.host}:${config.port}` };
  const chat = await createChat({
    database,
    clock,
    log,
    apps,
    host,
    filesDir: config.chatFilesDir,
    prefix: config.path,
    publicAddress: (client) => publicAddress(client ?? ownAddress, config).href.replace(/\/$/, ''),
    realtime: () => realtime,
    presenceMembersMost: () => config.presenceMembers,
    privateAddresses: config.webhookPrivateAddresses,
    styles: await sharedStyles(),
    windowFile: (name) => readText(`@earshot/chat/window/${name}`),
    onProblem: () => undefined,
  });
  stack.defer(() => chat.stop());
  const scheme = realtime.tls ? ['wss', 'https'] : ['ws', 'http'];
  const realtimeOrigins = scheme.map((name) => `${name}://${realtime.host}:${realtime.port}`);
  const pages = createChatPages({ apps, config, log, realtimeOrigins, hasLiveRoom: chat.hasLiveRoom });
  await chat.start();

  let isReady = true;
  const readiness = new Readiness(clock);
  const clients = new Clients(config.trustedProxies);
  const refuseHost = hostGuard(config.host, config.publicUrl);

  async function hooks(request: Request): Promise<Response> {
    if (request.method !== 'POST') return text('This address takes webhooks.', 405, { Allow: 'POST' });
    const length = request.headers.get('content-length');
    if (length === null) return text('Expected a Content-Length.', 411);
    if (Number(length) > hookBytesMax) return text('Too large.', 413);
    const facts = host.facts(request.headers, await request.text());
    if (facts === null) {
      log.warn('chat: a webhook was refused: it is not signed with the secret of the app');
      return text('Expected a webhook that is signed with the secret of the app.', 401);
    }
    for (const fact of facts) chat.told(fact);
    return new Response(null, { status: 204 });
  }

  async function answer(request: Request, path: string, client: Client): Promise<Response> {
    if (path === hooksPath) return hooks(request);
    if (path === '/healthz') return text('ok', 200);
    if (path === '/readyz') return readiness.asked(isReady) ? text('ready', 200) : text('draining', 503);
    return (
      (await pages.fetch(request, client)) ??
      (await chat.fetch(request, client)) ??
      text('404 NOT FOUND', 404)
    );
  }

  const server = listen({
    host: config.host,
    port: config.port,
    portSetting: 'EARSHOT_PORT',
    tls: null,
    shared: false,
    websocket: { message: (socket) => socket.close() },
    async fetch(request, server) {
      const remote = () => server.requestIP(request)?.address ?? '';
      const client = clients.of(request.headers, remote(), false);
      const path = belowPrefix(targetOf(request.url).path, config.path);
      // The channel server may know us by another name than people do; what it says is signed.
      const refused = path === hooksPath ? null : refuseHost(client.host);
      if (refused !== null) return text(refused, 403);
      return path === null ? text('404 NOT FOUND', 404) : answer(request, path, client);
    },
  });
  stack.defer(async () => {
    isReady = false;
    await server.stop(true);
  });
  const name = config.host.includes(':') ? `[${config.host}]` : config.host;
  return {
    url: `http://${name}:${server.port}`,
    port: server.port ?? 0,
    async drain() {
      isReady = false;
      await readiness.noticed((config.drainSeconds * 1000) / 2);
      const deadline = clock.monotonic() + config.drainSeconds * 1000;
      while (server.pendingRequests > 0 && clock.monotonic() < deadline)
        await new Promise<void>((resolve) => clock.after(20, resolve));
      await stack.disposeAsync();
    },
    stop: () => stack.disposeAsync(),
  };
}

function oneApp({ app, channels }: ChatConfig): ChatApps {
  const { name, origins, ...settings } = app;
  const one: ChatApp = { id: channels.appId, name, key: channels.key, origins, settings };
  const all = settings.chat ? [one] : [];
  return {
    byId: (id) => all.find((app) => app.id === id),
    byKey: (key) => all.find((app) => app.key === key),
    all: () => all,
  };
}

function realtimeOf({ channels, channelsPublicUrl }: ChatConfig) {
  const { key } = channels;
  if (channelsPublicUrl === null) {
    const { host, port, tls } = channels;
    return { key, host, port, tls, path: '' };
  }
  const url = new URL(channelsPublicUrl);
  const tls = url.protocol === 'https:';
  const port = Number(url.port) || (tls ? 443 : 80);
  return { key, host: url.hostname, port, tls, path: url.pathname.replace(/\/$/, '') };
}

function text(message: string, status: number, headers: Record<string, string> = {}): Response {
  return new Response(`${message}\n`, { status, headers });
}
