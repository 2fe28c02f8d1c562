import { expect, test } from 'bun:test';
import { connect, type Socket } from 'node:net';
import { encodeQuery, signedParams } from '../support/api.ts';
import { manyClients } from '../support/http-wire.ts';
import { RawHttp } from '../support/raw-http.ts';
import { startServer, type TestServer } from '../support/server.ts';

/** How long silent and slow connections may last; the server gives them 12 s, and its timers are coarse. */
const slowMs = 60_000;

async function expectServing(server: TestServer): Promise<void> {
  const wire = await server.connect();
  await server.join(wire, 'news');
  await server.api.publish('news', 'e', '1');
  await wire.until('e');
  wire.destroy();
  expect((await server.api.raw('GET', '/healthz')).status).toBe(200);
}

async function rawHttp(server: TestServer): Promise<RawHttp> {
  const http = await RawHttp.connect(server.port);
  server.onStop(() => http.destroy());
  return http;
}

/** One signed publish as text, its head complete and its body as given. */
function publishRequest(server: TestServer, body: string, headers: string): string {
  const params = signedParams({
    method: 'POST',
    path: '/apps/3/events',
    body,
    app: server.app,
    timestamp: server.api.nowSeconds(),
  });
  return `POST /apps/3/events?${encodeQuery(params)} HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers}\r\n`;
}

test('BAD-8: a thousand connections that send nothing, a thousand that only upgrade, and some that trickle', async () => {
  await using server = await startServer({ httpGraceMs: 30_000 });
  const silent = await Promise.all(
    Array.from({ length: 1_000 }, async () => {
      const socket = connect(server.port, '127.0.0.1');
      await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
      return socket;
    }),
  );
  const ended = (socket: Socket) => new Promise<void>((resolve) => socket.resume().once('close', resolve));
  const silentEnded = Promise.all(silent.map(ended));
  const upgraded = await Promise.all(Array.from({ length: manyClients(1_000) }, () => server.connect()));
  await expectServing(server);

  // A header that comes a byte at a time, a body that stops half way, and a head without its end.
  const trickle = await rawHttp(server);
  const head = `GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ${'x'.repeat(1_000)}`;
  const timer = setInterval(() => trickle.send(head[at++] ?? 'x'), 250);
  let at = 0;
  const [noBody, noEnd] = [await rawHttp(server), await rawHttp(server)];
  noBody.send('POST /apps/3/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{"name":');
  noEnd.send('GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n');

  const late = setTimeout(() => {
    for (const socket of silent) socket.destroy(new Error('still open'));
  }, slowMs);
  const failures: Error[] = [];
  for (const socket of silent) socket.on('error', (error) => failures.push(error));
  try {
    await Promise.all([silentEnded, trickle.closed, noBody.closed, noEnd.closed]);
  } finally {
    clearInterval(timer);
    clearTimeout(late);
  }
  expect(failures.filter(({ message }) => message === 'still open').length).toBe(0);
  // Those that did upgrade are connections: they are looked after by LIVE-3.
  for (const wire of upgraded) expect(wire.isClosed).toBe(false);
  await upgraded.at(-1)?.silence();
  await expectServing(server);
}, 120_000);

