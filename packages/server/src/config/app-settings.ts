import {
  boolean,
  didYouMean,
  listOf,
  matching,
  originPattern,
  refusal,
  type Setting,
  setting,
  type ValuesOf,
  wholeNumber,
} from '@earshot/base';
import { chatSettings } from '@earshot/chat/settings';
import { defaultLimits } from '@earshot/protocol';
import { channelPrefixes, webhookSettings } from './webhook-settings.ts';

const noLimit = '0 = no limit';

/**
 * What can be set for each app. The environment variable sets it for the first app and wins over the
 * database at every start; all other apps keep their settings in the database. Defaults are Pusher's
 * where Pusher has one.
 */
export const appSettings = {
  name: setting({
    env: 'EARSHOT_APP_NAME',
    kind: matching(/^[^\p{Cc}]{1,100}$/u, '1 to 100 characters without control characters'),
    default: 'First app',
    doc: 'What people call the app.',
  }),
  enabled: setting({
    env: 'EARSHOT_APP_ENABLED',
    kind: boolean,
    default: true,
    doc: 'When false, connections are closed with 4003 and the HTTP API answers 403.',
  }),
  tlsOnly: setting({
    env: 'EARSHOT_APP_TLS_ONLY',
    kind: boolean,
    default: false,
    doc: 'Connections without TLS are closed with 4000; pusher-js then comes back with TLS.',
  }),
  origins: setting({
    env: 'EARSHOT_APP_ORIGINS',
    kind: listOf(
      originPattern,
      'origins separated by commas, each a scheme, a host or "*." and a domain, and perhaps a port',
    ),
    default: [] as string[],
    defaultText: 'none: every origin may connect',
    example: 'https://example.com,https://*.example.com',
    doc: 'The pages that may connect. A page of another origin is closed with 4009. Programs that are not browsers send no origin and are let in.',
  }),
  clientEvents: setting({
    env: 'EARSHOT_APP_CLIENT_EVENTS',
    kind: boolean,
    default: true,
    doc: 'Clients may send `client-…` events to the other subscribers of private and presence channels.',
  }),
  clientEventsPerSecond: setting({
    env: 'EARSHOT_APP_CLIENT_EVENTS_PER_SECOND',
    kind: wholeNumber(0, 10_000, noLimit),
    default: defaultLimits.clientEventsPerSecond,
    doc: 'Client events of one connection in a second; what is over it is refused with 4301.',
  }),
  userSignIn: setting({
    env: 'EARSHOT_APP_USER_SIGN_IN',
    kind: boolean,
    default: true,
    doc: 'Connections may sign in as a user (`pusher:signin`).',
  }),
  watchlist: setting({
    env: 'EARSHOT_APP_WATCHLIST',
    kind: boolean,
    default: true,
    doc: 'Signed-in users are told when the users on their watchlist come and go.',
  }),
  subscriptionCount: setting({
    env: 'EARSHOT_APP_SUBSCRIPTION_COUNT',
    kind: boolean,
    default: false,
    doc: 'Subscribers are told how many subscriptions their channel has, except on presence channels.',
  }),
  authorisedConnections: setting({
    env: 'EARSHOT_APP_AUTHORISED_CONNECTIONS',
    kind: boolean,
    default: false,
    doc: 'A connection that has neither signed in nor joined a private or presence channel after 30 s is closed with 4009.',
  }),
  subscriptionErrors: setting({
    env: 'EARSHOT_APP_SUBSCRIPTION_ERRORS',
    kind: boolean,
    default: true,
    doc: 'A refused subscription is answered by `pusher:subscription_error` on its channel too, besides `pusher:error`.',
  }),
  cacheSeconds: setting({
    env: 'EARSHOT_APP_CACHE_SECONDS',
    kind: wholeNumber(1, 86_400),
    default: defaultLimits.cacheSeconds,
    doc: 'How long a cache channel keeps its last event.',
  }),
  connections: setting({
    env: 'EARSHOT_APP_CONNECTIONS',
    kind: wholeNumber(0, 10_000_000, noLimit),
    default: 0,
    doc: 'Connections at the same time; one more is closed with 4004.',
  }),
  channelsPerConnection: setting({
    env: 'EARSHOT_APP_CHANNELS_PER_CONNECTION',
    kind: wholeNumber(0, 1_000_000, noLimit),
    default: 10_000,
    doc: 'Channels that one connection may be subscribed to at the same time.',
  }),
  publishesPerSecond: setting({
    env: 'EARSHOT_APP_PUBLISHES_PER_SECOND',
    kind: wholeNumber(0, 10_000_000, noLimit),
    default: 0,
    doc: 'Events published through the HTTP API in a second.',
  }),
  messagesPerDay: setting({
    env: 'EARSHOT_APP_MESSAGES_PER_DAY',
    kind: wholeNumber(0, 1_000_000_000_000, noLimit),
    default: 0,
    doc: 'Messages in a day (UTC); beyond it the HTTP API answers 403.',
  }),
  eventBytes: setting({
    env: 'EARSHOT_APP_EVENT_BYTES',
    kind: wholeNumber(1, 16_777_216),
    default: defaultLimits.eventBytes,
    doc: 'Bytes of the data of one event, in UTF-8; more is answered by 413.',
  }),
  channelsPerPublish: setting({
    env: 'EARSHOT_APP_CHANNELS_PER_PUBLISH',
    kind: wholeNumber(1, 10_000),
    default: defaultLimits.channelsPerPublish,
    doc: 'Channels that one event may be published to.',
  }),
  batchEvents: setting({
    env: 'EARSHOT_APP_BATCH_EVENTS',
    kind: wholeNumber(1, 1_000),
    default: defaultLimits.batchEvents,
    doc: 'Events in one batch.',
  }),
  channelNameLength: setting({
    env: 'EARSHOT_APP_CHANNEL_NAME_LENGTH',
    kind: wholeNumber(1, 1_000),
    default: defaultLimits.channelNameLength,
    doc: 'Characters of a channel name.',
  }),
  eventNameLength: setting({
    env: 'EARSHOT_APP_EVENT_NAME_LENGTH',
    kind: wholeNumber(1, 1_000),
    default: defaultLimits.eventNameLength,
    doc: 'Characters of an event name.',
  }),
  presenceMembers: setting({
    env: 'EARSHOT_APP_PRESENCE_MEMBERS',
    kind: wholeNumber(1, 100_000),
    default: defaultLimits.presenceMembers,
    doc: 'Users in one presence channel. The list that a new member gets must fit `EARSHOT_OUTBOX_BYTES`.',
  }),
  memberBytes: setting({
    env: 'EARSHOT_APP_MEMBER_BYTES',
    kind: wholeNumber(2, 65_536),
    default: defaultLimits.memberBytes,
    doc: 'Bytes of the `user_info` of a member of a presence channel, in UTF-8.',
  }),
  userIdLength: setting({
    env: 'EARSHOT_APP_USER_ID_LENGTH',
    kind: wholeNumber(1, 1_000),
    default: defaultLimits.userIdLength,
    doc: 'Characters of a user id.',
  }),
  watchlistUsers: setting({
    env: 'EARSHOT_APP_WATCHLIST_USERS',
    kind: wholeNumber(1, 10_000),
    default: defaultLimits.watchlistUsers,
    doc: 'Users on one watchlist; the first ones are taken and the rest reported with 4302.',
  }),
  signedInPrefixes: setting({
    env: 'EARSHOT_APP_SIGNED_IN_PREFIXES',
    kind: channelPrefixes,
    default: [] as string[],
    defaultText: 'none',
    example: 'private-board-,presence-board-',
    doc: 'Private and presence channels whose name begins with one of these take only connections that have signed in, so that terminating a user ends what they hear. The chat’s inboxes and rooms are so always.',
  }),
  ...webhookSettings,
  ...chatSettings,
};

