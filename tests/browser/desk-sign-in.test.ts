import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { type Browser, chromiumPath, startBrowser } from '../support/browser.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { expectSound, openDesk } from './desk-open.ts';

const password = 'a few plain words';

describe.skipIf(chromiumPath === undefined)('signing in at the desk', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterEach(() => browser.closeWindows());
  afterAll(() => browser[Symbol.asyncDispose]());

  /** Makes an operator, as the page does. */
  async function makeOperator(server: TestServer, name: string): Promise<void> {
    const { page } = await openDesk(browser, server, 'settings');
    await page.getByRole('link', { name: 'Operators' }).click();
    await page.getByRole('button', { name: 'New operator' }).first().click();
    await page.getByLabel('Name').fill(name);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Make operator' }).click();
    await page.getByText(`${name} can sign in now.`).waitFor();
    await page.context().close();
  }

  test('a link signs in, once, and leaves no trace in the address', async () => {
    await using server = await startServer();
    const window = await browser.open();
    const { hash } = new URL(await server.node.signInLink());
    await window.page.goto(`${server.origin}/dashboard${hash}`);
    await window.page.getByRole('heading', { name: 'Apps', level: 1 }).waitFor();
    expect(window.page.url()).toBe(`${server.origin}/dashboard/`);
    await expectSound(window, server);

    const other = await browser.open();
    await other.page.goto(`${server.origin}/dashboard/operators${hash}`);
    await other.page
      .getByRole('alert')
      .getByText(/link .*(used|expired)/)
      .waitFor();
    await expectSound(other, server);
    // The address is kept: a new link leads where one wanted to go.
    await other.page.goto(
      `${server.origin}/dashboard/operators${new URL(await server.node.signInLink()).hash}`,
    );
    await other.page.getByRole('heading', { name: 'Operators', level: 1 }).waitFor();
  });

  test('to a stranger the page tells nothing, and asks for nothing but the ways in', async () => {
    await using server = await startServer({ env: { EARSHOT_APP_NAME: 'Secret project' } });
    const window = await browser.open();
    await window.page.goto(`${server.origin}/dashboard/apps/3/overview`);
    await window.page.getByRole('heading', { name: 'Sign in to Earshot' }).waitFor();
    const told = await window.page.content();
    for (const secret of [server.app.key, server.app.secret, 'Secret project']) {
      expect(told).not.toContain(secret);
    }
    const asked = window.requested
      .map((url) => new URL(url).pathname)
      .filter((path) => path.includes('/api/'));
    expect(asked).toEqual(['/dashboard/api/v1/session', '/dashboard/api/v1/ways']);
  });

  test('a password signs in; a wrong one is said to be, and too many of them have to wait', async () => {
    await using server = await startServer();
    await makeOperator(server, 'robin');
    const window = await browser.open();
    const { page } = window;
    await page.goto(`${server.origin}/dashboard/apps/3/settings`);
    await page.getByLabel('Name').fill('robin');
    await page.getByLabel('Password').fill('not the password');
    await page.keyboard.press('Enter');
    await page.getByText('The name or the password is wrong.').waitFor();
    expect(await page.getByLabel('Password').inputValue()).toBe('');
    await expectSound(window, server);

    await page.getByLabel('Password').fill(password);
    await page.keyboard.press('Enter');
    await page.getByRole('switch', { name: 'TLS only' }).waitFor();
    await page.getByText('robin', { exact: true }).first().waitFor();

    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByText('You are signed out.').waitFor();
    // Until one has to wait for so long that it is not over before the page has tried, too.
    for (let waitSeconds = 0; waitSeconds < 30; ) {
      const answer = await fetch(`${server.origin}/dashboard/api/v1/session`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: server.origin },
        body: JSON.stringify({ name: 'robin', password: 'x' }),
      });
      waitSeconds = (await answer.json()).error.retryAfterSeconds ?? 0;
      await Bun.sleep(50);
    }
    await page.getByLabel('Name').fill('robin');
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText(/Too many tries\. Wait \d+ (seconds|minutes)/).waitFor();
    await expectSound(window, server);
  });

  test('a session that ends ends the page, in every tab; signing in again leads back', async () => {
    await using server = await startServer();
    const window = await openDesk(browser, server, 'overview');
    await window.page.getByText('Live', { exact: true }).waitFor();
    const other = await window.page.context().newPage();
    await other.goto(`${server.origin}/dashboard/`);
    await other.getByRole('button', { name: 'Sign out' }).click();
    await other.getByText('You are signed out.').waitFor();
    // Nobody touches the first tab: its stream ends with the session.
    await window.page.getByText('Your session has ended.').waitFor();
    await window.page.goto(`${window.page.url()}${new URL(await server.node.signInLink()).hash}`);
    await window.page
      .getByRole('link', { name: 'Overview' })
      .and(window.page.locator('[aria-current]'))
      .waitFor();
  });

  test('own password is changed with the present one, an operator is deleted, and nobody is locked out', async () => {
    await using server = await startServer();
    await makeOperator(server, 'robin');
    await makeOperator(server, 'ada');
    const window = await browser.open();
    const { page } = window;
    await page.goto(`${server.origin}/dashboard/operators`);
    await page.getByLabel('Name').fill('robin');
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('button', { name: 'Change password' }).click();
    await page.getByLabel('Current password').fill('wrong');
    await page.getByLabel('New password').fill('short');
    await page.getByText('5 more to go').waitFor();
    await page.getByLabel('New password').fill('some other words');
    await page.getByRole('dialog').getByRole('button', { name: 'Change password' }).click();
    await page
      .getByRole('dialog')
      .getByText(/wrong|password/)
      .first()
      .waitFor();
    await page.getByLabel('Current password').fill(password);
    await page.getByRole('dialog').getByRole('button', { name: 'Change password' }).click();
    await page.getByText('Your password is changed.').waitFor();
    await expectSound(window, server);

    await page.getByRole('button', { name: 'Delete ada' }).click();
    await expectSound(window, server);
    await page.getByRole('button', { name: 'Delete operator' }).click();
    await page.getByText('ada is deleted.').waitFor();
    await page.getByRole('button', { name: 'Delete ada' }).waitFor({ state: 'detached' });
    expect(await page.getByRole('row').count()).toBe(2);
  });

  test('why a provider signed nobody in is said, and nothing else that stands in the address', async () => {
    await using server = await startServer();
    const window = await browser.open();
    const { page } = window;
    await page.goto(`${server.origin}/dashboard/#sign-in-failed=cancelled`);
    await page.getByText('The sign-in was cancelled.').waitFor();
    expect(page.url()).toBe(`${server.origin}/dashboard/`);
    await page.goto(`${server.origin}/dashboard/?again#sign-in-failed=Call%20this%20number`);
    await page.getByText('Signing in with the provider did not work. Try again.').waitFor();
    expect(await page.getByText('Call this number').count()).toBe(0);
  });

  test('from the page at / one comes to the dashboard without signing in again', async () => {
    await using server = await startServer();
    const window = await browser.open();
    await window.page.goto(await server.node.signInLink());
    await window.page.getByRole('link', { name: 'Dashboard' }).click();
    await window.page.getByRole('heading', { name: 'Apps', level: 1 }).waitFor();
    await expectSound(window, server);
  });

  test('everything is below the path prefix', async () => {
    await using server = await startServer({ env: { EARSHOT_PATH: '/realtime' } });
    const window = await openDesk(browser, server, 'keys');
    await window.page.getByRole('tab', { name: 'curl' }).waitFor();
    expect(window.requested.filter((url) => !new URL(url).pathname.startsWith('/realtime/'))).toEqual([]);
    await expectSound(window, server);
  });
});
