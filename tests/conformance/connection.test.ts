import { expect, test } from 'bun:test';
import { ManualClock } from '@earshot/base';
import Pusher from 'pusher-js';
import { pusherJs, pusherJsOptions, Recorder, reaches } from '../support/clients.ts';
import { libraryTest, overWebSocket, transport, webSocketTest } from '../support/http-wire.ts';
import { RawHttp } from '../support/raw-http.ts';
import { newCluster, startServer } from '../support/server.ts';
import { patienceMs, type Wire } from '../support/wire.ts';

/** Refused or not, the client's transport is answered, so that it can be told the reason (an event stream by a status). */
function expectAnswered(wire: Wire): void {
  if (transport !== 'event_stream') expect(wire.status).toBe(overWebSocket ? 101 : 200);
}

/** A refused connection of protocol 7: upgraded, closed with the code, and not one message before. */
async function expectClosed(wire: Wire, code: number): Promise<string> {
  expectAnswered(wire);
  const close = await wire.closed;
  expect(close.code).toBe(code);
  expect(wire.texts).toEqual([]);
  return close.reason;
}

test('CONN-1, CONN-3: stock pusher-js connects', async () => {
  await using server = await startServer();
  const client = pusherJs(server);
  await reaches(client, 'connected');
  expect((client.connection as unknown as { socket_id: string }).socket_id).toMatch(/^\d+\.\d+$/);
});

webSocketTest('CONN-1: a path prefix stands before /app', async () => {
  await using server = await startServer({ env: { EARSHOT_PATH: '/realtime' } });
  const client = pusherJs(server);
  await reaches(client, 'connected');
  await expectClosed(await server.dial(`/app/${server.app.key}?protocol=7`), 4005);
});

test('CONN-1: over TLS', async () => {
  await using server = await startServer({ tls: true });
  const wire = await server.connect({ tls: true });
  await server.join(wire, 'news');
  await server.api.publish('news', 'e', '{}');
  expect((await wire.next('e')).data).toBe('{}');
});

test('CONN-2: the first message is the greeting, whose data is JSON in a string', async () => {
  await using server = await startServer();
  const wire = await server.dialApp();
  const first = await wire.next();
  expect(Object.keys(first)).toEqual(['event', 'data']);
  expect(first.event).toBe('pusher:connection_established');
  const data = JSON.parse(String(first.data));
  expect(Object.keys(data)).toEqual(['socket_id', 'activity_timeout']);
  expect(Number.isInteger(data.activity_timeout)).toBe(true);
  expect(data.activity_timeout).toBeGreaterThan(0);
  await wire.silence();
});

test('CONN-3: socket ids are unique over two nodes', async () => {
  const cluster = newCluster();
  await using a = await startServer({ cluster });
  await using b = await startServer({ cluster });
  const wires = await Promise.all(Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? a : b).connect()));
  expect(new Set(wires.map((wire) => wire.socketId)).size).toBe(200);
  for (const wire of wires) expect(wire.socketId).toMatch(/^\d+\.\d+$/);
  // The half after the dot guards who may be left out of an event; it must not be a counter.
  const seconds = wires.map((wire) => Number(wire.socketId.split('.')[1])).sort((x, y) => x - y);
  const gaps = seconds.slice(1).map((value, i) => value - (seconds[i] ?? 0));
  expect(new Set(gaps).size).toBeGreaterThan(100);
});

test('CONN-4: query parameters in any order, with unknown ones', async () => {
  await using server = await startServer();
  for (const query of [
    'protocol=7&client=js&version=8.6.0&flash=false',
    'client=pusher-websocket-swift&version=10.1.5&protocol=7',
    'version=2.4.4&protocol=5&client=java-client',
    'flash=false&x=1&__proto__=2&protocol=7&protocol_extra=9',
    'protocol=7',
  ]) {
    await server.connect({ query });
  }
});

test('CONN-5: protocols 4 to 7 connect', async () => {
  await using server = await startServer();
  for (const protocol of ['4', '5', '6', '7']) {
    const wire = await server.connect({ protocol });
    await server.join(wire, 'news');
  }
});