/** The settings of one app, each with a value. */
export type AppSettings = ValuesOf<typeof appSettings>;

export const appSettingNames = Object.keys(appSettings) as (keyof AppSettings)[];

/** The rows without their value types, to walk over all of them. */
export const appSettingRows = new Map<string, Setting<unknown>>(
  Object.entries(appSettings as unknown as Record<string, Setting<unknown>>),
);

/** The settings of an app for which nothing was set. */
export function defaultAppSettings(): AppSettings {
  const values: Record<string, unknown> = {};
  for (const [name, row] of appSettingRows) {
    values[name] = Array.isArray(row.default) ? [...row.default] : row.default;
  }
  return values as AppSettings;
}

/** What is wrong with single values of `patch`: unknown names and values that are not allowed. */
export function checkAppSettingValues(patch: Readonly<Record<string, unknown>>): string[] {
  const errors: string[] = [];
  for (const [name, value] of Object.entries(patch)) {
    const row = appSettingRows.get(name);
    if (row === undefined) {
      const meant = didYouMean(name, appSettingNames);
      errors.push(
        `${name} is not a setting of an app.${meant === undefined ? '' : ` Did you mean ${meant}?`}`,
      );
    } else if (value === null ? row.default !== null : !row.kind.accepts(value)) {
      errors.push(refusal(row, name, value, ' = '));
    }
  }
  return errors;
}

/**
 * What is wrong with the values together, with the reason. `outboxBytes` is how much may wait for a slow
 * connection: what a single message can reach must fit it, or every client that gets it would be cut.
 * `nameOf` says what the reader of the messages calls a setting.
 */
export function checkAppSettings(
  settings: AppSettings,
  outboxBytes: number,
  nameOf: (name: keyof AppSettings) => string = (name) => name,
): string[] {
  const errors: string[] = [];
  // Frames are JSON inside a JSON string, so quotes and backslashes double. An id stands in the list twice.
  const memberBytes = 2 * settings.memberBytes + 2 * (4 * settings.userIdLength) + 16;
  const rosterBytes = settings.presenceMembers * memberBytes;
  if (rosterBytes > outboxBytes) {
    const [members, bytes] = [nameOf('presenceMembers'), nameOf('memberBytes')];
    errors.push(
      `${members} is ${settings.presenceMembers} and ${bytes} is ${settings.memberBytes}: the member list ` +
        `of a full channel could take ${rosterBytes} bytes, but EARSHOT_OUTBOX_BYTES is ${outboxBytes}, so a client ` +
        `that joins would be cut off. Set ${members} to at most ${Math.floor(outboxBytes / memberBytes)}, ` +
        `or lower ${bytes}, or raise EARSHOT_OUTBOX_BYTES to at least ${rosterBytes}`,
    );
  }
  const frameBytes = 2 * settings.eventBytes + settings.channelNameLength + 6 * settings.eventNameLength;
  if (frameBytes > outboxBytes) {
    errors.push(
      `${nameOf('eventBytes')} is ${settings.eventBytes}: one event could take ${frameBytes} bytes when encoded, but ` +
        `EARSHOT_OUTBOX_BYTES is ${outboxBytes}, so clients that get it would be cut off. ` +
        `Lower ${nameOf('eventBytes')}, or raise EARSHOT_OUTBOX_BYTES to at least ${frameBytes}`,
    );
  }
  return errors;
}
