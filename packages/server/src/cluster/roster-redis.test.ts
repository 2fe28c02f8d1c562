import { afterEach, expect, test } from 'bun:test';
import { cp } from 'node:fs/promises';
import { type Clock, systemClock } from '@earshot/base';
import { onRedis } from '../../../../tests/support/brokers.ts';
import { eventually } from '../../../../tests/support/hooks.ts';
import { redisPath, startRedis } from '../../../../tests/support/redis.ts';
import { temporaryFolder } from '../../../../tests/support/server.ts';
import { TcpProxy } from '../../../../tests/support/tcp-proxy.ts';
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
  'Redis roster: a join moves one member by one command, whether the channel has 20, 2,000 or 10,000 on three nodes',
  async () => {
    await using redis = await startRedis();
    const servers = [serverOf(redis.url)];
    const ring = new Ring(servers.map(({ name }) => name));
    const told: string[] = [];
    const nodes = [1, 2, 3].map(() => {
      const receiver = { told: ({ type }: { type: string }) => told.push(type), onProblem() {} };
      const parts = { servers, ring, clock: systemClock, figures: newFigures(), say() {}, receiver };
      // So long that no lease is renewed meanwhile.
      const roster = new RedisRoster({ ...parts, leaseMs: 600_000 });
      open.push(roster);
      return roster;
    });
    const [one, two] = nodes as [RedisRoster, RedisRoster];
    const meter = new Connection(redis.url, [], { onReady() {}, onLost() {} });
    await eventually(() => meter.ready, 'the meter to connect');
    const done = async () => {
      const stats = String(await meter.call('INFO', 'stats'));
      const commands = String(await meter.call('INFO', 'commandstats'));
      const of = (name: string) => Number(new RegExp(`${name}:(\\d+)`).exec(stats)?.[1]);
      return {
        bytes: of('total_net_input_bytes') + of('total_net_output_bytes'),
        scripts: Number(/cmdstat_evalsha:calls=(\d+)/.exec(commands)?.[1]),
      };
    };
    const joins = 20;
    const info = '{"name":"somebody with a name"}';
    const bytesEach: number[] = [];
    for (const size of [20, 2_000, 10_000]) {
      const channel = `presence-${size}`;
      const join = (node: RedisRoster, userId: string) => node.join('1', channel, userId, info, 0);
      await Promise.all(Array.from({ length: size }, (_, i) => join(one, `u${i}`)));
      // The first member of a node brings the list, once.
      for (const [i, node] of nodes.entries()) await join(node, `first-${i}`);
      await Promise.all(nodes.map((node) => node.settled()));
      // What the meter itself moves.
      const [before, idle] = [await done(), await done()];
      told.length = 0;
      for (let i = 0; i < joins; i++) await join(two, `late-${i}`);
      await eventually(() => told.length === 3 * joins, 'all nodes to be told');
      const after = await done();
      expect(after.scripts - idle.scripts).toBe(joins);
      bytesEach.push((after.bytes - idle.bytes - (idle.bytes - before.bytes)) / joins);
    }
    // 2,000 members are about 80,000 bytes.
    for (const bytes of bytesEach) expect(bytes).toBeLessThan(4_000);
    expect(Math.max(...bytesEach) - Math.min(...bytesEach)).toBeLessThan(1_500);
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
        // What its subscribers know already is told to consumers alone.
        told: (fact: Fact, _origin: boolean, heard = false) => {
          if (!heard) told.push(fact);
        },
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
      expect(a.figures.refused).toBeGreaterThanOrEqual(round);
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
    expect(heard.filter((text, i) => heard.indexOf(text) < i)).toEqual([]);
    expect(heard).not.toContain('member_removed before');
    expect(heard).toContain('member_removed u2-4');
    admin.close();
  },
);

