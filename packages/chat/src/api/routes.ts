import type { conversationRoutes } from '../conversations/routes.ts';
import type { dutyRoutes } from '../duties/routes.ts';
import type { fileRoutes } from '../files/routes.ts';
import type { identityRoutes } from '../identity/routes.ts';
import type { liveRoutes } from '../live/routes.ts';
import type { notifyRoutes } from '../notify/routes.ts';
import type { peopleRoutes } from '../people/routes.ts';
import type { reportRoutes } from '../reports/routes.ts';
import { chatRouter } from './api.ts';

/** The routes of each part, relative to the API's address. */
export interface PartRoutes {
  readonly identity: ReturnType<typeof identityRoutes>;
  readonly conversations: ReturnType<typeof conversationRoutes>;
  readonly people: ReturnType<typeof peopleRoutes>;
  readonly files: ReturnType<typeof fileRoutes>;
  readonly notify: ReturnType<typeof notifyRoutes>;
  readonly reports: ReturnType<typeof reportRoutes>;
  readonly duties: ReturnType<typeof dutyRoutes>;
  readonly live: ReturnType<typeof liveRoutes>;
}

/** All routes of the chat's HTTP API. */
export function chatRoutes(parts: PartRoutes) {
  return chatRouter()
    .route('/', parts.identity)
    .route('/', parts.conversations)
    .route('/', parts.people)
    .route('/', parts.files)
    .route('/', parts.notify)
    .route('/', parts.reports)
    .route('/', parts.duties)
    .route('/', parts.live);
}

/** What a typed client is made of: `hc<ChatApi>('https://example.com/chat/api/v1')` of `hono/client`. */
export type ChatApi = ReturnType<typeof chatRoutes>;

/** OpenAPI 3.1, generated from the routes. @param address of the API, as the document's readers reach it */
export function chatDocument(routes: ReturnType<typeof chatRouter>, address: string): object {
  routes.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
  });
  return routes.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'Earshot chat', version: '1' },
    servers: [{ url: address }],
    security: [{ bearer: [] }],
  });
}
