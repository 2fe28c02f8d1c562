import type { Timer } from '@earshot/base';
import type { ChannelName } from '@earshot/protocol';
import type { PresenceList } from './presence.ts';

/** The last published event of a cache channel. */
export interface CachedEvent {
  /** The complete frame, as subscribers got it. */
  readonly frame: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** A member as this node knows it: how many of its connections are here. */
export interface LocalMember {
  connections: number;
  userInfo: string | null;
  /** Settles when the cluster has taken the member in or refused it. */
  joined: Promise<JoinOutcome>;
}

/** The cluster's answer to a member who wants in; `list` stays up to date while this node has members. */
export type JoinOutcome = { readonly list: PresenceList } | { readonly refused: 'full' };

/** What a channel owes the app that it is of. */
export interface ChannelOwner {
  readonly id: string;
  readonly tally: {
    /** Channels with a subscription on this node. */
    channels: number;
    /** An event went to so many subscribers of this node. */
    delivered(recipients: number): void;
  };
}

/** What a channel is on this node, from its first subscription here to its last. */
export class Channel {
  readonly appId: string;
  readonly tally: ChannelOwner['tally'];
  readonly name: ChannelName;
  /** The name that fan-out and bus know it by; app ids are decimal, so the first slash ends the id. */
  readonly topic: string;
  /** Subscriptions on this node that have been confirmed to their client. */
  subscriptions = 0;
  /** Subscriptions and those in the making; the channel is let go when it reaches 0. */
  holds = 0;
  /** Presence channels only: user id to member. */
  readonly members: Map<string, LocalMember> | null;
  /** Cache channels only. */
  cached: CachedEvent | null = null;
  /** Settles when this node hears the channel; null from then on, so that later subscribers need not wait. */
  opening: Promise<void> | null = null;
  /** When the count was last told to the subscribers, and the timer that will tell it again (`cluster/announce.ts`). */
  countToldAt = Number.NEGATIVE_INFINITY;
  countTimer: Timer | null = null;
  /** Fan-out's bookkeeping (`fanout.ts`). */
  pending: Pending | null = null;
  lastEventAt = Number.NEGATIVE_INFINITY;
  averageGapMs = Number.POSITIVE_INFINITY;
  writtenAt = Number.NEGATIVE_INFINITY;

  constructor(owner: ChannelOwner, name: ChannelName) {
    this.appId = owner.id;
    this.tally = owner.tally;
    this.name = name;
    this.topic = topicOf(owner.id, name.name);
    this.members = name.kind === 'presence' ? new Map() : null;
  }
}

export function topicOf(appId: string, channel: string): string {
  return `${appId}/${channel}`;
}

/** What waits to be written to a channel, in the order in which it was accepted. */
export interface Pending {
  readonly steps: Step[];
  frames: number;
  bytes: number;
}

export type Step =
  | { readonly frame: string; readonly except: Listener | null }
  | { readonly enter: Listener };

/** What fan-out needs of a subscriber; a transport's socket fulfils it. All calls are harmless after it closed. */
export interface Listener {
  /** From now on `listener` gets what is published to `topic`. */
  enterTopic(topic: string): void;
  leaveTopic(topic: string): void;
  /** Publishes to all of `topic` but this one. */
  publishToOthers(topic: string, frame: string): void;
}
