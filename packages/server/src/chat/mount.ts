import type { Clock, Log } from '@earshot/base';
import { type Chat, createChat } from '@earshot/chat';
import type { Database } from '@earshot/data';
import type { ApiParts } from '../api/call.ts';
import type { App } from '../apps/app.ts';
import type { AppRegistry } from '../apps/registry.ts';
import type { Fact } from '../channels/facts.ts';
import type { Nodes } from '../cluster/nodes.ts';
import type { Config } from '../config.ts';
import { publicAddress } from '../http/address.ts';
import type { Windows } from '../operators/windows.ts';
import { readText, sharedStyles } from '../pages/bundle.ts';
import { chatApps } from './apps.ts';
import { createInProcessHost } from './host.ts';
import { chatNeeds } from './needs.ts';
import { createChatPages } from './pages.ts';
import { pictureSiblings } from './picture-siblings.ts';

/** The chat's back end with this server as its host, and the chat's pages. */
export async function createServerChat(options: {
  readonly config: Config;
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly apps: AppRegistry;
  readonly parts: ApiParts;
  /** Counts what each asks for, of all processes together. */
  readonly windows: Windows;
  readonly nodes: Nodes;
  /** Counts it; the chat has written what may be in a log. */
  readonly onProblem: () => void;
}): Promise<Chat> {
  const { config, database, clock, log, apps, parts, windows, nodes } = options;
  const warn = (app: App) => {
    if (!app.settings.enabled || !app.settings.chat) return;
    for (const need of chatNeeds(app.settings)) log.warn({ app: app.id }, `chat: ${need}`);
  };
  for (const app of apps.all()) warn(app);
  apps.onChange(warn);
  const chat = await createChat({
    database,
    clock,
    log,
    apps: chatApps(apps),
    counts: windows,
    host: createInProcessHost(parts, apps),
    filesDir: config.chatFilesDir,
    prefix: config.path,
    publicAddress: (client) =>
      publicAddress(
        client ?? { address: '', secure: false, host: `${config.host}:${config.port}` },
        config,
      ).href.replace(/\/$/, ''),
    realtime({ key }, client) {
      const address = publicAddress(client, config);
      const tls = address.protocol === 'https:';
      return {
        key,
        host: address.hostname,
        port: Number(address.port) || (tls ? 443 : 80),
        tls,
        path: address.pathname.replace(/\/$/, ''),
      };
    },
    pictureSiblings: pictureSiblings(nodes),
    leaseMs: config.leaseSeconds * 1000,
    presenceMembersMost: (appId) => apps.byId(appId)?.settings.presenceMembers ?? 0,
    privateAddresses: config.webhookPrivateAddresses,
    styles: await sharedStyles(),
    windowFile: (name) => readText(`@earshot/chat/window/${name}`),
    onProblem: options.onProblem,
  });
  apps.onRemoved((appId) => chat.forgetApp(appId));
  const pages = createChatPages({ apps: chatApps(apps), config, log, hasLiveRoom: chat.hasLiveRoom });
  return {
    ...chat,
    fetch: async (request, client) => (await pages.fetch(request, client)) ?? chat.fetch(request, client),
  };
}

/** Facts for consumers that want each once per cluster; the four that Pusher's webhooks know, too. */
export function tellChat(chat: Chat, fact: Fact): void {
  switch (fact.type) {
    case 'channel_occupied':
    case 'channel_vacated':
      chat.told({ type: fact.type, appId: fact.appId, channel: fact.channel });
      break;
    case 'member_added':
    case 'member_removed':
      chat.told({ type: fact.type, appId: fact.appId, channel: fact.channel, userId: fact.userId });
      break;
  }
}
