import { expect, test } from 'bun:test';
import Publisher from 'pusher';
import { channelAuth, hmac } from '../support/api.ts';
import { AuthEndpoint, echo, publisher, pusherJs, Recorder, reaches } from '../support/clients.ts';
import { expectSubscribeRefused } from '../support/refusals.ts';
import { dataOf, presenceOf, startServer, succeeded, type TestServer, vectorApp } from '../support/server.ts';
import type { Wire } from '../support/wire.ts';

function subscribe(wire: Wire, channel: string, auth?: unknown, channelData?: unknown): void {
  wire.send({ event: 'pusher:subscribe', data: { channel, auth, channel_data: channelData } });
}

test('PRIV-1: pusher-js subscribes through an auth endpoint, which gets socket_id and channel_name as a form', async () => {
  await using server = await startServer();
  const endpoint = new AuthEndpoint(server, publisher(server));
  const client = pusherJs(server, {
    channelAuthorization: {
      endpoint: `${endpoint.origin}/pusher/auth`,
      transport: 'ajax',
      params: { tenant: 'a&b' },
      headers: { 'X-Token': 't' },
    },
  });
  const channel = new Recorder(client.subscribe('private-a'));
  await channel.next('pusher:subscription_succeeded');
  await server.api.publish('private-a', 'e', '"x"');
  expect(await channel.data('e')).toBe('x');

  const [request] = endpoint.requests;
  expect(request?.path).toBe('/pusher/auth');
  expect(request?.contentType).toBe('application/x-www-form-urlencoded');
  expect(request?.headers.get('x-token')).toBe('t');
  expect(Object.fromEntries(request?.form ?? [])).toEqual({
    socket_id: expect.stringMatching(/^\d+\.\d+$/),
    channel_name: 'private-a',
    tenant: 'a&b',
  });
});

test('PRIV-1: an auth endpoint that refuses raises an error in pusher-js, and nothing goes over the wire', async () => {
  await using server = await startServer();
  const endpoint = new AuthEndpoint(server, publisher(server));
  endpoint.refusal = () => new Response('no', { status: 403 });
  const client = pusherJs(server, endpoint.options());
  const connection = new Recorder(client.connection);
  const channel = new Recorder(client.subscribe('private-a'));
  expect(await channel.data('pusher:subscription_error')).toMatchObject({ type: 'AuthError', status: 403 });
  expect(connection.seen.filter(({ event }) => event === 'error')).toEqual([]);
  expect((await server.api.get('/channels')).json()).toEqual({ channels: {} });
});

test('PRIV-1: laravel-echo subscribes to private channels', async () => {
  await using server = await startServer();
  const endpoint = new AuthEndpoint(server, publisher(server));
  const client = echo(server, endpoint.options());
  const heard = Promise.withResolvers<unknown>();
  const subscribed = Promise.withResolvers<void>();
  client
    .private('orders.1')
    .listen('OrderShipped', heard.resolve)
    .subscribed(() => subscribed.resolve());
  await subscribed.promise;
  await publisher(server).trigger('private-orders.1', 'App\\Events\\OrderShipped', { id: 7 });
  expect(await heard.promise).toEqual({ id: 7 });
});

/** Signatures made by the unmodified libraries, for the key and secret of `vectorApp`. */
const vectors = [
  [
    '1234.1234',
    'private-foobar',
    undefined,
    '58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4',
  ],
  [
    '1234.1234',
    'presence-foobar',
    '{"user_id":10,"user_info":{"name":"Mr. Pusher"}}',
    'afaed3695da2ffd16931f457e338e6c9f2921fa133ce7dac49f529792be6304c',
  ],
  [
    '1234.1234',
    'presence-foobar',
    '{"user_id":10,"user_info":{"name":"Mr. Channels"}}',
    '31935e7d86dba64c2a90aed31fdc61869f9b22ba9d8863bba239c03ca481bc80',
  ],
  [
    '1234.1234',
    'private-encrypted-z',
    undefined,
    'ee05c49f9bc1de3ec371817eea23dff9d17552b90bd8e510a88e7d8e7976e866',
  ],
  [
    '1.2',
    'presence-a',
    '{"user_id":"7","user_info":{"n":"x"}}',
    'cd1315c2de117f82de864c752eae8a57cee83693511fbff2797aa4e4c945c6ed',
  ],
  [
    '1.2',
    'presence-a',
    '{"user_id": "7"}',
    'f5c6cd4d49e5d47f9492803a3e05d3663e95a5bca9efcaf8ba69aeb06a88b822',
  ],
  [
    '1.2',
    'presence-a',
    '{"user_id":"7"}',
    '4db9bfd349308f63f4a3ea2a3a72767dabf86a0926725108d8f781a968fbd6be',
  ],
  [
    '1.2',
    'private-encrypted-z',
    undefined,
    'e051ac71cd9043d33b536735a3d3c7d48fc2df664de5b80bd1739d6a930191ac',
  ],
] as const;

