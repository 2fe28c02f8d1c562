import { expect, test } from 'bun:test';
import { ManualClock } from '@earshot/base';
import {
  type Answer,
  encodeQuery,
  hmac,
  md5,
  type Params,
  signedParams,
  stringToSign,
} from '../support/api.ts';
import { publisher } from '../support/clients.ts';
import { RawHttp } from '../support/raw-http.ts';
import { startServer, type TestServer, vectorApp } from '../support/server.ts';

const vectorSeconds = 1_353_088_179;

function serverAt(seconds: number): Promise<TestServer> {
  return startServer({ clock: new ManualClock(seconds * 1000) });
}

interface Vector {
  method: string;
  path: string;
  params?: Params;
  body?: string;
  bodyMd5?: string;
  signature: string;
}

const vectors: Vector[] = [
  {
    method: 'POST',
    path: '/apps/3/events',
    body: '{"name":"foo","channels":["project-3"],"data":"{\\"some\\":\\"data\\"}"}',
    bodyMd5: 'ec365a775a4cd0599faeb73354201b6f',
    signature: 'da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c',
  },
  {
    method: 'POST',
    path: '/apps/3/batch_events',
    body: '{"batch":[{"channel":"a","name":"e1","data":"{}"},{"channel":"b","name":"e2","data":"x","socket_id":"1.2"}]}',
    bodyMd5: '37fb36dca283150f15ada498a29930ab',
    signature: 'e805de608873c18ea44719ded3e4543cceee26a97416cf6457d84f4a0b6a1b75',
  },
  {
    method: 'GET',
    path: '/apps/3/channels',
    params: [
      ['filter_by_prefix', 'presence-'],
      ['info', 'user_count,subscription_count'],
    ],
    signature: 'ff97d40ab3fbbd15394386a29c12998c33635305357b2e2abd18dc67efe3f87d',
  },
  {
    method: 'GET',
    path: '/apps/3/channels',
    bodyMd5: 'd41d8cd98f00b204e9800998ecf8427e',
    signature: '5c3cd75022c4f62c35ad22f6a9cce366c860477a3b7092ca790ecfc17e6af302',
  },
  {
    method: 'POST',
    path: '/apps/3/users/a@b/terminate_connections',
    body: '{}',
    bodyMd5: '99914b932bd37a50b983c5e7c90ae93b',
    signature: '8fa86d1a5cc2d4eb3d5a3738edb7e5165bbeefbd422e96887eab6eaf7f520793',
  },
  {
    method: 'POST',
    path: '/users/u1/terminate_connections',
    body: '{}',
    bodyMd5: '99914b932bd37a50b983c5e7c90ae93b',
    signature: '951df0dd95b7293cb933db797fbe24dec9df2e649bb6bc5e47b5517c2dda9b49',
  },
];

function vectorParams(vector: Vector): [string, string][] {
  return [
    ['auth_key', vectorApp.key],
    ['auth_timestamp', String(vectorSeconds)],
    ['auth_version', '1.0'],
    ...(vector.params ?? []).map(([name, value]): [string, string] => [name, value]),
    ...(vector.bodyMd5 === undefined ? [] : [['body_md5', vector.bodyMd5] as [string, string]]),
    ['auth_signature', vector.signature],
  ];
}

test('SIGN-1, SIGN-5, API-15: the literal vectors are accepted at their time', async () => {
  await using server = await serverAt(vectorSeconds);
  for (const vector of vectors) {
    const answer = await server.api.raw(
      vector.method,
      `${vector.path}?${encodeQuery(vectorParams(vector))}`,
      vector.body,
    );
    expect(`${vector.path} ${answer.status} ${answer.text}`).toBe(
      `${vector.path} 200 ${vector.method === 'GET' ? '{"channels":{}}' : '{}'}`,
    );
  }
});

