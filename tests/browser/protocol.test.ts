import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import type PusherClient from 'pusher-js';
import type { Options } from 'pusher-js';
import { type Browser, type BrowserWindow, chromiumPath, startBrowser } from '../support/browser.ts';
import { AuthEndpoint, publisher, pusherJsOptions } from '../support/clients.ts';
import { startServer, type TestServer } from '../support/server.ts';

/*
 * The web build of pusher-js in Chromium, on a page of another origin, as on anybody's site. What goes over the wire is
 * the same as with the Node build; here it is about what a browser adds: origins, TLS, cookies' absence, JSONP.
 */

type Constructor = typeof PusherClient;

/** What the page offers to `evaluate`. */
interface Page extends Window {
  Pusher: Constructor;
  client: PusherClient;
  seen: { on: string; event: string; data: unknown }[];
}

describe.skipIf(chromiumPath === undefined)('pusher-js in Chromium', () => {
  let browser: Browser;
  let site: ReturnType<typeof Bun.serve>;
  let library: Record<string, string>;

  beforeAll(async () => {
    browser = await startBrowser();
    const file = (name: string) =>
      Bun.file(Bun.resolveSync(`pusher-js/dist/web/${name}`, import.meta.dirname)).text();
    library = {
      '/pusher.js': await file('pusher.min.js'),
      '/pusher-with-encryption.js': await file('pusher-with-encryption.min.js'),
    };
    site = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      fetch: (request) => {
        const { pathname, searchParams } = new URL(request.url);
        const script = library[pathname];
        if (script !== undefined)
          return new Response(script, { headers: { 'Content-Type': 'text/javascript' } });
        const source = searchParams.get('script') ?? '/pusher.js';
        return new Response(`<!doctype html><title>site</title><script src="${source}"></script>`, {
          headers: { 'Content-Type': 'text/html' },
        });
      },
    });
  });
  afterEach(() => browser.closeWindows());
  afterAll(async () => {
    await site.stop(true);
    await browser[Symbol.asyncDispose]();
  });

  /** A page with pusher-js and a client; `script` is where it loads the library from. */
  async function visit(
    server: TestServer,
    options: Partial<Options> = {},
    script = '/pusher.js',
  ): Promise<BrowserWindow> {
    const window = await browser.open();
    server.onStop(() => window.close());
    await window.page.goto(`${site.url.href}?script=${encodeURIComponent(script)}`);
    await window.page.evaluate(
      ([key, given]) => {
        const page = globalThis as unknown as Page;
        page.seen = [];
        page.client = new page.Pusher(key, given);
        page.client.connection.bind_global((event: string, data: unknown) => {
          if (event !== 'message') page.seen.push({ on: 'connection', event, data });
        });
      },
      [server.app.key, { ...pusherJsOptions(server), ...options }] as const,
    );
    return window;
  }

  function subscribe(window: BrowserWindow, channel: string): Promise<void> {
    return window.page.evaluate((name) => {
      const page = globalThis as unknown as Page;
      page.client
        .subscribe(name)
        .bind_global((event: string, data: unknown) => page.seen.push({ on: name, event, data }));
    }, channel);
  }

  /** Waits for an event on `connection` or a channel, and gives its data. */
  async function seen(window: BrowserWindow, on: string, event: string): Promise<unknown> {
    const handle = await window.page.waitForFunction(
      (wanted) => {
        const page = globalThis as unknown as Page;
        const at = page.seen.findIndex((entry) => entry.on === wanted.on && entry.event === wanted.event);
        return at < 0 ? null : { data: page.seen.splice(at, 1)[0]?.data ?? null };
      },
      { on, event },
    );
    return ((await handle.jsonValue()) as { data: unknown }).data;
  }

  test('CONN-1, SUB-1, PRIV-1, PRES-2, CLIENT-1: two windows see each other come, talk and go', async () => {
    await using server = await startServer();
    const signer = publisher(server);
    const windows = [];
    for (const id of ['a', 'b']) {
      const endpoint = new AuthEndpoint(server, signer);
      endpoint.user = { id, user_info: { name: id.toUpperCase() } };
      const window = await visit(server, endpoint.options());
      for (const channel of ['news', 'private-a', 'presence-a']) {
        await subscribe(window, channel);
        await seen(window, channel, 'pusher:subscription_succeeded');
      }
      windows.push(window);
    }
    const [a, b] = windows as [BrowserWindow, BrowserWindow];
    expect(await seen(a, 'presence-a', 'pusher:member_added')).toEqual({ id: 'b', info: { name: 'B' } });
    await server.api.publish('news', 'e', '{"n":"é</script>"}');
    for (const window of windows) expect(await seen(window, 'news', 'e')).toEqual({ n: 'é</script>' });
    await a.page.evaluate(() => {
      (globalThis as unknown as Page).client.channel('private-a').trigger('client-hi', { from: 'a' });
    });
    expect(await seen(b, 'private-a', 'client-hi')).toEqual({ from: 'a' });
    await b.close();
    expect(await seen(a, 'presence-a', 'pusher:member_removed')).toEqual({ id: 'b', info: { name: 'B' } });
  });

  test('CONN-1: the library as the server itself hands it out', async () => {
    await using server = await startServer();
    const window = await visit(server, {}, `${server.origin}/client/pusher.min.js`);
    await subscribe(window, 'news');
    await seen(window, 'news', 'pusher:subscription_succeeded');
    expect(window.errors).toEqual([]);
  });

  test('PRIV-1: JSONP authorisation', async () => {
    await using server = await startServer();
    const signer = publisher(server);
    const asked: URL[] = [];
    const endpoint = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      fetch: (request) => {
        const url = new URL(request.url);
        asked.push(url);
        const { socket_id = '', channel_name = '', callback } = Object.fromEntries(url.searchParams);
        const answer = JSON.stringify(signer.authorizeChannel(socket_id, channel_name));
        return new Response(`${callback}(${answer});`, { headers: { 'Content-Type': 'text/javascript' } });
      },
    });
    server.onStop(() => endpoint.stop(true));
    const window = await visit(server, {
      channelAuthorization: { endpoint: `${endpoint.url.href}auth`, transport: 'jsonp' },
    });
    await subscribe(window, 'private-a');
    await seen(window, 'private-a', 'pusher:subscription_succeeded');
    expect(asked[0]?.searchParams.get('callback')).toStartWith('Pusher.auth_callbacks');
    await server.api.publish('private-a', 'e', '"x"');
    expect(await seen(window, 'private-a', 'e')).toBe('x');
  });

  test('ENC-2: the build with encryption reads what the pusher library encrypts', async () => {
    await using server = await startServer();
    const signer = publisher(server, Buffer.alloc(32, 7).toString('base64'));
    const endpoint = new AuthEndpoint(server, signer);
    const window = await visit(server, endpoint.options(), '/pusher-with-encryption.js');
    await subscribe(window, 'private-encrypted-a');
    await seen(window, 'private-encrypted-a', 'pusher:subscription_succeeded');
    await signer.trigger('private-encrypted-a', 'e', { secret: 'ü' });
    expect(await seen(window, 'private-encrypted-a', 'e')).toEqual({ secret: 'ü' });
  });

  test('CONN-11: a plain page that is told 4000 comes back over TLS', async () => {
    await using server = await startServer({ tls: true, env: { EARSHOT_APP_TLS_ONLY: 'true' } });
    const window = await visit(server);
    await seen(window, 'connection', 'connected');
    expect(window.requested.filter((url) => url.startsWith('ws')).map((url) => url.split(':')[0])).toEqual([
      'ws',
      'wss',
    ]);
  });

  test('CONN-13: a page of a foreign origin is refused, one on the list connects', async () => {
    await using server = await startServer();
    await server.update({ origins: [site.url.origin] });
    await seen(await visit(server), 'connection', 'connected');
    await server.update({ origins: ['https://another.example'] });
    const window = await visit(server);
    expect(await seen(window, 'connection', 'error')).toMatchObject({ error: { data: { code: 4009 } } });
    await seen(window, 'connection', 'disconnected');
  });
});