test('PRIV-1: the vectors of the libraries verify', async () => {
  for (const [socketId, channel, channelData, hex] of vectors) {
    expect(channelAuth(vectorApp, socketId, channel, channelData)).toBe(`${vectorApp.key}:${hex}`);
  }
  // On the wire the socket id is the server's choice. This refusal shows that it signs the same string over it.
  await using server = await startServer();
  const wire = await server.connect();
  for (const [, channel, channelData] of vectors) {
    subscribe(wire, channel, `${vectorApp.key}:${'0'.repeat(64)}`, channelData);
    const text = channelData === undefined ? channel : `${channel}:${channelData}`;
    await expectSubscribeRefused(wire, channel, `${wire.socketId}:${text}`);
    succeeded(
      await wire.subscribe(channel, channelAuth(vectorApp, wire.socketId, channel, channelData), channelData),
    );
    wire.unsubscribe(channel);
  }
});

test('PRIV-1: channel_data of a private channel is part of what is signed', async () => {
  await using server = await startServer();
  const wire = await server.connect();
  for (const channel of ['private-a', 'private-encrypted-a']) {
    const channelData = '{"user_id":"1"}';
    subscribe(wire, channel, server.channelAuth(wire, channel), channelData);
    await expectSubscribeRefused(wire, channel, 'Invalid signature');
    subscribe(wire, channel, server.channelAuth(wire, channel, channelData));
    await expectSubscribeRefused(wire, channel, 'Invalid signature');
    succeeded(await wire.subscribe(channel, server.channelAuth(wire, channel, channelData), channelData));
  }
});

test('PRIV-1: empty channel_data is as if there were none', async () => {
  await using server = await startServer();
  const wire = await server.connect();
  succeeded(await wire.subscribe('private-a', server.channelAuth(wire, 'private-a'), ''));
  subscribe(wire, 'presence-a', server.channelAuth(wire, 'presence-a'), '');
  await expectSubscribeRefused(wire, 'presence-a', 'channel_data');
});

test('PRIV-1, PRES-1: every spelling of channel_data verifies', async () => {
  await using server = await startServer();
  const spellings = [
    String.raw`{"user_id":"1","user_info":{"n":"\u00e9\/"}}`,
    String.raw`{"user_id": "1", "user_info": {"n": "\u00e9/"}}`,
    '{"user_id":"1","user_info":{"n":"é/"}}',
    '\n{ "user_info" : { "n" : "é\\/" } ,\t"user_id" : "1" }\n',
  ];
  for (const channelData of spellings) {
    const wire = await server.connect();
    const auth = server.channelAuth(wire, 'presence-a', channelData);
    const success = succeeded(await wire.subscribe('presence-a', auth, channelData));
    expect(presenceOf(success)).toEqual({ ids: ['1'], hash: { 1: { n: 'é/' } }, count: 1 });
    await wire.close();
  }
});

test('PRIV-1: what the pusher library authorises is accepted', async () => {
  await using server = await startServer();
  const library = publisher(server);
  const wire = await server.connect();
  succeeded(await wire.subscribe('private-a', library.authorizeChannel(wire.socketId, 'private-a').auth));
  const presence = library.authorizeChannel(wire.socketId, 'presence-a', {
    user_id: 'é"\\',
    user_info: { a: 'ü/' },
  });
  const success = succeeded(await wire.subscribe('presence-a', presence.auth, presence.channel_data));
  expect(presenceOf(success)).toEqual({ ids: ['é"\\'], hash: { 'é"\\': { a: 'ü/' } }, count: 1 });
});

