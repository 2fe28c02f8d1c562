import { afterEach, expect, test } from 'bun:test';
import { type Clock, systemClock } from '@earshot/base';
import { onRedis } from '../../../../tests/support/brokers.ts';
import { eventually } from '../../../../tests/support/hooks.ts';
import { redisPath, startRedis } from '../../../../tests/support/redis.ts';
import type { Fact } from '../channels/facts.ts';
import { Connection } from './redis/connection.ts';
import { newFigures } from './redis/figures.ts';
import { Ring } from './redis/ring.ts';
import { serverOf } from './redis/servers.ts';
import { type RosterUnderTest, rosterContract } from './roster.contract.ts';
import { RedisRoster } from './roster-redis.ts';

/** Short, because these leases end by the clock of the broker, which no test can move; long enough for a machine that is busy. */
const leaseMs = 1_500;

const open: RedisRoster[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((roster) => roster.close()));
});

onRedis((fresh) => {
  rosterContract('Redis roster', async () => {
    const servers = fresh().map(serverOf);
    const ring = new Ring(servers.map(({ name }) => name));
    const alive = new Set<RedisRoster>();
    const settled = async () => {
      // What one has said is at the broker; then what that, and a sweep, made true has come to all.
      for (let round = 0; round < 3; round++) {
        await Promise.all([...alive].map((roster) => roster.settled()));
      }
    };
    return {
      async connect() {
        const told: RosterUnderTest['told'] = [];
        const problems: string[] = [];
        const roster = new RedisRoster({
          servers,
          ring,
          clock: systemClock,
          leaseMs,
          figures: newFigures(),
          say: (text) => problems.push(text),
          receiver: {
            told: (fact, origin) => told.push({ fact, origin }),
            onProblem: (stage, error) => problems.push(`${stage}: ${error}`),
          },
        });
        open.push(roster);
        alive.add(roster);
        await roster.settled();
        return {
          roster,
          told,
          crash: async () => {
            alive.delete(roster);
            roster.crash();
          },
        };
      },
      settled,
      async leasePassed() {
        await Bun.sleep(leaseMs * 2.5);
        await settled();
      },
    };
  });
});

test.skipIf(redisPath === undefined)(
  'Redis roster: a join in a presence channel of 10,000 members moves one member',
  async () => {
    await using redis = await startRedis();
    const servers = [serverOf(redis.url)];
    const ring = new Ring(servers.map(({ name }) => name));
    const told: string[] = [];
    const nodes = [1, 2, 3].map(() => {
      const receiver = { told: ({ type }: { type: string }) => told.push(type), onProblem() {} };
      const parts = { servers, ring, clock: systemClock, figures: newFigures(), say() {}, receiver };
      const roster = new RedisRoster({ ...parts, leaseMs: 60_000 });
      open.push(roster);
      return roster;
    });
    const [one, two] = nodes as [RedisRoster, RedisRoster];
    const info = '{"name":"somebody with a name"}';
    const many = Array.from({ length: 10_000 }, (_, i) => one.join('1', 'presence-a', `u${i}`, info, 0));
    await Promise.all(many);
    for (const [i, node] of nodes.entries()) await node.join('1', 'presence-a', `first-${i}`, info, 0);
    await Promise.all(nodes.map((node) => node.settled()));
    const meter = new Connection(redis.url, [], { onReady() {}, onLost() {} });
    await eventually(() => meter.ready, 'the meter to connect');
    const moved = async () => {
      const info = String(await meter.call('INFO', 'stats'));
      const of = (name: string) => Number(new RegExp(`${name}:(\\d+)`).exec(info)?.[1]);
      return { bytes: of('total_net_input_bytes') + of('total_net_output_bytes') };
    };
    // What the meter itself moves.
    const [before, idle] = [await moved(), await moved()];
    const own = idle.bytes - before.bytes;
    told.length = 0;
    await two.join('1', 'presence-a', 'late', info, 0);
    await Promise.all(nodes.map((node) => node.settled()));
    expect(told.filter((type) => type === 'member_added').length).toBe(3);
    const after = await moved();
    // The members are about 400,000 bytes. Settling asks for nothing of them.
    expect(after.bytes - idle.bytes - own).toBeLessThan(4_000);
    meter.close();
  },
);

test.skipIf(redisPath === undefined)(
  'Redis roster: a broker that refuses operations is told anew ever more rarely, and reported once; then all is right',
  async () => {
    await using redis = await startRedis();
    const servers = [serverOf(redis.url)];
    const ring = new Ring(servers.map(({ name }) => name));
    const admin = new Connection(redis.url, [], { onReady() {}, onLost() {} });
    await eventually(() => admin.ready, 'the connection');
    const waits: number[] = [];
    /** As the clock, with waits that are a hundred times as short, written down. */
    const hasty: Clock = {
      ...systemClock,
      after(ms, task) {
        if (ms >= 2_000) waits.push(ms);
        return systemClock.after(ms >= 2_000 ? ms / 100 : ms, task);
      },
    };
    const connect = (clock: Clock) => {
      const told: Fact[] = [];
      const problems: string[] = [];
      const said: string[] = [];
      const figures = newFigures();
      const receiver = {
        told: (fact: Fact) => told.push(fact),
        onProblem: (stage: string, error: unknown) => problems.push(`${stage}: ${error}`),
      };
      const say = (text: string) => said.push(text);
      const roster = new RedisRoster({ servers, ring, clock, leaseMs: 30_000, figures, say, receiver });
      open.push(roster);
      return { roster, told, problems, said, figures };
    };
    const [a, b] = [connect(hasty), connect(systemClock)];
    await a.roster.join('1', 'presence-a', 'before', null, 0);
    await b.roster.join('1', 'presence-a', 'other', null, 0);
    for (let round = 1; round <= 2; round++) {
      await admin.call('CONFIG', 'SET', 'maxmemory', '1');
      for (let i = 0; i < 5; i++) await a.roster.join('1', 'presence-a', `u${round}-${i}`, null, 0);
      await eventually(() => waits.length >= 7, 'seven tries');
      expect(waits.slice(0, 7)).toEqual([2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
      expect(a.problems.filter((text) => text.includes('refuses operations')).length).toBe(round);
      expect(a.problems.length).toBeLessThanOrEqual(3 * round);
      expect(a.figures.refused).toBeGreaterThanOrEqual(5 * round);
      await admin.call('CONFIG', 'SET', 'maxmemory', '0');
      await eventually(() => a.said.length === round, 'the broker to take it again');
      waits.length = 0;
      for (const { roster } of [a, b]) await roster.settled();
      const expected = ['before', 'other', ...[0, 1, 2, 3, 4].map((i) => `u${round}-${i}`)].sort();
      for (const { roster } of [a, b]) {
        await eventually(async () => {
          const ids = (await roster.userIds('1', 'presence-a')).sort();
          return JSON.stringify(ids) === JSON.stringify(expected);
        }, 'who is there');
      }
      for (let i = 0; i < 5; i++) await a.roster.leave('1', 'presence-a', `u${round}-${i}`);
    }
    for (const { roster } of [a, b]) await roster.settled();
    // Each was told once to the node that had been well all the time, and nobody who stayed was told to go.
    const heard = b.told.flatMap((fact) => ('userId' in fact ? [`${fact.type} ${fact.userId}`] : []));
    expect(new Set(heard).size).toBe(heard.length);
    expect(heard).not.toContain('member_removed before');
    expect(heard).toContain('member_removed u2-4');
    admin.close();
  },
);
