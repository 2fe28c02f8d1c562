import { createHmac, randomBytes } from 'node:crypto';
import type { Clock, Log } from '@earshot/base';
import { type Attempt, openIdProvider, type Provider, ProviderError } from '@earshot/chat/openid';
import { createOutbound } from '@earshot/chat/outbound';
import type { ProviderFailure } from '@earshot/dashboard';
import { type Context, Hono } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type { Config } from '../config.ts';
import { cameByTls, publicAddress } from '../http/address.ts';
import type { SessionCookie } from '../http/session-cookie.ts';
import type { Operators } from '../operators/operators.ts';
import { sessionDays } from '../operators/sessions.ts';
import type { SignInLimits } from '../operators/sign-in-limits.ts';
import type { DeskEnv } from './api.ts';

/** How long somebody may take at the provider. */
const attemptSeconds = 600;

/** Of the settings: the provider of operators, and where this server is. */
export type ProviderSettings = Pick<
  Config,
  | 'path'
  | 'port'
  | 'publicUrl'
  | 'webhookPrivateAddresses'
  | 'dashboardOidcIssuer'
  | 'dashboardOidcClientId'
  | 'dashboardOidcClientSecret'
>;

/** Sign-in of operators with OpenID Connect: leaving for the provider and coming back, in the same window. */
export interface OperatorProvider {
  /** What the button says. */
  readonly name: string;
  readonly routes: Hono<DeskEnv>;
}

/** Null when none is set. */
export function createOperatorProvider(parts: {
  readonly operators: Operators;
  readonly limits: SignInLimits;
  readonly cookie: SessionCookie;
  readonly config: ProviderSettings;
  readonly clock: Clock;
  readonly log: Log;
}): OperatorProvider | null {
  const { operators, limits, cookie, config, clock, log } = parts;
  const { dashboardOidcIssuer: issuer, dashboardOidcClientId: clientId } = config;
  if (issuer === null || clientId === null) return null;
  const name = new URL(issuer).host;
  const provider: Provider = openIdProvider({
    // An issuer is written by whoever runs the server; its addresses are still guarded, as those of webhooks are.
    outbound: createOutbound({ clock, allowPrivate: config.webhookPrivateAddresses }),
    clock,
    found: new Map(),
    name,
    issuer,
    client: { id: clientId, secret: config.dashboardOidcClientSecret },
    asksForEmail: true,
  });
  const cookieName = `earshot_oidc_${config.port}`;
  const cookiePath = `${config.path}/dashboard/oidc`;
  const attemptOf = (secret: string, c: Context<DeskEnv>): Attempt => ({
    ...derived(secret),
    redirectUri: `${publicAddress(c.env.client, config).href.replace(/\/$/, '')}/dashboard/oidc/back`,
  });
  const page = `${config.path}/dashboard/`;
  const failed = (c: Context<DeskEnv>, why: ProviderFailure) =>
    c.redirect(`${page}#sign-in-failed=${why}`, 303);
  const explained = (c: Context<DeskEnv>, error: unknown) => {
    if (!(error instanceof ProviderError)) throw error;
    log.warn({ why: error.why, reason: error.message }, 'dashboard: a sign-in by the provider did not work');
    return failed(c, error.why === 'cancelled' || error.why === 'unreachable' ? error.why : 'refused');
  };

  const routes = new Hono<DeskEnv>();
  routes.use(async (c, next) => {
    c.header('Cache-Control', 'no-store');
    return next();
  });
  routes.get('/start', async (c) => {
    if ((await limits.takeForAddress(c.env.client.address)) !== null) {
      return failed(c, 'too_many');
    }
    const secret = randomBytes(32).toString('base64url');
    try {
      const url = await provider.begin(attemptOf(secret, c));
      setCookie(c, cookieName, secret, {
        path: cookiePath,
        httpOnly: true,
        // Lax, because the provider's page sends the browser back.
        sameSite: 'Lax',
        secure: cameByTls(c.env.client, config),
        maxAge: attemptSeconds,
      });
      return c.redirect(url.href, 303);
    } catch (error) {
      return explained(c, error);
    }
  });
  routes.get('/back', async (c) => {
    const secret = getCookie(c, cookieName);
    deleteCookie(c, cookieName, { path: cookiePath });
    if (secret === undefined) {
      return failed(c, 'elsewhere');
    }
    try {
      const query = new URL(c.req.url, 'http://localhost').searchParams;
      const person = await provider.finish(attemptOf(secret, c), query);
      const token = await operators.signInByProvider({ issuer: person.issuer, email: person.email ?? null });
      if (token === null) {
        log.warn(
          { address: c.env.client.address },
          'dashboard: the provider named somebody who is not let in',
        );
        return failed(c, 'not_let_in');
      }
      const before = cookie.read(c);
      if (before !== undefined) await operators.end(before);
      log.info({ address: c.env.client.address }, 'dashboard: a browser has signed in by the provider');
      cookie.write(c, token, sessionDays * 86_400);
      return c.redirect(page, 303);
    } catch (error) {
      return explained(c, error);
    }
  });
  return { name, routes };
}

/**
 * What an attempt sends along, all of it from the one secret in the browser's cookie: nothing has to be kept here, any node
 * can take the browser back, and whoever sees the state or the nonce learns neither the secret nor the verifier.
 */
function derived(secret: string): Pick<Attempt, 'state' | 'nonce' | 'verifier'> {
  const part = (label: string) => createHmac('sha256', secret).update(label).digest('base64url');
  return { state: part('state'), nonce: part('nonce'), verifier: part('verifier') };
}
