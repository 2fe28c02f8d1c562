import { randomBytes, randomInt } from 'node:crypto';

/** Decimal, because publisher libraries accept no other id; nothing is protected by it. */
export function randomAppId(): string {
  return String(randomInt(100_000_000, 1_000_000_000));
}

/** 20 hex digits, as Pusher's; public. */
export function randomKey(): string {
  return randomBytes(10).toString('hex');
}

/** 16 random bytes in base64url. */
export function randomSecret(): string {
  return randomBytes(16).toString('base64url');
}

/** Signs the tokens of the host site: 32 random bytes in base64url. */
export function randomChatSecret(): string {
  return randomBytes(32).toString('base64url');
}
