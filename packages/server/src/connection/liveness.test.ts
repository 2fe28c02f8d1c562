import { expect, test } from 'bun:test';
import { ManualClock } from '@earshot/base';
import type { Connection } from './connection.ts';
import { Liveness } from './liveness.ts';

/** The part of a connection that liveness touches. */
class FakeConnection {
  lastInboundAt = 0;
  pingedAt: number | null = null;
  livenessSlot: Set<Connection> | null = null;
  pings = 0;
  closedWith: number | null = null;
  readonly socket = { ping: () => this.pings++ };

  constructor(readonly liveness: Liveness) {}

  close(code: number): void {
    this.closedWith = code;
    this.liveness.delete(this as unknown as Connection);
  }
}

function setUp() {
  const clock = new ManualClock();
  const liveness = new Liveness(clock, 25_000);
  const connection = new FakeConnection(liveness);
  liveness.add(connection as unknown as Connection);
  return { clock, connection };
}

test('LIVE-3: a client silent for the time is pinged once', () => {
  const { clock, connection } = setUp();
  clock.advance(24_000);
  expect(connection.pings).toBe(0);
  clock.advance(2_000);
  expect(connection.pings).toBe(1);
  clock.advance(20_000);
  expect(connection.pings).toBe(1);
});

test('LIVE-3: one that answers stays, and is asked again after the next silence', () => {
  const { clock, connection } = setUp();
  for (let round = 1; round <= 20; round++) {
    clock.advance(50_000);
    expect(connection.closedWith).toBeNull();
    expect(connection.pings).toBeGreaterThanOrEqual(round);
    connection.lastInboundAt = clock.monotonic();
    clock.advance(100);
  }
});

test('LIVE-4: one that does not answer within 30 s is closed with 4201', () => {
  const { clock, connection } = setUp();
  clock.advance(54_000);
  expect(connection.closedWith).toBeNull();
  clock.advance(3_000);
  expect(connection.closedWith).toBe(4201);
});

test('LIVE-3: one that keeps sending is never pinged', () => {
  const { clock, connection } = setUp();
  for (let second = 0; second < 300; second++) {
    clock.advance(1_000);
    connection.lastInboundAt = clock.monotonic();
  }
  expect(connection.pings).toBe(0);
});
