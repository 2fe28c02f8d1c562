import { originAllowed } from '@earshot/base';
import { parseJson } from '@earshot/protocol';
import type { Context, MiddlewareHandler } from 'hono';
import type { ChatApp, ChatApps } from '../apps.ts';
import { refuse } from '../refusal.ts';
import type { ChatEnv, RequestClient } from './api.ts';

/** A preflight is asked for once in so long; what it allows is checked again with each request. */
const preflightSeconds = 7_200;
const allowedHeaders = 'Authorization, Content-Type, X-File-Name';
const allowedMethods = 'GET, POST, PUT, PATCH, DELETE';

/** The origins of the chat's own pages, as the request reached them. */
export type OwnOrigins = (client: RequestClient) => readonly string[];

/**
 * Refuses a request that a page of an origin sent which is not on the app's list. Our own pages may use every app's chat;
 * a client that sends no origin is no browser.
 */
export function requireOrigin(app: ChatApp, origin: string | null, own: readonly string[]): void {
  if (origin === null || own.includes(origin.toLowerCase()) || originAllowed(app.origins, origin)) return;
  refuse('origin_refused');
}

/**
 * What browsers may send from pages of others: the origins of any app are let through here, and which app the request is
 * about decides once that is known (`requireOrigin`). No cookie counts, so there are no credentials to allow.
 */
export function crossOrigin(apps: ChatApps, ownOrigins: OwnOrigins): MiddlewareHandler<ChatEnv> {
  return async (c, next) => {
    const origin = c.req.header('Origin') ?? null;
    const allowed = origin !== null && isKnown(apps, origin, ownOrigins(c.env.client));
    const preflight =
      c.req.method === 'OPTIONS' && c.req.header('Access-Control-Request-Method') !== undefined;
    c.header('Vary', 'Origin', { append: true });
    if (allowed) {
      c.header('Access-Control-Allow-Origin', origin);
      c.header('Access-Control-Expose-Headers', 'Retry-After');
    }
    if (preflight) {
      if (!allowed) refuse('origin_refused');
      c.header('Access-Control-Allow-Methods', allowedMethods);
      c.header('Access-Control-Allow-Headers', allowedHeaders);
      c.header('Access-Control-Max-Age', `${preflightSeconds}`);
      return c.body(null, 204);
    }
    if (origin !== null && !allowed) refuse('origin_refused');
    // Browsers name the origin of every such request; one that does not and yet comes from another site is none of ours.
    const site = c.req.header('Sec-Fetch-Site');
    if (origin === null && (site === 'cross-site' || site === 'same-site') && !isRead(c))
      refuse('origin_refused');
    return next();
  };
}

function isKnown(apps: ChatApps, origin: string, own: readonly string[]): boolean {
  if (own.includes(origin.toLowerCase())) return true;
  for (const app of apps.all()) if (originAllowed(app.origins, origin)) return true;
  return false;
}

function isRead(c: Context): boolean {
  return c.req.method === 'GET' || c.req.method === 'HEAD';
}

const isJson = (type: string) => /^application\/json\s*(;|$)/i.test(type);

/**
 * A change has to say that it is JSON, which no form of another site can; and the JSON must not be nested deeper than we
 * read. Where bytes are the body (`rawBody`), its route looks at them.
 */
export function jsonBodies(isRaw: (method: string, path: string) => boolean): MiddlewareHandler<ChatEnv> {
  return async (c, next) => {
    const { method, path } = c.req;
    if (isRead(c) || isRaw(method, path)) return next();
    const type = c.req.header('Content-Type');
    const hasBody = c.req.raw.body !== null && c.req.header('Content-Length') !== '0';
    if (type === undefined ? method === 'POST' || hasBody : !isJson(type)) {
      refuse('bad_request', { field: 'Content-Type', message: 'Expected Content-Type: application/json' });
    }
    if (hasBody) {
      const parsed = parseJson(await c.req.text());
      if ('refused' in parsed) refuse('bad_request', { message: parsed.refused });
    }
    return next();
  };
}
