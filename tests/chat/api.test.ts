import { describe, expect, test } from 'bun:test';
import type { ChatErrorCode } from '@earshot/chat/contract';
import { inEachForm, startChat } from './support/chat.ts';

const page = 'https://site.example';
const json = { 'Content-Type': 'application/json' };
const origins = { EARSHOT_APP_ORIGINS: page };

async function refused(response: Response, status: number, code: ChatErrorCode): Promise<void> {
  expect([response.status, await response.json()]).toMatchObject([status, { error: { code } }]);
}

inEachForm((start) => {
  test('every answer is JSON that nobody keeps and nothing renders', async () => {
    await using chat = await start();
    const response = await chat.fetch('/rooms');
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'cache-control': 'no-store',
      'content-security-policy': expect.stringContaining("default-src 'none'"),
      'content-type': 'application/json',
      'cross-origin-resource-policy': 'cross-origin',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    });
    await refused(response, 401, 'unauthorised');
  });

  test('a path that is none, and one that takes other methods', async () => {
    await using chat = await start();
    const anna = await chat.guest('Anna');
    expect(await anna.ask('GET', '/nothing')).toMatchObject({
      status: 404,
      body: { error: { code: 'not_found' } },
    });
    const wrong = await anna.ask('DELETE', '/rooms');
    expect(wrong).toMatchObject({ status: 405, body: { error: { code: 'method_not_allowed' } } });
    expect(wrong.headers.get('allow')?.split(', ').sort()).toEqual(['GET', 'POST']);
  });

  describe('pages of other origins', () => {
    const preflight = (origin: string) => ({
      method: 'OPTIONS',
      headers: {
        Origin: origin,
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': 'authorization, content-type',
      },
    });

    test('one of the app’s is let in, and asked once in a while', async () => {
      await using chat = await start(origins);
      const response = await chat.fetch('/rooms', preflight(page));
      expect(response.status).toBe(204);
      expect(response.headers.get('access-control-allow-origin')).toBe(page);
      expect(response.headers.get('access-control-allow-headers')).toContain('Authorization');
      expect(response.headers.get('access-control-allow-methods')).toContain('DELETE');
      expect(Number(response.headers.get('access-control-max-age'))).toBeGreaterThan(600);
      expect(response.headers.get('access-control-allow-credentials')).toBeNull();
      expect(response.headers.get('vary')).toContain('Origin');
      const anna = await chat.guest('Anna', page);
      const said = await anna.ask('GET', '/me');
      expect(said.status).toBe(200);
      expect(said.headers.get('access-control-allow-origin')).toBe(page);
      const mine = await anna.ask('GET', '/me/export');
      expect(mine.headers.get('access-control-allow-origin')).toBe(page);
    });

    test('another one is refused, with and without a preflight', async () => {
      await using chat = await start(origins);
      for (const origin of ['https://evil.example', 'http://site.example', 'null']) {
        const answers = [
          await chat.fetch('/rooms', preflight(origin)),
          await chat.fetch(`/config?app=${chat.app}`, { headers: { Origin: origin } }),
          await chat.fetch('/sessions/guest', {
            method: 'POST',
            headers: { ...json, Origin: origin },
            body: JSON.stringify({ app: chat.app, name: 'Eve' }),
          }),
        ];
        for (const answer of answers) {
          expect(answer.headers.get('access-control-allow-origin')).toBeNull();
          await refused(answer, 403, 'origin_refused');
        }
      }
    });

    test('without a list every page may, and our own page always', async () => {
      await using chat = await start();
      const anna = await chat.guest('Anna', 'https://anywhere.example');
      expect((await anna.ask('GET', '/me')).status).toBe(200);
      await using listed = await start(origins);
      const { origin } = new URL(listed.address);
      const berta = await listed.guest('Berta', origin);
      expect((await berta.ask('GET', '/me')).status).toBe(200);
    });

    test('a token taken to a page of another origin is worth nothing', async () => {
      await using chat = await start({ EARSHOT_APP_ORIGINS: `${page},https://other.example` });
      const anna = await chat.guest('Anna', page);
      const response = await chat.fetch('/me', {
        headers: { Authorization: `Bearer ${anna.session.accessToken}`, Origin: 'https://other.example' },
      });
      expect([401, 403]).toContain(response.status);
    });
  });

  test('what a form of another site could send is refused', async () => {
    await using chat = await start();
    const body = JSON.stringify({ app: chat.app, name: 'Eve' });
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      'application/jsonx',
    ]) {
      const headers = { 'Content-Type': type };
      await refused(
        await chat.fetch('/sessions/guest', { method: 'POST', headers, body }),
        400,
        'bad_request',
      );
    }
    const anna = await chat.guest('Anna');
    const Authorization = `Bearer ${anna.session.accessToken}`;
    await refused(
      await chat.fetch('/rooms/open', { method: 'POST', headers: { Authorization } }),
      400,
      'bad_request',
    );
    const headers = { ...json, 'Sec-Fetch-Site': 'cross-site' };
    await refused(
      await chat.fetch('/sessions/guest', { method: 'POST', headers, body }),
      403,
      'origin_refused',
    );
  });

  test('a body that is too large, nested too deep, or no JSON', async () => {
    await using chat = await start();
    const post = (body: string | ReadableStream) =>
      chat.fetch('/sessions/guest', { method: 'POST', headers: json, body });
    await refused(await post(`{"app":"${'x'.repeat(70_000)}"}`), 413, 'too_large');
    const endless = new ReadableStream({
      pull: (controller) => controller.enqueue(new TextEncoder().encode(' '.repeat(10_000))),
    });
    expect((await post(endless)).status).toBe(413);
    await refused(await post('['.repeat(1_000) + ']'.repeat(1_000)), 400, 'bad_request');
    await refused(await post('{"app":'), 400, 'bad_request');
    await refused(await post('null'), 400, 'bad_request');
    await refused(await post('{"app":5,"name":[]}'), 400, 'bad_request');
  });

  test('a token that is none, or of another app', async () => {
    await using chat = await start();
    for (const token of ['', 'x', 'a.b.c', `${'x'.repeat(5_000)}`]) {
      const headers = { Authorization: `Bearer ${token}` };
      await refused(await chat.fetch('/me', { headers }), 401, 'unauthorised');
    }
    const anna = await chat.guest('Anna');
    const [head, body = '', signature] = anna.session.accessToken.split('.');
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString());
    const forged = Buffer.from(JSON.stringify({ ...claims, exp: claims.exp + 1 })).toString('base64url');
    for (const token of [
      `${head}.${forged}.${signature}`,
      `${head}.${body}.`,
      `eyJhbGciOiJub25lIn0.${body}.`,
    ]) {
      const headers = { Authorization: `Bearer ${token}` };
      await refused(await chat.fetch('/me', { headers }), 401, 'unauthorised');
    }
  });

  test('the document describes every route', async () => {
    await using chat = await start();
    const response = await chat.fetch('/openapi.json');
    expect(response.status).toBe(200);
    const document = (await response.json()) as { openapi: string; paths: Record<string, object> };
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths)).toContain('/conversations/{id}/messages');
  });
});

