import { describe, expect, test } from 'bun:test';
import type { Operator, OperatorSession, Ways } from '@earshot/dashboard';
import { openDatabase } from '@earshot/data';
import { startServer, temporaryFolder } from '../support/server.ts';
import { Browser, linkToken, signedIn } from './support/desk.ts';

const password = 'a long enough password';

describe('signing in', () => {
  test('by link, once; the session is the one of the page at /', async () => {
    await using server = await startServer();
    const browser = new Browser(server);
    expect((await browser.ask('GET', '/session')).error?.code).toBe('signed_out');
    const token = await linkToken(server);
    const answer = await browser.ask('POST', '/session', { body: { token } });
    expect([answer.status, answer.headers.get('Set-Cookie')]).toEqual([
      204,
      expect.stringMatching(
        /^earshot_session_\d+=[\w-]{43}; Max-Age=604800; Path=\/; HttpOnly; SameSite=Strict$/,
      ),
    ]);
    expect(await browser.get<OperatorSession>('/session')).toMatchObject({
      operator: null,
      server: { scheme: 'http', host: '127.0.0.1', port: server.port, path: '' },
    });
    expect((await browser.open('GET', `${server.origin}/session`)).status).toBe(200);
    const again = await new Browser(server).ask('POST', '/session', { body: { token } });
    expect([again.status, again.error?.code]).toEqual([403, 'forbidden']);
  });

  test('by name and password, as soon as somebody has one', async () => {
    await using server = await startServer();
    const owner = await signedIn(server);
    const stranger = new Browser(server);
    expect(await stranger.get<Ways>('/ways')).toEqual({ password: false, provider: null });
    const ada = await owner.done<Operator>('POST', '/operators', { name: 'Ada', password });
    expect(ada).toMatchObject({ name: 'Ada', lastSeenAt: null, lockedBy: null });
    expect(await stranger.get<Ways>('/ways')).toEqual({ password: true, provider: null });

    for (const [name, wrong] of [
      ['Ada', 'another password'],
      ['Bob', password],
      ['', ''],
    ] as const) {
      const answer = await stranger.signIn(name, wrong);
      expect([answer.status, answer.error?.message]).toEqual([403, 'Name or password is wrong.']);
      expect(answer.headers.get('Set-Cookie')).toBeNull();
    }
    expect((await stranger.signIn('ada', password)).status).toBe(204);
    expect(await stranger.get<OperatorSession>('/session')).toMatchObject({
      operator: { id: ada.id, name: 'Ada' },
    });
    const [seen] = await owner.get<Operator[]>('/operators');
    expect(seen?.lastSeenAt).toBeGreaterThan(0);
  });

  test('an address that guesses has to wait, others do not; a name is not guessed from everywhere', async () => {
    await using server = await startServer({ env: { EARSHOT_TRUSTED_PROXIES: '127.0.0.1' } });
    const owner = await signedIn(server);
    await owner.done('POST', '/operators', { name: 'Ada', password });
    const attempt = (address: string, secret: string) =>
      new Browser(server).ask('POST', '/session', {
        body: { name: 'Ada', password: secret },
        headers: { 'X-Forwarded-For': address },
      });
    for (let i = 0; i < 10; i++) expect((await attempt('192.0.2.1', 'wrong password')).status).toBe(403);
    const late = await attempt('192.0.2.1', password);
    expect([late.status, late.error?.code]).toEqual([429, 'too_many']);
    expect(late.headers.get('Retry-After')).toBe(`${late.error?.retryAfterSeconds}`);
    for (let i = 0; i < 20; i++)
      expect((await attempt(`192.0.2.${10 + i}`, 'wrong password')).status).toBe(403);
    expect((await attempt('192.0.2.200', password)).error?.code).toBe('too_many');
    // Whoever runs the server gets in all the same.
    await new Browser(server).signInByLink();
  });

  test('EARSHOT_ADMIN_PASSWORD makes an operator that nothing here changes', async () => {
    await using server = await startServer({ env: { EARSHOT_ADMIN_PASSWORD: password } });
    const admin = new Browser(server);
    expect((await admin.signIn('admin', password)).status).toBe(204);
    const [operator] = await admin.get<Operator[]>('/operators');
    expect(operator).toMatchObject({ name: 'admin', lockedBy: 'EARSHOT_ADMIN_PASSWORD' });
    const path = `/operators/${operator?.id}`;
    const change = { password: 'something else', currentPassword: password };
    for (const [method, body] of [
      ['PATCH', change],
      ['PATCH', { name: 'root' }],
      ['DELETE', undefined],
    ] as const) {
      const answer = await admin.ask(method, path, body === undefined ? {} : { body });
      expect([method, answer.status, answer.error?.code]).toEqual([method, 409, 'locked']);
      expect(answer.error?.message).toContain('EARSHOT_ADMIN_PASSWORD');
    }
  });
});

