import { beforeAll, describe, expect, test } from 'bun:test';
import { createLog } from '@earshot/base';
import type { ChatApp, ChatApps } from '@earshot/chat';
import { type ChatPages, createChatPages } from './pages.ts';

const app = (key: string, name: string, origins: string[] = []) =>
  ({ id: key, key, name, origins, settings: {} }) as unknown as ChatApp;
const list = [app('first', 'Harbour <Post>'), app('second', 'Second', ['https://*.example.com'])];
const apps: ChatApps = {
  byId: (id) => list.find((one) => one.id === id),
  byKey: (key) => list.find((one) => one.key === key),
  all: () => list,
};
const client = { address: '192.0.2.1', secure: false, host: '127.0.0.1:6001' };

const room = 'AAAAAAAAAAAAAAAAAAAAAA';
let pages: ChatPages;
beforeAll(() => {
  pages = createChatPages({
    apps,
    config: { path: '/realtime', publicUrl: null },
    log: createLog('silent'),
    hasLiveRoom: async (id) => id === room,
  });
});

async function ask(path: string, headers: Record<string, string> = {}): Promise<Response> {
  const request = new Request(`http://127.0.0.1:6001/realtime${path}`, { headers });
  const response = await pages.fetch(request, client);
  if (response === null) throw new Error(`${path} is not a path of the chat's pages`);
  return response;
}

const policyOf = async (path: string) => (await ask(path)).headers.get('Content-Security-Policy') ?? '';

describe('the widget’s files', () => {
  test('are for pages of every origin, and kept for good where their name has their hash', async () => {
    const loader = await ask('/widget.js', { 'Accept-Encoding': 'gzip' });
    expect(loader.headers.get('Content-Encoding')).toBe('gzip');
    expect(loader.headers.get('Cache-Control')).toBe('no-cache');
    const text = await (await ask('/widget.js')).text();
    const panel = /widget\/assets\/panel-\w+\.js/.exec(text)?.[0];
    const file = await ask(`/${panel}`);
    expect(file.status).toBe(200);
    expect(file.headers.get('Cache-Control')).toContain('immutable');
    for (const { headers } of [loader, file, await ask('/widget/esm.js'), await ask('/chat/worker.js')]) {
      expect(headers.get('Cross-Origin-Resource-Policy')).toBe('cross-origin');
      expect(headers.get('Access-Control-Allow-Origin')).toBe('*');
      expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
    }
  });

  test('are not sent again to those who have them', async () => {
    const { headers } = await ask('/widget.js');
    const again = await ask('/widget.js', { 'If-None-Match': headers.get('ETag') ?? '' });
    expect([again.status, await again.text()]).toEqual([304, '']);
  });

  test('a file of another version of the server is missing, and that is not remembered', async () => {
    const missing = await ask('/widget/assets/panel-00000000.js');
    expect(missing.status).toBe(404);
    expect(missing.headers.get('Cache-Control')).toBe('no-store');
    // The name without a hash leads to the panel of the moment.
    expect(await (await ask('/widget/panel.js')).text()).toMatch(
      /^export \* from "\.\/assets\/panel-\w+\.js";$/m,
    );
  });
});

