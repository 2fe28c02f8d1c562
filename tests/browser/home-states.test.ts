import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { clientLineEvent, demoChannel } from '@earshot/home';
import {
  type Browser,
  type BrowserWindow,
  chromiumPath,
  startBrowser,
  type WindowOptions,
} from '../support/browser.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { faults, hear, say, settled, signIn, still } from './visit.ts';

/** How the page is looked at. */
const views: Record<string, WindowOptions> = {
  light: {},
  dark: { colorScheme: 'dark' },
  phone: { width: 320, height: 640, phone: true },
};

interface State {
  env?: Record<string, string>;
  /** Brings a new window to the state. */
  reach: (browser: Browser, server: TestServer, view: WindowOptions) => Promise<BrowserWindow>;
}

const states: Record<string, State> = {
  'signed out': {
    async reach(browser, server, view) {
      const window = await browser.open(view);
      await window.page.goto(server.origin);
      await settled(window, 'shut');
      return window;
    },
  },
  'a link that was used': {
    async reach(browser, server, view) {
      const window = await browser.open(view);
      await window.page.goto(`${server.origin}/#sign-in=used`);
      await window.page.getByText('This link has been used already').waitFor();
      return window;
    },
  },
  'too many links': {
    async reach(browser, server, view) {
      const window = await browser.open(view);
      await window.page.goto(server.origin);
      for (let i = 0; i < 11; i++) {
        await window.page.evaluate(
          `fetch('session', { method: 'POST', body: new URLSearchParams({ token: 'x' }) })`,
        );
      }
      await window.page.goto(`${server.origin}/#sign-in=late`);
      await window.page.getByText('Too many links were tried').waitFor();
      return window;
    },
  },
  'nobody else': {
    async reach(browser, server, view) {
      const window = await signIn(browser, server, view);
      await window.page.getByRole('link', { name: 'Open a second window' }).waitFor();
      return window;
    },
  },
  'a conversation': {
    async reach(browser, server, view) {
      const window = await signIn(browser, server, view);
      const other = await signIn(browser, server);
      await window.page.locator('.chip').nth(1).waitFor();
      for (let i = 0; i < 8; i++) await say(window, `Line ${i}: ${'long'.repeat(i * 6)}`);
      await say(other, 'Hello');
      await hear(window, 'Hello');
      await server.api.publish('my-channel', 'my-event', '{"message":"Hello from afar"}');
      await hear(window, 'Hello from afar');
      return window;
    },
  },
  'very long names and texts, and more people than fit': {
    env: { EARSHOT_APP_NAME: 'W'.repeat(100) },
    async reach(browser, server, view) {
      const window = await signIn(browser, server, view);
      await window.page.locator('.chip').waitFor();
      for (let i = 0; i < 12; i++) {
        const wire = await server.connect();
        const data = JSON.stringify({
          user_id: `${i}`,
          user_info: { name: `${i}${'Wide'.repeat(100)}`, colour: '?' },
        });
        await wire.subscribe(demoChannel, server.channelAuth(wire, demoChannel, data), data);
        const text = 'W'.repeat(3000);
        if (i === 11) wire.send({ event: clientLineEvent, channel: demoChannel, data: { text } });
      }
      await window.page.getByText('+5 more').waitFor();
      await window.page.getByText(/^W{2000}…$/).waitFor();
      return window;
    },
  },
  'the demonstration is off': {
    env: { EARSHOT_HOME_DEMO: 'false' },
    async reach(browser, server, view) {
      const window = await signIn(browser, server, view);
      await window.page.getByText('EARSHOT_HOME_DEMO=false').waitFor();
      expect(window.requested.join()).not.toContain('demo/auth');
      await server.api.publish('my-channel', 'my-event', '{"message":"still heard"}');
      await hear(window, 'still heard');
      return window;
    },
  },
  'client events are off': {
    env: { EARSHOT_APP_CLIENT_EVENTS: 'false' },
    async reach(browser, server, view) {
      const window = await signIn(browser, server, view);
      await window.page.getByText('This app takes no client events').waitFor();
      return window;
    },
  },
  'lines too fast': {
    env: { EARSHOT_APP_CLIENT_EVENTS_PER_SECOND: '1' },
    async reach(browser, server, view) {
      const window = await signIn(browser, server, view);
      await window.page.locator('.chip').waitFor();
      await say(window, 'one');
      await window.evaluate(
        `for (let i = 0; i < 5; i++) Pusher.instances[0].channel('presence-earshot-home').trigger('client-line', {})`,
      );
      await window.page.getByText('That was too fast').waitFor();
      return window;
    },
  },
  'the app is off': {
    env: { EARSHOT_APP_ENABLED: 'false' },
    async reach(browser, server, view) {
      const window = await browser.open(view);
      await window.page.goto(await server.node.signInLink());
      await window.page.getByText('This app is switched off').waitFor();
      return window;
    },
  },
};

describe.skipIf(chromiumPath === undefined)('every state of the page', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterEach(() => browser.closeWindows());
  afterAll(() => browser[Symbol.asyncDispose]());

  for (const [name, { env = {}, reach }] of Object.entries(states)) {
    test(`${name}: right for everybody, within the policy, on any screen`, async () => {
      for (const [look, view] of Object.entries(views)) {
        await using server = await startServer({ env });
        const window = await reach(browser, server, view);
        await still(window);
        expect([look, await window.accessibilityProblems()]).toEqual([look, []]);
        expect([look, faults(window)]).toEqual([look, []]);
        expect(window.requestedElsewhere(server.origin)).toEqual([]);
        expect([look, await overflow(window)]).toEqual([look, 0]);
        await window.evaluate(`document.documentElement.style.fontSize = '200%'`);
        expect([`${look}, text at 200 %`, await overflow(window)]).toEqual([`${look}, text at 200 %`, 0]);
        await window.close();
      }
    });
  }

  test('nothing moves for those who asked for that', async () => {
    await using server = await startServer();
    const window = await signIn(browser, server, { reducedMotion: 'reduce' });
    await say(window, 'still');
    await hear(window, 'still');
    expect(await window.moving()).toEqual([]);
  });
});

/** By how much the page is wider than the window. */
function overflow(window: BrowserWindow): Promise<number> {
  return window.evaluate(
    'Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth)',
  );
}
