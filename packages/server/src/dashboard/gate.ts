import { parseJson } from '@earshot/protocol';
import type { Context, MiddlewareHandler } from 'hono';
import type { Config } from '../config.ts';
import { ownOrigins } from '../http/address.ts';
import type { SessionCookie } from '../http/session-cookie.ts';
import type { Operators } from '../operators/operators.ts';
import type { DeskEnv } from './api.ts';
import { refuse } from './refusal.ts';

/**
 * Refuses what a page of another site may have sent. Browsers say where a change comes from, and for other requests whether
 * it is another site; the cookie is SameSite=Strict besides. Programs have to send `Sec-Fetch-Site: same-origin` or our `Origin`.
 */
export function sameOriginOnly(config: Pick<Config, 'path' | 'publicUrl'>): MiddlewareHandler<DeskEnv> {
  return (c, next) => {
    const site = c.req.header('Sec-Fetch-Site');
    const origin = c.req.header('Origin');
    const isOwn = origin !== undefined && ownOrigins(c.env.client, config).includes(origin.toLowerCase());
    const isForeign =
      origin === undefined ? site === 'cross-site' || site === 'same-site' : !isOwn && site !== 'same-origin';
    const isVouched = isOwn || site === 'same-origin';
    if (isForeign || (!isRead(c) && !isVouched)) {
      refuse(
        'forbidden',
        'This request comes from a page of another site, or does not say from where. Expected the Origin of this server.',
      );
    }
    return next();
  };
}

/** A body has to say that it is JSON, which no form of another site can, and must not nest deeper than we read. */
export const jsonBodies: MiddlewareHandler<DeskEnv> = async (c, next) => {
  if (isRead(c)) return next();
  const type = c.req.header('Content-Type');
  const hasBody = c.req.raw.body !== null && c.req.header('Content-Length') !== '0';
  if (type === undefined ? hasBody : !/^application\/json\s*(;|$)/i.test(type)) {
    refuse('invalid', 'Expected Content-Type: application/json', { field: 'Content-Type' });
  }
  if (hasBody) {
    const parsed = parseJson(await c.req.text());
    if ('refused' in parsed) refuse('invalid', `The body is no JSON that is read here: ${parsed.refused}`);
  }
  return next();
};

/** Paths below the API's address that somebody may ask for who is not signed in. */
const open: readonly { readonly method: string; readonly path: RegExp }[] = [
  { method: 'GET', path: /^\/(ways|openapi\.json)$/ },
  { method: 'POST', path: /^\/session$/ },
  // Whoever signs out after the session has ended is signed out.
  { method: 'DELETE', path: /^\/session$/ },
];

/** Lets in who has a session; says who that is. */
export function sessionsOnly(
  operators: Operators,
  cookie: SessionCookie,
  base: string,
): MiddlewareHandler<DeskEnv> {
  return async (c, next) => {
    const path = c.req.path.slice(base.length);
    const { method } = c.req;
    if (open.some((one) => one.method === method && one.path.test(path))) {
      return next();
    }
    const token = cookie.read(c);
    const signedIn = token === undefined ? null : await operators.session(token);
    if (token === undefined || signedIn === null) {
      refuse('signed_out', 'There is no session, or it has ended. Sign in again.');
    }
    c.set('signedIn', signedIn);
    c.set('token', token);
    return next();
  };
}

function isRead(c: Context): boolean {
  return c.req.method === 'GET' || c.req.method === 'HEAD';
}