test('BAD-8: huge heads are an HTTP error or the end of that connection', async () => {
  await using server = await startServer();
  const heads = [
    `GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Huge: ${'x'.repeat(1_000_000)}\r\n\r\n`,
    `GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n${Array.from({ length: 5_000 }, (_, i) => `X-${i}: ${'x'.repeat(50)}\r\n`).join('')}\r\n`,
    `GET /${'x'.repeat(1_000_000)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`,
    `GET /app/${'k'.repeat(200_000)}?protocol=7 HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    `GET /healthz HTTP/1.1\r\nHost: ${'h'.repeat(100_000)}\r\n\r\n`,
  ];
  for (const head of heads) {
    const http = await rawHttp(server);
    http.send(head);
    const answer = await http.answerOrEnd();
    if (answer !== null) {
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
    }
    await expectServing(server);
  }
});

test('BAD-8: what is no HTTP, or two kinds of it at once, is an error or the end of that connection', async () => {
  await using server = await startServer();
  const requests: (string | Uint8Array)[] = [
    'nonsense\r\n\r\n',
    '\r\n\r\n\r\n\r\n',
    'GET\r\n\r\n',
    'GET /healthz\r\n\r\n',
    'GET /healthz HTTP/9.9\r\n\r\n',
    'GET healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n',
    'GET /healthz HTTP/1.1\r\nHost 127.0.0.1\r\n\r\n',
    'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n X: folded\r\n\r\n',
    'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX\u0000Y: z\r\n\r\n',
    'POST /apps/3/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n',
    'POST /apps/3/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1e3\r\n\r\n',
    'POST /apps/3/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!',
    'POST /apps/3/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'POST /apps/3/events HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    new Uint8Array([
      0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03, 0x0d, 0x0a, 0x0d, 0x0a,
    ]),
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  ];
  for (const request of requests) {
    const http = await rawHttp(server);
    http.send(request);
    // What waits for more is ended by the silence that 'a thousand connections' proves; here it is left alone.
    const answer = await Promise.race([http.answerOrEnd(), expectServing(server).then(() => null)]);
    if (answer !== null) {
      expect(`${request}: ${answer.status}`).toMatch(/: [245]\d\d$/);
      expect(answer.status).not.toBe(500);
    }
    http.destroy();
  }
  await expectServing(server);
});

test('BAD-9: a body beyond what an endpoint takes is 413, without waiting for it', async () => {
  await using server = await startServer();
  // Signed or not, claimed or real, in chunks or not: a publish is a few kilobytes.
  for (const length of ['5000000', '17000000', '99999999999']) {
    const http = await rawHttp(server);
    http.send(`POST /apps/3/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ${length}\r\n\r\n`);
    const answer = await http.answer();
    expect(`${length}: ${answer.status}`).toBe(`${length}: 413`);
  }
  const chunked = await rawHttp(server);
  chunked.send('POST /apps/3/events HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n');
  const chunk = `${(100_000).toString(16)}\r\n${'x'.repeat(100_000)}\r\n`;
  for (let i = 0; i < 50; i++) chunked.send(chunk);
  chunked.send('0\r\n\r\n');
  expect((await chunked.answer()).status).toBe(413);

  const signed = await server.api.post('/events', { name: 'e', channel: 'a', data: 'x'.repeat(5_000_000) });
  expect(signed.status).toBe(413);
  const padded = await server.api.post(
    '/events',
    `${' '.repeat(5_000_000)}{"name":"e","channel":"a","data":"1"}`,
  );
  expect(padded.status).toBe(413);
  await expectServing(server);
});

test('BAD-9: what an endpoint must take it does, however it is written', async () => {
  await using server = await startServer();
  const escaped = (character: string, count: number) =>
    `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`.repeat(count);
  const channels = JSON.stringify(Array.from({ length: 100 }, (_, i) => `${i}`.padStart(200, 'c')));
  const event = `{"name":"${escaped('n', 200)}","channels":${channels},"data":"${escaped('x', 10_240)}"}`;
  expect((await server.api.post('/events', event)).text).toBe('{}');
  const item = `{"name":"${escaped('n', 200)}","channel":"${'c'.repeat(200)}","data":"${escaped('x', 10_240)}"}`;
  expect((await server.api.post('/batch_events', `{"batch":[${Array(10).fill(item).join(',')}]}`)).text).toBe(
    '{}',
  );
});

test('BAD-9: JSON nested too deep is 400', async () => {
  await using server = await startServer();
  for (const depth of [33, 1_000, 20_000]) {
    const deep = '['.repeat(depth) + ']'.repeat(depth);
    for (const body of [
      deep,
      '['.repeat(depth),
      `{"name":"e","channel":"a","data":"1","x":${deep}}`,
      `{"batch":${deep}}`,
    ]) {
      expect((await server.api.post('/events', body)).status).toBe(400);
      expect((await server.api.post('/batch_events', body)).status).toBe(400);
    }
  }
  await expectServing(server);
});

test('BAD-10: a publisher who goes away half way is no error of the server', async () => {
  await using server = await startServer();
  const failures = async () => {
    const metrics = await (await fetch(`${server.origin}/metrics`)).text();
    return /^earshot_handler_failures_total (\d+)$/m.exec(metrics)?.[1];
  };
  expect(await failures()).toBe('0');
  for (let i = 0; i < 20; i++) {
    const http = await RawHttp.connect(server.port);
    http.send(publishRequest(server, 'x'.repeat(1_000), 'Content-Length: 1000\r\n'));
    http.send('half of it');
    http.destroy();
    await http.closed;
  }
  await expectServing(server);
  expect(await failures()).toBe('0');
});

test('BAD-5: inherited names in paths, queries and bodies of the API', async () => {
  await using server = await startServer();
  for (const name of ['__proto__', 'constructor', 'toString']) {
    expect((await server.api.get(`/channels/${name}`)).json()).toEqual({ occupied: false });
    expect((await server.api.get('/channels', { [name]: 'x' })).json()).toEqual({ channels: {} });
    expect((await server.api.get('/channels', { info: name })).status).toBe(400);
    expect((await server.api.terminate(name)).text).toBe('{}');
    expect((await server.api.raw('GET', `/${name}`)).status).toBe(404);
    expect((await server.api.raw('GET', `/apps/${name}/channels`)).status).toBe(404);
    expect((await server.api.raw('GET', `/apps/3/${name}`)).status).toBe(404);
    expect((await server.api.raw('GET', `/apps/3/channels?${name}=x`)).status).toBe(401);
    const body = `{"name":"e","channel":"${name}","data":"1","info":"subscription_count","${name}":{"data":"2"}}`;
    expect((await server.api.post('/events', body)).text).toBe(
      `{"channels":{"${name}":{"subscription_count":0}}}`,
    );
  }
  await expectServing(server);
});

test('BAD-8: paths that climb, repeat or encode are not other paths', async () => {
  await using server = await startServer();
  const http = await rawHttp(server);
  for (const path of [
    '/../apps/3/channels',
    '/apps/3/../3/channels',
    '//apps/3/channels',
    '/apps//3/channels',
    '/apps/3/channels/',
    '/apps/3/channels/%00',
    '/apps/3/channels/%',
    '/apps/3/channels/%ff',
    '/apps/3/channels/a%2fb',
    '/%61pps/3/channels',
    '/apps/3/channels;x=1',
    '/.env',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/client/../../package.json',
    '/client/%2e%2e/%2e%2e/package.json',
  ]) {
    const answer = await http.request('GET', path);
    expect(`${path}: ${answer.status}`).toMatch(/: 40[014]$/);
    expect(answer.body).not.toContain('dependencies');
  }
  await expectServing(server);
});
