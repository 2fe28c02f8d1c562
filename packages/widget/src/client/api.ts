import type { Attachment } from '@earshot/chat/contract';
import { type Answer, answered, failed, problemOf } from './answer.ts';
import type { Env } from './env.ts';
import type { BodyOf, Route, ValueOf } from './routes.ts';

/** Where a request may wait this long for its answer. */
const timeoutMs = 15_000;

/** Where access tokens come from. */
export interface Tokens {
  /** A token that is good for now, renewed before if need be. */
  current(): Promise<Answer<string>>;
  /** Another one than `stale`, which the server has refused. */
  renewed(stale: string): Promise<Answer<string>>;
}

/** One request, with the token given or none. */
export type Send = <R extends Route>(
  route: R,
  parts: readonly (string | number)[],
  body: BodyOf<R>,
  token?: string,
) => Promise<Answer<ValueOf<R>>>;

/** Requests of somebody who is signed in. */
export interface Api {
  call<R extends Route>(
    route: R,
    ...rest: BodyOf<R> extends undefined
      ? [...parts: (string | number)[]]
      : [body: BodyOf<R>, ...parts: (string | number)[]]
  ): Promise<Answer<ValueOf<R>>>;
  /** @returns how to give it up */
  upload(
    conversation: string,
    file: File,
    progress: (part: number) => void,
    done: (answer: Answer<Attachment>) => void,
  ): () => void;
}

/** @param base the API's address, `…/chat/api/v1` */
export function createSend(env: Env, base: string): Send {
  return async (route, parts, body, token) => {
    const [method = '', path = ''] = route.split(' ');
    const url = base + filled(path, parts) + (method === 'GET' ? queryOf(body) : '');
    const abort = new AbortController();
    const timeout = env.after(timeoutMs, () => abort.abort());
    env.page.blocked(url); // begins to listen, so that the reason is known when it fails
    try {
      const response = await env.fetch(url, {
        method,
        mode: 'cors',
        credentials: 'omit',
        cache: 'no-store',
        referrerPolicy: 'no-referrer',
        signal: abort.signal,
        headers: {
          ...(method === 'GET' ? {} : { 'Content-Type': 'application/json' }),
          ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
        },
        ...(method === 'GET' || body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return parsed(response.status, text);
    } catch {
      // No answer: the network, the time-out, or the page's own policy. Browsers do not say more.
      return failed({ code: env.page.blocked(url) ? 'blocked_by_page' : 'network' });
    } finally {
      timeout.cancel();
    }
  };
}

export function createApi(env: Env, base: string, send: Send, tokens: Tokens): Api {
  async function authorised<T>(attempt: (token: string) => Promise<Answer<T>>): Promise<Answer<T>> {
    const token = await tokens.current();
    if (token.problem !== null) return token;
    const answer = await attempt(token.value);
    if (answer.problem?.code !== 'unauthorised') return answer;
    const renewed = await tokens.renewed(token.value);
    return renewed.problem === null ? attempt(renewed.value) : renewed;
  }
  return {
    call<R extends Route>(route: R, ...rest: unknown[]) {
      const count = route.split(':').length - 1;
      const body = (rest.length > count ? rest[0] : undefined) as BodyOf<R>;
      const parts = rest.slice(rest.length - count) as string[];
      return authorised((token) => send(route, parts, body, token));
    },
    upload(conversation, file, progress, done) {
      let given = false;
      let abort = () => {};
      const url = base + filled('/conversations/:/files', [conversation]);
      const attempt = (token: string) =>
        new Promise<Answer<Attachment>>((resolve) => {
          if (given) return;
          const headers = {
            Authorization: `Bearer ${token}`,
            'Content-Type': file.type || 'application/octet-stream',
            'X-File-Name': encodeURIComponent(file.name),
          };
          abort = env.upload(url, headers, file, progress, (status, body) => resolve(parsed(status, body)));
        });
      authorised(attempt).then((answer) => {
        if (!given) done(answer);
      });
      return () => {
        given = true;
        abort();
      };
    },
  };
}

/** An answer of the server, or of something in front of it, which need not speak JSON. */
function parsed<T>(status: number, text: string): Answer<T> {
  let body: unknown = null;
  try {
    body = text === '' ? null : JSON.parse(text);
  } catch {
    if (status >= 200 && status < 300) return failed({ code: 'internal' });
  }
  if (status >= 200 && status < 300) return answered(body as T);
  return failed(problemOf(body, byStatus(status)));
}

/** What a refusal without a body of ours means. */
function byStatus(status: number) {
  if (status === 0) return 'network';
  if (status === 401) return 'unauthorised';
  if (status === 403) return 'forbidden';
  if (status === 404) return 'not_found';
  if (status === 413) return 'too_large';
  if (status === 429) return 'too_many_requests';
  return status >= 500 ? 'unavailable' : 'bad_request';
}

function filled(path: string, parts: readonly (string | number)[]): string {
  let next = 0;
  return path.replace(/:/g, () => encodeURIComponent(parts[next++] ?? ''));
}

function queryOf(query: unknown): string {
  const pairs = Object.entries(query ?? {}).filter(([, value]) => value !== undefined);
  return pairs.length === 0
    ? ''
    : `?${new URLSearchParams(pairs.map(([name, value]) => [name, `${value}`]))}`;
}
