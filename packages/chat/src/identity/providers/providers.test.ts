import { afterEach, expect, test } from 'bun:test';
import { limits, type SessionAnswer } from '../../contract/index.ts';
import type { ChatSettings } from '../../settings.ts';
import { type CallOptions, openTestIdentity, siteOrigin, type TestIdentity } from '../identity.testing.ts';
import { hashOf, newSecret } from '../secrets.ts';
import { type OidcServer, oidcClient, signInAt, startOidcServer } from './oidc-provider.testing.ts';
import type { ProvidersOptions } from './providers.ts';

let here: TestIdentity;
let servers: { stop(): Promise<unknown> }[] = [];
afterEach(async () => {
  await here[Symbol.asyncDispose]();
  await Promise.all(servers.map((server) => server.stop()));
  servers = [];
});

async function open(
  settings: Partial<ChatSettings>,
  options: Pick<ProvidersOptions, 'addresses'> & {
    importers?: ProvidersOptions['importers'];
    origins?: string[];
  } = {},
): Promise<void> {
  here = await openTestIdentity({
    apps: [settings, settings],
    origins: options.origins ?? [siteOrigin],
    ...(options.addresses === undefined ? {} : { addresses: options.addresses }),
    ...(options.importers === undefined ? {} : { importers: options.importers }),
  });
}

async function openWithOidc(more: object = {}): Promise<OidcServer> {
  await open({});
  const oidc = await startOidcServer([`${here.address}/chat/sign-in/callback`], more);
  servers.push({ stop: async () => oidc[Symbol.asyncDispose]() });
  here.chat.configure({
    chatOidcIssuer: oidc.issuer,
    chatOidcClientId: oidcClient.id,
    chatOidcClientSecret: oidcClient.secret,
  });
  return oidc;
}

interface Started {
  url: string;
  state: string;
  window: string;
}

/** As the sign-in window does it: a page of the server itself. */
const ofWindow = (): CallOptions => ({ origin: here.address, headers: { 'Sec-Fetch-Site': 'same-origin' } });

function start(provider: string, verifier: string, more: object = {}, how = ofWindow()) {
  const { key } = here.chat.app;
  const body = { app: key, provider, origin: siteOrigin, challenge: hashOf(verifier), ...more };
  return here.call<Started>('POST', '/sign-in/start', body, how);
}

function finish(window: string, query: string, app = here.chat.app.key) {
  return here.call<{ code: string; origin: string }>(
    'POST',
    '/sign-in/finish',
    { app, window, query },
    ofWindow(),
  );
}

function redeem(code: string, verifier: string, how: CallOptions = {}, app = here.chat.app.key) {
  return here.call<SessionAnswer>('POST', '/sessions/provider', { app, code, verifier }, how);
}

const callback = () => `${here.address}/chat/sign-in/callback`;

/** All of it, up to the one-time code. */
async function codeOf(login: string, verifier: string): Promise<string> {
  const started = (await start('oidc', verifier)).body;
  const back = await signInAt(started.url, callback(), login);
  const finished = await finish(started.window, back.search);
  expect([finished.status, finished.body.origin]).toEqual([200, siteOrigin]);
  return finished.body.code;
}

test('a certified OpenID provider: from the click to a session that is renewed', async () => {
  const oidc = await openWithOidc();
  const verifier = newSecret();
  const { body } = await start('oidc', verifier);
  const asked = new URL(body.url).searchParams;
  expect(new URL(body.url).origin).toBe(oidc.issuer);
  expect(asked.get('code_challenge_method')).toBe('S256');
  expect([asked.get('state'), (asked.get('nonce') ?? '').length]).toEqual([body.state, 43]);
  expect(asked.get('redirect_uri')).toBe(callback());

  const { status, body: session } = await redeem(await codeOf('ada', verifier), verifier);
  expect(status).toBe(200);
  expect(session.me).toMatchObject({
    name: 'ada of the provider',
    kind: 'user',
    verified: false,
    avatar: 'https://id.example/ada.png',
  });
  expect(session.accessTokenExpiresAt - here.chat.clock.now()).toBeLessThanOrEqual(
    limits.accessTokenSeconds * 1000,
  );
  const renewal = { app: here.chat.app.key, refreshToken: session.refreshToken };
  expect((await here.call('POST', '/sessions/refresh', renewal)).status).toBe(200);
  const again = await redeem(await codeOf('ada', verifier), verifier);
  expect(again.body.me.id).toBe(session.me.id);
  expect((await redeem(await codeOf('bob', verifier), verifier)).body.me.id).not.toBe(session.me.id);
  expect(await here.identity.usersOf('1', oidc.issuer, ['ada'])).toEqual(new Map([['ada', session.me.id]]));
});

