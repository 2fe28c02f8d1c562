import { createRoute, z } from '@hono/zod-openapi';
import type { AppRegistry } from '../apps/registry.ts';
import type { Inspector } from '../inspect/inspector.ts';
import type { Acts } from './acts.ts';
import { always, answers, appIdParam, appOf, deskRouter, json } from './api.ts';
import { refuse } from './refusal.ts';
import {
  channelDetailSchema,
  channelListSchema,
  connectionDetailSchema,
  connectionListSchema,
} from './schemas.ts';

const text = z.string().max(1_000).default('');
const found = [...always, 'not_found', 'invalid'] as const;

const channelsRoute = createRoute({
  method: 'get',
  path: '/apps/{id}/channels',
  summary: 'Occupied channels, those with most subscriptions first',
  request: { params: appIdParam, query: z.object({ prefix: text }) },
  responses: answers({ 200: json(channelListSchema, 'Some of all') }, ...found),
});

const channelRoute = createRoute({
  method: 'get',
  path: '/apps/{id}/channels/{name}',
  summary: 'One channel: members, cached event, connections',
  request: { params: appIdParam.extend({ name: z.string().max(1_100) }) },
  responses: answers({ 200: json(channelDetailSchema, 'The channel') }, ...found),
});

const connectionsRoute = createRoute({
  method: 'get',
  path: '/apps/{id}/connections',
  summary: 'Open connections, the newest first',
  request: { params: appIdParam, query: z.object({ socket: text, user: text, channel: text }) },
  responses: answers({ 200: json(connectionListSchema, 'Some of all') }, ...found),
});

const atConnection = { params: appIdParam.extend({ socketId: z.string().max(60) }) };
const connectionRoute = createRoute({
  method: 'get',
  path: '/apps/{id}/connections/{socketId}',
  summary: 'One connection',
  request: atConnection,
  responses: answers({ 200: json(connectionDetailSchema, 'The connection') }, ...found),
});

const endConnectionRoute = createRoute({
  method: 'delete',
  path: '/apps/{id}/connections/{socketId}',
  summary: 'Closes a connection with 4009',
  request: atConnection,
  responses: answers({ 204: { description: 'Closed' } }, ...found),
});

const endUserRoute = createRoute({
  method: 'post',
  path: '/apps/{id}/users/{userId}/terminate',
  summary: 'Closes all connections of a user',
  request: { params: appIdParam.extend({ userId: z.string().min(1).max(1_100) }) },
  responses: answers({ 204: { description: 'Told to all nodes' } }, ...found),
});

const gone = 'It is not there any more, or never was.';

/** What is connected now. */
export function inspectorRoutes(apps: AppRegistry, inspector: Inspector, acted: Acts) {
  return deskRouter()
    .openapi(channelsRoute, async (c) => {
      const app = appOf(apps, c.req.valid('param').id);
      return c.json(await inspector.channels(app, c.req.valid('query').prefix), 200);
    })
    .openapi(channelRoute, async (c) => {
      const { id, name } = c.req.valid('param');
      const channel = (await inspector.channel(appOf(apps, id), name)) ?? refuse('not_found', gone);
      return c.json(channel, 200);
    })
    .openapi(connectionsRoute, async (c) => {
      const app = appOf(apps, c.req.valid('param').id);
      return c.json(await inspector.connections(app, c.req.valid('query')), 200);
    })
    .openapi(connectionRoute, async (c) => {
      const { id, socketId } = c.req.valid('param');
      const connection = (await inspector.connection(appOf(apps, id), socketId)) ?? refuse('not_found', gone);
      return c.json(connection, 200);
    })
    .openapi(endConnectionRoute, async (c) => {
      const { id, socketId } = c.req.valid('param');
      if (!(await inspector.terminateConnection(appOf(apps, id), socketId))) refuse('not_found', gone);
      acted(c, 'a connection was closed', { app: id });
      return c.body(null, 204);
    })
    .openapi(endUserRoute, (c) => {
      const { id, userId } = c.req.valid('param');
      inspector.terminateUser(appOf(apps, id), userId);
      acted(c, 'the connections of a user were closed', { app: id });
      return c.body(null, 204);
    });
}
