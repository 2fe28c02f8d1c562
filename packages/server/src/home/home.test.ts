import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog, ManualClock } from '@earshot/base';
import { type Database, openDatabase } from '@earshot/data';
import { demoChannel, type Session } from '@earshot/home';
import { verifyChannelAuth, verifyRequest } from '../apps/auth.ts';
import { type AppRegistry, openAppRegistry } from '../apps/registry.ts';
import { readConfig } from '../config.ts';
import { settleOperators } from '../operators/open.ts';
import { SignInLimits } from '../operators/sign-in-limits.ts';
import { createHome, type Home } from './home.ts';

const app = { id: '3', key: '278d425bdf160c739803', secret: '7ad3773142a6692b25b8' };
const windowId = '0123456789abcdef0123456789abcdef';

let folder: string;
let database: Database;
let apps: AppRegistry;
let clock: ManualClock;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'earshot-home-'));
  clock = new ManualClock();
});

afterEach(async () => {
  await apps.close();
  await database.close();
  await rm(folder, { recursive: true });
});

async function open(env: Record<string, string> = {}): Promise<Home> {
  const read = readConfig([], {
    EARSHOT_DATA_DIR: folder,
    EARSHOT_APP_ID: app.id,
    EARSHOT_APP_KEY: app.key,
    EARSHOT_APP_SECRET: app.secret,
    ...env,
  });
  if (!('config' in read)) throw new Error(JSON.stringify(read));
  const { config } = read;
  database = await openDatabase(config.databaseUrl);
  apps = await openAppRegistry({ database, config, clock });
  const operators = await settleOperators(database, clock, { adminPassword: null, letIn: [] });
  const signInLimits = new SignInLimits();
  return createHome({ operators, signInLimits, clock, apps, config, log: createLog('silent') });
}

const browser = { address: '192.0.2.1', secure: false, host: '127.0.0.1:6001' };
const sameOrigin = { 'Sec-Fetch-Site': 'same-origin' };

interface Asked {
  headers?: Record<string, string>;
  form?: Record<string, string>;
  client?: Partial<typeof browser>;
}

/** What `home` answers; a path that is not its own is an error here. */
async function ask(home: Home, method: string, path: string, asked: Asked = {}): Promise<Response> {
  const request = new Request(`http://127.0.0.1:6001${path}`, {
    method,
    headers: { ...(method === 'GET' ? {} : sameOrigin), ...asked.headers },
    ...(asked.form && { body: new URLSearchParams(asked.form) }),
  });
  const response = await home.fetch(request, { ...browser, ...asked.client });
  if (response === null) throw new Error(`${path} is not a path of the page`);
  return response;
}

async function linkToken(home: Home): Promise<string> {
  return /^\/#sign-in=([\w-]{43})$/.exec(await home.createSignInLink())?.[1] ?? '';
}

/** The `Cookie` header of a browser that has signed in. */
async function signedIn(home: Home, path = ''): Promise<Record<string, string>> {
  const response = await ask(home, 'POST', `${path}/session`, { form: { token: await linkToken(home) } });
  return { Cookie: (response.headers.get('Set-Cookie') ?? '').split(';')[0] ?? '' };
}

