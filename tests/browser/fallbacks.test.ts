import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { tryChannel } from '@earshot/home';
import type PusherClient from 'pusher-js';
import type { Options } from 'pusher-js';
import { proxies, startProxy } from '../proxies/proxies.ts';
import { type Browser, type BrowserWindow, chromiumPath, startBrowser } from '../support/browser.ts';
import { AuthEndpoint, publisher, pusherJsOptions } from '../support/clients.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { faults, hear, subscribed } from './visit.ts';

/*
 * The web build of pusher-js on its HTTP transports: here it is XMLHttpRequest, preflights and the page's origin that
 * count. The library comes from the server, the page from another origin, as on anybody's site.
 */

/** What the page offers to `evaluate`. */
interface Page extends Window {
  Pusher: typeof PusherClient;
  client: PusherClient;
  heard: { channel: string; event: string; data: unknown }[];
}

/** pusher-js tries streaming 5 s after WebSockets, and polling 4 s after that; a busy machine is slower still. */
const fallBackMs = 90_000;

const proxy = proxies.find(({ path }) => path !== undefined);

describe.skipIf(chromiumPath === undefined)('fallbacks in Chromium', () => {
  let browser: Browser;
  let site: ReturnType<typeof Bun.serve>;

  beforeAll(async () => {
    browser = await startBrowser();
    site = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      fetch: () =>
        new Response('<!doctype html><title>site</title>', { headers: { 'Content-Type': 'text/html' } }),
    });
  });
  afterEach(() => browser.closeWindows());
  afterAll(async () => {
    await site.stop(true);
    await browser[Symbol.asyncDispose]();
  });

  async function visit(server: TestServer, options: Partial<Options>): Promise<BrowserWindow> {
    const window = await browser.open();
    server.onStop(() => window.close());
    await window.page.goto(site.url.href);
    await window.page.addScriptTag({ url: `${server.origin}/client/pusher.min.js` });
    await window.page.evaluate(
      ([key, given]) => {
        const page = globalThis as unknown as Page;
        page.heard = [];
        page.client = new page.Pusher(key, given);
        page.client.bind_global((event: string, data: unknown) =>
          page.heard.push({ channel: '', event, data }),
        );
      },
      [server.app.key, { ...pusherJsOptions(server), ...options }] as const,
    );
    return window;
  }

  async function connected(window: BrowserWindow): Promise<string> {
    const handle = await window.page.waitForFunction(
      () => {
        const { connection } = (globalThis as unknown as Page).client;
        return connection.state === 'connected' ? connection.connection.transport.name : null;
      },
      undefined,
      { timeout: fallBackMs },
    );
    return (await handle.jsonValue()) as string;
  }

  async function join(window: BrowserWindow, name: string): Promise<void> {
    await window.page.evaluate((channel) => {
      const page = globalThis as unknown as Page;
      page.client
        .subscribe(channel)
        .bind_global((event: string, data: unknown) => page.heard.push({ channel, event, data }));
    }, name);
    await heard(window, name, 'pusher:subscription_succeeded');
  }

  /** Waits for an event of a channel, and takes it. */
  async function heard(window: BrowserWindow, channel: string, event: string): Promise<unknown> {
    const handle = await window.page.waitForFunction(
      (wanted) => {
        const { heard: all } = globalThis as unknown as Page;
        const at = all.findIndex((one) => one.channel === wanted.channel && one.event === wanted.event);
        return at < 0 ? null : { data: all.splice(at, 1)[0]?.data ?? null };
      },
      { channel, event },
    );
    return ((await handle.jsonValue()) as { data: unknown }).data;
  }

  /** What the page asked of anybody but the site, the server and the application's authoriser. */
  function askedElsewhere(window: BrowserWindow, ...own: string[]): string[] {
    const hosts = [site.url.host, ...own.map((origin) => new URL(origin).host)];
    return window.requested.filter((url) => !hosts.includes(new URL(url).host));
  }

  for (const name of ['ws', 'xhr_streaming', 'xhr_polling'] as const) {
    test(`HTTP-9, HTTP-10: everything works by ${name} alone, and nobody else is asked`, async () => {
      await using server = await startServer();
      const signer = publisher(server);
      const endpoints = ['a', 'b'].map((id) => {
        const endpoint = new AuthEndpoint(server, signer);
        endpoint.user = { id, user_info: { name: id } };
        return endpoint;
      });
      const windows = [];
      for (const endpoint of endpoints) {
        const window = await visit(server, { ...endpoint.options(), enabledTransports: [name] });
        expect(await connected(window)).toBe(name);
        for (const channel of ['news', 'private-a', 'presence-a']) await join(window, channel);
        windows.push(window);
      }
      const [a, b] = windows as [BrowserWindow, BrowserWindow];
      expect(await heard(a, 'presence-a', 'pusher:member_added')).toEqual({ id: 'b', info: { name: 'b' } });
      await server.api.publish('news', 'e', '{"n":"é\\n</script>"}');
      for (const window of windows) expect(await heard(window, 'news', 'e')).toEqual({ n: 'é\n</script>' });
      await a.page.evaluate(() => {
        (globalThis as unknown as Page).client.channel('private-a').trigger('client-hi', { from: 'a' });
      });
      expect(await heard(b, 'private-a', 'client-hi')).toEqual({ from: 'a' });
      await b.page.evaluate(() => (globalThis as unknown as Page).client.signin());
      await heard(b, '', 'pusher:signin_success');
      await b.close();
      expect(await heard(a, 'presence-a', 'pusher:member_removed')).toMatchObject({ id: 'b' });
      for (const window of windows) {
        expect(askedElsewhere(window, server.origin, ...endpoints.map(({ origin }) => origin))).toEqual([]);
        expect(window.errors).toEqual([]);
      }
    }, 300_000);
  }

  test('HTTP-6: a stream that has become long is taken over by the next one, and nothing is lost', async () => {
    await using server = await startServer();
    const window = await visit(server, { enabledTransports: ['xhr_streaming'] });
    await connected(window);
    await join(window, 'news');
    const data = 'x'.repeat(9_000);
    const count = 100; // 900,000 characters; the client begins anew after 262,144
    for (let n = 0; n < count; n++) await server.api.publish('news', 'e', JSON.stringify({ n, data }));
    const seen: number[] = [];
    while (seen.length < count) seen.push(((await heard(window, 'news', 'e')) as { n: number }).n);
    expect(seen).toEqual(Array.from({ length: count }, (_, n) => n));
    expect(window.requested.filter((url) => url.includes('/xhr_streaming')).length).toBeGreaterThan(2);
  }, 300_000);

  describe.skipIf(proxy === undefined)('behind a proxy that strips upgrades', () => {
    const start = async (server: TestServer) => {
      if (proxy === undefined) throw new Error('this test is left out without a proxy');
      return startProxy(proxy.start, server, { blocksWebSockets: true });
    };

    test('HTTP-10: stock pusher-js goes on by streaming by itself, and nobody else is asked', async () => {
      await using server = await startServer();
      const port = await start(server);
      const window = await visit(server, {
        wsPort: port,
        wssPort: port,
        httpPort: port,
        httpsPort: port,
        enabledTransports: ['ws', 'wss', 'xhr_streaming', 'xhr_polling'],
      });
      expect(await connected(window)).toBe('xhr_streaming');
      await join(window, 'news');
      await server.api.publish('news', 'e', '1');
      expect(await heard(window, 'news', 'e')).toBe(1);
      expect(askedElsewhere(window, server.origin, `http://127.0.0.1:${port}`)).toEqual([]);
    }, 300_000);

    test('HTTP-10: the page at / works and says how it is connected', async () => {
      await using server = await startServer();
      const port = await start(server);
      const window = await browser.open();
      server.onStop(() => window.close());
      const link = new URL(await server.node.signInLink());
      link.port = String(port);
      await window.page.goto(link.href);
      await window.page.locator('[data-phase=connected]').waitFor({ timeout: fallBackMs });
      await subscribed(window, tryChannel);
      await window.page.locator('.facts').getByText('HTTP streaming').waitFor();
      await server.api.publish(tryChannel, 'hello', '{"message":"by a stream"}');
      await hear(window, 'by a stream');
      // The browser reports the WebSockets that did not get through, and that is all.
      expect(faults(window).filter((error) => !error.includes('WebSocket'))).toEqual([]);
      expect(window.requestedElsewhere(link.origin)).toEqual([]);
    }, 300_000);
  });
});
