import type { Fact } from '../../packages/server/src/channels/facts.ts';
import type { Message } from '../support/wire.ts';

/** A frame as a client got it, or what it did itself. */
export type Entry =
  | { readonly at: number; readonly got: Message }
  /** `sent`: it asked to join or leave the channel, to sign in. */
  | { readonly at: number; readonly sent: 'join' | 'leave' | 'signIn'; readonly channel: string };

/** One connection of a client, as the client saw it. */
export interface SessionHistory {
  readonly name: string;
  readonly userId: string;
  /** The life of the node that it was on. */
  readonly node: string;
  socketId: string | null;
  readonly entries: Entry[];
  endedAt: number | null;
  closeCode: number | null;
}

/** An event as a node took it in: these are in the order in which it handed them to the bus. */
export interface Accepted {
  readonly id: number;
  readonly channel: string;
  /** The life of the node. */
  readonly by: string;
  /** When it was asked to publish it. */
  readonly askedAt: number;
  /** When it was accepted: when the node delivered it to its own subscribers. Infinity when it died before. */
  at: number;
  readonly exceptSocket: string | null;
  /** Cache channels keep it for those who come later; they do not keep client events. */
  readonly kept: boolean;
}

/** What consumers that want each fact once (webhooks) have written down. */
export interface Journaled {
  readonly fact: Fact;
  readonly at: number;
  /** Told a second time, because the node that was told first may have lost it. */
  readonly again: boolean;
}

export interface Terminated {
  readonly userId: string;
  readonly at: number;
  readonly by: string;
}

/** All that is written down of a run; the checker knows nothing else. */
export interface History {
  readonly cluster: 'memory' | 'workers';
  readonly sessions: SessionHistory[];
  readonly accepted: Accepted[];
  readonly journal: Journaled[];
  readonly terminated: Terminated[];
  /** Lives of nodes that ended without a word, and when. */
  readonly ends: Map<string, number>;
  /** When the links of the lives were made. */
  readonly readyAt: Map<string, number>;
  /** Errors that the product reported. */
  readonly failures: string[];
  /** Whether messages were slower than usual at some time, or a node stood still. */
  hasDelays: boolean;
}

/** What is so at rest: what the clients that are still there have, and what each living node says. */
export interface Rest {
  readonly at: number;
  /** Open connections, with what each client wants and so must have. */
  readonly open: readonly {
    readonly session: SessionHistory;
    readonly channels: ReadonlySet<string>;
    readonly signedIn: boolean;
  }[];
  readonly nodes: readonly {
    readonly name: string;
    readonly connections: number;
    readonly channels: ReadonlyMap<
      string,
      { readonly subscriptions: number; readonly users: readonly string[] }
    >;
  }[];
}