describe('to anyone', () => {
  test('the page and all it loads hold no key, no id, no secret', async () => {
    const home = await open({ EARSHOT_APP_ID: '918273645' });
    const page = await (await ask(home, 'GET', '/')).text();
    const loaded = [...page.matchAll(/"(assets\/[^"]+)"/g)].map(([, path]) => `/${path}`);
    expect(loaded.map((path) => path.split('.').at(-1)).sort()).toEqual(['css', 'js', 'svg']);
    for (let i = 0; i < loaded.length; i++) {
      const response = await ask(home, 'GET', loaded[i] ?? '');
      expect(response.status).toBe(200);
      expect(response.headers.get('Cache-Control')).toContain('immutable');
      const text = await response.text();
      for (const found of text.matchAll(/"\.\/([\w-]+-[\w-]+\.js)"/g)) {
        if (!loaded.includes(`/assets/${found[1]}`)) loaded.push(`/assets/${found[1]}`);
      }
      for (const told of ['918273645', app.key, app.secret]) expect(text).not.toContain(told);
    }
    expect(loaded.length).toBeGreaterThan(3);
    for (const told of ['918273645', app.key, app.secret]) expect(page).not.toContain(told);
    expect(page).toBe(await (await ask(home, 'GET', '/', { headers: await signedIn(home) })).text());
  });

  test('the page allows no inline code, no other origin and no HTML from strings', async () => {
    const home = await open();
    const { headers } = await ask(home, 'GET', '/');
    const policy = headers.get('Content-Security-Policy') ?? '';
    expect(policy).toStartWith("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).toContain("require-trusted-types-for 'script'; trusted-types 'none'");
    expect(policy).not.toContain('unsafe');
    expect(headers.get('X-Frame-Options')).toBe('DENY');
    expect(headers.get('Referrer-Policy')).toBe('no-referrer');
    expect(headers.get('Strict-Transport-Security')).toBeNull();
  });

  test('stock pusher-js is at a path of our own, licence included, for pages of any origin', async () => {
    const home = await open();
    for (const name of ['pusher', 'pusher-with-encryption', 'pusher.worker']) {
      const client = await ask(home, 'GET', `/client/${name}.min.js`);
      expect(client.headers.get('Content-Type')).toBe('text/javascript; charset=utf-8');
      expect(client.headers.get('Cross-Origin-Resource-Policy')).toBe('cross-origin');
      expect(client.headers.get('Access-Control-Allow-Origin')).toBe('*');
      const stock = Bun.resolveSync(
        `pusher-js/dist/${name.endsWith('worker') ? 'worker' : 'web'}/${name}.min.js`,
        import.meta.dir,
      );
      expect(await client.text()).toBe(await Bun.file(stock).text());
      const licence = await ask(home, 'GET', `/client/${name}.min.js.LICENSE.txt`);
      expect(await licence.text()).toContain('Released under the MIT licence.');
    }
  });

  test('what has not changed is not sent again; gzip for those who take it', async () => {
    const home = await open();
    const path = '/client/pusher.min.js';
    const plain = await ask(home, 'GET', path);
    const zipped = await ask(home, 'GET', path, { headers: { 'Accept-Encoding': 'gzip, br' } });
    expect(zipped.headers.get('Content-Encoding')).toBe('gzip');
    expect(new TextDecoder().decode(Bun.gunzipSync(await zipped.arrayBuffer()))).toBe(await plain.text());
    const etag = plain.headers.get('ETag') ?? '';
    const again = await ask(home, 'GET', path, { headers: { 'If-None-Match': etag } });
    expect([again.status, await again.text()]).toEqual([304, '']);
  });

  test('other paths are not ours; unknown ones below ours are not there', async () => {
    const home = await open();
    for (const path of ['/apps/3/events', '/healthz', '/session/x', '/sessions', '/index.html', '//']) {
      expect(await home.fetch(new Request(`http://127.0.0.1:6001${path}`), browser)).toBeNull();
    }
    for (const path of ['/assets/', '/assets/none.js', '/client/pusher.js', '/client/%2e%2e%2fsession']) {
      expect([path, (await ask(home, 'GET', path)).status]).toEqual([path, 404]);
    }
    expect((await ask(home, 'POST', '/')).status).toBe(405);
    expect((await ask(home, 'PUT', '/session')).status).toBe(405);
  });
});

describe('sign-in', () => {
  test('a link becomes a cookie that no script and no other site can use', async () => {
    const home = await open();
    const response = await ask(home, 'POST', '/session', { form: { token: await linkToken(home) } });
    expect(response.status).toBe(204);
    expect(response.headers.get('Set-Cookie')).toMatch(
      /^earshot_session_6001=[\w-]{43}; Max-Age=604800; Path=\/; HttpOnly; SameSite=Strict$/,
    );
  });

  test('over https the cookie is for https only, also behind a proxy that is not trusted', async () => {
    const home = await open({ EARSHOT_PUBLIC_URL: 'https://realtime.example.com' });
    const cookie = async (client: Asked['client']) => {
      const asked = { form: { token: await linkToken(home) }, ...(client && { client }) };
      return (await ask(home, 'POST', '/session', asked)).headers.get('Set-Cookie');
    };
    expect(await cookie({ secure: true })).toContain('; Secure');
    expect(await cookie({ host: 'realtime.example.com' })).toContain('; Secure');
    expect(await cookie({ host: '127.0.0.1:6001' })).not.toContain('; Secure');
  });

  test('a link works once; two browsers at the same time do not both get in', async () => {
    const home = await open();
    const form = { token: await linkToken(home) };
    const both = await Promise.all([1, 2].map(() => ask(home, 'POST', '/session', { form })));
    expect(both.map(({ status }) => status).sort()).toEqual([204, 403]);
    const late = await ask(home, 'POST', '/session', { form });
    expect([late.status, late.headers.get('Set-Cookie')]).toEqual([403, null]);
  });

  test('an address that tries too many links has to wait; others do not', async () => {
    const home = await open();
    const attempt = (address: string) =>
      ask(home, 'POST', '/session', { form: { token: 'guess' }, client: { address } });
    for (let i = 0; i < 10; i++) expect((await attempt('192.0.2.7')).status).toBe(403);
    const refused = await attempt('192.0.2.7');
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('Retry-After'))).toBeWithin(1, 61);
    expect((await attempt('192.0.2.8')).status).toBe(403);
  });

  test('only pages of our own may sign in, sign out or ask for a signature', async () => {
    const home = await open();
    const cookie = await signedIn(home);
    const status = async (method: string, path: string, headers: Record<string, string>) => {
      const request = new Request(`http://127.0.0.1:6001${path}`, {
        method,
        headers: { ...cookie, ...headers },
        ...(method === 'POST' && { body: new URLSearchParams({ token: 'x' }) }),
      });
      return (await home.fetch(request, browser))?.status;
    };
    for (const [method, path] of [
      ['POST', '/session'],
      ['DELETE', '/session'],
      ['POST', '/demo/auth'],
    ] as const) {
      expect(await status(method, path, {})).toBe(403);
      expect(await status(method, path, { Origin: 'http://evil.example' })).toBe(403);
      expect(await status(method, path, { 'Sec-Fetch-Site': 'cross-site' })).toBe(403);
      expect(await status(method, path, { 'Sec-Fetch-Site': 'same-site', Origin: 'null' })).toBe(403);
    }
    const json = { 'Content-Type': 'application/json', Origin: 'http://evil.example' };
    expect(await status('POST', '/session', json)).toBe(415);
    expect((await ask(home, 'GET', '/session', { headers: cookie })).status).toBe(200);
    expect(await status('DELETE', '/session', { Origin: 'http://127.0.0.1:6001' })).toBe(204);
  });

  test('signing out ends the session, not only the cookie', async () => {
    const home = await open();
    const cookie = await signedIn(home);
    const response = await ask(home, 'DELETE', '/session', { headers: cookie });
    expect(response.headers.get('Set-Cookie')).toContain('Max-Age=0');
    expect((await ask(home, 'GET', '/session', { headers: cookie })).status).toBe(401);
  });

  test('a body that is too large, or none, is refused', async () => {
    const home = await open();
    expect((await ask(home, 'POST', '/session', { form: { token: 'x'.repeat(5000) } })).status).toBe(413);
    expect((await ask(home, 'POST', '/session')).status).toBe(415);
    expect((await ask(home, 'POST', '/session', { form: {} })).status).toBe(403);
  });
});

