import { expect, test } from 'bun:test';
import { ManualClock } from '@earshot/base';
import { AuthEndpoint, echo, publisher, pusherJs, Recorder } from '../support/clients.ts';
import { expectRefused } from '../support/refusals.ts';
import { newCluster, type StartOptions, startServer, type TestServer } from '../support/server.ts';
import type { Wire } from '../support/wire.ts';

interface Pair extends AsyncDisposable {
  server: TestServer;
  sender: Wire;
  other: Wire;
}

/** Two subscribers of `channel`, private or presence. */
async function pair(channel: string, options: StartOptions = {}): Promise<Pair> {
  const server = await startServer(options);
  const [sender, other] = [await server.connect(), await server.connect()];
  for (const [wire, id] of [
    [other, 'other'],
    [sender, 'sender'],
  ] as const) {
    if (channel.startsWith('presence-')) await server.joinPresence(wire, channel, id);
    else await server.join(wire, channel);
  }
  if (channel.startsWith('presence-')) await other.next('pusher_internal:member_added');
  return { server, sender, other, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

/** Nothing came of what `sender` sent: neither an answer nor a delivery. */
async function expectNothingMore({ sender, other }: Pair): Promise<void> {
  await sender.silence();
  await other.silence();
}

test('CLIENT-1: an event reaches the other subscribers and not its sender', async () => {
  await using both = await pair('private-a');
  const third = await both.server.connect();
  await both.server.join(third, 'private-a');
  const stranger = await both.server.connect();
  await both.server.join(stranger, 'private-b');
  both.sender.sendText('{"event":"client-typing","data":{"a":1},"channel":"private-a"}');
  const expected = '{"event":"client-typing","channel":"private-a","data":{"a":1}}';
  expect(await both.other.nextText()).toBe(expected);
  expect(await third.nextText()).toBe(expected);
  await expectNothingMore(both);
  await stranger.silence();
});

test('CLIENT-1: every kind of channel that takes them', async () => {
  for (const channel of ['private-a', 'presence-a']) {
    await using both = await pair(channel);
    both.sender.send({ event: 'client-x', channel, data: 1 });
    expect(await both.other.next('client-x')).toMatchObject({ channel, data: 1 });
    await expectNothingMore(both);
  }
  for (const channel of ['private-cache-a', 'presence-cache-a']) {
    await using server = await startServer();
    const [sender, other] = [await server.connect(), await server.connect()];
    for (const wire of [other, sender]) {
      if (channel.startsWith('presence-')) await server.joinPresence(wire, channel, 'same');
      else await server.join(wire, channel);
      await wire.next('pusher:cache_miss');
    }
    sender.send({ event: 'client-x', channel, data: 1 });
    expect(await other.next('client-x')).toMatchObject({ channel, data: 1 });
    await sender.silence();
  }
});

test('CLIENT-1, CLIENT-2: over two nodes', async () => {
  const cluster = newCluster();
  await using one = await startServer({ cluster });
  await using two = await startServer({ cluster });
  const [sender, other] = [await one.connect(), await two.connect()];
  await two.join(other, 'private-a');
  await one.join(sender, 'private-a');
  sender.sendText('{"event":"client-x","data":[1.50,"é"],"channel":"private-a"}');
  expect(await other.nextText()).toBe('{"event":"client-x","channel":"private-a","data":[1.50,"é"]}');
  await two.joinPresence(other, 'presence-a', 'other');
  await one.joinPresence(sender, 'presence-a', 'sender');
  await other.next('pusher_internal:member_added');
  sender.send({ event: 'client-x', data: 1, channel: 'presence-a' });
  expect((await other.next('client-x')).user_id).toBe('sender');
  await sender.silence();
});

test('CLIENT-1: stock clients send and receive', async () => {
  await using server = await startServer();
  const endpoint = new AuthEndpoint(server, publisher(server));
  const a = pusherJs(server, endpoint.options());
  const b = echo(server, endpoint.options());
  const channel = a.subscribe('private-chat');
  const seen = new Recorder(channel);
  const whisper = Promise.withResolvers<unknown>();
  const subscribed = Promise.withResolvers<void>();
  const heard = b
    .private('chat')
    .listenForWhisper('typing', whisper.resolve)
    .subscribed(() => subscribed.resolve());
  await seen.next('pusher:subscription_succeeded');
  await subscribed.promise;
  channel.trigger('client-typing', { who: 'a' });
  expect(await whisper.promise).toEqual({ who: 'a' });
  heard.whisper('typing', { who: 'b' });
  expect(await seen.next()).toEqual({ event: 'client-typing', data: { who: 'b' } });
});

test('CLIENT-2: on presence channels the sender’s own user_id, on private ones none, and never a forged one', async () => {
  await using presence = await pair('presence-a');
  presence.sender.send({ event: 'client-x', channel: 'presence-a', data: {}, user_id: 'admin' });
  expect((await presence.other.next('client-x')).user_id).toBe('sender');
  await using both = await pair('private-a');
  await both.server.signIn(both.sender, { id: 'u1' });
  both.sender.send({ event: 'client-x', channel: 'private-a', data: {}, user_id: 'admin' });
  expect(Object.keys(await both.other.next('client-x'))).toEqual(['event', 'channel', 'data']);
});

test('CLIENT-3: data arrives as it was written', async () => {
  const spellings = [
    '{"b":1,"a":2}',
    '{"a":1,"a":2}',
    '"text"',
    '"{\\"a\\":1}"',
    '""',
    '1',
    '1.0',
    '1e3',
    '12345678901234567890',
    'null',
    'true',
    '[]',
    '[ 1 , {"x" : "\\u00e9\\/"} ]',
    '{"__proto__":{"x":1},"constructor":2}',
  ];
  await using both = await pair('private-a', { env: { EARSHOT_APP_CLIENT_EVENTS_PER_SECOND: '0' } });
  for (const data of spellings) {
    both.sender.sendText(`{"data": ${data} ,"channel":"private-a","event":"client-x"}`);
    expect(await both.other.nextText()).toBe(`{"event":"client-x","channel":"private-a","data":${data}}`);
  }
  both.sender.sendText('{"event":"client-x","channel":"private-a"}');
  expect(await both.other.nextText()).toBe('{"event":"client-x","channel":"private-a"}');
});

test('CLIENT-4: public and foreign channels, and other names, are refused and not forwarded', async () => {
  await using both = await pair('private-a');
  const { server, sender, other } = both;
  for (const wire of [sender, other]) await server.join(wire, 'news');
  await server.join(other, 'private-b');
  await server.joinPresence(other, 'presence-b', 'other');
  for (const channel of [
    'news',
    'private-b',
    'presence-b',
    'private-nobody',
    '__proto__',
    '#server-to-user-u1',
    'a b',
  ]) {
    sender.send({ event: 'client-x', channel, data: {} });
    await expectRefused(sender, '');
  }
  for (const event of ['typing', 'clientx', 'client', 'Client-x', 'my-event', '', ' client-x']) {
    sender.send({ event, channel: 'private-a', data: {} });
    await expectRefused(sender, 'Unsupported event received on socket');
  }
  await expectNothingMore(both);
});

test('CLIENT-4: after unsubscribing', async () => {
  await using both = await pair('private-a');
  both.sender.unsubscribe('private-a');
  both.sender.send({ event: 'client-x', channel: 'private-a', data: {} });
  await expectRefused(both.sender, '');
  await expectNothingMore(both);
});

test('CLIENT-5: refused when the app has switched them off', async () => {
  await using both = await pair('private-a', { env: { EARSHOT_APP_CLIENT_EVENTS: 'false' } });
  both.sender.send({ event: 'client-x', channel: 'private-a', data: {} });
  await expectRefused(both.sender, 'Client events');
  await expectNothingMore(both);
});

test('CLIENT-6: the 11th in one second is refused with 4301, and the next second works', async () => {
  const clock = new ManualClock();
  await using both = await pair('private-a', { clock });
  const { server, sender, other } = both;
  const send = (n: number) => sender.send({ event: 'client-x', channel: 'private-a', data: n });
  for (let n = 1; n <= 12; n++) send(n);
  await expectRefused(sender, '10', 4301);
  await expectRefused(sender, '10', 4301);
  for (let n = 1; n <= 10; n++) expect((await other.next('client-x')).data).toBe(n);
  await expectNothingMore(both);
  // The rate is the connection's own.
  const third = await server.connect();
  await server.join(third, 'private-a');
  third.send({ event: 'client-x', channel: 'private-a', data: 'third' });
  await third.silence();
  expect((await other.next('client-x')).data).toBe('third');
  await sender.next('client-x');

  clock.advance(1_000);
  send(13);
  await sender.silence();
  expect((await other.next('client-x')).data).toBe(13);
  await expectNothingMore(both);
});

test('CLIENT-6: pusher-js sees the refusal and stays connected', async () => {
  await using server = await startServer({ clock: new ManualClock() });
  const endpoint = new AuthEndpoint(server, publisher(server));
  const client = pusherJs(server, endpoint.options());
  const connection = new Recorder(client.connection);
  const channel = client.subscribe('private-a');
  await new Recorder(channel).next('pusher:subscription_succeeded');
  for (let i = 0; i < 11; i++) channel.trigger('client-x', {});
  expect(await connection.data('error')).toEqual({
    type: 'PusherError',
    data: { code: 4301, message: expect.any(String) },
  });
  expect(client.connection.state).toBe('connected');
});

test('CLIENT-7: a name over 200 characters and data over 10240 bytes are refused', async () => {
  await using both = await pair('private-a');
  const { sender, other } = both;
  const name = (length: number) => `client-${'x'.repeat(length - 7)}`;
  sender.send({ event: name(200), channel: 'private-a', data: {} });
  await other.next(name(200));
  sender.send({ event: name(201), channel: 'private-a', data: {} });
  await expectRefused(sender, '200');
  const data = (bytes: number) => `"${'é'.repeat((bytes - 2) / 2)}"`;
  sender.sendText(`{"event":"client-x","channel":"private-a","data":${data(10_240)}}`);
  await other.next('client-x');
  sender.sendText(`{"event":"client-x","channel":"private-a","data":${data(10_242)}}`);
  await expectRefused(sender, '10240');
  sender.sendText(`{"event":"client-x","channel":"private-a","data":"${'x'.repeat(100_000)}"}`);
  await expectRefused(sender, '10240');
  await expectNothingMore(both);
});

test('CLIENT-8: the server’s own events and unknown pusher: events are refused', async () => {
  await using both = await pair('presence-a');
  for (const event of [
    'pusher:foo',
    'pusher:',
    'pusher:connection_established',
    'pusher:error',
    'pusher_internal:member_added',
    'pusher_internal:subscription_succeeded',
  ]) {
    both.sender.send({ event, channel: 'presence-a', data: '{"user_id":"x"}' });
    await expectRefused(both.sender, `Unsupported event received on socket: ${event}`);
  }
  await expectNothingMore(both);
});
