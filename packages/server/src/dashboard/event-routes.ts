import { parsePublish } from '@earshot/protocol';
import { createRoute } from '@hono/zod-openapi';
import { isRefusal } from '../api/answer.ts';
import type { ApiParts } from '../api/call.ts';
import { publishEvents, takePublishes } from '../api/publishing.ts';
import type { AppRegistry } from '../apps/registry.ts';
import type { Acts } from './acts.ts';
import { always, answers, appIdParam, appOf, deskRouter, json, jsonBody } from './api.ts';
import { refuse } from './refusal.ts';
import { eventDraftSchema, eventResultSchema } from './schemas.ts';

const publishRoute = createRoute({
  method: 'post',
  path: '/apps/{id}/events',
  summary: 'Publishes one event, as a publisher would',
  description: 'It is checked like a publisher’s, and counts against the limits of the app.',
  request: { params: appIdParam, ...jsonBody(eventDraftSchema) },
  responses: answers(
    { 200: json(eventResultSchema, 'Accepted') },
    ...always,
    ...(['not_found', 'invalid', 'too_large', 'conflict', 'too_many'] as const),
  ),
});

/** The event creator. */
export function eventRoutes(apps: AppRegistry, publishing: ApiParts, acted: Acts) {
  return deskRouter().openapi(publishRoute, async (c) => {
    const app = appOf(apps, c.req.valid('param').id);
    if (!app.settings.enabled) refuse('conflict', 'This app is disabled. Enable it in its settings first.');
    const draft = c.req.valid('json');
    const body = { name: draft.event, channel: draft.channel, data: draft.data, socket_id: draft.socketId };
    const event = parsePublish(body, new Map(), app.settings);
    if (isRefusal(event)) refuse(event.status === 413 ? 'too_large' : 'invalid', event.message);
    const [channel] = event.channels;
    if (channel === undefined) refuse('invalid', 'Expected a channel.', { field: 'channel' });
    const over = await takePublishes(publishing, app, 1);
    if (over !== null) {
      refuse('too_many', (await over.text()).trim(), over.status === 429 ? { retryAfterSeconds: 1 } : {});
    }
    const { subscriptions } = await publishing.roster.channel(app.id, channel.name);
    await publishEvents(publishing, app, [event]);
    acted(c, 'an event was published', { app: app.id });
    const cachedUntil = channel.cached ? publishing.clock.now() + app.settings.cacheSeconds * 1000 : null;
    return c.json({ subscriptions, cachedUntil }, 200);
  });
}
