import { expect, test } from 'bun:test';
import { pusherJs, Recorder } from '../support/clients.ts';
import { startServer } from '../support/server.ts';

test('FRAME-1: members stand in the order event, channel, data, user_id', async () => {
  await using server = await startServer();
  const wire = await server.connect();
  await server.join(wire, 'news');
  await server.api.publish('news', 'e', 'text');
  expect(await wire.nextText()).toBe('{"event":"e","channel":"news","data":"text"}');

  const sender = await server.connect();
  await server.joinPresence(wire, 'presence-a', '1');
  await server.joinPresence(sender, 'presence-a', '2');
  await wire.next('pusher_internal:member_added');
  sender.sendText('{"event":"client-x","data":{"a":1},"channel":"presence-a"}');
  expect(await wire.nextText()).toBe(
    '{"event":"client-x","channel":"presence-a","data":{"a":1},"user_id":"2"}',
  );
});

test('FRAME-2: data from the server is a string, in pusher:error an object', async () => {
  await using server = await startServer({ env: { EARSHOT_APP_SUBSCRIPTION_COUNT: 'true' } });
  const wire = await server.connect();
  await wire.subscribe('cache-a');
  await wire.take(2);
  await server.signIn(wire, { id: 'u1', watchlist: ['u2'] });
  await wire.next('pusher_internal:watchlist_events');
  await server.joinPresence(wire, 'presence-a', '1');
  wire.unsubscribe('nothing');
  wire.send({ event: 'pusher:ping' });
  const messages = await wire.until('pusher:pong').then(() => wire.messages);
  expect(messages.map((message) => message.event)).toEqual([
    'pusher:connection_established',
    'pusher_internal:subscription_succeeded',
    'pusher:cache_miss',
    'pusher_internal:subscription_count',
    'pusher:signin_success',
    'pusher_internal:watchlist_events',
    'pusher_internal:subscription_succeeded',
    'pusher:error',
    'pusher:pong',
  ]);
  for (const message of messages) {
    if (message.event === 'pusher:error') {
      expect(message.data).toEqual({ code: null, message: expect.any(String) });
    } else {
      expect(message.data).toBeString();
      expect(JSON.parse(String(message.data))).toBeObject();
    }
  }
});

test('FRAME-3: data of a client message may be an object or a string that holds one', async () => {
  await using server = await startServer();
  const wire = await server.connect();
  wire.sendText('{"event":"pusher:subscribe","data":"{\\"channel\\":\\"news\\"}"}');
  expect(await wire.nextText()).toBe(
    '{"event":"pusher_internal:subscription_succeeded","channel":"news","data":"{}"}',
  );
  wire.sendText('{"event":"pusher:ping","data":"{}"}');
  await wire.next('pusher:pong');
  wire.sendText('{"event":"pusher:ping"}');
  await wire.next('pusher:pong');
  wire.sendText('{"data":"{\\"channel\\":\\"news\\"}","event":"pusher:unsubscribe"}');
  await wire.silence();
  await server.api.publish('news', 'e', '{}');
  await wire.silence();
});

/** What breaks escapers, parsers and terminals. */
const awkward = [
  '',
  ' ',
  '{"a":1,"a":2, "b" : 1e400}',
  '"quoted \\" and \\\\ "',
  'back\\slash "quote" \'single\'',
  '</script><!-- ]]> --><script>',
  'line\nfeed\r\n\ttab',
  '\u2028\u2029\ufeff\u0085',
  '\u0000\u0001\u001f\u007f',
  '{"nul":"\\u0000"}',
  'ünïcødé 漢字 עברית',
  '😀👩‍👩‍👧‍👦🏳️‍🌈',
  '\ud83d\ude00',
  '%00 %0a &amp; &#x27; {{x}}',
];

test('FRAME-4: data arrives as published, byte for byte', async () => {
  await using server = await startServer();
  const wire = await server.connect();
  await server.join(wire, 'news');
  for (const data of awkward) {
    await server.api.publish('news', 'e', data);
    const message = await wire.next();
    expect(message).toEqual({ event: 'e', channel: 'news', data });
  }
});

test('FRAME-4: an escaped lone surrogate arrives as that', async () => {
  await using server = await startServer();
  const wire = await server.connect();
  await server.join(wire, 'news');
  await server.api.post('/events', '{"name":"e","channel":"news","data":"\\ud800 \\udc00"}');
  expect((await wire.next()).data).toBe('\ud800 \udc00');
});

test('FRAME-4: event names arrive as published', async () => {
  await using server = await startServer();
  const wire = await server.connect();
  await server.join(wire, 'news');
  for (const name of [
    'App\\Events\\Sent',
    'a b',
    'é"\\',
    '</script>',
    '__proto__',
    'constructor',
    'client-x',
    'pusher-ish',
  ]) {
    await server.api.publish('news', name, '1');
    expect(await wire.next()).toEqual({ event: name, channel: 'news', data: '1' });
  }
});

test('FRAME-4: in pusher-js JSON arrives parsed and other text raw', async () => {
  await using server = await startServer();
  const client = pusherJs(server);
  const channel = new Recorder(client.subscribe('news'));
  await channel.next('pusher:subscription_succeeded');
  await server.api.publish('news', 'json', '{"a":[1,"ü"]}');
  expect(await channel.data('json')).toEqual({ a: [1, 'ü'] });
  await server.api.publish('news', 'text', 'no {json');
  expect(await channel.data('text')).toBe('no {json');
  for (const data of awkward) {
    await server.api.publish('news', 'awkward', JSON.stringify({ data }));
    expect(await channel.data('awkward')).toEqual({ data });
  }
});
