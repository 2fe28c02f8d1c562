import type { WebhookEndpoint } from '@earshot/dashboard';
import { createRoute, z } from '@hono/zod-openapi';
import type { App } from '../apps/app.ts';
import type { AppRegistry } from '../apps/registry.ts';
import type { Refused, WebhookDesk } from '../webhooks/desk.ts';
import type { Acts } from './acts.ts';
import { always, answers, appIdParam, appOf, deskRouter, json, jsonBody } from './api.ts';
import { refuse } from './refusal.ts';
import {
  attemptPageSchema,
  count,
  endpointDraftSchema,
  endpointPatchSchema,
  endpointSchema,
  failedPageSchema,
  webhookTestSchema,
} from './schemas.ts';

const id = z.string().max(100);
const changes = [...always, 'not_found', 'invalid', 'too_large', 'locked'] as const;
const atEndpoint = { params: appIdParam.extend({ endpoint: id }) };
const pageQuery = { endpoint: id.optional(), before: id.optional() };

const listRoute = createRoute({
  method: 'get',
  path: '/apps/{id}/webhooks',
  summary: 'The endpoints of an app',
  request: { params: appIdParam },
  responses: answers({ 200: json(z.array(endpointSchema), 'The endpoints') }, ...always, 'not_found'),
});

const createEndpointRoute = createRoute({
  method: 'post',
  path: '/apps/{id}/webhooks',
  summary: 'Adds an endpoint',
  request: { params: appIdParam, ...jsonBody(endpointDraftSchema) },
  responses: answers({ 201: json(endpointSchema, 'The endpoint') }, ...changes),
});

const changeRoute = createRoute({
  method: 'patch',
  path: '/apps/{id}/webhooks/{endpoint}',
  summary: 'Changes an endpoint',
  request: { ...atEndpoint, ...jsonBody(endpointPatchSchema) },
  responses: answers({ 200: json(endpointSchema, 'The endpoint') }, ...changes),
});

const removeRoute = createRoute({
  method: 'delete',
  path: '/apps/{id}/webhooks/{endpoint}',
  summary: 'Removes an endpoint, with what waits for it',
  request: atEndpoint,
  responses: answers({ 204: { description: 'Gone' } }, ...changes),
});

const testRoute = createRoute({
  method: 'post',
  path: '/apps/{id}/webhooks/{endpoint}/test',
  summary: 'Sends one request now',
  request: atEndpoint,
  responses: answers({ 200: json(webhookTestSchema, 'What came of it') }, ...changes),
});

const attemptsRoute = createRoute({
  method: 'get',
  path: '/apps/{id}/webhooks/attempts',
  summary: 'Attempts to deliver, the newest first',
  request: {
    params: appIdParam,
    query: z.object({ ...pageQuery, outcome: z.enum(['ok', 'failed']).optional() }),
  },
  responses: answers({ 200: json(attemptPageSchema, 'A page of them') }, ...always, 'not_found', 'invalid'),
});

const failedRoute = createRoute({
  method: 'get',
  path: '/apps/{id}/webhooks/failed',
  summary: 'What was given up, the newest first',
  request: { params: appIdParam, query: z.object(pageQuery) },
  responses: answers({ 200: json(failedPageSchema, 'A page of them') }, ...always, 'not_found', 'invalid'),
});

const replayRoute = createRoute({
  method: 'post',
  path: '/apps/{id}/webhooks/failed/replay',
  summary: 'Tries again what was given up',
  request: {
    params: appIdParam,
    ...jsonBody(z.union([z.object({ ids: z.array(id).min(1).max(1_000) }), z.object({ endpointId: id })])),
  },
  responses: answers({ 200: json(z.object({ replayed: count }), 'How many are tried again') }, ...changes),
});

function orRefuse<Result>(result: Result | Refused): Result {
  if (typeof result !== 'object' || result === null || !('refused' in result)) return result as Result;
  refuse('invalid', result.refused, { field: result.field });
}

/** The webhooks of an app. */
export function webhookRoutes(apps: AppRegistry, desk: WebhookDesk, acted: Acts) {
  async function endpointOf(app: App, id: string): Promise<WebhookEndpoint> {
    const endpoint = (await desk.endpoints(app)).find((one) => one.id === id);
    return endpoint ?? refuse('not_found', 'There is no such endpoint; it may have been removed meanwhile.');
  }

  async function changeable(app: App, id: string): Promise<void> {
    const { lockedBy } = await endpointOf(app, id);
    if (lockedBy === null) return;
    refuse(
      'locked',
      `This endpoint is set by ${lockedBy} and would be back after a restart. Change it there.`,
    );
  }

  return deskRouter()
    .openapi(listRoute, async (c) => c.json(await desk.endpoints(appOf(apps, c.req.valid('param').id)), 200))
    .openapi(attemptsRoute, async (c) => {
      const { endpoint, outcome, before } = c.req.valid('query');
      const filter = {
        endpointId: endpoint || null,
        ok: outcome === undefined ? null : outcome === 'ok',
        before: before || null,
      };
      return c.json(await desk.attempts(appOf(apps, c.req.valid('param').id), filter), 200);
    })
    .openapi(failedRoute, async (c) => {
      const { endpoint, before } = c.req.valid('query');
      const filter = { endpointId: endpoint || null, before: before || null };
      return c.json(await desk.failed(appOf(apps, c.req.valid('param').id), filter), 200);
    })
    .openapi(replayRoute, async (c) => {
      const app = appOf(apps, c.req.valid('param').id);
      const replayed = orRefuse(await desk.replay(app, c.req.valid('json')));
      acted(c, 'failed webhooks are tried again', { app: app.id, replayed });
      return c.json({ replayed }, 200);
    })
    .openapi(createEndpointRoute, async (c) => {
      const app = appOf(apps, c.req.valid('param').id);
      const endpoint = orRefuse(await desk.create(app, c.req.valid('json')));
      acted(c, 'a webhook endpoint was added', { app: app.id, endpoint: endpoint.id });
      return c.json(endpoint, 201);
    })
    .openapi(changeRoute, async (c) => {
      const { id, endpoint } = c.req.valid('param');
      const app = appOf(apps, id);
      await changeable(app, endpoint);
      const given = Object.entries(c.req.valid('json')).filter(([, value]) => value !== undefined);
      const changed = orRefuse(await desk.update(app, endpoint, Object.fromEntries(given)));
      acted(c, 'a webhook endpoint was changed', { app: id, endpoint });
      return c.json(changed, 200);
    })
    .openapi(removeRoute, async (c) => {
      const { id, endpoint } = c.req.valid('param');
      const app = appOf(apps, id);
      await changeable(app, endpoint);
      orRefuse(await desk.remove(app, endpoint));
      acted(c, 'a webhook endpoint was removed', { app: id, endpoint });
      return c.body(null, 204);
    })
    .openapi(testRoute, async (c) => {
      const { id, endpoint } = c.req.valid('param');
      const app = appOf(apps, id);
      await endpointOf(app, endpoint);
      const outcome = orRefuse(await desk.test(app, endpoint));
      acted(c, 'a webhook endpoint was tried', { app: id, endpoint });
      return c.json(outcome, 200);
    });
}