describe('the session', () => {
  test('is told to nobody who has not signed in, and kept in no cache', async () => {
    const home = await open();
    for (const headers of [{}, { Cookie: 'earshot_session_6001=guess' }, { Cookie: '__proto__=1' }]) {
      const response = await ask(home, 'GET', '/session', { headers });
      expect([response.status, response.headers.get('Cache-Control')]).toEqual([401, 'no-store']);
      expect(await response.text()).not.toContain(app.key);
    }
  });

  test('has credentials, addresses and a curl line that the API takes', async () => {
    const home = await open({ EARSHOT_APP_NAME: "It's mine", EARSHOT_APP_CLIENT_EVENTS: 'false' });
    const response = await ask(home, 'GET', '/session', { headers: await signedIn(home) });
    expect(response.headers.get('Cache-Control')).toBe('no-store');
    const session: Session = await response.json();
    expect(session).toMatchObject({
      app: { ...app, name: "It's mine", clientEvents: false, clientEventsPerSecond: 10 },
      server: { scheme: 'http', host: '127.0.0.1', port: 6001, path: '' },
      curl: { validSeconds: 599 },
      demo: true,
    });
    const [, query = '', body = ''] =
      /^curl 'http:\/\/127\.0\.0\.1:6001\/apps\/3\/events\?(\S+)' \\\n {2}-H 'Content-Type: application\/json' \\\n {2}-d '(.+)'$/.exec(
        session.curl.line,
      ) ?? [];
    const verify = () =>
      verifyRequest({
        app: apps.byId('3'),
        lookup: (key) => apps.byKey(key),
        method: 'POST',
        path: '/apps/3/events',
        query,
        body: new TextEncoder().encode(body),
        nowSeconds: Math.floor(clock.now() / 1000),
      });
    clock.advance(session.curl.validSeconds * 1000);
    expect(verify()).toMatchObject({ ok: true });
    clock.advance(1000);
    expect(verify()).toMatchObject({ status: 401 });
    expect(JSON.parse(body)).toMatchObject({ name: 'my-event', channel: 'my-channel' });
  });

  test('names the public address when there is one, and the prefix', async () => {
    const home = await open({ EARSHOT_PUBLIC_URL: 'https://realtime.example.com/x', EARSHOT_PATH: '/x' });
    const response = await ask(home, 'GET', '/x/session', { headers: await signedIn(home, '/x') });
    const session: Session = await response.json();
    expect(session.server).toEqual({ scheme: 'https', host: 'realtime.example.com', port: 443, path: '/x' });
    expect(session.curl.line).toStartWith("curl 'https://realtime.example.com/x/apps/3/events?");
  });

  test('a prefix is in front of everything, cookie included', async () => {
    const home = await open({ EARSHOT_PATH: '/x' });
    expect((await ask(home, 'GET', '/x')).headers.get('Location')).toBe('/x/');
    expect((await ask(home, 'GET', '/x/')).status).toBe(200);
    expect(await home.fetch(new Request('http://127.0.0.1:6001/'), browser)).toBeNull();
    const response = await ask(home, 'POST', '/x/session', { form: { token: await linkToken(home) } });
    expect(response.headers.get('Set-Cookie')).toContain('; Path=/x;');
  });
});

