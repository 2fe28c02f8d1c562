import {
  matching,
  optional,
  publicUrl,
  type Setting,
  setting,
  type ValuesOf,
  wholeNumber,
} from '@earshot/base';
import { chatSettings } from '@earshot/chat/settings';
import { appSettings } from './app-settings.ts';
import { serverSettings } from './server-settings.ts';

const {
  host,
  path,
  publicUrl: ownUrl,
  trustedProxies,
  databaseUrl,
  chatFilesDir,
  webhookPrivateAddresses,
} = serverSettings;
const { drainSeconds, logLevel } = serverSettings;

/** What can be set for `earshot chat`, the chat alone. Rows that the server has too mean the same here. */
export const chatProgramSettings = {
  channelsUrl: setting({
    env: 'EARSHOT_CHAT_CHANNELS_URL',
    flag: '--channels',
    kind: matching(
      /^https?:\/\/[A-Za-z0-9_-]+:[^\s@/]+@[^\s/@]+\/apps\/\d+$/,
      'http://KEY:SECRET@host:port/apps/ID, as libraries of Pusher take it',
    ),
    default: '',
    defaultText: 'none: it has to be set',
    example: 'http://278d425bdf160c739803:the-secret@127.0.0.1:6001/apps/3',
    doc: 'The app on the channel server: any one that speaks Pusher’s protocol, its HTTP API included.',
    secret: true,
  }),
  channelsPublicUrl: optional({
    env: 'EARSHOT_CHAT_CHANNELS_PUBLIC_URL',
    kind: publicUrl,
    defaultText: 'host and port of `EARSHOT_CHAT_CHANNELS_URL`',
    example: 'https://realtime.example.com',
    doc: 'Where browsers reach the channel server, when that is elsewhere than where this program does.',
  }),
  presenceMembers: setting({
    env: 'EARSHOT_CHAT_PRESENCE_MEMBERS',
    kind: wholeNumber(1, 100_000),
    default: 100,
    doc: 'Users that the channel server lets into one presence channel. Rooms beyond it are counted another way.',
  }),
  host,
  port: { ...serverSettings.port, default: 6002 },
  path,
  publicUrl: ownUrl,
  trustedProxies,
  dataDir: { ...serverSettings.dataDir, default: './data-chat' },
  databaseUrl: { ...databaseUrl, doc: 'Where the chat is kept. PostgreSQL for several nodes.' },
  chatFilesDir,
  webhookPrivateAddresses,
  drainSeconds,
  logLevel,
};

export type ChatProgramValues = ValuesOf<typeof chatProgramSettings>;

const { name, origins } = appSettings;

/** What can be set for its app. */
export const chatAppSettings = {
  name,
  origins,
  ...chatSettings,
  chat: { ...chatSettings.chat, default: true, defaultText: '`true`' },
  // Nobody would learn of a random one: there is no page that shows it.
  chatSecret: { ...chatSettings.chatSecret, defaultText: 'none: nobody signs in through the host site' },
};

export type ChatAppValues = ValuesOf<typeof chatAppSettings>;

/** The rows without their value types, to walk over all of them. */
export const chatProgramRows = rowsOf(chatProgramSettings);
export const chatAppRows = rowsOf(chatAppSettings);

function rowsOf(table: object): ReadonlyMap<string, Setting<unknown>> {
  return new Map(Object.entries(table as Record<string, Setting<unknown>>));
}
