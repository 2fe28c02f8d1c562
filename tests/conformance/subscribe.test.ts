import { expect, test } from 'bun:test';
import { channelAuth } from '../support/api.ts';
import { pusherJs, Recorder } from '../support/clients.ts';
import { overWebSocket } from '../support/http-wire.ts';
import { expectRefused, expectSubscribeRefused } from '../support/refusals.ts';
import { startServer, succeeded } from '../support/server.ts';
import { opcodes, patienceMs, type Wire } from '../support/wire.ts';

test('SUB-1: a subscribe is answered by subscription_succeeded with channel and "{}"', async () => {
  await using server = await startServer();
  const wire = await server.connect();
  wire.sendText('{"event":"pusher:subscribe","data":{"auth":"","channel":"news"}}');
  expect(await wire.nextText()).toBe(
    '{"event":"pusher_internal:subscription_succeeded","channel":"news","data":"{}"}',
  );
  await wire.silence();
});

test('SUB-1: pusher-js subscribes and receives', async () => {
  await using server = await startServer();
  const client = pusherJs(server);
  const channel = client.subscribe('news');
  const seen = new Recorder(channel);
  await seen.next('pusher:subscription_succeeded');
  expect(channel.subscribed).toBe(true);
  await server.api.publish('news', 'greeting', '{"hello":"world"}');
  expect(await seen.next()).toEqual({ event: 'greeting', data: { hello: 'world' } });
});

test('SUB-2: a public channel needs no auth; missing, null and empty are the same', async () => {
  await using server = await startServer();
  const wire = await server.connect();
  succeeded(await wire.subscribe('a'));
  succeeded(await wire.subscribe('b', ''));
  wire.sendText('{"event":"pusher:subscribe","data":{"auth":null,"channel":"c"}}');
  succeeded(await wire.next());
  // An auth that a public channel does not need is not looked at.
  succeeded(await wire.subscribe('d', 'whatever'));
});

test('SUB-3: unsubscribe ends delivery and has no answer', async () => {
  await using server = await startServer();
  const wire = await server.connect();
  const other = await server.connect();
  await server.join(wire, 'news');
  await server.join(wire, 'sport');
  await server.join(other, 'news');
  wire.unsubscribe('news');
  await wire.silence();
  await server.api.publish(['news', 'sport'], 'e', '1');
  expect((await wire.next('e')).channel).toBe('sport');
  await wire.silence();
  await other.next('e');
  // And it can be joined again.
  await server.join(wire, 'news');
  await server.api.publish('news', 'e', '2');
  expect((await wire.next('e')).data).toBe('2');
  expect((await other.next('e')).data).toBe('2');
});

test('SUB-3: pusher-js that unsubscribes gets nothing more', async () => {
  await using server = await startServer();
  const client = pusherJs(server);
  const news = new Recorder(client.subscribe('news'));
  const sport = new Recorder(client.subscribe('sport'));
  await news.next('pusher:subscription_succeeded');
  await sport.next('pusher:subscription_succeeded');
  client.unsubscribe('news');
  await server.api.publish(['news', 'sport'], 'e', '1');
  await sport.next('e');
  expect(news.rest()).toEqual([]);
});

test('SUB-4: a second subscribe is refused, the first stays, delivery is single', async () => {
  await using server = await startServer();
  const wire = await server.connect();
  for (const channel of ['news', 'private-a']) {
    const auth = server.channelAuth(wire, channel);
    succeeded(await wire.subscribe(channel, auth));
    wire.send({ event: 'pusher:subscribe', data: { channel, auth } });
    await expectSubscribeRefused(wire, channel, `Existing subscription to channel ${channel}`);
    await server.api.publish(channel, 'e', '1');
    await wire.next('e');
    await wire.silence();
    wire.unsubscribe(channel);
    await server.api.publish(channel, 'e', '2');
    await wire.silence();
  }
});

test('SUB-4: two subscribes sent in one go are one subscription and one refusal', async () => {
  await using server = await startServer();
  const wire = await server.connect();
  const channelData = '{"user_id":"1"}';
  for (const [channel, auth, data] of [
    ['cache-a', '', undefined],
    ['presence-a', server.channelAuth(wire, 'presence-a', channelData), channelData],
  ] as const) {
    const message = { event: 'pusher:subscribe', data: { channel, auth, channel_data: data } };
    wire.send(message);
    wire.send(message);
    succeeded(await wire.next());
    if (channel === 'cache-a') await wire.next('pusher:cache_miss');
    await expectSubscribeRefused(wire, channel, 'Existing subscription');
    await wire.silence();
  }
});

