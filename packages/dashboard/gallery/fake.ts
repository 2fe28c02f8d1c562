import type { Fetch } from '../src/client/api.ts';
import { apiPath } from '../src/contract.ts';

/** What a route of the fake is given. */
export interface FakeRequest {
  /** The parts of the path that the pattern caught, decoded. */
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
  readonly body: unknown;
  readonly signal: AbortSignal | null;
}

/**
 * `GET /apps/:id` to its answer: a value is its JSON, undefined is 204, a `Response` is itself. `never` does not answer
 * and `throws` is a network that is down.
 */
export type FakeRoutes = Readonly<Record<string, (request: FakeRequest) => unknown>>;

export const refusal = (status: number, code: string, message: string, more: object = {}) =>
  Response.json({ error: { code, message, ...more } }, { status });

export const never = () => new Promise(() => {});
export const throws = () => Promise.reject(new TypeError('Failed to fetch'));

/** An event stream that begins at once and goes on as `next` says: `[event, data]`, each after `everyMs`. */
export function streamOf(
  first: readonly (readonly [string, unknown])[],
  next: (() => readonly [string, unknown]) | null,
  { everyMs = 1000, signal }: { everyMs?: number; signal: AbortSignal | null },
): Response {
  let timer: ReturnType<typeof setInterval> | undefined;
  const encoder = new TextEncoder();
  const text = ([event, data]: readonly [string, unknown]) =>
    encoder.encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(encoder.encode(': hello\n\n'));
      for (const one of first) controller.enqueue(text(one));
      if (next !== null) timer = setInterval(() => controller.enqueue(text(next())), everyMs);
      signal?.addEventListener('abort', () => clearInterval(timer));
    },
    cancel() {
      clearInterval(timer);
    },
  });
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
}

/** A `fetch` that answers from `routes` alone; those that come later win. */
export function fakeFetch(prefix: string, ...routes: readonly FakeRoutes[]): Fetch {
  const all: FakeRoutes = Object.assign({}, ...routes);
  const table = Object.entries(all).map(([route, answer]) => {
    const [method = '', path = ''] = route.split(' ');
    return { method, pattern: new RegExp(`^${path.replace(/:\w+/g, '([^/]+)')}$`), answer };
  });
  return async (url, init) => {
    const { pathname, searchParams } = new URL(url, location.href);
    const path = pathname.slice(prefix.length + apiPath.length);
    // A little time, as any server takes.
    await new Promise((resolve) => setTimeout(resolve, 5));
    for (const { method, pattern, answer } of table.toReversed()) {
      const found = pattern.exec(path);
      if (found === null || (method !== init.method && !(init.method === undefined && method === 'GET')))
        continue;
      const body = typeof init.body === 'string' ? JSON.parse(init.body) : undefined;
      const parts = found.slice(1).map(decodeURIComponent);
      const answered = await answer({ parts, query: searchParams, body, signal: init.signal ?? null });
      if (answered instanceof Response) return answered;
      return answered === undefined ? new Response(null, { status: 204 }) : Response.json(answered);
    }
    return refusal(404, 'not_found', `The gallery has no ${init.method ?? 'GET'} ${path}.`);
  };
}
