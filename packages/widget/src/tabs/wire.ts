import type { Id, PresenceInfo } from '@earshot/chat/contract';
import type { Members, SocketState } from '../client/socket.ts';
import type { Problem } from '../store/problem.ts';

/** What a tab hears of one channel, wherever the connection is. */
export interface ChannelListener {
  /** Each time anew: what was published before this may have been missed. `members` of presence channels. */
  subscribed(members: Members | null): void;
  event(name: string, data: unknown, sender: Id | null): void;
  joined?(id: Id, info: PresenceInfo): void;
  left?(id: Id): void;
  refused?(problem: Problem): void;
}

/** The one connection of all tabs of a browser, as each of them has it. */
export interface Wire {
  /** One listener for each channel and tab. The channel is subscribed as long as any tab holds it. @returns how to let go */
  hold(channel: string, listener: ChannelListener): () => void;
  /** A client event, by way of the tab that has the connection. */
  trigger(channel: string, event: string, data: unknown): void;
  /** Does not wait for the next try; also finds out whether the tab that has the connection still lives. */
  tryNow(): void;
  /** This tab has the connection, and does what is to be done once for all tabs. */
  leads(): boolean;
  stop(): void;
}

export interface WireListener {
  connection(state: SocketState, retryAt: number | null): void;
  /** The session of this tab is over. */
  ended(problem: Problem): void;
}
