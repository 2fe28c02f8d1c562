import { errors, type JWTPayload, jwtVerify, SignJWT } from 'jose';

export type { JWTPayload };

/** Why a token is refused, in words that say what was found and expected. Never holds the token. */
export class TokenError extends Error {}

export interface Verification {
  /** Each is tried: while secrets are exchanged, two are valid. */
  readonly secrets: readonly string[];
  readonly audience: string;
  readonly nowMs: number;
  /** Claims that must be there besides `exp` and `aud`; `sub` when left out. */
  readonly requires?: readonly string[];
  /** A token that has expired for less than this is taken. */
  readonly expiredForMs?: number;
}

export async function signToken(claims: JWTPayload, secret: string): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'JWT' }).sign(bytes(secret));
}

/**
 * The claims of a token: HS256, for this audience, not expired, not from the future.
 * @throws TokenError
 */
export async function verifyToken(token: string, how: Verification): Promise<JWTPayload> {
  let unsigned: unknown;
  for (const secret of how.secrets) {
    try {
      const { payload } = await jwtVerify(token, bytes(secret), {
        algorithms: ['HS256'],
        audience: how.audience,
        requiredClaims: [...(how.requires ?? ['sub']), 'exp', 'aud'],
        currentDate: new Date(how.nowMs),
        clockTolerance: Math.floor((how.expiredForMs ?? clockToleranceMs) / 1000),
      });
      return payload;
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed))
        throw new TokenError(explain(error, how));
      unsigned = error;
    }
  }
  throw new TokenError(explain(unsigned, how));
}

/** Clocks of two machines differ. */
const clockToleranceMs = 5_000;

function explain(error: unknown, { audience }: Verification): string {
  if (error instanceof errors.JWTExpired) return 'The token has expired; make a new one for each renewal.';
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return 'The signature does not match; sign with the chat secret of this app (HS256).';
  }
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return 'The token is not signed with HS256; expected "alg": "HS256".';
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    const expected: Record<string, string> = {
      aud: `expected the app’s id, "${audience}"`,
      nbf: 'the token is not valid yet; look at the clock of the machine that made it',
      exp: 'expected the time at which it ends, in seconds since 1970',
      iat: 'expected a time in seconds since 1970, not in the future',
      sub: 'expected the user’s id',
      room: 'expected the room’s id',
    };
    const found = error.reason === 'missing' ? 'is missing' : 'is not right';
    return `"${error.claim}" ${found}: ${expected[error.claim] ?? 'look at the documentation'}.`;
  }
  return 'This is no token that can be read; expected a JWT in compact form.';
}

function bytes(secret: string): Uint8Array {
  return new TextEncoder().encode(secret);
}
