import type { Clock, Log } from '@earshot/base';
import { type Database, migrate } from '@earshot/data';
import type { RequestClient } from './api/api.ts';
import { apiPath, apiShell, missing } from './api/app.ts';
import type { RequestCounts } from './api/limits.ts';
import { describeError } from './api/problem.ts';
import { chatDocument, chatRoutes } from './api/routes.ts';
import type { ChatApp, ChatApps } from './apps.ts';
import { type ChatConfig, parseChatChannel } from './contract/index.ts';
import { createConversations } from './conversations/conversations.ts';
import { conversationRoutes } from './conversations/routes.ts';
import type { Core } from './core/core.ts';
import { Keys } from './core/keys.ts';
import { OutboxRows } from './core/outbox.ts';
import { TimerRows } from './core/timers.ts';
import { dutyRoutes } from './duties/routes.ts';
import { Files } from './files/files.ts';
import { fileRoutes } from './files/routes.ts';
import { diskStorage } from './files/storage-disk.ts';
import type { ChannelHost, HostFact } from './host.ts';
import { createIdentity } from './identity/identity.ts';
import type { ProviderKind } from './identity/providers/providers.ts';
import { identityRoutes } from './identity/routes.ts';
import { type ReadWindowFile, signInFiles, signInResponse } from './identity/window/pages.ts';
import { LivePictures, type PictureSiblings } from './live/pictures.ts';
import { LiveRooms } from './live/rooms.ts';
import { liveRoutes } from './live/routes.ts';
import { Notify } from './notify/notify.ts';
import { notifyRoutes } from './notify/routes.ts';
import { createOutbound } from './outbound/outbound.ts';
import { githubImporter } from './people/import-github.ts';
import { mastodonImporter } from './people/import-mastodon.ts';
import { createPeople } from './people/people.ts';
import { createReach } from './people/reach.ts';
import { peopleRoutes } from './people/routes.ts';
import { Reports } from './reports/reports.ts';
import { reportRoutes } from './reports/routes.ts';
import { type ChatTables, chatMigrations } from './tables.ts';

export interface ChatOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly apps: ChatApps;
  readonly host: ChannelHost;
  /** The folder of people's files, made if need be; the same one for all nodes. */
  readonly filesDir: string;
  /** In front of every path (EARSHOT_PATH); '' or begins with a slash. */
  readonly prefix: string;
  /** The address that people use, prefix included, without a slash at its end; as the request reached it if none is set. */
  readonly publicAddress: (client: RequestClient | null) => string;
  /** How clients of the app reach the channel server. */
  readonly realtime: (app: ChatApp, client: RequestClient) => ChatConfig['realtime'];
  /** Other processes that take requests of the same live rooms; none: there is this one alone. */
  readonly pictureSiblings?: PictureSiblings;
  /** What a process that died was doing at its time is done by another one after so long; 60 s if left out. */
  readonly leaseMs?: number;
  /** Members that one presence channel of the app may have on the host; 0 = any number. */
  readonly presenceMembersMost: (appId: string) => number;
  /** Addresses of this machine and network may be called (EARSHOT_WEBHOOK_PRIVATE_ADDRESSES). */
  readonly privateAddresses: boolean;
  /** CSS that all pages share: tokens and base parts. */
  readonly styles: string;
  /** Reads the files of the sign-in window, where they are not beside the code. */
  readonly windowFile?: ReadWindowFile;
  /** Counts what each asks for, where several processes are one chat. */
  readonly counts?: RequestCounts | undefined;
  /** A failure in the background; counts and logs it. */
  readonly onProblem: (stage: string, error: unknown) => void;
}

/** The back end of the chat, whatever it is mounted in. */
export interface Chat {
  /** @returns null for a path that is not the back end's */
  fetch(request: Request, client: RequestClient): Promise<Response | null>;
  /** What became true on the host. Returns at once. */
  told(fact: HostFact): void;
  /** Whether there is a live room of this id, for the status of its page. */
  hasLiveRoom(id: string): Promise<boolean>;
  /** Removes what is kept of an app outside of the database: its files. For an app that is gone; may be asked again. */
  forgetApp(appId: string): Promise<void>;
  /** Begins what it does by itself: timers, what is to be published, what a crash left. */
  start(): Promise<void>;
  /** Ends that. What is under way is finished first; the database is still needed until this resolves. */
  stop(): Promise<void>;
}

/** Brings the chat's tables up to date. */
export function migrateChat(database: Database): Promise<void> {
  return migrate(database, 'chat', chatMigrations);
}

