import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Id } from '../contract/index.ts';

/** The file itself, or the small picture of it. */
export type Variant = 'file' | 'preview';

/** All addresses that are made within this time are the same, so that a browser's cache knows them. */
const roundMs = 30 * 60_000;
/** They are valid for at least this long, and at most for `roundMs` more. */
const validMs = 60 * 60_000;

export interface FileAddress {
  readonly app: string;
  readonly variant: Variant;
  /** Milliseconds since the epoch. */
  readonly expires: number;
  readonly signature: string;
}

/** When an address that is made now expires. */
export function expiryAt(now: number): number {
  return Math.floor(now / roundMs) * roundMs + roundMs + validMs;
}

/** Query of the address of a file: who has it may fetch the file until it expires. */
export function signedQuery(
  secret: string,
  appKey: string,
  id: Id,
  variant: Variant,
  expires: number,
): string {
  const signature = sign(secret, appKey, id, variant, expires);
  return `${new URLSearchParams({ app: appKey, of: variant, until: `${expires}`, signature })}`;
}

export function isSignedWith(secret: string, id: Id, address: FileAddress): boolean {
  const expected = Buffer.from(sign(secret, address.app, id, address.variant, address.expires));
  const found = Buffer.from(address.signature);
  return expected.length === found.length && timingSafeEqual(expected, found);
}

function sign(secret: string, appKey: string, id: Id, variant: Variant, expires: number): string {
  const text = ['file', appKey, id, variant, expires].join('\n');
  return createHmac('sha256', secret).update(text).digest('base64url');
}
