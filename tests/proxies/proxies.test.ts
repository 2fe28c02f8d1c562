import { describe, expect, test } from 'bun:test';
import { Api } from '../support/api.ts';
import { makeCertificate } from '../support/certificate.ts';
import { startServer, succeeded, type TestServer, vectorApp } from '../support/server.ts';
import { WebSocketWire, type Wire } from '../support/wire.ts';
import { type ProxyChoices, proxies, startProxy } from './proxies.ts';

const handshake = 'protocol=7&client=js&version=8.6.0&flash=false';

for (const { name, path, start } of proxies) {
  describe.skipIf(path === undefined)(`behind ${name}`, () => {
    const proxyTo = (server: TestServer, options: ProxyChoices = {}) => startProxy(start, server, options);

    async function connect(port: number, options: { ca?: string; prefix?: string } = {}): Promise<Wire> {
      const { prefix = '', ...tls } = options;
      return WebSocketWire.open({ port, path: `${prefix}/app/${vectorApp.key}?${handshake}`, ...tls });
    }

    const apiAt = (port: number, prefix = '') =>
      new Api(`http://127.0.0.1:${port}${prefix}`, vectorApp, () => Math.floor(Date.now() / 1000));

    test('a client subscribes and gets what a signed request publishes', async () => {
      await using server = await startServer();
      const port = await proxyTo(server);
      const wire = await connect(port);
      await wire.next('pusher:connection_established');
      succeeded(await wire.subscribe('news'));
      await apiAt(port).publish('news', 'greeting', 'grüß dich');
      expect(await wire.next()).toEqual({ event: 'greeting', channel: 'news', data: 'grüß dich' });
      expect(await wire.close()).toMatchObject({ code: 1000 });
    });

    test('SIGN-3: a signature over a path that needs encoding survives', async () => {
      await using server = await startServer();
      const port = await proxyTo(server);
      const wire = await connect(port);
      await wire.next('pusher:connection_established');
      succeeded(await wire.subscribe('a@b,c;d'));
      const answer = await apiAt(port).get('/channels/a%40b%2Cc%3Bd');
      expect([answer.status, answer.json()]).toEqual([200, { occupied: true }]);
      wire.destroy();
    });

    test('CONN-1, SIGN-3: both work below a prefix, which is not signed', async () => {
      await using server = await startServer({ env: { EARSHOT_PATH: '/realtime' } });
      const port = await proxyTo(server);
      const wire = await connect(port, { prefix: '/realtime' });
      await wire.next('pusher:connection_established');
      succeeded(await wire.subscribe('news'));
      await apiAt(port, '/realtime').publish('news', 'greeting', 'hello');
      expect(await wire.next()).toEqual({ event: 'greeting', channel: 'news', data: 'hello' });
      const outside = await connect(port);
      expect(await outside.closed).toMatchObject({ code: 4005 });
      wire.destroy();
    });

    test('CONN-11: an app that takes only TLS takes what a trusted proxy received over TLS', async () => {
      await using certificate = await makeCertificate();
      await using server = await startServer({
        env: { EARSHOT_APP_TLS_ONLY: 'true', EARSHOT_TRUSTED_PROXIES: '127.0.0.1' },
      });
      const encrypted = await connect(await proxyTo(server, { certificate }), { ca: certificate.cert });
      await encrypted.next('pusher:connection_established');
      encrypted.destroy();
      const plain = await connect(await proxyTo(server));
      expect(await plain.closed).toMatchObject({ code: 4000 });
    });

    test('CONN-11: what any other proxy says of TLS does not count', async () => {
      await using certificate = await makeCertificate();
      await using server = await startServer({
        env: { EARSHOT_APP_TLS_ONLY: 'true', EARSHOT_TRUSTED_PROXIES: '127.0.0.2,10.0.0.0/8' },
      });
      const wire = await connect(await proxyTo(server, { certificate }), { ca: certificate.cert });
      expect(await wire.closed).toMatchObject({ code: 4000 });
    });

    test('nobody is local behind it: metrics, shown on loopback only, are not shown through it', async () => {
      for (const env of [{}, { EARSHOT_TRUSTED_PROXIES: '127.0.0.1' }]) {
        await using server = await startServer({ env });
        expect((await server.api.raw('GET', '/metrics')).status).toBe(200);
        const through = apiAt(await proxyTo(server));
        expect((await through.raw('GET', '/metrics')).status).toBe(403);
        const fromAfar = { 'X-Forwarded-For': '203.0.113.9' };
        expect((await through.raw('GET', '/metrics', undefined, fromAfar)).status).toBe(403);
      }
    });

    test('the host that was asked for is what a trusted proxy says, and nobody else', async () => {
      const elsewhere = { Host: 'rebound.example' };
      const env = { EARSHOT_PUBLIC_URL: 'https://chat.example', EARSHOT_TRUSTED_PROXIES: '127.0.0.1' };
      await using trusting = await startServer({ env });
      const port = await proxyTo(trusting);
      const known = await apiAt(port).raw('GET', '/', undefined, { Host: 'chat.example' });
      expect(known.status).toBe(200);
      const refused = await apiAt(port).raw('GET', '/', undefined, elsewhere);
      expect(refused.status).toBe(403);
      expect(refused.text).toContain('EARSHOT_PUBLIC_URL');
    });

    test('LIVE-3: a quiet connection outlives the idle limit of the proxy when it is pinged more often', async () => {
      await using server = await startServer({ env: { EARSHOT_PING_SECONDS: '1' } });
      const port = await proxyTo(server, { idleSeconds: 4 });
      const wire = await connect(port);
      await wire.next('pusher:connection_established');
      succeeded(await wire.subscribe('news'));
      for (let pings = 0; pings < 3; pings++) await wire.nextPing(); // longer than 4 s, in which no message is sent
      await server.api.publish('news', 'greeting', 'still here?');
      expect(await wire.next()).toMatchObject({ event: 'greeting' });
      wire.destroy();
    }, 120_000);

    test('the proxy of these tests does cut a connection that nobody pings', async () => {
      await using server = await startServer({ env: { EARSHOT_PING_SECONDS: '60' } });
      const wire = await connect(await proxyTo(server, { idleSeconds: 1 }));
      await wire.next('pusher:connection_established');
      expect(await wire.closed).toMatchObject({ code: 1006 });
    });
  });
}
