import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import type { CDPSession, Page } from 'playwright-core';
import { type Browser, type BrowserWindow, chromiumPath, startBrowser } from '../support/browser.ts';
import type { TestServer } from '../support/server.ts';
import {
  becomes,
  composer,
  launcher,
  log,
  openRoom,
  startChatServer,
  startSite,
  visit,
  write,
} from './chat-visit.ts';

describe.skipIf(chromiumPath === undefined)('people who are not looking', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterEach(() => browser.closeWindows());
  afterAll(() => browser[Symbol.asyncDispose]());

  /** The driver keeps every page in the foreground; the page is told otherwise. */
  const lookAway = (window: BrowserWindow) =>
    window.evaluate<void>(`(() => {
      document.hasFocus = () => false;
      Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => 'hidden' });
      dispatchEvent(new Event('blur'));
      document.dispatchEvent(new Event('visibilitychange'));
    })()`);
  const lookBack = (window: BrowserWindow) =>
    window.evaluate<void>(`(() => {
      delete document.hasFocus;
      delete document.visibilityState;
      document.dispatchEvent(new Event('visibilitychange'));
      dispatchEvent(new Event('focus'));
    })()`);

  test('see the number of unread messages in the title, until they look', async () => {
    await using server = await startChatServer();
    await using site = await startSite(server);
    const ada = await visit(browser, site.address, 'ada');
    const ben = await visit(browser, site.address, 'ben');
    await openRoom(ada);
    await openRoom(ben);
    await lookAway(ben);
    await write(ada, 'Is @Ben Franklin here?');
    await becomes(ben, 'document.title', '(1) The Harbour Post');
    await becomes(ben, 'document.body.dataset.unread', '1');
    await write(ada, '@Ben Franklin?');
    await becomes(ben, 'document.title', '(2) The Harbour Post');
    await lookBack(ben);
    await becomes(ben, 'document.title', 'The Harbour Post');
  });

  test('are called by the site’s worker, once for each conversation, and a click leads there', async () => {
    await using server = await startChatServer();
    await using site = await startSite(server, { worker: true });
    const ada = await visit(browser, site.address, 'ada');
    const ben = await visit(browser, site.address, 'ben');
    await ben.page.context().grantPermissions(['notifications'], { origin: site.address });
    await ben.page.addInitScript(countShown);
    await ben.page.reload();
    await openRoom(ada);
    await openRoom(ben);
    await lookAway(ben);
    await write(ada, 'Is @Ben Franklin here?');
    await becomes(ben, 'window.shownByWorker', 1);
    const first = await notifications(ben, 'Is @Ben Franklin here?');
    expect(first[0]?.title).toBe('Ada Lovelace · Harbour');
    await write(ada, 'Come, @Ben Franklin!');
    await becomes(ben, 'window.shownByWorker', 2);
    const second = await notifications(ben, 'Come, @Ben Franklin!');
    expect(second[0]?.tag).toBe(first[0]?.tag ?? '');

    // A click on it opens the conversation in the page that is there.
    await launcher(ben).click();
    await composer(ben, 'Harbour').waitFor({ state: 'hidden' });
    const [worker] = ben.page.context().serviceWorkers();
    await worker?.evaluate(`(async () => {
      const [notification] = await registration.getNotifications();
      dispatchEvent(new NotificationEvent('notificationclick', { notification }));
    })()`);
    await composer(ben, 'Harbour').waitFor();

    // What is read is put away, wherever it was read.
    await write(ada, 'And again, @Ben Franklin!');
    await becomes(ben, 'window.shownByWorker', 3);
    await notifications(ben, 'And again, @Ben Franklin!');
    await lookBack(ben);
    await log(ben, 'Harbour').getByText('And again, @Ben Franklin!').waitFor();
    await notifications(ben);
    expect(ben.errors).toEqual([]);
  });

  test('are reached by push while no page is open; it opens the page at the conversation', async () => {
    await using server = await startChatServer();
    const window = await browser.open();
    const { page } = window;
    await page.context().grantPermissions(['notifications'], { origin: server.origin });
    await page.goto(`${server.origin}/chat`);
    await page.getByLabel('Your name').fill('Cleo');
    await page.keyboard.press('Enter');
    await composer(window, 'Harbour').waitFor();
    // What subscribing does, but for the push service, which is out of reach here.
    await window.evaluate(`navigator.serviceWorker.ready.then(() => true)`);
    await page.goto('about:blank');
    const conversation = 'AAAAAAAAAAAAAAAAAAAAAA';
    await push(await page.context().newPage(), server, {
      earshot: 1,
      app: server.app.key,
      kind: 'message',
      conversation,
      title: 'Dora',
      body: 'Hello\n127.0.0.1',
      text: 'Hello',
      count: 1,
      host: '127.0.0.1',
    });
    await page.goto(`${server.origin}/chat`);
    expect(await notifications(window, 'Hello\n127.0.0.1')).toMatchObject([
      {
        title: 'Dora',
        data: { url: `${server.origin}/chat?app=${server.app.key}#earshot=${conversation}` },
      },
    ]);
  });
});

interface Shown {
  readonly title: string;
  readonly body: string;
  readonly tag: string;
  readonly data: { readonly url: string };
}

const shownHere = `(async () => {
  const [registration] = await navigator.serviceWorker.getRegistrations();
  const shown = (await registration?.getNotifications()) ?? [];
  return shown.map(({ title, body, tag, data }) => ({ title, body, tag, data }));
})()`;

/** Chromium now and then forgets a notification when it is asked which there are while it begins to show that one. */
const countShown = `(() => {
  window.shownByWorker = 0;
  const { prototype } = ServiceWorkerRegistration;
  const show = prototype.showNotification;
  prototype.showNotification = async function (...about) {
    await show.apply(this, about);
    window.shownByWorker++;
  };
})()`;

/** Waits until the page's worker shows these texts, and nothing else. */
async function notifications(window: BrowserWindow, ...bodies: string[]): Promise<Shown[]> {
  await becomes(window, `${shownHere}.then((all) => all.map(({ body }) => body))`, bodies);
  return window.evaluate<Shown[]>(shownHere);
}

/** Hands the worker a push, as the browser does when one comes from its push service. */
async function push(page: Page, server: TestServer, payload: object): Promise<void> {
  const session: CDPSession = await page.context().newCDPSession(page);
  const found = new Promise<string>((resolve) => {
    session.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      const mine = registrations.find(({ scopeURL }) => scopeURL.startsWith(server.origin));
      if (mine !== undefined) resolve(mine.registrationId);
    });
  });
  await session.send('ServiceWorker.enable');
  await session.send('ServiceWorker.deliverPushMessage', {
    origin: server.origin,
    registrationId: await found,
    data: JSON.stringify(payload),
  });
}
