import { expect, test } from 'bun:test';
import { encodeQuery, signedParams } from '../support/api.ts';
import { publisher } from '../support/clients.ts';
import { RawHttp } from '../support/raw-http.ts';
import { newCluster, startServer, succeeded } from '../support/server.ts';

test('API-1: answers are JSON, refusals plain text, and empty results objects', async () => {
  await using server = await startServer();
  const oks = [
    await server.api.post('/events', { name: 'e', channel: 'a', data: '1' }),
    await server.api.post('/events', { name: 'e', channel: 'a', data: '1', info: 'user_count' }),
    await server.api.post('/batch_events', { batch: [{ name: 'e', channel: 'a', data: '1' }] }),
    await server.api.post('/batch_events', { batch: [] }),
    await server.api.get('/channels'),
    await server.api.get('/channels/a'),
    await server.api.get('/channels/presence-a/users'),
    await server.api.post('/users/u1/terminate_connections', {}),
  ];
  expect(oks.map(({ status, type, text }) => `${status} ${type.split(';')[0]} ${text}`)).toEqual([
    '200 application/json {}',
    '200 application/json {"channels":{"a":{}}}',
    '200 application/json {}',
    '200 application/json {}',
    '200 application/json {"channels":{}}',
    '200 application/json {"occupied":false}',
    '200 application/json {"users":[]}',
    '200 application/json {}',
  ]);
  const refusals = [
    await server.api.post('/events', {}),
    await server.api.raw('GET', '/apps/3/channels'),
    await server.api.raw('GET', '/apps/999/channels'),
    await server.api.get('/nothing'),
    await server.api.post('/events', { name: 'e', channel: 'a', data: 'x'.repeat(10_241) }),
  ];
  expect(refusals.map(({ status }) => status)).toEqual([400, 401, 404, 404, 413]);
  for (const { type, text } of refusals) {
    expect(type).toStartWith('text/plain');
    expect(text.length).toBeGreaterThan(5);
  }
});

test('API-1: an unknown path is 404 NOT FOUND', async () => {
  await using server = await startServer();
  for (const [method, path] of [
    ['GET', '/nothing'],
    ['GET', '/apps'],
    ['GET', '/apps/3'],
    ['GET', '/apps/3/events'],
    ['POST', '/apps/3/channels'],
    ['DELETE', '/apps/3/events'],
    ['GET', '/apps/3/channels/a/b/c'],
    ['POST', '/users/u1'],
    ['GET', '/apps/3/users/u1/terminate_connections'],
  ] as const) {
    const answer = await server.api.raw(method, path);
    expect(`${method} ${path}: ${answer.status} ${answer.text}`).toBe(
      `${method} ${path}: 404 404 NOT FOUND\n`,
    );
    expect(answer.type).toStartWith('text/plain');
  }
});

test('API-2: with and without Content-Type, and with one on GET', async () => {
  await using server = await startServer();
  const http = await RawHttp.connect(server.port);
  server.onStop(() => http.destroy());
  const body = '{"name":"e","channel":"a","data":"1"}';
  const target = (method: string, path: string, content?: string) =>
    `${path}?${encodeQuery(signedParams({ method, path, body: content, app: server.app, timestamp: server.api.nowSeconds() }))}`;
  for (const type of [
    undefined,
    'application/json',
    'text/plain',
    'application/x-www-form-urlencoded',
    'nonsense',
    'multipart/form-data',
  ]) {
    const headers: Record<string, string> = type === undefined ? {} : { 'Content-Type': type };
    expect((await http.request('POST', target('POST', '/apps/3/events', body), body, headers)).body).toBe(
      '{}',
    );
    expect((await http.request('GET', target('GET', '/apps/3/channels'), '', headers)).body).toBe(
      '{"channels":{}}',
    );
  }
});

