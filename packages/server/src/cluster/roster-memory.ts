import type { Clock, Timer } from '@earshot/base';
import type { JoinOutcome } from '../channels/channel.ts';
import type { Fact } from '../channels/facts.ts';
import { PresenceList } from '../channels/presence.ts';
import type { ChannelSummary, Roster, RosterReceiver } from './roster.ts';

/** What the nodes of one process have reported. A node alone is the only one on it. */
export class MemoryRosterState {
  readonly nodes = new Set<MemoryRoster>();
  readonly apps = new Map<string, AppRoster>();

  connect(receiver: RosterReceiver, clock: Clock, leaseMs: number): MemoryRoster {
    return new MemoryRoster(this, receiver, clock, leaseMs);
  }

  /** Tells a fact: first the node that caused it, as its origin, then the others that it concerns. */
  tell(fact: Fact, by: MemoryRoster, concerned: Iterable<MemoryRoster>): void {
    by.receive(fact, true);
    for (const node of concerned) if (node !== by) node.receive(fact, false);
  }

  /** A member who is in has newer info; the list that these nodes share in this process has it. */
  infoChanged(_at: MemberInfo, _by: MemoryRoster, _concerned: Iterable<MemoryRoster>): void {}

  app(appId: string): AppRoster {
    let app = this.apps.get(appId);
    if (app === undefined) {
      app = { channels: new Map(), users: new Map(), connections: new Map() };
      this.apps.set(appId, app);
    }
    return app;
  }
}

export interface MemberInfo {
  readonly appId: string;
  readonly channel: string;
  readonly userId: string;
  readonly userInfo: string | null;
}

interface AppRoster {
  readonly channels: Map<string, ChannelRoster>;
  /** User id to the nodes on which the user is signed in. */
  readonly users: Map<string, Set<MemoryRoster>>;
  readonly connections: Map<MemoryRoster, number>;
}

class ChannelRoster {
  subscriptions = 0;
  /** Subscriptions of each node; only nodes that have some. */
  readonly counts = new Map<MemoryRoster, number>();
  /** User id to the nodes on which the member has connections. */
  readonly members = new Map<string, Set<MemoryRoster>>();
  /** Members of each node; only nodes that have some. */
  readonly membersHere = new Map<MemoryRoster, number>();
  readonly list = new PresenceList();
}

export class MemoryRoster implements Roster {
  readonly #state: MemoryRosterState;
  readonly #receiver: RosterReceiver;
  readonly #clock: Clock;
  readonly #leaseMs: number;
  readonly #timer: Timer;
  readonly #watched = new Set<string>();
  #leasedUntil: number;

  constructor(state: MemoryRosterState, receiver: RosterReceiver, clock: Clock, leaseMs: number) {
    this.#state = state;
    this.#receiver = receiver;
    this.#clock = clock;
    this.#leaseMs = leaseMs;
    this.#leasedUntil = clock.monotonic() + leaseMs;
    state.nodes.add(this);
    this.#timer = clock.every(leaseMs / 3, () => this.#renewAndSweep());
  }

  async reportSubscriptions(appId: string, channel: string, count: number): Promise<void> {
    this.#setSubscriptions(this, appId, channel, count);
  }

  reportConnections(appId: string, count: number): void {
    const { connections } = this.#state.app(appId);
    if (count === 0) connections.delete(this);
    else connections.set(this, count);
  }

