import { expect, test } from 'bun:test';
import { ManualClock } from '@earshot/base';
import { pusherJs, Recorder } from '../support/clients.ts';
import { dataOf, newCluster, startServer, succeeded } from '../support/server.ts';
import type { Wire } from '../support/wire.ts';

const env = { EARSHOT_APP_SUBSCRIPTION_COUNT: 'true' };

async function expectCount(wire: Wire, count: number, channel = 'news'): Promise<void> {
  const message = await wire.next('pusher_internal:subscription_count');
  expect(message.channel).toBe(channel);
  expect(dataOf(message)).toEqual({ subscription_count: count });
}

test('COUNT-1: off by default', async () => {
  await using server = await startServer();
  const [a, b] = [await server.connect(), await server.connect()];
  await server.join(a, 'news');
  await server.join(b, 'news');
  await b.silence();
  await a.silence();
});

test('COUNT-1: every subscriber hears of each change, the new one after its success', async () => {
  await using server = await startServer({ env });
  const [a, b, c] = [await server.connect(), await server.connect(), await server.connect()];
  await server.join(a, 'news');
  await expectCount(a, 1);
  await server.join(b, 'news');
  for (const wire of [a, b]) await expectCount(wire, 2);
  await server.join(c, 'news');
  for (const wire of [a, b, c]) await expectCount(wire, 3);
  b.unsubscribe('news');
  for (const wire of [a, c]) await expectCount(wire, 2);
  await b.silence();
  await c.close();
  await expectCount(a, 1);
  await a.silence();
});

test('COUNT-1: on every kind but presence', async () => {
  await using server = await startServer({ env });
  const wire = await server.connect();
  for (const channel of ['private-a', 'private-encrypted-a', 'cachex']) {
    await server.join(wire, channel);
    await expectCount(wire, 1, channel);
  }
  await server.join(wire, 'cache-a');
  await wire.next('pusher:cache_miss');
  await expectCount(wire, 1, 'cache-a');
  await wire.silence();
});

test('COUNT-1: pusher-js raises it and keeps the number', async () => {
  await using server = await startServer({ env });
  const channel = pusherJs(server).subscribe('news');
  const seen = new Recorder(channel);
  expect(await seen.data('pusher:subscription_count')).toEqual({ subscription_count: 1 });
  await server.join(await server.connect(), 'news');
  expect(await seen.data('pusher:subscription_count')).toEqual({ subscription_count: 2 });
  expect(channel.subscriptionCount ?? 0).toBe(2);
});

test('COUNT-1: the count is the cluster’s', async () => {
  const cluster = newCluster();
  await using one = await startServer({ cluster, env });
  await using two = await startServer({ cluster, env });
  const [a, b] = [await one.connect(), await two.connect()];
  await one.join(a, 'news');
  await expectCount(a, 1);
  await two.join(b, 'news');
  await expectCount(b, 2);
  await expectCount(a, 2);
});

test('COUNT-2: none on presence channels and on a user’s own', async () => {
  await using server = await startServer({ env });
  const wire = await server.connect();
  await server.signIn(wire, { id: 'u1' });
  succeeded(await wire.subscribe('#server-to-user-u1'));
  await server.joinPresence(wire, 'presence-a', '1');
  await server.joinPresence(await server.connect(), 'presence-a', '1');
  await wire.silence();
});

test('COUNT-3: above 100 subscribers at most once in 5 s, and the last one is right', async () => {
  const clock = new ManualClock();
  await using server = await startServer({ clock, env: { ...env, EARSHOT_PING_SECONDS: '3600' } });
  const wires: Wire[] = [];
  for (let i = 1; i <= 100; i++) {
    const wire = await server.connect();
    await server.join(wire, 'news');
    wires.push(wire);
  }
  const [watcher] = wires as [Wire];
  const counts = () =>
    watcher.messages
      .filter(({ event }) => event === 'pusher_internal:subscription_count')
      .map((message) => (dataOf(message) as { subscription_count: number }).subscription_count);
  const roundTrip = async () => {
    watcher.send({ event: 'pusher:ping' });
    await watcher.until('pusher:pong');
  };
  await roundTrip();
  expect(counts()).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));

  // Time stands still: of these twenty changes at most the first may be told.
  for (let i = 0; i < 20; i++) await server.join(await server.connect(), 'news');
  await roundTrip();
  const early = counts().slice(100);
  expect(early.length).toBeLessThanOrEqual(1);
  clock.advance(5_000);
  await roundTrip();
  expect(counts().slice(100 + early.length)).toEqual([120]);
  // Quiet: nothing more.
  clock.advance(60_000);
  await roundTrip();
  expect(counts().length).toBe(101 + early.length);
  // The first change after a quiet time is told at once.
  await server.join(await server.connect(), 'news');
  await roundTrip();
  expect(counts().at(-1)).toBe(121);
  await server.join(await server.connect(), 'news');
  await roundTrip();
  expect(counts().at(-1)).toBe(121);
  clock.advance(5_000);
  await roundTrip();
  expect(counts().at(-1)).toBe(122);
});
