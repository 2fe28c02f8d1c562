import { describe, expect, test } from 'bun:test';
import { ManualClock } from '@earshot/base';
import { parseChannelName } from '@earshot/protocol';
import fc from 'fast-check';
import { Channel, type Listener } from './channel.ts';
import { FanOut, type Topics, windowMinMs, windowMsOf } from './fanout.ts';

const owner = { id: '1', tally: { channels: 0, delivered() {} } };

/** Native topics as Bun's behave: whoever is in the topic at the moment of the publish gets the frame. */
class FakeTopics implements Topics {
  readonly members = new Map<string, Set<FakeListener>>();
  /** Number of calls, as each is what may become a write. */
  publishes = 0;

  publish(topic: string, frame: string): void {
    this.publishTo(topic, frame, null);
  }

  publishTo(topic: string, frame: string, except: FakeListener | null): void {
    this.publishes++;
    for (const member of this.members.get(topic) ?? []) if (member !== except) member.got.push(frame);
  }
}

class FakeListener implements Listener {
  readonly got: string[] = [];
  constructor(readonly topics: FakeTopics) {}

  enterTopic(topic: string): void {
    const members = this.topics.members.get(topic) ?? new Set();
    this.topics.members.set(topic, members.add(this));
  }

  leaveTopic(topic: string): void {
    this.topics.members.get(topic)?.delete(this);
  }

  publishToOthers(topic: string, frame: string): void {
    this.topics.publishTo(topic, frame, this);
  }
}

function setUp(subscribers = 1) {
  const clock = new ManualClock();
  const topics = new FakeTopics();
  const fanOut = new FanOut(topics, clock);
  const name = parseChannelName('news', 200);
  if (name === null) throw new Error('not a channel name');
  const channel = new Channel(owner, name);
  const listeners = Array.from({ length: subscribers }, () => {
    const listener = new FakeListener(topics);
    fanOut.enter(channel, listener);
    channel.subscriptions++;
    return listener;
  });
  const [first] = listeners;
  if (first === undefined) throw new Error('at least one subscriber');
  return { clock, topics, fanOut, channel, listeners, first };
}

/** Events so close together that the channel counts as busy; what waited is written. */
function makeBusy({ fanOut, channel, clock }: ReturnType<typeof setUp>): void {
  for (let i = 0; i < 20; i++) {
    fanOut.deliver(channel, 'warm', null);
    clock.advance(1);
  }
  fanOut.flushAll();
}

describe('COAL-6: a quiet channel writes at once, a busy one shares writes', () => {
  test('COAL-6: events 20 ms apart do not wait', () => {
    const at = setUp();
    for (let i = 0; i < 50; i++) {
      at.fanOut.deliver(at.channel, `${i}`, null);
      expect(at.first.got.length).toBe(i + 1);
      at.clock.advance(20);
    }
    expect(at.fanOut.stats.coalesced).toBe(0);
  });

  test('COAL-6: an event of a busy channel waits for its window and no longer', () => {
    const at = setUp();
    makeBusy(at);
    const before = at.first.got.length;
    at.fanOut.deliver(at.channel, 'a', null);
    at.fanOut.deliver(at.channel, 'b', null);
    expect(at.first.got.length).toBe(before);
    at.clock.advance(windowMinMs);
    expect(at.first.got.slice(before)).toEqual(['a', 'b']);
  });

  test('COAL-6: what waits is bounded in number', () => {
    const at = setUp();
    makeBusy(at);
    const before = at.first.got.length;
    for (let i = 0; i < 256; i++) at.fanOut.deliver(at.channel, 'x', null);
    expect(at.first.got.length).toBe(before + 256);
  });

  test('COAL-6: what waits is bounded in size', () => {
    const at = setUp();
    makeBusy(at);
    const before = at.first.got.length;
    at.fanOut.deliver(at.channel, 'x'.repeat(300_000), null);
    expect(at.first.got.length).toBe(before + 1);
  });
});

/** How long a busy channel's events wait at most when a write of one keeps the loop busy for so long. */
function windowOf(writeMs: number, processes: number): number {
  const clock = new ManualClock();
  let spent = 0;
  let windowMs = 0;
  const fanOut = new FanOut(
    {
      publish() {
        spent += writeMs;
      },
    },
    {
      now: () => clock.now(),
      monotonic: () => clock.monotonic() + spent,
      after(ms, task) {
        windowMs = ms;
        return clock.after(ms, task);
      },
      every: (ms, task) => clock.every(ms, task),
      nextTurn: (task) => clock.nextTurn(task),
    },
    () => processes,
  );
  const name = parseChannelName('news', 200);
  if (name === null) throw new Error('not a channel name');
  const channel = new Channel(owner, name);
  channel.subscriptions = 1000;
  for (let i = 0; i < 1000; i++) {
    fanOut.deliver(channel, 'x', null);
    clock.advance(1);
  }
  return windowMs;
}

