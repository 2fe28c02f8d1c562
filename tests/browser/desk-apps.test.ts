import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { type Browser, chromiumPath, startBrowser } from '../support/browser.ts';
import { startServer } from '../support/server.ts';
import { expectSound, openDesk } from './desk-open.ts';

const event = { name: 'event', channel: 'any', data: '{}' };

describe.skipIf(chromiumPath === undefined)('apps at the desk', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterEach(() => browser.closeWindows());
  afterAll(() => browser[Symbol.asyncDispose]());

  test('an app is made, its key rotated, and the app deleted by its name', async () => {
    await using server = await startServer();
    const window = await openDesk(browser, server, 'overview');
    const { page } = window;
    await page.getByRole('link', { name: 'New app' }).click();
    await page.getByLabel('Name').fill('Orders & <deliveries>');
    await expectSound(window, server);
    await page.getByRole('button', { name: 'Make app' }).click();
    await page.getByRole('heading', { name: 'Orders & <deliveries>', level: 1 }).waitFor();
    const credential = (at: number) => page.locator('.credential code').nth(at).innerText();
    const [appId, first] = [await credential(0), await credential(1)];
    await expectSound(window, server);

    await page.getByRole('button', { name: 'Rotate' }).click();
    await page.getByRole('button', { name: 'Add a new key' }).click();
    await page.getByText('Both keys work.').waitFor();
    const secrets = page.getByRole('button', { name: 'Show secret' });
    expect(await secrets.count()).toBe(2);
    // Both sign, and the snippets are those of the new one.
    const app = server.node.apps.byId(appId);
    const keys = [...(app?.keys.values() ?? [])];
    expect(keys.map(({ key }) => key)[0]).toBe(first);
    for (const { key, secret } of keys) {
      const api = server.apiFor({ id: appId, key, secret });
      expect((await api.publish('any', 'event', '{}')).status).toBe(200);
    }
    const snippet = page.getByRole('region', { name: 'index.html' });
    expect(await snippet.innerText()).toContain(keys[1]?.key ?? 'no second key');
    await page.getByLabel('With key').selectOption(first);
    expect(await snippet.innerText()).toContain(first);

    await page.getByRole('button', { name: 'Revoke' }).first().click();
    const revoke = page.getByRole('button', { name: 'Revoke key' });
    expect(await revoke.getAttribute('aria-disabled')).toBe('true');
    await page.getByRole('dialog').getByRole('textbox').fill(first);
    await expectSound(window, server);
    await revoke.click();
    await page.getByText(`Key ${first} is revoked.`).waitFor();
    const revoked = server.apiFor({ id: appId, key: first, secret: keys[0]?.secret ?? '' });
    expect((await revoked.post('/events', event)).status).toBe(401);

    await page.getByRole('link', { name: 'Settings' }).click();
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByRole('dialog').getByRole('textbox').fill('Orders');
    expect(await page.getByRole('button', { name: 'Delete app' }).getAttribute('aria-disabled')).toBe('true');
    await page.getByRole('dialog').getByRole('textbox').fill('Orders & <deliveries>');
    await page.getByRole('button', { name: 'Delete app' }).click();
    await page.getByText('Orders & <deliveries> is deleted.').waitFor();
    expect(server.node.apps.byId(appId)).toBeUndefined();
    await page.goto(`${server.origin}/dashboard/apps/${appId}/keys`);
    await page.getByRole('heading', { name: `There is no app ${appId}.` }).waitFor();
    await expectSound(window, server);
  });

  test('apps are filtered as one types and sorted by their heads; keys of the keyboard do it all', async () => {
    await using server = await startServer();
    for (const name of ['Orders', 'Staging', 'Quiz', 'Library', 'Board', 'متجر الكتب'])
      await server.createApp(name);
    const window = await openDesk(browser, server, 'overview');
    const { page } = window;
    await page.keyboard.press('Tab');
    await page.getByRole('link', { name: 'Skip to the page' }).and(page.locator(':focus')).waitFor();
    await page.getByRole('link', { name: 'Apps', exact: true }).first().press('Enter');
    await page.getByRole('heading', { name: 'Apps', level: 1 }).waitFor();
    const names = () => page.getByRole('rowheader').allInnerTexts();
    await page.getByRole('button', { name: 'App', exact: true }).press('Enter');
    expect((await names()).slice(0, 2)).toEqual(['Board', 'First app']);
    await page.getByRole('searchbox', { name: 'Filter apps' }).pressSequentially('or');
    expect(await names()).toEqual(['Orders']);
    await page.getByText('1 of 7 rows').waitFor();
    await page.getByRole('searchbox', { name: 'Filter apps' }).fill('nothing');
    await page.getByText('Nothing here matches “nothing”.').waitFor();
    await expectSound(window, server);
  });

  test('an app is switched off and on; connections end, and the rail says so', async () => {
    await using server = await startServer();
    const client = await server.connect();
    const window = await openDesk(browser, server, 'settings');
    const { page } = window;
    await page.getByRole('button', { name: 'Disable' }).click();
    await page.getByRole('button', { name: 'Disable app' }).click();
    expect((await client.closed).code).toBe(4003);
    await page.getByText('off', { exact: true }).first().waitFor();
    expect((await server.api.post('/events', event)).status).toBe(403);
    await page.getByRole('button', { name: 'Enable' }).click();
    await page.getByRole('button', { name: 'Enable app' }).click();
    await page.getByText('is on again').waitFor();
    expect((await server.api.publish('any', 'event', '{}')).status).toBe(200);
    // The first app cannot be deleted, which is said.
    await page.getByText('It can be disabled, not deleted.').waitFor();
    await expectSound(window, server);
  });
});