test('a guest who signs in keeps everything, and one who is known already is merged', async () => {
  await openWithOidc();
  const verifier = newSecret();
  const guest = async (name: string) =>
    (await here.call<SessionAnswer>('POST', '/sessions/guest', { app: here.chat.app.key, name })).body;
  const nelly = await guest('Nelly');
  const signedIn = await redeem(await codeOf('ada', verifier), verifier, { token: nelly.accessToken });
  expect(signedIn.body.me).toMatchObject({ id: nelly.me.id, name: 'Nelly', kind: 'user', verified: false });
  const eve = await guest('Eve');
  const merged = await redeem(await codeOf('ada', verifier), verifier, { token: eve.accessToken });
  expect(merged.body.me.id).toBe(nelly.me.id);
  expect((await here.identity.people.person('1', eve.me.id))?.id).toBe(nelly.me.id);
});

test('a code counts once, for a minute, with its verifier, its origin and its app', async () => {
  await openWithOidc();
  const verifier = newSecret();
  const refused = async (call: Promise<{ status: number; body: { error?: { code: string } } }>) => {
    const { status, body } = await call;
    expect([status, body.error?.code]).toEqual([401, 'sign_in_failed']);
  };
  const used = await codeOf('ada', verifier);
  expect((await redeem(used, verifier)).status).toBe(200);
  await refused(redeem(used, verifier));
  await refused(redeem('', verifier));
  const wrong = await codeOf('ada', verifier);
  await refused(redeem(wrong, newSecret()));
  // A wrong try uses it up.
  await refused(redeem(wrong, verifier));
  await refused(redeem(await codeOf('ada', verifier), verifier, { origin: here.address }));
  await refused(redeem(await codeOf('ada', verifier), verifier, {}, here.chat.apps[1]?.key));
  const late = await codeOf('ada', verifier);
  here.chat.clock.advance(60_000);
  await refused(redeem(late, verifier));
});

test('a sign-in comes back once, in its window, within ten minutes, to its app, with its own state', async () => {
  await openWithOidc();
  const verifier = newSecret();
  const away = async () => {
    const { body } = await start('oidc', verifier);
    return { ...body, back: (await signInAt(body.url, callback(), 'ada')).search };
  };
  const refused = async (call: ReturnType<typeof finish>, message: RegExp) => {
    const { status, body } = await call;
    expect([status, body.error?.code]).toEqual([401, 'sign_in_failed']);
    expect(body.error?.message).toMatch(message);
  };
  const one = await away();
  const two = await away();
  await refused(finish(two.window, one.back), /another window/);
  await refused(finish(one.window, one.back), /unknown, was used/);
  const state = (query: string, value: string) => {
    const changed = new URLSearchParams(query);
    changed.set('state', value);
    return `?${changed}`;
  };
  await refused(finish(two.window, state(two.back, newSecret())), /unknown, was used/);
  await refused(finish(two.window, '?code=x'), /unknown, was used/);
  await refused(finish(two.window, two.back, here.chat.apps[1]?.key), /unknown, was used/);
  // Somebody else’s code under one’s own state: PKCE and nonce do not fit.
  const three = await away();
  await refused(finish(two.window, state(three.back, two.state)), /invalid_grant/);
  await refused(finish(three.window, `${three.back}&via=mastodon.example`), /not the server/);
  const slow = await away();
  here.chat.clock.advance(10 * 60_000);
  await refused(finish(slow.window, slow.back), /took too long/);
  await here.identity.signIns.sweep();
  expect(await here.chat.core.db.selectFrom('chat_sign_ins').selectAll().execute()).toEqual([]);
});

test('a person who does not agree is told from one whose sign-in fails', async () => {
  await openWithOidc();
  const { body } = await start('oidc', newSecret());
  const back = await signInAt(body.url, callback(), 'ada', false);
  const { status, body: answer } = await finish(body.window, back.search);
  expect([status, answer.error?.code, answer.error?.field]).toEqual([401, 'sign_in_failed', 'cancelled']);
});