libraryTest('CONN-5: other protocols are closed with 4007, a missing one with 4008', async () => {
  await using server = await startServer();
  for (const query of ['protocol=8', 'protocol=70', 'protocol=x', 'protocol=7.5', 'protocol=-7']) {
    await expectClosed(await server.dialApp({ query }), 4007);
  }
  await expectClosed(await server.dialApp({ query: 'client=js&version=8.6.0' }), 4008);
  await expectClosed(await server.dialApp({ query: '' }), 4008);
  // Protocol 3 and below learn it from an event, as CONN-14 says of those that cannot read close codes.
  const old = await server.dialApp({ query: 'protocol=3' });
  expect((await old.closed).code).toBe(4007);
});

libraryTest(
  'CONN-6: a version with a suffix connects, an empty or over-long one is closed with 4006',
  async () => {
    await using server = await startServer();
    for (const version of ['8.4.0-rc2', '8.6.0', '0.0.1+build.7', 'x'.repeat(64)]) {
      await server.connect({ query: `protocol=7&client=js&version=${version}` });
    }
    for (const version of ['', 'x'.repeat(65)]) {
      await expectClosed(await server.dialApp({ query: `protocol=7&client=js&version=${version}` }), 4006);
    }
  },
);

test('CONN-7: an unknown key is closed with 4001 that names the key', async () => {
  await using server = await startServer();
  for (const key of ['nobody', '__proto__', 'constructor']) {
    expect(await expectClosed(await server.dialApp({ key }), 4001)).toContain(key);
  }
});

test('CONN-7: pusher-js is disconnected by 4001, which is the state from which it does not try again', async () => {
  await using server = await startServer();
  const client = new Pusher('nobody', pusherJsOptions(server));
  server.onStop(() => client.disconnect());
  const connection = new Recorder(client.connection);
  expect(await connection.data('error')).toMatchObject({ error: { data: { code: 4001 } } });
  await reaches(client, 'disconnected');
});

test('CONN-8: a disabled app closes with 4003, established connections too', async () => {
  await using server = await startServer();
  const wire = await server.connect();
  await server.update({ enabled: false });
  expect((await wire.closed).code).toBe(4003);
  await expectClosed(await server.dialApp(), 4003);
  await server.update({ enabled: true });
  await server.connect();
});

test('CONN-8: an app that is disabled from the start', async () => {
  await using server = await startServer({ env: { EARSHOT_APP_ENABLED: 'false' } });
  await expectClosed(await server.dialApp(), 4003);
});

test('CONN-9: beyond the quota 4004; one that ends makes room', async () => {
  await using server = await startServer({ env: { EARSHOT_APP_CONNECTIONS: '2' } });
  const first = await server.connect();
  await server.connect();
  await expectClosed(await server.dialApp(), 4004);
  await first.close();
  const late = await server.connect();
  late.destroy('reset');
  await late.closed;
  // The server learns of a reset when the network tells it: at most a moment later.
  const again = await until(async () => {
    const wire = await server.dialApp();
    return (await Promise.race([wire.next().catch(() => null), wire.closed.then(() => null)])) !== null;
  });
  expect(again).toBe(true);
});

test('CONN-9: the quota is the cluster’s', async () => {
  const cluster = newCluster();
  const env = { EARSHOT_APP_CONNECTIONS: '2' };
  await using a = await startServer({ cluster, env });
  await using b = await startServer({ cluster, env });
  await a.connect();
  await b.connect();
  // How many there are is told between nodes without anybody waiting for it.
  for (const server of [a, b]) {
    const refused = await until(async () => {
      const wire = await server.dialApp();
      const code = await Promise.race([wire.next().then(() => null), wire.closed.then(({ code }) => code)]);
      if (code === null) await wire.close();
      return code === 4004;
    });
    expect(refused).toBe(true);
  }
});

/** Asks again until it holds, a few milliseconds apart, for as long as a test waits for anything. */
async function until(test: () => Promise<boolean>): Promise<boolean> {
  for (const deadline = performance.now() + patienceMs; performance.now() < deadline; await Bun.sleep(10)) {
    if (await test()) return true;
  }
  return false;
}

