import { type Clock, systemClock } from '@earshot/base';
import type { Topics } from '../../channels/fanout.ts';
import type { Connection } from '../../connection/connection.ts';
import type { Connections } from '../../connection/connections.ts';
import type { Parts } from '../../connection/parts.ts';
import type { AllTopics } from '../topics.ts';
import { Chain, SharedMessage } from './chain.ts';
import type { HttpBounds } from './request.ts';
import type { HttpSession, SessionKeeper } from './session.ts';

/** The longest time for which what comes after a round of writes waits for the next round. */
const pauseMsMax = 10;

/**
 * The topics of all sessions on HTTP transports, and the writing to them: what comes to a session in one turn of the loop
 * goes out in one write. A write costs some ten times the events in it, so where a round of them has kept the loop busy, what
 * comes next is collected for as long as that took.
 */
export class HttpSessions implements Topics, SessionKeeper {
  readonly connections: Connections;
  readonly clock: Clock;
  readonly graceClock: Clock;
  readonly outboxBytes: number;
  readonly #parts: Parts;
  readonly #topics: AllTopics;
  readonly #members = new Map<string, Set<HttpSession>>();
  #touched: HttpSession[] = [];
  /** A round of writes is due, under way, or paid for by a pause. */
  #isHeld = false;
  /** What the writes cost is the machine's time, whatever clock the connections live by. */
  readonly #machine: Clock = systemClock;

  constructor(parts: Parts, connections: Connections, topics: AllTopics, bounds: HttpBounds) {
    this.#parts = parts;
    this.connections = connections;
    this.clock = parts.clock;
    this.outboxBytes = bounds.outboxBytes;
    this.graceClock = bounds.grace?.clock ?? parts.clock;
    this.#topics = topics;
    topics.add(this);
  }

  publish(topic: string, frame: string): void {
    this.#publish(topic, frame, null);
  }

  publishExcept(except: HttpSession, topic: string, frame: string): void {
    this.#publish(topic, frame, except);
    this.#topics.publishBeside(this, topic, frame);
  }

  enter(session: HttpSession, topic: string): void {
    const members = this.#members.get(topic);
    if (members === undefined) this.#members.set(topic, new Set([session]));
    else members.add(session);
  }

  leave(session: HttpSession, topic: string): void {
    const members = this.#members.get(topic);
    members?.delete(session);
    if (members?.size === 0) this.#members.delete(topic);
  }

  touch(session: HttpSession): void {
    this.#touched.push(session);
    if (this.#isHeld) return;
    this.#isHeld = true;
    // After all requests that this turn of the loop brings: what they publish shares the writes.
    setImmediate(() => this.#flush());
  }

  closed(connection: Connection, code: number, reason: string): void {
    this.connections.closed(connection, code, reason);
  }

  slowClientCut(session: HttpSession): void {
    const { counters, log } = this.#parts;
    counters.slowClientsCut++;
    const { connection } = session;
    log.warn(
      { app: connection?.app.id, socket: connection?.socketId, outboxBytes: this.outboxBytes },
      'a client that reads too slowly was cut (EARSHOT_OUTBOX_BYTES is the bound)',
    );
  }

  /** Most sessions of a topic wait for the same, so they share one chain. */
  #publish(topic: string, frame: string, except: HttpSession | null): void {
    const members = this.#members.get(topic);
    if (members === undefined) return;
    const message = new SharedMessage(frame);
    let chain: Chain | null = null;
    for (const session of members) {
      if (session === except) continue;
      if (chain === null || chain.before !== session.waiting) chain = new Chain(session.waiting, message);
      session.push(chain);
    }
  }

  #flush(): void {
    const startedAt = this.#machine.monotonic();
    const touched = this.#touched;
    this.#touched = [];
    for (const session of touched) {
      try {
        session.flush();
      } catch (error) {
        this.#parts.counters.handlerFailures++;
        this.#parts.log.error({ err: error }, 'writing to an HTTP session failed');
      }
    }
    // Streams hand their chunks to their sockets at the end of the turn.
    setImmediate(() => {
      const busyMs = this.#machine.monotonic() - startedAt;
      if (busyMs < 1) this.#resume();
      else this.#machine.after(Math.min(busyMs, pauseMsMax), () => this.#resume());
    });
  }

  #resume(): void {
    if (this.#touched.length > 0) this.#flush();
    else this.#isHeld = false;
  }
}
