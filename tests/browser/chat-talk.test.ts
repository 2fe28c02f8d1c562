import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { type Browser, type BrowserWindow, chromiumPath, startBrowser } from '../support/browser.ts';
import { eventually } from '../support/hooks.ts';
import {
  composer,
  enterAsGuest,
  launcher,
  log,
  open,
  openRoom,
  reads,
  startChatServer,
  startSite,
  visit,
  write,
} from './chat-visit.ts';

describe.skipIf(chromiumPath === undefined)('people who chat', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterEach(() => browser.closeWindows());
  afterAll(() => browser[Symbol.asyncDispose]());

  const person = ({ page }: BrowserWindow, name: string) =>
    page.getByRole('button', { name: new RegExp(name) }).first();

  test('two of the site’s users, who are contacts, talk with each other alone', async () => {
    await using server = await startChatServer();
    await using site = await startSite(server, { attributes: { 'data-room': 'none' } });
    const ada = await visit(browser, site.address, 'ada');
    const ben = await visit(browser, site.address, 'ben');
    await launcher(ada).click();
    await launcher(ben).click();
    // A click asks; Ben says yes; both have the conversation open.
    await person(ada, 'Ben Franklin').click();
    await ben.page.getByRole('button', { name: 'Accept' }).click();
    await composer(ben, 'Ada Lovelace').waitFor();
    await composer(ada, 'Ben Franklin').waitFor();
    await write(ada, 'Are you there?', 'Ben Franklin');
    await reads(ada, 'Are you there?', 'Ben Franklin');
    await reads(ben, 'Are you there?', 'Ada Lovelace');
    await write(ben, 'I am.', 'Ada Lovelace');
    await reads(ada, 'I am.', 'Ben Franklin');
    for (const window of [ada, ben]) expect(window.errors).toEqual([]);
  });

  test('what people write is text, whatever it looks like', async () => {
    await using server = await startChatServer();
    await using site = await startSite(server);
    const ada = await visit(browser, site.address, 'ada');
    const ben = await visit(browser, site.address, 'ben');
    await openRoom(ada);
    await openRoom(ben);
    await write(ada, '<img src=x onerror="document.title=1"> & שלום');
    await reads(ben, '<img src=x onerror="document.title=1"> & שלום');
    expect(await ben.page.title()).toContain('The Harbour Post');
  });

  test('Enter that ends a word in an input method sends nothing; Enter alone does', async () => {
    await using server = await startChatServer();
    await using site = await startSite(server);
    const window = await visit(browser, site.address, 'ada');
    await openRoom(window);
    const field = composer(window, 'Harbour');
    await field.focus();
    const session = await window.page.context().newCDPSession(window.page);
    await session.send('Input.imeSetComposition', { text: 'にほん', selectionStart: 3, selectionEnd: 3 });
    // Browsers say so of the Enter that takes a candidate.
    await session.send('Input.dispatchKeyEvent', {
      type: 'rawKeyDown',
      key: 'Enter',
      code: 'Enter',
      windowsVirtualKeyCode: 229,
    });
    await session.send('Input.insertText', { text: '日本' });
    await session.send('Input.dispatchKeyEvent', {
      type: 'keyUp',
      key: 'Enter',
      code: 'Enter',
      windowsVirtualKeyCode: 13,
    });
    expect(await field.inputValue()).toBe('日本');
    expect(await log(window, 'Harbour').getByText('日本').count()).toBe(0);
    await window.page.waitForTimeout(100);
    await field.press('Enter');
    await reads(window, '日本');
    expect(await field.inputValue()).toBe('');
  });

  test('ten tabs of one browser have one connection, and all hear', async () => {
    await using server = await startChatServer();
    const first = await open(browser);
    await first.page.goto(`${server.origin}/chat`);
    await enterAsGuest(first, 'Cleo');
    await composer(first, 'Harbour').waitFor();
    const context = first.page.context();
    const tabs = [first.page];
    for (let i = 0; i < 9; i++) {
      const page = await context.newPage();
      await page.goto(`${server.origin}/chat`);
      tabs.push(page);
    }
    for (const page of tabs) await page.getByRole('log', { name: /Harbour/ }).waitFor();
    // A tab that has waited in vain for one that was busy connects by itself, and the earlier connection goes.
    await eventually(async () => {
      const metrics = await (await fetch(`${server.origin}/metrics`)).text();
      return /^earshot_connections\{transport="websocket"\} 1$/m.test(metrics);
    }, 'there is one connection');

    const other = await open(browser);
    await other.page.goto(`${server.origin}/chat`);
    await enterAsGuest(other, 'Dora');
    await write(other, 'all of you');
    for (const page of tabs)
      await page
        .getByRole('log', { name: /Harbour/ })
        .getByText('all of you')
        .waitFor();

    // The tab that has the connection goes; another one takes its place, and nothing is lost.
    await tabs[0]?.close();
    await write(other, 'the others, too');
    for (const page of tabs.slice(1)) {
      await page
        .getByRole('log', { name: /Harbour/ })
        .getByText('the others, too')
        .waitFor();
    }
  }, 300_000);
});