test('SIGN-1: one character of signature, method, path, parameter or body more or less is refused', async () => {
  await using server = await serverAt(vectorSeconds);
  for (const vector of vectors) {
    const query = encodeQuery(vectorParams(vector));
    if (vector.body !== undefined) {
      expect((await server.api.raw('POST', `${vector.path}?${query}`, `${vector.body} `)).status).toBe(401);
      expect((await server.api.raw('POST', `${vector.path}?${query}`)).status).toBe(401);
    }
    const wrong = query.replace(
      /(auth_signature=.*)(.)$/,
      (_, head, last) => head + (last === '0' ? '1' : '0'),
    );
    expect((await server.api.raw(vector.method, `${vector.path}?${wrong}`, vector.body)).status).toBe(401);
    expect((await server.api.raw(vector.method, `${vector.path}?${query}&x=1`, vector.body)).status).toBe(
      401,
    );
  }
});

/** One signed request, its parameters rearranged or changed on their way; gives the answer. */
async function send(
  server: TestServer,
  change: (params: [string, string][]) => Params,
  options: { body?: string; timestamp?: number; path?: string; method?: string; extra?: Params } = {},
): Promise<Answer> {
  const { body, path = '/apps/3/channels', method = body === undefined ? 'GET' : 'POST' } = options;
  const timestamp = options.timestamp ?? server.api.nowSeconds();
  const params = signedParams({
    method,
    path,
    params: options.extra ?? [],
    body,
    app: server.app,
    timestamp,
  });
  return server.api.raw(method, `${path}?${encodeQuery(change(params))}`, body);
}

const event = '{"name":"e","channel":"a","data":"{}"}';

test('SIGN-2: parameters in any order, the signature first, in the middle or last', async () => {
  await using server = await startServer();
  const orders: ((params: [string, string][]) => Params)[] = [
    (params) => params,
    (params) => [...params].reverse(),
    (params) => [...params].sort(([a], [b]) => (a < b ? -1 : 1)),
    (params) => [...params.slice(-1), ...params.slice(0, -1)],
    (params) => [...params.slice(0, 2), ...params.slice(-1), ...params.slice(2, -1)],
  ];
  for (const order of orders) {
    expect(
      (
        await send(server, order, {
          extra: [
            ['filter_by_prefix', 'a'],
            ['info', 'subscription_count'],
          ],
        })
      ).status,
    ).toBe(200);
    expect((await send(server, order, { body: event, path: '/apps/3/events' })).status).toBe(200);
  }
});

test('SIGN-2: names in upper case verify after lower-casing', async () => {
  await using server = await startServer();
  const upper = (params: [string, string][]) =>
    params.map(([name, value]): [string, string] => [name.toUpperCase(), value]);
  expect((await send(server, upper)).status).toBe(200);
  expect((await send(server, upper, { body: event, path: '/apps/3/events' })).status).toBe(200);
  const mixed = (params: [string, string][]) =>
    params.map(([name, value]): [string, string] => [
      name.replace('auth_k', 'Auth_K').replace('body', 'Body'),
      value,
    ]);
  expect((await send(server, mixed, { body: event, path: '/apps/3/events' })).status).toBe(200);
});

test('SIGN-2: %2C and a raw comma, %5B%5D and raw brackets', async () => {
  await using server = await startServer();
  const path = '/apps/3/channels';
  const base = { method: 'GET', path, app: server.app, timestamp: server.api.nowSeconds() };
  const params = signedParams({
    ...base,
    params: [
      ['filter_by_prefix', 'presence-'],
      ['info', 'user_count,subscription_count'],
    ],
  });
  const encoded = encodeQuery(params);
  expect(encoded).toContain('%2C');
  for (const query of [encoded, encoded.replace('%2C', ','), encoded.replace('%2C', '%2c')]) {
    expect((await server.api.raw('GET', `${path}?${query}`)).json()).toEqual({ channels: {} });
  }

  const wire = await server.connect();
  await server.join(wire, 'b');
  await server.join(wire, 'a');
  const post = signedParams({
    ...base,
    method: 'POST',
    path: '/apps/3/events',
    params: [
      ['name', 'e'],
      ['data', 'a b+c&d=é'],
      ['channels[]', 'b'],
      ['channels[]', 'a'],
    ],
  });
  for (const query of [encodeQuery(post), encodeQuery(post).replaceAll('%5B%5D', '[]')]) {
    expect((await server.api.raw('POST', `/apps/3/events?${query}`)).text).toBe('{}');
    expect((await wire.take(2)).map(({ channel, data }) => `${channel} ${data}`)).toEqual([
      'b a b+c&d=é',
      'a a b+c&d=é',
    ]);
  }
});