test('API-2: parameters of a POST may stand in the query', async () => {
  await using server = await startServer();
  const wire = await server.connect();
  for (const channel of ['a', 'b', 'c']) await server.join(wire, channel);
  const one = await server.api.request('POST', '/events', [
    ['name', 'e'],
    ['channel', 'a'],
    ['data', 'd&=é'],
  ]);
  expect(one.text).toBe('{}');
  expect(await wire.next()).toEqual({ event: 'e', channel: 'a', data: 'd&=é' });
  const more = await server.api.request(
    'POST',
    '/events',
    [
      ['name', 'e'],
      ['channels[]', 'b'],
      ['channels[]', 'c'],
      ['info', 'subscription_count'],
      ['socket_id', '1.2'],
    ],
    '{"data":"body"}',
  );
  expect(more.json()).toEqual({ channels: { b: { subscription_count: 1 }, c: { subscription_count: 1 } } });
  expect((await wire.take(2)).map(({ channel, data }) => [channel, data])).toEqual([
    ['b', 'body'],
    ['c', 'body'],
  ]);
});

test('API-2: a body in chunks, and one that is announced with Expect', async () => {
  await using server = await startServer();
  const wire = await server.connect();
  await server.join(wire, 'a');
  const http = await RawHttp.connect(server.port);
  server.onStop(() => http.destroy());
  const body = JSON.stringify({ name: 'e', channel: 'a', data: 'é'.repeat(2_000) });
  const target = (content: string) =>
    `/apps/3/events?${encodeQuery(signedParams({ method: 'POST', path: '/apps/3/events', body: content, app: server.app, timestamp: server.api.nowSeconds() }))}`;
  const bytes = Buffer.from(body);
  http.send(`POST ${target(body)} HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n`);
  for (let at = 0; at < bytes.length; at += 999) {
    const chunk = bytes.subarray(at, at + 999);
    http.send(`${chunk.length.toString(16)}\r\n`);
    http.send(chunk);
    http.send('\r\n');
  }
  http.send('0\r\n\r\n');
  expect((await http.answer()).body).toBe('{}');
  expect((await wire.next('e')).data).toBe('é'.repeat(2_000));

  const announced = await http.request('POST', target(body), body, { Expect: '100-continue' });
  const answer = announced.status === 100 ? await http.answer() : announced;
  expect(answer.body).toBe('{}');
  await wire.next('e');
});

test('API-2: 1000 requests on one TCP connection', async () => {
  await using server = await startServer();
  const http = await RawHttp.connect(server.port);
  server.onStop(() => http.destroy());
  const wire = await server.connect();
  await server.join(wire, 'a');
  for (let i = 0; i < 1_000; i++) {
    const body = JSON.stringify({ name: 'e', channel: 'a', data: String(i) });
    const params = signedParams({
      method: 'POST',
      path: '/apps/3/events',
      body,
      app: server.app,
      timestamp: server.api.nowSeconds(),
    });
    const answer = await http.request('POST', `/apps/3/events?${encodeQuery(params)}`, body);
    if (answer.status !== 200) throw new Error(`request ${i} answered ${answer.status} ${answer.body}`);
  }
  const got = await wire.take(1_000);
  expect(got.map(({ data }) => Number(data))).toEqual(Array.from({ length: 1_000 }, (_, i) => i));
});

test('API-3: channel and channels, and a channel named twice', async () => {
  await using server = await startServer();
  const wire = await server.connect();
  for (const channel of ['a', 'b']) await server.join(wire, channel);
  await server.api.post('/events', { name: 'e', data: '1', channel: 'a' });
  await server.api.post('/events', { name: 'e', data: '2', channels: ['b'] });
  await server.api.post('/events', { name: 'e', data: '3', channels: ['b', 'a', 'b', 'a'] });
  const got = (await wire.take(4)).map(({ channel, data }) => `${channel}${data}`);
  expect(got).toEqual(['a1', 'b2', 'b3', 'a3']);
  await wire.silence();
});

test('API-3: unknown members of the body are ignored', async () => {
  await using server = await startServer();
  const wire = await server.connect();
  await server.join(wire, 'a');
  const body =
    '{"name":"e","data":"1","channel":"a","extra":{"x":1},"__proto__":{"info":"nonsense"},"constructor":1,"tags":{}}';
  expect((await server.api.post('/events', body)).text).toBe('{}');
  expect(await wire.next()).toEqual({ event: 'e', channel: 'a', data: '1' });
});

