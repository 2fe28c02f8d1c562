import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, ManualClock } from '@earshot/base';
import type { Link } from '../link/link.ts';
import { connectLink, listenForLinks } from '../link/sockets.ts';
import { type BusUnderTest, busContract } from './bus.contract.ts';
import type { Bus } from './bus.ts';
import type { Envelope, EventEnvelope } from './envelope.ts';
import { eventCacheContract } from './event-cache.contract.ts';
import { type RosterUnderTest, rosterContract } from './roster.contract.ts';
import type { Roster } from './roster.ts';
import { WorkersCluster } from './workers-cluster.ts';
import { WorkersOwner } from './workers-owner.ts';

const leaseMs = 15_000;
const folder = mkdtempSync(join(tmpdir(), 'earshot-links-'));
const listeners: { stop(): void }[] = [];
let sockets = 0;
afterAll(() => {
  for (const listener of listeners) listener.stop();
  rmSync(folder, { recursive: true });
});

const onProblem = (stage: string, error: unknown) => {
  throw error ?? new Error(stage);
};

const event = (frame: string): EventEnvelope => ({ kind: 'event', frame, except: null, cacheMs: 0 });

/** A supervisor's side with workers that reach it over real sockets. */
function newOwner(clock: Clock) {
  const owner = new WorkersOwner(clock, leaseMs, onProblem);
  const path = join(folder, `${++sockets}.sock`);
  listeners.push(
    listenForLinks(
      path,
      (link) => {
        owner.attach(link);
        link.on('round', () => null);
        link.on('consume', () => owner.roster.consume(link));
      },
      onProblem,
    ),
  );
  const links: Link[] = [];
  const connect = async () => {
    const link = await connectLink(path, onProblem);
    link.on('round', () => null);
    links.push(link);
    if (links.length === 1) await link.ask('consume');
    return link;
  };
  /** All that was sent before has arrived, also what it made the supervisor send. */
  const settled = async () => {
    for (let round = 0; round < 2; round++) {
      await Promise.all(links.filter((link) => !link.isClosed).map((link) => link.ask('round')));
    }
  };
  return { connect, settled, owner };
}

/** The suite looks at all nodes when a call resolves; here what others are told of it may be under way then. */
function everywhere(roster: Roster, settled: () => Promise<void>): Roster {
  return new Proxy(roster, {
    get(target, name: keyof Roster) {
      const method = target[name] as (...args: unknown[]) => unknown;
      return (...args: unknown[]) => {
        const result = method.apply(target, args);
        return result instanceof Promise ? result.then((value) => settled().then(() => value)) : result;
      };
    },
  });
}

busContract('workers bus', async () => {
  const { connect, settled } = newOwner(new ManualClock());
  return {
    async connect() {
      const received: BusUnderTest['received'] = [];
      const bus = new WorkersCluster(await connect()).connectBus({
        received: (topic, envelope) => received.push([topic, envelope]),
        onProblem,
      });
      return { bus, received, settled };
    },
  };
});

eventCacheContract('workers event cache', async () => {
  const clock = new ManualClock();
  const { connect, settled } = newOwner(clock);
  return {
    now: () => clock.now(),
    pass: async (ms) => clock.advance(ms),
    async connect() {
      const received: BusUnderTest['received'] = [];
      const cluster = new WorkersCluster(await connect());
      const bus = cluster.connectBus({
        received: (topic, envelope) => received.push([topic, envelope]),
        onProblem,
      });
      return { bus, received, settled, cache: cluster.cache };
    },
  };
});

rosterContract('workers roster', async () => {
  const clock = new ManualClock();
  const { connect, settled } = newOwner(clock);
  const dead: Link[] = [];
  return {
    settled,
    async connect() {
      const link = await connect();
      const told: RosterUnderTest['told'] = [];
      const roster = new WorkersCluster(link).connectRoster(
        { told: (fact, origin) => told.push({ fact, origin }), onProblem },
        clock,
        leaseMs,
      );
      return {
        roster: everywhere(roster, settled),
        told,
        settled,
        // The suite looks at the moment between death and sweep, which is short here: the socket's end is the sweep.
        crash: async () => {
          dead.push(link);
        },
      };
    },
    async leasePassed() {
      clock.advance(leaseMs * 2);
      for (const link of dead.splice(0)) link.close();
      await settled();
      await settled();
    },
  };
});

