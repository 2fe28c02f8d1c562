import { expect, test } from 'bun:test';
import { createLog, ManualClock } from '@earshot/base';
import { type Database, openDatabase } from '@earshot/data';
import { onEachDatabase } from '../../../../tests/support/databases.ts';
import { eventually, HookReceiver } from '../../../../tests/support/hooks.ts';
import { type AppRegistry, openAppRegistry } from '../apps/registry.ts';
import { readConfig } from '../config.ts';
import { Counters } from '../metrics/counters.ts';
import { openWebhooks, type Webhooks } from './webhooks.ts';

const leaseMs = 15_000;
const nothing = { isOccupied: async () => false, members: async () => new Set<string>() };
const channel = 'news';

interface Node {
  readonly webhooks: Webhooks;
  readonly counters: Counters;
  readonly apps: AppRegistry;
  readonly database: Database;
  readonly problems: unknown[];
  occupied(channel: string): void;
  vacated(channel: string): void;
}

onEachDatabase((fresh) => {
  async function open(
    stack: AsyncDisposableStack,
    url: string,
    clock: ManualClock,
    hooks: string,
  ): Promise<Node> {
    const read = readConfig([], { EARSHOT_APP_ID: '3', EARSHOT_APP_WEBHOOK_URL: hooks });
    if (!('config' in read)) throw new Error('the settings of this test are wrong');
    const database = await openDatabase(url);
    stack.defer(() => database.close());
    const apps = await openAppRegistry({ database, config: read.config, clock });
    stack.defer(() => apps.close());
    const counters = new Counters();
    const problems: unknown[] = [];
    const webhooks = await openWebhooks({
      database,
      apps,
      clock,
      log: createLog('silent'),
      counters,
      leaseMs,
      privateAddresses: true,
      onProblem: (stage, error) => void problems.push([stage, error]),
    });
    stack.defer(() => webhooks.stop());
    const fact = { appId: '3' };
    return {
      ...{ webhooks, counters, apps, database, problems },
      occupied: (channel) => webhooks.told({ ...fact, type: 'channel_occupied', channel }),
      vacated: (channel) => webhooks.told({ ...fact, type: 'channel_vacated', channel }),
    };
  }

  test('of two nodes one delivers for an app, and the other when that one is gone', async () => {
    await using stack = new AsyncDisposableStack();
    using receiver = new HookReceiver();
    const clock = new ManualClock();
    const url = await fresh();
    const one = await open(stack, url, clock, receiver.url);
    one.webhooks.start(nothing);
    one.occupied('a');
    await receiver.next();
    const other = await open(stack, url, clock, receiver.url);
    other.webhooks.start(nothing);
    other.occupied('b');
    // The one that delivers finds what the other has written when it looks again.
    await eventually(() => {
      clock.advance(100);
      return one.counters.webhooksDelivered === 2;
    }, 'the other node’s event');
    expect(other.counters.webhooksDelivered).toBe(0);
    await one.webhooks.stop();
    other.occupied('c');
    await eventually(() => {
      clock.advance(100);
      return other.counters.webhooksDelivered === 1;
    }, 'the event after the lease has been given back');
    expect(receiver.seen).toHaveLength(3);
    expect([...one.problems, ...other.problems]).toEqual([]);
  });

  test('what was told and is not so after a crash is told as over, after the lease', async () => {
    await using stack = new AsyncDisposableStack();
    using receiver = new HookReceiver();
    const clock = new ManualClock();
    const url = await fresh();
    const before = await open(stack, url, clock, receiver.url);
    before.webhooks.start(nothing);
    before.occupied('gone');
    before.occupied('back');
    before.webhooks.told({
      type: 'member_added',
      appId: '3',
      channel: 'presence-x',
      userId: 'u\n1',
      userInfo: null,
    });
    for (let n = 0; n < 3; n++) await receiver.next();
    // What is broken off by the end would come again.
    await eventually(() => before.counters.webhooksDelivered === 3, 'all are known to be taken');
    before.vacated('gone');
    await before.webhooks.stop();

    const after = await open(stack, url, clock, receiver.url);
    after.webhooks.start({
      isOccupied: async (_app, name) => name === 'back',
      members: async () => new Set(),
    });
    after.occupied('back');
    clock.advance(leaseMs);
    const ends = [...(await receiver.events()), ...(await receiver.events())];
    expect(ends).toContainEqual({ name: 'channel_vacated', channel: 'gone' });
    expect(ends).toContainEqual({ name: 'member_removed', channel: 'presence-x', user_id: 'u\n1' });
    after.occupied('gone');
    expect(await receiver.events()).toEqual([{ name: 'channel_occupied', channel: 'gone' }]);
    expect(receiver.seen).toHaveLength(6);
  });

  test('HOOK-10: what a subscription is about to make true is kept before it is made, and its end waits for it', async () => {
    await using stack = new AsyncDisposableStack();
    using receiver = new HookReceiver();
    const clock = new ManualClock();
    const node = await open(stack, await fresh(), clock, receiver.url);
    node.webhooks.start(nothing);
    const app = node.apps.first();
    const kept = node.webhooks.begins(app, channel, '');
    expect(await kept).toBe(true);
    expect((await receiver.next()).events).toEqual([{ name: 'channel_occupied', channel }]);
    await eventually(() => node.counters.webhooksDelivered === 1, 'it is known to be taken');
    // The end of an earlier subscription is due while the cluster knows nothing of the new one.
    node.vacated(channel);
    clock.advance(3_000);
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
    await node.webhooks.written();
    const believed = node.database.kysely.withTables<{ webhook_told: { channel: string } }>();
    expect(await believed.selectFrom('webhook_told').select('channel').execute()).toEqual([{ channel }]);
    node.webhooks.came(app, channel, '');
    // It came to nothing: only now is it over.
    node.vacated(channel);
    await eventually(() => {
      clock.advance(1_000);
      return receiver.seen.length === 2;
    }, 'the end');
    expect(receiver.seen[1]?.events).toEqual([{ name: 'channel_vacated', channel }]);
    expect(node.problems).toEqual([]);
  });

  test('nobody waits where no endpoint follows', async () => {
    await using stack = new AsyncDisposableStack();
    using receiver = new HookReceiver();
    const node = await open(stack, await fresh(), new ManualClock(), receiver.url);
    const app = node.apps.first();
    await node.apps.update(app.id, { webhookEvents: ['client_event'] });
    expect(node.webhooks.begins(app, channel, '')).toBeNull();
    await node.apps.update(app.id, { webhookUrl: null });
    expect(node.webhooks.begins(app, channel, 'ada')).toBeNull();
  });

  test('what is handed in at once is written at once, and nothing is left when all is taken', async () => {
    await using stack = new AsyncDisposableStack();
    using receiver = new HookReceiver();
    const clock = new ManualClock();
    const node = await open(stack, await fresh(), clock, receiver.url);
    node.webhooks.start(nothing);
    const names = Array.from({ length: 300 }, (_, n) => `channel-${n}`);
    for (const name of names) node.occupied(name);
    await eventually(() => node.counters.webhooksDelivered === names.length, 'all of them');
    const channels = receiver.seen.map(({ events }) => String(events[0]?.channel));
    expect(channels.sort()).toEqual([...names].sort());
    await node.webhooks.stop();
    const left = node.database.kysely.withTables<{
      webhook_journal: { id: string };
      webhook_told: { channel: string };
    }>();
    expect(await left.selectFrom('webhook_journal').select('id').execute()).toEqual([]);
    expect(await left.selectFrom('webhook_told').select('channel').execute()).toHaveLength(names.length);
  });

  test('an app that gives up its webhook is forgotten, with what waits for it', async () => {
    await using stack = new AsyncDisposableStack();
    using receiver = new HookReceiver();
    receiver.answer = () => new Response(null, { status: 500 });
    const clock = new ManualClock();
    const node = await open(stack, await fresh(), clock, receiver.url);
    node.webhooks.start(nothing);
    const second = await node.apps.create({ id: '4', name: 'Second' });
    await node.apps.update('4', { webhookUrl: receiver.url });
    node.webhooks.told({ type: 'channel_occupied', appId: '4', channel });
    await receiver.next();
    await node.apps.update('4', { webhookUrl: null });
    const journal = node.database.kysely.withTables<{ webhook_journal: { id: string; app_id: string } }>();
    await eventually(
      async () => (await journal.selectFrom('webhook_journal').select('id').execute()).length === 0,
      'the journal is empty',
    );
    expect(second.settings.webhookUrl).toBeNull();
  });

  test('an endpoint that one node adds hears of what another node is told, at once when that is said', async () => {
    await using stack = new AsyncDisposableStack();
    using settings = new HookReceiver();
    using added = new HookReceiver();
    const clock = new ManualClock();
    const url = await fresh();
    const [one, other] = [
      await open(stack, url, clock, settings.url),
      await open(stack, url, clock, settings.url),
    ];
    for (const { webhooks } of [one, other]) webhooks.start(nothing);
    const draft = {
      url: added.url,
      kinds: ['member_added'],
      prefix: 'presence-',
      headers: {},
      batching: false,
    } as const;
    await one.webhooks.desk.create(one.apps.first(), { ...draft, enabled: true });
    await other.webhooks.refresh();
    // What PostgreSQL does not keep as it is.
    const userId = 'u\0\ud800"';
    for (const { webhooks } of [other, one])
      webhooks.told({ type: 'member_added', appId: '3', channel: 'presence-x', userId, userInfo: null });
    const hook = await (async () => {
      await eventually(() => {
        clock.advance(100);
        return added.seen.length > 0;
      }, 'the node that has the lease finds it');
      return added.next();
    })();
    expect(hook.events).toEqual([{ name: 'member_added', channel: 'presence-x', user_id: userId }]);
    one.occupied('a');
    await eventually(() => {
      clock.advance(100);
      return settings.seen.length >= 2;
    }, 'the endpoint of the settings hears both');
    expect(added.seen).toHaveLength(1);
    expect([...one.problems, ...other.problems]).toEqual([]);
  });

  test('what one node told begins and another tells ends is told once, in order', async () => {
    await using stack = new AsyncDisposableStack();
    using receiver = new HookReceiver();
    const clock = new ManualClock();
    const url = await fresh();
    const [one, other] = [
      await open(stack, url, clock, receiver.url),
      await open(stack, url, clock, receiver.url),
    ];
    for (const { webhooks } of [one, other]) webhooks.start(nothing);
    const step = async (events: number) => {
      await eventually(() => {
        clock.advance(10);
        return one.counters.webhooksDelivered + other.counters.webhooksDelivered === events;
      }, `${events} events`);
    };
    one.occupied(channel);
    await step(1);
    other.occupied(channel);
    other.vacated(channel);
    clock.advance(3_000);
    await step(2);
    one.occupied(channel);
    await step(3);
    expect(receiver.seen.map(({ events }) => events[0]?.name)).toEqual([
      'channel_occupied',
      'channel_vacated',
      'channel_occupied',
    ]);
  });

  test('who is back on another node when the end is due is not told to have gone', async () => {
    await using stack = new AsyncDisposableStack();
    using receiver = new HookReceiver();
    const clock = new ManualClock();
    const node = await open(stack, await fresh(), clock, receiver.url);
    let isOccupied = true;
    const asked: string[] = [];
    node.webhooks.start({
      isOccupied: async (_app, name) => {
        asked.push(name);
        return isOccupied;
      },
      members: async () => new Set(),
    });
    node.occupied(channel);
    await eventually(() => node.counters.webhooksDelivered === 1, 'the begin');
    node.vacated(channel);
    clock.advance(3_000);
    await eventually(() => asked.length > 0, 'the cluster is asked');
    isOccupied = false;
    node.vacated(channel);
    clock.advance(3_000);
    await eventually(() => receiver.seen.length === 2, 'the end that is true');
    expect(receiver.seen[1]?.events).toEqual([{ name: 'channel_vacated', channel }]);
  });

  test('a row that joins a batch after that was sent is sent before what is behind it', async () => {
    await using stack = new AsyncDisposableStack();
    using receiver = new HookReceiver();
    const clock = new ManualClock();
    const node = await open(stack, await fresh(), clock, receiver.url);
    // While one request is under way, what another has taken stays in the journal.
    const held = Promise.withResolvers<Response>();
    receiver.answer = ({ events }) =>
      events[0]?.channel === 'held' ? held.promise : new Response(null, { status: 204 });
    const write = async (id: string, batch: string, of: string) => {
      const event = JSON.stringify({ name: id, channel: of });
      const at = clock.now();
      await node.database.kysely
        .withTables<{ webhook_journal: Record<string, unknown> }>()
        .insertInto('webhook_journal')
        .values({
          ...{ app_id: '3', endpoint_id: 'settings', id, batch, channel: of, event },
          ...{ attempts: 0, created_at: at, due_at: at },
        })
        .execute();
    };
    await write('1', 'a', 'held');
    await write('2', 'b', channel);
    node.webhooks.start(nothing);
    await eventually(() => node.counters.webhooksDelivered === 1, 'the first of the batch');
    await write('3', 'b', channel);
    await write('4', 'c', channel);
    await eventually(() => {
      clock.advance(100);
      return node.counters.webhooksDelivered === 3;
    }, 'what came later');
    held.resolve(new Response(null, { status: 204 }));
    await eventually(() => node.counters.webhooksDelivered === 4, 'the request that was held');
    const names = receiver.seen.flatMap(({ events }) => events.map(({ name }) => name));
    expect(names.filter((name) => name !== '1')).toEqual(['2', '3', '4']);
    expect(node.problems).toEqual([]);
  });
});