onRedis((fresh) => {
  test('Redis roster: nodes whose clocks are wrong by an hour give nobody up, and one that dies is', async () => {
    const servers = fresh().map(serverOf);
    const ring = new Ring(servers.map(({ name }) => name));
    const told: Fact[] = [];
    const problems: string[] = [];
    const nodes = [-3_600_000, 0, 3_600_000].map((wrong) => {
      const clock: Clock = { ...systemClock, now: () => Date.now() + wrong };
      const receiver = {
        told: (fact: Fact, origin: boolean) => {
          if (origin) told.push(fact);
        },
        onProblem: (stage: string) => problems.push(stage),
      };
      const say = (text: string) => problems.push(text);
      const parts = { servers, ring, clock, leaseMs, figures: newFigures(), say, receiver };
      const roster = new RedisRoster(parts);
      open.push(roster);
      return roster;
    });
    for (const [i, node] of nodes.entries()) await node.join('1', 'presence-a', `u${i}`, null, 0);
    await Bun.sleep(leaseMs * 3);
    await Promise.all(nodes.map((node) => node.settled()));
    expect(told.map(({ type }) => type)).toEqual(['member_added', 'member_added', 'member_added']);
    nodes[0]?.crash();
    await eventually(() => told.length > 3, 'the dead node to be swept');
    await Promise.all(nodes.slice(1).map((node) => node.settled()));
    expect(told.slice(3)).toEqual([
      { type: 'member_removed', appId: '1', channel: 'presence-a', userId: 'u0' },
    ]);
    expect(problems).toEqual([]);
  });

  test('Redis roster: messages of a later version in the inbox are passed over', async () => {
    const urls = fresh();
    const servers = urls.map(serverOf);
    const ring = new Ring(servers.map(({ name }) => name));
    const told: Fact[] = [];
    const problems: string[] = [];
    const receiver = {
      told: (fact: Fact) => told.push(fact),
      onProblem: (stage: string) => problems.push(stage),
    };
    const say = (text: string) => problems.push(text);
    const figures = newFigures();
    const parts = { servers, ring, clock: systemClock, leaseMs: 30_000, figures, say, receiver };
    const roster = new RedisRoster(parts);
    open.push(roster);
    await roster.join('1', 'presence-a', 'u', null, 0);
    for (const url of urls) {
      const newer = new Connection(url, [], { onReady() {}, onLost() {} });
      await eventually(() => newer.ready, 'the connection');
      for (const node of (await newer.call('ZRANGE', 'earshot:1:nodes', 0, -1)) as string[]) {
        const number = await newer.call('HINCRBY', 'earshot:1:told', node, 1);
        const fields = ['t', 'z', 'o', 'someone', 'future', 'yes'];
        await newer.call('XADD', `earshot:1:in:${node}`, `${number}-0`, ...fields);
      }
      newer.close();
    }
    await roster.join('1', 'presence-a', 'v', null, 0);
    await roster.settled();
    expect(told.map(({ type }) => type)).toEqual(['member_added', 'member_added']);
    expect(problems).toEqual([]);
    expect(figures.rejoins).toBe(0);
  });
});

test.skipIf(redisPath === undefined)(
  'Redis roster: a broker that becomes a read-only replica, and a master again, is reported and leaves nothing wrong',
  async () => {
    await using redis = await startRedis();
    await using other = await startRedis();
    const servers = [serverOf(redis.url)];
    const ring = new Ring(servers.map(({ name }) => name));
    const admin = new Connection(redis.url, [], { onReady() {}, onLost() {} });
    await eventually(() => admin.ready, 'the connection');
    const connect = () => {
      const told: Fact[] = [];
      const problems: string[] = [];
      const receiver = {
        told: (fact: Fact) => told.push(fact),
        onProblem: (stage: string, error: unknown) => problems.push(`${stage}: ${error}`),
      };
      const parts = { servers, ring, clock: systemClock, leaseMs: 1_000, figures: newFigures(), receiver };
      const roster = new RedisRoster({ ...parts, say() {} });
      open.push(roster);
      return { roster, told, problems };
    };
    const [a, b] = [connect(), connect()];
    for (const [i, { roster }] of [a, b].entries()) await roster.join('1', 'presence-a', `u${i}`, null, 0);
    await admin.call('REPLICAOF', '127.0.0.1', other.program.port);
    await a.roster.join('1', 'presence-a', 'meanwhile', null, 0);
    await eventually(() => a.problems.some((text) => text.includes('READONLY')), 'the problem to be said');
    await admin.call('REPLICAOF', 'NO', 'ONE');
    await eventually(async () => {
      const ids = await b.roster.userIds('1', 'presence-a').catch(() => []);
      return ids.sort().join() === 'meanwhile,u0,u1';
    }, 'all to be told anew');
    for (const { roster } of [a, b]) await roster.settled();
    expect([...a.told, ...b.told].filter(({ type }) => type === 'member_removed')).toEqual([]);
    admin.close();
  },
);

test.skipIf(redisPath === undefined)(
  'Redis roster: a node that was given other brokers than those that run is not taken, until they have gone',
  async () => {
    await using one = await startRedis();
    await using two = await startRedis();
    const problems: string[] = [];
    const connect = (...urls: string[]) => {
      const servers = urls.map(serverOf);
      const ring = new Ring(servers.map(({ name }) => name));
      const receiver = { told() {}, onProblem: (stage: string) => problems.push(stage) };
      const parts = { servers, ring, clock: systemClock, leaseMs: 10_000, figures: newFigures(), receiver };
      const roster = new RedisRoster({ ...parts, say() {} });
      open.push(roster);
      return roster;
    };
    const right = connect(one.url);
    await right.signIn('1', 'u');
    const wrong = connect(one.url, two.url);
    await eventually(() => problems.length > 0, 'the problem to be said');
    expect(problems[0]).toContain('give all nodes the same');
    await right.close();
    await wrong.settled();
    expect(problems.length).toBe(1);
  },
);

