import type { Clock } from '@earshot/base';
import { isId, limits } from '../contract/index.ts';
import { type Keys, randomKey } from '../core/keys.ts';
import { signToken, TokenError, verifyToken } from './jwt.ts';

/** What an access token says. */
export interface AccessClaims {
  readonly app: string;
  readonly user: string;
  readonly session: string;
  /** Of the session's page; empty for a client that is no browser. */
  readonly origin: string;
  /** The renewal it came with. */
  readonly turn: number;
}

const tokenCharactersMax = 4_096;
/** So long after its end a token still tells which session it was of, for renewals by the host's token. */
const recognisedForMs = 7 * 86_400_000;

/** Access tokens: what requests carry, for ten minutes at most. Signed with a key of this server. */
export class AccessTokens {
  readonly #clock: Clock;
  readonly #keys: Keys;

  constructor(clock: Clock, keys: Keys) {
    this.#clock = clock;
    this.#keys = keys;
  }

  async sign(claims: AccessClaims): Promise<{ token: string; expiresAt: number }> {
    const now = Math.floor(this.#clock.now() / 1000);
    const exp = now + limits.accessTokenSeconds;
    const { app, user, session, origin, turn } = claims;
    const payload = { aud: audience, sub: user, iat: now, exp, app, session, origin, turn };
    return { token: await signToken(payload, await this.#key()), expiresAt: exp * 1000 };
  }

  /** @returns null for a token that is not ours, has been changed or has expired */
  verify(token: string): Promise<AccessClaims | null> {
    return this.#read(token, 0);
  }

  /** Like `verify`, also for one that has expired. It says who somebody was, and grants nothing. */
  async recognise(token: string): Promise<(AccessClaims & { readonly hasExpired: boolean }) | null> {
    const valid = await this.verify(token);
    if (valid !== null) return { ...valid, hasExpired: false };
    const expired = await this.#read(token, recognisedForMs);
    return expired === null ? null : { ...expired, hasExpired: true };
  }

  async #read(token: string, expiredForMs: number): Promise<AccessClaims | null> {
    if (token.length > tokenCharactersMax) return null;
    try {
      const verification = { secrets: [await this.#key()], audience, nowMs: this.#clock.now(), expiredForMs };
      const { sub, app, session, origin, turn } = await verifyToken(token, verification);
      const isRight = isId(sub) && isId(session) && typeof app === 'string' && typeof origin === 'string';
      return isRight && typeof turn === 'number' ? { app, user: sub, session, origin, turn } : null;
    } catch (error) {
      if (error instanceof TokenError) return null;
      throw error;
    }
  }

  #key(): Promise<string> {
    return this.#keys.get('', 'access-tokens', randomKey);
  }
}

const audience = 'earshot-chat';