test('a large event arrives whole, and in order with small ones', async () => {
  const { connect, settled } = newOwner(new ManualClock());
  const received: string[] = [];
  const [a, b] = [new WorkersCluster(await connect()), new WorkersCluster(await connect())];
  const sender = a.connectBus({ received() {}, onProblem });
  const listener = b.connectBus({
    received: (_topic, envelope) => received.push((envelope as { frame: string }).frame),
    onProblem,
  });
  await listener.listen('1/news');
  const frames = Array.from({ length: 50 }, (_, i) => `${i}`.repeat(i % 5 === 0 ? 400_000 : 1));
  for (const frame of frames) sender.relay('1/news', event(frame));
  await settled();
  expect(received.map((frame) => frame.length)).toEqual(frames.map((frame) => frame.length));
  expect(received).toEqual(frames);
});

test('SUB-10: what one worker publishes, then another one, comes in that order to a third, to the second and to the first', async () => {
  const { connect, settled } = newOwner(new ManualClock());
  const heard: string[][] = [];
  const nodes = [];
  for (let i = 0; i < 3; i++) {
    const mine: string[] = [];
    heard.push(mine);
    const receiver = {
      received: (_topic: string, envelope: Envelope) => mine.push((envelope as { frame: string }).frame),
      onProblem,
    };
    const bus = new WorkersCluster(await connect()).connectBus(receiver);
    await bus.listen('1/news');
    nodes.push({ bus, mine });
  }
  const expected: string[] = [];
  for (let n = 0; n < 60; n++) {
    const { bus, mine } = nodes[n % 2] as (typeof nodes)[0];
    expected.push(`${n}`);
    await bus.publish('1/news', event(`${n}`), () => mine.push(`${n}`));
  }
  await settled();
  expect(heard).toEqual([expected, expected, expected]);
});

test('SUB-10: what workers publish at the same time comes in one order to all of them', async () => {
  const { connect, settled } = newOwner(new ManualClock());
  const nodes: { bus: Bus; heard: string[] }[] = [];
  for (let i = 0; i < 3; i++) {
    const heard: string[] = [];
    const bus = new WorkersCluster(await connect()).connectBus({
      received: (_topic, envelope) => heard.push((envelope as { frame: string }).frame),
      onProblem,
    });
    await bus.listen('1/news');
    nodes.push({ bus, heard });
  }
  const published = nodes.flatMap(({ bus, heard }, node) =>
    Array.from({ length: 200 }, async (_, n) => {
      for (let turn = 0; turn < n % 7; turn++) await Bun.sleep(0);
      const frame = `${node} ${n}`;
      await bus.publish('1/news', event(frame), () => heard.push(frame));
    }),
  );
  await Promise.all(published);
  await settled();
  const [first, ...others] = nodes.map(({ heard }) => heard);
  expect(first?.length).toBe(600);
  expect(new Set(first).size).toBe(600);
  for (const other of others) expect(other).toEqual(first as string[]);
});

test('without a supervisor what is published comes to the own subscribers, once and in order', async () => {
  const { connect } = newOwner(new ManualClock());
  const link = await connect();
  const bus = new WorkersCluster(link).connectBus({ received() {}, onProblem });
  const heard: string[] = [];
  const publish = (frame: string) => bus.publish('1/news', event(frame), () => heard.push(frame));
  const [a, b] = [publish('a'), publish('b')];
  expect(heard).toEqual([]);
  link.close();
  expect(heard).toEqual(['a', 'b']);
  await Promise.all([a, b, publish('c')]);
  expect(heard).toEqual(['a', 'b', 'c']);
});

