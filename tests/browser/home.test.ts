import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { type Browser, type BrowserWindow, chromiumPath, startBrowser } from '../support/browser.ts';
import { freePort } from '../support/program.ts';
import { startServer, temporaryFolder, vectorApp } from '../support/server.ts';
import { copiedBy, faults, hear, say, settled, signIn, subscribed } from './visit.ts';

describe.skipIf(chromiumPath === undefined)('the page at /', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterEach(() => browser.closeWindows());
  afterAll(() => browser[Symbol.asyncDispose]());

  test('two windows see each other come, talk and go', async () => {
    await using server = await startServer();
    const first = await signIn(browser, server);
    await first.page.getByText('Nobody else is here yet').waitFor();
    const nameOf = ({ page }: BrowserWindow) =>
      page.locator('.chip', { hasText: 'you' }).locator('bdi').innerText();
    const firstName = await nameOf(first);
    let second = await signIn(browser, server);
    // There are so many names that two windows seldom have the same; then another one comes.
    while ((await nameOf(second)) === firstName) {
      await second.close();
      second = await signIn(browser, server);
    }
    const secondName = await nameOf(second);
    await hear(first, `${secondName} came in`);
    await first.page.locator('.chip', { hasText: secondName }).waitFor();
    await second.page.locator('.chip', { hasText: firstName }).waitFor();

    await say(first, 'Can you hear me?');
    await hear(first, 'Can you hear me?');
    await hear(second, 'Can you hear me?');
    await say(second, '<img src=x onerror="alert(1)"> & שלום');
    await hear(first, '<img src=x onerror="alert(1)"> & שלום');
    await first.page.locator('.line', { hasText: secondName }).last().waitFor();

    await second.close();
    await hear(first, `${secondName} left`);
    await first.page.locator('.chip', { hasText: secondName }).waitFor({ state: 'detached' });
    expect(await first.page.locator('.chip').count()).toBe(1);
    expect(faults(first)).toEqual([]);
    expect(first.requestedElsewhere(server.origin)).toEqual([]);
  });

  test('the curl line, pasted into a shell, arrives in every window', async () => {
    await using server = await startServer();
    const windows = [await signIn(browser, server), await signIn(browser, server)];
    const line = await windows[0]?.page.getByRole('region', { name: 'curl line' }).innerText();
    const shell = Bun.spawn(['sh', '-c', (line ?? '').replace(/^curl/, "printf '%s\\0'")]);
    const [url = '', , header = '', , body = ''] = (await new Response(shell.stdout).text()).split('\0');
    const [name = '', value = ''] = header.split(': ');
    const answer = await fetch(url, { method: 'POST', headers: { [name]: value }, body });
    expect([answer.status, await answer.text()]).toEqual([200, '{}']);
    for (const window of windows) await hear(window, 'Hello from curl');
  });

  test('what is published to the channel of the page shows, whatever its data', async () => {
    await using server = await startServer();
    const window = await signIn(browser, server);
    await window.page.locator('.chip').waitFor();
    await server.api.publish('presence-earshot-home', 'any-event', '{"a":[1,"<b>"]}');
    await hear(window, '{"a":[1,"<b>"]}');
    await server.api.publish('presence-earshot-home', 'any-event', 'no JSON');
    await hear(window, 'no JSON');
  });

  test('a link signs one browser in, once, and leaves no trace in the address', async () => {
    await using server = await startServer();
    const link = await server.node.signInLink();
    const first = await browser.open();
    await first.page.goto(link);
    await settled(first, 'open');
    expect(first.page.url()).toBe(`${server.origin}/`);
    expect(first.requested.join()).not.toContain(link.split('=')[1] ?? link);

    const second = await browser.open();
    await second.page.goto(link);
    await settled(second, 'shut');
    await second.page.getByText('This link has been used already').waitFor();

    // The tab is open; only the fragment changes.
    await second.page.goto(await server.node.signInLink());
    await settled(second, 'open');
    // Opened again where it has been used, it does no harm.
    await first.page.goto('about:blank');
    await first.page.goto(link);
    await settled(first, 'open');
  });

  test('to a stranger the page tells nothing and nothing connects', async () => {
    await using server = await startServer({ env: { EARSHOT_APP_NAME: 'Secret project' } });
    const window = await browser.open();
    await window.page.goto(server.origin);
    await settled(window, 'shut');
    await window.page.getByRole('heading', { name: 'An Earshot server runs here' }).waitFor();
    const told = await window.page.content();
    for (const secret of [vectorApp.key, vectorApp.secret, 'Secret project']) {
      expect(told).not.toContain(secret);
    }
    const paths = window.requested.map((url) => new URL(url).pathname.replace(/-[\w-]+\./, '-*.'));
    const icon = '/assets/mark-*.svg'; // not every headless Chromium asks for it
    const others = paths.filter((path) => path !== icon).sort();
    expect(others).toEqual(['/', '/assets/home-*.css', '/assets/main-*.js', '/session']);
    expect(faults(window)).toEqual([]);
  });

  test('signing out ends it in this window, and in others as soon as they need the session', async () => {
    await using server = await startServer();
    const window = await signIn(browser, server);
    const other = await window.page.context().newPage();
    await other.goto(server.origin);
    await other.locator('[data-phase=connected]').waitFor();
    await window.page.getByRole('button', { name: 'Sign out' }).click();
    await window.page.getByText('You are signed out.').waitFor();
    expect(await window.page.content()).not.toContain(vectorApp.key);

    await other.evaluate('Pusher.instances[0].disconnect(); Pusher.instances[0].connect()');
    await other.getByText('Your session has ended.').waitFor();
  });

  test('everything works behind a path prefix', async () => {
    await using server = await startServer({ env: { EARSHOT_PATH: '/realtime' } });
    const window = await signIn(browser, server);
    expect(new URL(window.page.url()).pathname).toBe('/realtime/');
    await window.page.locator('.chip').waitFor();
    await server.api.publish('my-channel', 'my-event', '{"message":"below a prefix"}');
    await hear(window, 'below a prefix');
    await window.page.goto(`${server.origin}`);
    await settled(window, 'open');
    expect(window.requested.filter((url) => !new URL(url).pathname.startsWith('/realtime'))).toEqual([]);
    expect(faults(window)).toEqual([]);
  });

  test('over TLS the page connects over TLS, and its cookie goes nowhere else', async () => {
    await using server = await startServer({ tls: true });
    const window = await browser.open();
    const { hash } = new URL(await server.node.signInLink());
    await window.page.goto(`${server.node.tlsUrl}/${hash}`);
    await window.page.locator('[data-phase=connected]').waitFor();
    await window.page.locator('.chip').waitFor();
    const schemes = new Set(window.requested.map((url) => new URL(url).protocol));
    expect([...schemes].sort()).toEqual(['https:', 'wss:']);
    const [cookie] = await window.page.context().cookies();
    expect(cookie).toMatchObject({ secure: true, httpOnly: true, sameSite: 'Strict' });
    expect(faults(window)).toEqual([]);
  });

  test('the pusher-js snippet, pasted into a page of another origin, subscribes', async () => {
    await using server = await startServer();
    const home = await signIn(browser, server);
    const snippet = await home.page.getByRole('region', { name: 'index.html' }).innerText();
    await using site = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: () => new Response(snippet, { headers: { 'Content-Type': 'text/html' } }),
    });
    const page = await browser.open();
    const heard = page.page.waitForEvent('console', (message) => message.text() === 'to a stranger’s page');
    await page.page.goto(site.url.href);
    await subscribed(page, 'my-channel');
    await server.api.publish('my-channel', 'my-event', '{"message":"to a stranger’s page"}');
    await heard;
  });

  test('when the server goes the page says so, and it is back when the server is', async () => {
    await using folder = await temporaryFolder();
    const options = { dataDir: folder.path, env: { EARSHOT_PORT: String(await freePort()) } };
    const stopped = await startServer(options);
    const window = await signIn(browser, stopped);
    await say(window, 'before');
    await stopped[Symbol.asyncDispose]();
    await window.page.getByText('The connection was lost. Reconnecting…').waitFor();
    await window.page.getByText('Lines can be sent again once the page is connected.').waitFor();

    await using _server = await startServer(options);
    await window.page.getByRole('button', { name: 'Try now' }).click();
    await window.page.locator('[data-phase=connected]').waitFor();
    await say(window, 'after');
    await hear(window, 'after');
    await hear(window, 'before');
  });

  test('what went wrong with a connection is no longer said once it is lost', async () => {
    await using server = await startServer();
    const window = await signIn(browser, server);
    await window.page.route('**/auth', (route) => route.fulfill({ status: 503 }));
    await window.evaluate('Pusher.instances[0].disconnect(); Pusher.instances[0].connect()');
    await window.page.getByText('You could not join the others').waitFor();
    await server[Symbol.asyncDispose]();
    await window.page.getByText('Lines can be sent again once the page is connected.').waitFor();
  });

  test('keys, secret and snippets can be copied; the secret shows on demand only', async () => {
    await using server = await startServer();
    const window = await signIn(browser, server);
    await window.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    const copied = () => window.page.evaluate(() => navigator.clipboard.readText());
    const { page } = window;

    await page.getByRole('button', { name: 'Copy secret' }).click();
    await page.getByRole('status').getByText('Copied').waitFor();
    expect(await copied()).toBe(vectorApp.secret);
    await page.getByRole('tab', { name: 'Node' }).click();
    const install = page.getByRole('button', { name: 'Copy npm install pusher' });
    expect(await copiedBy(window, install)).toContain(`secret: '${vectorApp.secret}'`);
    expect(await page.locator('body').innerText()).not.toContain(vectorApp.secret);
    await page.getByRole('button', { name: 'Show secret' }).click();
    expect((await page.locator('body').innerText()).split(vectorApp.secret)).toHaveLength(3);
  });

  test('the signature of the curl line is renewed while someone looks', async () => {
    await using server = await startServer();
    const window = await browser.open();
    const { page } = window;
    await page.clock.install();
    await page.goto(await server.node.signInLink());
    await page.getByText(/valid for (9|10):\d\d/).waitFor();
    const renewed = page.waitForResponse((response) => response.url().endsWith('/session'));
    await page.clock.fastForward('09:10');
    expect((await renewed).status()).toBe(200);
    await page.getByText(/valid for (9|10):\d\d/).waitFor();
  });

  test('the tabs work by keyboard', async () => {
    await using server = await startServer();
    const { page } = await signIn(browser, server);
    const selected = () => page.getByRole('tab', { selected: true }).innerText();
    await page.getByRole('tab', { name: 'pusher-js' }).focus();
    await page.keyboard.press('ArrowRight');
    expect(await selected()).toBe('Laravel Echo');
    await page.keyboard.press('End');
    expect(await selected()).toBe('Go');
    await page.keyboard.press('ArrowRight');
    expect(await selected()).toBe('pusher-js');
    await page.evaluate("document.documentElement.dir = 'rtl'");
    await page.keyboard.press('ArrowLeft');
    expect(await selected()).toBe('Laravel Echo');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toContain('Copy');
  });
});
