import { Database as SqliteFile } from 'bun:sqlite';
import { expect, test } from 'bun:test';
import { createLog, ManualClock } from '@earshot/base';
import { type Database, openDatabase, sql } from '@earshot/data';
import { eventually, HookReceiver } from '../../../../tests/support/hooks.ts';
import { postgresPath, startPostgres } from '../../../../tests/support/postgres.ts';
import { temporaryFolder } from '../../../../tests/support/server.ts';
import { openAppRegistry } from '../apps/registry.ts';
import { readConfig } from '../config.ts';
import { Counters } from '../metrics/counters.ts';
import { openWebhooks } from './webhooks.ts';

/** Webhooks on a database whose second way (`aside`) the test has in hand. */
async function open(stack: AsyncDisposableStack, url: string, hooks: string) {
  const clock = new ManualClock();
  const read = readConfig([], {
    EARSHOT_APP_ID: '3',
    EARSHOT_APP_WEBHOOK_URL: hooks,
    EARSHOT_APP_WEBHOOK_EVENTS: 'channel_occupied,client_event',
  });
  if (!('config' in read)) throw new Error('the settings of this test are wrong');
  const database = await openDatabase(url);
  stack.defer(() => database.close());
  const apps = await openAppRegistry({ database, config: read.config, clock });
  stack.defer(() => apps.close());
  const counters = new Counters();
  const problems: string[] = [];
  const aside: Database = database.aside();
  const webhooks = await openWebhooks({
    database: { ...database, aside: () => aside },
    ...{ apps, clock, counters, leaseMs: 15_000, privateAddresses: true },
    log: createLog('silent'),
    onProblem: (stage) => void problems.push(stage),
  });
  stack.defer(() => webhooks.stop());
  webhooks.start({ isOccupied: async () => true, members: async () => new Set() });
  const occupied = (channel: string) => webhooks.told({ appId: '3', type: 'channel_occupied', channel });
  const said = (event: string, data = '') =>
    webhooks.clientEvent(apps.first(), { channel: 'private-a', event, data, socketId: '1.2', userId: null });
  return { clock, aside, counters, problems, app: apps.first(), desk: webhooks.desk, occupied, said };
}

const channelsOf = (receiver: HookReceiver) =>
  receiver.seen.map(({ events }) => String(events[0]?.channel)).sort();

test('a full disk: what happened waits and is told when there is room; who waits is refused after 5 s', async () => {
  await using stack = new AsyncDisposableStack();
  await using folder = await temporaryFolder();
  using receiver = new HookReceiver();
  const node = await open(stack, `sqlite:${folder.path}/a.sqlite`, receiver.url);
  node.occupied('before');
  await receiver.next();
  await eventually(() => node.counters.webhooksDelivered === 1, 'the first is taken');
  const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(node.aside.kysely);
  await sql`pragma max_page_count = ${sql.raw(String(rows[0]?.page_count))}`.execute(node.aside.kysely);

  const awaited = node.said('client-early', 'x'.repeat(100_000));
  const names = Array.from({ length: 500 }, (_, n) => `channel-${n}`);
  for (const name of names) node.occupied(name);
  await eventually(() => node.problems.length > 0, 'the failure is reported');
  expect(node.problems[0]).toStartWith(
    'webhooks: the journal cannot be written, because the database refuses',
  );
  expect(receiver.seen).toHaveLength(1);
  let refused: boolean | null = null;
  void awaited?.then((isKept) => {
    refused = !isKept;
  });
  await eventually(() => {
    node.clock.advance(1_000);
    return refused === true;
  }, 'who waits is refused');
  expect(await node.said('client-late')).toBe(false);
  expect(node.problems.filter((said) => said.includes('journal cannot be written')).length).toBeLessThan(5);

  await sql`pragma max_page_count = 1000000`.execute(node.aside.kysely);
  await eventually(() => {
    node.clock.advance(1_000);
    return node.counters.webhookEntriesWaiting === 0;
  }, 'what waited is written');
  await eventually(() => {
    // Little enough that no answer runs into its timeout.
    node.clock.advance(1);
    return receiver.seen.length > names.length;
  }, 'all is told');
  expect(new Set(channelsOf(receiver))).toEqual(new Set(['before', ...names]));
  expect(node.counters.webhooksDropped).toBe(0);
  const kept = node.said('client-again');
  await eventually(async () => (await kept) === true, 'client events are taken again');
});

test('a locked file: the event loop goes on, and all is told when the lock is gone', async () => {
  await using stack = new AsyncDisposableStack();
  await using folder = await temporaryFolder();
  using receiver = new HookReceiver();
  const path = `${folder.path}/a.sqlite`;
  const node = await open(stack, `sqlite:${path}`, receiver.url);
  const other = new SqliteFile(path);
  other.run('begin immediate');
  for (const name of ['a', 'b', 'c']) node.occupied(name);
  let turns = 0;
  await eventually(() => ++turns > 20, 'the loop turns');
  expect([receiver.seen.length, node.counters.webhookEntriesWaiting]).toEqual([0, 3]);
  other.run('commit');
  other.close();
  await eventually(() => receiver.seen.length === 3, 'all is told');
  expect(channelsOf(receiver)).toEqual(['a', 'b', 'c']);
});

test('who comes while something waits to be written is not told of it, nor of its end', async () => {
  await using stack = new AsyncDisposableStack();
  await using folder = await temporaryFolder();
  using old = new HookReceiver();
  using fresh = new HookReceiver();
  const path = `${folder.path}/a.sqlite`;
  const node = await open(stack, `sqlite:${path}`, old.url);
  // The journal does not wait for the lock; it tries again when the clock says so.
  await sql`pragma busy_timeout = 0`.execute(node.aside.kysely);
  const other = new SqliteFile(path);
  other.run('begin immediate');
  node.occupied('before');
  await eventually(() => node.problems.length > 0, 'the journal has failed');
  other.run('commit');
  other.close();
  const draft = {
    kinds: ['channel_occupied'] as const,
    prefix: '',
    headers: {},
    batching: false,
    enabled: true,
  };
  expect(await node.desk.create(node.app, { ...draft, url: fresh.url })).toHaveProperty('id');
  expect(old.seen).toEqual([]);
  await eventually(() => {
    node.clock.advance(100);
    return old.seen.length === 1;
  }, 'what waited is told');
  node.occupied('after');
  expect(await fresh.events()).toEqual([{ name: 'channel_occupied', channel: 'after' }]);
  expect(fresh.seen).toHaveLength(1);
});

test.skipIf(postgresPath === undefined)(
  'a database server that is gone: all is told when it is back',
  async () => {
    await using stack = new AsyncDisposableStack();
    await using postgres = await startPostgres();
    using receiver = new HookReceiver();
    const url = await postgres.createDatabase();
    const node = await open(stack, url, receiver.url);
    node.occupied('before');
    await receiver.next();
    await eventually(() => node.counters.webhooksDelivered === 1, 'the first is taken');
    const cut = () =>
      postgres.execute(
        url,
        'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()',
      );
    const names = Array.from({ length: 50 }, (_, n) => `channel-${n}`);
    for (const [index, name] of names.entries()) {
      if (index % 10 === 0) await cut();
      node.occupied(name);
    }
    await eventually(() => {
      node.clock.advance(100);
      return node.counters.webhookEntriesWaiting === 0;
    }, 'all is written');
    await eventually(() => {
      node.clock.advance(1);
      return new Set(channelsOf(receiver)).size === names.length + 1;
    }, 'all is told');
    expect(node.counters.webhooksDropped).toBe(0);
  },
);
