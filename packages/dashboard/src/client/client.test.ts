import { expect, test } from 'bun:test';
import { type Api, ApiFailure, createApi, type Fetch, pathOf } from './api.ts';
import { eventStreamReader } from './event-stream.ts';
import { Link } from './link.ts';
import { openStream, type StreamState } from './stream.ts';

const network = () => new Link({ online: true, listen: () => {} });

function apiOf(fetch: Fetch, link = network()) {
  const told: string[] = [];
  const api = createApi({ fetch, prefix: '/x', link, onSignedOut: () => told.push('signed out') });
  return { api, told, link };
}

/** What a request of `api` is refused with. */
async function failureOf(api: Api): Promise<ApiFailure> {
  try {
    await api.request('GET', '/apps');
  } catch (error) {
    if (error instanceof ApiFailure) return error;
    throw error;
  }
  throw new Error('expected a refusal');
}

test('requests are JSON below the prefix; values in a path are one segment each', async () => {
  const asked: unknown[] = [];
  const { api } = apiOf(async (url, init) => {
    asked.push([url, init.method, init.body]);
    return Response.json({ id: '3' });
  });
  await api.request('PATCH', pathOf`/apps/${'a/b c'}/keys`, {
    query: { q: 'ü', none: '' },
    body: { name: 'x' },
  });
  expect(asked).toEqual([['/x/dashboard/api/v1/apps/a%2Fb%20c/keys?q=%C3%BC', 'PATCH', '{"name":"x"}']]);
});

test('a refusal is thrown as it was said; a signed out one is told', async () => {
  const error = { code: 'signed_out', message: 'Sign in.' };
  const { api, told } = apiOf(async () => Response.json({ error }, { status: 401 }));
  const failure = await failureOf(api);
  expect([failure.status, failure.error]).toEqual([401, error]);
  expect(told).toEqual(['signed out']);
});

test('the page of a proxy, and no answer at all, are told as such', async () => {
  const proxy = apiOf(async () => new Response('<h1>Bad gateway</h1>', { status: 502 }));
  const failure = await failureOf(proxy.api);
  expect([failure.code, failure.message]).toEqual(['internal', expect.stringContaining('status 502')]);
  expect(proxy.link.state).toBe('fine');

  const down = apiOf(() => Promise.reject(new TypeError('Failed to fetch')));
  expect((await failureOf(down.api)).code).toBe('unreachable');
  expect(down.link.state).toBe('reconnecting');
});

test('an event stream is read from pieces of any size', () => {
  const text = ': hello\n\nevent: figures\ndata: {"a":1,\r\ndata: "b":"ü"}\n\ndata:x\n\nevent: empty\n\n';
  const expected = [
    { event: 'figures', data: '{"a":1,\n"b":"ü"}' },
    { event: 'message', data: 'x' },
  ];
  expect(eventStreamReader()(text)).toEqual(expected);
  const read = eventStreamReader();
  expect([...text].flatMap((sign) => read(sign))).toEqual(expected);
  expect(() => eventStreamReader(10)('data: a long line without an end')).toThrow('longer than 10');
});

/** What a stream tells until `until` is told. */
function follow(fetch: Fetch, until: (states: string[], events: unknown[]) => boolean) {
  const states: string[] = [];
  const events: unknown[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const { api, link } = apiOf(fetch);
  const check = () => until(states, events) && resolve();
  const stream = openStream({
    api,
    link,
    path: '/apps/3/live',
    onEvent: (event, data) => {
      events.push([event, data]);
      check();
    },
    onState: (state: StreamState) => {
      states.push(state.is);
      check();
    },
    onSignedOut: () => {
      states.push('signed out');
      check();
    },
  });
  return promise.then(() => {
    const state = link.state;
    stream.stop();
    return { states, events, link: state, after: link.state };
  });
}

test('a stream that ends is opened again, and the link knows', async () => {
  let times = 0;
  const found = await follow(
    async () => {
      times++;
      return new Response(`event: n\ndata: ${times}\n\n`);
    },
    (_, events) => events.length === 2,
  );
  expect(found.events).toEqual([
    ['n', 1],
    ['n', 2],
  ]);
  expect(found.states).toEqual(['connecting', 'open', 'reconnecting', 'open']);
  expect([found.link, found.after]).toEqual(['fine', 'fine']);
});

test('a refusal for good is not tried again; the end of the session is told', async () => {
  const refused = (status: number, code: string) => async () =>
    Response.json({ error: { code, message: '' } }, { status });
  const gone = await follow(refused(404, 'not_found'), (states) => states.length === 2);
  expect([gone.states, gone.link]).toEqual([['connecting', 'refused'], 'fine']);
  const out = await follow(refused(401, 'signed_out'), (states) => states.length === 2);
  expect(out.states).toEqual(['connecting', 'signed out']);
});