describe('limits', () => {
  test('sign-ins of an address, requests and messages of a person are bounded, with the time to wait', async () => {
    await using chat = await startChat('in process', {
      EARSHOT_APP_CHAT_SIGN_INS_PER_MINUTE: '2',
      EARSHOT_APP_CHAT_MESSAGES_PER_MINUTE: '2',
      EARSHOT_APP_CHAT_REQUESTS_PER_MINUTE: '20',
    });
    const anna = await chat.guest('Anna');
    const berta = await chat.guest('Berta');
    const third = await chat.fetch('/sessions/guest', {
      method: 'POST',
      headers: json,
      body: JSON.stringify({ app: chat.app, name: 'Carla' }),
    });
    expect(Number(third.headers.get('retry-after'))).toBeWithin(1, 61);
    await refused(third, 429, 'too_many_requests');

    const { id } = await anna.openLobby();
    await anna.send(id, 'one');
    const path = `/conversations/${id}/messages`;
    const long = { id: crypto.randomUUID(), text: 'x'.repeat(1_500) };
    expect(await anna.ask('POST', path, long)).toMatchObject({
      status: 429,
      body: { error: { code: 'too_many_requests', retryAfterSeconds: expect.any(Number) } },
    });
    expect((await berta.ask('GET', '/me')).status).toBe(200);
    for (let n = 0; n < 20; n++) await berta.ask('GET', '/me');
    expect((await berta.ask('GET', '/me')).status).toBe(429);
    expect((await anna.ask('GET', '/me')).status).toBe(200);
  });
});
