import type { ApiError } from '@earshot/dashboard';
import type { TestServer } from '../../support/server.ts';

/** An answer of the dashboard's API, read whole. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed; undefined where there is none. */
  readonly body: unknown;
  /** Of a refusal. */
  readonly error: ApiError | undefined;
}

export interface Asked {
  readonly body?: unknown;
  /** As it is, instead of `body`. */
  readonly raw?: string;
  readonly headers?: Record<string, string>;
}

/** A browser at the dashboard of a server: it has cookies, and sends what browsers send. */
export class Browser {
  readonly base: string;
  cookie = '';

  constructor(readonly server: TestServer) {
    this.base = `${server.origin}/dashboard/api/v1`;
  }

  async ask(method: string, path: string, asked: Asked = {}): Promise<Answer> {
    const response = await this.open(method, path, { ...asked, signal: AbortSignal.timeout(90_000) });
    const text = await response.text();
    const isJson = response.headers.get('Content-Type')?.startsWith('application/json') === true;
    const body: unknown = isJson ? JSON.parse(text) : undefined;
    const error = (body as { error?: ApiError } | undefined)?.error;
    return { status: response.status, headers: response.headers, body, error };
  }

  /** The body of an answer that has to be a success. */
  async get<Body>(path: string): Promise<Body> {
    return this.done('GET', path);
  }

  /** Like `get`, with any method. */
  async done<Body>(method: string, path: string, body?: unknown): Promise<Body> {
    const answer = await this.ask(method, path, body === undefined ? {} : { body });
    if (answer.status >= 300) {
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    }
    return answer.body as Body;
  }

  /** The response as it comes. */
  async open(method: string, path: string, asked: Asked & { signal?: AbortSignal } = {}): Promise<Response> {
    const payload = asked.raw ?? (asked.body === undefined ? undefined : JSON.stringify(asked.body));
    const response = await fetch(path.startsWith('/') ? this.base + path : path, {
      method,
      redirect: 'manual',
      ...(payload === undefined ? {} : { body: payload }),
      ...(asked.signal === undefined ? {} : { signal: asked.signal }),
      headers: {
        ...(method === 'GET' ? {} : { Origin: new URL(this.base).origin }),
        ...(payload === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(this.cookie === '' ? {} : { Cookie: this.cookie }),
        ...asked.headers,
      },
    });
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      if (pair.startsWith('earshot_session_')) this.cookie = pair.endsWith('=') ? '' : pair;
    }
    return response;
  }

  /** Signs in by a fresh single-use link. */
  async signInByLink(): Promise<this> {
    await this.done('POST', '/session', { token: await linkToken(this.server) });
    return this;
  }

  async signIn(name: string, password: string): Promise<Answer> {
    return this.ask('POST', '/session', { body: { name, password } });
  }
}

export async function linkToken(server: TestServer): Promise<string> {
  return /#sign-in=([\w-]{43})$/.exec(await server.node.signInLink())?.[1] ?? '';
}

/** A browser that has signed in by a link. */
export async function signedIn(server: TestServer): Promise<Browser> {
  return new Browser(server).signInByLink();
}

/** Waits until what is expected holds, and fails with what is wrong then. */
export async function eventually(expectations: () => void | Promise<void>): Promise<void> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    try {
      await expectations();
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await Bun.sleep(10);
  }
}