test('SUB-5: unsubscribe from a channel not joined is refused', async () => {
  await using server = await startServer();
  const wire = await server.connect();
  for (const channel of ['news', 'private-a', '__proto__']) {
    wire.unsubscribe(channel);
    await expectRefused(wire, `No current subscription to channel ${channel}, or subscription in progress`);
    await wire.silence();
  }
});

test('SUB-6: every allowed character, and 200 of them', async () => {
  await using server = await startServer();
  const wire = await server.connect();
  for (const channel of ['a_-=@,.;Z09', 'x', 'x'.repeat(200), '__proto__', '-', ';', 'client-x', 'pusher']) {
    await server.join(wire, channel);
    await server.api.publish(channel, 'e', '1');
    expect((await wire.next('e')).channel).toBe(channel);
  }
});

test('SUB-6: other names are refused', async () => {
  await using server = await startServer();
  const wire = await server.connect();
  const names = [
    ' ',
    'a b',
    'a/b',
    'a:b',
    '#x',
    '#',
    '#server-to-user',
    'é',
    'a\n',
    'a\u0000',
    '"',
    'a+b',
    'a*',
    'x'.repeat(201),
  ];
  for (const channel of names) {
    wire.send({ event: 'pusher:subscribe', data: { channel } });
    await expectSubscribeRefused(wire, channel, 'Invalid channel name');
    await wire.silence();
  }
});

test('SUB-6: the length is a setting', async () => {
  await using server = await startServer({ env: { EARSHOT_APP_CHANNEL_NAME_LENGTH: '164' } });
  const wire = await server.connect();
  await server.join(wire, 'x'.repeat(164));
  wire.send({ event: 'pusher:subscribe', data: { channel: 'x'.repeat(165) } });
  await expectSubscribeRefused(wire, 'x'.repeat(165), 'Invalid channel name');
});

test('SUB-7: names that only look like a prefix are public channels', async () => {
  await using server = await startServer();
  const wire = await server.connect();
  for (const channel of [
    'private',
    'privatex',
    'presence',
    'presencex',
    'cache',
    'cachex',
    'xprivate-a',
    'Private-a',
    'cache_a',
  ]) {
    expect((await server.join(wire, channel)).data).toBe('{}');
    await wire.silence();
  }
});

test('SUB-7: the longest prefix decides', async () => {
  await using server = await startServer();
  const wire = await server.connect();
  for (const channel of [
    'private-',
    'private-encrypted-',
    'private-cache-',
    'private-encrypted-cache-',
    'private-x',
    'presence-',
    'presence-cache-',
  ]) {
    wire.send({ event: 'pusher:subscribe', data: { channel: `${channel}a` } });
    await expectSubscribeRefused(wire, `${channel}a`, 'Auth info required to subscribe to');
  }
  const cached = ['cache-a', 'private-cache-a', 'private-encrypted-cache-a'];
  for (const channel of [
    ...cached,
    'private-encryptedcache-a',
    'private-cachea',
    'private-encrypted-cachea',
  ]) {
    await server.join(wire, channel);
    if (cached.includes(channel)) await wire.next('pusher:cache_miss');
    await wire.silence();
  }
  await server.joinPresence(wire, 'presence-cache-a', '1');
  await wire.next('pusher:cache_miss');
  await server.joinPresence(wire, 'presence-cachea', '1');
  await wire.silence();
});

test('SUB-8: pusher-js hears of a refused subscribe on the channel, and the socket can try again', async () => {
  await using server = await startServer();
  let auth = 'wrong:signature';
  const client = pusherJs(server, {
    channelAuthorization: {
      endpoint: '',
      transport: 'ajax',
      customHandler: ({ socketId, channelName }, callback) => {
        const signed = auth === '' ? channelAuth(server.app, socketId, channelName) : auth;
        callback(null, { auth: signed });
      },
    },
  });
  const connection = new Recorder(client.connection);
  const first = new Recorder(client.subscribe('private-a'));
  const error = await first.data('pusher:subscription_error');
  expect(error).toEqual({ type: 'AuthError', error: expect.any(String), status: 401 });
  expect(await connection.data('error')).toMatchObject({ type: 'PusherError', data: { code: null } });
  expect(client.connection.state).toBe('connected');

  auth = '';
  // pusher-js keeps a channel that has not succeeded as pending; a second client object on the same wire is not
  // possible, so it is told to start over by hand.
  const again = client.channel('private-a');
  again.subscriptionPending = false;
  client.subscribe('private-a');
  await first.next('pusher:subscription_succeeded');
  await server.api.publish('private-a', 'e', '1');
  expect(await first.data('e')).toBe(1);
});

