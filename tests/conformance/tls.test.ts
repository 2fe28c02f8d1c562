import { expect, test } from 'bun:test';
import { pusherJs, Recorder, reaches } from '../support/clients.ts';
import { overWebSocket, transport } from '../support/http-wire.ts';
import { RawHttp } from '../support/raw-http.ts';
import { startServer } from '../support/server.ts';

// The certificates of these tests are signed by themselves, and pusher-js has no option to trust one. Each test file runs
// in a realm of its own, so this reaches no other.
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';

test('CONN-1: stock pusher-js over TLS', async () => {
  await using server = await startServer({ tls: true });
  const client = pusherJs(server, { wsHost: 'localhost', forceTLS: true });
  const channel = new Recorder(client.subscribe('news'));
  await channel.next('pusher:subscription_succeeded');
  await server.api.publish('news', 'e', '{"over":"TLS"}');
  expect(await channel.data('e')).toEqual({ over: 'TLS' });
});

test('CONN-1: with a certificate and no second port, the one port is TLS', async () => {
  await using server = await startServer({ tls: 'only' });
  expect(server.tlsPort).toBe(server.port);
  const wire = await server.connect({ tls: true });
  await server.join(wire, 'news');
});

test('CONN-11: pusher-js that is told 4000 comes back over TLS by itself', async () => {
  await using server = await startServer({ tls: true, env: { EARSHOT_APP_TLS_ONLY: 'true' } });
  const client = pusherJs(server, { wsHost: 'localhost', forceTLS: false });
  const connection = new Recorder(client.connection);
  await reaches(client, 'connected');
  const errors = connection.seen.filter(({ event }) => event === 'error').map(({ data }) => data);
  expect(errors).toMatchObject([{ error: { data: { code: 4000 } } }]);
  expect(client.connection.usingTLS).toBe(true);
});

test('CONN-11: a trusted proxy says whether its client came by TLS, anybody else does not', async () => {
  const env = { EARSHOT_APP_TLS_ONLY: 'true' };
  await using behind = await startServer({ env: { ...env, EARSHOT_TRUSTED_PROXIES: '127.0.0.0/8' } });
  await behind.connect({ headers: { 'X-Forwarded-Proto': 'https' } });
  expect((await (await behind.dialApp({ headers: { 'X-Forwarded-Proto': 'http' } })).closed).code).toBe(4000);
  await using alone = await startServer({ env });
  expect((await (await alone.dialApp({ headers: { 'X-Forwarded-Proto': 'https' } })).closed).code).toBe(4000);
});

test('CONN-17: a foreign Host is refused by a server bound to loopback', async () => {
  await using server = await startServer({ env: { EARSHOT_PUBLIC_URL: 'https://realtime.example.com' } });
  const status = async (host: string, path: string) => {
    const http = await RawHttp.connect(server.port);
    server.onStop(() => http.destroy());
    const answer = await http.request('GET', path, '', { Host: host });
    return answer.status === 403 && !answer.body.includes('EARSHOT_PUBLIC_URL') ? 'no remedy' : answer.status;
  };
  for (const host of [
    'localhost:6001',
    '127.0.0.1',
    '127.0.0.2:1',
    '[::1]:6001',
    'LOCALHOST',
    'realtime.example.com',
    'realtime.example.com:443',
  ]) {
    expect(`${host} ${await status(host, '/healthz')}`).toBe(`${host} 200`);
    await server.connect({ headers: { Host: host } });
  }
  for (const host of [
    'evil.example',
    'localhost.evil.example',
    'evil.example:6001',
    '127.0.0.1.evil.example',
    'xrealtime.example.com',
    '10.0.0.1',
  ]) {
    for (const path of ['/healthz', '/', '/apps/3/channels']) {
      expect(`${host} ${await status(host, path)}`).toBe(`${host} 403`);
    }
    const wire = await server.dialApp({ headers: { Host: host } });
    expect(wire.status).toBe(overWebSocket ? 101 : transport === 'event_stream' ? 403 : 200);
    const { code, reason } = await wire.closed;
    expect(`${host} ${code}`).toBe(`${host} 4009`);
    expect(reason).toContain('EARSHOT_PUBLIC_URL');
  }
});
