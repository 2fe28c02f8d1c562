/**
 * Default limits of an app, each with where the number comes from: [Pusher] its documentation, [library] the check
 * of the publisher libraries, [ours] a choice. The server's settings start from these.
 */
export const defaultLimits = {
  /** UTF-8 bytes of an event's `data`. [Pusher] */
  eventBytes: 10_240,
  /** Characters of an event name. [library] */
  eventNameLength: 200,
  /** Characters of a channel name. [library]; Pusher documents 164. */
  channelNameLength: 200,
  /** Channels in one publish. [Pusher] */
  channelsPerPublish: 100,
  /** Events in one batch. [Pusher] */
  batchEvents: 10,
  /** Members of a presence channel. [ours]; Pusher allows 100. */
  presenceMembers: 1_000,
  /** UTF-8 bytes of a member's `user_info`. [Pusher] */
  memberBytes: 1_024,
  /** Characters of a user id. [Pusher] */
  userIdLength: 128,
  /** User ids on a watchlist. [Pusher] */
  watchlistUsers: 100,
  /** Client events per second of one connection. [Pusher] */
  clientEventsPerSecond: 10,
  /** How long a cache channel keeps its event, in seconds. [Pusher] */
  cacheSeconds: 1_800,
} as const;

/** How deep a JSON text from outside may nest. [ours] */
export const jsonDepthMax = 32;

/** An API request whose timestamp is this many seconds off, or more, is refused. [Pusher] */
export const apiClockToleranceSeconds = 600;

/** `activity_timeout` of the first event: a client that heard nothing for so long asks. [Pusher] */
export const activityTimeoutSeconds = 120;

/** How long an answer to a ping may take. [ours] pusher-js waits as long for its own. */
export const pongTimeoutSeconds = 30;

/** How long a connection of an app with authorised connections may stay unauthorised. [Pusher] */
export const authorisationTimeoutSeconds = 30;

/** Above so many subscribers the subscription count is sent at most once per interval. [Pusher] */
export const subscriptionCountThrottle = { subscribers: 100, intervalSeconds: 5 } as const;

/** A WebSocket close reason holds at most so many UTF-8 bytes. [RFC 6455, 5.5] */
export const closeReasonBytesMax = 123;
