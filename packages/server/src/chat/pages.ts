import type { Log } from '@earshot/base';
import type { ChatApp, ChatApps } from '@earshot/chat';
import { type Context, Hono } from 'hono';
import { etag } from 'hono/etag';
import { secureHeaders } from 'hono/secure-headers';
import type { Config } from '../config.ts';
import { publicAddress } from '../http/address.ts';
import type { Client } from '../http/client.ts';
import { belowPrefix, targetOf } from '../http/target.ts';
import { allowEveryOrigin, answerWith, contentTypes, textAsset } from '../pages/asset.ts';
import { buildChatAssets, type ChatAssets } from './assets.ts';
import { escapeHtml, type LivePlace, livePage, livePath, roomIn } from './live-pages.ts';

export interface ChatPagesOptions {
  readonly apps: ChatApps;
  readonly config: Pick<Config, 'path' | 'publicUrl'>;
  readonly log: Log;
  /** Origins besides our own that the pages connect to: the realtime host, when that is another server. */
  readonly realtimeOrigins?: readonly string[];
  /** Whether there is a live room of this id. */
  readonly hasLiveRoom: (id: string) => Promise<boolean>;
}

/** The widget's files, and the chat's pages: `/widget.js`, `/widget/*`, `/chat` and what belongs to it, and live rooms. */
export interface ChatPages {
  /** @returns null for a path that is not theirs */
  fetch(request: Request, client: Client): Promise<Response | null>;
}

interface Env {
  Bindings: { client: Client };
}

/** Whose path it is is decided here; what the path answers, below. */
const ownPath =
  /^\/(widget\.js|widget\/.*|chat|chat\/|chat\/(worker\.js|manifest\.webmanifest|frame|bookmarklet|icon[\w-]*\.(svg|png)))$/;

/** For pages of every origin: the widget's code, and the worker that they import. */
const forEveryone = /^\/(widget[./]|chat\/(worker\.js|icon))/;

export function createChatPages(options: ChatPagesOptions): ChatPages {
  const { apps, config, log, realtimeOrigins = [], hasLiveRoom } = options;
  const hono = new Hono<Env>({
    getPath: (request) => belowPrefix(targetOf(request.url).path, config.path) ?? '',
  });

  let assets: Promise<ChatAssets> | undefined;
  const built = () => {
    assets ??= buildChatAssets().catch((error) => {
      assets = undefined;
      throw error;
    });
    return assets;
  };

  hono.use('*', (c, next) =>
    headersFor(c, appOf(c), publicAddress(c.env.client, config), realtimeOrigins)(c, next),
  );
  hono.use('*', etag());

  hono.get('/chat/', (c) => c.redirect(`${config.path}/chat${new URL(c.req.url).search}`, 308));
  hono.get('/chat', async (c) => page(c, (await built()).pages.chat));
  hono.get('/chat/frame', async (c) => page(c, (await built()).pages.frame));

  hono.get('/chat/bookmarklet', async (c) => {
    const { pages, bookmarklet } = await built();
    const server = publicAddress(c.env.client, config).href.replace(/\/$/, '');
    const code = bookmarklet
      .replaceAll('earshotServer', JSON.stringify(server))
      .replaceAll('earshotApp', JSON.stringify(appOf(c)?.key ?? ''));
    return page(
      c,
      pages.bookmarklet.replaceAll('BOOKMARKLET', `javascript:${encodeURIComponent(code.trim())}`),
    );
  });

  hono.get('/chat/manifest.webmanifest', (c) => {
    const app = appOf(c);
    if (app === undefined) return c.text('No such app\n', 404);
    return answerWith(c, textAsset(JSON.stringify(manifestOf(app)), contentTypes.manifest));
  });

  hono.get('/live/', (c) => c.redirect(`${config.path}/live${new URL(c.req.url).search}`, 308));
  hono.get('/live', (c) => live(c, 'start'));
  hono.get('/live/new', (c) => live(c, 'new'));
  hono.get('/live/*', async (c) => {
    const room = roomIn(c.req.path);
    return live(c, room !== null && (await hasLiveRoom(room)) ? 'room' : 'gone');
  });

  hono.get('*', async (c) => {
    const found = (await built()).files.get(c.req.path);
    // Of a newer or older server: it must not be remembered that it is missing here.
    if (found === undefined) return c.text('Not found\n', 404, { 'Cache-Control': 'no-store' });
    return answerWith(c, found);
  });

  hono.notFound((c) => c.text('Method not allowed\n', 405));
  hono.onError((error, c) => {
    log.error({ err: error, method: c.req.method, path: c.req.path }, 'chat: a page failed');
    return c.text('Internal error\n', 500);
  });

  /** The one that is named, else the first whose chat is on. */
  function appOf(c: Context<Env>): ChatApp | undefined {
    const key = c.req.query('app');
    if (key !== undefined) return apps.byKey(key);
    for (const app of apps.all()) return app;
    return undefined;
  }

  function page(c: Context<Env>, template: string): Response {
    const app = appOf(c);
    // A key that leads nowhere is kept: the page says what is wrong with it.
    const key = app?.key ?? c.req.query('app') ?? '';
    const name = escapeHtml(app?.name ?? '');
    const text = template
      .replaceAll('"APP"', `"${escapeHtml(key)}"`)
      .replaceAll('app=APP', `app=${encodeURIComponent(key)}`)
      .replaceAll('"NAME"', `"${name}"`)
      .replaceAll('TITLE', name || 'Chat');
    return answerWith(c, textAsset(text, contentTypes.html));
  }

  async function live(c: Context<Env>, place: LivePlace): Promise<Response> {
    const app = appOf(c);
    const key = app?.key ?? c.req.query('app') ?? '';
    const people = app?.settings.chatLivePeople ?? 0;
    const found = livePage((await built()).pages.live, place, { key, people });
    if (place === 'start') return answerWith(c, found);
    // Which rooms somebody was in is not to be found in a cache, and not by a search engine.
    c.header('X-Robots-Tag', 'noindex');
    c.status(place === 'gone' ? 404 : 200);
    const response = answerWith(c, found);
    response.headers.set('Cache-Control', 'no-store');
    return response;
  }

  return {
    async fetch(request, client) {
      const path = belowPrefix(targetOf(request.url).path, config.path);
      if (path === null || !(ownPath.test(path) || livePath.test(path))) return null;
      return hono.fetch(request, { client });
    },
  };
}

