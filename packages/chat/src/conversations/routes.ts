import { createRoute, z } from '@hono/zod-openapi';
import { chatRouter } from '../api/api.ts';
import {
  type AuditEntry,
  type Conversation,
  isId,
  limits,
  type Message,
  type Person,
  type Role,
} from '../contract/index.ts';
import { refuse } from '../refusal.ts';
import type { ConversationService } from './conversations.ts';
import type { Ban } from './moderation.ts';
import { vouchedOrigin } from './page-address.ts';
import type { Changes, HistoryPage } from './reading.ts';
import type { Online } from './rooms.ts';

const json = <T>(description: string) => ({
  description,
  content: { 'application/json': { schema: z.custom<T>().openapi({ type: 'object' }) } },
});
const body = <Schema extends z.ZodType>(schema: Schema) => ({
  body: { required: true, content: { 'application/json': { schema } } },
});

const id = z.string().refine(isId, 'Expected an id of 22 characters.');
const whole = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const number = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
/** How long texts may be is said in characters as people count them; these only bound the work. */
const line = z.string().max(2_000);
const text = z.string().max(40_000);
const role = z.enum(['owner', 'moderator', 'member']);

const inConversation = { params: z.object({ id }) };
// Its text may be anything before it is a number, which the document would take for: may be left out.
const seqInPath = whole.openapi({ param: { name: 'seq', in: 'path', required: true } });
const atMessage = { params: z.object({ id, seq: seqInPath }) };
const atReaction = { params: z.object({ id, seq: seqInPath, emoji: z.string().min(1).max(64) }) };

const socket = z.string().max(50);
const authRoute = createRoute({
  method: 'post',
  path: '/realtime/auth',
  summary: 'Signs a subscription',
  description:
    'Inboxes for their owners, channels of conversations for their members; 403 for everything else.',
  request: body(z.object({ socket_id: socket, channel_name: z.string().max(200) })),
  responses: {
    200: json<{ auth: string; channel_data?: string }>('What `pusher:subscribe` takes'),
  },
});

const userAuthRoute = createRoute({
  method: 'post',
  path: '/realtime/user-auth',
  summary: 'Signs a sign-in of the socket, as the caller’s session',
  request: body(z.object({ socket_id: socket })),
  responses: { 200: json<{ auth: string; user_data: string }>('What `pusher:signin` takes') },
});

const openRoute = createRoute({
  method: 'post',
  path: '/rooms/open',
  summary: 'Enters a room',
  description:
    'The lobby and the page’s room are made when they are first asked for; a named room must be there. A page’s address must have ' +
    'the origin of the request. `signed`: a JWT, HS256, signed with the app’s chat secret: `aud` the app’s id, `exp` at most an ' +
    'hour ahead, `room` the host’s id of the room, and if wanted `title` and `membersOnly`. `id`: for who is in it, and for ' +
    'moderators of the app.',
  request: body(
    z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('lobby') }),
      z.object({ kind: z.literal('page'), url: z.string().max(4_096), title: line.optional() }),
      z.object({ kind: z.literal('named'), name: z.string().min(1).max(200) }),
      z.object({ kind: z.literal('signed'), token: z.string().max(10_000) }),
      z.object({ kind: z.literal('id'), id }),
    ]),
  ),
  responses: { 200: json<Conversation>('The room, of which the caller is a member') },
});

const roomsRoute = createRoute({
  method: 'get',
  path: '/rooms',
  summary: 'The lobby and the rooms that have a name',
  responses: {
    200: json<{
      rooms: {
        id: string;
        name: string;
        title: string;
        topic: string;
        online: number;
        membersOnly: boolean;
      }[];
    }>('Where something was said last comes first; at most 200'),
  },
});

const createRoomRoute = createRoute({
  method: 'post',
  path: '/rooms',
  summary: 'Creates a room with a name, which the caller owns',
  request: body(
    z.object({
      name: z.string().min(1).max(200),
      title: line.default(''),
      membersOnly: z.boolean().default(false),
    }),
  ),
  responses: { 201: json<Conversation>('The room') },
});

