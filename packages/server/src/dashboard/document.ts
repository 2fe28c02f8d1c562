import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { DeskEnv } from './api.ts';
import { DeskRefusal, refusalResponse } from './refusal.ts';

/** OpenAPI 3.1, generated from the routes. @param address of the API, as the document's readers reach it */
export function apiDocument(api: OpenAPIHono<DeskEnv>, address: string): object {
  api.openAPIRegistry.registerComponent('securitySchemes', 'session', {
    type: 'apiKey',
    in: 'cookie',
    name: 'earshot_session_6001',
    description: 'The cookie of `POST /session`; its name ends in `EARSHOT_PORT`.',
  });
  return api.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Earshot operator’s desk',
      version: '1',
      description:
        'What the dashboard is made of. Changes have to send `Origin` of the server itself, or `Sec-Fetch-Site: same-origin`.',
    },
    servers: [{ url: address }],
    security: [{ session: [] }],
  });
}

/** What is asked for when no route answers: a path that takes other methods, or none of ours. */
export function missing(c: Context<DeskEnv>, api: OpenAPIHono<DeskEnv>, base: string): Response {
  const path = c.req.path.slice(base.length);
  const methods = api.routes.flatMap(({ method, path: route }) =>
    method !== 'ALL' && fits(route, path) ? [method] : [],
  );
  if (methods.length === 0)
    return refusalResponse(c, new DeskRefusal('not_found', 'There is no such address.'));
  const allowed = [...new Set(methods)].join(', ');
  c.header('Allow', allowed);
  return refusalResponse(c, new DeskRefusal('method_not_allowed', `This address takes ${allowed}.`));
}

function fits(route: string, path: string): boolean {
  const pattern = route.split('/');
  const parts = path.split('/');
  return (
    pattern.length === parts.length &&
    pattern.every((part, index) => part === parts[index] || (part.startsWith(':') && parts[index] !== ''))
  );
}
