import type { Clock, Timer } from '@earshot/base';
import type { Transport } from '@earshot/dashboard';
import type { Connection } from '../../connection/connection.ts';
import { type Socket, tooSlow } from '../../connection/socket.ts';
import { Chain, type Encoded, SharedMessage } from './chain.ts';
import type { Receiver } from './receivers.ts';

const encoder = new TextEncoder();

/** How long a client may take to read a response that is long enough, before it is taken for one that asks for no other. */
const takeOverMs = 30_000;

/** What a session needs of all of them together (`sessions.ts`). */
export interface SessionKeeper {
  readonly clock: Clock;
  /** Measures how long a session has been without a response. */
  readonly graceClock: Clock;
  /** What may wait for one client; beyond it the client is cut (BAD-6). */
  readonly outboxBytes: number;
  enter(session: HttpSession, topic: string): void;
  leave(session: HttpSession, topic: string): void;
  /** Publishes on all transports, to all but this one. */
  publishExcept(session: HttpSession, topic: string, frame: string): void;
  /** The session has something to write: `flush` is called at the end of this turn. */
  touch(session: HttpSession): void;
  closed(connection: Connection, code: number, reason: string): void;
  slowClientCut(session: HttpSession): void;
}

/** How a kind of session writes what its client gets. */
export interface Framing {
  readonly transport: Transport;
  /** The messages of the chain, and nothing else. */
  messages(chain: Chain): Encoded;
  readonly heartbeat: string;
  close(code: number, reason: string): string;
  /** How long the session lives on without a response to write to. */
  readonly graceMs: number;
  /** A client that has read more than so many characters of a response ends it and asks for the next one (HTTP-6). */
  readonly responseCharactersMax: number;
  /** Nothing comes from the client unless it has something to say: an open response counts as a sign of life. */
  readonly quietClient: boolean;
}

/**
 * A client on an HTTP transport. It outlives its single responses: what comes while there is none waits, in order, within a
 * bound, and the client counts as gone when it does not fetch it in time.
 */
export class HttpSession implements Socket {
  connection: Connection | null = null;
  readonly #sessions: SessionKeeper;
  readonly #framing: Framing;
  readonly #onEnd: () => void;
  /** What goes before the waiting messages: opening, signs of life. */
  #control = '';
  #waiting: Chain | null = null;
  #receiver: Receiver | null = null;
  /** Characters that `#receiver` has taken. */
  #written = 0;
  #graceTimer: Timer | null = null;
  #closing: { readonly code: number; readonly reason: string } | null = null;
  #ended = false;
  /** Left at the end, as a WebSocket leaves its own by itself; null while there is none. */
  #topics: Set<string> | null = null;
  #isTouched = false;

  /** @param onEnd called once, when nobody will ask for the session any more */
  constructor(sessions: SessionKeeper, framing: Framing, onEnd: () => void) {
    this.#sessions = sessions;
    this.#framing = framing;
    this.#onEnd = onEnd;
  }

  get transport(): Transport {
    return this.#framing.transport;
  }