test('only the sign-in window of this server may begin, for a page of the app’s list, named exactly', async () => {
  await openWithOidc();
  const begin = async (more: object, how?: CallOptions) => {
    const { status, body } = await start('oidc', newSecret(), more, how);
    return [status, body.error?.code];
  };
  expect(await begin({ origin: 'https://evil.example' })).toEqual([403, 'origin_refused']);
  for (const origin of [`${siteOrigin}/`, 'https://SITE.example', 'null', '', 'javascript:alert(1)', '*']) {
    expect([origin, ...(await begin({ origin }))]).toEqual([origin, 403, 'origin_refused']);
  }
  // The server's own page at /chat.
  expect(await begin({ origin: here.address })).toEqual([200, undefined]);
  expect(await begin({}, { origin: siteOrigin })).toEqual([403, 'origin_refused']);
  expect(await begin({}, { origin: null })).toEqual([403, 'origin_refused']);
  const site = (value: string) => ({ origin: here.address, headers: { 'Sec-Fetch-Site': value } });
  expect(await begin({}, site('cross-site'))).toEqual([403, 'origin_refused']);
  expect(await begin({}, site('same-origin'))).toEqual([200, undefined]);
  expect(await begin({ challenge: 'short' })).toEqual([400, 'bad_request']);
  expect(await begin({ provider: 'github' })).toEqual([400, 'bad_request']);
  expect((await here.call('GET', '/sign-in/start')).body.error?.code).not.toBeUndefined();
});

test('an app without a list lets only the server’s own pages open the window', async () => {
  await openWithOidc();
  await here[Symbol.asyncDispose]();
  await open({ chatOidcIssuer: 'http://127.0.0.1:1', chatOidcClientId: 'x' }, { origins: [] });
  expect((await start('oidc', newSecret())).body.error?.code).toBe('origin_refused');
  // Allowed, and nobody there.
  const own = await start('oidc', newSecret(), { origin: here.address });
  expect([own.status, own.body.error?.code]).toEqual([503, 'unavailable']);
  expect(own.body.error?.message).toContain('127.0.0.1');
});

/** A server that answers as a description of an API says; what cannot be had on this machine. */
function serve(answer: (request: Request, url: URL) => Response | Promise<Response>): string {
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: (request) => answer(request, new URL(request.url)),
  });
  servers.push({ stop: () => server.stop(true) });
  return `http://127.0.0.1:${server.port}`;
}

test('GitHub: an account is known by its number, and its token is kept, encrypted, only where contacts can be imported', async () => {
  for (const importers of [new Set<never>(), new Set(['github'] as const)]) {
    const seen: Record<string, string>[] = [];
    const github = serve(async (request, url) => {
      if (url.pathname === '/login/oauth/access_token') {
        seen.push(Object.fromEntries(new URLSearchParams(await request.text())));
        return Response.json({ access_token: 'gho_token', scope: 'read:user', token_type: 'bearer' });
      }
      expect(url.pathname).toBe('/user');
      expect(request.headers.get('Authorization')).toBe('Bearer gho_token');
      expect(request.headers.get('User-Agent')).toBe('Earshot');
      return Response.json({ id: 583231, login: 'octocat', name: null, avatar_url: 'https://a.example/u/1' });
    });
    if (importers.size > 0) await here[Symbol.asyncDispose]();
    await open(
      { chatGithubClientId: 'Iv1.x', chatGithubClientSecret: 'hidden' },
      { importers, addresses: { github: { web: github, api: github } } },
    );
    const verifier = newSecret();
    const started = (await start('github', verifier)).body;
    const url = new URL(started.url);
    expect(url.pathname).toBe('/login/oauth/authorize');
    expect(url.searchParams.has('nonce')).toBe(false);
    const finished = await finish(started.window, `?code=c0de&state=${started.state}&iss=anything`);
    const { body } = await redeem(finished.body.code, verifier);
    expect(body.me).toMatchObject({ name: 'octocat', avatar: 'https://a.example/u/1', kind: 'user' });
    expect(seen).toMatchObject([
      {
        client_id: 'Iv1.x',
        client_secret: 'hidden',
        code: 'c0de',
        grant_type: 'authorization_code',
        redirect_uri: callback(),
      },
    ]);
    expect(hashOf(seen[0]?.code_verifier ?? '')).toBe(url.searchParams.get('code_challenge') ?? '');

    const rows = await here.chat.core.db.selectFrom('chat_provider_tokens').selectAll().execute();
    const access = await here.identity.providerAccess('1', body.me.id, 'github');
    if (importers.size === 0) {
      expect([rows, access]).toEqual([[], null]);
    } else {
      expect(JSON.stringify(rows)).not.toContain('gho_token');
      expect(access).toEqual({ issuer: github, subject: '583231', token: 'gho_token' });
      here.chat.clock.advance(7 * 86_400_000);
      expect(await here.identity.providerAccess('1', body.me.id, 'github')).toBeNull();
    }
  }
});

