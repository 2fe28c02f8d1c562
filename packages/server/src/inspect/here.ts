import type { Clock } from '@earshot/base';
import type { ConnectionDetail, ConnectionRow } from '@earshot/dashboard';
import { closeCodes } from '@earshot/protocol';
import type { App } from '../apps/app.ts';
import type { Hub } from '../channels/hub.ts';
import type { Connection } from '../connection/connection.ts';
import type { Connections } from '../connection/connections.ts';
import type { ConnectionFilter } from './inspector.ts';

export const connectionsMax = 200;
export const subscribersMax = 100;
export const membersMax = 500;
const namesMax = 500;
/** What a node sends of its members, all together; who comes after has no `userInfo` in the list. */
const infoCharactersMax = 512 * 1024;

export interface SomeConnections {
  readonly total: number;
  /** The newest first. */
  readonly rows: readonly ConnectionRow[];
}

export interface ChannelHere {
  readonly subscribers: readonly ConnectionRow[];
  readonly members: readonly { readonly userId: string; readonly userInfo: string | null }[];
}

/** What this node knows. Each look is a pass over the app's connections here. */
export class Here {
  readonly #node: string;
  readonly #hub: Hub;
  readonly #connections: Connections;
  readonly #clock: Clock;

  constructor(parts: { node: string; hub: Hub; connections: Connections; clock: Clock }) {
    this.#node = parts.node;
    this.#hub = parts.hub;
    this.#connections = parts.connections;
    this.#clock = parts.clock;
  }

  connections(app: App, filter: ConnectionFilter): SomeConnections {
    return this.#newest(app, connectionsMax, (connection) => fits(connection, filter));
  }

  connection(app: App, socketId: string): ConnectionDetail | null {
    const connection = this.#find(app, socketId);
    if (connection === null) return null;
    const { address, origin, client, protocol, subscriptions, memberships, lastInboundAt } = connection;
    const { now, monotonic } = { now: this.#clock.now(), monotonic: this.#clock.monotonic() };
    return {
      ...this.#row(connection),
      address,
      origin,
      client,
      protocol,
      lastSeenAt: Math.round(now - (monotonic - lastInboundAt)),
      channelNames: [...subscriptions.keys()].slice(0, namesMax),
      memberOf: [...(memberships ?? [])]
        .slice(0, namesMax)
        .map(([channel, userId]) => ({ channel: channel.name.name, userId })),
    };
  }

  /** @param userIds the members to say more about; only those of this node are */
  channel(app: App, name: string, userIds: readonly string[], contentHidden: boolean): ChannelHere {
    const channel = this.#hub.get(app.id, name);
    if (channel === undefined) return { subscribers: [], members: [] };
    const { rows } = this.#newest(
      app,
      subscribersMax,
      ({ subscriptions }) => subscriptions.get(name) === channel,
    );
    let left = infoCharactersMax;
    const members = userIds.slice(0, membersMax).flatMap((userId) => {
      const member = channel.members?.get(userId);
      if (member === undefined) return [];
      left -= member.userInfo?.length ?? 0;
      return [{ userId, userInfo: contentHidden || left < 0 ? null : member.userInfo }];
    });
    return { subscribers: rows, members };
  }

  /** @returns false when it is not here */
  terminate(app: App, socketId: string): boolean {
    const connection = this.#find(app, socketId);
    connection?.close(closeCodes.unauthorised.code, 'Terminated by an operator');
    return connection !== null;
  }

  #find(app: App, socketId: string): Connection | null {
    for (const connection of this.#connections.of(app)) {
      if (connection.socketId === socketId) return connection;
    }
    return null;
  }

  /** They come the oldest first, so the last ones are wanted. */
  #newest(app: App, max: number, isWanted: (connection: Connection) => boolean): SomeConnections {
    let found: Connection[] = [];
    let total = 0;
    for (const connection of this.#connections.of(app)) {
      if (!isWanted(connection)) continue;
      total++;
      found.push(connection);
      if (found.length === max * 2) found = found.slice(-max);
    }
    const rows = found.slice(-max).map((connection) => this.#row(connection));
    return { total, rows: rows.reverse() };
  }

  #row(connection: Connection): ConnectionRow {
    const { socketId, socket, connectedAt, subscriptions, user, memberships } = connection;
    const [memberId] = memberships?.values() ?? [];
    return {
      socketId,
      node: this.#node,
      transport: socket.transport,
      userId: user?.userId ?? memberId ?? null,
      connectedAt,
      channels: subscriptions.size,
      queuedBytes: socket.queuedBytes,
    };
  }
}

function fits(connection: Connection, { socket, user, channel }: ConnectionFilter): boolean {
  if (socket !== '' && !connection.socketId.startsWith(socket)) return false;
  if (channel !== '' && !connection.subscriptions.has(channel)) return false;
  return user === '' || connection.user?.userId === user || isMember(connection, user);
}

function isMember({ memberships }: Connection, userId: string): boolean {
  for (const memberId of memberships?.values() ?? []) if (memberId === userId) return true;
  return false;
}