  get queuedBytes(): number {
    const waiting = this.#control.length + (this.#waiting?.characters ?? 0);
    return waiting + (this.#receiver?.unreadBytes ?? 0);
  }

  /** Messages that wait; clients in the same position share it. */
  get waiting(): Chain | null {
    return this.#waiting;
  }

  /** Why it was closed from this side, if it was. */
  get closing(): { readonly code: number; readonly reason: string } | null {
    return this.#closing;
  }

  /** From now on `receiver` takes what comes; an earlier one ends silently (HTTP-6). */
  attach(receiver: Receiver): void {
    this.#graceTimer?.cancel();
    this.#graceTimer = null;
    this.#receiver?.end();
    this.#receiver = receiver;
    this.#written = 0;
    this.#touch();
  }

  /** The client went away from `receiver`. */
  detach(receiver: Receiver): void {
    if (this.#receiver !== receiver) return;
    this.#receiver = null;
    this.#awaitReceiver();
  }

  /** Puts text before the messages that wait. */
  writeControl(text: string): void {
    this.#control += text;
    this.#touch();
  }

  /** Answers a sign of life where somebody listens; it is not kept. */
  answerAlive(text: string): void {
    if (this.#receiver !== null && !this.#isLongEnough) this.writeControl(text);
  }

  /** @param chain what waited, and a new message */
  push(chain: Chain): void {
    if (this.#closing !== null) return;
    this.#waiting = chain;
    if (this.#receiver !== null && !this.#isLongEnough) this.#touch();
    else if (chain.characters > this.#sessions.outboxBytes) this.#cut();
  }

  send(frame: string): void {
    this.push(new Chain(this.#waiting, new SharedMessage(frame)));
  }

  close(code: number, reason: string): void {
    if (this.#closing !== null) return;
    this.#closing = { code, reason };
    this.#leaveAll();
    this.flush();
    if (this.connection !== null) this.#sessions.closed(this.connection, code, reason);
  }

  /** Nobody can go on with it: ends it at once, as if the client had gone. */
  abandon(): void {
    this.#receiver?.end();
    this.#vanish('The client came back to a new session');
  }

  ping(): void {
    if (this.#receiver === null || this.#isLongEnough) return;
    if (this.#framing.quietClient && this.connection !== null) {
      this.connection.lastInboundAt = this.#sessions.clock.monotonic();
    }
    this.writeControl(this.#framing.heartbeat);
  }

  enterTopic(topic: string): void {
    if (this.#closing !== null) return;
    this.#topics ??= new Set();
    this.#topics.add(topic);
    this.#sessions.enter(this, topic);
  }

  leaveTopic(topic: string): void {
    if (this.#topics?.delete(topic)) this.#sessions.leave(this, topic);
  }

  publishToOthers(topic: string, frame: string): void {
    this.#sessions.publishExcept(this, topic, frame);
  }

  /** Writes what there is, if somebody takes it. The keeper calls it once for all that came in a tick. */
  flush(): void {
    this.#isTouched = false;
    const receiver = this.#receiver;
    if (receiver === null || this.#ended || this.#isLongEnough) return;
    const taken = this.#take();
    if (taken !== null) {
      this.#written += taken.characters;
      const isInBounds = receiver.write(taken.bytes);
      if (!isInBounds) {
        this.#cut();
        return;
      }
    }
    if (this.#closing !== null) {
      receiver.end();
      this.#end();
    } else if (receiver.once && taken !== null) {
      this.#receiver = null;
      this.#awaitReceiver();
    } else if (this.#isLongEnough) {
      this.#awaitTakeOver();
    }
  }

  /**
   * The client is about to ask for the next response, and never reads what this one would still get: so it gets no more,
   * and what comes waits for the next.
   */
  get #isLongEnough(): boolean {
    return this.#written > this.#framing.responseCharactersMax;
  }

  #take(): Encoded | null {
    const before = this.#control;
    const chain = this.#waiting;
    const after = this.#closing === null ? '' : this.#framing.close(this.#closing.code, this.#closing.reason);
    this.#control = '';
    this.#waiting = null;
    const messages = chain === null ? null : this.#framing.messages(chain);
    if (before === '' && after === '') return messages;
    const parts = [encoder.encode(before), messages?.bytes ?? new Uint8Array(), encoder.encode(after)];
    return {
      bytes: Buffer.concat(parts),
      characters: before.length + (messages?.characters ?? 0) + after.length,
    };
  }

  #leaveAll(): void {
    for (const topic of this.#topics ?? []) this.#sessions.leave(this, topic);
    this.#topics = null;
  }

  #touch(): void {
    if (this.#isTouched) return;
    this.#isTouched = true;
    this.#sessions.touch(this);
  }

  #awaitReceiver(): void {
    this.#graceTimer?.cancel();
    const { graceClock } = this.#sessions;
    const timer = graceClock.after(this.#framing.graceMs, () => {
      // After the loop was busy for long timers come first: a request that is in time may still be in its socket.
      graceClock.nextTurn(() => {
        if (this.#graceTimer === timer) this.#vanish('The client did not come back');
      });
    });
    this.#graceTimer = timer;
  }

  #awaitTakeOver(): void {
    this.#graceTimer?.cancel();
    this.#graceTimer = this.#sessions.graceClock.after(takeOverMs, () => {
      this.#written = Number.NEGATIVE_INFINITY;
      this.#touch();
    });
  }

  /** The client reads too slowly, or fetches too late: what waits would grow for ever. */
  #cut(): void {
    this.#sessions.slowClientCut(this);
    this.#receiver?.cut();
    this.#vanish(tooSlow);
  }

  #vanish(reason: string): void {
    if (this.#ended) return;
    const wasOpen = this.#closing === null;
    this.#closing ??= { code: 1006, reason: '' };
    this.#leaveAll();
    this.#waiting = null;
    this.#end();
    if (wasOpen && this.connection !== null) this.#sessions.closed(this.connection, 1006, reason);
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#receiver = null;
    this.#graceTimer?.cancel();
    this.#onEnd();
  }
}
