import type { Log } from '@earshot/base';
import { defaultLimits } from '@earshot/protocol';
import type { App } from '../apps/app.ts';
import { verifyRequest } from '../apps/auth.ts';
import type { AppRegistry } from '../apps/registry.ts';
import { readBody } from '../http/body.ts';
import type { Target } from '../http/target.ts';
import { Counters } from '../metrics/counters.ts';
import { withoutSecrets } from '../trace/reason.ts';
import { refusal } from './answer.ts';
import { batchEvents } from './batch-events.ts';
import type { ApiParts, Endpoint } from './call.ts';
import { channelEvents } from './channel-events.ts';
import { channelUsers } from './channel-users.ts';
import { channel, channelStats, channels } from './channels.ts';
import { events } from './events.ts';
import { terminate } from './terminate.ts';

interface Route {
  readonly method: 'GET' | 'POST';
  /** The path's parts; `*` is open. */
  readonly pattern: readonly string[];
  readonly endpoint: Endpoint;
}

/** Below `/apps/{id}/`; the most frequent first. */
const appRoutes: readonly Route[] = [
  { method: 'POST', pattern: ['events'], endpoint: events },
  { method: 'POST', pattern: ['batch_events'], endpoint: batchEvents },
  { method: 'GET', pattern: ['channels'], endpoint: channels },
  { method: 'GET', pattern: ['channels', '*'], endpoint: channel },
  { method: 'GET', pattern: ['channels', '*', 'users'], endpoint: channelUsers },
  { method: 'GET', pattern: ['channels', '*', 'stats'], endpoint: channelStats },
  { method: 'POST', pattern: ['channels', '*', 'events'], endpoint: channelEvents },
  { method: 'POST', pattern: ['users', '*', 'terminate_connections'], endpoint: terminate },
];
/** Below `/`: the app is found by its key (API-15). */
const rootRoutes: readonly Route[] = [
  { method: 'POST', pattern: ['users', '*', 'terminate_connections'], endpoint: terminate },
];

/** The app that a request turns out to be about, for those who count. */
interface Asked {
  app: App | undefined;
}

/** The HTTP API: finds the endpoint, checks the signature, and turns what went wrong into an answer. */
export class Api {
  readonly #parts: ApiParts;
  readonly #apps: AppRegistry;
  readonly #log: Log;

  constructor(parts: ApiParts, apps: AppRegistry, log: Log) {
    this.#parts = parts;
    this.#apps = apps;
    this.#log = log;
  }

  /** Never rejects. */
  async handle(request: Request, target: Target): Promise<Response> {
    let response: Response;
    const began = this.#parts.clock.monotonic();
    const asked: Asked = { app: undefined };
    try {
      response = await this.#answer(request, target, asked);
    } catch (error) {
      this.#parts.counters.handlerFailures++;
      this.#log.error({ err: error, method: request.method }, 'an API request could not be handled');
      response = refusal(
        500,
        'The server could not handle this request. It is not your fault; the reason is in its log.',
      );
    }
    Counters.add(this.#parts.counters.apiRequests, response.status);
    asked.app?.tally.add('apiRequests');
    if (response.status >= 400) asked.app?.tally.add('apiErrors');
    if (asked.app !== undefined && this.#parts.trace.isWatched(asked.app)) {
      await this.#note(asked.app, request.method, target.path, response, began);
    }
    return response;
  }

  /** For the debug console; the only time that an answer is read again. */
  async #note(app: App, method: string, path: string, response: Response, began: number): Promise<void> {
    const { trace, clock } = this.#parts;
    const { status: code } = response;
    const reason = code < 400 ? null : withoutSecrets(await response.clone().text());
    const durationMs = clock.monotonic() - began;
    trace.note(app, { kind: 'api_request', method, path, code, reason, durationMs });
  }

  async #answer(request: Request, { path, query }: Target, asked: Asked): Promise<Response> {
    const [, root, ...rest] = path.split('/');
    const appId = root === 'apps' ? (rest[0] ?? '') : null;
    const found =
      appId === null
        ? match(rootRoutes, request.method, [root ?? '', ...rest])
        : match(appRoutes, request.method, rest.slice(1));
    const app = appId === null ? undefined : this.#apps.byId(appId);
    asked.app = app;
    if (found === null) return notFound();
    const bytesMax = bodyBytesMax(app);
    const body = await readBody(request, bytesMax);
    if (body === 'too large') return refusal(413, `The request body is larger than ${bytesMax} bytes`);
    if (body === 'incomplete') return refusal(400, 'The request body did not arrive whole');
    const verdict = verifyRequest({
      app,
      lookup: (key) => this.#apps.byKey(key),
      method: request.method,
      path,
      query,
      body,
      nowSeconds: Math.floor(this.#parts.clock.now() / 1000),
    });
    if ('status' in verdict) {
      if (verdict.status === 401) this.#parts.counters.apiSignatureFailures++;
      return refusal(verdict.status, verdict.message);
    }
    asked.app = verdict.app;
    return found.endpoint(this.#parts, { app: verdict.app, path: found.open, params: verdict.params, body });
  }
}

/**
 * The largest body that can hold what the app allows: a full batch, each byte of data written as an escape of six.
 * An unknown app gets room for the answer that its request is refused.
 */
function bodyBytesMax(app: App | undefined): number {
  const { batchEvents, eventBytes } = app?.settings ?? defaultLimits;
  return (batchEvents + 1) * (eventBytes * 6 + 8_192);
}

export function notFound(): Response {
  return refusal(404, '404 NOT FOUND');
}

function match(
  routes: readonly Route[],
  method: string,
  parts: readonly string[],
): { endpoint: Endpoint; open: string[] } | null {
  for (const { method: wanted, pattern, endpoint } of routes) {
    if (wanted !== method || pattern.length !== parts.length) continue;
    const open: string[] = [];
    const fits = pattern.every((part, index) => {
      const given = parts[index] as string;
      if (part !== '*') return part === given;
      const decoded = decode(given);
      if (decoded === null || decoded === '') return false;
      open.push(decoded);
      return true;
    });
    if (fits) return { endpoint, open };
  }
  return null;
}

/** Null where the percent signs are no encoding. */
function decode(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}
