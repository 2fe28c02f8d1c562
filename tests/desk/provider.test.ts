import { expect, test } from 'bun:test';
import type { Operator, OperatorSession, Ways } from '@earshot/dashboard';
import {
  oidcClient,
  signInAt,
  startOidcServer,
} from '../../packages/chat/src/identity/providers/oidc-provider.testing.ts';
import { freePort } from '../support/program.ts';
import { startServer } from '../support/server.ts';
import { Browser, signedIn } from './support/desk.ts';

/** A certified provider whose people have addresses, and a server that takes them. */
async function start(emails = 'ada@example.com', verified: unknown = true) {
  const stack = new AsyncDisposableStack();
  const port = await freePort();
  const back = `http://127.0.0.1:${port}/dashboard/oidc/back`;
  const oidc = stack.use(
    await startOidcServer([back], {
      claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'] },
      findAccount: (_context: unknown, id: string) => ({
        accountId: id,
        claims: () => ({ sub: id, name: id, email: `${id}@example.com`, email_verified: verified }),
      }),
    }),
  );
  const server = stack.use(
    await startServer({
      env: {
        EARSHOT_PORT: `${port}`,
        EARSHOT_WEBHOOK_PRIVATE_ADDRESSES: 'true',
        EARSHOT_DASHBOARD_OIDC_ISSUER: oidc.issuer,
        EARSHOT_DASHBOARD_OIDC_CLIENT_ID: oidcClient.id,
        EARSHOT_DASHBOARD_OIDC_CLIENT_SECRET: oidcClient.secret,
        EARSHOT_DASHBOARD_OIDC_EMAILS: emails,
      },
    }),
  );
  return { server, oidc, back, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** Leaves for the provider. @returns where to, and the cookie that waits for the return */
async function leave(browser: Browser): Promise<{ url: string; cookie: string }> {
  const response = await browser.open('GET', `${browser.server.origin}/dashboard/oidc/start`);
  expect(response.status).toBe(303);
  const [line = ''] = response.headers.getSetCookie();
  expect(line).toMatch(
    /^earshot_oidc_\d+=[\w-]{43}; Max-Age=600; Path=\/dashboard\/oidc; HttpOnly; SameSite=Lax$/,
  );
  return { url: response.headers.get('Location') ?? '', cookie: line.split(';')[0] ?? '' };
}

/** Comes back. @returns where the browser is sent */
async function comeBack(browser: Browser, to: URL | string, cookie: string): Promise<string> {
  const response = await browser.open('GET', `${to}`, {
    headers: { Cookie: cookie, 'Sec-Fetch-Site': 'cross-site' },
  });
  expect(response.status).toBe(303);
  return decodeURIComponent(response.headers.get('Location') ?? '');
}

test('an operator on the list signs in at the provider, and becomes one', async () => {
  await using started = await start();
  const { server, oidc, back } = started;
  const browser = new Browser(server);
  expect(await browser.get<Ways>('/ways')).toEqual({ password: false, provider: new URL(oidc.issuer).host });
  const { url, cookie } = await leave(browser);
  const asked = new URL(url).searchParams;
  expect([asked.get('code_challenge_method'), asked.get('scope')]).toEqual(['S256', 'openid profile email']);
  expect(url).not.toContain(cookie.split('=')[1] ?? '');
  const returned = await signInAt(url, back, 'ada');
  expect(await comeBack(browser, returned, cookie)).toBe('/dashboard/');
  expect(await browser.get<OperatorSession>('/session')).toMatchObject({
    operator: { name: 'ada@example.com' },
  });
  // The code is used up, also for whoever has seen the address.
  expect(await comeBack(new Browser(server), returned, cookie)).toContain('#sign-in-failed=');
  const [operator] = await browser.get<Operator[]>('/operators');
  await (await signedIn(server)).done('DELETE', `/operators/${operator?.id}`);
  expect((await browser.ask('GET', '/session')).error?.code).toBe('signed_out');
});

test('who is not on the list, or whose address is not verified, is not let in', async () => {
  for (const [login, verified] of [
    ['eve', true],
    ['ada', false],
    ['ada', 'true'],
  ] as const) {
    await using started = await start('ada@example.com', verified);
    const browser = new Browser(started.server);
    const { url, cookie } = await leave(browser);
    const returned = await signInAt(url, started.back, login);
    expect([login, await comeBack(browser, returned, cookie)]).toEqual([
      login,
      expect.stringContaining('#sign-in-failed=not_let_in'),
    ]);
    expect(browser.cookie).toBe('');
    expect((await browser.ask('GET', '/session')).error?.code).toBe('signed_out');
  }
});

test('a return that this browser did not begin, or that was changed, signs nobody in', async () => {
  await using started = await start();
  const { server, back } = started;
  const browser = new Browser(server);
  const [mine, others] = [await leave(browser), await leave(new Browser(server))];
  const returned = await signInAt(mine.url, back, 'ada');
  const with_ = (name: string, value: string) => {
    const url = new URL(returned);
    url.searchParams.set(name, value);
    return url;
  };
  for (const [to, cookie] of [
    [returned, ''],
    [returned, others.cookie],
    [returned, `${mine.cookie}x`],
    [with_('state', 'guessed'), mine.cookie],
    [with_('code', 'guessed'), mine.cookie],
    [with_('iss', 'https://evil.example'), mine.cookie],
    [with_('error', 'access_denied'), mine.cookie],
    [back, mine.cookie],
  ] as const) {
    expect([`${to}`, await comeBack(browser, to, cookie)]).toEqual([
      `${to}`,
      expect.stringContaining('#sign-in-failed='),
    ]);
    expect(browser.cookie).toBe('');
  }
});

test('a provider that is away is said to be, and the other ways are open', async () => {
  await using started = await start();
  await started.oidc[Symbol.asyncDispose]();
  const browser = new Browser(started.server);
  const response = await browser.open('GET', `${started.server.origin}/dashboard/oidc/start`);
  expect(response.headers.get('Location')).toBe('/dashboard/#sign-in-failed=unreachable');
  await browser.signInByLink();
});
