import type { Log } from '@earshot/base';
import type { OperatorSession } from '@earshot/dashboard';
import { createRoute, z } from '@hono/zod-openapi';
import type { Config } from '../config.ts';
import { publicAddress } from '../http/address.ts';
import type { SessionCookie } from '../http/session-cookie.ts';
import type { Counters } from '../metrics/counters.ts';
import { keyOf } from '../operators/open.ts';
import type { Operators } from '../operators/operators.ts';
import { sessionDays } from '../operators/sessions.ts';
import type { SignInLimits } from '../operators/sign-in-limits.ts';
import { always, answers, deskRouter, json, jsonBody, serverOf } from './api.ts';
import { refuse } from './refusal.ts';
import { sessionSchema, waysSchema } from './schemas.ts';

const waysRoute = createRoute({
  method: 'get',
  path: '/ways',
  summary: 'How one can sign in here, besides a single-use link',
  security: [],
  responses: answers({ 200: json(waysSchema, 'For everybody') }, 'forbidden'),
});

const readRoute = createRoute({
  method: 'get',
  path: '/session',
  summary: 'Who is signed in, and where the server is found',
  responses: answers({ 200: json(sessionSchema, 'The session') }, ...always),
});

const beginRoute = createRoute({
  method: 'post',
  path: '/session',
  summary: 'Signs a browser in',
  security: [],
  request: jsonBody(
    z.union([
      z.object({ token: z.string().max(200) }).openapi({ description: 'Of a single-use link' }),
      z.object({ name: z.string().max(200), password: z.string().max(1_000) }),
    ]),
  ),
  responses: answers(
    { 204: { description: 'Signed in; the session is in a cookie' } },
    ...(['forbidden', 'invalid', 'too_large', 'too_many', 'unavailable'] as const),
  ),
});

const endRoute = createRoute({
  method: 'delete',
  path: '/session',
  summary: 'Signs the browser out',
  responses: answers({ 204: { description: 'Signed out, or was so before' } }, 'forbidden'),
});

export function sessionRoutes(parts: {
  readonly operators: Operators;
  readonly limits: SignInLimits;
  readonly cookie: SessionCookie;
  readonly config: Pick<Config, 'path' | 'publicUrl'>;
  readonly version: string;
  /** What the button for the provider says; null: there is none. */
  readonly providerName: string | null;
  readonly counters: Counters;
  readonly log: Log;
}) {
  const { operators, limits, cookie, config, version, providerName, counters, log } = parts;

  async function sessionOf(body: { token: string } | { name: string; password: string }): Promise<string> {
    if ('token' in body) {
      return (
        (await operators.redeem(body.token)) ??
        refuse('forbidden', 'This link is unknown, used or expired. Make a new one: npx earshot login-link')
      );
    }
    const name = keyOf(body.name);
    const waitSeconds = await limits.takeForName(name);
    if (waitSeconds !== null) {
      refuse('too_many', 'Too many wrong passwords for this name. Try again later, or use a sign-in link.', {
        retryAfterSeconds: waitSeconds,
      });
    }
    const answer = await operators.signIn(body.name, body.password);
    if ('token' in answer) {
      await limits.forgiveName(name);
      return answer.token;
    }
    if (answer.refused === 'wrong') refuse('forbidden', 'Name or password is wrong.');
    counters.signInsBusy++;
    refuse('unavailable', 'Too many sign-ins at this moment. Try again in a few seconds.', {
      retryAfterSeconds: 5,
    });
  }

  return deskRouter()
    .openapi(waysRoute, async (c) =>
      c.json({ password: await operators.hasPasswords(), provider: providerName }, 200),
    )
    .openapi(readRoute, (c) => {
      const { operator } = c.get('signedIn');
      const session: OperatorSession = {
        operator: operator === null ? null : { id: operator.id, name: operator.name },
        version,
        server: serverOf(publicAddress(c.env.client, config)),
      };
      return c.json(session, 200);
    })
    .openapi(beginRoute, async (c) => {
      const { address } = c.env.client;
      const waitSeconds = await limits.takeForAddress(address);
      if (waitSeconds !== null) {
        refuse('too_many', 'Too many sign-ins from this address. Try again later.', {
          retryAfterSeconds: waitSeconds,
        });
      }
      let token: string;
      try {
        token = await sessionOf(c.req.valid('json'));
      } catch (error) {
        log.warn({ address }, 'dashboard: a sign-in was refused');
        throw error;
      }
      // Whoever signs in again leaves no second session behind in this browser.
      const before = cookie.read(c);
      if (before !== undefined) await operators.end(before);
      log.info({ address }, 'dashboard: a browser has signed in');
      cookie.write(c, token, sessionDays * 86_400);
      return c.body(null, 204);
    })
    .openapi(endRoute, async (c) => {
      const token = cookie.remove(c);
      if (token !== undefined) await operators.end(token);
      return c.body(null, 204);
    });
}
