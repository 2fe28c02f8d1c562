import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import type { Page } from 'playwright-core';
import {
  type OidcServer,
  oidcClient,
  startOidcServer,
} from '../../packages/chat/src/identity/providers/oidc-provider.testing.ts';
import { type Browser, type BrowserWindow, chromiumPath, startBrowser } from '../support/browser.ts';
import { startServer, type TestServer } from '../support/server.ts';

setDefaultTimeout(240_000);

/** A page of a host that opens the sign-in window in a click, as the widget does, and writes down what comes. */
const hostPage = `<!doctype html><title>host</title><button>Sign in</button><script>
  const base64url = (bytes) => btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  window.heard = [];
  addEventListener('message', (event) => heard.push({ origin: event.origin, data: event.data }));
  const verifier = base64url(crypto.getRandomValues(new Uint8Array(32)));
  window.verifier = verifier;
  let challenge = '';
  crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier)).then((hash) => {
    challenge = base64url(new Uint8Array(hash));
    document.title = 'ready';
  });
  document.querySelector('button').onclick = () => {
    const query = new URLSearchParams(location.search);
    const asked = { app: query.get('app'), provider: 'oidc', origin: query.get('as') ?? location.origin, challenge };
    window.popup = open(query.get('server') + '/chat/sign-in#' + new URLSearchParams(asked), '_blank', 'popup');
  };
</script>`;

describe.skipIf(chromiumPath === undefined)('the sign-in window', () => {
  let browser: Browser;
  let server: TestServer;
  let oidc: OidcServer;
  const hosts: ReturnType<typeof Bun.serve>[] = [];
  let hostOrigin = '';
  let strangerOrigin = '';
  let apartOrigin = '';

  function serveHost(headers: Record<string, string> = {}): string {
    const host = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: () => new Response(hostPage, { headers: { 'Content-Type': 'text/html', ...headers } }),
    });
    hosts.push(host);
    return `http://127.0.0.1:${host.port}`;
  }

  beforeAll(async () => {
    hostOrigin = serveHost();
    strangerOrigin = serveHost();
    apartOrigin = serveHost({ 'Cross-Origin-Opener-Policy': 'same-origin' });
    server = await startServer({ env: { EARSHOT_WEBHOOK_PRIVATE_ADDRESSES: 'true' } });
    oidc = await startOidcServer([`${server.origin}/chat/sign-in/callback`]);
    await server.update({
      origins: [hostOrigin, apartOrigin],
      chatOidcIssuer: oidc.issuer,
      chatOidcClientId: oidcClient.id,
      chatOidcClientSecret: oidcClient.secret,
    });
    browser = await startBrowser();
  });
  afterEach(() => browser.closeWindows());
  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]();
    await oidc?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
    for (const host of hosts) await host.stop(true);
  });

  async function visit(origin: string, more: Record<string, string> = {}): Promise<BrowserWindow> {
    const window = await browser.open();
    const query = new URLSearchParams({ server: server.origin, app: server.app.key, ...more });
    await window.page.goto(`${origin}/?${query}`);
    await window.page.waitForFunction("document.title === 'ready'");
    return window;
  }

  async function click(window: BrowserWindow): Promise<Page> {
    const opened = window.page.waitForEvent('popup');
    await window.page.getByRole('button', { name: 'Sign in' }).click();
    return opened;
  }

  const heard = (window: BrowserWindow) => window.page.evaluate('heard');
  const said = (popup: Page, text: RegExp) => popup.locator('#said', { hasText: text }).waitFor();

  test('goes to the provider, comes back, hands the page a code that signs in, and closes', async () => {
    const window = await visit(hostOrigin);
    const popup = await click(window);
    const complaints: string[] = [];
    popup.on('console', (message) => {
      if (/Content Security Policy|Trusted/i.test(message.text())) complaints.push(message.text());
    });
    await popup.getByPlaceholder('Enter any login').fill('ada');
    await popup.getByPlaceholder('and password').fill('any');
    await popup.getByRole('button', { name: 'Sign-in' }).click();
    const closed = popup.waitForEvent('close');
    await popup.getByRole('button', { name: 'Continue' }).click();
    await closed;
    await window.page.waitForFunction('heard.length > 0');
    const [message] = (await heard(window)) as { origin: string; data: { type: string; code: string } }[];
    expect(message).toMatchObject({ origin: server.origin, data: { type: 'earshot-sign-in' } });
    const answer = await window.page.evaluate(
      `fetch(${JSON.stringify(`${server.origin}/chat/api/v1/sessions/provider`)}, {
         method: 'POST',
         headers: { 'Content-Type': 'application/json' },
         body: JSON.stringify({ app: ${JSON.stringify(server.app.key)}, code: heard[0].data.code, verifier }),
       }).then((answer) => answer.json())`,
    );
    expect(answer).toMatchObject({ me: { name: 'ada of the provider', kind: 'user' } });
    expect(complaints).toEqual([]);
  });

  test('tells the page when the person does not agree, and closes', async () => {
    const window = await visit(hostOrigin);
    const popup = await click(window);
    const closed = popup.waitForEvent('close');
    await popup.getByRole('link', { name: 'Cancel' }).click();
    await closed;
    await window.page.waitForFunction('heard.length > 0');
    expect(await heard(window)).toEqual([
      { origin: server.origin, data: { type: 'earshot-sign-in', error: 'cancelled' } },
    ]);
  });

  test('tells a page of an origin that is not listed nothing, and the person why', async () => {
    const window = await visit(strangerOrigin);
    const popup = await click(window);
    await said(popup, /may not sign people in here/);
    expect(await heard(window)).toEqual([]);
    await popup.getByRole('button', { name: 'Close this window' }).waitFor();
  });

  test('hands a page that claims to be another one nothing', async () => {
    const window = await visit(strangerOrigin, { as: hostOrigin });
    const popup = await click(window);
    await popup.getByPlaceholder('Enter any login').fill('eve');
    await popup.getByPlaceholder('and password').fill('any');
    await popup.getByRole('button', { name: 'Sign-in' }).click();
    const closed = popup.waitForEvent('close');
    await popup.getByRole('button', { name: 'Continue' }).click();
    await closed;
    expect(await heard(window)).toEqual([]);
  });

  test('says what to do when the page that opened it is out of reach', async () => {
    const window = await visit(apartOrigin);
    const popup = await click(window);
    await said(popup, /cannot be reached.*same-origin-allow-popups/);
    const alone = await browser.open();
    await alone.page.goto(`${server.origin}/chat/sign-in`);
    await said(alone.page, /by itself it does nothing/);
    expect(await alone.accessibilityProblems()).toEqual([]);
    await alone.page.goto(`${server.origin}/chat/sign-in/callback?code=x&state=y`);
    await said(alone.page, /not begun in this window/);
    expect(new URL(alone.page.url()).search).toBe('');
    expect(alone.errors).toEqual([]);
  });
});