test('SIGN-2: arrays keep their order in what is signed', async () => {
  await using server = await startServer();
  const path = '/apps/3/events';
  const params: [string, string][] = [
    ['auth_key', server.app.key],
    ['auth_timestamp', String(server.api.nowSeconds())],
    ['auth_version', '1.0'],
    ['channels[]', 'b'],
    ['channels[]', 'a'],
    ['data', '1'],
    ['name', 'e'],
  ];
  const signed = hmac(server.app.secret, stringToSign('POST', path, params));
  const swapped = params.map(([name, value]): [string, string] => [
    name,
    value === 'a' ? 'b' : value === 'b' ? 'a' : value,
  ]);
  const target = (query: Params) => `${path}?${encodeQuery([...query, ['auth_signature', signed]])}`;
  expect((await server.api.raw('POST', target(swapped))).status).toBe(401);
  expect((await server.api.raw('POST', target(params))).status).toBe(200);
});

test('SIGN-3: the decoded path verifies where the raw one does not', async () => {
  await using server = await startServer();
  const users = ['a@b', 'a b', 'jö', 'u;1', '日本', 'a%b', "o'neil"];
  for (const id of users) {
    const wire = await server.connect();
    await server.signIn(wire, { id });
    const path = `/apps/3/users/${id}/terminate_connections`;
    const signed = signedParams({
      method: 'POST',
      path,
      body: '{}',
      app: server.app,
      timestamp: server.api.nowSeconds(),
    });
    const onTheWire = `/apps/3/users/${encodeURIComponent(id)}/terminate_connections`;
    const answer = await server.api.raw('POST', `${onTheWire}?${encodeQuery(signed)}`, '{}');
    expect(`${id}: ${answer.status} ${answer.text}`).toBe(`${id}: 200 {}`);
    expect((await wire.closed).code).toBe(4009);
  }
});

test('SIGN-3: a path signed as it is sent verifies too', async () => {
  await using server = await startServer();
  const wire = await server.connect();
  await server.signIn(wire, { id: 'a b' });
  const path = '/apps/3/users/a%20b/terminate_connections';
  const signed = signedParams({
    method: 'POST',
    path,
    body: '{}',
    app: server.app,
    timestamp: server.api.nowSeconds(),
  });
  expect((await server.api.raw('POST', `${path}?${encodeQuery(signed)}`, '{}')).status).toBe(200);
  expect((await wire.closed).code).toBe(4009);
});

test('SIGN-3: the pusher library with a user id that must be encoded', async () => {
  await using server = await startServer();
  for (const id of ['a b', 'jö']) {
    const wire = await server.connect();
    await server.signIn(wire, { id });
    expect((await publisher(server).terminateUserConnections(id)).status).toBe(200);
    expect((await wire.closed).code).toBe(4009);
  }
});

test('SIGN-3: EARSHOT_PATH is not part of the signed path', async () => {
  await using server = await startServer({ env: { EARSHOT_PATH: '/realtime' } });
  expect((await server.api.get('/channels')).json()).toEqual({ channels: {} });
  const path = '/realtime/apps/3/channels';
  const signed = signedParams({ method: 'GET', path, app: server.app, timestamp: server.api.nowSeconds() });
  expect((await server.api.raw('GET', `/apps/3/channels?${encodeQuery(signed)}`)).status).toBe(401);
});

