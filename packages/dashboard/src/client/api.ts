import { type ApiError, apiPath } from '../contract.ts';
import type { Link } from './link.ts';

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

export interface RequestOptions {
  /** Entries without a value are left out. */
  readonly query?: Readonly<Record<string, string | number | null | undefined>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** A request that did not come to what was asked for: refused by the server, or never answered. */
export class ApiFailure extends Error {
  override readonly name = 'ApiFailure';

  /** @param status of the answer; 0 when there was none */
  constructor(
    readonly status: number,
    readonly error: ApiError,
  ) {
    super(error.message);
  }

  get code(): string {
    return this.error.code;
  }
}

/** The typed way to `/dashboard/api/v1`. */
export interface Api {
  /**
   * @param path below the API's root, begins with a slash; put together with `pathOf`
   * @returns the JSON of the answer, which the caller knows from `contract.ts`; undefined for 204
   * @throws ApiFailure when refused, or when no answer came; an aborted request throws the signal's reason
   */
  request<T>(method: Method, path: string, options?: RequestOptions): Promise<T>;
  /** Address of something below the API's root, for event streams and links. */
  urlOf(path: string, query?: RequestOptions['query']): string;
  readonly fetch: Fetch;
}

/** `fetch` of the browser, as far as it is needed. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface ApiOptions {
  readonly fetch: Fetch;
  /** What is in front of `/dashboard`: '' or begins with a slash. */
  readonly prefix: string;
  readonly link: Link;
  /** The session has ended, or there never was one. */
  readonly onSignedOut: () => void;
}

export function createApi({ fetch, prefix, link, onSignedOut }: ApiOptions): Api {
  const urlOf = (path: string, query: RequestOptions['query'] = {}) => {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      if (value !== null && value !== undefined && value !== '') search.set(name, `${value}`);
    }
    return `${prefix}${apiPath}${path}${search.size > 0 ? `?${search}` : ''}`;
  };

  return {
    fetch,
    urlOf,
    async request<T>(method: Method, path: string, { query, body, signal }: RequestOptions = {}): Promise<T> {
      let response: Response;
      try {
        response = await fetch(urlOf(path, query), {
          method,
          cache: 'no-store',
          ...(body !== undefined && {
            body: JSON.stringify(body),
            headers: { 'Content-Type': 'application/json' },
          }),
          ...(signal && { signal }),
        });
      } catch {
        signal?.throwIfAborted();
        link.requestFailed();
        throw new ApiFailure(0, unreachable);
      }
      link.requestAnswered();
      if (response.ok) return (response.status === 204 ? undefined : await response.json()) as T;
      const failure = await failureOf(response);
      if (failure.code === 'signed_out') onSignedOut();
      throw failure;
    },
  };
}

/** Puts values into a path, each as one segment: pathOf`/apps/${id}/channels/${name}`. */
export function pathOf(parts: TemplateStringsArray, ...values: readonly string[]): string {
  return parts.map((part, index) => part + encodeURIComponent(values[index] ?? '')).join('');
}

const unreachable: ApiError = {
  code: 'unreachable',
  message: 'The server does not answer. Check that it runs and that you are online.',
};

/** What a refused request says; an answer that is not the API's own (a proxy's page) is told by its status. */
export async function failureOf(response: Response): Promise<ApiFailure> {
  const { error } = ((await response.json().catch(() => null)) ?? {}) as { error?: Partial<ApiError> };
  return new ApiFailure(response.status, {
    ...error,
    code: error?.code ?? 'internal',
    message:
      error?.message ??
      `The server answered with status ${response.status}, which this page does not expect. Try again; if it stays, look into the server’s log.`,
  });
}