async function refusedAuths(
  server: TestServer,
  wire: Wire,
  channel: string,
): Promise<[auth: unknown, text: string][]> {
  const right = server.channelAuth(wire, channel);
  const [, hex = ''] = right.split(':');
  const other = await server.connect();
  const otherApp = await server.createApp('other');
  return [
    [undefined, 'Auth info required to subscribe to'],
    ['', 'Auth info required to subscribe to'],
    [null, 'Auth info required to subscribe to'],
    [hex, 'Invalid key'],
    [`:${hex}`, 'Invalid key'],
    [`nobody:${hex}`, "Invalid key in subscription auth data: 'nobody'"],
    [`__proto__:${hex}`, "Invalid key in subscription auth data: '__proto__'"],
    [channelAuth(otherApp, wire.socketId, channel), 'Invalid key'],
    [`${otherApp.key}:${hex}`, 'Invalid key'],
    [`${server.app.key}:`, 'Invalid'],
    [`${server.app.key}:${'0'.repeat(64)}`, 'Invalid signature'],
    [`${server.app.key}:${hex.slice(1)}`, 'Invalid signature'],
    [`${right}0`, 'Invalid signature'],
    [`${right} `, 'Invalid signature'],
    [right.toUpperCase(), 'Invalid'],
    [`${server.app.key}:${hex.toUpperCase()}`, 'Invalid signature'],
    [`${server.app.key}:${hmac(otherApp.secret, `${wire.socketId}:${channel}`)}`, 'Invalid signature'],
    [server.channelAuth(other, channel), 'Invalid signature'],
    [server.channelAuth(wire, `${channel}x`), 'Invalid signature'],
    [server.channelAuth(wire, channel, '{}'), 'Invalid signature'],
  ];
}

test('PRIV-2: a wrong auth is refused and nothing is delivered; the right one is accepted afterwards', async () => {
  await using server = await startServer();
  for (const channel of ['private-a', 'private-encrypted-a', 'private-cache-a']) {
    const wire = await server.connect();
    for (const [auth, text] of await refusedAuths(server, wire, channel)) {
      subscribe(wire, channel, auth);
      await expectSubscribeRefused(wire, channel, text);
    }
    await server.api.publish(channel, 'e', '1');
    await wire.silence();
    expect((await server.api.get(`/channels/${channel}`)).json()).toEqual({ occupied: false });
    await server.join(wire, channel);
    if (channel.includes('cache')) await wire.next('e');
    await server.api.publish(channel, 'e', '2');
    expect((await wire.next('e')).data).toBe('2');
  }
});

test('PRIV-2: auth and channel_data of the wrong type are refused', async () => {
  await using server = await startServer();
  const wire = await server.connect();
  for (const wrong of [1, true, {}, [], ['x']]) {
    subscribe(wire, 'private-a', wrong);
    expect((await wire.next('pusher:error')).data).toMatchObject({ code: null });
    subscribe(wire, 'presence-a', server.channelAuth(wire, 'presence-a', '{}'), wrong);
    expect((await wire.next('pusher:error')).data).toMatchObject({ code: null });
  }
  await server.join(wire, 'private-a');
});

test('PRIV-3, BAD-1: no refusal shows the expected signature or the secret', async () => {
  await using server = await startServer();
  const wire = await server.connect();
  const right = server.channelAuth(wire, 'private-a').split(':')[1] ?? '';
  for (const [auth] of await refusedAuths(server, wire, 'private-a')) {
    if (typeof auth === 'string' && auth.includes(right)) continue;
    const before = wire.texts.length;
    subscribe(wire, 'private-a', auth);
    await wire.until('pusher:subscription_error');
    const told = wire.texts.slice(before).join();
    expect(told).not.toContain(right);
    expect(told).not.toContain(server.app.secret);
  }
});