test('SUB-8: the second message can be switched off', async () => {
  await using server = await startServer({ env: { EARSHOT_APP_SUBSCRIPTION_ERRORS: 'false' } });
  const wire = await server.connect();
  wire.send({ event: 'pusher:subscribe', data: { channel: 'private-a' } });
  await expectRefused(wire, 'Auth info required');
  await wire.silence();
  await server.join(wire, 'private-a');
});

test('SUB-9: channels per connection', async () => {
  await using server = await startServer({ env: { EARSHOT_APP_CHANNELS_PER_CONNECTION: '2' } });
  const wire = await server.connect();
  await server.join(wire, 'a');
  await server.join(wire, 'b');
  wire.send({ event: 'pusher:subscribe', data: { channel: 'c' } });
  await expectSubscribeRefused(wire, 'c', '2');
  await server.api.publish(['a', 'b', 'c'], 'e', '1');
  expect((await wire.take(2)).map((message) => message.channel)).toEqual(['a', 'b']);
  await wire.silence();
  wire.unsubscribe('a');
  await server.join(wire, 'c');
  // Another connection has its own count.
  await server.join(await server.connect(), 'a');
});

test('SUB-11: what a connection held ends with it, however it ends', async () => {
  const env = { EARSHOT_APP_SUBSCRIPTION_COUNT: 'true', EARSHOT_APP_CONNECTIONS: '40' };
  await using server = await startServer({ env });
  const left = async () => {
    const metrics = await (await fetch(`${server.origin}/metrics`)).text();
    const gauges = ['connections', 'channels', 'subscriptions'].map((name) => {
      const samples = metrics.matchAll(new RegExp(`^earshot_${name}(?:\\{[^}]*\\})? (\\d+)$`, 'gm'));
      return [...samples].reduce((sum, [, value]) => sum + Number(value), 0);
    });
    return gauges.join();
  };
  expect(await left()).toBe('0,0,0');
  const ways: ((wire: Wire) => unknown)[] = [
    (wire) => wire.close(),
    (wire) => wire.destroy(),
    (wire) => wire.destroy('reset'),
    ...(overWebSocket
      ? [(wire: Wire) => wire.sendFrame(opcodes.text, Buffer.alloc(0), { masked: false })]
      : []),
    () => server.api.terminate('u'),
  ];
  for (const end of ways) {
    const wires = await Promise.all(Array.from({ length: 40 }, () => server.connect()));
    for (const [i, wire] of wires.entries()) {
      await server.signIn(wire, { id: 'u', watchlist: ['u', `w${i}`] });
      for (const name of ['news', `own-${i}`, 'cache-a', 'private-a']) {
        wire.send({
          event: 'pusher:subscribe',
          data: { channel: name, auth: server.channelAuth(wire, name) },
        });
        wire.send({ event: 'pusher:subscribe', data: { channel: name, auth: 'wrong:auth' } });
      }
      wire.send({
        event: 'pusher:subscribe',
        data: { channel: 'presence-a', auth: server.channelAuth(wire, 'presence-a') },
      });
      wire.send({ event: 'pusher:subscribe', data: { channel: '#server-to-user-u' } });
      wire.send({ event: 'pusher:ping' });
      await wire.until('pusher:pong');
    }
    expect(await left()).toBe('40,45,240');
    for (const wire of wires) void end(wire);
    await Promise.all(wires.map((wire) => wire.closed));
    // A reset is noticed when the network tells of it, a moment later.
    const deadline = performance.now() + patienceMs;
    while ((await left()) !== '0,0,0' && performance.now() < deadline) await Bun.sleep(5);
    expect(await left()).toBe('0,0,0');
    expect((await server.api.get('/channels')).json()).toEqual({ channels: {} });
    expect((await server.api.get('/channels/presence-a/users')).json()).toEqual({ users: [] });
    const watcher = await server.connect();
    await server.signIn(watcher, { id: 'watcher', watchlist: ['u'] });
    expect((await watcher.next()).data).toBe('{"events":[{"name":"offline","user_ids":["u"]}]}');
    await watcher.close();
  }
});

test('SUB-10: events published one after another arrive in that order', async () => {
  await using server = await startServer();
  const wires = await Promise.all([server.connect(), server.connect(), server.connect()]);
  for (const wire of wires) await server.join(wire, 'news');
  for (let i = 0; i < 300; i++) await server.api.publish('news', 'e', String(i));
  const expected = Array.from({ length: 300 }, (_, i) => String(i));
  for (const wire of wires) expect((await wire.take(300)).map((message) => message.data)).toEqual(expected);
});