test('API-3, API-8, API-11, API-14, API-15: every call of the pusher library', async () => {
  await using server = await startServer();
  const library = publisher(server);
  const wire = await server.connect();
  await server.join(wire, 'a');
  await server.join(wire, 'b');
  await server.joinPresence(wire, 'presence-a', 'u1');
  await server.signIn(wire, { id: 'u1' });
  const json = async (answer: Promise<{ json(): Promise<unknown> }>) => (await answer).json();
  expect(await json(library.trigger('a', 'e', { x: 'é' }))).toEqual({});
  expect(await wire.next()).toEqual({ event: 'e', channel: 'a', data: '{"x":"é"}' });
  expect(
    await json(
      library.trigger(['a', 'b'], 'e', 'text', { socket_id: wire.socketId, info: 'subscription_count' }),
    ),
  ).toEqual({
    channels: { a: { subscription_count: 1 }, b: { subscription_count: 1 } },
  });
  await wire.silence();
  expect(
    await json(
      library.triggerBatch([
        { channel: 'a', name: 'x', data: 1 },
        { channel: 'b', name: 'y', data: '2' },
      ]),
    ),
  ).toEqual({});
  expect((await wire.take(2)).map(({ event, data }) => `${event}${data}`)).toEqual(['x1', 'y2']);
  expect(
    await json(
      library.get({
        path: '/channels',
        params: { filter_by_prefix: 'presence-', info: 'user_count,subscription_count' },
      }),
    ),
  ).toEqual({
    channels: { 'presence-a': { user_count: 1, subscription_count: 1 } },
  });
  expect(await json(library.get({ path: '/channels/a', params: { info: 'subscription_count' } }))).toEqual({
    occupied: true,
    subscription_count: 1,
  });
  expect(await json(library.get({ path: '/channels/presence-a/users' }))).toEqual({ users: [{ id: 'u1' }] });
  expect(await json(library.terminateUserConnections('u1'))).toEqual({});
  expect((await wire.closed).code).toBe(4009);
  await expect(library.get({ path: '/channels/a/users' })).rejects.toMatchObject({ status: 400 });
});

test('API-4: 10240 bytes of UTF-8 pass, 10241 are 413', async () => {
  await using server = await startServer();
  const wire = await server.connect();
  await server.join(wire, 'a');
  for (const data of [
    'x'.repeat(10_240),
    'é'.repeat(5_120),
    `${'漢'.repeat(3_413)}x`,
    '"'.repeat(10_240),
    '\u0001'.repeat(10_240),
  ]) {
    await server.api.publish('a', 'e', data);
    expect((await wire.next('e')).data).toBe(data);
  }
  for (const data of ['x'.repeat(10_241), `${'é'.repeat(5_120)}x`, '漢'.repeat(3_414), '😀'.repeat(2_561)]) {
    const answer = await server.api.post('/events', { name: 'e', channel: 'a', data });
    expect(answer.status).toBe(413);
    expect(answer.text).toStartWith(
      'The data content of this event exceeds the allowed maximum (10240 bytes).',
    );
  }
  await wire.silence();
});

test('API-4: the size is a setting', async () => {
  await using server = await startServer({ env: { EARSHOT_APP_EVENT_BYTES: '100000' } });
  const wire = await server.connect();
  await server.join(wire, 'a');
  await server.api.publish('a', 'e', 'x'.repeat(100_000));
  expect(String((await wire.next('e')).data).length).toBe(100_000);
  expect(
    (await server.api.post('/events', { name: 'e', channel: 'a', data: 'x'.repeat(100_001) })).text,
  ).toContain('(100000 bytes)');
});

test('API-5: 100 channels pass, 101 do not', async () => {
  await using server = await startServer();
  const wire = await server.connect();
  const channels = Array.from({ length: 101 }, (_, i) => `c${i}`);
  await server.join(wire, 'c0');
  await server.join(wire, 'c99');
  await server.api.publish(channels.slice(0, 100), 'e', '1');
  expect((await wire.take(2)).map(({ channel }) => channel)).toEqual(['c0', 'c99']);
  expect((await server.api.post('/events', { name: 'e', data: '1', channels })).status).toBe(400);
  await wire.silence();
});

