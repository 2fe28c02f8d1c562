import { transports } from '@earshot/dashboard';
import { z } from '@hono/zod-openapi';

/** What nodes ask each other and answer. A node of another version may say something else, which is left out then. */

const count = z.int().nonnegative();

export const rowShape = z.object({
  socketId: z.string(),
  node: z.string(),
  transport: z.enum(transports),
  userId: z.string().nullable(),
  connectedAt: z.number(),
  channels: count,
  queuedBytes: count,
});

export const connectionsQuestion = z.object({
  appId: z.string(),
  socket: z.string(),
  user: z.string(),
  channel: z.string(),
});
export const connectionsAnswer = z.object({ total: count, rows: z.array(rowShape) });

export const connectionQuestion = z.object({ appId: z.string(), socketId: z.string() });
export const connectionAnswer = rowShape.extend({
  address: z.string(),
  origin: z.string().nullable(),
  client: z.string().nullable(),
  protocol: z.number(),
  lastSeenAt: z.number(),
  channelNames: z.array(z.string()),
  memberOf: z.array(z.object({ channel: z.string(), userId: z.string() })),
});

export const channelQuestion = z.object({
  appId: z.string(),
  channel: z.string(),
  userIds: z.array(z.string()),
  contentHidden: z.boolean(),
});
export const channelAnswer = z.object({
  subscribers: z.array(rowShape),
  members: z.array(z.object({ userId: z.string(), userInfo: z.string().nullable() })),
});
