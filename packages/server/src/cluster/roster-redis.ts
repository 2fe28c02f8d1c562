import type { Clock } from '@earshot/base';
import { type JoinOutcome, topicOf } from '../channels/channel.ts';
import type { Fact } from '../channels/facts.ts';
import { PresenceList } from '../channels/presence.ts';
import type { Reply, Script } from './redis/connection.ts';
import type { Figures } from './redis/figures.ts';
import { Held } from './redis/held.ts';
import type { Ring } from './redis/ring.ts';
import { channelSummary, channelsPage, members, missing, userIds } from './redis/roster-scripts.ts';
import { type Message, RosterSession } from './redis/roster-session.ts';
import type { Server } from './redis/servers.ts';
import type { ChannelSummary, Roster, RosterReceiver } from './roster.ts';

/** Counts of connections are told at most so often for each app. */
const connectionsMs = 20;
/** What all nodes ask the same server for. */
const connectionsTopic = 'connections';

export interface RedisRosterParts {
  readonly servers: readonly Server[];
  readonly ring: Ring;
  readonly receiver: RosterReceiver;
  readonly clock: Clock;
  readonly leaseMs: number;
  readonly figures: Figures;
  readonly say: (text: string, details: Record<string, unknown>) => void;
}

/**
 * The roster in one or more Redis, each of which knows its share of the channels and users.
 *
 * A node is told by its inbox what concerns it, in one order per server; also what it caused itself. So a list of members
 * that was fetched once, with the number of the inbox at which it was so, is kept right by what comes after that number.
 */
export class RedisRoster implements Roster {
  readonly #shards: readonly Shard[];
  readonly #ring: Ring;
  readonly #clock: Clock;
  readonly #connectionsHere = new Map<string, number>();
  /** When the count of an app was last told, and whether it is about to be. */
  readonly #connectionsTold = new Map<string, { at: number; pending: boolean }>();

  constructor(parts: RedisRosterParts) {
    this.#ring = parts.ring;
    this.#clock = parts.clock;
    const nodeId = crypto.randomUUID().replaceAll('-', '').slice(0, 16);
    this.#shards = parts.servers.map((server) => new Shard(server, nodeId, parts));
  }

  reportSubscriptions(appId: string, channel: string, count: number): Promise<void> {
    const topic = topicOf(appId, channel);
    return this.#of(topic).reportSubscriptions(topic, count);
  }

  reportConnections(appId: string, count: number): void {
    this.#connectionsHere.set(appId, count);
    let told = this.#connectionsTold.get(appId);
    if (told === undefined) {
      told = { at: Number.NEGATIVE_INFINITY, pending: false };
      this.#connectionsTold.set(appId, told);
    }
    if (told.pending) return;
    told.pending = true;
    const { pending: _, ...known } = told;
    const tell = () => {
      this.#connectionsTold.set(appId, { at: this.#clock.monotonic(), pending: false });
      const now = this.#connectionsHere.get(appId) ?? 0;
      const item = { kind: 'c', name: appId, userId: '' } as const;
      void this.#of(connectionsTopic).held.set(item, now === 0 ? undefined : now);
    };
    const waitMs = known.at + connectionsMs - this.#clock.monotonic();
    if (waitMs <= 0) tell();
    else this.#clock.after(waitMs, tell);
  }

