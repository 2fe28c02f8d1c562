import { createRoute, z } from '@hono/zod-openapi';
import { chatRouter } from '../api/api.ts';
import { isId, limits, type Report } from '../contract/index.ts';
import type { Reports, Statement } from './reports.ts';

const id = z.string().refine(isId, 'Expected an id.');
const state = z.enum(['open', 'resolved', 'dismissed']);
const reason = z.enum(['spam', 'harassment', 'hate', 'sexual', 'violence', 'illegal', 'other']);

const statement = z.custom<Statement>().openapi({
  type: 'object',
  properties: {
    id: { type: 'string' },
    reason: { type: 'string' },
    state: { type: 'string' },
    at: { type: 'integer' },
    statement: { type: 'string' },
  },
});
const report = z.custom<Report>().openapi('Report', { type: 'object' });
const answer = <Schema extends z.ZodType>(schema: Schema, description: string) => ({
  description,
  content: { 'application/json': { schema } },
});

const createReport = createRoute({
  method: 'post',
  path: '/reports',
  summary: 'Reports a person, for a message or as such',
  description: 'What was written around the message is kept with the report, as the reporter saw it.',
  request: {
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z.object({
            person: id,
            conversation: id.nullish(),
            seq: z.number().int().positive().max(Number.MAX_SAFE_INTEGER).nullish(),
            reason,
            text: z.string().max(limits.reportCharacters).default(''),
          }),
        },
      },
    },
  },
  responses: { 201: answer(statement, 'What happens next') },
});

const ownReports = createRoute({
  method: 'get',
  path: '/reports/mine',
  summary: 'What I have reported, and what became of it',
  responses: { 200: answer(z.object({ reports: z.array(statement) }), 'Newest first, at most 50') },
});

const listReports = createRoute({
  method: 'get',
  path: '/reports',
  summary: 'Reports, for moderators of the app',
  request: { query: z.object({ state: state.default('open'), before: id.optional() }) },
  responses: {
    200: answer(z.object({ reports: z.array(report), more: z.boolean() }), 'Newest first, 50 at a time'),
  },
});

const getReport = createRoute({
  method: 'get',
  path: '/reports/{id}',
  summary: 'A report, for moderators of the app',
  request: { params: z.object({ id }) },
  responses: { 200: answer(report, 'The report') },
});

const decideReport = createRoute({
  method: 'post',
  path: '/reports/{id}',
  summary: 'A moderator of the app decides on a report',
  request: {
    params: z.object({ id }),
    body: { required: true, content: { 'application/json': { schema: z.object({ state }) } } },
  },
  responses: { 200: answer(report, 'As it is now') },
});

export function reportRoutes(reports: Reports) {
  return chatRouter()
    .openapi(createReport, async (c) => {
      const { conversation = null, seq = null, ...rest } = c.req.valid('json');
      return c.json(await reports.create(c.get('caller'), { ...rest, conversation, seq }), 201);
    })
    .openapi(ownReports, async (c) => c.json({ reports: await reports.own(c.get('caller')) }, 200))
    .openapi(listReports, async (c) => {
      const { state, before = null } = c.req.valid('query');
      return c.json(await reports.list(c.get('caller'), state, before), 200);
    })
    .openapi(getReport, async (c) => c.json(await reports.get(c.get('caller'), c.req.valid('param').id), 200))
    .openapi(decideReport, async (c) => {
      const { state } = c.req.valid('json');
      return c.json(await reports.decide(c.get('caller'), c.req.valid('param').id, state), 200);
    });
}
