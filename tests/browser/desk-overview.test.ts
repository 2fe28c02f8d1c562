import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { type Browser, chromiumPath, startBrowser } from '../support/browser.ts';
import { freePort } from '../support/program.ts';
import { startServer, temporaryFolder } from '../support/server.ts';
import { expectSound, openDesk } from './desk-open.ts';
import { MovableClock } from './movable-clock.ts';

describe.skipIf(chromiumPath === undefined)('the overview of an app', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterEach(() => browser.closeWindows());
  afterAll(() => browser[Symbol.asyncDispose]());

  test('the figures are those of this second', async () => {
    await using server = await startServer();
    const window = await openDesk(browser, server, 'overview');
    const { page } = window;
    await page.getByText('Live', { exact: true }).waitFor();
    await page.getByText('Nobody is connected').waitFor();
    const clients = await Promise.all([server.connect(), server.connect(), server.connect()]);
    for (const client of clients) await server.join(client, 'news');
    const figure = (title: string) => page.locator('.now-figure', { hasText: title }).locator('.now-value');
    await figure('Open connections').getByText('3', { exact: true }).waitFor();
    await figure('Occupied channels').getByText('1', { exact: true }).waitFor();
    for (let count = 0; count < 5; count++) await server.api.publish('news', 'tick', '{}');
    await figure('Messages a minute').getByText('5', { exact: true }).waitFor();
    await expectSound(window, server);
    clients[0]?.destroy();
    await figure('Open connections').getByText('2', { exact: true }).waitFor();
  });

  test('charts are read by pointer, by keys and as tables; the range is in the address', async () => {
    // A minute has just begun; in the one before it the server did not run.
    await using server = await startServer({ clock: new MovableClock(60_000 - (Date.now() % 60_000)) });
    const client = await server.connect();
    await server.join(client, 'news');
    await server.api.publish('news', 'tick', '{}');
    const window = await openDesk(browser, server, 'overview');
    const { page } = window;
    const chart = page.getByRole('slider', { name: 'Connections most at a time' });
    await chart.locator('canvas').waitFor();
    expect(await page.locator('.plot canvas').count()).toBeGreaterThanOrEqual(5);

    await chart.focus();
    await page.keyboard.press('End');
    expect(await chart.getAttribute('aria-valuetext')).toMatch(
      /: WebSocket 1, XHR streaming 0, XHR polling 0, Event stream 0$/,
    );
    await page.keyboard.press('ArrowLeft');
    const last = Number(await chart.getAttribute('aria-valuemax'));
    expect(Number(await chart.getAttribute('aria-valuenow'))).toBe(last - 1);
    expect(await chart.getAttribute('aria-valuetext')).toContain('no figures');
    // The crosshair stands in the other charts, too.
    expect(await page.locator('.u-cursor-x:not(.u-off)').count()).toBeGreaterThanOrEqual(2);
    await expectSound(window, server);
    await page.keyboard.press('Escape');

    await page.getByRole('button', { name: 'Table of connections' }).click();
    const table = page.getByRole('table', { name: 'Connections' });
    expect(await table.getByRole('row').nth(1).innerText()).toMatch(/\b1\b/);
    await expectSound(window, server);

    await page.getByText('30 days', { exact: true }).click();
    await page.waitForURL(/range=month/);
    await page.locator('.plot canvas').first().waitFor();
    await page.reload();
    expect(await page.getByRole('radio', { name: '30 days' }).isChecked()).toBe(true);
    await expectSound(window, server);
  });

  test('a server that goes is said to be gone; when it is back, so is the page', async () => {
    await using folder = await temporaryFolder();
    const options = { dataDir: folder.path, env: { EARSHOT_PORT: String(await freePort()) } };
    const first = await startServer(options);
    const window = await openDesk(browser, first, 'overview');
    const { page } = window;
    await page.getByText('Live', { exact: true }).waitFor();
    await first[Symbol.asyncDispose]();
    await page.getByText('The server does not answer. Trying again…').waitFor();
    await page.getByText('Reconnecting', { exact: true }).waitFor();
    expect(await window.accessibilityProblems()).toEqual([]);
    await using _second = await startServer(options);
    await page.getByText('Live', { exact: true }).waitFor();
    await page.locator('.strip').waitFor({ state: 'detached' });
    await page.locator('.failing').waitFor({ state: 'detached' });
  });
});