test.skipIf(redisPath === undefined)(
  'Redis roster: a broker with an append-only file is killed, and comes back as it was or with an older state: who is there is right in the end, and nobody is told to go who was there before and stayed',
  async () => {
    const folders = await Promise.all([temporaryFolder(), temporaryFolder()]);
    const [folder, older] = folders as [(typeof folders)[number], (typeof folders)[number]];
    const persistent = (path: string) =>
      startRedis('--appendonly', 'yes', '--appendfsync', 'always', '--dir', path);
    let redis = await persistent(folder.path);
    await using proxy = await TcpProxy.to(redis.program.port);
    const servers = [serverOf(`redis://127.0.0.1:${proxy.port}`)];
    const ring = new Ring(servers.map(({ name }) => name));
    const connect = () => {
      const told: { fact: Fact; heard: boolean }[] = [];
      const problems: string[] = [];
      const receiver = {
        told: (fact: Fact, _origin: boolean, heard = false) => told.push({ fact, heard }),
        onProblem: (stage: string) => problems.push(stage),
      };
      const figures = newFigures();
      const parts = { servers, ring, clock: systemClock, leaseMs: 60_000, figures, receiver };
      const roster = new RedisRoster({ ...parts, say() {} });
      open.push(roster);
      return { roster, told, problems, figures };
    };
    const nodes = [connect(), connect()];
    const [a, b] = nodes as [(typeof nodes)[number], (typeof nodes)[number]];
    const settled = async () => {
      for (let round = 0; round < 2; round++) for (const { roster } of nodes) await roster.settled();
    };
    /** What the subscribers of a node have seen: who came and who went. */
    const seen = ({ told }: typeof a) =>
      told.flatMap(({ fact, heard }) => ('userId' in fact && !heard ? [`${fact.type} ${fact.userId}`] : []));
    const restart = async (path: string, rejoins: number) => {
      redis.program.process.kill('SIGKILL');
      await redis[Symbol.asyncDispose]();
      redis = await persistent(path);
      proxy.target = redis.program.port;
      await eventually(
        () => nodes.every(({ figures }) => figures.rejoins === rejoins),
        'nodes to come again',
      );
      await settled();
    };
    for (const [i, { roster }] of nodes.entries()) {
      await roster.join('1', 'presence-a', `stays-${i}`, null, 0);
      await roster.signIn('1', 'both');
    }
    await a.roster.join('1', 'presence-a', 'leaves', null, 0);
    await a.roster.reportSubscriptions('1', 'presence-a', 2);
    await settled();
    await cp(folder.path, older.path, { recursive: true });
    await a.roster.leave('1', 'presence-a', 'leaves');
    await a.roster.join('1', 'presence-a', 'comes', null, 0);
    await b.roster.join('1', 'presence-a', 'comes too', null, 0);
    await b.roster.reportSubscriptions('1', 'presence-a', 2);
    await settled();
    const expected = ['comes', 'comes too', 'stays-0', 'stays-1'];
    const before = nodes.map(seen);
    for (const [rejoins, path] of [
      [1, folder.path],
      [2, older.path],
    ] as const) {
      await restart(path, rejoins);
      await eventually(async () => {
        const ids = await b.roster.userIds('1', 'presence-a').catch(() => []);
        return ids.sort().join() === expected.join();
      }, 'who is there');
      expect(await a.roster.channel('1', 'presence-a')).toMatchObject({ subscriptions: 4, users: 4 });
      if (path === folder.path) expect(nodes.map(seen)).toEqual(before);
    }
    // Who came or left after the older state may be told once more; in the end all see what is so.
    for (const node of nodes) {
      const present = new Set<string>();
      for (const told of seen(node)) {
        const [, type, userId = ''] = /^(\w+) (.*)$/.exec(told) ?? [];
        if (type === 'member_added') present.add(userId);
        else if (type === 'member_removed') present.delete(userId);
        expect(told).not.toStartWith('member_removed stays');
      }
      // A node that is alone in the channel is told of itself when it joins.
      for (const id of ['stays-0', 'stays-1']) present.add(id);
      expect([...present].sort()).toEqual(expected);
    }
    // And it goes on from there.
    await a.roster.leave('1', 'presence-a', 'comes');
    await settled();
    expect(seen(b).at(-1)).toBe('member_removed comes');
    expect(nodes.flatMap(({ problems }) => problems)).toEqual([]);
    await Promise.all(nodes.map(({ roster }) => roster.close()));
    await redis[Symbol.asyncDispose]();
    await Promise.all(folders.map((one) => one[Symbol.asyncDispose]()));
  },
);
