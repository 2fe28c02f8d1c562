import type { Clock, Log } from '@earshot/base';
import { type Database, migrate } from '@earshot/data';
import type { RequestClient } from './api/api.ts';
import { apiPath, apiShell, missing } from './api/app.ts';
import { describeError } from './api/problem.ts';
import { chatDocument, chatRoutes } from './api/routes.ts';
import type { ChatApp, ChatApps } from './apps.ts';
import { type ChatConfig, parseChatChannel } from './contract/index.ts';
import type { Core } from './core/core.ts';
import { OutboxRows } from './core/outbox.ts';
import { TimerRows } from './core/timers.ts';
import type { ChannelHost, HostFact } from './host.ts';
import { refuse } from './refusal.ts';
import { type ChatTables, chatMigrations } from './tables.ts';

export interface ChatOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly apps: ChatApps;
  readonly host: ChannelHost;
  /** A folder for files, made if need be. */
  readonly dataDir: string;
  /** In front of every path (EARSHOT_PATH); '' or begins with a slash. */
  readonly prefix: string;
  /** The address that people use, prefix included, without a slash at its end; as the request reached it if none is set. */
  readonly publicAddress: (client: RequestClient | null) => string;
  /** How clients of the app reach the channel server. */
  readonly realtime: (app: ChatApp, client: RequestClient) => ChatConfig['realtime'];
  /** Addresses of this machine and network may be called (EARSHOT_WEBHOOK_PRIVATE_ADDRESSES). */
  readonly privateAddresses: boolean;
  /** A failure in the background; counts and logs it. */
  readonly onProblem: (stage: string, error: unknown) => void;
}

/** The back end of the chat, whatever it is mounted in. */
export interface Chat {
  /** @returns null for a path that is not the back end's */
  fetch(request: Request, client: RequestClient): Promise<Response | null>;
  /** What became true on the host. Returns at once. */
  told(fact: HostFact): void;
  /** Begins what it does by itself: timers, what is to be published, what a crash left. */
  start(): Promise<void>;
  /** Ends that. What is under way is finished first; the database is still needed until this resolves. */
  stop(): Promise<void>;
}

/** Opens the tables and puts the parts together: the one place that knows them all. */
export async function createChat(options: ChatOptions): Promise<Chat> {
  const { database, clock, log, apps, host, prefix } = options;
  // Texts of errors may quote what people wrote, so no log gets them.
  const onProblem = (stage: string, error: unknown) => {
    log.error(describeError(error), `chat: ${stage} failed`);
    options.onProblem(stage, error);
  };
  await migrate(database, 'chat', chatMigrations);
  const common = {
    db: database.kysely.withTables<ChatTables>(),
    kind: database.kind,
    clock,
    log,
    apps,
    host,
    onProblem,
  };
  const timers = new TimerRows(common);
  const outbox = new OutboxRows(common);
  const core: Core = { ...common, timers, outbox };
  void core;

  const routes = chatRoutes();
  const ownOrigins = (client: RequestClient) => [
    new URL(options.publicAddress(client)).origin,
    ...originOf(client),
  ];
  const pathOf = (request: Request) => belowPrefix(new URL(request.url, 'http://host').pathname, prefix);
  const api = apiShell({
    apps,
    log,
    ownOrigins,
    authenticate: async () => refuse('unauthorised'),
    pathOf: (request) => pathOf(request) ?? '',
  });
  const document = chatDocument(routes, `${prefix}${apiPath}`);
  api.get(`${apiPath}/openapi.json`, (c) => c.json(document));
  api.route(apiPath, routes);
  missing(api);

  return {
    async fetch(request, client) {
      const path = pathOf(request);
      if (path === null || !(path === apiPath || path.startsWith(`${apiPath}/`))) return null;
      return api.fetch(request, { client });
    },
    told(fact) {
      if (parseChatChannel(fact.channel) === null || apps.byId(fact.appId) === undefined) return;
    },
    async start() {
      timers.start();
      outbox.start();
    },
    async stop() {
      await timers.stop();
      await outbox.stop();
    },
  };
}

function originOf({ secure, host }: RequestClient): string[] {
  const origin = `${secure ? 'https' : 'http'}://${host}`;
  return URL.canParse(origin) ? [new URL(origin).origin] : [];
}

function belowPrefix(path: string, prefix: string): string | null {
  if (prefix === '') return path;
  return path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : null;
}
