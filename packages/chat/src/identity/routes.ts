import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { type ChatEnv, chatRouter, type RequestClient } from '../api/api.ts';
import { type OwnOrigins, requireOrigin } from '../api/gate.ts';
import type { ChatApp, ChatApps } from '../apps.ts';
import { type ChatConfig, isId, type Me, type SessionAnswer } from '../contract/index.ts';
import { refuse } from '../refusal.ts';
import type { Identity } from './identity.ts';
import type { Credentials, Place } from './sessions.ts';

/** What these routes need of whatever the chat runs in. */
export interface IdentityRoutesOptions {
  readonly apps: ChatApps;
  readonly ownOrigins: OwnOrigins;
  /** The server's address for people, as the request reached it if none is set, without a slash at its end. */
  readonly publicAddress: (client: RequestClient) => string;
  readonly realtime: (app: ChatApp, client: RequestClient) => ChatConfig['realtime'];
  /** VAPID public key, base64url. */
  readonly pushKey: (app: ChatApp) => Promise<string> | string;
}

const json = <T>(description: string) => ({
  description,
  content: { 'application/json': { schema: z.custom<T>().openapi({ type: 'object' }) } },
});
const body = <Schema extends z.ZodType>(schema: Schema) => ({
  body: { required: true, content: { 'application/json': { schema } } },
});
const appKey = z
  .string()
  .min(1)
  .max(200)
  .openapi({ description: 'The app’s key', example: 'key-of-the-app' });
const secret = z.string().max(500);
const open = { security: [] };

const configRoute = createRoute({
  method: 'get',
  path: '/config',
  summary: 'What a widget needs to know before anybody is signed in',
  ...open,
  request: { query: z.object({ app: appKey }) },
  responses: { 200: json<ChatConfig>('Public facts of the app’s chat') },
});

const guestRoute = createRoute({
  method: 'post',
  path: '/sessions/guest',
  summary: 'Enters under a name of one’s own choice',
  ...open,
  // How long a name may be is said in characters as people count them; this only bounds the work.
  request: body(z.object({ app: appKey, name: z.string().max(1_000) })),
  responses: { 200: json<SessionAnswer>('The guest’s session') },
});

const hostRoute = createRoute({
  method: 'post',
  path: '/sessions/host',
  summary: 'Enters, or renews, as a user of the host site',
  description:
    'The token is a JWT, HS256, signed with the app’s chat secret: `aud` the app’s id, `sub` the user’s id, `exp` at most an hour ' +
    'ahead, and if wanted `name`, `picture` (https), `contacts` (ids, or objects of `sub` and `name`) and `moderator`. The ' +
    'access token from before, even an expired one, lets the session go on; a guest’s makes the guest that user.',
  ...open,
  request: body(z.object({ app: appKey, token: z.string().max(200_000) })),
  responses: { 200: json<SessionAnswer>('The user’s session') },
});

const refreshRoute = createRoute({
  method: 'post',
  path: '/sessions/refresh',
  summary: 'Renews the access token',
  description:
    'A refresh token counts once. The one before the newest is good until something of the newest was used.',
  ...open,
  request: body(z.object({ app: appKey, refreshToken: secret })),
  responses: { 200: json<SessionAnswer>('The session under new tokens') },
});

const providerRoute = createRoute({
  method: 'post',
  path: '/sessions/provider',
  summary: 'Enters with the one-time code of the sign-in window',
  description: 'A guest’s access token along with it makes the guest that person, with everything they had.',
  ...open,
  request: body(z.object({ app: appKey, code: secret, verifier: secret })),
  responses: { 200: json<SessionAnswer>('The session') },
});

const sessionInfo = z.object({
  id: z.string(),
  current: z.boolean(),
  origin: z.string(),
  createdAt: z.number(),
  lastSeenAt: z.number(),
  userAgent: z.string().optional(),
});
const sessionsRoute = createRoute({
  method: 'get',
  path: '/sessions',
  summary: 'My sessions',
  responses: {
    200: {
      description: 'Those that have not ended, the one last seen first',
      content: { 'application/json': { schema: z.object({ sessions: z.array(sessionInfo) }) } },
    },
  },
});

const endRoute = createRoute({
  method: 'delete',
  path: '/sessions/{id}',
  summary: 'Ends one of my sessions; `current` is this one',
  request: { params: z.object({ id: z.string().refine((id) => id === 'current' || isId(id)) }) },
  responses: { 204: { description: 'It has ended, and its sockets are closed' } },
});

const meRoute = createRoute({
  method: 'get',
  path: '/me',
  summary: 'Who I am',
  responses: { 200: json<Me>('Me') },
});

const changeMeRoute = createRoute({
  method: 'patch',
  path: '/me',
  summary: 'Changes what is said of me',
  request: body(
    z.strictObject({
      name: z.string().max(1_000).optional(),
      avatar: z.null().optional(),
      invisible: z.boolean().optional(),
      preferences: z
        .strictObject({ receipts: z.boolean(), hideText: z.boolean(), sound: z.boolean() })
        .partial()
        .optional(),
    }),
  ),
  responses: { 200: json<Me>('Me, as I am now') },
});

const startRoute = createRoute({
  method: 'post',
  path: '/sign-in/start',
  summary: 'Begins a sign-in with a provider; for the sign-in window alone',
  ...open,
  request: body(
    z.object({
      app: appKey,
      provider: z.string().max(40),
      server: z.string().max(300).optional(),
      origin: z.string().max(300),
      challenge: z.string().regex(/^[\w-]{43}$/, 'Expected a SHA-256, base64url.'),
    }),
  ),
  responses: {
    200: {
      description: 'Where to go, and what to remember',
      content: {
        'application/json': {
          schema: z.object({ url: z.string(), state: z.string(), window: z.string() }),
        },
      },
    },
  },
});

