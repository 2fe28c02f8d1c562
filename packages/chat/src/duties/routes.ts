import { createRoute, z } from '@hono/zod-openapi';
import { chatRouter } from '../api/api.ts';
import type { PersonsLives } from '../identity/persons-lives.ts';
import { jsonStream } from './json-stream.ts';

const exportRoute = createRoute({
  method: 'get',
  path: '/me/export',
  summary: 'Everything that is kept about me, as a download',
  responses: {
    200: { description: 'JSON: an object with a member for each part of the chat' },
  },
});

const eraseRoute = createRoute({
  method: 'delete',
  path: '/me',
  summary: 'Erases everything that is kept about me; it cannot be undone',
  description:
    'My messages lose their content and my name and keep their numbers. All my sessions end. Signing in again makes somebody new.',
  request: {
    body: {
      required: true,
      content: { 'application/json': { schema: z.object({ confirm: z.literal('erase') }) } },
    },
  },
  responses: { 204: { description: 'It is gone' } },
});

/** What the law and decency owe people: a copy of their data, and its end. */
export function dutyRoutes(lives: Pick<PersonsLives, 'exportParts' | 'erasePerson'>) {
  return chatRouter()
    .openapi(exportRoute, async (c) => {
      const { app, user } = c.get('caller');
      // By way of the context, so that a page of another origin may read it.
      return c.body(jsonStream(lives.exportParts(app.id, user)), 200, {
        'Content-Type': 'application/json',
        'Content-Disposition': 'attachment; filename="chat-data.json"',
      });
    })
    .openapi(eraseRoute, async (c) => {
      const { app, user } = c.get('caller');
      await lives.erasePerson(app.id, user);
      return c.body(null, 204);
    });
}
