import { errorTexts } from './errors.ts';
import { isJsonObject, parseJson, rawMember } from './json.ts';

/** A message of a client, checked for its shape; channel, signature and rights are not looked at yet. */
export type ClientMessage =
  | { type: 'ping' }
  | { type: 'pong' }
  /** An empty `auth` or `channel_data` counts as none, as pusher-js sends `auth:""` for public channels. */
  | { type: 'subscribe'; channel: string; auth: string | null; channelData: string | null }
  | { type: 'unsubscribe'; channel: string }
  | { type: 'signin'; auth: string; userData: string }
  /** `data` is the JSON text exactly as it was sent (numbers, key order, blanks, duplicates), null when it was missing. */
  | { type: 'client-event'; event: string; channel: string; data: string | null };

/** A message that is not accepted; `message` is the text for `pusher:error` with code null. */
export interface RefusedMessage {
  type: 'refused';
  message: string;
}

const ping: ClientMessage = { type: 'ping' };
const pong: ClientMessage = { type: 'pong' };

/**
 * Turns the text of one frame into a message, or into the reason why not (BAD-2, CLIENT-8). Never throws, whatever the
 * text, and its cost is linear in the text. `data` of `pusher:` events may be an object or the JSON text of one (FRAME-3).
 */
export function parseClientMessage(text: string): ClientMessage | RefusedMessage {
  const json = parseJson(text);
  if ('refused' in json) return refuse(json.refused);
  const message = json.value;
  if (!isJsonObject(message)) return refuse(errorTexts.noEvent.text());
  const event = message.event;
  if (typeof event !== 'string') return refuse(errorTexts.noEvent.text());
  switch (event) {
    case 'pusher:ping':
      return ping;
    case 'pusher:pong':
      return pong;
    case 'pusher:subscribe':
      return subscribe(dataOf(message));
    case 'pusher:unsubscribe':
      return unsubscribe(dataOf(message));
    case 'pusher:signin':
      return signin(dataOf(message));
  }
  if (!event.startsWith('client-')) return refuse(errorTexts.unsupportedEvent.text(event));
  const channel = message.channel;
  if (!isText(channel)) return refuseParameter('channel', channel);
  return {
    type: 'client-event',
    event,
    channel,
    data: message.data === undefined ? null : rawMember(text, 'data'),
  };
}

function subscribe(data: Record<string, unknown>): ClientMessage | RefusedMessage {
  const { channel, auth = null, channel_data: channelData = null } = data;
  if (!isText(channel)) return refuseParameter('data.channel', channel);
  if (auth !== null && typeof auth !== 'string') return refuseParameter('data.auth', auth);
  if (channelData !== null && typeof channelData !== 'string') {
    return refuseParameter('data.channel_data', channelData);
  }
  return { type: 'subscribe', channel, auth: auth || null, channelData: channelData || null };
}

function unsubscribe(data: Record<string, unknown>): ClientMessage | RefusedMessage {
  const channel = data.channel;
  return isText(channel) ? { type: 'unsubscribe', channel } : refuseParameter('data.channel', channel);
}

function signin(data: Record<string, unknown>): ClientMessage | RefusedMessage {
  const { auth, user_data: userData } = data;
  if (!isText(auth)) return refuseParameter('data.auth', auth);
  if (!isText(userData)) return refuseParameter('data.user_data', userData);
  return { type: 'signin', auth, userData };
}

/** The `data` of a `pusher:` event; whatever is not an object has no members, so its parameters are missing. */
function dataOf(message: Record<string, unknown>): Record<string, unknown> {
  let data = message.data;
  if (typeof data === 'string') {
    const json = parseJson(data);
    data = 'refused' in json ? undefined : json.value;
  }
  return isJsonObject(data) ? data : {};
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function refuseParameter(name: string, found: unknown): RefusedMessage {
  const missing = found === undefined || found === null || found === '';
  return refuse(missing ? errorTexts.missingParameter.text(name) : errorTexts.notAString.text(name));
}

function refuse(message: string): RefusedMessage {
  return { type: 'refused', message };
}