/**
 * All pages share an origin with `/`, so all are as strict. Only the frame may be framed, and only by the app's pages.
 */
function headersFor(
  c: Context<Env>,
  app: ChatApp | undefined,
  { host }: URL,
  realtimeOrigins: readonly string[],
) {
  const isFrame = c.req.path === '/chat/frame';
  const isLive = livePath.test(c.req.path);
  const open = forEveryone.test(c.req.path);
  if (open) allowEveryOrigin(c);
  // The worker lies below /chat and is for /chat, too.
  if (c.req.path === '/chat/worker.js') c.header('Service-Worker-Allowed', '/');
  const origins = app?.origins ?? [];
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      // Pictures of people may be at the host site's; those of live rooms come from nowhere.
      imgSrc: isLive ? ["'self'", 'blob:'] : ["'self'", 'https:', 'data:', 'blob:'],
      connectSrc: ["'self'", `ws://${host}`, `wss://${host}`, ...realtimeOrigins],
      manifestSrc: ["'self'"],
      ...(isLive ? {} : { workerSrc: ["'self'"] }),
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: isFrame ? (origins.length === 0 ? ['*'] : ["'self'", ...origins]) : ["'none'"],
      requireTrustedTypesFor: ["'script'"],
      trustedTypes: [isLive ? "'none'" : 'earshot-worker'],
    },
    xFrameOptions: isFrame ? false : 'DENY',
    // The window in which people sign in with a provider has to find back to its opener.
    crossOriginOpenerPolicy: 'same-origin-allow-popups',
    crossOriginResourcePolicy: open || isFrame ? 'cross-origin' : 'same-origin',
    strictTransportSecurity: false,
    overwrite: false,
  });
}

function manifestOf({ key, name }: ChatApp): object {
  const start = `../chat?app=${encodeURIComponent(key)}`;
  return {
    id: start,
    name: name || 'Chat',
    short_name: (name || 'Chat').slice(0, 12),
    start_url: start,
    scope: '../chat',
    display: 'standalone',
    background_color: '#faf9f7',
    theme_color: '#4a3fd1',
    icons: [
      { src: 'icon-192.png', sizes: '192x192', type: 'image/png' },
      { src: 'icon-512.png', sizes: '512x512', type: 'image/png' },
      { src: 'icon-maskable.png', sizes: '512x512', type: 'image/png', purpose: 'maskable' },
      { src: 'icon.svg', sizes: 'any', type: 'image/svg+xml' },
    ],
  };
}
