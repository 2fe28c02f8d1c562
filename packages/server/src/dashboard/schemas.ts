import type {
  AppDetail,
  AppKeyView,
  AppSummary,
  ChannelDetail,
  ChannelList,
  ChannelRow,
  ConnectionDetail,
  ConnectionList,
  ConnectionRow,
  EventDraft,
  EventResult,
  FailedDelivery,
  Operator,
  OperatorSession,
  Page,
  SettingField,
  Statistics,
  StatisticsPoint,
  Ways,
  WebhookAttempt,
  WebhookEndpoint,
  WebhookEndpointDraft,
  WebhookTest,
} from '@earshot/dashboard';
import { transports, webhookKindNames } from '@earshot/dashboard';
import { z } from '@hono/zod-openapi';
import { schemaOf } from './api.ts';

/** Milliseconds since the epoch. */
export const time = z.number().int().openapi({ description: 'Milliseconds since the epoch' });
export const count = z.number().int().nonnegative();

export const waysSchema = schemaOf<Ways>(
  'Ways',
  z.object({ password: z.boolean(), provider: z.string().nullable() }),
);

export const operatorSchema = schemaOf<Operator>(
  'Operator',
  z.object({
    id: z.string(),
    name: z.string(),
    createdAt: time,
    lastSeenAt: time.nullable(),
    lockedBy: z.string().nullable(),
  }),
);

export const sessionSchema = schemaOf<OperatorSession>(
  'OperatorSession',
  z.object({
    operator: z.object({ id: z.string(), name: z.string() }).nullable(),
    version: z.string(),
    server: z.object({
      scheme: z.enum(['http', 'https']),
      host: z.string(),
      port: z.number().int(),
      path: z.string(),
    }),
  }),
);

const summary = {
  id: z.string(),
  name: z.string(),
  enabled: z.boolean(),
  connections: count,
  messagesPerMinute: z.number().nonnegative(),
  messagesToday: count,
  isFirst: z.boolean(),
};

export const appSummarySchema = schemaOf<AppSummary>('AppSummary', z.object(summary));

const settingValue = z.union([z.boolean(), z.number(), z.string(), z.array(z.string()), z.null()]);

const settingFieldSchema = schemaOf<SettingField>(
  'SettingField',
  z.object({
    name: z.string(),
    kind: z.enum(['boolean', 'number', 'text', 'list', 'choice']),
    value: settingValue,
    default: settingValue,
    defaultText: z.string().nullable(),
    example: z.string().nullable(),
    doc: z.string(),
    expected: z.string(),
    min: z.number().optional(),
    max: z.number().optional(),
    choices: z.array(z.string()).optional(),
    group: z.string(),
    secret: z.boolean(),
    lockedBy: z.string().nullable(),
    env: z.string(),
  }),
);

export const appDetailSchema = schemaOf<AppDetail>(
  'AppDetail',
  z.object({ ...summary, createdAt: time, settings: z.array(settingFieldSchema) }),
);

export const appKeySchema = schemaOf<AppKeyView>(
  'AppKeyView',
  z.object({ key: z.string(), secret: z.string(), createdAt: time, lockedBy: z.string().nullable() }),
);

/** What `PATCH /apps/{id}` may set: which names there are, and what they take, is said by each setting itself. */
export const settingsPatch = z.record(z.string().max(100), settingValue).openapi({
  description: 'Name of a setting to its new value; null where there is none by default',
});

const transport = z.enum(transports);
const byTransport = z.object({
  websocket: count,
  xhr_streaming: count,
  xhr_polling: count,
  event_stream: count,
});
const nodes = z.object({ answered: count, known: count });

const pointSchema = schemaOf<StatisticsPoint>(
  'StatisticsPoint',
  z.object({
    at: time,
    figures: z
      .object({
        published: count,
        clientEvents: count,
        delivered: count,
        apiRequests: count,
        apiErrors: count,
        connections: byTransport,
        connectionsPeak: count,
        webhooksDelivered: count,
        webhooksFailed: count,
      })
      .nullable(),
  }),
);

const peak = z.object({ value: count, at: time }).nullable();

export const statisticsSchema = schemaOf<Statistics>(
  'Statistics',
  z.object({
    range: z.enum(['hour', 'day', 'month']),
    stepMs: count,
    points: z.array(pointSchema),
    messagesPerDay: z.array(z.object({ day: z.string(), messages: count })),
    peaks: z.object({ connections: peak, messagesPerMinute: peak, messagesPerDay: peak }),
  }),
);