const finishRoute = createRoute({
  method: 'post',
  path: '/sign-in/finish',
  summary: 'Ends a sign-in with a provider; for the sign-in window alone',
  ...open,
  request: body(z.object({ app: appKey, window: secret, query: z.string().max(8_000) })),
  responses: {
    200: {
      description: 'A code, and the origin of the page that it is for',
      content: { 'application/json': { schema: z.object({ code: z.string(), origin: z.string() }) } },
    },
  },
});

/** The routes of who somebody is. */
export function identityRoutes(identity: Identity, options: IdentityRoutesOptions) {
  const { apps, ownOrigins, publicAddress } = options;
  const { entry, sessions, signIns, providers } = identity;

  /** The app that a request is about, which its page may use. */
  function appOf(c: Context<ChatEnv>, key: string): ChatApp {
    const app = apps.byKey(key);
    if (app === undefined) refuse('chat_off', { field: 'app' });
    requireOrigin(app, originOf(c), ownOrigins(c.env.client));
    return app;
  }

  /** Only our own pages: the window's code runs there and nowhere else. */
  function ownPlace(c: Context<ChatEnv>) {
    const own = ownOrigins(c.env.client);
    const address = publicAddress(c.env.client);
    const site = c.req.header('Sec-Fetch-Site');
    const origin = originOf(c);
    if (origin === null || !own.includes(origin) || (site !== undefined && site !== 'same-origin')) {
      refuse('origin_refused', { message: 'Only the sign-in window of this server may ask for this.' });
    }
    const expected = new URL(address).origin;
    if (origin !== expected) {
      refuse('origin_refused', {
        message: `People can sign in at ${expected} only; the page has to load the chat from there.`,
      });
    }
    return { address, origins: own };
  }

  return chatRouter()
    .openapi(configRoute, async (c) => {
      const app = appOf(c, c.req.valid('query').app);
      const { settings } = app;
      const config: ChatConfig = {
        app: { key: app.key, name: app.name },
        realtime: options.realtime(app, c.env.client),
        guests: settings.chatGuests,
        providers: providers.offered(app),
        direct: settings.chatDirect,
        receipts: settings.chatReceipts,
        files: settings.chatFiles
          ? { guests: settings.chatFilesGuests, bytes: settings.chatFileBytes }
          : null,
        pageRooms: settings.chatPageRooms,
        roomCreation: settings.chatRoomCreation,
        pushKey: await options.pushKey(app),
      };
      return c.json(config, 200);
    })
    .openapi(guestRoute, async (c) => {
      const { app, name } = c.req.valid('json');
      return c.json(await entry.asGuest(appOf(c, app), name, placeOf(c)), 200);
    })
    .openapi(hostRoute, async (c) => {
      const { app, token } = c.req.valid('json');
      return c.json(await entry.byHost(appOf(c, app), token, credentialsOf(c), placeOf(c)), 200);
    })
    .openapi(refreshRoute, async (c) => {
      const { app, refreshToken } = c.req.valid('json');
      return c.json(await sessions.refresh(appOf(c, app), refreshToken, placeOf(c)), 200);
    })
    .openapi(providerRoute, async (c) => {
      const { app: key, code, verifier } = c.req.valid('json');
      const app = appOf(c, key);
      const { identity: known, keep } = await signIns.redeem(app, code, verifier, originOf(c));
      return c.json(await entry.byProvider(app, known, credentialsOf(c), placeOf(c), keep), 200);
    })
    .openapi(sessionsRoute, async (c) =>
      c.json({ sessions: [...(await sessions.list(c.get('caller')))] }, 200),
    )
    .openapi(endRoute, async (c) => {
      const { app, user, session } = c.get('caller');
      const { id } = c.req.valid('param');
      const ended = await sessions.end(
        app.id,
        { user, session: id === 'current' ? session : id },
        'signed-out',
      );
      if (!ended) refuse('not_found');
      return c.body(null, 204);
    })
    .openapi(meRoute, async (c) => {
      const { app, user } = c.get('caller');
      return c.json(await identity.people.me(app.id, user), 200);
    })
    .openapi(changeMeRoute, async (c) => {
      const { app, user } = c.get('caller');
      return c.json(await identity.changeMe(app.id, user, c.req.valid('json')), 200);
    })
    .openapi(startRoute, async (c) => {
      const { app: key, provider, server = '', origin, challenge } = c.req.valid('json');
      const own = ownPlace(c);
      const app = appOf(c, key);
      return c.json(await signIns.start(app, { provider, server, origin, challenge }, own), 200);
    })
    .openapi(finishRoute, async (c) => {
      const { app: key, window, query } = c.req.valid('json');
      ownPlace(c);
      return c.json(await signIns.finish(appOf(c, key), window, new URLSearchParams(query)), 200);
    });
}

function originOf(c: Context<ChatEnv>): string | null {
  return c.req.header('Origin') ?? null;
}

function credentialsOf(c: Context<ChatEnv>): Credentials {
  return { authorization: c.req.header('Authorization') ?? null, origin: originOf(c) };
}

function placeOf(c: Context<ChatEnv>): Place {
  return { origin: originOf(c), userAgent: c.req.header('User-Agent') ?? null };
}
