import { expect, test } from 'bun:test';
import { startServer } from '../support/server.ts';
import { Browser, signedIn } from './support/desk.ts';

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly additionalProperties?: Schema | boolean;
}

interface Operation {
  readonly summary?: string;
  readonly security?: readonly object[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
  }[];
  readonly requestBody?: object;
  readonly responses: Readonly<
    Record<
      string,
      {
        readonly description: string;
        readonly content?: Readonly<Record<string, { readonly schema: Schema }>>;
      }
    >
  >;
}

interface Document {
  readonly openapi: string;
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** What of `value` is not as the schema says; '' when all is. Fields that it does not name are wrong too. */
function mismatch(document: Document, schema: Schema, value: unknown, at = '$'): string {
  if (schema.$ref !== undefined) {
    const named = document.components.schemas[schema.$ref.replace('#/components/schemas/', '')];
    return named === undefined ? `${at}: ${schema.$ref} is nowhere` : mismatch(document, named, value, at);
  }
  const either = schema.anyOf ?? schema.oneOf;
  if (either !== undefined) {
    const found = either.map((one) => mismatch(document, one, value, at));
    return found.includes('') ? '' : (found[0] ?? `${at}: nothing fits`);
  }
  const types = [schema.type ?? []].flat();
  const isA = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
  if (types.length > 0 && !types.includes(isA) && !(types.includes('integer') && Number.isInteger(value))) {
    return `${at}: expected ${types.join(' or ')}, found ${isA}`;
  }
  if (schema.enum !== undefined && value !== null && !schema.enum.includes(value))
    return `${at}: ${value} is none of its values`;
  if (Array.isArray(value)) {
    return (
      value
        .map((each, index) => mismatch(document, schema.items ?? {}, each, `${at}[${index}]`))
        .find(Boolean) ?? ''
    );
  }
  if (isA !== 'object') return '';
  const fields = Object.entries(value as object);
  for (const name of schema.required ?? [])
    if (!(name in (value as object))) return `${at}.${name} is missing`;
  for (const [name, each] of fields) {
    const more = schema.additionalProperties;
    const of = schema.properties?.[name] ?? (typeof more === 'object' ? more : undefined);
    if (of === undefined) return `${at}.${name} is not in the document`;
    const found = mismatch(document, of, each, `${at}.${name}`);
    if (found !== '') return found;
  }
  return '';
}

const fill = (path: string) =>
  path
    .replace('{id}', '3')
    .replace('{socketId}', '1.2')
    .replace('{endpoint}', 'none')
    .replace('{key}', 'none')
    .replace('{name}', 'nobody')
    .replace('{userId}', 'nobody');

test('the document is for everybody, whole, and holds nothing of this server', async () => {
  await using server = await startServer({
    env: { EARSHOT_PATH: '/x', EARSHOT_APP_NAME: 'Very secret name' },
  });
  const stranger = new Browser(server);
  const document = await stranger.get<Document>('/openapi.json');
  expect([document.openapi, document.servers]).toEqual(['3.1.0', [{ url: '/x/dashboard/api/v1' }]]);
  const text = JSON.stringify(document);
  for (const told of ['Very secret name', server.app.key, server.app.secret])
    expect(text).not.toContain(told);
  for (const [, reference = ''] of text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)) {
    expect([reference, typeof document.components.schemas[reference]]).toEqual([reference, 'object']);
  }
  let operations = 0;
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      operations++;
      const name = `${method} ${path}`;
      expect([name, (operation.summary ?? '').length > 5]).toEqual([name, true]);
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter ?? '');
      const declared = (operation.parameters ?? []).filter((one) => one.in === 'path').map((one) => one.name);
      expect([name, ...declared.sort()]).toEqual([name, ...inPath.sort()]);
      if (method === 'get') expect([name, operation.requestBody]).toEqual([name, undefined]);
    }
  }
  expect(operations).toBeGreaterThan(30);
});

