import { expect, test } from 'bun:test';
import { ManualClock } from '@earshot/base';
import { pusherJs, Recorder } from '../support/clients.ts';
import { expectSubscribeRefused } from '../support/refusals.ts';
import { newCluster, startServer, type TestServer } from '../support/server.ts';
import type { Wire } from '../support/wire.ts';

/** Joins a cache channel with a new connection, which then has the event or the miss still to read. */
async function subscriber(server: TestServer, channel = 'cache-a'): Promise<Wire> {
  const wire = await server.connect();
  if (channel.startsWith('presence-')) await server.joinPresence(wire, channel, wire.socketId);
  else await server.join(wire, channel);
  return wire;
}

test('CACHE-1: a late subscriber gets the success, then the event', async () => {
  await using server = await startServer();
  await server.api.publish('cache-a', 'price', '{"n":1}');
  const wire = await subscriber(server);
  expect(await wire.nextText()).toBe('{"event":"price","channel":"cache-a","data":"{\\"n\\":1}"}');
  await wire.silence();
});

test('CACHE-1, CACHE-2: pusher-js gets miss and event', async () => {
  await using server = await startServer();
  const first = new Recorder(pusherJs(server).subscribe('cache-a'));
  await first.next('pusher:subscription_succeeded');
  await first.next('pusher:cache_miss');
  await server.api.publish('cache-a', 'price', '{"n":1}');
  const second = new Recorder(pusherJs(server).subscribe('cache-a'));
  expect(await second.next()).toMatchObject({ event: 'pusher:subscription_succeeded' });
  expect(await second.next()).toEqual({ event: 'price', data: { n: 1 } });
});

test('CACHE-2: with nothing cached, a miss', async () => {
  await using server = await startServer();
  const wire = await subscriber(server);
  expect(await wire.nextText()).toBe('{"event":"pusher:cache_miss","channel":"cache-a","data":"{}"}');
  await wire.silence();
});

test('CACHE-3: only the last event is kept, whatever its name', async () => {
  await using server = await startServer();
  const here = await subscriber(server);
  await here.next('pusher:cache_miss');
  await server.api.publish('cache-a', 'one', '1');
  await server.api.publish('cache-a', 'two', '2');
  expect((await here.take(2)).map(({ event }) => event)).toEqual(['one', 'two']);
  const wire = await subscriber(server);
  expect(await wire.next()).toEqual({ event: 'two', channel: 'cache-a', data: '2' });
  await wire.silence();
  await server.api.batch([
    { channel: 'cache-a', name: 'three', data: '3' },
    { channel: 'cache-a', name: 'four', data: '4' },
  ]);
  expect((await (await subscriber(server)).next()).event).toBe('four');
  await server.api.publish(['cache-a', 'cache-b'], 'five', '5');
  for (const channel of ['cache-a', 'cache-b'])
    expect((await (await subscriber(server, channel)).next()).event).toBe('five');
});

test('CACHE-3: an event that excludes a socket is kept', async () => {
  await using server = await startServer();
  const wire = await subscriber(server);
  await wire.next('pusher:cache_miss');
  await server.api.publish('cache-a', 'e', '1', { socket_id: wire.socketId });
  await wire.silence();
  expect((await (await subscriber(server)).next()).data).toBe('1');
});

test('CACHE-3: client events are not kept', async () => {
  await using server = await startServer();
  const sender = await subscriber(server, 'private-cache-a');
  await sender.next('pusher:cache_miss');
  const other = await subscriber(server, 'private-cache-a');
  await other.next('pusher:cache_miss');
  sender.send({ event: 'client-x', channel: 'private-cache-a', data: 1 });
  await other.next('client-x');
  await (await subscriber(server, 'private-cache-a')).next('pusher:cache_miss');
  await server.api.publish('private-cache-a', 'e', '1');
  await sender.next('e');
  sender.send({ event: 'client-x', channel: 'private-cache-a', data: 2 });
  await sender.silence();
  await (await subscriber(server, 'private-cache-a')).next('e');
});

test('CACHE-3: events of channels that do not cache are not kept', async () => {
  await using server = await startServer();
  for (const channel of ['news', 'private-a', 'cachex']) {
    await server.api.publish(channel, 'e', '1');
    await (await subscriber(server, channel)).silence();
  }
});

test('CACHE-4: kept for 1800 s, past the last subscriber', async () => {
  const clock = new ManualClock();
  await using server = await startServer({ clock });
  await server.api.publish('cache-a', 'e', '1');
  clock.advance(1_799_000);
  const wire = await subscriber(server);
  await wire.next('e');
  await wire.close();
  const second = await subscriber(server);
  await second.next('e');
  clock.advance(1_001);
  await (await subscriber(server)).next('pusher:cache_miss');
  await server.api.publish('cache-a', 'e', '2');
  expect((await (await subscriber(server)).next('e')).data).toBe('2');
});

test('CACHE-4: the time is a setting', async () => {
  const clock = new ManualClock();
  await using server = await startServer({ clock, env: { EARSHOT_APP_CACHE_SECONDS: '60' } });
  await server.api.publish('cache-a', 'e', '1');
  clock.advance(59_000);
  await (await subscriber(server)).next('e');
  clock.advance(1_001);
  await (await subscriber(server)).next('pusher:cache_miss');
});

test('CACHE-5: every kind of cache channel keeps its event, and asks for what its kind asks for', async () => {
  await using server = await startServer();
  for (const channel of ['cache-a', 'private-cache-a', 'private-encrypted-cache-a', 'presence-cache-a']) {
    await (await subscriber(server, channel)).next('pusher:cache_miss');
    const refused = await server.connect();
    if (channel !== 'cache-a') {
      refused.send({ event: 'pusher:subscribe', data: { channel } });
      await expectSubscribeRefused(refused, channel, 'Auth info required');
    }
    await server.api.publish(channel, 'e', '1');
    const wire = await subscriber(server, channel);
    expect(await wire.next()).toEqual({ event: 'e', channel, data: '1' });
    // Nothing of it reached the one that was refused.
    await refused.silence();
  }
});

test('CACHE-1: what one node published is kept on the other', async () => {
  const cluster = newCluster();
  await using one = await startServer({ cluster });
  await using two = await startServer({ cluster });
  await one.api.publish('cache-a', 'e', '1');
  const wire = await subscriber(two);
  await wire.next('e');
  await one.api.publish('cache-a', 'e', '2');
  expect((await wire.next('e')).data).toBe('2');
  expect((await (await subscriber(two)).next('e')).data).toBe('2');
  await wire.silence();
});

test('API-13: info=cache', async () => {
  const clock = new ManualClock();
  await using server = await startServer({ clock, env: { EARSHOT_PING_SECONDS: '3600' } });
  const cache = async (channel: string) =>
    (await server.api.get(`/channels/${channel}`, { info: 'cache' })).json();
  expect(await cache('cache-a')).toEqual({ occupied: false, cache: null });
  await server.api.publish('cache-a', 'e', '{"n":"é"}');
  expect(await cache('cache-a')).toEqual({ occupied: false, cache: { data: '{"n":"é"}', ttl: 1800 } });
  clock.advance(600_000);
  await subscriber(server);
  expect(await cache('cache-a')).toEqual({ occupied: true, cache: { data: '{"n":"é"}', ttl: 1200 } });
  clock.advance(1_200_001);
  expect(await cache('cache-a')).toEqual({ occupied: true, cache: null });
});
