import type { Clock, Log } from '@earshot/base';
import { demoChannel, type Session } from '@earshot/home';
import { isSocketId } from '@earshot/protocol';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { csrf } from 'hono/csrf';
import { etag } from 'hono/etag';
import { HTTPException } from 'hono/http-exception';
import { signChannel } from '../apps/auth.ts';
import type { AppRegistry } from '../apps/registry.ts';
import type { Config } from '../config.ts';
import { ownOrigins, publicAddress } from '../http/address.ts';
import type { Client } from '../http/client.ts';
import { type ClientEnv as Env, SessionCookie } from '../http/session-cookie.ts';
import { belowPrefix, targetOf } from '../http/target.ts';
import type { Operators } from '../operators/operators.ts';
import { sessionDays, signInPath } from '../operators/sessions.ts';
import type { SignInLimits } from '../operators/sign-in-limits.ts';
import { type Asset, allowEveryOrigin, answerWith } from '../pages/asset.ts';
import { operatorPageHeaders } from '../pages/headers.ts';
import { buildAssets } from './assets.ts';
import { chatOnPages } from './chat.ts';
import { curlLine, curlValidSeconds } from './curl.ts';
import { Voices } from './voices.ts';

const bodyBytesMax = 4096;

export interface HomeOptions {
  readonly operators: Operators;
  readonly signInLimits: SignInLimits;
  readonly clock: Clock;
  readonly apps: AppRegistry;
  readonly config: Pick<Config, 'path' | 'port' | 'publicUrl' | 'home'>;
  readonly log: Log;
}

/** The page at `/`, its sign-in, its demonstration, and pusher-js at a path of our own. */
export interface Home {
  /** @returns null for a path that is not the page's */
  fetch(request: Request, client: Client): Promise<Response | null>;
  /** What follows the server's address in a single-use sign-in link: `/#sign-in=TOKEN`. */
  createSignInLink(): Promise<string>;
}

/** Whose path it is is decided here; what the path answers, below. */
const ownPath = /^\/($|session$|demo\/auth$|assets\/|client\/)/;

/**
 * To a browser without session, `/` is the same bytes for everybody: they hold no key, no id and no version.
 * What is worth knowing comes from `GET /session` (docs/decisions/0003-signed-in-home.md).
 */
export function createHome({ operators, signInLimits, clock, apps, config, log }: HomeOptions): Home {
  const voices = new Voices();
  const cookie = new SessionCookie(config);

  const isSignedIn = async (c: Context<Env>) => {
    const token = cookie.read(c);
    return token !== undefined && (await operators.session(token)) !== null;
  };

  const hono = new Hono<Env>({
    getPath: (request) => belowPrefix(targetOf(request.url).path, config.path) ?? '',
  });

  hono.use(operatorPageHeaders());
  hono.use(csrf({ origin: (origin, c: Context<Env>) => ownOrigins(c.env.client, config).includes(origin) }));
  hono.use(
    bodyLimit({ maxSize: bodyBytesMax, onError: (c) => c.text('The request body is too large.\n', 413) }),
  );

  hono.get('/session', async (c) => {
    c.header('Cache-Control', 'no-store');
    if (!(await isSignedIn(c))) return c.text('Sign in with a link of this server.\n', 401);
    return c.json(describe(c.env.client));
  });

  hono.post('/session', async (c) => {
    const { address } = c.env.client;
    const waitSeconds = await signInLimits.takeForAddress(address);
    if (waitSeconds !== null) {
      return c.text('Too many sign-ins from this address. Try again later.\n', 429, {
        'Retry-After': `${waitSeconds}`,
      });
    }
    const session = await operators.redeem((await form(c)).get('token') ?? '');
    if (session === null) {
      log.warn({ address }, 'home: a sign-in link was refused: unknown, used or expired');
      return c.text('This link is unknown, used or expired. Make a new one.\n', 403);
    }
    log.info({ address }, 'home: a browser has signed in');
    cookie.write(c, session, sessionDays * 86_400);
    return c.body(null, 204);
  });

  hono.delete('/session', async (c) => {
    const token = cookie.remove(c);
    if (token !== undefined) await operators.end(token);
    return c.body(null, 204);
  });

  hono.post('/demo/auth', async (c) => {
    if (!(await isSignedIn(c))) return c.text('Sign in with a link of this server.\n', 403);
    if (!config.home) return c.text('The demonstration is switched off (EARSHOT_HOME_DEMO).\n', 403);
    const body = await form(c);
    const socketId = body.get('socket_id') ?? '';
    const window = body.get('window') ?? '';
    if (body.get('channel_name') !== demoChannel || !isSocketId(socketId)) {
      return c.text(`This authoriser signs ${demoChannel} and nothing else.\n`, 403);
    }
    if (!/^[0-9a-f]{32}$/.test(window)) {
      return c.text('Expected "window" to be 32 hexadecimal digits.\n', 403);
    }
    const channelData = JSON.stringify({ user_id: window, user_info: voices.of(window) });
    const auth = signChannel(apps.first().oldestKey, socketId, demoChannel, channelData);
    return c.json({ auth, channel_data: channelData });
  });

  let assets: Promise<ReadonlyMap<string, Asset>> | undefined;
  hono.get('*', etag(), async (c) => {
    // Addresses on the page are relative, which needs the slash at the end of its own.
    if (targetOf(c.req.url).path === config.path) return c.redirect(`${config.path}/`, 308);
    assets ??= buildAssets().catch((error) => {
      assets = undefined;
      throw error;
    });
    const found = (await assets).get(c.req.path);
    if (found === undefined) return c.text('Not found\n', 404);
    // The client is for every page of whoever runs this server.
    if (c.req.path.startsWith('/client/')) allowEveryOrigin(c);
    return answerWith(c, found);
  });

  hono.notFound((c) => c.text('Method not allowed\n', 405));
  hono.onError((error, c) => {
    if (error instanceof HTTPException) return error.getResponse();
    log.error({ err: error, method: c.req.method, path: c.req.path }, 'home: a request failed');
    return c.text('Internal error\n', 500);
  });

  function describe(client: Client): Session {
    const app = apps.first();
    const { key, secret } = app.oldestKey;
    const { name, clientEvents, clientEventsPerSecond } = app.settings;
    const base = publicAddress(client, config);
    return {
      app: { id: app.id, key, secret, name, clientEvents, clientEventsPerSecond },
      server: {
        scheme: base.protocol === 'https:' ? 'https' : 'http',
        host: base.hostname,
        port: Number(base.port) || (base.protocol === 'https:' ? 443 : 80),
        path: base.pathname.replace(/\/$/, ''),
      },
      curl: {
        line: curlLine(app, base.href.replace(/\/$/, ''), Math.floor(clock.now() / 1000)),
        validSeconds: curlValidSeconds,
      },
      chat: chatOnPages(app, base),
      demo: config.home,
    };
  }

  return {
    async fetch(request, client) {
      const path = belowPrefix(targetOf(request.url).path, config.path);
      if (path === null || !ownPath.test(path)) return null;
      return hono.fetch(request, { client });
    },
    createSignInLink: async () => signInPath(await operators.createLinkToken()),
  };
}

/** The body as a form. Other types are refused, because those that a page of another origin can send are guarded. */
async function form(c: Context<Env>): Promise<URLSearchParams> {
  if (!/^application\/x-www-form-urlencoded\b/i.test(c.req.header('Content-Type') ?? '')) {
    throw new HTTPException(415, { message: 'Expected Content-Type: application/x-www-form-urlencoded' });
  }
  return new URLSearchParams(await c.req.text());
}
