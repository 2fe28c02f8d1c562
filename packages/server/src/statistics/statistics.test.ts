import { afterEach, expect, test } from 'bun:test';
import { ManualClock } from '@earshot/base';
import type { LiveFigures, Range } from '@earshot/dashboard';
import { type Database, openDatabase } from '@earshot/data';
import { onEachDatabase } from '../../../../tests/support/databases.ts';
import { eventually as holds } from '../../../../tests/support/hooks.ts';
import type { App } from '../apps/app.ts';
import { openAppRegistry } from '../apps/registry.ts';
import type { Nodes, Question } from '../cluster/nodes.ts';
import { readConfig } from '../config.ts';
import { Counters } from '../metrics/counters.ts';
import { openStatistics } from './open.ts';
import type { StatisticsTables } from './tables.ts';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
/** Begin of a UTC day. */
const begin = Date.UTC(2026, 10, 1);

const eventually = (condition: () => boolean | Promise<boolean>) => holds(condition, String(condition));

/** Nodes of one process that can ask each other; a node can be made to keep silent. */
class FakeCluster {
  readonly answers = new Map<string, Map<string, (data: unknown) => unknown>>();
  readonly silent = new Set<string>();
  asked = 0;

  node(self: string): Nodes {
    const own = new Map<string, (data: unknown) => unknown>();
    this.answers.set(self, own);
    return {
      self,
      all: () => [...this.answers.keys()],
      ask: async <Data>({ about, data }: Question) => {
        this.asked++;
        const there = [...this.answers].filter(([node]) => !this.silent.has(node));
        const answers = there.flatMap(([node, ofNode]) => {
          const answer = ofNode.get(about);
          const said = answer === undefined ? null : JSON.stringify(answer(data));
          return said === null ? [] : [{ node, data: JSON.parse(said) as Data }];
        });
        return { answers, known: this.answers.size };
      },
      answer: (about, answer) => void own.set(about, answer),
      tell() {},
      onJoined() {},
      hear() {},
      close: async () => void this.answers.delete(self),
    };
  }
}