/** Its texts are checked by what every publisher's events are checked by. */
export const eventDraftSchema = schemaOf<EventDraft>(
  'EventDraft',
  z.object({ channel: z.string(), event: z.string(), data: z.string(), socketId: z.string().optional() }),
);

export const eventResultSchema = schemaOf<EventResult>(
  'EventResult',
  z.object({ subscriptions: count, cachedUntil: time.nullable() }),
);

const channelRow = {
  name: z.string(),
  kind: z.enum(['public', 'private', 'presence', 'encrypted']),
  isCache: z.boolean(),
  subscriptions: count,
  users: count.nullable(),
};
const channelRowSchema = schemaOf<ChannelRow>('ChannelRow', z.object(channelRow));

export const channelListSchema = schemaOf<ChannelList>(
  'ChannelList',
  z.object({ total: count, channels: z.array(channelRowSchema) }),
);

const connectionRow = {
  socketId: z.string(),
  node: z.string(),
  transport,
  userId: z.string().nullable(),
  connectedAt: time,
  channels: count,
  queuedBytes: count,
};
const connectionRowSchema = schemaOf<ConnectionRow>('ConnectionRow', z.object(connectionRow));

export const channelDetailSchema = schemaOf<ChannelDetail>(
  'ChannelDetail',
  z.object({
    ...channelRow,
    members: z.array(z.object({ userId: z.string(), userInfo: z.string().nullable() })),
    contentHidden: z.boolean(),
    cached: z
      .object({ event: z.string(), data: z.string().nullable(), dataBytes: count, expiresAt: time })
      .nullable(),
    connections: z.array(connectionRowSchema),
  }),
);

export const connectionListSchema = schemaOf<ConnectionList>(
  'ConnectionList',
  z.object({ total: count, connections: z.array(connectionRowSchema), nodes }),
);

export const connectionDetailSchema = schemaOf<ConnectionDetail>(
  'ConnectionDetail',
  z.object({
    ...connectionRow,
    address: z.string(),
    origin: z.string().nullable(),
    client: z.string().nullable(),
    protocol: z.number().int(),
    lastSeenAt: time,
    channelNames: z.array(z.string()),
    memberOf: z.array(z.object({ channel: z.string(), userId: z.string() })),
  }),
);

const webhookKind = z.enum(webhookKindNames);
const draft = {
  url: z.string().max(4_096),
  kinds: z.array(webhookKind).max(50),
  prefix: z.string().max(1_000),
  headers: z.record(z.string().max(1_000), z.string().max(10_000)),
  batching: z.boolean(),
  enabled: z.boolean(),
};

export const endpointDraftSchema = schemaOf<WebhookEndpointDraft>('WebhookEndpointDraft', z.object(draft));

export const endpointPatchSchema = z.object(draft).partial().openapi('WebhookEndpointPatch');

export const endpointSchema = schemaOf<WebhookEndpoint>(
  'WebhookEndpoint',
  z.object({
    id: z.string(),
    ...draft,
    createdAt: time,
    lockedBy: z.string().nullable(),
    waiting: count,
    failed: count,
    lastAttempt: z.object({ at: time, status: z.number().nullable(), ok: z.boolean() }).nullable(),
  }),
);

const told = {
  ok: z.boolean(),
  status: z.number().int().nullable(),
  reason: z.string().nullable(),
  body: z.string().nullable(),
  answer: z.string().nullable(),
  durationMs: z.number().nonnegative(),
};

export const webhookTestSchema = schemaOf<WebhookTest>('WebhookTest', z.object(told));

const attemptSchema = schemaOf<WebhookAttempt>(
  'WebhookAttempt',
  z.object({
    id: z.string(),
    endpointId: z.string(),
    at: time,
    attempt: count,
    ...told,
    events: z.array(z.object({ name: webhookKind, channel: z.string() })),
  }),
);

export const attemptPageSchema = schemaOf<Page<WebhookAttempt>>(
  'WebhookAttemptPage',
  z.object({ rows: z.array(attemptSchema), next: z.string().nullable() }),
);

const failedSchema = schemaOf<FailedDelivery>(
  'FailedDelivery',
  z.object({
    id: z.string(),
    endpointId: z.string(),
    createdAt: time,
    failedAt: time,
    attempts: count,
    reason: z.string().nullable(),
    name: webhookKind,
    channel: z.string(),
    event: z.string().nullable(),
  }),
);

export const failedPageSchema = schemaOf<Page<FailedDelivery>>(
  'FailedDeliveryPage',
  z.object({ rows: z.array(failedSchema), next: z.string().nullable() }),
);
