import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { type Browser, type BrowserWindow, chromiumPath, startBrowser } from '../support/browser.ts';
import { pusherJs } from '../support/clients.ts';
import { eventually } from '../support/hooks.ts';
import { freePort } from '../support/program.ts';
import { newCluster, startServer, type TestServer, temporaryFolder } from '../support/server.ts';
import { expectSound, openDesk } from './desk-open.ts';
import { copiedBy } from './visit.ts';

describe.skipIf(chromiumPath === undefined)('the debug console', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterEach(() => browser.closeWindows());
  afterAll(() => browser[Symbol.asyncDispose]());

  test('what clients and publishers do stands there as it happens, and opens to what it was', async () => {
    await using server = await startServer();
    const window = await openConsole(browser, server);
    await window.page.getByText('Listening').waitFor();
    await expectSound(window, server);

    const client = pusherJs(server);
    const heard = new Promise((resolve) => client.subscribe('news').bind('greeting', resolve));
    await line(window, 'connected').waitFor();
    await line(window, 'subscribed', 'news').waitFor();
    await server.api.publish('news', 'greeting', '{"text":"hello","to":["everybody"]}');
    await heard;
    await line(window, 'API request', 'POST /apps/3/events').waitFor();
    await line(window, 'sent', 'news').waitFor();
    const published = line(window, 'published', 'news greeting');
    await published.click();
    const row = window.page.locator('.console-row', { has: published });
    await row.getByText('"everybody"', { exact: true }).waitFor();
    expect(await row.getByRole('definition').first().innerText()).not.toBe('');
    await expectSound(window, server);

    client.disconnect();
    await line(window, 'disconnected').waitFor();
    await line(window, 'vacated', 'news').waitFor();
  });

  test('content that the app hides is nowhere on the page, and said to be hidden', async () => {
    await using server = await startServer();
    const window = await openConsole(browser, server);
    await server.api.publish('private-room-7', 'new_message', '{"text":"between us"}');
    await line(window, 'published', 'private-room-7').click();
    await window.page.getByText('The content is hidden').waitFor();
    expect(await window.page.locator('body').innerText()).not.toContain('between us');
  });

  test('filters are in the address: by kind, channel and socket at the server, by text here', async () => {
    await using server = await startServer();
    const window = await openConsole(browser, server, 'console?kind=published,connected&channel=a-');
    const { page } = window;
    await server.api.publish('b-1', 'left-out', '{}');
    await server.api.publish('a-1', 'first', '{"colour":"red"}');
    await server.api.publish('a-2', 'second', '{"colour":"blue"}');
    await line(window, 'published', 'a-2').waitFor();
    expect(await page.locator('.console-row').count()).toBe(2);

    await page.getByRole('searchbox', { name: 'Search' }).fill('RED');
    await eventually(async () => (await page.locator('.console-row').count()) === 1, 'one line is left');
    expect(new URL(page.url()).search).toBe('?kind=published,connected&channel=a-&text=RED');
    await page.getByRole('searchbox', { name: 'Search' }).fill('nowhere');
    await page.getByRole('button', { name: 'Show everything' }).click();
    await eventually(() => new URL(page.url()).search === '', 'nothing is filtered');

    await line(window, 'published', 'a-1').click();
    await page.locator('dd', { hasText: 'a-1' }).getByRole('button', { name: 'Only this' }).click();
    await eventually(() => new URL(page.url()).search === '?channel=a-1', 'the channel is in the address');
    await page.getByRole('button', { name: 'All kinds' }).click();
    await expectSound(window, server);
    await page.getByRole('checkbox', { name: /^client event/ }).check();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'client event' }).waitFor();
    expect(new URL(page.url()).search).toBe('?kind=client_event&channel=a-1');
  });

  test('by keyboard: Space pauses and counts what comes, arrows move, Enter opens; what is shown is copied as JSON', async () => {
    await using server = await startServer();
    const window = await openConsole(browser, server, 'console?kind=published');
    const { page } = window;
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await publish(server, 3);
    await line(window, 'published', 'news e2').waitFor();

    await page.getByRole('region', { name: 'Entries' }).focus();
    await page.keyboard.press('Space');
    await page.getByRole('status').getByText('Paused').waitFor();
    await publish(server, 2);
    await page.getByText('2 came since').waitFor();
    expect(await page.locator('.console-row').count()).toBe(3);
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Enter');
    await page.locator('.console-row', { hasText: 'news e1' }).locator('.console-details').waitFor();
    await page.keyboard.press('Space');
    await page.getByRole('status').getByText('Live').waitFor();
    await eventually(async () => (await page.locator('.console-row').count()) === 5, 'all are there');

    const copied = async (name: string) =>
      JSON.parse(await copiedBy(window, page.getByRole('button', { name })));
    const one = await copied('Copy the 1 open entry as JSON');
    expect(one).toMatchObject({ kind: 'published', channel: 'news', event: 'e1', data: '{"n":1}' });
    await line(window, 'published', 'news e1').first().click();
    const all = await copied('Copy everything shown as JSON');
    expect(all.map(({ event }: { event: string }) => event)).toEqual(['e0', 'e1', 'e2', 'e0', 'e1']);

    await page.getByRole('button', { name: 'Clear', exact: true }).click();
    await page.getByText('Nothing yet that matches').waitFor();
  });

  test('it follows the newest until somebody scrolls up, and leads back', async () => {
    await using server = await startServer();
    const window = await openConsole(browser, server, 'console?kind=published');
    const { page } = window;
    await publish(server, 60);
    await line(window, 'published', 'news e59').waitFor();
    const fromEnd = () =>
      page.locator('.console-scroll').evaluate((box) => box.scrollHeight - box.scrollTop - box.clientHeight);
    await eventually(async () => (await fromEnd()) < 2, 'at the newest');
    await page.locator('.console-scroll').hover();
    await page.mouse.wheel(0, -400);
    await page.getByRole('button', { name: 'To the newest' }).waitFor();
    await server.api.publish('news', 'later', '{}');
    await page.getByRole('button', { name: '1 new' }).click();
    await eventually(async () => (await fromEnd()) < 2, 'at the newest');
  });

  test('with several nodes, each line says which it is of', async () => {
    const cluster = newCluster();
    await using server = await startServer({ cluster });
    await using other = await startServer({ cluster });
    const window = await openConsole(browser, server, 'console?kind=published');
    await eventually(async () => {
      await other.api.publish('news', 'there', '{}');
      return (await line(window, 'published', 'news there').count()) > 0;
    }, 'the other node’s events are there');
    await server.api.publish('news', 'here', '{}');
    await line(window, 'published', 'news here').waitFor();
    await window.page.getByText(/2 nodes: \w+/).waitFor();
  });

  test('when the server goes the console says so, and goes on when it is back', async () => {
    await using folder = await temporaryFolder();
    const options = { dataDir: folder.path, env: { EARSHOT_PORT: String(await freePort()) } };
    const stopped = await startServer(options);
    const window = await openConsole(browser, stopped, 'console?kind=published');
    const { page } = window;
    await stopped.api.publish('news', 'before', '{}');
    await line(window, 'published', 'news before').waitFor();
    await stopped[Symbol.asyncDispose]();
    await page.getByText('Reconnecting…').waitFor();
    await page.getByText('The server does not answer.').waitFor();

    await using server = await startServer(options);
    await page.getByRole('status').getByText('Live').waitFor();
    await server.api.publish('news', 'after', '{}');
    await line(window, 'published', 'news after').waitFor();
    await page.getByText('Connected again. What happened in between is not shown.').waitFor();
    expect(await line(window, 'published', 'news before').count()).toBe(1);
  });

  test('when the session ends elsewhere, the console ends with it', async () => {
    await using server = await startServer();
    const window = await openConsole(browser, server);
    const second = await window.page.context().newPage();
    await second.goto(`${server.origin}/dashboard/`);
    await second.getByRole('button', { name: 'Sign out' }).click();
    await window.page.getByText('Sign in to go on').waitFor();
  });
});

async function openConsole(browser: Browser, server: TestServer, page = 'console'): Promise<BrowserWindow> {
  const window = await openDesk(browser, server, page);
  await window.page.getByRole('status').getByText('Live').waitFor();
  return window;
}

/** The line of a kind, with what it is about. */
function line(window: BrowserWindow, kind: string, about = '') {
  return window.page
    .locator('.console-line')
    .filter({ has: window.page.locator('.console-kind').getByText(kind, { exact: true }) })
    .filter({ hasText: about });
}

async function publish(server: TestServer, count: number): Promise<void> {
  for (let n = 0; n < count; n++) await server.api.publish('news', `e${n}`, JSON.stringify({ n }));
}
