import type { Clock, Log } from '@earshot/base';
import { apiPath } from '@earshot/dashboard';
import { OpenAPIHono } from '@hono/zod-openapi';
import { bodyLimit } from 'hono/body-limit';
import { etag } from 'hono/etag';
import { HTTPException } from 'hono/http-exception';
import type { AppRegistry } from '../apps/registry.ts';
import type { Config } from '../config.ts';
import type { Client } from '../http/client.ts';
import { SessionCookie } from '../http/session-cookie.ts';
import { belowPrefix, targetOf } from '../http/target.ts';
import type { Operators } from '../operators/operators.ts';
import type { SignInLimits } from '../operators/sign-in-limits.ts';
import { type Asset, answerWith } from '../pages/asset.ts';
import { operatorPageHeaders } from '../pages/headers.ts';
import { actsIn } from './acts.ts';
import { type DeskEnv, deskRouter } from './api.ts';
import { appRoutes, type FiguresNow } from './app-routes.ts';
import { buildDashboardAssets } from './assets.ts';
import { apiDocument, missing } from './document.ts';
import { jsonBodies, sameOriginOnly, sessionsOnly } from './gate.ts';
import { operatorRoutes } from './operator-routes.ts';
import { DeskRefusal, refusalResponse, refuse } from './refusal.ts';
import { sessionRoutes } from './session-routes.ts';

const bodyBytesMax = 64 * 1024;

export interface DashboardOptions {
  readonly operators: Operators;
  readonly signInLimits: SignInLimits;
  readonly apps: AppRegistry;
  readonly figuresNow: FiguresNow;
  readonly config: Pick<Config, 'path' | 'port' | 'publicUrl'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
}

/** The operator's desk: its page at `/dashboard`, and its API below. */
export interface Dashboard {
  /**
   * @param allowIdle how long nothing may move on the response; 0 = any time
   * @returns null for a path that is not the dashboard's
   */
  fetch(request: Request, client: Client, allowIdle: (seconds: number) => void): Promise<Response | null>;
}

export function createDashboard(options: DashboardOptions): Dashboard {
  const { operators, signInLimits, apps, figuresNow, config, log, version } = options;
  const cookie = new SessionCookie(config);
  const acted = actsIn(log);
  const pathOf = (request: Request) => belowPrefix(targetOf(request.url).path, config.path) ?? '';

  const api = deskRouter()
    .route(
      '/',
      sessionRoutes({ operators, limits: signInLimits, cookie, config, version, providerName: null, log }),
    )
    .route(
      '/',
      operatorRoutes(operators, (name) => signInLimits.takeForName(name), acted),
    )
    .route('/', appRoutes(apps, figuresNow, acted));

  const desk = new OpenAPIHono<DeskEnv>({ getPath: pathOf });
  desk.use(operatorPageHeaders());
  desk.use(`${apiPath}/*`, async (c, next) => {
    await next();
    if (!c.res.headers.has('Cache-Control')) c.res.headers.set('Cache-Control', 'no-store');
  });
  desk.use(`${apiPath}/*`, sameOriginOnly(config));
  desk.use(`${apiPath}/*`, (c, next) => {
    const limit = bodyLimit({
      maxSize: bodyBytesMax,
      onError: () => refuse('too_large', `The body is larger than ${bodyBytesMax} bytes.`),
    });
    return limit(c, next);
  });
  desk.use(`${apiPath}/*`, sessionsOnly(operators, cookie, apiPath));
  desk.use(`${apiPath}/*`, jsonBodies);
  desk.get(`${apiPath}/openapi.json`, (c) => c.json(apiDocument(api, `${config.path}${apiPath}`)));
  desk.route(apiPath, api);
  desk.all(`${apiPath}/*`, (c) => missing(c, api, apiPath));

  let assets: Promise<ReadonlyMap<string, Asset>> | undefined;
  desk.get('/dashboard/*', etag(), async (c) => {
    // Addresses below are the page's own; it has one form without a slash at the end.
    if (c.req.path === '/dashboard') return c.redirect(`${config.path}/dashboard/`, 308);
    assets ??= buildDashboardAssets(config.path).catch((error) => {
      assets = undefined;
      throw error;
    });
    const found = await assets;
    const file = c.req.path.slice('/dashboard'.length);
    const asset = file.startsWith('/assets/') ? found.get(file) : found.get('/');
    return asset === undefined ? c.text('Not found\n', 404) : answerWith(c, asset);
  });
  desk.notFound((c) => c.text('Method not allowed\n', 405));
  desk.onError((error, c) => {
    if (error instanceof DeskRefusal) return refusalResponse(c, error);
    if (error instanceof HTTPException && error.status < 500) {
      return refusalResponse(c, new DeskRefusal('invalid', 'The request is not as expected.'));
    }
    log.error({ err: error, method: c.req.method, route: c.req.routePath }, 'dashboard: a request failed');
    const text = 'The server could not do this. The reason is in its log.';
    return refusalResponse(c, new DeskRefusal('internal', text));
  });

  return {
    async fetch(request, client, allowIdle) {
      if (!/^\/dashboard(\/|$)/.test(pathOf(request))) return null;
      return desk.fetch(request, { client, allowIdle });
    },
  };
}
