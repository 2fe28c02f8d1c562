import type { Log } from '@earshot/base';
import { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { HTTPException } from 'hono/http-exception';
import { secureHeaders } from 'hono/secure-headers';
import type { ChatApps } from '../apps.ts';
import type { Caller } from '../core/core.ts';
import { Refusal, refuse } from '../refusal.ts';
import { type ChatEnv, refusalResponse } from './api.ts';
import { crossOrigin, jsonBodies, type OwnOrigins, requireOrigin } from './gate.ts';
import { type RequestCounts, RequestLimits } from './limits.ts';
import { describeError } from './problem.ts';

/** Below the server's address. */
export const apiPath = '/chat/api/v1';

/** A JSON body; the largest is a message with all that it may carry. */
const bodyBytesMax = 64 * 1024;

/** Paths that somebody may ask for who has no access token (yet); every other one needs one. */
const open: readonly { readonly method: string; readonly path: RegExp }[] = [
  { method: 'GET', path: /^\/(config|openapi\.json)$/ },
  { method: 'POST', path: /^\/sessions\/(guest|host|refresh|provider)$/ },
  { method: 'POST', path: /^\/sign-in\/[a-z]+$/ },
  // Live rooms know nobody; who stays in one has a token of the room.
  { method: 'POST', path: /^\/live\/rooms(\/|$)/ },
  { method: 'GET', path: /^\/live\/rooms\/[^/]+\/pictures\/[^/]+$/ },
  // The address itself is signed.
  { method: 'GET', path: /^\/files\/[^/]+$/ },
];

/** Their body is bytes, which their own route bounds and looks at. */
const isRaw = (method: string, path: string) =>
  method === 'POST' && /\/(conversations\/[^/]+\/files|live\/rooms\/[^/]+\/pictures)$/.test(path);

export interface ApiOptions {
  readonly apps: ChatApps;
  readonly log: Log;
  readonly ownOrigins: OwnOrigins;
  /** Who sends a request, by its `Authorization` header. @throws Refusal */
  readonly authenticate: (authorization: string | undefined, origin: string | null) => Promise<Caller>;
  /** Of what is asked for; those of this process if there are no others. */
  readonly counts?: RequestCounts | undefined;
  /** The path that routes go by. */
  readonly pathOf: (request: Request) => string;
}

/** What every request goes through before a route sees it, and what becomes of what routes throw. */
export function apiShell(options: ApiOptions): OpenAPIHono<ChatEnv> {
  const { apps, log, ownOrigins, authenticate } = options;
  const limits = new RequestLimits(apps, options.counts);
  const api = new OpenAPIHono<ChatEnv>({ getPath: options.pathOf });

  api.use(
    secureHeaders({
      // Answers are read by pages of other origins; what may be is said by CORS.
      crossOriginResourcePolicy: 'cross-origin',
      contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"], sandbox: [] },
      xFrameOptions: 'DENY',
      strictTransportSecurity: false,
      // A route may say otherwise, as that of files does.
      overwrite: false,
    }),
  );
  api.use(async (c, next) => {
    await next();
    if (!c.res.headers.has('Cache-Control')) c.res.headers.set('Cache-Control', 'no-store');
  });
  api.use(crossOrigin(apps, ownOrigins));
  api.use(async (c, next) => {
    await limits.takeForAddress(c.env.client.address, c.req.method, pathOf(c));
    return next();
  });
  const limited = bodyLimit({ maxSize: bodyBytesMax, onError: () => refuse('too_large') });
  api.use((c, next) => (isRaw(c.req.method, pathOf(c)) ? next() : limited(c, next)));
  api.use(jsonBodies(isRaw));
  api.use(async (c, next) => {
    const { method } = c.req;
    const path = pathOf(c);
    const authorization = c.req.header('Authorization');
    const isOpen = open.some((one) => one.method === method && one.path.test(path));
    // Whoever signs in may carry what they had before, expired or not; the route looks at it.
    if (isOpen) return next();
    const origin = c.req.header('Origin') ?? null;
    const caller = await authenticate(authorization, origin);
    requireOrigin(caller.app, origin, ownOrigins(c.env.client));
    await limits.takeForCaller(caller, method, path, Number(c.req.header('Content-Length')) || 0);
    c.set('caller', caller);
    return next();
  });

  api.onError((error, c) => {
    if (error instanceof Refusal) return refusalResponse(c, error);
    // Of the validator: a body that is no JSON, or not of the type that was said.
    if (error instanceof HTTPException && error.status < 500) {
      return refusalResponse(c, new Refusal(error.status === 413 ? 'too_large' : 'bad_request'));
    }
    const caller: Caller | undefined = c.get('caller');
    log.error(
      {
        ...describeError(error),
        method: c.req.method,
        route: c.req.routePath,
        app: caller?.app.id,
        user: caller?.user,
      },
      'chat: a request failed',
    );
    return refusalResponse(c, new Refusal('internal'));
  });
  return api;
}

/** What is asked for when no route answers: a path that takes other methods, or none of ours. */
export function missing(api: OpenAPIHono<ChatEnv>): void {
  api.notFound((c) => {
    const path = c.req.path;
    const methods = api.routes.filter(({ method, path: route }) => method !== 'ALL' && matches(route, path));
    if (methods.length === 0) return refusalResponse(c, new Refusal('not_found'));
    c.header('Allow', [...new Set(methods.map(({ method }) => method))].join(', '));
    return refusalResponse(c, new Refusal('method_not_allowed'));
  });
}

function matches(route: string, path: string): boolean {
  const pattern = route.split('/');
  const parts = path.split('/');
  return (
    pattern.length === parts.length &&
    pattern.every((part, index) => part === parts[index] || (part.startsWith(':') && parts[index] !== ''))
  );
}

/** The path below `/chat/api/v1`. */
function pathOf(c: Context<ChatEnv>): string {
  return c.req.path.slice(apiPath.length);
}
