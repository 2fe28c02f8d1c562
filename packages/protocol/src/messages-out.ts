/**
 * The frames that the server sends: each function returns the complete text. `data` is JSON text inside a JSON string,
 * except that of `pusher:error` and of client events (pusher-protocol.md 1.2). Members stand in the order event,
 * channel, data, user_id.
 */

/** `text` as a JSON string. */
export function jsonString(text: string): string {
  return JSON.stringify(text);
}

/** `text` as a JSON string without its quotes, for text that is put together from pieces. */
export function jsonStringBody(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** The first message on a connection. `activityTimeoutSeconds` must not be 0: pusher-js would be stuck for ever. */
export function connectionEstablished(socketId: string, activityTimeoutSeconds: number): string {
  const data = `{"socket_id":${jsonString(socketId)},"activity_timeout":${activityTimeoutSeconds}}`;
  return `{"event":"pusher:connection_established","data":${jsonString(data)}}`;
}

/** The answer to a client's `pusher:ping`. */
export function pong(): string {
  return '{"event":"pusher:pong","data":"{}"}';
}

/** Asks the client for a `pusher:pong`. */
export function ping(): string {
  return '{"event":"pusher:ping","data":"{}"}';
}

/** @param data JSON text; a presence channel's holds its members */
export function subscriptionSucceeded(channel: string, data = '{}'): string {
  return frame('pusher_internal:subscription_succeeded', channel, data);
}

/** A published event; `data` is the string of the publish, whatever it holds. */
export function channelEvent(channel: string, event: string, data: string, userId?: string): string {
  return (
    `{"event":${jsonString(event)},"channel":${jsonString(channel)},"data":${jsonString(data)}` +
    (userId === undefined ? '}' : `,"user_id":${jsonString(userId)}}`)
  );
}

/**
 * A client event on its way to the other subscribers.
 * @param rawData JSON text as the sender wrote it; null leaves `data` out, as the sender did
 * @param userId the sender's, on presence channels only
 */
export function clientEvent(
  channel: string,
  event: string,
  rawData: string | null,
  userId: string | null,
): string {
  return (
    `{"event":${jsonString(event)},"channel":${jsonString(channel)}` +
    (rawData === null ? '' : `,"data":${rawData}`) +
    (userId === null ? '}' : `,"user_id":${jsonString(userId)}}`)
  );
}

/** @param userInfo JSON text of an object */
export function memberAdded(channel: string, userId: string, userInfo: string | null): string {
  const data = `{"user_id":${jsonString(userId)},"user_info":${userInfo ?? '{}'}}`;
  return frame('pusher_internal:member_added', channel, data);
}

export function memberRemoved(channel: string, userId: string): string {
  return frame('pusher_internal:member_removed', channel, `{"user_id":${jsonString(userId)}}`);
}

export function subscriptionCount(channel: string, count: number): string {
  return frame('pusher_internal:subscription_count', channel, `{"subscription_count":${count}}`);
}

/** Tells a new subscriber of a cache channel that nothing is cached. */
export function cacheMiss(channel: string): string {
  return frame('pusher:cache_miss', channel, '{}');
}

/** @param userData the signed text, given back as it came */
export function signinSuccess(userData: string): string {
  const data = `{"user_data":${jsonString(userData)}}`;
  return `{"event":"pusher:signin_success","data":${jsonString(data)}}`;
}

/** Which watched users are, or have come, online and offline; an empty half is left out. */
export function watchlistEvents(users: { online: readonly string[]; offline: readonly string[] }): string {
  const events = [];
  if (users.online.length > 0) events.push({ name: 'online', user_ids: users.online });
  if (users.offline.length > 0) events.push({ name: 'offline', user_ids: users.offline });
  return `{"event":"pusher_internal:watchlist_events","data":${jsonString(JSON.stringify({ events }))}}`;
}

/** @param code one of `errorCodes`, or before a close (protocol 4 and 5) one of `closeCodes`; null otherwise */
export function errorEvent(code: number | null, message: string): string {
  return `{"event":"pusher:error","data":{"code":${code},"message":${jsonString(message)}}}`;
}

/** The second answer to a failed subscription, which pusher-js hands to the channel's own callbacks (1.7). */
export function subscriptionError(
  channel: string,
  failure: { type: string; error: string; status: number },
): string {
  const { type, error, status } = failure;
  return frame('pusher:subscription_error', channel, JSON.stringify({ type, error, status }));
}

/** @param event a name without characters that JSON escapes */
function frame(event: string, channel: string, data: string): string {
  return `{"event":"${event}","channel":${jsonString(channel)},"data":${jsonString(data)}}`;
}