/** Opens the tables and puts the parts together: the one place that knows them all. */
export async function createChat(options: ChatOptions): Promise<Chat> {
  const { database, clock, log, apps, host, prefix } = options;
  // Texts of errors may quote what people wrote, so no log gets them.
  const onProblem = (stage: string, error: unknown) => {
    log.error(describeError(error), `chat: ${stage} failed`);
    options.onProblem(stage, error);
  };
  await migrateChat(database);
  const common = {
    db: database.kysely.withTables<ChatTables>(),
    kind: database.kind,
    clock,
    log,
    apps,
    host,
    onProblem,
  };
  const timers = new TimerRows({ ...common, leaseMs: options.leaseMs });
  const outbox = new OutboxRows(common);
  const core: Core = { ...common, timers, outbox };
  const keys = new Keys(core);
  const outbound = createOutbound({ clock, allowPrivate: options.privateAddresses });
  const ownAddress = options.publicAddress(null);

  const importers = [githubImporter(outbound, clock), mastodonImporter(outbound, clock)];
  const identity = createIdentity({
    core,
    keys,
    outbound,
    importers: new Set(importers.map(({ provider }) => provider as ProviderKind)),
  });
  const { people, hooks, lives } = identity;
  const reach = createReach(core, people);
  const contact = ownAddress.startsWith('https:') ? ownAddress : 'mailto:nobody@example.invalid';
  const notify = new Notify({ core, keys, people, reach, outbound, contact });
  const files = new Files({
    core,
    keys,
    storage: diskStorage(options.filesDir),
    // Messages carry files, and a file is of somebody who may write: each knows of the other.
    conversations: { mayWrite: (caller, id) => conversations.conversations.mayWrite(caller, id) },
    apiPath: `${prefix}${apiPath}`,
  });
  const conversations = createConversations({
    core,
    people,
    reach,
    attention: notify,
    attachments: files,
    readRoomToken: (app, token) => identity.hostTokens.readRoom(app, token),
    presenceMembersMost: options.presenceMembersMost,
  });
  const social = createPeople({
    core,
    people,
    reach,
    directs: conversations.directs,
    views: conversations,
    attention: notify,
    identities: identity,
    tokens: { token: (appId, id, provider) => identity.providerAccess(appId, id, provider) },
    keys,
    importers,
  });
  const reports = new Reports({
    core,
    outbound,
    people,
    conversations: conversations.conversations,
    attachments: files,
    secretOf: (app) => identity.hostSecrets.current(app),
    linkTo: (app, report) => `${ownAddress}/chat?app=${encodeURIComponent(app.key)}&report=${report}`,
  });
  const live = new LiveRooms({ core, presenceMembersMost: options.presenceMembersMost });
  const livePictures = new LivePictures(clock, options.pictureSiblings);
  const { personalData: ofFiles } = files;
  for (const data of [
    conversations.personal,
    social.data,
    ofFiles,
    notify.personalData,
    reports.personalData,
  ])
    lives.register(data);
  hooks.on('sessionsEnded', (appId, sessions) => notify.sessionsEnded(appId, sessions));
  hooks.on('hostContacts', (appId, user, contacts) => social.hostContacts(appId, user, contacts));
  hooks.on('signedIn', (appId, user, known) => social.signedIn(appId, user, known));
  hooks.on('meChanged', async (appId, me, change) => {
    await social.meChanged(appId, me, change);
    // Rooms see name, picture and mark alone. A sign-in says nothing of what it changed.
    const isSeen =
      change.name !== undefined || change.avatar !== undefined || Object.keys(change).length === 0;
    const person = isSeen ? await people.person(appId, me.id) : undefined;
    if (person === undefined) return;
    await core.db.transaction().execute((trx) => conversations.personChanged(trx, appId, person));
    await outbox.flush();
  });

  const ownOrigins = (client: RequestClient) => [
    new URL(options.publicAddress(client)).origin,
    ...originOf(client),
  ];
  const routes = chatRoutes({
    identity: identityRoutes(identity, {
      apps,
      ownOrigins,
      publicAddress: options.publicAddress,
      realtime: options.realtime,
      pushKey: ({ id }) => notify.publicKey(id),
    }),
    conversations: conversationRoutes(conversations),
    people: peopleRoutes(social),
    files: fileRoutes(files),
    notify: notifyRoutes(notify, (client) => new URL(options.publicAddress(client)).hostname),
    reports: reportRoutes(reports),
    duties: dutyRoutes(lives),
    live: liveRoutes(live, livePictures, { apps, ownOrigins, realtime: options.realtime }),
  });
  const pathOf = (request: Request) => belowPrefix(new URL(request.url, 'http://host').pathname, prefix);
  const api = apiShell({
    counts: options.counts,
    apps,
    log,
    ownOrigins,
    authenticate: (authorization, origin) =>
      identity.authenticate({ authorization: authorization ?? null, origin }),
    pathOf: (request) => pathOf(request) ?? '',
  });
  const document = chatDocument(routes, `${prefix}${apiPath}`);
  api.get(`${apiPath}/openapi.json`, (c) => c.json(document));
  api.route(apiPath, routes);
  missing(api);
  const windowFiles = await signInFiles(options.styles, options.windowFile);

  let stopIdentity = () => {};
  return {
    async fetch(request, client) {
      const path = pathOf(request);
      if (path === null) return null;
      if (path === apiPath || path.startsWith(`${apiPath}/`)) return api.fetch(request, { client });
      return signInResponse(windowFiles, request.method, path);
    },
    told(fact) {
      if (parseChatChannel(fact.channel) === null || apps.byId(fact.appId) === undefined) return;
      social.told(fact);
      live.told(fact);
    },
    hasLiveRoom: (id) => live.exists(id),
    forgetApp: (appId) => files.forgetApp(appId),
    async start() {
      timers.start();
      outbox.start();
      stopIdentity = identity.start();
      await conversations.start();
      social.start();
    },
    async stop() {
      stopIdentity();
      await social.stop();
      await live.idle();
      livePictures.stop();
      await timers.stop();
      await conversations.stop();
      await notify.stop();
      // Last, because what the others did may have left something to publish.
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
