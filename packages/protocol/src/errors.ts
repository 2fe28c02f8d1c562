import { closeReasonBytesMax, jsonDepthMax } from './limits.ts';
import { cutToBytes, excerpt } from './text.ts';

/** Why the server closes a connection. */
export interface CloseCode {
  readonly code: number;
  readonly name: string;
  /** The text in the close frame; `closeReason` may add a detail. */
  readonly reason: string;
  /** When it is sent. */
  readonly when: string;
  /** What pusher-js does then. */
  readonly client: string;
}

const noRetry = 'no retry until the program calls connect()';
const retryAfterOneSecond = 'retry after 1 s';
const retryAtOnce = 'retry at once';

/** The close codes; docs/errors.md is made from them. */
export const closeCodes = {
  tlsOnly: {
    code: 4000,
    name: 'TLS only',
    reason: 'This app takes TLS connections only',
    when: 'the app takes TLS connections only and this one is plain',
    client: 'retry at once, with TLS',
  },
  unknownApp: {
    code: 4001,
    name: 'unknown app',
    reason: 'Could not find app by key',
    when: 'no app has the key in the path',
    client: noRetry,
  },
  appDisabled: {
    code: 4003,
    name: 'app disabled',
    reason: 'This app is disabled',
    when: 'the app is switched off',
    client: noRetry,
  },
  overConnectionQuota: {
    code: 4004,
    name: 'over connection quota',
    reason: 'This app has as many connections as it may have',
    when: 'the app already has as many connections as its setting allows',
    client: noRetry,
  },
  pathNotFound: {
    code: 4005,
    name: 'path not found',
    reason: 'Path not found, expected /app/{key}',
    when: 'a WebSocket was opened on another path than /app/{key}',
    client: noRetry,
  },
  badVersion: {
    code: 4006,
    name: 'bad version',
    reason: 'Bad version, expected 1 to 64 characters',
    when: 'the parameter `version` is given and empty, or longer than 64 characters',
    client: noRetry,
  },
  unsupportedProtocol: {
    code: 4007,
    name: 'unsupported protocol',
    reason: 'Unsupported protocol, expected 4, 5, 6 or 7',
    when: 'the parameter `protocol` is none of 4, 5, 6 and 7',
    client: noRetry,
  },
  noProtocol: {
    code: 4008,
    name: 'no protocol',
    reason: 'No protocol given, expected the parameter protocol=7',
    when: 'the parameter `protocol` is missing',
    client: noRetry,
  },
  unauthorised: {
    code: 4009,
    name: 'unauthorised',
    reason: 'Connection not authorized',
    when: 'the origin is not allowed, the user was terminated, or an app with authorised connections saw no sign-in and no private or presence subscription in time',
    client: noRetry,
  },
  overCapacity: {
    code: 4100,
    name: 'over capacity',
    reason: 'Over capacity, try again later',
    when: 'the server takes no new connections now: it is full, or about to stop',
    client: retryAfterOneSecond,
  },
  reconnectNow: {
    code: 4200,
    name: 'reconnect now',
    reason: 'Please reconnect',
    when: 'the server stops or restarts; never before the first event',
    client: retryAtOnce,
  },
  noPong: {
    code: 4201,
    name: 'no pong',
    reason: 'Pong not received in time',
    when: 'the client did not answer a ping in time',
    client: retryAtOnce,
  },
} as const satisfies Record<string, CloseCode>;

/** The reason text for a close frame: the code's own, then `detail`, cut to what a close frame can hold. */
export function closeReason(close: CloseCode, detail?: string): string {
  return detail === undefined ? close.reason : cutToBytes(`${close.reason} ${detail}`, closeReasonBytesMax);
}

/** A code of `pusher:error`; none of these closes the connection. Everything else is sent with code null. */
export interface ErrorCode {
  readonly code: number;
  readonly name: string;
  readonly when: string;
}

/** The codes of `pusher:error`. As close codes they would shut pusher-js out for ever. */
export const errorCodes = {
  clientEventRate: {
    code: 4301,
    name: 'client events over rate',
    when: 'a connection sent more client events in a second than the app allows; the event is dropped',
  },
  watchlistTooLong: {
    code: 4302,
    name: 'watchlist too long',
    when: 'a sign-in named more watched users than the app allows; the first ones are taken',
  },
} as const satisfies Record<string, ErrorCode>;

/** One text of `pusher:error`: when it is sent, how it reads with placeholders, and the function that fills it in. */
export interface ErrorText<Values extends string[]> {
  readonly when: string;
  readonly example: string;
  readonly text: (...values: Values) => string;
}

function errorText<Values extends string[]>(
  when: string,
  placeholders: Values,
  text: (...values: Values) => string,
): ErrorText<Values> {
  return { when, example: text(...placeholders), text };
}