test('every route answers what it documents: signed out, unknown, empty, and well', async () => {
  await using server = await startServer();
  const [browser, stranger] = [await signedIn(server), new Browser(server)];
  const document = await stranger.get<Document>('/openapi.json');
  const wire = await server.connect();
  await server.joinPresence(wire, 'presence-room', 'ada', { name: 'Ada' });
  const succeeded: string[] = [];

  const check = async (method: string, path: string, as: Browser, asked: Parameters<Browser['ask']>[2]) => {
    const route = Object.keys(document.paths).find((one) => fill(one) === path.split('?')[0]) ?? path;
    const { responses } = document.paths[route]?.[method] ?? { responses: {} };
    const signal = AbortSignal.timeout(90_000);
    const response = await as.open(method.toUpperCase(), path, { ...asked, signal });
    const documented = responses[response.status];
    expect([method, path, response.status, documented !== undefined]).toEqual([
      method,
      path,
      response.status,
      true,
    ]);
    const [type, content] = Object.entries(documented?.content ?? {})[0] ?? [];
    if (response.status < 300) succeeded.push(`${method} ${route}`);
    if (type === 'text/event-stream') {
      expect(response.headers.get('Content-Type')).toStartWith(type);
      await response.body?.cancel();
      return;
    }
    expect(response.headers.get('Cache-Control')).toBe('no-store');
    const text = await response.text();
    if (content === undefined) expect([path, text]).toEqual([path, '']);
    else
      expect([method, path, mismatch(document, content.schema, JSON.parse(text))]).toEqual([
        method,
        path,
        '',
      ]);
  };

  for (const [route, methods] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const path = fill(route);
      if (operation.security?.length !== 0 && route !== '/session') {
        const answer = await stranger.ask(method.toUpperCase(), path, method === 'get' ? {} : { body: {} });
        expect([method, route, answer.status, answer.error?.code]).toEqual([
          method,
          route,
          401,
          'signed_out',
        ]);
      }
      if (method === 'delete' && route === '/session') continue;
      await check(method, path, browser, operation.requestBody === undefined ? {} : { raw: '{}' });
      if (route.includes('{id}')) {
        const answer = await browser.ask(method.toUpperCase(), path.replace('/3', '/4'), {
          ...(operation.requestBody === undefined ? {} : { raw: '{}' }),
        });
        expect([method, route, answer.status === 404 || answer.status === 400]).toEqual([
          method,
          route,
          true,
        ]);
      }
    }
  }
  await check('get', '/apps/3/statistics?range=hour', browser, {});
  await check('get', '/apps/3/statistics?range=month', browser, {});
  await check('post', '/apps', browser, { body: { name: 'Second' } });
  await check('patch', '/apps/3', browser, { body: { settings: { cacheSeconds: 60 } } });
  await check('post', '/operators', browser, { body: { name: 'Ada', password: 'a long enough password' } });
  await check('post', '/apps/3/events', browser, { body: { channel: 'c', event: 'e', data: '{}' } });
  const detail =
    document.paths['/apps/{id}/channels/{name}']?.get?.responses['200']?.content?.['application/json'];
  expect(mismatch(document, detail?.schema ?? {}, await browser.get('/apps/3/channels/presence-room'))).toBe(
    '',
  );
  const connection = document.paths['/apps/{id}/connections/{socketId}']?.get?.responses['200']?.content;
  const schema = connection?.['application/json']?.schema ?? {};
  expect(mismatch(document, schema, await browser.get(`/apps/3/connections/${wire.socketId}`))).toBe('');
  expect(succeeded.length).toBeGreaterThan(18);
});

test('what is no address, or takes other methods, is said to be', async () => {
  await using server = await startServer();
  const browser = await signedIn(server);
  expect((await browser.ask('GET', '/nothing')).error?.code).toBe('not_found');
  expect((await browser.ask('GET', '/apps/3/nothing/at/all')).error?.code).toBe('not_found');
  const put = await browser.ask('PUT', '/apps/3', { body: {} });
  expect([put.status, put.error?.code, put.headers.get('Allow')]).toEqual([
    405,
    'method_not_allowed',
    'GET, PATCH, DELETE',
  ]);
  expect((await browser.ask('GET', '/apps/3%2Fkeys')).status).toBe(404);
  const large = await browser.ask('POST', '/apps', { body: { name: 'x'.repeat(100_000) } });
  expect([large.status, large.error?.code]).toEqual([413, 'too_large']);
});

test('every address below /dashboard is the page, with a policy that allows no other code', async () => {
  await using server = await startServer({ env: { EARSHOT_PATH: '/x' } });
  const page = async (path: string) => fetch(`${server.origin}${path}`, { redirect: 'manual' });
  expect((await page('/dashboard')).headers.get('Location')).toBe('/x/dashboard/');
  const texts = await Promise.all(
    ['/dashboard/', '/dashboard/apps/3/console', '/dashboard/operators'].map(async (path) => {
      const response = await page(path);
      expect([path, response.status, response.headers.get('Content-Type')]).toEqual([
        path,
        200,
        'text/html; charset=utf-8',
      ]);
      const policy = response.headers.get('Content-Security-Policy') ?? '';
      expect(policy).toContain("default-src 'none'; script-src 'self'");
      expect(policy).toContain("require-trusted-types-for 'script'");
      expect(response.headers.get('X-Frame-Options')).toBe('DENY');
      return response.text();
    }),
  );
  expect(new Set(texts).size).toBe(1);
  for (const [, asset = ''] of texts[0]?.matchAll(/"\/x(\/dashboard\/assets\/[^"]+)"/g) ?? []) {
    const response = await page(asset);
    expect([asset, response.status, response.headers.get('Cache-Control')]).toEqual([
      asset,
      200,
      expect.stringContaining('immutable'),
    ]);
  }
  expect((await page('/dashboard/assets/none.js')).status).toBe(404);
  expect((await page('/dashboards')).status).toBe(404);
});
