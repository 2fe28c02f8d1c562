import { type TraceKind, traceKinds } from '@earshot/dashboard';
import { createRoute, z } from '@hono/zod-openapi';
import type { AppRegistry } from '../apps/registry.ts';
import type { Statistics } from '../statistics/statistics.ts';
import { TooManyWatchers, type Trace } from '../trace/trace.ts';
import { always, answers, appIdParam, appOf, deskRouter, json } from './api.ts';
import type { EventStreams } from './event-streams.ts';
import { refuse } from './refusal.ts';
import { statisticsSchema } from './schemas.ts';

const statisticsRoute = createRoute({
  method: 'get',
  path: '/apps/{id}/statistics',
  summary: 'What happened in an app',
  request: { params: appIdParam, query: z.object({ range: z.enum(['hour', 'day', 'month']) }) },
  responses: answers(
    { 200: json(statisticsSchema, 'Figures of every step of the range') },
    ...always,
    'not_found',
    'invalid',
  ),
});

const stream = (description: string) => ({
  description,
  content: { 'text/event-stream': { schema: z.string() } },
});

const liveRoute = createRoute({
  method: 'get',
  path: '/apps/{id}/live',
  summary: 'Figures of each second, as a stream',
  request: { params: appIdParam },
  responses: answers(
    { 200: stream('`event: figures` with `LiveFigures`, until the session ends') },
    ...always,
    'not_found',
    'too_many',
  ),
});

const nameFilter = z.string().max(300).default('');
const consoleRoute = createRoute({
  method: 'get',
  path: '/apps/{id}/console',
  summary: 'What happens in an app, as a stream',
  request: {
    params: appIdParam,
    query: z.object({
      kinds: z
        .string()
        .max(1_000)
        .default('')
        .openapi({ description: 'Separated by commas; all when empty' }),
      channel: nameFilter.openapi({ description: 'A beginning of the channel’s name' }),
      user: nameFilter,
      socket: nameFilter,
    }),
  },
  responses: answers(
    { 200: stream('`event: entries` with `TraceBatch`, until the session ends') },
    ...always,
    'not_found',
    'invalid',
    'too_many',
  ),
});

/** Statistics, the live figures and the debug console. */
export function liveRoutes(
  apps: AppRegistry,
  parts: { readonly statistics: Statistics; readonly trace: Trace; readonly streams: EventStreams },
) {
  const { statistics, trace, streams } = parts;
  return deskRouter()
    .openapi(statisticsRoute, async (c) => {
      const app = appOf(apps, c.req.valid('param').id);
      return c.json(await statistics.range(app, c.req.valid('query').range), 200);
    })
    .openapi(liveRoute, (c) => {
      const app = appOf(apps, c.req.valid('param').id);
      return streams.open(c, {
        begin: (send) => statistics.watch(app, (figures) => send('figures', figures)),
        isStillFor: () => apps.byId(app.id) === app,
      });
    })
    .openapi(consoleRoute, (c) => {
      const app = appOf(apps, c.req.valid('param').id);
      const { kinds, channel, user, socket } = c.req.valid('query');
      const filter = {
        kinds: kindsIn(kinds),
        channel: channel || null,
        userId: user || null,
        socketId: socket || null,
      };
      try {
        return streams.open(c, {
          begin: (send) => trace.watch(app, filter, (batch) => send('entries', batch)),
          isStillFor: () => apps.byId(app.id) === app,
        });
      } catch (error) {
        if (error instanceof TooManyWatchers)
          refuse('too_many', `${error.message}.`, { retryAfterSeconds: 5 });
        throw error;
      }
    });
}

function kindsIn(text: string): ReadonlySet<TraceKind> | null {
  const kinds = text.split(',').filter((part) => part !== '');
  if (kinds.length === 0) return null;
  return new Set(
    kinds.map(
      (kind) =>
        traceKinds.find((one) => one === kind) ??
        refuse('invalid', `Expected kinds of ${traceKinds.join(', ')}, separated by commas.`, {
          field: 'kinds',
        }),
    ),
  );
}