  connections(appId: string): number {
    let total = this.#connectionsHere.get(appId) ?? 0;
    for (const count of this.#of(connectionsTopic).connections.get(appId)?.values() ?? []) total += count;
    return total;
  }

  join(
    appId: string,
    channel: string,
    userId: string,
    userInfo: string | null,
    membersMax: number,
  ): Promise<JoinOutcome> {
    const topic = topicOf(appId, channel);
    return this.#of(topic).join(topic, userId, userInfo, membersMax);
  }

  leave(appId: string, channel: string, userId: string): Promise<void> {
    const topic = topicOf(appId, channel);
    return this.#of(topic).leave(topic, userId);
  }

  signIn(appId: string, userId: string): Promise<void> {
    const name = `${appId}/${userId}`;
    return this.#of(name).held.set({ kind: 'u', name, userId: '' }, 1);
  }

  signOut(appId: string, userId: string): Promise<void> {
    const name = `${appId}/${userId}`;
    return this.#of(name).held.set({ kind: 'u', name, userId: '' }, undefined);
  }

  watch(appId: string, userId: string): Promise<void> {
    const name = `${appId}/${userId}`;
    return this.#of(name).watch(name);
  }

  unwatch(appId: string, userId: string): void {
    const name = `${appId}/${userId}`;
    this.#of(name).unwatch(name);
  }

  async channels(appId: string, prefix: string): Promise<ChannelSummary[]> {
    const found = await Promise.all(this.#shards.map((shard) => shard.channels(appId, prefix)));
    return found.flat();
  }

  channel(appId: string, channel: string): Promise<ChannelSummary> {
    return this.#of(topicOf(appId, channel)).summary(topicOf(appId, channel), channel);
  }

  userIds(appId: string, channel: string): Promise<string[]> {
    return this.#of(topicOf(appId, channel)).userIds(topicOf(appId, channel));
  }

  async close(): Promise<void> {
    await Promise.all(this.#shards.map((shard) => shard.session.close()));
  }

  /** Ends without a word, as `kill -9` does; for tests. */
  crash(): void {
    for (const shard of this.#shards) shard.session.abandon();
  }

  /** Resolves when this node has been told all that is so by now; for tests. */
  async settled(): Promise<void> {
    await Promise.all(this.#shards.map((shard) => shard.session.settled()));
  }

  #of(topic: string): Shard {
    return this.#shards[this.#ring.of(topic)] as Shard;
  }
}

/** A presence channel of which this node has members. */
interface Topic {
  readonly list: PresenceList;
  /** The list is as it was when the inbox had this number; older messages are in it already. */
  from: number;
  /** While the list is being fetched; the inbox waits. */
  fetching: PromiseWithResolvers<void> | null;
  /** Members of this node. */
  members: number;
  /** The list was changed here while the broker was away: it is fetched anew when it is back. */
  alone: boolean;
}

/** The share of one server. */
class Shard {
  readonly session: RosterSession;
  readonly held: Held;
  readonly #receiver: RosterReceiver;
  readonly #clock: Clock;
  readonly #topics = new Map<string, Topic>();
  /** Watched users and whether they are online, null while that is not known. */
  readonly #watched = new Map<string, boolean | null>();
  readonly #node: string;
  /** App to other nodes and how many connections they have. */
  readonly connections = new Map<string, Map<string, number>>();

  constructor(server: Server, nodeId: string, parts: RedisRosterParts) {
    const { clock, leaseMs, figures, say, servers } = parts;
    this.#node = nodeId;
    this.#receiver = parts.receiver;
    this.#clock = clock;
    this.session = new RosterSession({
      server,
      nodeId,
      allServers: servers
        .map(({ name }) => name)
        .sort()
        .join(', '),
      leaseMs,
      clock,
      figures,
      receiver: {
        message: (message, number) => this.#message(message, number),
        registered: (connections, again) => this.#registered(connections, again),
        back: () => this.#back(),
        away: () => this.#away(),
        swept: () => parts.receiver.untold?.(),
      },
      onProblem: (stage, error) => parts.receiver.onProblem(stage, error),
      say,
    });
    this.held = new Held(this.session);
  }

  reportSubscriptions(topic: string, count: number): Promise<void> {
    return this.held.set({ kind: 's', name: topic, userId: '' }, count === 0 ? undefined : count);
  }

  async join(
    name: string,
    userId: string,
    userInfo: string | null,
    membersMax: number,
  ): Promise<JoinOutcome> {
    let topic = this.#topics.get(name);
    if (topic === undefined) {
      topic = {
        list: new PresenceList(),
        from: 0,
        fetching: Promise.withResolvers(),
        members: 0,
        alone: false,
      };
      this.#topics.set(name, topic);
    }
    const { list } = topic;
    const item = { kind: 'm', name, userId } as const;
    if (!this.held.has('m', name, userId)) topic.members++;
    let isFull = false;
    const told = this.held.set(item, `:${userInfo ?? ''}`, membersMax, (reply) => {
      if (reply[1] === 'full') {
        isFull = true;
        this.held.forget(item);
        this.#drop(name, topic);
      } else this.#joined(name, topic, reply);
    });
    await told;
    if (isFull) return { refused: 'full' };
    // The broker is away, or went away before it told: this node goes on with what it knows.
    if (!list.has(userId) && this.#topics.get(name) === topic && this.held.has('m', name, userId)) {
      topic.alone = true;
      list.set(userId, userInfo);
      this.#tell({ type: 'member_added', ...placeOf(name), userId, userInfo }, false);
    }
    return { list };
  }

  async leave(name: string, userId: string): Promise<void> {
    if (!this.held.has('m', name, userId)) return;
    const told = this.held.set({ kind: 'm', name, userId }, undefined);
    this.#drop(name, this.#topics.get(name));
    await told;
  }

  watch(name: string): Promise<void> {
    this.#watched.set(name, null);
    return this.held.set({ kind: 'w', name, userId: '' }, 1);
  }

  unwatch(name: string): void {
    this.#watched.delete(name);
    void this.held.set({ kind: 'w', name, userId: '' }, undefined);
  }

  async channels(appId: string, prefix: string): Promise<ChannelSummary[]> {
    // A channel may be on two pages.
    const found = new Map<string, ChannelSummary>();
    let cursor = '0';
    do {
      const reply = await this.#ask(channelsPage, [appId, prefix, cursor]);
      const [next, ...page] = reply as [string, ...(string | number)[]];
      cursor = next;
      for (let i = 0; i < page.length; i += 3) {
        const name = String(page[i]);
        found.set(name, { name, subscriptions: Number(page[i + 1]), users: Number(page[i + 2]) });
      }
    } while (cursor !== '0');
    return [...found.values()];
  }

  async summary(topic: string, name: string): Promise<ChannelSummary> {
    const [subscriptions, users] = (await this.#ask(channelSummary, [topic])) as [number, number];
    return { name, subscriptions, users };
  }

  async userIds(topic: string): Promise<string[]> {
    return [...((await this.#ask(userIds, [topic])) as string[])];
  }

  /** @throws while the server is away, or is being told anew: half an answer would make webhooks and chat tell ends */
  #ask(script: Script, args: readonly string[]): Promise<Reply> {
    if (this.session.usable && !this.held.settling) return this.session.ask(script, args);
    return Promise.reject(
      new Error('roster: the broker is away, or all nodes have not told it yet what they hold'),
    );
  }

  /** One member of this node less; without any, this node is told no more and its list would grow old. */
  #drop(name: string, topic: Topic | undefined): void {
    if (topic === undefined || --topic.members > 0) return;
    if (this.#topics.get(name) === topic) this.#topics.delete(name);
    this.#fetched(topic);
  }

  /** The answer to a join: the first one of this node brings the list. */
  #joined(name: string, topic: Topic, reply: readonly Reply[]): void {
    // A list that is known is kept right by the inbox, which may be ahead of this answer.
    if (topic.fetching === null || this.#topics.get(name) !== topic) return;
    const all = reply[2] as readonly string[] | undefined;
    if (all !== undefined) this.#take(name, topic, Number(reply[0]), all);
    else this.#fetch(name, topic);
  }

  readonly #joinedAgain = ({ name, userId }: { name: string; userId: string }, reply: readonly Reply[]) => {
    const topic = this.#topics.get(name);
    if (topic !== undefined && this.held.has('m', name, userId)) this.#joined(name, topic, reply);
  };

  /** Asks for the list of a channel, behind what was sent before; what comes after it waits. */
  #fetch(name: string, topic: Topic): void {
    topic.fetching ??= Promise.withResolvers();
    void this.session.send(members, [name], (reply) => {
      if (this.#topics.get(name) === topic) this.#take(name, topic, Number(reply[0]), reply[1] as string[]);
    });
  }

  /**
   * The members as they were when the inbox had `number`. What that changes for those who are here is told, except what is
   * not certain while a server that had lost everything is being told anew.
   */
  #take(name: string, topic: Topic, number: number, all: readonly string[]): void {
    const { list } = topic;
    const place = placeOf(name);
    const wasEmpty = list.size === 0;
    const there = new Set<string>();
    for (let i = 0; i < all.length; i += 2) {
      const [userId = '', value = ''] = [all[i], all[i + 1]];
      const userInfo = infoOf(value.slice(value.indexOf(':')));
      there.add(userId);
      if (list.has(userId)) {
        if (list.userInfo(userId) !== userInfo) list.set(userId, userInfo);
        continue;
      }
      list.set(userId, userInfo);
      if (!wasEmpty) this.#tell({ type: 'member_added', ...place, userId, userInfo }, false);
    }
    for (const userId of list.userIds()) {
      if (there.has(userId) || this.held.has('m', name, userId)) continue;
      if (this.held.settling) continue;
      list.delete(userId);
      this.#tell({ type: 'member_removed', ...place, userId }, false);
    }
    topic.from = number;
    topic.alone = false;
    this.#fetched(topic);
  }

  #fetched(topic: Topic): void {
    topic.fetching?.resolve();
    topic.fetching = null;
  }

  #message(message: Message, number: number): Promise<void> | null {
    const { t: kind = '', c: name = '', o: cause = '' } = message;
    const origin = cause === this.session.name;
    // From a node that died: the others have heard it.
    const heard = message.x === '1';
    switch (kind) {
      case 's':
        this.#subscriptions(name, Number(message.b), Number(message.n), origin, heard);
        return null;
      case 'a':
      case 'r':
      case 'i': {
        const topic = this.#topics.get(name);
        if (topic === undefined || topic.fetching === null) {
          this.#member(kind, name, message, number, origin, heard);
          return null;
        }
        return topic.fetching.promise.then(() => this.#member(kind, name, message, number, origin, heard));
      }
      case '+':
      case '-':
        this.#status(name, kind === '+', cause, origin, heard);
        return null;
      case 'k':
        this.#setConnections(cause, name, Number(message.n));
        return null;
      case 'd':
        void this.session.sweep(name);
        return null;
      default:
        return null; // Of a later version.
    }
  }

  #subscriptions(name: string, before: number, count: number, origin: boolean, heard: boolean): void {
    const place = placeOf(name);
    if (before === 0 && count > 0) this.#tell({ type: 'channel_occupied', ...place }, origin, heard);
    if (before !== count) this.#tell({ type: 'subscription_count', ...place, count }, origin, heard);
    if (before > 0 && count === 0) this.#tell({ type: 'channel_vacated', ...place }, origin, heard);
  }

  #member(
    kind: 'a' | 'r' | 'i',
    name: string,
    message: Message,
    number: number,
    origin: boolean,
    isOld: boolean,
  ): void {
    const topic = this.#topics.get(name);
    const place = placeOf(name);
    const userId = message.u ?? '';
    const isInList = topic !== undefined && number <= topic.from;
    const list = topic === undefined || isInList || isOld ? null : topic.list;
    if (kind === 'r') {
      const heard = isOld || isInList || (list !== null && !list.has(userId));
      // Told to be gone, and here again since: what this node holds is on its way to the server.
      list?.delete(userId);
      this.#tell({ type: 'member_removed', ...place, userId }, origin, heard);
      return;
    }
    const userInfo = infoOf(message.i ?? ':');
    const heard = isOld || isInList || (list?.has(userId) ?? false);
    list?.set(userId, userInfo);
    if (kind === 'a') this.#tell({ type: 'member_added', ...place, userId, userInfo }, origin, heard);
    else if (list !== null && !heard) this.#tell({ type: 'member_added', ...place, userId, userInfo }, false);
  }

  #status(name: string, online: boolean, cause: string, origin: boolean, heard: boolean): void {
    const slash = name.indexOf('/');
    const type = online ? 'user_online' : 'user_offline';
    const fact = { type, appId: name.slice(0, slash), userId: name.slice(slash + 1) } as const;
    const before = this.#watched.get(name);
    if (before === undefined) {
      if (origin) this.#tell(fact, true, heard);
      return;
    }
    if (!heard) this.#watched.set(name, online);
    // The answer to `watch`: that somebody is offline is what a watcher believes at first.
    if (cause === '' && before !== true && !online) return;
    this.#tell(fact, origin, heard);
  }

  #setConnections(node: string, appId: string, count: number): void {
    let ofApp = this.connections.get(appId);
    if (ofApp === undefined) {
      ofApp = new Map();
      this.connections.set(appId, ofApp);
    }
    if (count === 0) ofApp.delete(node);
    else ofApp.set(node, count);
    if (ofApp.size === 0) this.connections.delete(appId);
  }