describe('a session', () => {
  test('ends when its browser signs out, for a stolen copy of the cookie too', async () => {
    await using server = await startServer();
    const browser = await signedIn(server);
    const thief = new Browser(server);
    thief.cookie = browser.cookie;
    await thief.get('/apps');
    expect((await browser.ask('DELETE', '/session')).headers.get('Set-Cookie')).toContain('Max-Age=0');
    expect((await thief.ask('GET', '/apps')).error?.code).toBe('signed_out');
    expect((await browser.ask('DELETE', '/session')).status).toBe(204);
  });

  test('that is forged or expired opens nothing', async () => {
    await using folder = await temporaryFolder();
    await using server = await startServer({ dataDir: folder.path });
    const browser = await signedIn(server);
    const name = browser.cookie.split('=')[0];
    const forged = new Browser(server);
    for (const value of [
      'guess',
      '',
      'x'.repeat(43),
      '%00',
      '../../etc',
      `${browser.cookie.split('=')[1]}x`,
      'null',
    ]) {
      forged.cookie = `${name}=${value}`;
      for (const path of ['/session', '/apps', '/operators', '/apps/3', '/apps/3/keys']) {
        const answer = await forged.ask('GET', path);
        expect([value, path, answer.status, answer.error?.code]).toEqual([value, path, 401, 'signed_out']);
      }
    }
    const database = await openDatabase(server.databaseUrl);
    const sessions = database.kysely.withTables<{ sessions: { expires_at: number } }>();
    await sessions
      .updateTable('sessions')
      .set({ expires_at: Date.now() - 1 })
      .execute();
    await database.close();
    expect((await browser.ask('GET', '/apps')).error?.code).toBe('signed_out');
  });

  test('ends with the password it was made with, and with its operator', async () => {
    await using server = await startServer();
    const owner = await signedIn(server);
    const { id } = await owner.done<Operator>('POST', '/operators', { name: 'Ada', password });
    const [one, other] = [new Browser(server), new Browser(server)];
    await one.signIn('Ada', password);
    await other.signIn('Ada', password);
    const patch = (body: object) => one.ask('PATCH', `/operators/${id}`, { body });
    for (const currentPassword of [undefined, 'not the present one']) {
      const answer = await patch({ password: 'another password 2', currentPassword });
      expect([answer.status, answer.error?.field]).toEqual([400, 'currentPassword']);
    }
    const weak = await patch({ password: 'password123', currentPassword: password });
    expect([weak.status, weak.error?.field]).toEqual([400, 'password']);
    expect((await patch({ password: 'another password 2', currentPassword: password })).status).toBe(200);
    expect((await one.ask('GET', '/apps')).status).toBe(200);
    expect((await other.ask('GET', '/apps')).error?.code).toBe('signed_out');
    await owner.done('DELETE', `/operators/${id}`);
    expect((await one.ask('GET', '/apps')).error?.code).toBe('signed_out');
    expect((await one.signIn('Ada', 'another password 2')).status).toBe(403);
  });

  test('is for https only where the browser came by https', async () => {
    await using server = await startServer({ tls: true, env: { EARSHOT_TRUSTED_PROXIES: '127.0.0.1' } });
    const body = { token: await linkToken(server) };
    const headers = { 'X-Forwarded-Proto': 'https', Origin: `https://127.0.0.1:${server.port}` };
    const answer = await new Browser(server).ask('POST', '/session', { body, headers });
    expect(answer.headers.get('Set-Cookie')).toContain('; Secure');
  });
});

describe('what a page of another site sends', () => {
  test('is refused, whatever it looks like', async () => {
    await using server = await startServer();
    const browser = await signedIn(server);
    const attempts: [method: string, path: string, headers: Record<string, string>][] = [];
    for (const [method, path] of [
      ['POST', '/session'],
      ['DELETE', '/session'],
      ['POST', '/apps'],
      ['PATCH', '/apps/3'],
      ['DELETE', '/apps/3'],
      ['POST', '/apps/3/keys'],
      ['POST', '/operators'],
    ] as const) {
      attempts.push([method, path, { Origin: 'http://evil.example' }]);
      attempts.push([method, path, { Origin: 'null' }]);
      attempts.push([method, path, { Origin: '', 'Sec-Fetch-Site': 'cross-site' }]);
      attempts.push([
        method,
        path,
        { Origin: `http://127.0.0.1:${server.port + 1}`, 'Sec-Fetch-Site': 'same-site' },
      ]);
    }
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
    ]) {
      attempts.push(['POST', '/apps', { Origin: 'http://evil.example', 'Content-Type': type }]);
    }
    attempts.push(['GET', '/apps/3/keys', { 'Sec-Fetch-Site': 'cross-site' }]);
    attempts.push(['GET', '/apps/3/keys', { Origin: 'http://evil.example' }]);
    for (const [method, path, headers] of attempts) {
      const asked = method === 'GET' || method === 'DELETE' ? { headers } : { headers, body: { name: 'x' } };
      const answer = await browser.ask(method, path, asked);
      expect([method, path, headers, answer.status, answer.error?.code]).toEqual([
        method,
        path,
        headers,
        403,
        'forbidden',
      ]);
      expect(answer.headers.get('Access-Control-Allow-Origin')).toBeNull();
    }
    expect(await browser.get<unknown[]>('/apps')).toHaveLength(1);
  });

  test('a change that does not say where it comes from is refused as well', async () => {
    await using server = await startServer();
    const browser = await signedIn(server);
    const response = await fetch(`${browser.base}/apps`, {
      method: 'POST',
      headers: { Cookie: browser.cookie, 'Content-Type': 'application/json' },
      body: '{"name":"x"}',
    });
    expect(response.status).toBe(403);
    const vouched = await browser.ask('POST', '/apps', {
      body: { name: 'x' },
      headers: { Origin: '', 'Sec-Fetch-Site': 'same-origin' },
    });
    expect(vouched.status).toBe(201);
  });
});