test('API-5: a request that is wrong is 400, says why, and sends nothing', async () => {
  await using server = await startServer();
  const wire = await server.connect();
  await server.join(wire, 'a');
  const good = { name: 'e', data: '1', channel: 'a' };
  const { channel: _, ...noChannel } = good;
  const bodies: unknown[] = [
    '',
    'not json',
    '{"name":"e"',
    'null',
    '1',
    '"text"',
    '[]',
    '[{"name":"e","data":"1","channel":"a"}]',
    '{}',
    { ...good, name: undefined },
    { ...good, name: '' },
    { ...good, name: 1 },
    { ...good, name: null },
    { ...good, name: 'x'.repeat(201) },
    { ...good, data: undefined },
    { ...good, data: { a: 1 } },
    { ...good, data: 1 },
    { ...good, data: null },
    { ...good, data: ['x'] },
    noChannel,
    { ...good, channel: '' },
    { ...good, channel: 1 },
    { ...good, channel: null },
    { ...good, channel: ['a'] },
    ...['a b', 'a/b', 'a:b', '#x', '#server-to-user-', 'é', 'x'.repeat(201), 'a\n'].map((channel) => ({
      ...good,
      channel,
    })),
    { ...noChannel, channels: [] },
    { ...noChannel, channels: 'a' },
    { ...noChannel, channels: ['a', 'b c'] },
    { ...noChannel, channels: ['a', 1] },
    { ...noChannel, channels: { 0: 'a' } },
    ...['1', '1.', '.2', 'x.y', '1.2.3', '-1.2', '1.2 ', ' 1.2', '１.２'].map((socket_id) => ({
      ...good,
      socket_id,
    })),
    { ...good, socket_id: 12.5 },
    { ...good, socket_id: ['1.2'] },
    { ...good, info: 'nonsense' },
    { ...good, info: 'cache' },
    { ...good, info: 1 },
    { ...good, info: ['user_count'] },
  ];
  for (const body of bodies) {
    const answer = await server.api.post('/events', body);
    const shown = (typeof body === 'string' ? body : JSON.stringify(body)).slice(0, 80);
    expect(`${shown}: ${answer.status}`).toBe(`${shown}: 400`);
    expect(answer.text.length).toBeGreaterThan(10);
    expect(answer.text.length).toBeLessThan(1_000);
  }
  expect((await server.api.request('POST', '/events', [], new Uint8Array([0x7b, 0xff, 0xfe]))).status).toBe(
    400,
  );
  await wire.silence();
  await server.api.publish('a', 'x'.repeat(200), '1');
  await wire.next('x'.repeat(200));
});

test('API-6: socket_id leaves a connection out on every channel, and an unknown one is harmless', async () => {
  const cluster = newCluster();
  await using one = await startServer({ cluster });
  await using two = await startServer({ cluster });
  const [left, other, far] = [await one.connect(), await one.connect(), await two.connect()];
  for (const [server, wire] of [
    [one, left],
    [one, other],
    [two, far],
  ] as const) {
    await server.join(wire, 'a');
    await server.join(wire, 'private-b');
  }
  // Through its own node, and through the other one.
  for (const server of [one, two]) {
    await server.api.publish(['a', 'private-b'], 'e', '1', { socket_id: left.socketId });
    for (const wire of [other, far])
      expect((await wire.take(2)).map(({ channel }) => channel)).toEqual(['a', 'private-b']);
    await left.silence();
  }
  await one.api.batch([
    { channel: 'a', name: 'e', data: '1', socket_id: left.socketId },
    { channel: 'a', name: 'e', data: '2' },
    { channel: 'private-b', name: 'e', data: '3', socket_id: far.socketId },
  ]);
  expect((await left.take(2)).map(({ data }) => data)).toEqual(['2', '3']);
  expect((await other.take(3)).map(({ data }) => data)).toEqual(['1', '2', '3']);
  expect((await far.take(2)).map(({ data }) => data)).toEqual(['1', '2']);
  for (const wire of [left, other, far]) await wire.silence();

  const gone = other.socketId;
  await other.close();
  for (const socketId of [gone, '1.2', '99999999999999999999.1', null, '']) {
    await one.api.publish('a', 'e', '4', { socket_id: socketId as string });
    for (const wire of [left, far]) expect((await wire.next()).data).toBe('4');
  }
});

