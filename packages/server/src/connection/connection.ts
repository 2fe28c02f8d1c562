import type { Timer } from '@earshot/base';
import { errorEvent } from '@earshot/protocol';
import type { App } from '../apps/app.ts';
import type { Channel } from '../channels/channel.ts';
import type { FanOut } from '../channels/fanout.ts';
import type { Socket } from './socket.ts';

/** Who signed in on a connection. */
export interface SignedInUser {
  readonly userId: string;
  /** JSON text of an object. */
  readonly userInfo: string | null;
  readonly watchlist: readonly string[];
}

/** What is kept of how a client came; texts that many have in common are shared. */
export interface Caller {
  readonly address: string;
  readonly origin: string | null;
  readonly client: string | null;
}

/** One client, whatever its transport. */
export class Connection {
  readonly socketId: string;
  readonly app: App;
  readonly socket: Socket;
  /** 4 to 7 (CONN-5). */
  readonly protocol: number;
  /** Milliseconds since the epoch. */
  readonly connectedAt: number;
  /** The client's address, the page's origin, and the library and its version as it gave them. */
  readonly address: string;
  readonly origin: string | null;
  readonly client: string | null;
  readonly #fanOut: FanOut;

  readonly subscriptions = new Map<string, Channel>();
  /** Presence channel to the user id under which this connection is a member; made at the first such channel. */
  memberships: Map<Channel, string> | null = null;
  user: SignedInUser | null = null;
  closed = false;
  /** Runs when the client first signs in or joins a channel that needs a signature (AUTHC); null afterwards. */
  onAuthorised: (() => void) | null = null;
  authoriseTimer: Timer | null = null;
  /** Whether the app's quota counts it. */
  counted = false;

  /** `Clock.monotonic()` of the last sign of life, and of the ping that waits for one. */
  lastInboundAt: number;
  pingedAt: number | null = null;
  /** Where `Liveness` holds it. */
  livenessSlot: Set<Connection> | null = null;

  /** The second that the client-event rate counts in, and the events in it. */
  rateWindowAt = Number.NEGATIVE_INFINITY;
  rateWindowEvents = 0;

  /** Frames that wait because an earlier one is not finished (`inbox.ts`); null while nothing is in hand. */
  inbox: string[] | null = null;
  /** Of all that has waited since the inbox was last empty. */
  inboxCharacters = 0;

  constructor(parts: {
    socketId: string;
    app: App;
    socket: Socket;
    protocol: number;
    caller: Caller;
    fanOut: FanOut;
    /** `Clock.now()` and `Clock.monotonic()`. */
    at: number;
    now: number;
  }) {
    this.socketId = parts.socketId;
    this.app = parts.app;
    this.socket = parts.socket;
    this.protocol = parts.protocol;
    this.connectedAt = parts.at;
    this.address = parts.caller.address;
    this.origin = parts.caller.origin;
    this.client = parts.caller.client;
    this.#fanOut = parts.fanOut;
    this.lastInboundAt = parts.now;
  }

  /** Sends a frame that is for this connection alone; it never overtakes an event accepted earlier (COAL-3). */
  send(frame: string): void {
    if (this.closed) return;
    this.#fanOut.flushFor(this.subscriptions);
    this.socket.send(frame);
  }

  /** Answers with `pusher:error`; the connection stays. @returns null: there is nothing to wait for (`inbox.ts`) */
  refuse(message: string, code: number | null = null): null {
    this.send(errorEvent(code, message));
    return null;
  }

  /** The client has shown that it may be here (AUTHC-1). */
  authorise(): void {
    this.onAuthorised?.();
    this.onAuthorised = null;
  }

  /** Closes from this side. The transport then reports the close, and `Connections` takes back what it held. */
  close(code: number, reason: string): void {
    if (this.closed) return;
    if (this.protocol < 6) this.send(errorEvent(code, reason));
    this.#fanOut.flushFor(this.subscriptions);
    this.socket.close(code, reason);
  }
}