const mineRoute = createRoute({
  method: 'get',
  path: '/conversations',
  summary: 'My conversations',
  request: { query: z.object({ before: id.optional() }) },
  responses: {
    200: json<{ conversations: Conversation[]; more: boolean }>(
      'Newest first, 50 at a time; `before` is the id of the last one of the page before',
    ),
  },
});

const oneRoute = createRoute({
  method: 'get',
  path: '/conversations/{id}',
  summary: 'One of my conversations',
  request: inConversation,
  responses: { 200: json<Conversation>('The conversation') },
});

const changeRoute = createRoute({
  method: 'patch',
  path: '/conversations/{id}',
  summary: 'Sets what moderators may set of a room',
  request: {
    ...inConversation,
    ...body(
      z.object({
        title: line.optional(),
        topic: line.optional(),
        slowSeconds: z.number().int().min(0).max(86_400).optional(),
        locked: z.boolean().optional(),
        membersOnly: z.boolean().optional(),
        retentionDays: z.number().int().min(0).max(36_500).optional(),
      }),
    ),
  },
  responses: { 200: json<Conversation>('The room as it is now') },
});

const leaveRoute = createRoute({
  method: 'delete',
  path: '/conversations/{id}/membership',
  summary: 'Leaves a room; puts a one-to-one conversation away until its next message',
  request: inConversation,
  responses: { 204: { description: 'Left' } },
});

const notifyRoute = createRoute({
  method: 'patch',
  path: '/conversations/{id}/membership',
  summary: 'Sets for what I want to be called',
  request: { ...inConversation, ...body(z.object({ notify: z.enum(['all', 'mentions', 'none']) })) },
  responses: { 200: json<Conversation>('The conversation') },
});

const historyRoute = createRoute({
  method: 'get',
  path: '/conversations/{id}/messages',
  summary: 'Messages by their numbers, oldest first; the newest ones when nothing is said',
  request: {
    ...inConversation,
    query: z.object({
      before: whole.optional(),
      after: whole.optional(),
      around: whole.optional(),
      limit: z.coerce.number().int().min(1).max(limits.historyPage).optional(),
    }),
  },
  responses: { 200: json<HistoryPage>('A stretch of the history, and whether there is more on either side') },
});

const changesRoute = createRoute({
  method: 'get',
  path: '/conversations/{id}/changes',
  summary: 'What was new or changed since a change',
  description:
    'Each message once, in its newest state, by the number of its newest change. `more`: ask again since `lastChange`. `tooMuch`: ' +
    `more than ${limits.changesMax} changes were missed; begin anew with the newest messages.`,
  request: { ...inConversation, query: z.object({ since: whole }) },
  responses: { 200: json<Changes>('What was missed') },
});

const sendRoute = createRoute({
  method: 'post',
  path: '/conversations/{id}/messages',
  summary: 'Sends a message',
  description:
    'The id is a UUID that the client makes and keeps across tries: sending it again stores nothing and gives the same answer.',
  request: {
    ...inConversation,
    ...body(
      z.object({
        id: z.uuid(),
        text,
        kind: z.enum(['text', 'action']).optional(),
        replyTo: number.optional(),
        attachments: z.array(id).max(limits.attachmentsPerMessage).optional(),
        mentions: z.array(id).max(limits.mentionsPerMessage).optional(),
      }),
    ),
  },
  responses: {
    200: json<{ message: Message }>('It was sent before'),
    201: json<{ message: Message }>('It is stored'),
  },
});

const editRoute = createRoute({
  method: 'patch',
  path: '/conversations/{id}/messages/{seq}',
  summary: 'Changes the text of an own message',
  request: { ...atMessage, ...body(z.object({ text })) },
  responses: { 200: json<{ message: Message }>('The message as it is now') },
});

const removeRoute = createRoute({
  method: 'delete',
  path: '/conversations/{id}/messages/{seq}',
  summary: 'Deletes an own message; moderators anybody’s',
  request: atMessage,
  responses: { 200: json<{ message: Message }>('What is left of it') },
});