test('the window grows with what writing costs', () => {
  expect(windowOf(0.01, 1)).toBe(windowMinMs);
  expect(windowOf(0.4, 1)).toBe(windowMinMs);
  expect(windowOf(0.4, 2)).toBeGreaterThan(windowMinMs);
  expect(windowOf(2, 1)).toBe(10);
});

test('an event waits for its window and the writing as long as with one process, whatever the processes', () => {
  expect([0, 1, 4, 5, 6, 7, 100].map((busyMs) => windowMsOf(busyMs, 1))).toEqual([7, 7, 7, 8, 9, 10, 10]);
  for (const processes of [1, 2, 4, 64]) {
    for (const writingMs of [5, 6, 20 / 3, 20]) {
      const ownMs = writingMs / processes;
      const waitMs = windowMsOf(ownMs, processes) + Math.min(ownMs, 20 / 3 / processes);
      expect(Math.abs(waitMs - Math.min(writingMs, 20 / 3) * 2.5)).toBeLessThanOrEqual(0.5);
    }
  }
});

test('COAL-1: who enters a busy channel gets nothing that was accepted before, and all after', () => {
  const at = setUp();
  makeBusy(at);
  at.fanOut.deliver(at.channel, 'before', null);
  const late = new FakeListener(at.topics);
  at.fanOut.enter(at.channel, late);
  at.fanOut.deliver(at.channel, 'after', null);
  at.clock.advance(windowMinMs);
  expect(late.got).toEqual(['after']);
  expect(at.first.got.slice(-2)).toEqual(['before', 'after']);
});

test('COAL-1: who leaves gets what was accepted before, and nothing after', () => {
  const at = setUp();
  makeBusy(at);
  at.fanOut.deliver(at.channel, 'before', null);
  at.fanOut.exit(at.channel, at.first);
  at.fanOut.deliver(at.channel, 'after', null);
  at.clock.advance(windowMinMs);
  expect(at.first.got.at(-1)).toBe('before');
});

test('COAL-3: flushFor writes what waits for the given channels and leaves the others', () => {
  const at = setUp();
  makeBusy(at);
  at.fanOut.deliver(at.channel, 'waiting', null);
  at.fanOut.flushFor(new Map());
  expect(at.first.got.at(-1)).toBe('warm');
  at.fanOut.flushFor(new Map([['news', at.channel]]));
  expect(at.first.got.at(-1)).toBe('waiting');
});

test('COAL-4: an excluded listener keeps the order of all others', () => {
  const at = setUp(2);
  makeBusy(at);
  at.fanOut.deliver(at.channel, 'all', null);
  at.fanOut.deliver(at.channel, 'others', at.first);
  at.fanOut.deliver(at.channel, 'all again', null);
  at.clock.advance(windowMinMs);
  expect(at.first.got.slice(-2)).toEqual(['all', 'all again']);
  expect(at.listeners[1]?.got.slice(-3)).toEqual(['all', 'others', 'all again']);
});

test('COAL-1, COAL-4: any mix of events, joins, leaves and pauses delivers what plain delivery would', () => {
  const action = fc.oneof(
    fc.record({ type: fc.constant('event' as const), except: fc.option(fc.nat(4)) }),
    fc.record({ type: fc.constant('enter' as const), who: fc.nat(4) }),
    fc.record({ type: fc.constant('exit' as const), who: fc.nat(4) }),
    fc.record({ type: fc.constant('pause' as const), ms: fc.nat(30) }),
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
      const at = setUp();
      const listeners = Array.from({ length: 5 }, () => new FakeListener(at.topics));
      const expected = listeners.map((): string[] => []);
      const inside = new Set<number>();
      actions.forEach((step, index) => {
        if (step.type === 'pause') at.clock.advance(step.ms);
        else if (step.type === 'event') {
          at.fanOut.deliver(
            at.channel,
            `${index}`,
            step.except === null ? null : (listeners[step.except] ?? null),
          );
          for (const who of inside) if (who !== step.except) expected[who]?.push(`${index}`);
        } else {
          const listener = listeners[step.who] as FakeListener;
          if (step.type === 'enter' && !inside.has(step.who)) {
            inside.add(step.who);
            at.fanOut.enter(at.channel, listener);
          } else if (step.type === 'exit' && inside.delete(step.who)) at.fanOut.exit(at.channel, listener);
        }
      });
      at.fanOut.flushAll();
      expect(listeners.map(({ got }) => got)).toEqual(expected);
    }),
    { numRuns: Number(process.env.EARSHOT_TEST_RUNS ?? 200) },
  );
});

test('COAL-1: what waited when the last subscriber went is not for the next one', () => {
  const at = setUp();
  makeBusy(at);
  at.fanOut.deliver(at.channel, 'stale', null);
  at.first.leaveTopic(at.channel.topic);
  at.fanOut.forget(at.channel);
  const next = new FakeListener(at.topics);
  at.fanOut.enter(new Channel(owner, at.channel.name), next);
  at.clock.advance(windowMinMs);
  expect(next.got).toEqual([]);
});
