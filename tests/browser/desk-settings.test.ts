import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { type Browser, chromiumPath, startBrowser } from '../support/browser.ts';
import { startServer } from '../support/server.ts';
import { expectSound, openDesk } from './desk-open.ts';

describe.skipIf(chromiumPath === undefined)('the settings of an app', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterEach(() => browser.closeWindows());
  afterAll(() => browser[Symbol.asyncDispose]());

  test('all of them are there, with what they do; what the environment holds is locked', async () => {
    await using server = await startServer({ env: { EARSHOT_APP_CACHE_SECONDS: '60' } });
    const window = await openDesk(browser, server, 'settings');
    const { page } = window;
    const locked = page.getByRole('textbox', { name: 'Cache seconds' });
    expect([await locked.inputValue(), await locked.isDisabled()]).toEqual(['60', true]);
    await page.getByText('Locked: EARSHOT_APP_CACHE_SECONDS sets it').waitFor();
    // Those of the table, but for `enabled`, which is in the danger zone.
    const { appSettingNames } = await import('../../packages/server/src/config/app-settings.ts');
    expect(await page.locator('.setting[id]').count()).toBe(appSettingNames.length - 1);
    await expectSound(window, server);

    await page.getByRole('searchbox', { name: 'Find a setting' }).fill('EARSHOT_APP_ORIGINS');
    expect(await page.locator('.setting[id] h3').allInnerTexts()).toEqual(['Allowed origins']);
  });

  test('nothing is kept before it is saved; what is wrong is said as one types; the answer is taken over at once', async () => {
    await using server = await startServer();
    const window = await openDesk(browser, server, 'settings');
    const { page } = window;
    const rate = page.getByRole('textbox', { name: 'Client events per second' });
    await rate.fill('99999');
    await page.getByText('99999 is out of range. Expected').waitFor();
    expect(await page.getByRole('button', { name: 'Save' }).getAttribute('aria-disabled')).toBe('true');
    await rate.fill('25');
    await page.getByRole('switch', { name: 'Subscription count' }).click();
    await page
      .getByRole('textbox', { name: 'Allowed origins' })
      .fill('https://example.com\nhttps://*.example.org');
    await page.getByText('3 unsaved changes').waitFor();
    await expectSound(window, server);
    expect(server.node.apps.first().settings.clientEventsPerSecond).not.toBe(25);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('3 settings saved.').waitFor();
    expect(server.node.apps.first().settings).toMatchObject({
      clientEventsPerSecond: 25,
      subscriptionCount: true,
      origins: ['https://example.com', 'https://*.example.org'],
    });
    await page.reload();
    expect(await rate.inputValue()).toBe('25');
  });

  test('what only the server can judge is told at its field', async () => {
    await using server = await startServer();
    const window = await openDesk(browser, server, 'settings');
    const { page } = window;
    await page.getByRole('textbox', { name: 'Allowed origins' }).fill('not an origin at all');
    await page.getByRole('button', { name: 'Save' }).click();
    await page
      .locator('#setting-origins .form-problem')
      .getByText(/origin/)
      .waitFor();
    await expectSound(window, server);
    await page.getByRole('button', { name: 'Discard' }).click();
    expect(await page.getByRole('textbox', { name: 'Allowed origins' }).inputValue()).toBe('');
  });

  test('leaving with unsaved changes is asked about, by links and by going back', async () => {
    await using server = await startServer();
    const window = await openDesk(browser, server, 'keys');
    const { page } = window;
    await page.getByRole('link', { name: 'Settings' }).click();
    await page.getByRole('switch', { name: 'TLS only' }).click();
    await page.getByRole('link', { name: 'Overview' }).click();
    await page.getByRole('dialog', { name: 'Leave without saving?' }).waitFor();
    await expectSound(window, server);
    await page.keyboard.press('Escape');
    await page.getByText('1 unsaved change').waitFor();

    await page.goBack();
    await page.getByRole('dialog', { name: 'Leave without saving?' }).waitFor();
    await page.waitForURL('**/dashboard/apps/3/settings');
    await page.getByRole('button', { name: 'Leave without saving' }).click();
    await page.getByRole('heading', { name: 'Ready to paste' }).waitFor();
    await page.waitForURL('**/dashboard/apps/3/keys');
    expect(server.node.apps.first().settings.tlsOnly).toBe(false);
  });
});