const reactRoute = createRoute({
  method: 'put',
  path: '/conversations/{id}/messages/{seq}/reactions/{emoji}',
  summary: 'Reacts with an emoji',
  request: atReaction,
  responses: { 200: json<{ message: Message }>('The message as it is now') },
});

const unreactRoute = createRoute({
  method: 'delete',
  path: '/conversations/{id}/messages/{seq}/reactions/{emoji}',
  summary: 'Takes an own reaction away',
  request: atReaction,
  responses: { 200: json<{ message: Message }>('The message as it is now') },
});

const cursorRoute = createRoute({
  method: 'put',
  path: '/conversations/{id}/cursor',
  summary: 'Says up to which message I have read; never moves back',
  request: { ...inConversation, ...body(z.object({ seq: number })) },
  responses: { 200: json<{ cursor: number; unread: number; mentions: number }>('Where the cursor is now') },
});

const membersRoute = createRoute({
  method: 'get',
  path: '/conversations/{id}/members',
  summary: 'Members, 100 at a time',
  request: {
    ...inConversation,
    query: z.object({ after: id.optional(), staff: z.enum(['true', 'false']).default('false') }),
  },
  responses: {
    200: json<{ members: (Person & { role: Role; mutedUntil: number | null })[]; more: boolean }>(
      'By id; `after` is the last one of the page before. `staff`: only those with a role',
    ),
  },
});

const onlineRoute = createRoute({
  method: 'get',
  path: '/conversations/{id}/online',
  summary: 'How many are in the room at the moment',
  request: inConversation,
  responses: { 200: json<Online>('`capped`: more than the list of members online can show') },
});

const moderateRoute = createRoute({
  method: 'post',
  path: '/conversations/{id}/moderation',
  summary: 'Acts on somebody in a room',
  request: {
    ...inConversation,
    ...body(
      z.object({
        act: z.enum(['kick', 'ban', 'unban', 'mute', 'unmute', 'let-in']),
        person: id,
        minutes: z.number().int().min(1).max(5_256_000).nullish(),
        reason: line.default(''),
      }),
    ),
  },
  responses: { 204: { description: 'Done' } },
});

const roleRoute = createRoute({
  method: 'put',
  path: '/conversations/{id}/members/{person}/role',
  summary: 'Gives somebody a role',
  request: { params: z.object({ id, person: id }), ...body(z.object({ role })) },
  responses: { 204: { description: 'Done' } },
});

const bansRoute = createRoute({
  method: 'get',
  path: '/conversations/{id}/bans',
  summary: 'Who is banned',
  request: inConversation,
  responses: { 200: json<{ bans: Ban[] }>('The last one first') },
});

const auditRoute = createRoute({
  method: 'get',
  path: '/conversations/{id}/audit',
  summary: 'What moderators have done',
  request: inConversation,
  responses: { 200: json<{ entries: AuditEntry[] }>('The last act first, at most 200') },
});

