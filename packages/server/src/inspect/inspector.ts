import type { ChannelDetail, ChannelList, ConnectionDetail, ConnectionList } from '@earshot/dashboard';
import type { App } from '../apps/app.ts';

/** A look at what is connected now, on all nodes. Each call costs a pass over the app's channels or connections. */
export interface Inspector {
  channels(app: App, prefix: string): Promise<ChannelList>;
  channel(app: App, name: string): Promise<ChannelDetail | null>;
  connections(
    app: App,
    filter: { readonly socket: string; readonly user: string; readonly channel: string },
  ): Promise<ConnectionList>;
  connection(app: App, socketId: string): Promise<ConnectionDetail | null>;
  /** Closes it with 4009, wherever it is; false when no node has it. */
  terminateConnection(app: App, socketId: string): Promise<boolean>;
  terminateUser(app: App, userId: string): void;
}