describe('the page /chat', () => {
  test('is of the app that is named, else of the first; names are text', async () => {
    const first = await (await ask('/chat')).text();
    expect(first).toContain('data-app="first"');
    expect(first).toContain('<title>Harbour &#60;Post&#62;</title>');
    expect(await (await ask('/chat?app=second')).text()).toContain('data-app="second"');
    const unknown = await (await ask('/chat?app=%22%3E%3Cscript%3E')).text();
    expect(unknown).toContain('data-app="&#34;&#62;&#60;script&#62;"');
    expect(unknown).toContain('manifest?app=%22%3E%3Cscript%3E"'.replace('manifest', 'manifest.webmanifest'));
  });

  test('all that it loads is there', async () => {
    for (const path of ['/chat', '/chat/frame', '/chat/bookmarklet']) {
      const text = await (await ask(path)).text();
      const loaded = [...text.matchAll(/(?:href|src)="((?!javascript:)[^"]+)"/g)].map(
        ([, found]) => found ?? '',
      );
      expect(loaded.length).toBeGreaterThan(1);
      for (const one of loaded) {
        const { pathname, search } = new URL(one, `http://host${path}`);
        expect(`${one} ${(await ask(pathname + search)).status}`).toBe(`${one} 200`);
      }
    }
  });

  test('allows no inline code, no HTML from strings and one policy, for its worker', async () => {
    for (const path of ['/chat', '/chat/bookmarklet', '/chat/frame']) {
      const policy = await policyOf(path);
      expect(policy).toStartWith("default-src 'none'; script-src 'self'; style-src 'self'");
      expect(policy).toContain("require-trusted-types-for 'script'; trusted-types earshot-worker");
      expect(policy).toContain("connect-src 'self' ws://127.0.0.1:6001 wss://127.0.0.1:6001");
      expect(policy).not.toContain('unsafe');
    }
  });

  test('can be framed by nobody, but its frame by the pages of the app', async () => {
    expect(await policyOf('/chat')).toContain("frame-ancestors 'none'");
    expect((await ask('/chat')).headers.get('X-Frame-Options')).toBe('DENY');
    expect(await policyOf('/chat/frame?app=first')).toContain('frame-ancestors *;');
    expect(await policyOf('/chat/frame?app=second')).toContain(
      "frame-ancestors 'self' https://*.example.com;",
    );
    expect((await ask('/chat/frame')).headers.get('X-Frame-Options')).toBeNull();
  });

  test('can be installed: a manifest of the app with pictures that are there', async () => {
    const manifest = await (await ask('/chat/manifest.webmanifest?app=second')).json();
    expect(manifest).toMatchObject({
      name: 'Second',
      start_url: '../chat?app=second',
      display: 'standalone',
    });
    for (const { src, sizes } of manifest.icons) {
      const picture = await ask(`/chat/${src}`);
      expect(picture.status).toBe(200);
      if (!src.endsWith('.png')) continue;
      const head = new DataView(await picture.arrayBuffer());
      expect(`${head.getUint32(16)}x${head.getUint32(20)}`).toBe(sizes);
    }
    expect((await ask('/chat/manifest.webmanifest?app=none')).status).toBe(404);
  });

  test('its worker may be for /chat', async () => {
    expect((await ask('/chat/worker.js')).headers.get('Service-Worker-Allowed')).toBe('/');
  });
});

describe('the pages of live rooms', () => {
  test('all that they load is there, however deep they are', async () => {
    for (const path of ['/live', '/live/new', `/live/${room}`, '/live/nothing']) {
      const text = await (await ask(path)).text();
      expect(text).not.toMatch(/\{\w+\}/);
      for (const [, one = ''] of text.matchAll(/<(?:link|script)[^>]+(?:href|src)="([^"]+)"/g)) {
        const { pathname } = new URL(one, `http://host${path}`);
        expect(`${one} ${(await ask(pathname)).status}`).toBe(`${one} 200`);
      }
    }
  });

  test('a room there is has a page; all others have one, which is missing', async () => {
    expect((await ask(`/live/${room}`)).status).toBe(200);
    const bodies = new Set<string>();
    for (const path of ['BAAAAAAAAAAAAAAAAAAAAA', 'x', 'new/x', `${room}/`, '%00', `${room}?app=second`]) {
      const missing = await ask(`/live/${path}`);
      if (path.includes('?')) continue;
      expect(`${path} ${missing.status}`).toBe(`${path} 404`);
      bodies.add(await missing.text());
    }
    expect(bodies.size).toBe(1);
  });

  test('a room’s page is in no cache and no index, says nothing to others, and allows no code but ours', async () => {
    for (const path of [`/live/${room}`, '/live/new', '/live/nothing']) {
      const { headers } = await ask(path);
      expect(headers.get('Cache-Control')).toBe('no-store');
      expect(headers.get('X-Robots-Tag')).toBe('noindex');
      expect(headers.get('Referrer-Policy')).toBe('no-referrer');
    }
    const policy = await policyOf(`/live/${room}`);
    expect(policy).toStartWith(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:;",
    );
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("require-trusted-types-for 'script'; trusted-types 'none'");
    expect(policy).not.toContain('unsafe');
  });

  test('only the pages that start a room know the app', async () => {
    expect(await (await ask('/live?app=second')).text()).toContain('data-app="second"');
    expect(await (await ask(`/live/${room}?app=second`)).text()).not.toContain('second');
    expect((await ask('/live/?app=second')).headers.get('Location')).toBe('/realtime/live?app=second');
  });
});

test('the bookmarklet holds address and app, and nothing that ends it early', async () => {
  const text = await (await ask('/chat/bookmarklet?app=second')).text();
  const [, code = ''] = /href="javascript:([^"]+)"/.exec(text) ?? [];
  const script = decodeURIComponent(code);
  expect(script).toContain('"http://127.0.0.1:6001/realtime"');
  expect(script).toContain('"second"');
  expect(() => new Bun.Transpiler({ loader: 'js' }).transformSync(script)).not.toThrow();
});

test('paths of others are left to others', async () => {
  for (const path of ['/chat/api/v1/config', '/chat/sign-in', '/', '/chatter', '/chat/webhooks']) {
    expect(await pages.fetch(new Request(`http://127.0.0.1:6001/realtime${path}`), client)).toBeNull();
  }
});
