import type { JoinOutcome } from '../channels/channel.ts';
import type { Fact } from '../channels/facts.ts';

export interface ChannelSummary {
  readonly name: string;
  /** Subscriptions in the whole cluster. */
  readonly subscriptions: number;
  /** Distinct members; 0 on channels that are not presence channels. */
  readonly users: number;
}

/**
 * What the cluster knows: it adds up what each node reports and says what that made true (`channels/facts.ts`).
 *
 * What a fulfilment owes (`roster.contract.ts`):
 * - Each fact is told once to every node that it concerns, in the same order per channel, and before the call that
 *   caused it resolves. Exactly one of the tellings has `origin` true: on the node that caused it, or swept it.
 * - A member who joins over several nodes is added once and removed with the last; the newest `userInfo` counts.
 * - `list` of a join is the same object for all members of this node, and is changed before the fact is told; so a
 *   node that reads it and enters the topic in one go misses nothing and sees nothing twice.
 * - What a node holds is leased. A node that dies without a word loses it after the lease, and a survivor tells what
 *   that makes true, once.
 */
export interface Roster {
  /** This node now has `count` subscriptions of the channel. */
  reportSubscriptions(appId: string, channel: string, count: number): Promise<void>;
  /**
   * This node now has `count` connections that count against the app's quota.
   * @param most what the cluster may have; 0 = no limit. Where the count of all is known at once, a node that went beyond it
   *   in the same moment as another hears of that (`tooMany`)
   */
  reportConnections(appId: string, count: number, most?: number): void;
  /** Connections of the app in the cluster, as far as known here without asking. */
  connections(appId: string): number;

  /**
   * A user has a connection of this node in the channel, or has a newer `userInfo` there.
   * @param membersMax refused beyond it, unless the user is a member already; 0 = no limit
   */
  join(
    appId: string,
    channel: string,
    userId: string,
    userInfo: string | null,
    membersMax: number,
  ): Promise<JoinOutcome>;
  /** The user has no connection of this node in the channel any more. */
  leave(appId: string, channel: string, userId: string): Promise<void>;

  /** The user has a signed-in connection on this node. */
  signIn(appId: string, userId: string): Promise<void>;
  signOut(appId: string, userId: string): Promise<void>;
  /** Wants `user_online` and `user_offline` of this user; tells `user_online` before it resolves if that is so now. */
  watch(appId: string, userId: string): Promise<void>;
  unwatch(appId: string, userId: string): void;

  /** Occupied channels whose name starts with `prefix`. Costs a pass over the app's channels. */
  channels(appId: string, prefix: string): Promise<ChannelSummary[]>;
  channel(appId: string, channel: string): Promise<ChannelSummary>;
  userIds(appId: string, channel: string): Promise<string[]>;

  close(): Promise<void>;
}

export interface RosterReceiver {
  /**
   * @param origin whether this node is the one to hand the fact to consumers that want it once per cluster
   * @param heard whether the subscribers of this node know it already: it was told them while the broker was away, or the
   *   fact comes from a node that died before it handed it on
   */
  told(fact: Fact, origin: boolean, heard?: boolean): void;
  /** Resolves when consumers have written down what they were told so far. */
  written?(): Promise<void>;
  /**
   * Ends may have gone by untold: this node has swept another, where consumers may have left undone what they were told; or it
   * was cut off itself, and who came and left meanwhile came and left unknown to the others.
   */
  untold?(): void;
  /** Other nodes have so many connections of the app that this one may keep only so many. */
  tooMany?(appId: string, keep: number): void;
  onProblem(stage: string, error: unknown): void;
}