test('SIGN-4: 599 s off passes, 600 s fails, both ways', async () => {
  await using server = await serverAt(vectorSeconds);
  const same = (params: [string, string][]) => params;
  for (const off of [0, 599, -599]) {
    expect((await send(server, same, { timestamp: vectorSeconds + off })).status).toBe(200);
  }
  for (const off of [600, -600, 601, 86_400, -vectorSeconds]) {
    const answer = await send(server, same, { timestamp: vectorSeconds + off });
    expect(answer.status).toBe(401);
    expect(answer.text).toStartWith('Timestamp expired: Given timestamp (');
    expect(answer.text).toContain('not within 600s of server time (2012-11-16T');
  }
});

test('SIGN-5: body_md5', async () => {
  await using server = await startServer();
  const path = '/apps/3/events';
  const sign = (params: [string, string][]): Params => {
    const rest = params.filter(([name]) => name !== 'auth_signature');
    return [...rest, ['auth_signature', hmac(server.app.secret, stringToSign('POST', path, rest))]];
  };
  const without = await send(server, (params) => sign(params.filter(([name]) => name !== 'body_md5')), {
    body: event,
    path,
  });
  expect(without.status).toBe(401);
  expect(without.text).toContain('body_md5');
  for (const wrong of [md5('other'), md5(event).toUpperCase(), '']) {
    const change = (params: [string, string][]) =>
      sign(params.map(([name, value]): [string, string] => [name, name === 'body_md5' ? wrong : value]));
    expect((await send(server, change, { body: event, path })).status).toBe(401);
  }
  // On a GET, where Python sends that of the empty body.
  const get = { path: '/apps/3/channels', method: 'GET' };
  const same = (params: [string, string][]) => params;
  expect((await send(server, same, { ...get, extra: [['body_md5', md5('')]] })).status).toBe(200);
  expect((await send(server, same, { ...get, extra: [['body_md5', md5('x')]] })).status).toBe(401);
});

test('SIGN-6, SIGN-7: each failure has its text, and none shows the expected signature', async () => {
  await using server = await startServer();
  const path = '/apps/3/channels';
  const drop = (name: string) => (params: [string, string][]) => params.filter(([given]) => given !== name);
  const set = (name: string, value: string) => (params: [string, string][]) =>
    params.map(([given, old]): [string, string] => [given, given === name ? value : old]);
  const failures: [change: (params: [string, string][]) => Params, text: string][] = [
    [() => [], 'Missing parameter: auth_key'],
    [drop('auth_key'), 'Missing parameter: auth_key'],
    [set('auth_key', ''), 'Missing parameter: auth_key'],
    [set('auth_key', 'nobody'), 'Unknown auth_key'],
    [set('auth_key', '__proto__'), 'Unknown auth_key'],
    [drop('auth_version'), 'Version required'],
    [set('auth_version', '2.0'), 'Version not supported'],
    [drop('auth_timestamp'), 'Timestamp required'],
    [
      set('auth_timestamp', '1'),
      'Timestamp expired: Given timestamp (1970-01-01T00:00:01Z) not within 600s of server time (',
    ],
    [set('auth_timestamp', 'soon'), 'Timestamp expired'],
    [set('auth_timestamp', '-1'), 'Timestamp expired'],
    [set('auth_timestamp', '9'.repeat(400)), 'Timestamp expired'],
    [set('auth_timestamp', 'NaN'), 'Timestamp expired'],
    [
      drop('auth_signature'),
      'Invalid signature: you should have sent HmacSHA256Hex("GET\\n/apps/3/channels\\nauth_key=',
    ],
    [
      set('auth_signature', 'x'),
      'Invalid signature: you should have sent HmacSHA256Hex("GET\\n/apps/3/channels\\nauth_key=',
    ],
    [set('auth_signature', '0'.repeat(64)), 'your_secret_key), but you sent "0000'],
    [set('auth_signature', 'é"\n'), 'Invalid signature'],
  ];
  for (const [change, text] of failures) {
    const timestamp = server.api.nowSeconds();
    const params = signedParams({ method: 'GET', path, app: server.app, timestamp });
    const changed = change(params);
    const answer = await server.api.raw('GET', `${path}?${encodeQuery(changed)}`);
    expect(`${answer.status} ${answer.text}`).toStartWith('401 ');
    expect(answer.text).toContain(text);
    expect(answer.type).toStartWith('text/plain');
    expect(answer.text).not.toContain(server.app.secret);
    const rest = changed.filter(([name]) => name !== 'auth_signature');
    expect(answer.text).not.toContain(hmac(server.app.secret, stringToSign('GET', path, rest)));
    expect(answer.text).not.toContain(params.at(-1)?.[1] ?? 'x');
  }
});