test('GitHub refuses a code with status 200', async () => {
  const github = serve(() => Response.json({ error: 'bad_verification_code', error_description: 'expired' }));
  await open(
    { chatGithubClientId: 'Iv1.x', chatGithubClientSecret: 'hidden' },
    { addresses: { github: { web: github, api: github } } },
  );
  const started = (await start('github', newSecret())).body;
  const { status, body } = await finish(started.window, `?code=c0de&state=${started.state}`);
  expect([status, body.error?.code]).toEqual([401, 'sign_in_failed']);
  expect(JSON.stringify(body)).not.toContain('c0de');
});

test('a Mastodon server: we register there once, anew when it has forgotten us, and come back to its own address', async () => {
  const registered: Record<string, string>[] = [];
  let knows = true;
  const mastodon = serve(async (request, url) => {
    if (url.pathname === '/api/v1/apps') {
      registered.push((await request.json()) as Record<string, string>);
      return Response.json({
        id: '1',
        name: 'Earshot',
        client_id: `id-${registered.length}`,
        client_secret: 'hidden',
      });
    }
    if (url.pathname === '/oauth/token') {
      if (!knows) return Response.json({ error: 'invalid_client' }, { status: 401 });
      return Response.json({
        access_token: 'token',
        token_type: 'Bearer',
        scope: 'read:accounts',
        created_at: 1,
      });
    }
    expect(url.pathname).toBe('/api/v1/accounts/verify_credentials');
    return Response.json({
      id: '14715',
      username: 'trwnh',
      display_name: ' ',
      avatar: 'https://files.example/a.png',
    });
  });
  await open({ chatMastodon: true }, { addresses: { mastodon: () => mastodon } });
  const verifier = newSecret();
  const begin = async (server: string) => (await start('mastodon', verifier, { server })).body;
  const started = await begin('@ada@Mastodon.Example');
  const asked = new URL(started.url).searchParams;
  const redirectUri = `${callback()}?via=mastodon.example`;
  expect([asked.get('client_id'), asked.get('redirect_uri')]).toEqual(['id-1', redirectUri]);
  expect(registered).toEqual([
    { client_name: 'Earshot', redirect_uris: redirectUri, scopes: 'read:accounts' },
  ]);
  const query = ({ state }: Started, via = '&via=mastodon.example') => `?code=c0de&state=${state}${via}`;
  const finished = await finish(started.window, query(started));
  const { body } = await redeem(finished.body.code, verifier);
  expect(body.me).toMatchObject({ name: 'trwnh', avatar: 'https://files.example/a.png' });
  expect(await here.identity.usersOf('1', mastodon, ['14715'])).toEqual(new Map([['14715', body.me.id]]));

  const mixedUp = await begin('mastodon.example');
  expect((await finish(mixedUp.window, query(mixedUp, ''))).body.error?.message).toMatch(/not the server/);
  knows = false;
  const forgotten = await begin('mastodon.example');
  expect((await finish(forgotten.window, query(forgotten))).status).toBe(401);
  expect(registered.length).toBe(1);
  await begin('mastodon.example');
  expect(registered.length).toBe(2);
  const secrets = await here.chat.core.db.selectFrom('chat_mastodon_clients').selectAll().execute();
  expect(JSON.stringify(secrets)).not.toContain('hidden');
});

test('what is no Mastodon server is said so', async () => {
  const other = serve((_request, url) =>
    url.pathname === '/api/v1/apps' ? Response.json({ hello: 'world' }) : new Response('no', { status: 404 }),
  );
  await open({ chatMastodon: true }, { addresses: { mastodon: () => other } });
  const { status, body } = await start('mastodon', newSecret(), { server: 'other.example' });
  expect([status, body.error?.code]).toEqual([401, 'sign_in_failed']);
  expect(body.error?.message).toBe('other.example does not answer as a Mastodon server does.');
});
