import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { proxies, startProxy } from '../proxies/proxies.ts';
import { type Browser, type BrowserWindow, chromiumPath, startBrowser } from '../support/browser.ts';
import { startServer, type TestServer } from '../support/server.ts';

/** pusher-js tries streaming 5 s after WebSockets; a busy machine is slower still. */
const fallBackMs = 90_000;
const proxy = proxies.find(({ path }) => path !== undefined);

describe.skipIf(chromiumPath === undefined || proxy === undefined)(
  'the chat behind a proxy that strips upgrades',
  () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await startBrowser();
    });
    afterEach(() => browser.closeWindows());
    afterAll(() => browser[Symbol.asyncDispose]());

    test('HTTP-10: two people talk, and see that the other one is there', async () => {
      await using server = await startServer({ env: { EARSHOT_TRUSTED_PROXIES: '127.0.0.1' } });
      if (proxy === undefined) throw new Error('left out without a proxy');
      const origin = `http://127.0.0.1:${await startProxy(proxy.start, server, { blocksWebSockets: true })}`;
      const [ada, ben] = [await enter(server, origin, 'Ada'), await enter(server, origin, 'Ben')];
      await ada.page.getByText('2 online').first().waitFor({ timeout: fallBackMs });
      await say(ada, 'over streams');
      await ben.page.getByRole('log').getByText('over streams').waitFor({ timeout: fallBackMs });
      await say(ben, 'here as well');
      await ada.page.getByRole('log').getByText('here as well').waitFor({ timeout: fallBackMs });
      for (const window of [ada, ben]) {
        expect(window.requestedElsewhere(origin)).toEqual([]);
        expect(window.requested.some((url) => url.includes('/xhr_streaming?'))).toBe(true);
      }
    }, 300_000);

    async function enter(server: TestServer, origin: string, name: string): Promise<BrowserWindow> {
      const window = await browser.open();
      server.onStop(() => window.close());
      await window.page.goto(`${origin}/chat?app=${server.app.key}`);
      const field = window.page.getByRole('textbox', { name: 'Your name' });
      await field.fill(name);
      await field.press('Enter');
      await window.page.getByRole('textbox', { name: 'Message' }).waitFor({ timeout: fallBackMs });
      return window;
    }

    async function say(window: BrowserWindow, text: string): Promise<void> {
      const box = window.page.getByRole('textbox', { name: 'Message' });
      await box.fill(text);
      await box.press('Enter');
    }
  },
);