describe('the authoriser of the demonstration', () => {
  const form = { socket_id: '1234.5678', channel_name: demoChannel, window: windowId };

  test('signs its one channel for a browser that is signed in, under a friendly name', async () => {
    const home = await open();
    const response = await ask(home, 'POST', '/demo/auth', { form, headers: await signedIn(home) });
    expect(response.status).toBe(200);
    const { auth, channel_data: data } = (await response.json()) as Record<string, string>;
    expect(verifyChannelAuth(apps.first(), form.socket_id, demoChannel, auth ?? null, data ?? null)).toEqual({
      ok: true,
    });
    const member = JSON.parse(data ?? '');
    expect(member.user_id).toBe(windowId);
    expect(member.user_info.name).toMatch(/^[A-Z][a-z]+ [A-Z][a-z]+$/);
    expect(member.user_info.colour).toBe(0);
  });

  test('refuses everything else with 403', async () => {
    const home = await open();
    const headers = await signedIn(home);
    expect((await ask(home, 'POST', '/demo/auth', { form })).status).toBe(403);
    for (const wrong of [
      { channel_name: 'private-earshot-home' },
      { channel_name: `${demoChannel}2` },
      { channel_name: '' },
      { socket_id: '1234' },
      { socket_id: '1.2:presence-other' },
      { window: '' },
      { window: `${windowId}"` },
      { window: '__proto__' },
    ]) {
      const response = await ask(home, 'POST', '/demo/auth', { form: { ...form, ...wrong }, headers });
      expect([wrong, response.status]).toEqual([wrong, 403]);
      expect(await response.text()).not.toContain(app.key);
    }
  });

  test('can be switched off', async () => {
    const home = await open({ EARSHOT_HOME_DEMO: 'false' });
    const headers = await signedIn(home);
    expect((await ask(home, 'POST', '/demo/auth', { form, headers })).status).toBe(403);
    const session = await (await ask(home, 'GET', '/session', { headers })).json();
    expect(session).toMatchObject({ demo: false });
  });
});
