import { createRoute, z } from '@hono/zod-openapi';
import { chatRouter, type RequestClient } from '../api/api.ts';
import type { Notify } from './notify.ts';

const base64url = (bytesMost: number) =>
  z
    .string()
    .max(Math.ceil((bytesMost * 4) / 3) + 2)
    .regex(/^[\w-]+={0,2}$/, 'Expected base64url.');

const subscribeRoute = createRoute({
  method: 'put',
  path: '/push/subscription',
  summary: 'This browser takes Web Push: what `PushSubscription.toJSON()` gives',
  request: {
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z.object({
            endpoint: z.url().max(2_048),
            expirationTime: z.number().nullish(),
            keys: z.object({ p256dh: base64url(65), auth: base64url(64) }),
          }),
        },
      },
    },
  },
  responses: { 204: { description: 'It is kept until the session ends' } },
});

const unsubscribeRoute = createRoute({
  method: 'delete',
  path: '/push/subscription',
  summary: 'This browser takes no Web Push any more',
  responses: { 204: { description: 'There is none' } },
});

const testRoute = createRoute({
  method: 'post',
  path: '/push/test',
  summary: 'Sends a notification to this browser',
  responses: { 204: { description: 'The push service has it' } },
});

/** @param hostOf the host name of this server, as the client knows it */
export function notifyRoutes(notify: Notify, hostOf: (client: RequestClient) => string) {
  return chatRouter()
    .openapi(subscribeRoute, async (c) => {
      const { endpoint, keys } = c.req.valid('json');
      await notify.subscribe(c.get('caller'), endpoint, keys, hostOf(c.env.client));
      return c.body(null, 204);
    })
    .openapi(unsubscribeRoute, async (c) => {
      await notify.unsubscribe(c.get('caller'));
      return c.body(null, 204);
    })
    .openapi(testRoute, async (c) => {
      await notify.test(c.get('caller'));
      return c.body(null, 204);
    });
}
