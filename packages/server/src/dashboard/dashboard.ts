import type { Clock, Log } from '@earshot/base';
import { apiPath } from '@earshot/dashboard';
import { OpenAPIHono } from '@hono/zod-openapi';
import { bodyLimit } from 'hono/body-limit';
import { etag } from 'hono/etag';
import { HTTPException } from 'hono/http-exception';
import type { ApiParts } from '../api/call.ts';
import type { AppRegistry } from '../apps/registry.ts';
import type { Client } from '../http/client.ts';
import { SessionCookie } from '../http/session-cookie.ts';
import { belowPrefix, targetOf } from '../http/target.ts';
import type { Inspector } from '../inspect/inspector.ts';
import type { Operators } from '../operators/operators.ts';
import type { SignInLimits } from '../operators/sign-in-limits.ts';
import { type Asset, answerWith } from '../pages/asset.ts';
import { operatorPageHeaders } from '../pages/headers.ts';
import type { Statistics } from '../statistics/statistics.ts';
import type { Trace } from '../trace/trace.ts';
import type { WebhookDesk } from '../webhooks/desk.ts';
import { actsIn } from './acts.ts';
import { type DeskEnv, deskRouter } from './api.ts';
import { appRoutes } from './app-routes.ts';
import { buildDashboardAssets } from './assets.ts';
import { apiDocument, missing } from './document.ts';
import { eventRoutes } from './event-routes.ts';
import { EventStreams } from './event-streams.ts';
import { jsonBodies, sameOriginOnly, sessionsOnly } from './gate.ts';
import { inspectorRoutes } from './inspector-routes.ts';
import { liveRoutes } from './live-routes.ts';
import { operatorRoutes } from './operator-routes.ts';
import { createOperatorProvider, type ProviderSettings } from './provider.ts';
import { DeskRefusal, refusalResponse, refuse } from './refusal.ts';
import { sessionRoutes } from './session-routes.ts';
import { webhookRoutes } from './webhook-routes.ts';

const smallBodyBytes = 64 * 1024;

export interface DashboardOptions {
  readonly operators: Operators;
  readonly signInLimits: SignInLimits;
  readonly apps: AppRegistry;
  readonly statistics: Statistics;
  readonly trace: Trace;
  readonly inspector: Inspector;
  readonly webhooks: WebhookDesk;
  /** Of events that operators publish. */
  readonly publishing: ApiParts;
  readonly config: ProviderSettings;
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
  /** Ends the streams that are open. */
  close(): void;
}

export function createDashboard(options: DashboardOptions): Dashboard {
  const {
    operators,
    signInLimits,
    apps,
    statistics,
    trace,
    inspector,
    webhooks,
    publishing,
    config,
    clock,
    log,
    version,
  } = options;
  const cookie = new SessionCookie(config);
  const provider = createOperatorProvider({ operators, limits: signInLimits, cookie, config, clock, log });
  const acted = actsIn(log);
  const streams = new EventStreams(operators, publishing.counters, clock, log);
  apps.onChange(() => streams.endWhatIsOver());
  const pathOf = (request: Request) => belowPrefix(targetOf(request.url).path, config.path) ?? '';

  const api = deskRouter()
    .route(
      '/',
      sessionRoutes({
        operators,
        limits: signInLimits,
        cookie,
        config,
        version,
        providerName: provider?.name ?? null,
        counters: publishing.counters,
        log,
      }),
    )
    .route(
      '/',
      operatorRoutes(operators, (name) => signInLimits.takeForName(name), acted),
    )
    .route(
      '/',
      appRoutes(apps, () => statistics.now(), acted),
    )
    .route('/', liveRoutes(apps, { statistics, trace, streams }))
    .route('/', eventRoutes(apps, publishing, acted))
    .route('/', inspectorRoutes(apps, inspector, acted))
    .route('/', webhookRoutes(apps, webhooks, acted));

  const desk = new OpenAPIHono<DeskEnv>({ getPath: pathOf });
  desk.use(operatorPageHeaders());
  desk.use(`${apiPath}/*`, async (c, next) => {
    await next();
    if (!c.res.headers.has('Cache-Control')) c.res.headers.set('Cache-Control', 'no-store');
  });
  desk.use(`${apiPath}/*`, sameOriginOnly(config));
  desk.use(`${apiPath}/*`, (c, next) => {
    const maxSize = bodyBytesMax(apps, c.req.path.slice(apiPath.length));
    const onError = () => refuse('too_large', `The body is larger than ${maxSize} bytes.`);
    return bodyLimit({ maxSize, onError })(c, next);
  });
  desk.use(`${apiPath}/*`, sessionsOnly(operators, cookie, apiPath));
  // What was changed at another node a moment ago is looked at here by the very next request.
  desk.use(`${apiPath}/apps/*`, async (_c, next) => {
    await apps.refresh();
    return next();
  });
  desk.use(`${apiPath}/*`, jsonBodies);
  desk.get(`${apiPath}/openapi.json`, (c) => c.json(apiDocument(api, `${config.path}${apiPath}`)));
  desk.route(apiPath, api);
  desk.all(`${apiPath}/*`, (c) => missing(c, api, apiPath));

  if (provider !== null) desk.route('/dashboard/oidc', provider.routes);

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
    close: () => streams.close(),
  };
}

/** What a request may hold: an event needs room for the largest data that its app allows, written in escapes. */
function bodyBytesMax(apps: AppRegistry, path: string): number {
  const app = apps.byId(/^\/apps\/(\d+)\/events$/.exec(path)?.[1] ?? '');
  return Math.max(smallBodyBytes, app === undefined ? 0 : app.settings.eventBytes * 6 + 8_192);
}