/** Texts of `pusher:error` (BAD-1). Where Pusher's own text is known, ours starts the same: programs look for it. */
export const errorTexts = {
  notJson: errorText('the message is not JSON', [], () => 'Expected a message in JSON, found something else'),
  tooDeep: errorText(
    'the message nests too deep',
    [],
    () => `Expected JSON that nests at most ${jsonDepthMax} levels deep, found deeper`,
  ),
  notText: errorText('a binary frame came', [], () => 'Binary messages are not supported, send text'),
  noEvent: errorText(
    'the message is not an object with an event',
    [],
    () => 'Expected a JSON object with a string "event"',
  ),
  unsupportedEvent: errorText(
    'the event is not one that clients may send',
    ['<event>'],
    (event) => `Unsupported event received on socket: ${excerpt(event)}`,
  ),
  missingParameter: errorText(
    'a parameter is missing or empty',
    ['<parameter>'],
    (parameter) => `Missing parameter: ${parameter}`,
  ),
  notAString: errorText(
    'a parameter is not a string',
    ['<parameter>'],
    (parameter) => `Invalid parameter: ${parameter} must be a string`,
  ),
  invalidChannelName: errorText(
    'the channel name is empty, too long or has other characters than letters, digits and _-=@,.;',
    ['<channel>'],
    (channel) => `Invalid channel name ${excerpt(channel)}`,
  ),
  authRequired: errorText(
    'a private, encrypted or presence channel was subscribed without auth',
    ['<channel>'],
    (channel) => `Auth info required to subscribe to ${channel}`,
  ),
  invalidKey: errorText(
    'the key in auth is not one of the app',
    ['subscription', '<key>'],
    (what, key) => `Invalid key in ${what} auth data: '${excerpt(key)}'`,
  ),
  invalidSignature: errorText(
    'the signature in auth is wrong',
    ['<string to sign>', '<signature>'],
    (stringToSign, signature) =>
      `Invalid signature: Expected HMAC SHA256 hex digest of ${excerpt(stringToSign, 2_000)}, but got ${excerpt(signature)}`,
  ),
  alreadySubscribed: errorText(
    'the connection is subscribed already',
    ['<channel>'],
    (channel) => `Existing subscription to channel ${channel}`,
  ),
  notSubscribed: errorText(
    'unsubscribe, or a client event, without a subscription',
    ['<channel>'],
    (channel) => `No current subscription to channel ${excerpt(channel)}, or subscription in progress`,
  ),
  invalidMember: errorText(
    'channel_data is not a JSON object',
    [],
    () => 'Invalid channel_data: expected the JSON text of an object such as {"user_id":"1"}',
  ),
  invalidUserId: errorText(
    'the user id is missing, empty, too long, of a wrong type or has control characters',
    ['<parameter>', '<maximum>'],
    (parameter, maximum) =>
      `Invalid ${parameter}: expected 1 to ${maximum} characters, none of them a control character`,
  ),
  userInfoNotObject: errorText(
    'user_info is not an object',
    [],
    () => 'user_info supplied to presence subscription is invalid - if supplied it must be a type of hash',
  ),
  memberTooLarge: errorText(
    'user_info is too large',
    ['<maximum>'],
    (maximum) =>
      `user_info supplied to presence subscription is too large: expected at most ${maximum} bytes`,
  ),
  invalidUserData: errorText(
    'user_data is not a JSON object',
    [],
    () => 'Invalid user_data: expected the JSON text of an object such as {"id":"1"}',
  ),
  invalidWatchlist: errorText(
    'watchlist is not a list of user ids',
    [],
    () => 'Invalid watchlist in user_data: expected an array of user ids as strings',
  ),
  memberDataMissing: errorText(
    'a presence channel was subscribed without channel_data, and nobody is signed in on the connection',
    [],
    () => 'Missing parameter: data.channel_data. Send it, or sign in before subscribing',
  ),
  notThatUser: errorText(
    'the channel of another user was subscribed',
    ['<channel>'],
    (channel) => `Only the user who is signed in on the connection can subscribe to ${channel}`,
  ),
  signInRequired: errorText(
    'a channel that is for signed-in connections was subscribed by another',
    ['<channel>'],
    (channel) => `Sign in (pusher:signin) before subscribing to ${channel}`,
  ),
  tooManyChannels: errorText(
    'the connection has as many subscriptions as it may have',
    ['<maximum>'],
    (maximum) => `Over the limit of ${maximum} channels per connection: unsubscribe from one first`,
  ),
  tooManyMembers: errorText(
    'the presence channel has as many members as it may have',
    ['<maximum>', '<channel>'],
    (maximum, channel) => `Over the limit of ${maximum} members in ${channel}`,
  ),
  signInOff: errorText(
    'the app has user sign-in switched off',
    [],
    () => 'User sign-in is switched off for this app',
  ),
  otherUser: errorText(
    'somebody else is signed in on the connection',
    [],
    () => 'This connection is signed in as another user: open a new connection for this one',
  ),
  watchlistTooLong: errorText(
    'the watchlist has more users than the app allows (code 4302)',
    ['<maximum>', '<users>'],
    (maximum, users) => `The watchlist is longer than ${maximum} users. Watched are: ${users}`,
  ),
  clientEventsOff: errorText(
    'the app has client events switched off',
    [],
    () => 'Client events are switched off for this app',
  ),
  clientEventKind: errorText(
    'a client event was sent on a channel that takes none',
    ['<channel>'],
    (channel) => `Client event refused: ${channel} is neither a private nor a presence channel`,
  ),
  eventNameTooLong: errorText(
    'the name of a client event is too long',
    ['<maximum>'],
    (maximum) => `The event name is longer than ${maximum} characters`,
  ),
  eventTooLarge: errorText(
    'the data of a client event is too large',
    ['<maximum>'],
    (maximum) => `The data of this client event exceeds ${maximum} bytes`,
  ),
  clientEventRate: errorText(
    'the connection sent more client events in a second than the app allows (code 4301)',
    ['<maximum>'],
    (maximum) => `Over the limit of ${maximum} client events per second: wait a second, then send again`,
  ),
  clientEventNotKept: errorText(
    'a webhook wants this client event, and the database that keeps it until then cannot be written',
    [],
    () => 'Client event refused: it cannot be kept for a webhook at the moment. Send it again later',
  ),
  messageQuota: errorText(
    'the app has had as many messages today as it may have',
    ['<maximum>'],
    (maximum) => `Over the limit of ${maximum} messages per day for this app`,
  ),
  internal: errorText(
    'the server has a bug, or what it needs is out of reach; its log has the reason',
    [],
    () => 'The server could not handle this message. It is not your fault; the reason is in its log',
  ),
} as const;