  #registered(connections: readonly string[], again: { lost: boolean; settleMs: number } | null): void {
    this.connections.clear();
    for (let i = 0; i < connections.length; i += 2) {
      const [node = '', appId = ''] = connections[i]?.split('/') ?? [];
      if (!node.startsWith(this.#node)) this.#setConnections(node, appId, Number(connections[i + 1]));
    }
    if (again === null) return;
    this.#receiver.untold?.();
    for (const topic of this.#topics.values()) {
      topic.from = 0;
      topic.fetching ??= Promise.withResolvers();
    }
    this.held.reportAll(again.lost, this.#joinedAgain);
    if (again.lost) this.#clock.after(again.settleMs, () => this.#settle());
  }

  /** All nodes have told the server again what they hold: who is missing now has gone with a node that did not come back. */
  #settle(): void {
    if (!this.session.usable) return;
    this.held.settle(this.#joinedAgain);
    for (const [name, { list }] of this.#topics) {
      void this.session.send(members, [name], (reply) => {
        const all = reply[1] as readonly string[];
        const there = new Set(all.filter((_, index) => index % 2 === 0));
        for (const userId of list.userIds()) {
          if (!there.has(userId)) void this.session.send(missing, [name, userId]);
        }
      });
    }
  }

  /** Who waits for a list goes on with what is known here. */
  #away(): void {
    for (const topic of this.#topics.values()) {
      if (topic.fetching !== null) topic.alone = true;
      this.#fetched(topic);
    }
  }

  #back(): void {
    this.#receiver.untold?.();
    this.held.catchUp(this.#joinedAgain);
    for (const [name, topic] of this.#topics) if (topic.alone) this.#fetch(name, topic);
  }

  #tell(fact: Fact, origin: boolean, heard = false): void {
    this.#receiver.told(fact, origin, heard);
  }
}

function placeOf(topic: string): { appId: string; channel: string } {
  const slash = topic.indexOf('/');
  return { appId: topic.slice(0, slash), channel: topic.slice(slash + 1) };
}

/** @param text `:` alone, or with the info behind it */
function infoOf(text: string): string | null {
  return text.length > 1 ? text.slice(1) : null;
}
