import { chatRouter } from './api.ts';

/** All routes of the chat's HTTP API, relative to its address. Each part has its own. */
export function chatRoutes() {
  return chatRouter();
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