onEachDatabase((fresh) => {
  const cleanups: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  interface Setup {
    readonly clock: ManualClock;
    readonly cluster: FakeCluster;
    readonly url: string;
  }

  /** Half a second after a minute's begin, so that whole minutes later the one before is over. */
  async function setup(start = begin + 500): Promise<Setup> {
    return { clock: new ManualClock(start), cluster: new FakeCluster(), url: await fresh() };
  }

  /** A node with one app. `crash` ends it as kill -9 does. */
  async function start({ clock, cluster, url }: Setup, name: string) {
    const read = readConfig([], { EARSHOT_APP_ID: '3' });
    if (!('config' in read)) throw new Error('the settings of this test are wrong');
    const real = await openDatabase(url);
    /** Set to make every transaction of the statistics fail. */
    const failing = { before: false, after: false };
    const database = failingDatabase(real, failing);
    const problems: string[] = [];
    const onProblem = (stage: string) => void problems.push(stage);
    const apps = await openAppRegistry({ database: real, config: read.config, clock, onProblem });
    const counters = new Counters();
    const nodes = cluster.node(name);
    const channels = async () => 7;
    const statistics = await openStatistics({ database, apps, nodes, clock, counters, channels, onProblem });
    let isGone = false;
    const end = async (work: () => Promise<void>) => {
      if (isGone) return;
      isGone = true;
      cluster.answers.delete(name);
      await work();
      await real.close();
    };
    const stop = () =>
      end(async () => {
        await statistics.close();
        await apps.close();
      });
    cleanups.push(stop);
    return {
      ...{ apps, app: apps.first(), statistics, counters, problems, failing, nodes, stop, database: real },
      /** Nothing is written any more, as if the process were gone. */
      crash: async () => {
        failing.before = true;
        await end(async () => statistics.close());
      },
    };
  }

  type Node = Awaited<ReturnType<typeof start>>;

  /** Waits until minutes that are over are in the database. */
  async function written(node: Node): Promise<void> {
    await eventually(() => node.counters.statisticsWaiting === 0);
  }

  const tables = (database: Database) => database.kysely.withTables<StatisticsTables>();

  /** Moves time minute by minute, with what each minute's rows need to get into the database. */
  async function pass(clock: ManualClock, minutes: number, ...nodes: Node[]): Promise<void> {
    for (let passed = 0; passed < minutes; passed++) {
      clock.advance(minute);
      for (const node of nodes) await written(node);
    }
  }

  /** Lets minutes go by until something has become so in the database. */
  async function passUntil(clock: ManualClock, condition: () => Promise<boolean>): Promise<void> {
    await eventually(async () => {
      if (await condition()) return true;
      clock.advance(minute);
      return false;
    });
  }

  async function figures(node: Node, range: Range = 'hour') {
    const { points } = await node.statistics.range(node.app, range);
    return points.flatMap(({ at, figures }) => (figures === null ? [] : [{ at, ...figures }]));
  }

  async function total(node: Node, range: Range, name: 'published' | 'delivered' | 'apiRequests') {
    return (await figures(node, range)).reduce((sum, point) => sum + point[name], 0);
  }

  test('what happened is in its minute, written or not', async () => {
    const at = await setup();
    const node = await start(at, 'a');
    at.clock.advance(10 * second);
    node.app.tally.add('published', 2);
    node.app.tally.opened('websocket');
    at.clock.advance(minute);
    node.app.tally.add('clientEvents');
    node.app.tally.delivered(5);
    node.app.tally.add('apiRequests', 3);
    node.app.tally.add('apiErrors');
    node.app.tally.add('webhooksDelivered', 20);
    node.app.tally.add('webhooksFailed', 4);
    node.app.tally.opened('event_stream');
    expect(await figures(node)).toEqual([
      {
        ...{ at: begin, published: 2, clientEvents: 0, delivered: 0, apiRequests: 0, apiErrors: 0 },
        ...{ webhooksDelivered: 0, webhooksFailed: 0, connectionsPeak: 1 },
        connections: { websocket: 1, xhr_streaming: 0, xhr_polling: 0, event_stream: 0 },
      },
      {
        ...{ at: begin + minute, published: 0, clientEvents: 1, delivered: 5, apiRequests: 3, apiErrors: 1 },
        ...{ webhooksDelivered: 20, webhooksFailed: 4, connectionsPeak: 2 },
        connections: { websocket: 1, xhr_streaming: 0, xhr_polling: 0, event_stream: 1 },
      },
    ]);
  });

  test('a restart loses nothing, and the time between has no figures', async () => {
    const at = await setup();
    const first = await start(at, 'a');
    first.app.tally.add('published', 10);
    at.clock.advance(90 * second);
    first.app.tally.add('published', 1);
    await first.stop();
    at.clock.advance(3 * minute);
    const next = await start(at, 'b');
    next.app.tally.add('published', 100);
    const { points } = await next.statistics.range(next.app, 'hour');
    expect(points.slice(-5).map(({ figures }) => figures?.published ?? null)).toEqual([
      10,
      1,
      null,
      null,
      100,
    ]);
  });

  test('connections that come back after a restart are no second ones', async () => {
    const at = await setup();
    const first = await start(at, 'a');
    for (let count = 0; count < 5; count++) first.app.tally.opened('websocket');
    at.clock.advance(20 * second);
    for (let count = 0; count < 5; count++) first.app.tally.closed('websocket');
    await first.stop();
    at.clock.advance(2 * second);
    const next = await start(at, 'b');
    for (let count = 0; count < 6; count++) next.app.tally.opened('websocket');
    at.clock.advance(10 * second);
    expect(await figures(next)).toMatchObject([{ connectionsPeak: 6, connections: { websocket: 6 } }]);
  });

  test('a crash loses the minute under way and nothing else', async () => {
    const at = await setup();
    const first = await start(at, 'a');
    first.app.tally.add('published', 10);
    at.clock.advance(minute + second);
    await written(first);
    first.app.tally.add('published', 5);
    at.clock.advance(30 * second);
    await first.crash();
    const next = await start(at, 'b');
    expect(await total(next, 'hour', 'published')).toBe(10);
  });

  test('nodes add up: counts, connections of the same second, and minutes that are not written', async () => {
    const at = await setup();
    const one = await start(at, 'a');
    const other = await start(at, 'b');
    for (const { app } of [one, other]) app.tally.opened('websocket');
    one.app.tally.opened('xhr_polling');
    one.app.tally.add('published', 3);
    other.app.tally.delivered(4);
    const expected = [
      {
        at: begin,
        published: 3,
        delivered: 4,
        connectionsPeak: 3,
        connections: { websocket: 2, xhr_polling: 1 },
      },
    ];
    expect(await figures(one)).toMatchObject(expected);
    expect(await figures(other)).toMatchObject(expected);
    await pass(at.clock, 1, one, other);
    expect((await figures(one)).slice(0, 1)).toMatchObject(expected);
    at.cluster.silent.add('b');
    expect((await figures(one)).slice(0, 1)).toMatchObject(expected);
  });

  test('who has connections is in every minute, without anything happening', async () => {
    const at = await setup();
    const node = await start(at, 'a');
    node.app.tally.opened('websocket');
    await pass(at.clock, 3, node);
    expect((await figures(node)).map(({ connectionsPeak }) => connectionsPeak)).toEqual([1, 1, 1, 1]);
  });

  test('an app in which nothing happens has no rows', async () => {
    const at = await setup();
    const node = await start(at, 'a');
    await pass(at.clock, 3, node);
    const rows = await tables(node.database).selectFrom('statistics_minutes').selectAll().execute();
    expect(rows).toEqual([]);
    expect((await figures(node)).map(({ published }) => published)).toEqual([0, 0, 0, 0]);
  });

  test('a database that is away: nothing is lost, nothing is counted twice', async () => {
    const at = await setup();
    const node = await start(at, 'a');
    node.failing.before = true;
    for (let minutes = 0; minutes < 5; minutes++) {
      node.app.tally.add('published');
      at.clock.advance(minute);
      await eventually(() => node.problems.length > minutes);
    }
    expect(node.counters.statisticsWaiting).toBe(5);
    expect(await total(node, 'hour', 'published')).toBe(5);
    node.failing.before = false;
    await pass(at.clock, 2, node);
    expect(node.counters.statisticsWaiting).toBe(0);
    expect(await total(node, 'hour', 'published')).toBe(5);
  });

  test('a write that was made and reported as failed is not counted twice', async () => {
    const at = await setup();
    const node = await start(at, 'a');
    node.app.tally.add('published', 4);
    node.failing.after = true;
    at.clock.advance(minute + second);
    await eventually(() => node.problems.length > 0);
    node.failing.after = false;
    await passUntil(at.clock, async () => (await foldedOf(node)) === 1);
    expect(await total(node, 'hour', 'published')).toBe(4);
    expect(await total(node, 'day', 'published')).toBe(4);
  });

  /** Rows of which the longer ones know. */
  async function foldedOf(node: Node): Promise<number> {
    const rows = await tables(node.database)
      .selectFrom('statistics_minutes')
      .select('at')
      .where('is_folded', '=', 1)
      .execute();
    return rows.length;
  }

  test('the longer ranges say the same as the short one, before and after minutes are added up', async () => {
    const at = await setup();
    const one = await start(at, 'a');
    const other = await start(at, 'b');
    one.app.tally.opened('websocket');
    for (let minutes = 0; minutes < 12; minutes++) {
      one.app.tally.add('published', minutes);
      other.app.tally.delivered(1);
      if (minutes === 6) other.app.tally.opened('xhr_streaming');
      await pass(at.clock, 1, one, other);
      for (const range of ['hour', 'day', 'month'] as const) {
        expect(await total(one, range, 'published')).toBe((minutes * (minutes + 1)) / 2);
        expect(await total(other, range, 'delivered')).toBe(minutes + 1);
      }
    }
    expect(await foldedOf(one)).toBeGreaterThan(0);
    const { points, peaks } = await one.statistics.range(one.app, 'day');
    const shown = points.filter(({ figures }) => figures !== null);
    expect(shown.map(({ figures }) => [figures?.published, figures?.connectionsPeak])).toEqual([
      [10, 1],
      [35, 2],
      [21, 2],
    ]);
    expect(peaks).toMatchObject({
      connections: { value: 2, at: begin + 6 * minute },
      messagesPerMinute: { value: 12, at: begin + 11 * minute },
    });
  });

  test('a node that writes late, after the others were added up, is counted once and at its time', async () => {
    const at = await setup();
    const one = await start(at, 'a');
    const late = await start(at, 'b');
    late.failing.before = true;
    for (const { app } of [one, late]) app.tally.opened('websocket');
    for (const { app } of [one, late]) app.tally.add('published', 3);
    for (let minutes = 0; minutes < 8; minutes++) {
      at.clock.advance(minute);
      await written(one);
    }
    await passUntil(at.clock, async () => (await foldedOf(one)) >= 3);
    late.failing.before = false;
    // A write that is failing at this moment is tried again when time goes on.
    await passUntil(at.clock, async () => late.counters.statisticsWaiting === 0);
    await passUntil(at.clock, async () => (await foldedOf(one)) >= 16);
    expect((await figures(one, 'day'))[0]).toMatchObject({ at: begin, published: 6, connectionsPeak: 2 });
    expect((await figures(one, 'month'))[0]).toMatchObject({ at: begin, published: 6, connectionsPeak: 2 });
  });

  test('a clock that is set back counts on, and one that goes on leaves a gap', async () => {
    const at = await setup();
    const clock = new JumpingClock(begin + 500);
    const node = await start({ ...at, clock }, 'a');
    node.app.tally.opened('websocket');
    node.app.tally.add('published', 1);
    clock.advance(5 * minute);
    await written(node);
    clock.jump(-3 * minute);
    node.app.tally.add('published', 2);
    clock.advance(minute);
    await written(node);
    node.app.tally.add('published', 4);
    clock.jump(20 * minute);
    clock.advance(minute);
    await written(node);
    node.app.tally.add('published', 8);
    const points = await figures(node);
    expect(points.reduce((sum, { published }) => sum + published, 0)).toBe(15);
    expect(points.every(({ connectionsPeak }) => connectionsPeak === 1)).toBe(true);
    const minutes = points.map(({ at: begun }) => (begun - begin) / minute);
    expect(minutes).toEqual([0, 1, 2, 3, 4, 5, 23, 24]);
  });

  test('30 days are kept, and no more', async () => {
    const at = await setup();
    const first = await start(at, 'a');
    first.app.tally.add('published', 5);
    await passUntil(at.clock, async () => (await foldedOf(first)) === 1);
    await first.stop();
    at.clock.advance(29 * day + 23 * hour);
    const next = await start(at, 'b');
    await pass(at.clock, 2, next);
    expect(await total(next, 'month', 'published')).toBe(5);
    at.clock.advance(3 * day);
    await passUntil(at.clock, async () => {
      const left = await tables(next.database).selectFrom('statistics_spans').select('at').execute();
      return left.length === 0;
    });
    await passUntil(at.clock, async () => (await foldedOf(next)) === 0);
  });

  test('messages of each day, as the quota counts them, with days without any', async () => {
    const at = await setup();
    const node = await start(at, 'a');
    node.app.usage.count(3);
    await passUntil(at.clock, async () => node.app.usage.unwritten === 0);
    at.clock.advance(2 * day);
    await passUntil(at.clock, async () => node.app.usage.messagesToday === 0);
    node.app.tally.delivered(4);
    const { messagesPerDay, peaks } = await node.statistics.range(node.app, 'day');
    expect(messagesPerDay).toEqual([
      { day: '2026-11-01', messages: 3 },
      { day: '2026-11-02', messages: 0 },
      { day: '2026-11-03', messages: 4 },
    ]);
    expect(peaks.messagesPerDay).toEqual({ value: 4, at: begin + 2 * day });
  });

  test('usage is kept for 30 days', async () => {
    const at = await setup();
    const node = await start(at, 'a');
    node.app.usage.count(3);
    await passUntil(at.clock, async () => node.app.usage.unwritten === 0);
    const days = async () => (await node.statistics.range(node.app, 'hour')).messagesPerDay.length;
    at.clock.advance(29 * day);
    await passUntil(at.clock, async () => node.app.usage.messagesToday === 0);
    expect(await days()).toBe(30);
    at.clock.advance(day);
    const usage = node.database.kysely.withTables<{ app_usage: { day: number } }>().selectFrom('app_usage');
    await passUntil(at.clock, async () => (await usage.select('day').execute()).length === 0);
    expect(await days()).toBe(1);
  });

  test('who watches gets each second of all nodes, and nobody is asked without', async () => {
    const at = await setup();
    const one = await start(at, 'a');
    const other = await start(at, 'b');
    one.app.tally.opened('websocket');
    other.app.tally.opened('xhr_polling');
    other.app.tally.channels = 2;
    const got: LiveFigures[] = [];
    at.clock.advance(3 * second);
    expect(at.cluster.asked).toBe(0);
    const stop = one.statistics.watch(one.app, (figures) => got.push(figures));
    await eventually(() => got.length === 1);
    expect(got[0]).toMatchObject({
      connections: { websocket: 1, xhr_streaming: 0, xhr_polling: 1, event_stream: 0 },
      ...{ published: 0, channels: 7, nodes: { answered: 2, known: 2 } },
    });
    one.app.tally.add('published', 2);
    other.app.tally.add('published', 3);
    other.app.tally.delivered(10);
    at.cluster.silent.add('b');
    at.clock.advance(second);
    await eventually(() => got.length === 2);
    expect(got[1]).toMatchObject({ published: 2, delivered: 0, nodes: { answered: 1, known: 2 } });
    at.cluster.silent.delete('b');
    at.clock.advance(second);
    await eventually(() => got.length === 3);
    expect(got[2]).toMatchObject({ published: 3, delivered: 10, nodes: { answered: 2, known: 2 } });
    stop();
    const { asked } = at.cluster;
    at.clock.advance(5 * second);
    expect(at.cluster.asked).toBe(asked);
    expect(got.length).toBe(3);
  });

  test('the list of apps has the figures of the moment, of all nodes', async () => {
    const at = await setup();
    const one = await start(at, 'a');
    const other = await start(at, 'b');
    one.app.tally.opened('websocket');
    other.app.tally.opened('event_stream');
    one.app.tally.add('published');
    other.app.tally.delivered(9);
    at.clock.advance(30 * second);
    expect((await one.statistics.now()).get('3')).toEqual({
      connections: 2,
      messagesPerMinute: 10,
      messagesToday: one.app.usage.messagesToday,
    });
    at.clock.advance(40 * second);
    expect((await one.statistics.now()).get('3')).toMatchObject({ connections: 2, messagesPerMinute: 0 });
  });

  test('an app that is gone takes its figures along, and those that wait do not keep the others back', async () => {
    const at = await setup();
    const node = await start(at, 'a');
    const extra = (await node.apps.create({ name: 'Extra' })) as App;
    extra.tally.add('published');
    node.app.tally.add('published', 2);
    await pass(at.clock, 1, node);
    extra.tally.add('published');
    node.app.tally.add('published', 2);
    await node.database.kysely
      .withTables<{ apps: { id: string } }>()
      .deleteFrom('apps')
      .where('id', '=', extra.id)
      .execute();
    await pass(at.clock, 2, node);
    expect(node.problems).toEqual([]);
    expect(await total(node, 'hour', 'published')).toBe(4);
    const rows = await tables(node.database).selectFrom('statistics_minutes').select('app_id').execute();
    expect([...new Set(rows.map(({ app_id }) => app_id))]).toEqual(['3']);
  });
});

/** One whose wall clock can be set. */
class JumpingClock extends ManualClock {
  #offset = 0;

  override now(): number {
    return super.now() + this.#offset;
  }

  jump(ms: number): void {
    this.#offset += ms;
  }
}

/** A database whose transactions fail: before anything is done, or after all was done and kept. */
function failingDatabase(database: Database, failing: { before: boolean; after: boolean }): Database {
  const wrap = <Target extends object>(target: Target): Target =>
    new Proxy(target, {
      get(of, name) {
        const value = Reflect.get(of, name);
        if (name === 'withTables') return () => wrap((value as () => object).call(of));
        if (name !== 'transaction') return typeof value === 'function' ? value.bind(of) : value;
        return () => ({
          execute: async (work: (transaction: object) => Promise<unknown>) => {
            if (failing.before) throw new Error('the database is away');
            const result = await database.kysely.transaction().execute(work);
            if (failing.after) throw new Error('the connection was lost');
            return result;
          },
        });
      },
    });
  return {
    ...database,
    kysely: wrap(database.kysely),
    aside: () => failingDatabase(database.aside(), failing),
  };
}
