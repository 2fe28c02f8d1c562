import { expect, test } from 'bun:test';
import { hc, type InferRequestType, type InferResponseType } from 'hono/client';
import { type Conversation, chatErrors, type Message, type SessionAnswer } from '../contract/index.ts';
import { conversationRoutes } from '../conversations/routes.ts';
import { dutyRoutes } from '../duties/routes.ts';
import { fileRoutes } from '../files/routes.ts';
import { identityRoutes } from '../identity/routes.ts';
import { liveRoutes } from '../live/routes.ts';
import { notifyRoutes } from '../notify/routes.ts';
import { peopleRoutes } from '../people/routes.ts';
import { reportRoutes } from '../reports/routes.ts';
import { type ChatApi, chatDocument, chatRoutes } from './routes.ts';

interface Operation {
  readonly summary?: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
  }[];
  readonly requestBody?: { readonly content: Record<string, { readonly schema?: object }> };
  readonly responses?: Record<string, { readonly description?: string }>;
  readonly security?: readonly object[];
}

interface Document {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly securitySchemes: Record<string, { readonly type: string }> };
}

/** Routes whose parts are not there: they can be looked at and not be asked. */
const none = {} as never;
const routes = chatRoutes({
  identity: identityRoutes(none, none),
  conversations: conversationRoutes(none),
  people: peopleRoutes(none),
  files: fileRoutes(none),
  notify: notifyRoutes(none, none),
  reports: reportRoutes(none),
  duties: dutyRoutes(none),
  live: liveRoutes(none, none, none),
});
const document = chatDocument(routes, '/x/chat/api/v1') as Document;
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

test('every route is in the document, and nothing else is', () => {
  const mounted = routes.routes
    .filter(({ method }) => method !== 'ALL')
    .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`);
  const described = operations.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
  expect(described.sort()).toEqual([...new Set(mounted)].sort());
  expect(described.length).toBeGreaterThan(50);
});

test('the document is OpenAPI 3.1 as readers of it expect', () => {
  expect(document.openapi).toBe('3.1.0');
  expect(Object.values(document.info).map((value) => typeof value)).toEqual(['string', 'string']);
  expect(document.servers).toEqual([{ url: '/x/chat/api/v1' }]);
  expect(document.components.securitySchemes.bearer?.type).toBe('http');
  for (const { path, method, operation } of operations) {
    const name = `${method} ${path}`;
    expect([name, path.startsWith('/')]).toEqual([name, true]);
    expect([name, ['get', 'post', 'put', 'patch', 'delete'].includes(method)]).toEqual([name, true]);
    expect([name, typeof operation.summary]).toEqual([name, 'string']);
    const responses = Object.entries(operation.responses ?? {});
    expect([name, responses.length > 0]).toEqual([name, true]);
    for (const [status, { description }] of responses) {
      expect([name, status]).toEqual([name, expect.stringMatching(/^[1-5]\d\d$/)]);
      expect([name, typeof description]).toEqual([name, 'string']);
    }
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter);
    const declared = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
    expect([name, ...declared.map((parameter) => parameter.name).sort()]).toEqual([
      name,
      ...inPath.sort(),
    ] as never);
    expect([name, declared.every(({ required }) => required === true)]).toEqual([name, true]);
    if (method === 'get') expect([name, operation.requestBody]).toEqual([name, undefined]);
  }
  const text = JSON.stringify(document);
  for (const [, reference = ''] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
    const found = reference
      .split('/')
      .reduce<unknown>((at, part) => (at as Record<string, unknown>)?.[part], document);
    expect([reference, typeof found]).toEqual([reference, 'object']);
  }
  expect(JSON.parse(text)).toEqual(document as never);
});

test('every refusal has a status that a client can tell from success', () => {
  for (const { status } of Object.values(chatErrors)) expect(status).toBeWithin(400, 600);
});

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <_Statement extends true>() => undefined;

test('the typed client knows what it sends and gets', () => {
  const client = hc<ChatApi>('https://example.com/chat/api/v1');
  const { guest } = client.sessions;
  type GuestAsk = InferRequestType<typeof guest.$post>['json'];
  holds<Same<GuestAsk, { app: string; name: string }>>();
  type GuestAnswer = InferResponseType<typeof guest.$post>;
  holds<GuestAnswer extends { accessToken: SessionAnswer['accessToken'] } ? true : false>();
  const messages = client.conversations[':id'].messages;
  type Sent = InferResponseType<typeof messages.$post>;
  holds<Sent extends { message: { seq: Message['seq']; text: string } } ? true : false>();
  const { open } = client.rooms;
  holds<InferResponseType<typeof open.$post> extends { id: Conversation['id'] } ? true : false>();
  // @ts-expect-error: there is no such route
  client.nothing?.$get;
  expect(client.conversations[':id'].messages.$url({ param: { id: 'x' } }).pathname).toBe(
    '/chat/api/v1/conversations/x/messages',
  );
});
