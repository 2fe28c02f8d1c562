import type { AppKeyView, AppSummary, Operator, Range, Ways } from '../src/contract.ts';
import { deskRoutes } from './desk-routes.ts';
import { type FakeRoutes, refusal, streamOf } from './fake.ts';
import { apps, detailOf, keys, liveFigures, now, operators, session, statistics } from './world.ts';

const noApp = (id: string) => refusal(404, 'not_found', `There is no app ${id}.`);
const found = (id: string | undefined, then: (app: AppSummary) => unknown) => {
  const app = apps.find((one) => one.id === id);
  return app === undefined ? noApp(id ?? '') : then(app);
};

/** What the made-up server answers. What a state needs otherwise, it says itself (`states.ts`). */
export const routes: FakeRoutes = {
  ...deskRoutes,
  'GET /session': () => session,
  'POST /session': () => undefined,
  'DELETE /session': () => undefined,
  'GET /ways': (): Ways => ({ password: true, provider: null }),
  'GET /apps': () => apps,
  'POST /apps': ({ body }) => {
    const { name } = body as { name: string };
    return detailOf({ ...(apps[2] as AppSummary), name });
  },
  'GET /apps/:id': ({ parts: [id] }) => found(id, detailOf),
  'PATCH /apps/:id': ({ parts: [id], body }) =>
    found(id, (app) => {
      const { settings } = body as { settings: Record<string, string> };
      const detail = detailOf(app);
      return {
        ...detail,
        enabled: settings.enabled ?? detail.enabled,
        settings: detail.settings.map((one) => ({ ...one, value: settings[one.name] ?? one.value })),
      };
    }),
  'DELETE /apps/:id': () => undefined,
  'GET /apps/:id/keys': () => keys,
  'POST /apps/:id/keys': (): AppKeyView => ({
    key: '9d11a3c7e4b25f60c8aa',
    secret: '55d1e0c2f3b4a1968778',
    createdAt: now,
    lockedBy: null,
  }),
  'DELETE /apps/:id/keys/:key': () => undefined,
  'GET /apps/:id/statistics': ({ query }) => statistics((query.get('range') ?? 'hour') as Range),
  'GET /apps/:id/live': ({ signal }) => {
    let second = 60;
    const first = Array.from({ length: 60 }, (_, index) => ['figures', liveFigures(index)] as const);
    return streamOf(first, () => ['figures', liveFigures(second++)], { signal });
  },
  'GET /operators': () => operators,
  'POST /operators': ({ body }): Operator => ({
    id: 'o9',
    name: (body as { name: string }).name,
    createdAt: now,
    lastSeenAt: null,
    lockedBy: null,
  }),
  'PATCH /operators/:id': ({ parts: [id] }) => operators.find((one) => one.id === id),
  'DELETE /operators/:id': () => undefined,
};
