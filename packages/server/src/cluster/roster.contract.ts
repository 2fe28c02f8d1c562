import { expect, test } from 'bun:test';
import type { Fact } from '../channels/facts.ts';
import type { Roster } from './roster.ts';

/** One node's end of a roster, with the facts it was told. */
export interface RosterUnderTest {
  readonly roster: Roster;
  readonly told: { fact: Fact; origin: boolean }[];
  /** Resolves when what was reported so far is known everywhere; where that is so at once there is none. */
  settled?(): Promise<void>;
  /** Ends the node without a word, as `kill -9` does. */
  crash(): Promise<void>;
}

export interface RosterNetwork {
  connect(): Promise<RosterUnderTest>;
  /** Resolves when every node that lives has been told what it is to be told by now. */
  settled(): Promise<void>;
  /** Lets a lease and the sweep after it pass, for the nodes that still live. */
  leasePassed(): Promise<void>;
}

/** Every fulfilment of `Roster` runs this. */
export function rosterContract(name: string, newNetwork: () => Promise<RosterNetwork>): void {
  const app = '1';
  const facts = (node: RosterUnderTest, ...types: Fact['type'][]) =>
    node.told.map(({ fact }) => fact).filter((fact) => types.length === 0 || types.includes(fact.type));
  /** How many nodes were told as the origin. */
  const origins = (nodes: RosterUnderTest[], type: Fact['type']) =>
    nodes.flatMap(({ told }) => told).filter(({ fact, origin }) => origin && fact.type === type).length;
  async function nodes(count: number): Promise<{ network: RosterNetwork; all: RosterUnderTest[] }> {
    const network = await newNetwork();
    const all: RosterUnderTest[] = [];
    for (let i = 0; i < count; i++) all.push(await network.connect());
    return { network, all };
  }
  async function two() {
    const { network, all } = await nodes(2);
    const [a, b] = all as [RosterUnderTest, RosterUnderTest];
    return { network, a, b, settled: () => network.settled() };
  }

  test(`${name}: occupied with the first subscription anywhere, vacated with the last`, async () => {
    const { a, b, settled } = await two();
    await a.roster.reportSubscriptions(app, 'news', 1);
    await b.roster.reportSubscriptions(app, 'news', 2);
    await a.roster.reportSubscriptions(app, 'news', 0);
    await settled();
    expect(origins([a, b], 'channel_occupied')).toBe(1);
    expect(origins([a, b], 'channel_vacated')).toBe(0);
    await b.roster.reportSubscriptions(app, 'news', 0);
    await settled();
    expect(origins([a, b], 'channel_vacated')).toBe(1);
    expect(await a.roster.channels(app, '')).toEqual([]);
  });

  test(`${name}: the count is told to each node with subscribers`, async () => {
    const { a, b, settled } = await two();
    await a.roster.reportSubscriptions(app, 'news', 3);
    await b.roster.reportSubscriptions(app, 'news', 2);
    await settled();
    const last = { type: 'subscription_count', appId: app, channel: 'news', count: 5 } as const;
    expect(facts(a, 'subscription_count').at(-1)).toEqual(last);
    expect(facts(b, 'subscription_count').at(-1)).toEqual(last);
  });

  test(`${name}: counts that nobody waits for: the last one is right, and each up to 100 is told`, async () => {
    const { a, b, settled } = await two();
    const calls: Promise<void>[] = [];
    const report = (node: RosterUnderTest, count: number) =>
      calls.push(node.roster.reportSubscriptions(app, 'news', count));
    const most = 400;
    for (let count = 1; count <= most; count++) report(a, count);
    report(a, 0);
    for (let count = 1; count <= most; count++) report(a, count);
    await Promise.all(calls);
    report(b, most);
    report(b, most + 1);
    report(b, 3);
    await Promise.all(calls);
    await settled();
    expect(await b.roster.channel(app, 'news')).toMatchObject({ subscriptions: most + 3 });
    const counts = facts(a, 'subscription_count').map((fact) => 'count' in fact && fact.count);
    expect(counts.at(-1)).toBe(most + 3);
    const upTo100 = Array.from({ length: 100 }, (_, i) => i + 1);
    const few = counts.filter((count) => Number(count) <= 100);
    expect(few).toEqual([...upTo100, 0, ...upTo100]);
    expect(origins([a, b], 'channel_occupied')).toBe(2);
    expect(origins([a, b], 'channel_vacated')).toBe(1);
    await a.roster.reportSubscriptions(app, 'news', 0);
    await b.roster.reportSubscriptions(app, 'news', 0);
    await settled();
    expect(origins([a, b], 'channel_vacated')).toBe(2);
  });

  test(`${name}: a member is added with the first connection anywhere and removed with the last`, async () => {
    const { a, b, settled } = await two();
    await a.roster.join(app, 'presence-a', 'u', '{"n":1}', 0);
    await b.roster.join(app, 'presence-a', 'u', '{"n":2}', 0);
    await a.roster.leave(app, 'presence-a', 'u');
    await settled();
    expect(facts(a, 'member_added')).toEqual([
      { type: 'member_added', appId: app, channel: 'presence-a', userId: 'u', userInfo: '{"n":1}' },
    ]);
    expect(origins([a, b], 'member_removed')).toBe(0);
    await b.roster.leave(app, 'presence-a', 'u');
    await settled();
    expect(origins([a, b], 'member_added')).toBe(1);
    expect(origins([a, b], 'member_removed')).toBe(1);
  });

  test(`${name}: a join gives everybody's list, with the newest info, kept up to date`, async () => {
    const { a, b, settled } = await two();
    const first = await a.roster.join(app, 'presence-a', 'u', '{"n":1}', 0);
    await b.roster.join(app, 'presence-a', 'u', '{"n":2}', 0);
    const second = await b.roster.join(app, 'presence-a', 'v', null, 0);
    if (!('list' in first) || !('list' in second)) throw new Error('refused');
    await settled();
    for (const { list } of [first, second]) {
      expect(list.userIds().sort()).toEqual(['u', 'v']);
      expect(list.userInfo('u')).toBe('{"n":2}');
    }
    await b.roster.leave(app, 'presence-a', 'v');
    await settled();
    expect(first.list.userIds()).toEqual(['u']);
  });

  test(`${name}: operations that nobody waits for keep their order`, async () => {
    const { a, b, settled } = await two();
    const stays = await b.roster.join(app, 'presence-a', 'stays', null, 0);
    const calls: Promise<unknown>[] = [];
    for (let i = 0; i < 20; i++) {
      calls.push(a.roster.join(app, 'presence-a', 'u', `{"n":${i}}`, 0));
      calls.push(a.roster.leave(app, 'presence-a', 'u'));
    }
    calls.push(a.roster.join(app, 'presence-a', 'u', '{"n":20}', 0));
    const last = (await Promise.all(calls)).at(-1) as typeof stays;
    await settled();
    if (!('list' in last) || !('list' in stays)) throw new Error('refused');
    for (const { list } of [last, stays]) {
      expect(list.userIds().sort()).toEqual(['stays', 'u']);
      expect(list.userInfo('u')).toBe('{"n":20}');
    }
    const ofU = facts(b, 'member_added', 'member_removed').filter(
      (fact) => 'userId' in fact && fact.userId === 'u',
    );
    expect(ofU.map(({ type }) => type)).toEqual(
      Array.from({ length: 41 }, (_, i) => (i % 2 === 0 ? 'member_added' : 'member_removed')),
    );
  });

  test(`${name}: who comes while others come and go sees exactly who is there`, async () => {
    const { a, b, settled } = await two();
    const calls: Promise<unknown>[] = [];
    for (let i = 0; i < 100; i++) {
      calls.push(a.roster.join(app, 'presence-a', `a${i}`, null, 0));
      if (i % 3 === 0) calls.push(a.roster.leave(app, 'presence-a', `a${i}`));
      if (i % 10 === 5) calls.push(b.roster.join(app, 'presence-a', 'b', null, 0));
      if (i % 10 === 7) calls.push(b.roster.leave(app, 'presence-a', 'b'));
      if (i % 25 === 0) await calls.at(-1);
    }
    calls.push(b.roster.join(app, 'presence-a', 'b', null, 0));
    const last = (await Promise.all(calls)).at(-1) as Awaited<ReturnType<Roster['join']>>;
    await settled();
    if (!('list' in last)) throw new Error('refused');
    const truth = Array.from({ length: 100 }, (_, i) => `a${i}`).filter((_, i) => i % 3 !== 0);
    expect(last.list.userIds().sort()).toEqual([...truth, 'b'].sort());
    expect((await a.roster.userIds(app, 'presence-a')).sort()).toEqual([...truth, 'b'].sort());
  });

  test(`${name}: member facts reach the nodes with members, the list being changed before`, async () => {
    const { a, b, settled } = await two();
    const joined = await a.roster.join(app, 'presence-a', 'u', null, 0);
    if (!('list' in joined)) throw new Error('refused');
    await b.roster.join(app, 'presence-a', 'v', null, 0);
    await b.roster.leave(app, 'presence-a', 'v');
    await settled();
    expect(facts(a).map(({ type }) => type)).toEqual(['member_added', 'member_added', 'member_removed']);
    expect(joined.list.userIds()).toEqual(['u']);
  });

  test(`${name}: beyond the limit a new member is refused, one who is in is not`, async () => {
    const { a, b } = await two();
    await a.roster.join(app, 'presence-a', 'u', null, 2);
    await b.roster.join(app, 'presence-a', 'v', null, 2);
    expect(await b.roster.join(app, 'presence-a', 'w', null, 2)).toEqual({ refused: 'full' });
    expect('list' in (await b.roster.join(app, 'presence-a', 'u', null, 2))).toBe(true);
    expect((await a.roster.userIds(app, 'presence-a')).sort()).toEqual(['u', 'v']);
  });

  test(`${name}: leaving what was not joined changes nothing`, async () => {
    const { a } = await two();
    await a.roster.leave(app, 'presence-a', 'u');
    expect(a.told).toEqual([]);
  });

  test(`${name}: summaries add up all nodes, per app and by prefix`, async () => {
    const { a, b } = await two();
    await a.roster.reportSubscriptions(app, 'presence-a', 2);
    await a.roster.join(app, 'presence-a', 'u', null, 0);
    await b.roster.reportSubscriptions(app, 'presence-a', 1);
    await b.roster.join(app, 'presence-a', 'u', null, 0);
    await b.roster.reportSubscriptions(app, 'news', 1);
    await b.roster.reportSubscriptions('2', 'presence-other', 1);
    expect(await a.roster.channel(app, 'presence-a')).toEqual({
      name: 'presence-a',
      subscriptions: 3,
      users: 1,
    });
    expect(await a.roster.channel(app, 'none')).toEqual({ name: 'none', subscriptions: 0, users: 0 });
    expect(await b.roster.channels(app, 'presence-')).toEqual([
      { name: 'presence-a', subscriptions: 3, users: 1 },
    ]);
    expect((await a.roster.channels(app, '')).map((summary) => summary.name).sort()).toEqual([
      'news',
      'presence-a',
    ]);
  });

  test(`${name}: watchers hear of a user's first and last sign-in, and at once who is online`, async () => {
    const { a, b, settled } = await two();
    await a.roster.watch(app, 'u');
    await a.roster.signIn(app, 'u');
    await b.roster.signIn(app, 'u');
    await b.roster.watch(app, 'u');
    await a.roster.signOut(app, 'u');
    await b.roster.signOut(app, 'u');
    await settled();
    expect(facts(a).map(({ type }) => type)).toEqual(['user_online', 'user_offline']);
    expect(facts(b).map(({ type }) => type)).toEqual(['user_online', 'user_offline']);
  });

  test(`${name}: nobody hears of a user after unwatching`, async () => {
    const { a, b, settled } = await two();
    await a.roster.watch(app, 'u');
    a.roster.unwatch(app, 'u');
    await b.roster.signIn(app, 'u');
    await settled();
    expect(a.told).toEqual([]);
  });

  test(`${name}: connections are counted over all nodes`, async () => {
    const { a, b, settled } = await two();
    a.roster.reportConnections(app, 3);
    b.roster.reportConnections(app, 4);
    await settled();
    expect(a.roster.connections(app)).toBe(7);
    await b.roster.close();
    await settled();
    expect(a.roster.connections(app)).toBe(3);
  });

  test(`${name}: prototype names are names like others`, async () => {
    const { a } = await two();
    for (const id of ['__proto__', 'constructor', 'toString']) {
      await a.roster.join(app, `presence-${id}`, id, null, 0);
      expect(await a.roster.userIds(app, `presence-${id}`)).toEqual([id]);
    }
  });

  test(`${name}: a node that closes takes its share back, told by the node itself or another, once`, async () => {
    const { a, b, settled } = await two();
    await a.roster.join(app, 'presence-a', 'stays', null, 0);
    await b.roster.join(app, 'presence-a', 'goes', null, 0);
    await b.roster.reportSubscriptions(app, 'presence-a', 1);
    await b.roster.close();
    await settled();
    expect(origins([a, b], 'member_removed')).toBe(1);
    expect(facts(a, 'member_removed').length).toBe(1);
    expect(origins([a, b], 'channel_vacated')).toBe(1);
  });

  test(`${name}: a node that dies is swept after its lease, once, by a survivor`, async () => {
    const { network, all } = await nodes(3);
    const [a, b, c] = all as [RosterUnderTest, RosterUnderTest, RosterUnderTest];
    await a.roster.join(app, 'presence-a', 'stays', null, 0);
    await b.roster.join(app, 'presence-a', 'stays too', null, 0);
    await c.roster.join(app, 'presence-a', 'ghost', null, 0);
    await c.roster.join(app, 'presence-a', 'stays', null, 0);
    await c.roster.reportSubscriptions(app, 'news', 1);
    await a.roster.watch(app, 'u');
    await c.roster.signIn(app, 'u');
    await c.crash();
    expect((await a.roster.userIds(app, 'presence-a')).sort()).toEqual(['ghost', 'stays', 'stays too']);
    await network.leasePassed();
    expect((await a.roster.userIds(app, 'presence-a')).sort()).toEqual(['stays', 'stays too']);
    const removed = { type: 'member_removed', appId: app, channel: 'presence-a', userId: 'ghost' } as const;
    for (const node of [a, b]) expect(facts(node, 'member_removed')).toEqual([removed]);
    expect(origins([a, b, c], 'member_removed')).toBe(1);
    expect(origins([a, b, c], 'channel_vacated')).toBe(1);
    expect(facts(a, 'user_offline').length).toBe(1);
    expect(facts(c, 'member_removed')).toEqual([]);
  });

  test(`${name}: a node that lives keeps what it holds, however long`, async () => {
    const { network, all } = await nodes(2);
    const [a, b] = all as [RosterUnderTest, RosterUnderTest];
    await a.roster.join(app, 'presence-a', 'u', null, 0);
    for (let i = 0; i < 5; i++) await network.leasePassed();
    expect(await b.roster.userIds(app, 'presence-a')).toEqual(['u']);
  });
}
