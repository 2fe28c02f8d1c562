import type { Clock } from '@earshot/base';
import type {
  ChannelDetail,
  ChannelList,
  ChannelRow,
  ConnectionDetail,
  ConnectionList,
  ConnectionRow,
} from '@earshot/dashboard';
import { parseChannelName } from '@earshot/protocol';
import type { z } from '@hono/zod-openapi';
import type { App } from '../apps/app.ts';
import { isContentHidden } from '../apps/content-hidden.ts';
import type { AppRegistry } from '../apps/registry.ts';
import type { CachedEvent } from '../channels/channel.ts';
import type { Hub } from '../channels/hub.ts';
import type { Bus } from '../cluster/bus.ts';
import type { EventCache } from '../cluster/event-cache.ts';
import type { Nodes } from '../cluster/nodes.ts';
import type { ChannelSummary, Roster } from '../cluster/roster.ts';
import type { Connections } from '../connection/connections.ts';
import { terminateUser } from '../connection/terminate-user.ts';
import { connectionsMax, Here, membersMax, subscribersMax } from './here.ts';
import type { ConnectionFilter, Inspector } from './inspector.ts';
import {
  channelAnswer,
  channelQuestion,
  connectionAnswer,
  connectionQuestion,
  connectionsAnswer,
  connectionsQuestion,
} from './messages.ts';

const channelsMax = 500;

interface InspectorParts {
  readonly nodes: Nodes;
  readonly apps: AppRegistry;
  readonly hub: Hub;
  readonly connections: Connections;
  readonly roster: Roster;
  readonly cache: EventCache;
  readonly bus: Bus;
  readonly clock: Clock;
}

/** The inspector over the nodes of a cluster: each says what it has, for the one that asks. */
export class ClusterInspector implements Inspector {
  readonly #parts: InspectorParts;
  readonly #here: Here;

