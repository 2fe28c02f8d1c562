import type { Id } from './contract/index.ts';

/** A new id that cannot be guessed: 16 random bytes, base64url. */
export function newId(): Id {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64url');
}
