import type { Clock, Timer } from '@earshot/base';
import { closeCodes, pongTimeoutSeconds } from '@earshot/protocol';
import type { Connection } from './connection.ts';

const pongTimeoutMs = pongTimeoutSeconds * 1000;
const slotMs = 1_000;

/**
 * Pings clients that have been silent and closes those that stay so (LIVE-3, LIVE-4). Only what comes *from* the client
 * counts: a socket that is written to all the time can be dead as well.
 *
 * A wheel of one-second slots holds each connection where it is due next, so a tick looks at those alone. A message
 * does not move its connection: it is found to be alive when its slot comes, and put where it is due by then.
 */
export class Liveness {
  readonly #clock: Clock;
  readonly #pingAfterMs: number;
  readonly #slots: Set<Connection>[];
  readonly #timer: Timer;
  #position = 0;

  constructor(clock: Clock, pingAfterMs: number) {
    this.#clock = clock;
    this.#pingAfterMs = pingAfterMs;
    const slots = Math.ceil(Math.max(pingAfterMs, pongTimeoutMs) / slotMs) + 2;
    this.#slots = Array.from({ length: slots }, () => new Set<Connection>());
    this.#timer = clock.every(slotMs, () => this.#tick());
  }

  add(connection: Connection): void {
    this.#schedule(connection, this.#pingAfterMs);
  }

  delete(connection: Connection): void {
    connection.livenessSlot?.delete(connection);
    connection.livenessSlot = null;
  }

  stop(): void {
    this.#timer.cancel();
  }

  #tick(): void {
    this.#position = (this.#position + 1) % this.#slots.length;
    const slot = this.#slots[this.#position] as Set<Connection>;
    const now = this.#clock.monotonic();
    for (const connection of slot) {
      slot.delete(connection);
      this.#check(connection, now);
    }
  }

  #check(connection: Connection, now: number): void {
    const silentMs = now - connection.lastInboundAt;
    const pingedAt = connection.pingedAt;
    if (pingedAt !== null && connection.lastInboundAt < pingedAt) {
      const leftMs = pingedAt + pongTimeoutMs - now;
      if (leftMs > 0) this.#schedule(connection, leftMs);
      else connection.close(closeCodes.noPong.code, closeCodes.noPong.reason);
      return;
    }
    if (silentMs < this.#pingAfterMs) {
      connection.pingedAt = null;
      this.#schedule(connection, this.#pingAfterMs - silentMs);
      return;
    }
    connection.pingedAt = now;
    connection.socket.ping();
    this.#schedule(connection, Math.min(pongTimeoutMs, this.#pingAfterMs)); // it may answer and fall silent again
  }

  #schedule(connection: Connection, inMs: number): void {
    const slots = Math.max(1, Math.min(Math.ceil(inMs / slotMs), this.#slots.length - 1));
    const slot = this.#slots[(this.#position + slots) % this.#slots.length] as Set<Connection>;
    slot.add(connection);
    connection.livenessSlot = slot;
  }
}
