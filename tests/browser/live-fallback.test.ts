import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { type ProxyChoices, proxies, startProxy } from '../proxies/proxies.ts';
import { type Browser, chromiumPath, startBrowser } from '../support/browser.ts';
import type { TestServer } from '../support/server.ts';
import { open } from './chat-visit.ts';
import { field, lane, startLiveServer, startRoom } from './live-visit.ts';

/** pusher-js tries streaming 5 s after WebSockets, and polling 4 s after that; a busy machine is slower still. */
const fallBackMs = 90_000;
const [nginx, haproxy] = proxies;

describe.skipIf(chromiumPath === undefined)('live rooms where WebSockets do not get through', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterEach(() => browser.closeWindows());
  afterAll(() => browser[Symbol.asyncDispose]());

  const cases: [string, (typeof proxies)[number] | undefined, ProxyChoices, string][] = [
    ['streaming', nginx, { blocksWebSockets: true }, '/xhr_streaming?'],
    ['polling', haproxy, { blocksWebSockets: true, buffersResponses: true }, '/xhr?'],
  ];
  for (const [name, proxy, choices, request] of cases) {
    test.skipIf(proxy?.path === undefined)(
      `words arrive by ${name}, all of them`,
      async () => {
        await using server = await startLiveServer({ EARSHOT_TRUSTED_PROXIES: '127.0.0.1' });
        if (proxy === undefined) throw new Error('left out without a proxy');
        const origin = `http://127.0.0.1:${await startProxy(proxy.start, server, choices)}`;
        const [ann, bob] = [await open(browser), await open(browser)];
        const link = await startRoom(ann, { origin } as TestServer);
        for (const [window, who] of [
          [ann, 'Ann'],
          [bob, 'Bob'],
        ] as const) {
          if (window === bob) await bob.page.goto(link);
          await window.page.getByLabel('Your name').fill(who);
          await window.page.getByRole('button', { name: 'Enter' }).click();
          await window.page.locator('.lane-mine').waitFor({ timeout: fallBackMs });
        }
        await lane(ann, 'Bob').waitFor({ timeout: fallBackMs });
        await field(bob).pressSequentially('not a letter is lost');
        await lane(ann, 'Bob').getByText('not a letter is lost').waitFor({ timeout: fallBackMs });
        expect(ann.requestedElsewhere(origin)).toEqual([]);
        expect(ann.requested.some((url) => url.includes(request))).toBe(true);
        for (const window of [ann, bob]) await window.close();
      },
      300_000,
    );
  }
});