test('API-7: info on a publish', async () => {
  await using server = await startServer();
  for (const id of ['1', '1', '2']) await server.joinPresence(await server.connect(), 'presence-a', id);
  const wire = await server.connect();
  await server.join(wire, 'a');
  const publish = async (channels: string[], info: string) =>
    (await server.api.post('/events', { name: 'e', data: '1', channels, info })).json();
  expect(
    await publish(['a', 'presence-a', 'a', 'presence-empty', 'cache-x'], 'user_count,subscription_count'),
  ).toEqual({
    channels: {
      a: { subscription_count: 1 },
      'presence-a': { user_count: 2, subscription_count: 3 },
      'presence-empty': { user_count: 0, subscription_count: 0 },
      'cache-x': { subscription_count: 0 },
    },
  });
  expect(await publish(['a', 'presence-a'], 'user_count')).toEqual({
    channels: { a: {}, 'presence-a': { user_count: 2 } },
  });
  expect(await publish(['a'], '')).toEqual({});
  const proto = await server.api.post('/events', {
    name: 'e',
    data: '1',
    channels: ['__proto__', 'constructor'],
    info: 'subscription_count',
  });
  expect(proto.text).toBe(
    '{"channels":{"__proto__":{"subscription_count":0},"constructor":{"subscription_count":0}}}',
  );
});

test('API-8: a batch of 10 in order, 11 are too many', async () => {
  await using server = await startServer();
  const wire = await server.connect();
  await server.join(wire, 'a');
  await server.join(wire, 'b');
  const batch = Array.from({ length: 11 }, (_, i) => ({
    channel: i % 2 === 0 ? 'a' : 'b',
    name: `e${i}`,
    data: String(i),
  }));
  expect((await server.api.batch(batch.slice(0, 10))).text).toBe('{}');
  expect((await wire.take(10)).map(({ event }) => event)).toEqual(batch.slice(0, 10).map(({ name }) => name));
  const answer = await server.api.batch(batch);
  expect(answer.status).toBe(400);
  expect(answer.text).toStartWith('Batch too large');
  await wire.silence();
});

test('API-9: one bad event refuses the batch with its status', async () => {
  await using server = await startServer();
  const wire = await server.connect();
  await server.join(wire, 'a');
  const good = { channel: 'a', name: 'e', data: '1' };
  const bad: [event: unknown, status: number][] = [
    [{ ...good, data: 'x'.repeat(10_241) }, 413],
    [{ ...good, channel: 'a b' }, 400],
    [{ ...good, name: '' }, 400],
    [{ ...good, data: {} }, 400],
    [{ ...good, socket_id: 'x' }, 400],
    [{ ...good, info: 'nonsense' }, 400],
    [{}, 400],
    [null, 400],
    ['text', 400],
    [[good], 400],
  ];
  for (const [event, status] of bad) {
    for (const batch of [
      [good, event],
      [event, good],
    ]) {
      expect((await server.api.post('/batch_events', { batch })).status).toBe(status);
    }
  }
  for (const body of ['', 'x', '[]', '{}', '{"batch":null}', '{"batch":{}}', '{"batch":"x"}']) {
    expect(`${body} ${(await server.api.post('/batch_events', body)).status}`).toBe(`${body} 400`);
  }
  await wire.silence();
});

test('API-10: batch info is aligned by index, with {} where nothing was asked or applies', async () => {
  await using server = await startServer();
  await server.joinPresence(await server.connect(), 'presence-a', '1');
  const event = { name: 'e', data: '1' };
  const answer = await server.api.batch([
    { ...event, channel: 'presence-a', info: 'user_count,subscription_count' },
    { ...event, channel: 'presence-a' },
    { ...event, channel: 'a', info: 'user_count' },
    { ...event, channel: 'a', info: 'subscription_count' },
  ]);
  expect(answer.json()).toEqual({
    batch: [{ user_count: 1, subscription_count: 1 }, {}, {}, { subscription_count: 0 }],
  });
});

