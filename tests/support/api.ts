import { createHash, createHmac } from 'node:crypto';
import { sent } from './http-wire.ts';

/**
 * The publisher's side of the HTTP API, written from the rules SIGN-1 to SIGN-5 with node:crypto and nothing of the
 * server's, so that the server's signature code is not tested with itself.
 */

export interface Credentials {
  readonly id: string;
  readonly key: string;
  readonly secret: string;
}

export function hmac(secret: string, text: string): string {
  return createHmac('sha256', secret).update(text).digest('hex');
}

export function md5(body: string | Uint8Array): string {
  return createHash('md5').update(body).digest('hex');
}

/** `auth` of a private channel or, with `channelData`, a presence channel. */
export function channelAuth(
  app: Credentials,
  socketId: string,
  channel: string,
  channelData?: string,
): string {
  const text = channelData === undefined ? `${socketId}:${channel}` : `${socketId}:${channel}:${channelData}`;
  return `${app.key}:${hmac(app.secret, text)}`;
}

/** `auth` of a sign-in. */
export function userAuth(app: Credentials, socketId: string, userData: string): string {
  return `${app.key}:${hmac(app.secret, `${socketId}::user::${userData}`)}`;
}

export type Params = ReadonlyArray<readonly [name: string, value: string]>;

export interface ToSign {
  method: string;
  /** As the library thinks of it: not percent-encoded. */
  path: string;
  params?: Params;
  body?: string | Uint8Array | undefined;
  app: Credentials;
  /** Seconds since the epoch. */
  timestamp: number;
}

/** The parameters of a signed request, decoded, in the order of most libraries: the signature last. */
export function signedParams(request: ToSign): [string, string][] {
  const params: [string, string][] = [
    ['auth_key', request.app.key],
    ['auth_timestamp', String(request.timestamp)],
    ['auth_version', '1.0'],
    ...(request.params ?? []).map(([name, value]): [string, string] => [name, value]),
  ];
  if (request.body !== undefined && request.body.length > 0) params.push(['body_md5', md5(request.body)]);
  return [
    ...params,
    ['auth_signature', hmac(request.app.secret, stringToSign(request.method, request.path, params))],
  ];
}

/** Method, path and parameters as they are signed. */
export function stringToSign(method: string, path: string, params: Params): string {
  const lowered = params.map(([name, value]): [string, string] => [name.toLowerCase(), value]);
  const sorted = lowered.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return [method.toUpperCase(), path, sorted.map(([name, value]) => `${name}=${value}`).join('&')].join('\n');
}

export function encodeQuery(params: Params): string {
  return params.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&');
}

export interface Answer {
  status: number;
  type: string;
  headers: Headers;
  text: string;
  /** The body, parsed; throws when it is not JSON. */
  json<T = unknown>(): T;
}

export async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  return {
    status: response.status,
    type: response.headers.get('content-type') ?? '',
    headers: response.headers,
    text,
    json: () => JSON.parse(text),
  };
}

export interface Event {
  name: string;
  data: string;
  channel?: string;
  channels?: string[];
  socket_id?: string;
  info?: string;
}

/** Signed requests to one server. */
export class Api {
  constructor(
    readonly origin: string,
    readonly app: Credentials,
    /** Seconds since the epoch, by the server's clock. */
    readonly nowSeconds: () => number,
  ) {}

  /** A request of one of the app's paths; `path` begins after `/apps/{id}`. */
  async request(
    method: string,
    path: string,
    params: Params = [],
    body?: string | Uint8Array,
  ): Promise<Answer> {
    const full = `/apps/${this.app.id}${path}`;
    const timestamp = this.nowSeconds();
    const query = encodeQuery(signedParams({ method, path: full, params, body, app: this.app, timestamp }));
    return this.raw(method, `${full}?${query}`, body);
  }

  /** A request as it stands. */
  async raw(
    method: string,
    target: string,
    body?: string | Uint8Array,
    headers?: HeadersInit,
  ): Promise<Answer> {
    await sent();
    const init: RequestInit = { method, redirect: 'manual' };
    if (body !== undefined) {
      init.body = typeof body === 'string' ? new TextEncoder().encode(body) : new Uint8Array(body);
    }
    if (headers !== undefined) init.headers = headers;
    return answerOf(await fetch(`${this.origin}${target}`, init));
  }

  get(path: string, params: Record<string, string> = {}): Promise<Answer> {
    return this.request('GET', path, Object.entries(params));
  }

  post(path: string, body: unknown): Promise<Answer> {
    return this.request('POST', path, [], typeof body === 'string' ? body : JSON.stringify(body));
  }

  /** Publishes and insists on success. */
  async publish(
    channel: string | string[],
    name: string,
    data: string,
    more: Partial<Event> = {},
  ): Promise<Answer> {
    const where = typeof channel === 'string' ? { channel } : { channels: channel };
    const answer = await this.post('/events', { name, data, ...where, ...more });
    if (answer.status !== 200) throw new Error(`publish answered ${answer.status}: ${answer.text}`);
    return answer;
  }

  batch(batch: Event[]): Promise<Answer> {
    return this.post('/batch_events', { batch });
  }

  terminate(userId: string): Promise<Answer> {
    return this.post(`/users/${userId}/terminate_connections`, {});
  }
}
