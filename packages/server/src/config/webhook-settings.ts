import { boolean, listOf, matching, oneOf, optional, setting } from '@earshot/base';
import {
  inboxPrefix,
  liveDoorPrefix,
  livePrefix,
  messagesPrefix,
  presencePrefix,
} from '@earshot/chat/contract';

/** What an app can be told of by webhook (HOOK). */
export const webhookKinds = [
  'channel_occupied',
  'channel_vacated',
  'member_added',
  'member_removed',
  'client_event',
  'cache_miss',
  'subscription_count',
] as const;

export type WebhookKind = (typeof webhookKinds)[number];

export const channelPrefixes = listOf(
  matching(/^[A-Za-z0-9_\-=@,.;]{1,200}$/, 'a prefix'),
  'beginnings of channel names separated by commas',
);

/** Rows of the table of app settings (`app-settings.ts`). */
export const webhookSettings = {
  webhookUrl: optional({
    env: 'EARSHOT_APP_WEBHOOK_URL',
    kind: matching(/^https?:\/\/[^\s#]+$/, 'an address that begins with https:// or http://'),
    example: 'https://example.com/webhooks',
    doc: 'What happens in the app is posted there, in Pusher’s format and with its signature. Further endpoints are added on the dashboard.',
  }),
  webhookEvents: setting({
    env: 'EARSHOT_APP_WEBHOOK_EVENTS',
    kind: listOf(oneOf(webhookKinds), `kinds separated by commas, of ${webhookKinds.join(', ')}`),
    default: webhookKinds.filter((kind) => kind !== 'client_event') as string[],
    defaultText: 'all but `client_event`',
    example: 'channel_occupied,channel_vacated',
    doc: 'The kinds of events that the webhook is sent.',
  }),
  webhookBatching: setting({
    env: 'EARSHOT_APP_WEBHOOK_BATCHING',
    kind: boolean,
    default: false,
    doc: 'One request may carry up to 20 events, collected for at most 250 ms; when false each has its own.',
  }),
  contentHiddenPrefixes: setting({
    env: 'EARSHOT_APP_CONTENT_HIDDEN_PREFIXES',
    kind: channelPrefixes,
    default: [inboxPrefix, messagesPrefix, presencePrefix, livePrefix, liveDoorPrefix] as string[],
    defaultText:
      'the chat’s: `private-user-`, `private-room-`, `presence-room-`, `presence-live-`, `private-live-`',
    example: 'private-user-,private-medical-',
    doc: 'Channels whose name begins with one of these: what is said in them is in no console, no webhook and no log of attempts. An empty list is written as a single comma.',
  }),
};