test('API-11: the list has occupied channels, {} without info, and filters by prefix', async () => {
  const cluster = newCluster();
  await using one = await startServer({ cluster });
  await using two = await startServer({ cluster });
  const wire = await one.connect();
  for (const channel of ['news', 'private-a', '__proto__', 'constructor', '1']) await one.join(wire, channel);
  await one.joinPresence(wire, 'presence-a', 'u1');
  await two.joinPresence(await two.connect(), 'presence-a', 'u1');
  await two.joinPresence(await two.connect(), 'presence-b', 'u2');
  for (const server of [one, two]) {
    const list = async (params: Record<string, string>) => {
      const answer = await server.api.get('/channels', params);
      expect(answer.status).toBe(200);
      return new Map(Object.entries(answer.json<{ channels: object }>().channels));
    };
    expect([...(await list({})).keys()].sort()).toEqual([
      '1',
      '__proto__',
      'constructor',
      'news',
      'presence-a',
      'presence-b',
      'private-a',
    ]);
    for (const value of (await list({})).values()) expect(value).toEqual({});
    expect([...(await list({ filter_by_prefix: 'pr' })).keys()].sort()).toEqual([
      'presence-a',
      'presence-b',
      'private-a',
    ]);
    expect((await list({ filter_by_prefix: 'nothing' })).size).toBe(0);
    expect(await list({ filter_by_prefix: 'presence-', info: 'user_count,subscription_count' })).toEqual(
      new Map([
        ['presence-a', { user_count: 1, subscription_count: 2 }],
        ['presence-b', { user_count: 1, subscription_count: 1 }],
      ]),
    );
    expect((await list({ info: 'subscription_count' })).get('news')).toEqual({ subscription_count: 1 });
  }
  await wire.close();
  expect(Object.keys((await two.api.get('/channels')).json<{ channels: object }>().channels).sort()).toEqual([
    'presence-a',
    'presence-b',
  ]);
});

test('API-11: user_count without a presence prefix, and unknown attributes, are 400', async () => {
  await using server = await startServer();
  for (const params of [
    { info: 'user_count' },
    { info: 'user_count', filter_by_prefix: 'private-' },
    { info: 'user_count', filter_by_prefix: 'presence' },
  ]) {
    expect((await server.api.get('/channels', params)).status).toBe(400);
  }
  for (const info of ['nonsense', 'subscription_count,nonsense', '__proto__', 'cache']) {
    const answer = await server.api.get('/channels', { info });
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('info should be a comma separated list of attributes');
  }
});

test('API-12: one channel', async () => {
  await using server = await startServer();
  for (const id of ['1', '1']) await server.joinPresence(await server.connect(), 'presence-a', id);
  await server.join(await server.connect(), 'news');
  const get = async (channel: string, info?: string) =>
    server.api.get(`/channels/${channel}`, info === undefined ? {} : { info });
  expect((await get('news')).json()).toEqual({ occupied: true });
  expect((await get('nobody')).json()).toEqual({ occupied: false });
  expect((await get('__proto__')).json()).toEqual({ occupied: false });
  expect((await get('news', 'subscription_count')).json()).toEqual({ occupied: true, subscription_count: 1 });
  expect((await get('nobody', 'subscription_count')).json()).toEqual({
    occupied: false,
    subscription_count: 0,
  });
  expect((await get('presence-a', 'user_count,subscription_count')).json()).toEqual({
    occupied: true,
    user_count: 1,
    subscription_count: 2,
  });
  expect((await get('presence-b', 'user_count')).json()).toEqual({ occupied: false, user_count: 0 });
  const refused = await get('news', 'user_count');
  expect(refused.status).toBe(400);
  expect(refused.text).toStartWith('Cannot retrieve the user count unless the channel is a presence channel');
  expect((await get('news', 'cache')).status).toBe(400);
  expect((await get('presence-a', 'cache')).status).toBe(400);
  expect((await get('news', 'nonsense')).status).toBe(400);
  expect((await server.api.get('/channels/a%20b')).status).toBe(400);
});

