import { expect, test } from 'bun:test';
import { ManualClock } from '@earshot/base';
import { newCluster, startServer, type TestServer } from '../support/server.ts';
import type { Wire } from '../support/wire.ts';

/*
 * Time stands still in these tests, so a channel that gets many events is busy at once, and what waits is written only
 * when a rule demands it or the clock is moved.
 */

const windowMs = 10;

/** Publishes until `channel` is busy, and ends with nothing waiting; the subscribers get what `heated` says. */
async function heat(server: TestServer, clock: ManualClock, channel: string): Promise<void> {
  for (let i = 0; i < heated.length; i++) await server.api.publish(channel, 'warm', String(i));
  clock.advance(windowMs);
}

const heated = Array.from({ length: 40 }, (_, i) => String(i));

interface Busy extends AsyncDisposable {
  server: TestServer;
  clock: ManualClock;
  /** A subscriber who has read all of `heated`. */
  reader: Wire;
}

async function busy(channel: string, env: Record<string, string> = {}): Promise<Busy> {
  const clock = new ManualClock();
  const server = await startServer({ clock, env: { EARSHOT_PING_SECONDS: '3600', ...env } });
  const reader = await server.connect();
  await server.join(reader, channel);
  if (channel.includes('cache-')) await reader.next('pusher:cache_miss');
  await heat(server, clock, channel);
  expect((await reader.take(heated.length)).map(({ data }) => data)).toEqual(heated);
  return { server, clock, reader, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

/** That an event waits can only be seen by its not coming: a round trip of another connection is time enough. */
async function expectWaiting({ server, reader }: Busy, texts: number): Promise<void> {
  const other = await server.connect();
  await other.silence();
  await other.close();
  expect(reader.texts.length).toBe(texts);
}

test('COAL-6: on a quiet channel an event is written at once, though time stands still', async () => {
  const clock = new ManualClock();
  await using server = await startServer({ clock });
  const wire = await server.connect();
  await server.join(wire, 'news');
  for (let i = 0; i < 5; i++) {
    clock.advance(1_000);
    await server.api.publish('news', 'e', String(i));
    expect((await wire.next('e')).data).toBe(String(i));
  }
});

test('COAL-6: on a busy channel an event waits, a few milliseconds at most', async () => {
  await using scene = await busy('news');
  const { server, clock, reader } = scene;
  const texts = reader.texts.length;
  await server.api.publish('news', 'e', 'waits');
  await expectWaiting(scene, texts);
  clock.advance(windowMs);
  expect((await reader.next('e')).data).toBe('waits');
});

test('COAL-6: another channel is not held up by it', async () => {
  await using scene = await busy('news');
  const { server } = scene;
  const other = await server.connect();
  await server.join(other, 'sport');
  await server.api.publish('news', 'e', 'waits');
  await server.api.publish('sport', 'e', 'goes');
  expect((await other.next('e')).data).toBe('goes');
});

test('COAL-1: a subscriber gets no event that was accepted before its success', async () => {
  await using scene = await busy('news');
  const { server, clock, reader } = scene;
  await server.api.publish('news', 'e', 'before');
  const late = await server.connect();
  await server.join(late, 'news');
  await server.api.publish('news', 'e', 'after');
  clock.advance(windowMs);
  expect((await reader.take(2)).map(({ data }) => data)).toEqual(['before', 'after']);
  expect((await late.next('e')).data).toBe('after');
  await late.silence();
});

test('COAL-1: whoever unsubscribes gets what was accepted before, and nothing after', async () => {
  await using scene = await busy('news');
  const { server, clock, reader } = scene;
  await server.api.publish('news', 'e', 'before');
  reader.unsubscribe('news');
  expect((await reader.next('e')).data).toBe('before');
  await reader.silence();
  await server.api.publish('news', 'e', 'after');
  clock.advance(windowMs);
  await reader.silence();
});

test('COAL-1: leaving and coming back while events wait', async () => {
  await using scene = await busy('news');
  const { server, clock, reader } = scene;
  const other = await server.connect();
  await server.join(other, 'news');
  await server.api.publish('news', 'e', '1');
  reader.unsubscribe('news');
  await reader.next('e');
  await reader.silence();
  await server.api.publish('news', 'e', '2');
  await server.join(reader, 'news');
  await server.api.publish('news', 'e', '3');
  clock.advance(windowMs);
  expect((await reader.next('e')).data).toBe('3');
  await reader.silence();
  expect((await other.take(3)).map(({ data }) => data)).toEqual(['1', '2', '3']);
});

test('COAL-1: in a presence channel nobody gets a member_added for whom their list has already', async () => {
  const clock = new ManualClock();
  await using server = await startServer({ clock, env: { EARSHOT_PING_SECONDS: '3600' } });
  const wires: { wire: Wire; ids: Set<string> }[] = [];
  for (let i = 0; i < 60; i++) {
    const wire = await server.connect();
    const { ids } = await server.joinPresence(wire, 'presence-a', `u${i}`);
    expect(ids.length).toBe(i + 1);
    wires.push({ wire, ids: new Set(ids) });
  }
  clock.advance(windowMs);
  for (const { wire, ids } of wires) {
    while (ids.size < 60) {
      const { user_id: id } = JSON.parse(String((await wire.next('pusher_internal:member_added')).data));
      expect(ids.has(id)).toBe(false);
      ids.add(id);
    }
    await wire.silence();
  }
});

test('COAL-2: a subscriber who arrives while an event waits in a cache channel gets it once', async () => {
  await using scene = await busy('cache-a');
  const { server, clock, reader } = scene;
  const texts = reader.texts.length;
  await server.api.publish('cache-a', 'e', 'waits');
  await expectWaiting(scene, texts);
  const late = await server.connect();
  await server.join(late, 'cache-a');
  expect((await late.next('e')).data).toBe('waits');
  await server.api.publish('cache-a', 'e', 'next');
  clock.advance(windowMs);
  expect((await late.next('e')).data).toBe('next');
  await late.silence();
  expect((await reader.take(2)).map(({ data }) => data)).toEqual(['waits', 'next']);
  await reader.silence();
});

test('COAL-3: nothing that is sent to a connection overtakes events accepted before it', async () => {
  await using scene = await busy('news');
  const { server, reader } = scene;
  const direct: [send: () => void, event: string][] = [
    [() => reader.send({ event: 'pusher:ping' }), 'pusher:pong'],
    [() => reader.sendText('not json'), 'pusher:error'],
    [() => reader.unsubscribe('nothing'), 'pusher:error'],
    [
      () => reader.send({ event: 'pusher:subscribe', data: { channel: 'sport' } }),
      'pusher_internal:subscription_succeeded',
    ],
    [
      () => reader.send({ event: 'pusher:subscribe', data: { channel: 'cache-x' } }),
      'pusher_internal:subscription_succeeded',
    ],
  ];
  for (const [send, event] of direct) {
    await server.api.publish('news', 'e', event);
    send();
    expect(await reader.next('e')).toMatchObject({ data: event });
    await reader.next(event);
  }
});

test('COAL-4: events of one channel keep their order, from the API, from batches, from clients and with exclusions', async () => {
  await using scene = await busy('private-a', { EARSHOT_APP_CLIENT_EVENTS_PER_SECOND: '0' });
  const { server, clock, reader } = scene;
  const [sender, excluded] = [await server.connect(), await server.connect()];
  for (const wire of [sender, excluded]) await server.join(wire, 'private-a');
  const expected: string[] = [];
  const withoutExcluded: string[] = [];
  for (let i = 0; i < 30; i++) {
    const data = String(i);
    expected.push(data);
    if (i % 5 === 2) {
      await server.api.publish('private-a', 'e', data, { socket_id: excluded.socketId });
      continue;
    }
    withoutExcluded.push(data);
    if (i % 5 === 3) {
      sender.send({ event: 'client-e', channel: 'private-a', data });
      // The pong proves that the event has been accepted; it also writes what waits for the sender.
      sender.send({ event: 'pusher:ping' });
      await sender.until('pusher:pong');
    } else if (i % 5 === 4) {
      await server.api.batch([{ channel: 'private-a', name: 'e', data }]);
    } else {
      await server.api.publish('private-a', 'e', data);
    }
  }
  clock.advance(windowMs);
  expect((await reader.take(expected.length)).map(({ data }) => String(data))).toEqual(expected);
  expect((await excluded.take(withoutExcluded.length)).map(({ data }) => String(data))).toEqual(
    withoutExcluded,
  );
  await reader.silence();
  await excluded.silence();
});

test('COAL-4: an event that leaves a socket out keeps its place among those that wait', async () => {
  await using scene = await busy('news');
  const { server, clock, reader } = scene;
  const excluded = await server.connect();
  await server.join(excluded, 'news');
  const texts = reader.texts.length;
  await server.api.publish('news', 'e', '1');
  await server.api.publish('news', 'e', '2', { socket_id: excluded.socketId });
  await server.api.publish('news', 'e', '3');
  await expectWaiting(scene, texts);
  clock.advance(windowMs);
  expect((await reader.take(3)).map(({ data }) => data)).toEqual(['1', '2', '3']);
  expect((await excluded.take(2)).map(({ data }) => data)).toEqual(['1', '3']);
});

test('COAL-4: an excluded socket that goes while the event waits changes nothing for the others', async () => {
  await using scene = await busy('news');
  const { server, clock, reader } = scene;
  const excluded = await server.connect();
  await server.join(excluded, 'news');
  await server.api.publish('news', 'e', '1', { socket_id: excluded.socketId });
  await excluded.close();
  await server.api.publish('news', 'e', '2');
  clock.advance(windowMs);
  expect((await reader.take(2)).map(({ data }) => data)).toEqual(['1', '2']);
});

test('COAL-4: over two nodes', async () => {
  const clock = new ManualClock();
  const cluster = newCluster(clock);
  const env = { EARSHOT_PING_SECONDS: '3600' };
  await using one = await startServer({ clock, cluster, env });
  await using two = await startServer({ clock, cluster, env });
  const readers = [await one.connect(), await two.connect()];
  await one.join(readers[0] as Wire, 'news');
  await two.join(readers[1] as Wire, 'news');
  const expected = Array.from({ length: 100 }, (_, i) => String(i));
  for (const data of expected) await (Number(data) % 2 === 0 ? one : two).api.publish('news', 'e', data);
  clock.advance(windowMs);
  for (const reader of readers) expect((await reader.take(100)).map(({ data }) => data)).toEqual(expected);
});

test('COAL-5: a terminated connection first gets what waits', async () => {
  await using scene = await busy('news');
  const { server, reader } = scene;
  await server.signIn(reader, { id: 'u1' });
  await server.api.publish('news', 'e', 'waits');
  await server.api.terminate('u1');
  expect((await reader.next('e')).data).toBe('waits');
  expect((await reader.closed).code).toBe(4009);
});

test('COAL-5, DRAIN-2: draining first delivers what waits', async () => {
  await using scene = await busy('news');
  const { server, reader } = scene;
  await server.api.publish('news', 'e', 'waits');
  void server.node.drain();
  expect((await reader.next('e')).data).toBe('waits');
  expect((await reader.closed).code).toBe(4200);
});

test('COAL-5: so does disabling the app', async () => {
  await using scene = await busy('news');
  const { server, reader } = scene;
  await server.api.publish('news', 'e', 'waits');
  await server.update({ enabled: false });
  expect((await reader.next('e')).data).toBe('waits');
  expect((await reader.closed).code).toBe(4003);
});