  connections(appId: string): number {
    let total = 0;
    for (const count of this.#state.app(appId).connections.values()) total += count;
    return total;
  }

  async join(
    appId: string,
    channel: string,
    userId: string,
    userInfo: string | null,
    membersMax: number,
  ): Promise<JoinOutcome> {
    return this.joinNow(appId, channel, userId, userInfo, membersMax);
  }

  joinNow(
    appId: string,
    channel: string,
    userId: string,
    userInfo: string | null,
    membersMax: number,
  ): JoinOutcome {
    const roster = this.#channel(appId, channel);
    const nodes = roster.members.get(userId);
    if (nodes === undefined && membersMax > 0 && roster.members.size >= membersMax)
      return { refused: 'full' };
    const isNews = nodes !== undefined && roster.list.userInfo(userId) !== userInfo;
    roster.list.set(userId, userInfo);
    if (isNews)
      this.#state.infoChanged({ appId, channel, userId, userInfo }, this, roster.membersHere.keys());
    if (nodes?.has(this)) return { list: roster.list };
    roster.membersHere.set(this, (roster.membersHere.get(this) ?? 0) + 1);
    if (nodes !== undefined) nodes.add(this);
    else {
      roster.members.set(userId, new Set([this]));
      this.#tell({ type: 'member_added', appId, channel, userId, userInfo }, roster.membersHere);
    }
    return { list: roster.list };
  }

  async leave(appId: string, channel: string, userId: string): Promise<void> {
    this.#removeMember(this, appId, channel, userId);
  }

  /** Whether this node has members in the channel. */
  hasMembers(appId: string, channel: string): boolean {
    return this.#state.app(appId).channels.get(channel)?.membersHere.has(this) === true;
  }

  /** Whether the user is signed in on any node. */
  isOnline(appId: string, userId: string): boolean {
    return this.#state.app(appId).users.has(userId);
  }

  async signIn(appId: string, userId: string): Promise<void> {
    const { users } = this.#state.app(appId);
    const nodes = users.get(userId);
    if (nodes !== undefined) nodes.add(this);
    else {
      users.set(userId, new Set([this]));
      this.#tellWatchers({ type: 'user_online', appId, userId });
    }
  }

  async signOut(appId: string, userId: string): Promise<void> {
    this.#removeUser(this, appId, userId);
  }

  async watch(appId: string, userId: string): Promise<void> {
    this.#watched.add(`${appId}/${userId}`);
    if (this.#state.app(appId).users.has(userId))
      this.#receiver.told({ type: 'user_online', appId, userId }, false);
  }

  unwatch(appId: string, userId: string): void {
    this.#watched.delete(`${appId}/${userId}`);
  }

  async channels(appId: string, prefix: string): Promise<ChannelSummary[]> {
    const summaries: ChannelSummary[] = [];
    for (const [name, roster] of this.#state.app(appId).channels) {
      if (roster.subscriptions > 0 && name.startsWith(prefix)) summaries.push(summaryOf(name, roster));
    }
    return summaries;
  }

  async channel(appId: string, channel: string): Promise<ChannelSummary> {
    return summaryOf(channel, this.#state.app(appId).channels.get(channel));
  }

  async userIds(appId: string, channel: string): Promise<string[]> {
    return this.#state.app(appId).channels.get(channel)?.list.userIds() ?? [];
  }

  async close(): Promise<void> {
    this.crash();
    this.#remove(this);
  }

  /** Takes back all that this node reported, in the name of another that lives. */
  closeAs(survivor: MemoryRoster): void {
    this.crash();
    survivor.#remove(this);
  }

  /** Stops renewing, as a killed process does; what it held stays until a survivor sweeps it. */
  crash(): void {
    this.#timer.cancel();
  }

  #renewAndSweep(): void {
    const now = this.#clock.monotonic();
    this.#leasedUntil = now + this.#leaseMs;
    for (const node of this.#state.nodes) {
      if (node.#leasedUntil >= now) continue;
      this.#remove(node);
      this.#receiver.untold?.();
    }
  }

  /** Takes back all that `node` reported; this node tells what that makes true. */
  #remove(node: MemoryRoster): void {
    this.#state.nodes.delete(node);
    node.#watched.clear();
    for (const [appId, app] of this.#state.apps) {
      app.connections.delete(node);
      for (const userId of app.users.keys()) this.#removeUser(node, appId, userId);
      for (const [channel, roster] of app.channels) {
        for (const userId of roster.members.keys()) this.#removeMember(node, appId, channel, userId);
        this.#setSubscriptions(node, appId, channel, 0);
      }
    }
  }

  #setSubscriptions(node: MemoryRoster, appId: string, channel: string, count: number): void {
    const roster = this.#channel(appId, channel);
    const before = roster.subscriptions;
    roster.subscriptions += count - (roster.counts.get(node) ?? 0);
    if (count === 0) roster.counts.delete(node);
    else roster.counts.set(node, count);
    const after = roster.subscriptions;
    if (before === 0 && after > 0) this.#tell({ type: 'channel_occupied', appId, channel }, roster.counts);
    if (before !== after)
      this.#tell({ type: 'subscription_count', appId, channel, count: after }, roster.counts);
    if (before > 0 && after === 0) this.#tell({ type: 'channel_vacated', appId, channel }, roster.counts);
    this.#forgetIfEmpty(appId, channel, roster);
  }

  #removeMember(node: MemoryRoster, appId: string, channel: string, userId: string): void {
    const roster = this.#state.app(appId).channels.get(channel);
    const nodes = roster?.members.get(userId);
    if (roster === undefined || !nodes?.delete(node)) return;
    const left = (roster.membersHere.get(node) ?? 1) - 1;
    if (left === 0) roster.membersHere.delete(node);
    else roster.membersHere.set(node, left);
    if (nodes.size === 0) {
      roster.members.delete(userId);
      roster.list.delete(userId);
      this.#tell({ type: 'member_removed', appId, channel, userId }, roster.membersHere);
    }
    this.#forgetIfEmpty(appId, channel, roster);
  }

  #removeUser(node: MemoryRoster, appId: string, userId: string): void {
    const { users } = this.#state.app(appId);
    const nodes = users.get(userId);
    if (!nodes?.delete(node) || nodes.size > 0) return;
    users.delete(userId);
    this.#tellWatchers({ type: 'user_offline', appId, userId });
  }

  /** For `MemoryRosterState.tell`. */
  receive(fact: Fact, origin: boolean): void {
    this.#receiver.told(fact, origin);
  }

  #tell(fact: Fact, concerned: ReadonlyMap<MemoryRoster, number>): void {
    this.#state.tell(fact, this, concerned.keys());
  }

  #tellWatchers(fact: Fact & { readonly userId: string }): void {
    const key = `${fact.appId}/${fact.userId}`;
    this.#state.tell(
      fact,
      this,
      [...this.#state.nodes].filter((node) => node.#watched.has(key)),
    );
  }

  #channel(appId: string, channel: string): ChannelRoster {
    const { channels } = this.#state.app(appId);
    let roster = channels.get(channel);
    if (roster === undefined) {
      roster = new ChannelRoster();
      channels.set(channel, roster);
    }
    return roster;
  }

  #forgetIfEmpty(appId: string, channel: string, roster: ChannelRoster): void {
    if (roster.subscriptions === 0 && roster.members.size === 0)
      this.#state.app(appId).channels.delete(channel);
  }
}

function summaryOf(name: string, roster: ChannelRoster | undefined): ChannelSummary {
  return { name, subscriptions: roster?.subscriptions ?? 0, users: roster?.members.size ?? 0 };
}