test('API-14: users of a presence channel', async () => {
  await using server = await startServer();
  const path = '/channels/presence-a/users';
  expect((await server.api.get(path)).text).toBe('{"users":[]}');
  for (const channelData of [
    '{"user_id":10}',
    '{"user_id":"10"}',
    '{"user_id":"b"}',
    '{"user_id":"__proto__"}',
  ]) {
    const wire = await server.connect();
    succeeded(
      await wire.subscribe('presence-a', server.channelAuth(wire, 'presence-a', channelData), channelData),
    );
  }
  expect((await server.api.get(path)).json()).toEqual({
    users: [{ id: '10' }, { id: 'b' }, { id: '__proto__' }],
  });
  for (const channel of ['news', 'private-a', 'presence', 'private-encrypted-a']) {
    expect((await server.api.get(`/channels/${channel}/users`)).status).toBe(400);
  }
  const extra = await server.api.get(path, { info: 'user_count' });
  expect(extra.status).toBe(400);
  expect(extra.text).toStartWith('The following query string parameters are extraneous: info');
});

test('API-15: terminating nobody is 200 {}', async () => {
  await using server = await startServer();
  expect((await server.api.terminate('nobody')).text).toBe('{}');
  const path = '/users/nobody/terminate_connections';
  const params = signedParams({
    method: 'POST',
    path,
    body: '{}',
    app: server.app,
    timestamp: server.api.nowSeconds(),
  });
  const answer = await server.api.raw('POST', `${path}?${encodeQuery(params)}`, '{}');
  expect(`${answer.status} ${answer.text}`).toBe('200 {}');
});

test('API-15, SIGN-8: the path without an app id acts on the key’s app only', async () => {
  await using server = await startServer();
  const other = await server.createApp('other');
  const wire = await server.connect();
  await server.signIn(wire, { id: 'u1' });
  const path = '/users/u1/terminate_connections';
  const as = (app: typeof other) => {
    const params = signedParams({
      method: 'POST',
      path,
      body: '{}',
      app,
      timestamp: server.api.nowSeconds(),
    });
    return server.api.raw('POST', `${path}?${encodeQuery(params)}`, '{}');
  };
  expect((await as(other)).text).toBe('{}');
  await wire.silence();
  expect((await as(server.app)).text).toBe('{}');
  expect((await wire.closed).code).toBe(4009);
});

test('API-16: the deprecated forms', async () => {
  await using server = await startServer();
  const [wire, left] = [await server.connect(), await server.connect()];
  for (const each of [wire, left]) await server.join(each, 'a');
  const params: [string, string][] = [
    ['name', 'e'],
    ['socket_id', left.socketId],
  ];
  const answer = await server.api.request('POST', '/channels/a/events', params, '{"raw":"é"}');
  expect(`${answer.status} ${answer.text}`).toBe('202 ');
  expect(await wire.next()).toEqual({ event: 'e', channel: 'a', data: '{"raw":"é"}' });
  await left.silence();
  expect((await server.api.request('POST', '/channels/a/events', [], '{}')).status).toBe(400);
  await server.joinPresence(wire, 'presence-a', '1');
  expect((await server.api.get('/channels/a/stats')).json()).toEqual({ occupied: true });
  expect((await server.api.get('/channels/presence-a/stats')).json()).toEqual({
    occupied: true,
    user_count: 1,
  });
  expect((await server.api.get('/channels/presence-b/stats')).json()).toEqual({
    occupied: false,
    user_count: 0,
  });
});

test('API-17: a disabled app is 403', async () => {
  await using server = await startServer();
  await server.update({ enabled: false });
  expect((await server.api.get('/channels')).status).toBe(403);
  expect((await server.api.post('/events', { name: 'e', channel: 'a', data: '1' })).status).toBe(403);
  await server.update({ enabled: true });
  expect((await server.api.get('/channels')).status).toBe(200);
});