/** Routes of rooms, conversations and messages. Limits by cost are taken before a request gets here (`api/limits.ts`). */
export function conversationRoutes({ rooms, messages, reading, moderation, realtime }: ConversationService) {
  return chatRouter()
    .openapi(authRoute, async (c) => {
      const { socket_id, channel_name } = c.req.valid('json');
      return c.json(await realtime.authorise(c.get('caller'), socket_id, channel_name), 200);
    })
    .openapi(userAuthRoute, async (c) =>
      c.json(await realtime.signIn(c.get('caller'), c.req.valid('json').socket_id), 200),
    )
    .openapi(openRoute, async (c) => {
      const room = c.req.valid('json');
      const sent = c.req.header('Origin') ?? null;
      const origin = room.kind === 'page' ? vouchedOrigin(sent, c.env.client.host, room.url) : sent;
      return c.json(await rooms.open(c.get('caller'), room, origin), 200);
    })
    .openapi(roomsRoute, async (c) => c.json({ rooms: await rooms.list(c.get('caller')) }, 200))
    .openapi(createRoomRoute, async (c) =>
      c.json(await rooms.create(c.get('caller'), c.req.valid('json')), 201),
    )
    .openapi(mineRoute, async (c) => {
      const { app, user } = c.get('caller');
      return c.json(await reading.mine(app.id, user, 50, c.req.valid('query').before), 200);
    })
    .openapi(oneRoute, async (c) => {
      const { app, user } = c.get('caller');
      const conversation = await reading.one(app.id, user, c.req.valid('param').id);
      return c.json(conversation ?? refuse('not_found'), 200);
    })
    .openapi(changeRoute, async (c) =>
      c.json(await rooms.change(c.get('caller'), c.req.valid('param').id, c.req.valid('json')), 200),
    )
    .openapi(leaveRoute, async (c) => {
      await rooms.leave(c.get('caller'), c.req.valid('param').id);
      return c.body(null, 204);
    })
    .openapi(notifyRoute, async (c) => {
      const { notify } = c.req.valid('json');
      return c.json(await rooms.setNotify(c.get('caller'), c.req.valid('param').id, notify), 200);
    })
    .openapi(historyRoute, async (c) =>
      c.json(await reading.history(c.get('caller'), c.req.valid('param').id, c.req.valid('query')), 200),
    )
    .openapi(changesRoute, async (c) => {
      const { since } = c.req.valid('query');
      return c.json(await reading.changes(c.get('caller'), c.req.valid('param').id, since), 200);
    })
    .openapi(sendRoute, async (c) => {
      const sent = await messages.send(c.get('caller'), c.req.valid('param').id, c.req.valid('json'));
      return c.json({ message: sent.message }, sent.isNew ? 201 : 200);
    })
    .openapi(editRoute, async (c) => {
      const { id: conversation, seq } = c.req.valid('param');
      const message = await messages.edit(c.get('caller'), conversation, seq, c.req.valid('json').text);
      return c.json({ message }, 200);
    })
    .openapi(removeRoute, async (c) => {
      const { id: conversation, seq } = c.req.valid('param');
      return c.json({ message: await messages.remove(c.get('caller'), conversation, seq) }, 200);
    })
    .openapi(reactRoute, async (c) => {
      const { id: conversation, seq, emoji } = c.req.valid('param');
      return c.json({ message: await messages.react(c.get('caller'), conversation, seq, emoji, true) }, 200);
    })
    .openapi(unreactRoute, async (c) => {
      const { id: conversation, seq, emoji } = c.req.valid('param');
      return c.json({ message: await messages.react(c.get('caller'), conversation, seq, emoji, false) }, 200);
    })
    .openapi(cursorRoute, async (c) => {
      const { seq } = c.req.valid('json');
      return c.json(await reading.moveCursor(c.get('caller'), c.req.valid('param').id, seq), 200);
    })
    .openapi(membersRoute, async (c) => {
      const { after, staff } = c.req.valid('query');
      const page = await rooms.members(c.get('caller'), c.req.valid('param').id, after, staff === 'true');
      return c.json(page, 200);
    })
    .openapi(onlineRoute, async (c) =>
      c.json(await rooms.online(c.get('caller'), c.req.valid('param').id), 200),
    )
    .openapi(moderateRoute, async (c) => {
      const { act, person, minutes, reason } = c.req.valid('json');
      await moderation.act(c.get('caller'), c.req.valid('param').id, act, person, minutes ?? null, reason);
      return c.body(null, 204);
    })
    .openapi(roleRoute, async (c) => {
      const { id: conversation, person } = c.req.valid('param');
      await moderation.setRole(c.get('caller'), conversation, person, c.req.valid('json').role);
      return c.body(null, 204);
    })
    .openapi(bansRoute, async (c) =>
      c.json({ bans: await moderation.bans(c.get('caller'), c.req.valid('param').id) }, 200),
    )
    .openapi(auditRoute, async (c) =>
      c.json({ entries: await moderation.auditOf(c.get('caller'), c.req.valid('param').id) }, 200),
    );
}
