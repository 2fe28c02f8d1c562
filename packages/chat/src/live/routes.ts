import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { type ChatEnv, chatRouter, type RequestClient } from '../api/api.ts';
import { type OwnOrigins, requireOrigin } from '../api/gate.ts';
import type { ChatApp, ChatApps } from '../apps.ts';
import { type ChatConfig, isId, type LiveEntry, liveLimits } from '../contract/index.ts';
import { refuse } from '../refusal.ts';
import type { LivePictures } from './pictures.ts';
import { fadeSecondsRange, type LiveRooms, type Stay } from './rooms.ts';

export interface LiveRoutesOptions {
  readonly apps: ChatApps;
  readonly ownOrigins: OwnOrigins;
  readonly realtime: (app: ChatApp, client: RequestClient) => ChatConfig['realtime'];
}

const json = <T>(description: string) => ({
  description,
  content: { 'application/json': { schema: z.custom<T>().openapi({ type: 'object' }) } },
});
const body = <Schema extends z.ZodType>(schema: Schema) => ({
  body: { required: true, content: { 'application/json': { schema } } },
});
// Whatever is no id leads nowhere, like an id of no room.
const params = z.object({ room: z.string().max(100) });
const secret = z.string().max(100);
const open = { security: [] };

const createLive = createRoute({
  method: 'post',
  path: '/live/rooms',
  summary: 'Makes a live room, in which words appear as they are typed and fade',
  description:
    'It ends some minutes after the last one has left. What is said there never comes here readably.',
  ...open,
  request: body(
    z.object({
      app: z
        .string()
        .max(200)
        .optional()
        .openapi({ description: 'The app’s key; the first one if left out' }),
      noTakeBacks: z.boolean().default(false),
      fadeSeconds: z
        .number()
        .min(fadeSecondsRange[0])
        .max(fadeSecondsRange[1])
        .default(liveLimits.fadeSecondsDefault),
    }),
  ),
  responses: { 201: json<{ room: string; maker: string }>('Its id, and what proves who made it') },
});

const enterLive = createRoute({
  method: 'post',
  path: '/live/rooms/{room}/enter',
  summary: 'Takes a lane in a live room',
  ...open,
  request: {
    params,
    ...body(
      z.object({
        maker: secret.optional(),
        token: secret.optional().openapi({ description: 'Of an earlier stay, to get its lane back' }),
        again: z.boolean().optional().openapi({ description: 'I was refused before, and wait' }),
      }),
    ),
  },
  responses: { 200: json<LiveEntry>('The lane, and what proves that it is mine') },
});

const leaveLive = createRoute({
  method: 'post',
  path: '/live/rooms/{room}/leave',
  summary: 'Gives the lane back at once',
  ...open,
  request: { params, ...body(z.object({ token: secret })) },
  responses: { 204: { description: 'It is free' } },
});

const authLive = createRoute({
  method: 'post',
  path: '/live/rooms/{room}/auth',
  summary: 'Signs a subscription of the room’s channels',
  ...open,
  request: {
    params,
    ...body(z.object({ token: secret, socket_id: z.string().max(50), channel_name: z.string().max(200) })),
  },
  responses: { 200: json<{ auth: string; channel_data?: string }>('As pusher-js hands it on') },
});

const sendPicture = createRoute({
  method: 'post',
  path: '/live/rooms/{room}/pictures',
  summary: 'Hands over a sealed picture, held in memory for a moment',
  description:
    'The body is its bytes, `application/octet-stream`; the token of the stay is the bearer token.',
  request: {
    params,
    query: z.object({
      seconds: z.coerce
        .number()
        .int()
        .min(5)
        .max(liveLimits.pictureSecondsMost)
        .default(liveLimits.pictureSecondsDefault),
    }),
  },
  responses: { 201: json<{ id: string }>('By what those present fetch it') },
});

const getPicture = createRoute({
  method: 'get',
  path: '/live/rooms/{room}/pictures/{id}',
  summary: 'A sealed picture, for those present',
  request: { params: params.extend({ id: z.string().max(100) }) },
  responses: { 200: { description: 'Its bytes' } },
});

/** The routes of live rooms. All are open: there is nobody to sign in. */
export function liveRoutes(rooms: LiveRooms, pictures: LivePictures, options: LiveRoutesOptions) {
  const { apps, ownOrigins, realtime } = options;

  /** Pages of the app, and our own. */
  const guard = (c: Context<ChatEnv>, app: ChatApp) =>
    requireOrigin(app, c.req.header('Origin') ?? null, ownOrigins(c.env.client));

  function appOf(key: string | undefined): ChatApp {
    if (key !== undefined) return apps.byKey(key) ?? refuse('chat_off', { field: 'app' });
    for (const app of apps.all()) return app;
    return refuse('chat_off');
  }

  async function stayOf(c: Context<ChatEnv>, room: string): Promise<Stay> {
    const token = /^Bearer ([\w-]{1,100})$/.exec(c.req.header('Authorization') ?? '')?.[1];
    if (token === undefined) return refuse('unauthorised');
    const { app, ...stay } = await rooms.stay(room, token);
    guard(c, app);
    return stay;
  }

  return chatRouter()
    .openapi(createLive, async (c) => {
      const { app: key, ...how } = c.req.valid('json');
      const app = appOf(key);
      guard(c, app);
      return c.json(await rooms.create(app, how), 201);
    })
    .openapi(enterLive, async (c) => {
      const { room } = c.req.valid('param');
      const app = await rooms.appOf(room);
      guard(c, app);
      const { maker, token, again } = c.req.valid('json');
      const entry = await rooms.enter(room, {
        ...(maker === undefined ? {} : { maker }),
        ...(token === undefined ? {} : { token }),
        ...(again === undefined ? {} : { again }),
      });
      return c.json({ ...entry, realtime: realtime(app, c.env.client) }, 200);
    })
    .openapi(leaveLive, async (c) => {
      const { room } = c.req.valid('param');
      guard(c, await rooms.appOf(room));
      await rooms.leave(room, c.req.valid('json').token);
      return c.body(null, 204);
    })
    .openapi(authLive, async (c) => {
      const { room } = c.req.valid('param');
      guard(c, await rooms.appOf(room));
      const { token, socket_id, channel_name } = c.req.valid('json');
      return c.json(await rooms.authorise(room, token, socket_id, channel_name), 200);
    })
    .openapi(sendPicture, async (c) => {
      const stay = await stayOf(c, c.req.valid('param').room);
      if (c.req.header('Content-Type') !== 'application/octet-stream') {
        refuse('bad_request', {
          field: 'Content-Type',
          message: 'Expected Content-Type: application/octet-stream',
        });
      }
      if (Number(c.req.header('Content-Length')) > liveLimits.pictureBytes) refuse('too_large');
      const id = await pictures.take(stay.room.room, c.req.raw.body, c.req.valid('query').seconds);
      return c.json({ id }, 201);
    })
    .openapi(getPicture, async (c) => {
      const { room, id } = c.req.valid('param');
      const stay = await stayOf(c, room);
      const bytes = isId(id) ? await pictures.find(stay.room.room, id) : undefined;
      if (bytes === undefined) return refuse('not_found');
      return new Response(bytes, {
        headers: {
          'Content-Type': 'application/octet-stream',
          'Content-Disposition': 'attachment',
          'X-Content-Type-Options': 'nosniff',
          'Cache-Control': 'no-store',
        },
      });
    });
}
