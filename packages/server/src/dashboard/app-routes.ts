import type { AppDetail, AppKeyView, AppSummary } from '@earshot/dashboard';
import { createRoute, z } from '@hono/zod-openapi';
import type { App, AppKey } from '../apps/app.ts';
import type { AppRegistry, Refused } from '../apps/registry.ts';
import { type AppSettings, checkAppSettingValues } from '../config.ts';
import type { Acts } from './acts.ts';
import { always, answers, appIdParam, appOf, deskRouter, json, jsonBody } from './api.ts';
import { type ApiErrorCode, refuse } from './refusal.ts';
import { appDetailSchema, appKeySchema, appSummarySchema, settingsPatch } from './schemas.ts';
import { settingFields } from './settings.ts';

/** The figures of this moment, of all apps by id. */
export type FiguresNow = () => Promise<
  ReadonlyMap<string, Pick<AppSummary, 'connections' | 'messagesPerMinute' | 'messagesToday'>>
>;

const changes = [...always, 'invalid', 'too_large', 'not_found', 'locked'] as const;

const listRoute = createRoute({
  method: 'get',
  path: '/apps',
  summary: 'All apps, the oldest first',
  responses: answers({ 200: json(z.array(appSummarySchema), 'The apps') }, ...always),
});

const createAppRoute = createRoute({
  method: 'post',
  path: '/apps',
  summary: 'Creates an app, with a key',
  request: jsonBody(z.object({ name: z.string().max(1_000) })),
  responses: answers({ 201: json(appDetailSchema, 'The app') }, ...always, 'invalid', 'too_large'),
});

const readRoute = createRoute({
  method: 'get',
  path: '/apps/{id}',
  summary: 'One app with its settings',
  request: { params: appIdParam },
  responses: answers({ 200: json(appDetailSchema, 'The app') }, ...always, 'not_found'),
});

const changeRoute = createRoute({
  method: 'patch',
  path: '/apps/{id}',
  summary: 'Changes settings of an app',
  request: { params: appIdParam, ...jsonBody(z.object({ settings: settingsPatch })) },
  responses: answers({ 200: json(appDetailSchema, 'The app') }, ...changes),
});

const removeRoute = createRoute({
  method: 'delete',
  path: '/apps/{id}',
  summary: 'Deletes an app with all that belongs to it',
  request: { params: appIdParam, ...jsonBody(z.object({ confirm: z.string().max(1_000) })) },
  description: '`confirm` is the name of the app.',
  responses: answers({ 204: { description: 'Gone; what it leaves goes soon after' } }, ...changes),
});

const keysRoute = createRoute({
  method: 'get',
  path: '/apps/{id}/keys',
  summary: 'The keys of an app, the oldest first',
  request: { params: appIdParam },
  responses: answers({ 200: json(z.array(appKeySchema), 'The keys') }, ...always, 'not_found'),
});

const addKeyRoute = createRoute({
  method: 'post',
  path: '/apps/{id}/keys',
  summary: 'Adds a key, valid besides the present ones',
  request: { params: appIdParam },
  responses: answers({ 201: json(appKeySchema, 'The key') }, ...changes),
});

const revokeKeyRoute = createRoute({
  method: 'delete',
  path: '/apps/{id}/keys/{key}',
  summary: 'Ends a key',
  request: { params: appIdParam.extend({ key: z.string().max(200) }) },
  responses: answers({ 204: { description: 'Gone' } }, ...changes),
});

const codes: Record<Refused['why'], ApiErrorCode> = {
  unknown: 'not_found',
  invalid: 'invalid',
  locked: 'locked',
};

function orRefuse<Result extends object | true>(result: Result | Refused): Result {
  if (typeof result !== 'object' || !('refused' in result)) return result as Result;
  refuse(codes[result.why], `${result.refused}.`);
}