test('CONN-10: a node that drains refuses with 4100, and pusher-js tries again once a second', async () => {
  await using server = await startServer({ clock: new ManualClock() });
  // The drain waits for this request, whose body never comes; and time stands still.
  const http = await RawHttp.connect(server.port);
  server.onStop(() => http.destroy());
  http.send('POST /apps/3/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\n');
  await server.connect();
  void server.node.drain();
  await expectClosed(await server.dialApp(), 4100);

  const client = pusherJs(server);
  const connection = new Recorder(client.connection);
  const refusal = { type: 'WebSocketError', error: { type: 'PusherError', data: { code: 4100 } } };
  expect(await connection.data('error')).toMatchObject(refusal);
  const start = performance.now();
  expect(await connection.data('error')).toMatchObject(refusal);
  // A tight loop would be here within milliseconds.
  expect(performance.now() - start).toBeGreaterThan(500);
  client.disconnect();
});

test('CONN-11: an app that takes only TLS closes a plain connection with 4000', async () => {
  await using server = await startServer({ tls: true, env: { EARSHOT_APP_TLS_ONLY: 'true' } });
  await expectClosed(await server.dialApp(), 4000);
  await server.connect({ tls: true });
});

webSocketTest('CONN-12: any other path is closed with 4005', async () => {
  await using server = await startServer();
  const { key } = server.app;
  for (const path of [
    `/app//${key}`,
    `/apps/${key}`,
    `/app/${key}/more`,
    '/app/',
    '/app',
    '/',
    `//app/${key}`,
    '/nothing',
  ]) {
    await expectClosed(await server.dial(`${path}?protocol=7&client=js&version=8.6.0`), 4005);
  }
});

test('CONN-13: a foreign origin is closed with 4009, one on the list and none at all connect', async () => {
  await using server = await startServer({
    env: { EARSHOT_APP_ORIGINS: 'https://good.example,http://localhost:8080' },
  });
  await server.connect({ headers: { Origin: 'https://good.example' } });
  await server.connect({ headers: { Origin: 'http://localhost:8080' } });
  await server.connect();
  for (const origin of [
    'https://evil.example',
    'http://good.example',
    'https://good.example.evil.example',
    'null',
  ]) {
    await expectClosed(await server.dialApp({ headers: { Origin: origin } }), 4009);
  }
});

test('CONN-13: the server’s own pages connect to every app', async () => {
  await using server = await startServer({ env: { EARSHOT_APP_ORIGINS: 'https://good.example' } });
  await server.connect({ headers: { Origin: server.origin } });
  const other = `http://127.0.0.1:${server.port + 1}`;
  await expectClosed(await server.dialApp({ headers: { Origin: other } }), 4009);
});

libraryTest('CONN-14: protocol 5 gets pusher:error before the close, protocol 7 only the close', async () => {
  await using server = await startServer();
  for (const protocol of ['4', '5']) {
    const wire = await server.dialApp({ protocol, key: 'nobody' });
    expectAnswered(wire);
    const error = await wire.next('pusher:error');
    expect(error.data).toEqual({ code: 4001, message: expect.stringContaining('nobody') });
    expect((await wire.closed).code).toBe(4001);
  }
  for (const protocol of ['6', '7']) {
    await expectClosed(await server.dialApp({ protocol, key: 'nobody' }), 4001);
  }
});

webSocketTest('CONN-15: an offered Pusher subprotocol is returned, another is not', async () => {
  await using server = await startServer();
  const offer = async (protocols?: string) => {
    const headers: Record<string, string> =
      protocols === undefined ? {} : { 'Sec-WebSocket-Protocol': protocols };
    const wire = await server.connect({ headers });
    return wire.headers.get('sec-websocket-protocol');
  };
  expect(await offer()).toBeUndefined();
  expect(await offer('pusher-channels-protocol-7')).toBe('pusher-channels-protocol-7');
  expect(await offer('chat, pusher-channels-protocol-5')).toBe('pusher-channels-protocol-5');
  expect(await offer('chat')).toBeUndefined();
  expect(await offer('pusher-channels-protocol-8')).toBeUndefined();
});

test('CONN-16: a plain GET of the WebSocket address is told what it is', async () => {
  await using server = await startServer();
  const http = await RawHttp.connect(server.port);
  server.onStop(() => http.destroy());
  const answer = await http.request('GET', `/app/${server.app.key}`);
  expect(answer.status).toBe(426);
  expect(answer.body).toContain('WebSocket');
});
