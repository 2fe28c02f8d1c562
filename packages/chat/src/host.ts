/**
 * The channel server as the chat sees it: nothing that a stranger's application could not have. In process it is the
 * server itself (`packages/server/src/chat/`), elsewhere any Pusher-compatible host (`host-remote.ts`).
 */
export interface ChannelHost {
  /**
   * Publishes one event to the channels, in the order of calls for each channel. Resolves when the host has accepted it.
   * @param channels any number; the host splits them as it must
   * @throws HostError when the host did not accept it; the caller tries again later
   */
  publish(appId: string, channels: readonly string[], event: string, data: object): Promise<void>;
  /** Closes the connections that are signed in as `userId` with 4009 (a session's id, see `signIn`). */
  terminate(appId: string, userId: string): Promise<void>;
  /** Signature for `pusher:subscribe`, as the client hands it on. `channelData` is JSON text, for presence channels. */
  authoriseChannel(
    appId: string,
    socketId: string,
    channel: string,
    channelData: string | null,
  ): { readonly auth: string; readonly channel_data?: string };
  /**
   * Signature for `pusher:signin`. Chat sockets sign in as their *session* (its id is the user id here), so that ending a
   * session ends its sockets and nobody else's.
   */
  authoriseUser(
    appId: string,
    socketId: string,
    userId: string,
  ): { readonly auth: string; readonly user_data: string };
  /** Names of the occupied channels that start with the prefix. */
  occupied(appId: string, prefix: string): Promise<ReadonlySet<string>>;
  /** Subscriptions of a channel, connections counted; for presence channels its members too. */
  count(appId: string, channel: string): Promise<{ readonly subscriptions: number; readonly users: number }>;
  /** Ids of the members of a presence channel. */
  members(appId: string, channel: string): Promise<ReadonlySet<string>>;
}

/** The host did not take what it was asked to. */
export class HostError extends Error {
  override readonly name = 'HostError';
  constructor(
    message: string,
    /** It would not take it another time either, as when the event is larger than the app allows. */
    readonly forGood = false,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** What becomes true on the host; told in process as it happens, else by webhook. May come twice, late, or be lost. */
export interface HostFact {
  readonly type: 'channel_occupied' | 'channel_vacated' | 'member_added' | 'member_removed';
  readonly appId: string;
  readonly channel: string;
  /** Of member facts. */
  readonly userId?: string;
}
