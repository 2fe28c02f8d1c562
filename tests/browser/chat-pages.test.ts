import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { createSite } from '../../examples/todo/server.mjs';
import { type Browser, chromiumPath, startBrowser } from '../support/browser.ts';
import {
  becomes,
  composer,
  enterAsGuest,
  launcher,
  log,
  open,
  reads,
  startChatServer,
  startPages,
  write,
} from './chat-visit.ts';

describe.skipIf(chromiumPath === undefined)('the chat’s own pages', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterEach(() => browser.closeWindows());
  afterAll(() => browser[Symbol.asyncDispose]());

  const looks = [
    { name: 'light', options: {} },
    { name: 'dark', options: { colorScheme: 'dark' } },
    { name: 'phone', options: { width: 390, height: 780, phone: true } },
  ] as const;

  for (const { name, options } of looks) {
    test(`/chat fills the window, is reachable for everybody, and asks nobody else: ${name}`, async () => {
      await using server = await startChatServer();
      const window = await open(browser, options);
      await window.page.goto(`${server.origin}/chat`);
      await window.page.getByLabel('Your name').waitFor();
      expect(await window.accessibilityProblems()).toEqual([]);
      await window.screenshot(`chat-page-enter-${name}`);
      await enterAsGuest(window, 'Cleo');
      await composer(window, 'Harbour').waitFor();
      await write(window, 'Is anybody here?');
      await write(window, 'I am new, and I would like to know how the ferries go on Sunday.');
      await reads(window, 'Is anybody here?');
      const dora = await open(browser);
      await dora.page.goto(`${server.origin}/chat`);
      await enterAsGuest(dora, 'Dora');
      await composer(dora, 'Harbour').waitFor();
      await write(dora, 'Every two hours, from eight. https://example.com/ferries');
      await log(window, 'Harbour').getByText('Every two hours, from eight.').waitFor();
      expect(await window.accessibilityProblems()).toEqual([]);
      await window.screenshot(`chat-page-${name}`);
      expect(window.errors).toEqual([]);
      expect(window.requestedElsewhere(server.origin)).toEqual([]);
      const wide = await window.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
      expect(wide).toBeLessThanOrEqual(0);
    });
  }

  test('an app can be installed from it, and its worker is there', async () => {
    await using server = await startChatServer();
    const window = await open(browser);
    await window.page.goto(`${server.origin}/chat`);
    const session = await window.page.context().newCDPSession(window.page);
    const { errors, data } = await session.send('Page.getAppManifest');
    expect(errors).toEqual([]);
    expect(JSON.parse(data ?? '{}').name).toBe('Harbour');
    const { installabilityErrors } = await session.send('Page.getInstallabilityErrors');
    // A window without a profile on disk, as tests have it, cannot install anything.
    expect(installabilityErrors.map(({ errorId }) => errorId).filter((id) => id !== 'in-incognito')).toEqual(
      [],
    );
    expect(window.errors).toEqual([]);
  });

  test('a key that no chat has is said in words', async () => {
    await using server = await startChatServer();
    const window = await open(browser);
    const { page } = window;
    await page.goto(`${server.origin}/chat?app=nobody`);
    await page.getByText('no chat', { exact: false }).first().waitFor();
    await window.screenshot('chat-page-unknown');
  });

  test('the bookmarklet puts one chat on a page, and says so where a page lets it not', async () => {
    await using server = await startChatServer();
    const window = await open(browser);
    const { page } = window;
    await page.goto(`${server.origin}/chat/bookmarklet`);
    expect(await window.accessibilityProblems()).toEqual([]);
    await window.screenshot('chat-bookmarklet');
    const address = await page.getByRole('link', { name: 'Chat on this page' }).getAttribute('href');
    await page.getByRole('link', { name: 'Chat on this page' }).click();
    await page.getByText('Not here').waitFor();
    expect(window.errors).toEqual([]);
    const code = decodeURIComponent((address ?? '').replace(/^javascript:/, ''));

    // As the bookmark runs it: in the page, twice.
    await using friendly = startPages({ '/': '<title>A page</title><p>Hello</p>' }, '');
    await page.goto(friendly.address);
    await window.evaluate(`${code}; undefined`);
    await page.getByLabel('Your name').waitFor();
    await launcher(window).click();
    await page.getByLabel('Your name').waitFor({ state: 'hidden' });
    await window.evaluate(`${code}; undefined`);
    await page.getByLabel('Your name').waitFor();
    expect(await page.locator('[data-earshot]').count()).toBe(1);

    for (const policy of [
      "default-src 'self'",
      "script-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'",
    ]) {
      await using strict = startPages({ '/': '<title>Strict</title><p>Hello</p>' }, policy);
      await page.goto(strict.address);
      await window.evaluate(`${code}; undefined`);
      await page.getByText('This page’s security policy lets no chat in.').waitFor();
    }
    await server.node.stop();
    await page.goto(friendly.address);
    await window.evaluate(`${code}; undefined`);
    await page.getByText('The chat could not be loaded.').waitFor();
  });
});

describe.skipIf(chromiumPath === undefined)('the example of plain channels', () => {
  test('what one adds, ticks and removes, the other sees', async () => {
    await using browser = await startBrowser();
    await using server = await startChatServer();
    const { id: appId, key: appKey, secret: appSecret } = server.app;
    const site = await createSite({ chat: server.origin, appId, appKey, appSecret });
    try {
      const [one, two] = [await open(browser), await open(browser)];
      for (const { page } of [one, two]) {
        await page.goto(site.address);
        await page.getByText('Everybody sees changes at once.').waitFor();
      }
      await one.page.getByLabel('What is to be done?').fill('Paint the boat');
      await one.page.keyboard.press('Enter');
      await two.page.getByRole('checkbox', { name: 'Paint the boat' }).check();
      await becomes(one, `document.querySelector('li input')?.checked ?? null`, true);
      expect(await one.accessibilityProblems()).toEqual([]);
      await one.screenshot('example-todo');
      await two.page.getByRole('button', { name: 'Remove Paint the boat' }).click();
      await one.page.getByText('Nothing to do.').waitFor();
      expect([one.errors, two.errors]).toEqual([[], []]);
    } finally {
      await site.stop();
    }
  });
});
