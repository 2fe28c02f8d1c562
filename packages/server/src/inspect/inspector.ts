import type { ChannelDetail, ChannelList, ConnectionDetail, ConnectionList } from '@earshot/dashboard';
import type { App } from '../apps/app.ts';

/** What connections to list; each part that is '' leaves none out. */
export interface ConnectionFilter {
  /** A beginning of the socket id. */
  readonly socket: string;
  /** The id of the user who signed in, or of the member of a channel. */
  readonly user: string;
  /** The name of a channel that the connection is subscribed to. */
  readonly channel: string;
}

/**
 * A look at what is connected now, on all nodes. Each call costs a pass over the app's channels or connections; what it
 * gives is bounded, and is what nodes said that answered within a second.
 */
export interface Inspector {
  /** At most 500. */
  channels(app: App, prefix: string): Promise<ChannelList>;
  /** Null when nobody is subscribed and nothing is cached. */
  channel(app: App, name: string): Promise<ChannelDetail | null>;
  /** At most 200. */
  connections(app: App, filter: ConnectionFilter): Promise<ConnectionList>;
  connection(app: App, socketId: string): Promise<ConnectionDetail | null>;
  /** Closes it with 4009, wherever it is; false when no node has it. */
  terminateConnection(app: App, socketId: string): Promise<boolean>;
  terminateUser(app: App, userId: string): void;
}
