import type { Id, PresenceInfo } from '@earshot/chat/contract';
import type { Problem } from '../store/problem.ts';

/** People in a presence channel, by id. */
export type Members = ReadonlyMap<Id, PresenceInfo>;

export type SocketState = 'connecting' | 'online' | 'reconnecting' | 'offline';

/** What comes from the channel server. */
export interface SocketListener {
  /** @param retryAt when it is tried again, null while it is being tried */
  connection(state: SocketState, retryAt: number | null): void;
  /** Each time anew after a connection was lost: what came in between was missed. `members` of presence channels. */
  subscribed(channel: string, members: Members | null): void;
  /** @param sender of client events, as the server knows it */
  event(channel: string, name: string, data: unknown, sender: Id | null): void;
  joined(channel: string, id: Id, info: PresenceInfo): void;
  left(channel: string, id: Id): void;
  /** The channel is not ours to hear, or is full. Not tried again until it is subscribed anew. */
  refused(channel: string, problem: Problem): void;
  /** Each time a connection is there: `ws`, `wss`, `xhr_streaming`, `xhr_polling`. */
  transport?(name: string): void;
  /** A client event was not taken because they came too fast. */
  tooFast?(): void;
  /** The session is over; nothing more comes. */
  ended(problem: Problem): void;
}

/** A connection to the channel server that comes back by itself. `client/realtime.ts` fulfils it. */
export interface Socket {
  subscribe(channel: string): void;
  unsubscribe(channel: string): void;
  /** A client event; lost where there is no connection. */
  trigger(channel: string, event: string, data: unknown): void;
  /** Does not wait for the next try, and finds out whether the connection still lives. */
  tryNow(): void;
  stop(): void;
}

export type OpenSocket = (listener: SocketListener) => Socket;