  constructor(parts: InspectorParts) {
    const { nodes, hub, connections, clock } = parts;
    this.#parts = parts;
    this.#here = new Here({ node: nodes.self, hub, connections, clock });
    this.#answer('inspect-connections', connectionsQuestion, (app, filter) =>
      this.#here.connections(app, filter),
    );
    this.#answer('inspect-connection', connectionQuestion, (app, { socketId }) =>
      this.#here.connection(app, socketId),
    );
    this.#answer('inspect-channel', channelQuestion, (app, { channel, userIds, contentHidden }) =>
      this.#here.channel(app, channel, userIds, contentHidden || isContentHidden(app, channel)),
    );
    this.#answer('inspect-terminate', connectionQuestion, (app, { socketId }) =>
      this.#here.terminate(app, socketId),
    );
  }

  async channels(app: App, prefix: string): Promise<ChannelList> {
    const summaries = await this.#parts.roster.channels(app.id, prefix);
    const most = summaries.toSorted(
      (a, b) => b.subscriptions - a.subscriptions || (a.name < b.name ? -1 : 1),
    );
    const rows = most.slice(0, channelsMax).flatMap((summary) => rowOf(app, summary) ?? []);
    return { total: summaries.length, channels: rows };
  }

  async channel(app: App, name: string): Promise<ChannelDetail | null> {
    const { roster, cache } = this.#parts;
    if (rowOf(app, { name, subscriptions: 0, users: 0 }) === null) return null;
    const row = rowOf(app, await roster.channel(app.id, name));
    const kept = row?.isCache ? await cache.get(app.id, name) : null;
    if (row === null || (row.subscriptions === 0 && kept === null)) return null;
    const contentHidden = isContentHidden(app, name);
    const all = row.kind === 'presence' ? await roster.userIds(app.id, name) : [];
    const userIds = all.slice(0, membersMax);
    const question = { appId: app.id, channel: name, userIds, contentHidden };
    const { said } = await this.#ask('inspect-channel', channelAnswer, question);
    const infos = new Map<string, string | null>();
    for (const { data } of said) for (const { userId, userInfo } of data.members) infos.set(userId, userInfo);
    return {
      ...row,
      members: userIds.map((userId) => ({
        userId,
        userInfo: contentHidden ? null : (infos.get(userId) ?? null),
      })),
      contentHidden,
      cached: kept === null ? null : cachedOf(kept, contentHidden),
      connections: newest(
        said.flatMap(({ data }) => data.subscribers),
        subscribersMax,
      ),
    };
  }

  async connections(app: App, filter: ConnectionFilter): Promise<ConnectionList> {
    const { socket, user, channel } = filter;
    const question = { appId: app.id, socket, user, channel };
    const { said, nodes } = await this.#ask('inspect-connections', connectionsAnswer, question);
    return {
      total: said.reduce((sum, { data }) => sum + data.total, 0),
      connections: newest(
        said.flatMap(({ data }) => data.rows),
        connectionsMax,
      ),
      nodes,
    };
  }

  async connection(app: App, socketId: string): Promise<ConnectionDetail | null> {
    const here = this.#here.connection(app, socketId);
    if (here !== null) return here;
    const question = { appId: app.id, socketId };
    const { said } = await this.#ask('inspect-connection', connectionAnswer.nullable(), question);
    return said.find(({ data }) => data !== null)?.data ?? null;
  }

  async terminateConnection(app: App, socketId: string): Promise<boolean> {
    if (this.#here.terminate(app, socketId)) return true;
    const { answers } = await this.#parts.nodes.ask<unknown>({
      about: 'inspect-terminate',
      data: { appId: app.id, socketId },
    });
    return answers.some(({ data }) => data === true);
  }

  terminateUser(app: App, userId: string): void {
    terminateUser(this.#parts, app.id, userId);
  }

  /** Answers questions of that shape about apps that this node has heard of, and others with null. */
  #answer<Shape extends z.ZodType<{ appId: string }>>(
    about: string,
    shape: Shape,
    answer: (app: App, question: z.infer<Shape>) => unknown,
  ): void {
    this.#parts.nodes.answer(about, (data) => {
      const question = shape.safeParse(data).data;
      const app = question === undefined ? undefined : this.#parts.apps.byId(question.appId);
      return question === undefined || app === undefined ? null : answer(app, question);
    });
  }

  /** What made sense of what the nodes said. */
  async #ask<Shape extends z.ZodType>(
    about: string,
    shape: Shape,
    data: object,
  ): Promise<{ said: { data: z.infer<Shape> }[]; nodes: { answered: number; known: number } }> {
    const { answers, known } = await this.#parts.nodes.ask<unknown>({ about, data });
    const said = answers.flatMap((answer) => {
      const { data } = shape.safeParse(answer.data);
      return data === undefined ? [] : [{ data }];
    });
    return { said, nodes: { answered: said.length, known } };
  }
}

function newest(rows: readonly ConnectionRow[], max: number): ConnectionRow[] {
  return rows.toSorted((a, b) => b.connectedAt - a.connectedAt).slice(0, max);
}

/** Null for a name that is none. */
function rowOf(app: App, { name, subscriptions, users }: ChannelSummary): ChannelRow | null {
  const { channelNameLength, userIdLength } = app.settings;
  const parsed = parseChannelName(name, channelNameLength, userIdLength);
  if (parsed === null || parsed.kind === 'user') return null;
  const { kind, cached } = parsed;
  return { name, kind, isCache: cached, subscriptions, users: kind === 'presence' ? users : null };
}

/** A frame that this cluster's own publishers made. */
function cachedOf({ frame, expiresAt }: CachedEvent, contentHidden: boolean): ChannelDetail['cached'] {
  const { event, data } = JSON.parse(frame) as { event: string; data: string };
  return { event, data: contentHidden ? null : data, dataBytes: Buffer.byteLength(data), expiresAt };
}
