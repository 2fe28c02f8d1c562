import type {
  AppDetail,
  AppKeyView,
  AppSummary,
  Operator,
  OperatorSession,
  SettingField,
  Ways,
} from '@earshot/dashboard';
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