test('PRIV-4: signatures are compared by a function that takes constant time', async () => {
  // Time itself cannot be asserted; that every comparison of a signature goes through this one can.
  const source = await Bun.file(new URL('../../packages/server/src/apps/auth.ts', import.meta.url)).text();
  expect(source).toContain("import { timingSafeEqual } from 'node:crypto'");
  expect(source.match(/timingSafeEqual\(/g)?.length).toBe(1);
  expect(source).not.toMatch(/\b(signature|hex|digest)\s*[!=]==?|[!=]==?\s*(signature|hex|expected)\b/);
});

test('PRIV-5, SIGN-8: two keys are valid while an app has two, and a revoked one is not', async () => {
  await using server = await startServer();
  const { apps } = server.node;
  const added = await apps.addKey(server.app.id);
  if ('refused' in added) throw new Error(added.refused);
  const second = { id: server.app.id, key: added.key, secret: added.secret };

  const wire = await server.connect();
  succeeded(await wire.subscribe('private-old', channelAuth(server.app, wire.socketId, 'private-old')));
  succeeded(await wire.subscribe('private-new', channelAuth(second, wire.socketId, 'private-new')));
  await server.connect({ key: second.key });
  expect((await server.apiFor(second).get('/channels')).status).toBe(200);

  await apps.revokeKey(server.app.id, second.key);
  subscribe(wire, 'private-late', channelAuth(second, wire.socketId, 'private-late'));
  await expectSubscribeRefused(wire, 'private-late', 'Invalid key');
  expect((await server.apiFor(second).get('/channels')).status).toBe(401);
  expect((await (await server.dialApp({ key: second.key })).closed).code).toBe(4001);
  await server.join(wire, 'private-late');
});

const masterKey = Buffer.alloc(32, 1).toString('base64');

test('ENC-1, ENC-2: what the pusher library encrypts arrives decrypted in pusher-js', async () => {
  await using server = await startServer();
  const library = publisher(server, masterKey);
  const endpoint = new AuthEndpoint(server, library);
  const client = pusherJs(server, endpoint.options());
  const channel = new Recorder(client.subscribe('private-encrypted-z'));
  await channel.next('pusher:subscription_succeeded');
  await library.trigger('private-encrypted-z', 'secret', { hello: 'wörld' });
  expect(await channel.data('secret')).toEqual({ hello: 'wörld' });
});

test('ENC-1: encrypted channels need a signature', async () => {
  await using server = await startServer();
  const wire = await server.connect();
  subscribe(wire, 'private-encrypted-a');
  await expectSubscribeRefused(wire, 'private-encrypted-a', 'Auth info required');
  await server.join(wire, 'private-encrypted-a');
});

test('ENC-2: the ciphertext is relayed and cached as it is', async () => {
  await using server = await startServer();
  const library = publisher(server, masterKey);
  const wire = await server.connect();
  await server.join(wire, 'private-encrypted-cache-z');
  await wire.next('pusher:cache_miss');
  await library.trigger('private-encrypted-cache-z', 'secret', { hello: 'world' });
  const relayed = await wire.nextText();
  const data = dataOf(JSON.parse(relayed)) as { nonce: string; ciphertext: string };
  expect(Object.keys(data).sort()).toEqual(['ciphertext', 'nonce']);
  expect(relayed).not.toContain('hello');

  const late = await server.connect();
  await server.join(late, 'private-encrypted-cache-z');
  expect(await late.nextText()).toBe(relayed);
});

test('ENC-2: the shared secret and box of the libraries hold', async () => {
  const { secretbox } = await import('tweetnacl').then((module) => module.default);
  const auth = (key: Buffer, channel: string) =>
    new Publisher({
      appId: '3',
      key: 'k',
      secret: 's',
      host: 'x',
      encryptionMasterKeyBase64: key.toString('base64'),
    }).authorizeChannel('1.2', channel).shared_secret ?? '';
  const shared = auth(Buffer.alloc(32, 1), 'private-encrypted-z');
  expect(shared).toBe('7UG7tAPTCAcaEj8VH4taFo/Liw+Zulx/G6rFL/n9Qsw=');
  expect(
    auth(Buffer.from('zyrm8pvV2C9fJcBfhyXzvxbJVN/H7QLmbe0xJi1GhPU=', 'base64'), 'private-encrypted-bla'),
  ).toBe('nlr49ISQHz91yS3cy/yWmW8wFMNeTnNL5tNHnbPJcLQ=');
  const opened = secretbox.open(
    Buffer.from('jIi4l2jeTD6Rkx6syAedp0cYgQoQwVXhLKNg9fywEXmF', 'base64'),
    Buffer.alloc(24, 2),
    Buffer.from(shared, 'base64'),
  );
  expect(Buffer.from(opened ?? []).toString()).toBe('{"hello":"world"}');
});

test('ENC-3, CLIENT-4: a client event on an encrypted channel is refused', async () => {
  await using server = await startServer();
  const [a, b] = [await server.connect(), await server.connect()];
  for (const channel of ['private-encrypted-a', 'private-encrypted-cache-a']) {
    await server.join(a, channel);
    await server.join(b, channel);
    for (const wire of [a, b]) if (channel.includes('cache')) await wire.next('pusher:cache_miss');
    a.send({ event: 'client-x', channel, data: {} });
    expect((await a.next('pusher:error')).data).toMatchObject({ code: null });
    await b.silence();
  }
});

test('PRIV-2: laravel-echo hears of a refused subscribe', async () => {
  await using server = await startServer();
  const endpoint = new AuthEndpoint(server, publisher(server));
  endpoint.refusal = () => Response.json({ auth: `${server.app.key}:${'0'.repeat(64)}` });
  const client = echo(server, endpoint.options());
  const error = Promise.withResolvers<unknown>();
  client.private('a').error(error.resolve);
  expect(await error.promise).toMatchObject({ type: 'AuthError', status: 401 });
  await reaches(client.connector.pusher, 'connected');
});