test('facts wait while nobody consumes them, and go to the next one, each once', async () => {
  const { connect, settled, owner } = newOwner(new ManualClock());
  const nodes = [];
  for (let i = 0; i < 2; i++) {
    const link = await connect();
    const told: string[] = [];
    const again: string[] = [];
    const roster = new WorkersCluster(link).connectRoster(
      {
        told: (fact, origin, heard) => origin && (heard ? again : told).push(fact.type),
        onProblem,
      },
      new ManualClock(),
      leaseMs,
    );
    nodes.push({ link, told, again, roster });
  }
  const [first, second] = nodes as [(typeof nodes)[0], (typeof nodes)[0]];
  await second.roster.reportSubscriptions('1', 'a', 1);
  await settled();
  expect(first.told).toEqual(['channel_occupied', 'subscription_count']);
  owner.roster.consume(null);
  await second.roster.reportSubscriptions('1', 'a', 0);
  await settled();
  expect(first.told.length).toBe(2);
  await second.link.ask('consume');
  await settled();
  expect(second.again).toEqual(['channel_vacated']);
  expect(second.told).toEqual([]);
  expect(first.told.length).toBe(2);
  // What was written is not told again.
  await second.link.ask('round');
  await first.link.ask('consume');
  await settled();
  expect(first.again).toEqual([]);
});

test('newer info of a member reaches the lists of the other workers', async () => {
  const { connect, settled } = newOwner(new ManualClock());
  const rosters = [];
  for (let i = 0; i < 2; i++) {
    rosters.push(
      new WorkersCluster(await connect()).connectRoster({ told() {}, onProblem }, new ManualClock(), leaseMs),
    );
  }
  const [a, b] = rosters as [(typeof rosters)[0], (typeof rosters)[0]];
  const first = await a.join('1', 'presence-a', 'u', '{"n":1}', 0);
  await b.join('1', 'presence-a', 'u', '{"n":2}', 0);
  await settled();
  if (!('list' in first)) throw new Error('refused');
  expect(first.list.userInfo('u')).toBe('{"n":2}');
});

test('joins and leaves of one turn leave every list right', async () => {
  const { connect, settled } = newOwner(new ManualClock());
  const link = await connect();
  const roster = new WorkersCluster(link).connectRoster({ told() {}, onProblem }, new ManualClock(), leaseMs);
  const other = new WorkersCluster(await connect()).connectRoster(
    { told() {}, onProblem },
    new ManualClock(),
    leaseMs,
  );
  await other.join('1', 'presence-a', 'far', null, 0);
  const [, , last] = await Promise.all([
    roster.join('1', 'presence-a', 'u', null, 0),
    roster.leave('1', 'presence-a', 'u'),
    roster.join('1', 'presence-a', 'v', null, 0),
    other.leave('1', 'presence-a', 'far'),
  ]);
  await settled();
  if (!('list' in last)) throw new Error('refused');
  expect(last.list.userIds()).toEqual(['v']);
});

test('who causes a fact that concerns it is told before the call resolves', async () => {
  const { connect } = newOwner(new ManualClock());
  const told: string[] = [];
  const roster = new WorkersCluster(await connect()).connectRoster(
    { told: (fact) => told.push(fact.type), onProblem },
    new ManualClock(),
    leaseMs,
  );
  await roster.join('1', 'presence-a', 'u', null, 0);
  expect(told).toEqual(['member_added']);
});

test('of two workers that take a connection each where one is left, the later one gives it up', async () => {
  const clock = new ManualClock();
  const { connect, settled } = newOwner(clock);
  const join = async () => {
    const kept: [string, number][] = [];
    const tooMany = (appId: string, keep: number) => kept.push([appId, keep]);
    const cluster = new WorkersCluster(await connect());
    return { roster: cluster.connectRoster({ told: () => {}, tooMany, onProblem }, clock, leaseMs), kept };
  };
  const [a, b] = [await join(), await join()];
  a.roster.reportConnections('1', 3, 6);
  b.roster.reportConnections('1', 2, 6);
  a.roster.reportConnections('1', 4, 6);
  await settled();
  expect([a.kept, b.kept]).toEqual([[], []]);
  b.roster.reportConnections('1', 3, 6);
  b.roster.reportConnections('1', 4, 6);
  await settled();
  expect([a.kept, b.kept]).toEqual([
    [],
    [
      ['1', 2],
      ['1', 3],
    ],
  ]);
  b.roster.reportConnections('1', 2);
  // A limit that has become less sends nobody away who was there before.
  a.roster.reportConnections('1', 5, 3);
  await settled();
  expect(a.kept).toEqual([['1', 4]]);
});
