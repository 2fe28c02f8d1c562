import { type ChannelName, parseChannelName } from './channels.ts';
import { isJsonObject } from './json.ts';
import { isSocketId } from './strings-to-sign.ts';
import { exceedsBytes, excerpt } from './text.ts';

/** The app's limits that a publish is checked against. */
export interface PublishLimits {
  /** UTF-8 bytes of `data`. */
  eventBytes: number;
  eventNameLength: number;
  channelNameLength: number;
  channelsPerPublish: number;
  batchEvents: number;
  /** Characters of the user id in `#server-to-user-{id}`; Pusher's limit when not given. */
  userIdLength?: number;
}

/** An event to deliver. */
export interface Publish {
  event: string;
  data: string;
  /** Each once, in the order of the request. */
  channels: ChannelName[];
  /** The connection that is left out. */
  socketId: string | null;
  info: Info;
}

/** Which attributes of a channel were asked for. */
export interface Info {
  userCount: boolean;
  subscriptionCount: boolean;
  cache: boolean;
}

/** The name of an attribute of `info`, as on the wire. */
export type InfoAttribute = 'user_count' | 'subscription_count' | 'cache';

/** The answer to a request that is not carried out: status and plain text. */
export interface ApiRefusal {
  status: 400 | 413;
  message: string;
}

/** The attributes that a publish may ask for. */
export const publishInfo: readonly InfoAttribute[] = ['user_count', 'subscription_count'];

/**
 * The publish in the body of `POST /apps/{id}/events` (API-3 to API-7). Parameters that the body lacks are taken from
 * the query, channels as `channels[]` (API-2).
 * @param body parsed JSON; undefined when the request had none
 * @param query URL-decoded parameters
 */
export function parsePublish(
  body: unknown,
  query: ReadonlyMap<string, string[]>,
  limits: PublishLimits,
): Publish | ApiRefusal {
  if (body !== undefined && !isJsonObject(body))
    return refuse('Expected a JSON object with name, data and channels');
  const given = body ?? {};
  const one = (name: string) => given[name] ?? query.get(name)?.[0];
  const channels = given.channels ?? asList(given.channel) ?? query.get('channels[]') ?? query.get('channel');
  return publishOf(
    { name: one('name'), data: one('data'), channels, socketId: one('socket_id'), info: one('info') },
    limits,
  );
}

/**
 * The publishes in the body of `POST /apps/{id}/batch_events`, each with one channel (API-8). One that is wrong
 * refuses the whole batch (API-9).
 * @param body parsed JSON
 */
export function parseBatch(body: unknown, limits: PublishLimits): Publish[] | ApiRefusal {
  const batch = isJsonObject(body) ? body.batch : undefined;
  if (!Array.isArray(batch)) return refuse('Expected a JSON object with an array "batch"');
  if (batch.length > limits.batchEvents) {
    return refuse(`Batch too large: expected at most ${limits.batchEvents} events, found ${batch.length}`);
  }
  const publishes: Publish[] = [];
  for (const [index, item] of batch.entries()) {
    const publish = batchItem(item, limits);
    if ('status' in publish) {
      return { status: publish.status, message: `${publish.message} (in event ${index + 1} of the batch)` };
    }
    publishes.push(publish);
  }
  return publishes;
}

function batchItem(item: unknown, limits: PublishLimits): Publish | ApiRefusal {
  if (!isJsonObject(item)) return refuse('Expected a JSON object with name, data and channel');
  const { name, data, channel, socket_id: socketId, info } = item;
  return publishOf({ name, data, channels: asList(channel), socketId, info }, limits);
}

function asList(channel: unknown): unknown {
  return channel === undefined ? undefined : [channel];
}

interface Given {
  name: unknown;
  data: unknown;
  channels: unknown;
  socketId: unknown;
  info: unknown;
}

function publishOf(given: Given, limits: PublishLimits): Publish | ApiRefusal {
  const { name, data, socketId } = given;
  if (typeof name !== 'string' || name === '') return refuse('Missing parameter: name, expected a string');
  if (name.length > limits.eventNameLength) {
    return refuse(
      `Event name too long: expected at most ${limits.eventNameLength} characters, found ${name.length}`,
    );
  }
  if (typeof data !== 'string') {
    return refuse('Missing parameter: data, expected a string (encode objects as JSON text first)');
  }
  if (exceedsBytes(data, limits.eventBytes)) {
    return {
      status: 413,
      message: `The data content of this event exceeds the allowed maximum (${limits.eventBytes} bytes).`,
    };
  }
  const channels = parseChannels(given.channels, limits);
  if (!Array.isArray(channels)) return channels;
  if (!isAbsent(socketId) && !(typeof socketId === 'string' && isSocketId(socketId))) {
    return refuse('Invalid socket_id: expected digits, a dot, digits');
  }
  if (!isAbsent(given.info) && typeof given.info !== 'string') return refuse(infoExpected(publishInfo));
  const info = parseInfo(given.info || undefined, publishInfo);
  if ('status' in info) return info;
  return { event: name, data, channels, socketId: socketId || null, info };
}

/** Libraries leave out what is not set, programs write null or an empty string. */
function isAbsent(value: unknown): value is undefined | null | '' {
  return value === undefined || value === null || value === '';
}

function parseChannels(given: unknown, limits: PublishLimits): ChannelName[] | ApiRefusal {
  if (!Array.isArray(given) || given.length === 0) {
    return refuse(
      'Missing parameter: channels, expected an array of at least one name, or one name in "channel"',
    );
  }
  if (given.length > limits.channelsPerPublish) {
    return refuse(`Too many channels: expected at most ${limits.channelsPerPublish}, found ${given.length}`);
  }
  const channels = new Map<string, ChannelName>();
  for (const name of given) {
    if (typeof name !== 'string') return refuse('Invalid channel name: expected a string');
    const channel = parseChannelName(name, limits.channelNameLength, limits.userIdLength);
    if (channel === null) {
      return refuse(
        `Invalid channel name ${excerpt(name)}: expected 1 to ${limits.channelNameLength} characters of A-Z a-z 0-9 _-=@,.;`,
      );
    }
    channels.set(name, channel);
  }
  return [...channels.values()];
}

/**
 * The attributes named in `info`, a list separated by commas (API-7, API-11, API-12).
 * @param allowed the attributes that the endpoint has
 */
export function parseInfo(text: string | undefined, allowed: readonly InfoAttribute[]): Info | ApiRefusal {
  const info: Info = { userCount: false, subscriptionCount: false, cache: false };
  if (text === undefined || text === '') return info;
  for (const part of text.split(',')) {
    const attribute = allowed.find((name) => name === part.trim());
    if (attribute === undefined) return refuse(infoExpected(allowed));
    if (attribute === 'user_count') info.userCount = true;
    else if (attribute === 'subscription_count') info.subscriptionCount = true;
    else info.cache = true;
  }
  return info;
}

function infoExpected(allowed: readonly InfoAttribute[]): string {
  return `info should be a comma separated list of attributes, here of: ${allowed.join(', ')}`;
}

function refuse(message: string): ApiRefusal {
  return { status: 400, message };
}