test('SIGN-8: the key of one app on the path of another is 401, an unknown app 404', async () => {
  await using server = await startServer();
  const other = await server.createApp('other');
  const request = (id: string, as: typeof other) => {
    const path = `/apps/${id}/channels`;
    const params = signedParams({ method: 'GET', path, app: as, timestamp: server.api.nowSeconds() });
    return server.api.raw('GET', `${path}?${encodeQuery(params)}`);
  };
  expect((await request(server.app.id, server.app)).status).toBe(200);
  expect((await request(other.id, other)).status).toBe(200);
  expect((await request(other.id, server.app)).status).toBe(401);
  expect((await request(server.app.id, other)).status).toBe(401);
  for (const id of ['999', '03', '__proto__', 'constructor', '%33', '']) {
    expect(`${id}: ${(await request(id, server.app)).status}`).toBe(`${id}: 404`);
  }
});

interface Recorded {
  lib: string;
  method: string;
  target: string;
  contentType: string | null;
  body: string;
}

test('SIGN-9, API-15: recorded requests of the libraries are accepted byte for byte', async () => {
  const file = new URL('../../packages/protocol/src/recorded-requests.jsonl', import.meta.url);
  const lines = (await Bun.file(file).text()).trim().split('\n');
  const requests: Recorded[] = lines.map((line) => JSON.parse(line));
  expect(new Set(requests.map(({ lib }) => lib.split(' ')[0]))).toEqual(
    new Set(['node', 'python', 'ruby', 'php', 'go']),
  );
  const timeOf = ({ target }: Recorded) => Number(/auth_timestamp=(\d+)/.exec(target)?.[1]);
  requests.sort((a, b) => timeOf(a) - timeOf(b));

  const clock = new ManualClock(timeOf(requests[0] as Recorded) * 1000);
  await using server = await startServer({ clock });
  const http = await RawHttp.connect(server.port);
  server.onStop(() => http.destroy());
  for (const request of requests) {
    clock.advance(timeOf(request) * 1000 - clock.now());
    const headers: Record<string, string> =
      request.contentType === null ? {} : { 'Content-Type': request.contentType };
    const answer = await http.request(request.method, request.target, request.body, headers);
    const what = `${request.lib} ${request.method} ${request.target.split('?')[0]}`;
    expect(`${what}: ${answer.status} ${answer.status === 400 ? '' : answer.body}`).toBe(
      `${what}: ${expectedAnswer(request)}`,
    );
  }
});

/** Nobody is subscribed while the recordings are played. */
function expectedAnswer({ target, body }: Recorded): string {
  const path = target.split('?')[0] ?? '';
  const isPresence = path.includes('/presence-');
  if (path.endsWith('/users')) return isPresence ? '200 {"users":[]}' : '400 ';
  if (path.endsWith('/channels')) return '200 {"channels":{}}';
  if (path.includes('/channels/')) {
    if (target.includes('user_count') && !isPresence) return '400 ';
    return '200 {"occupied":false,"subscription_count":0}';
  }
  return body.includes('subscription_count') ? '200 {"channels":{"a":{"subscription_count":0}}}' : '200 {}';
}