/** Apps, their settings and their keys. */
export function appRoutes(apps: AppRegistry, figuresNow: FiguresNow, acted: Acts) {
  type Figures = Awaited<ReturnType<FiguresNow>>;
  const summary = (app: App, figures: Figures): AppSummary => ({
    id: app.id,
    name: app.settings.name,
    enabled: app.settings.enabled,
    connections: figures.get(app.id)?.connections ?? 0,
    messagesPerMinute: figures.get(app.id)?.messagesPerMinute ?? 0,
    messagesToday: figures.get(app.id)?.messagesToday ?? app.usage.messagesToday,
    isFirst: app === apps.first(),
  });
  const detail = async (app: App): Promise<AppDetail> => ({
    ...summary(app, await figuresNow()),
    createdAt: app.createdAt,
    settings: settingFields(apps, app),
  });
  const keyView = (app: App, { key, secret, createdAt }: AppKey): AppKeyView => ({
    key,
    secret,
    createdAt,
    lockedBy: apps.keyLockOf(app, key),
  });

  return deskRouter()
    .openapi(listRoute, async (c) => {
      const figures = await figuresNow();
      return c.json(
        [...apps.all()].map((app) => summary(app, figures)),
        200,
      );
    })
    .openapi(createAppRoute, async (c) => {
      const { name } = c.req.valid('json');
      const [problem] = checkAppSettingValues({ name });
      if (problem !== undefined) refuse('invalid', `${problem}.`, { field: 'name' });
      const app = await apps.create({ name });
      acted(c, 'an app was created', { app: app.id });
      return c.json(await detail(app), 201);
    })
    .openapi(readRoute, async (c) => c.json(await detail(appOf(apps, c.req.valid('param').id)), 200))
    .openapi(changeRoute, async (c) => {
      const app = appOf(apps, c.req.valid('param').id);
      const { settings } = c.req.valid('json');
      for (const [field, value] of Object.entries(settings)) {
        const [problem] = checkAppSettingValues({ [field]: value });
        if (problem !== undefined) refuse('invalid', `${problem}.`, { field });
        const lock = apps.lockOf(app, field as keyof AppSettings);
        if (lock !== null) {
          refuse(
            'locked',
            `${field} is set by ${lock} and would be back after a restart. Change it there, or unset it.`,
            {
              field,
            },
          );
        }
      }
      const changed = orRefuse(await apps.update(app.id, settings as Partial<AppSettings>));
      acted(c, `settings of an app were changed: ${Object.keys(settings).join(', ')}`, { app: app.id });
      return c.json(await detail(changed), 200);
    })
    .openapi(removeRoute, async (c) => {
      const app = appOf(apps, c.req.valid('param').id);
      if (c.req.valid('json').confirm !== app.settings.name) {
        refuse('invalid', `To delete this app, write its name: ${app.settings.name}`, { field: 'confirm' });
      }
      orRefuse(await apps.remove(app.id));
      acted(c, 'an app was deleted', { app: app.id });
      return c.body(null, 204);
    })
    .openapi(keysRoute, (c) => {
      const app = appOf(apps, c.req.valid('param').id);
      return c.json(
        [...app.keys.values()].map((key) => keyView(app, key)),
        200,
      );
    })
    .openapi(addKeyRoute, async (c) => {
      const app = appOf(apps, c.req.valid('param').id);
      if (app.keys.size >= keysMost) {
        refuse(
          'conflict',
          `This app has ${app.keys.size} keys, which is as many as it may have. Revoke one first.`,
        );
      }
      const key = orRefuse(await apps.addKey(app.id));
      acted(c, 'a key was added', { app: app.id });
      return c.json(keyView(app, key), 201);
    })
    .openapi(revokeKeyRoute, async (c) => {
      const { id, key } = c.req.valid('param');
      orRefuse(await apps.revokeKey(appOf(apps, id).id, key));
      acted(c, 'a key was revoked', { app: id });
      return c.body(null, 204);
    });
}

/** More would be nobody's: two are enough to change one without a gap. */
const keysMost = 10;
