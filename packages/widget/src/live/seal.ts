import { base64url, type Env } from '../client/env.ts';
import type { Box } from './box.ts';

/**
 * How what is said in a room is sealed. The key and the way are in the fragment of the room's address, chosen by the
 * browser that made the room: `a` is AES-256-GCM by WebCrypto, `n` is XSalsa20-Poly1305 (secretbox) by tweetnacl, for
 * pages without WebCrypto.
 *
 * Each thing is sealed for its place (`context`: channel, participant, lane, run, number): at any other place it does not
 * open. So nothing can be taken from one lane to another, or played again.
 */
export type Way = 'a' | 'n';

export interface RoomKey {
  readonly way: Way;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface Seal {
  seal(plain: Uint8Array<ArrayBuffer>, context: string): Promise<Uint8Array<ArrayBuffer>>;
  /** @returns null for what was not sealed with this key for this place */
  open(sealed: Uint8Array<ArrayBuffer>, context: string): Promise<Uint8Array<ArrayBuffer> | null>;
}

const keyBytes = 32;
const gcmNonceBytes = 12;
const boxSaltBytes = 16;

/** A way that all who can open the page have: on plain http there may be no WebCrypto. */
export function newKey(env: Pick<Env, 'randomBytes' | 'page'>, subtle: SubtleCrypto | undefined): RoomKey {
  const way = subtle !== undefined && env.page.origin.startsWith('https:') ? 'a' : 'n';
  return { way, bytes: new Uint8Array(env.randomBytes(keyBytes)) };
}

export function fragmentOf({ way, bytes }: RoomKey): string {
  return `#k=${base64url(bytes)}&c=${way}`;
}

/** @returns null for a fragment that is not whole */
export function keyFrom(fragment: string): RoomKey | null {
  const parts = new URLSearchParams(fragment.replace(/^#/, ''));
  const way = parts.get('c');
  const bytes = fromBase64(parts.get('k') ?? '');
  if (bytes?.byteLength !== keyBytes || (way !== 'a' && way !== 'n')) return null;
  return { way, bytes };
}

/** @returns null where the browser cannot do what the key asks for */
export async function openSeal(
  { way, bytes }: RoomKey,
  env: Pick<Env, 'randomBytes'>,
  subtle: SubtleCrypto | undefined,
): Promise<Seal | null> {
  if (way === 'n') return boxSeal(bytes, env, (await import('./nacl.ts')).box);
  if (subtle === undefined) return null;
  return gcmSeal(await subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt']), env, subtle);
}

/** Nonce and ciphertext with its tag; the context is the associated data. */
function gcmSeal(key: CryptoKey, env: Pick<Env, 'randomBytes'>, subtle: SubtleCrypto): Seal {
  const how = (iv: Uint8Array<ArrayBuffer>, context: string) => ({
    name: 'AES-GCM',
    iv,
    additionalData: encoder.encode(context),
  });
  return {
    async seal(plain, context) {
      const nonce = new Uint8Array(env.randomBytes(gcmNonceBytes));
      return joined(nonce, new Uint8Array(await subtle.encrypt(how(nonce, context), key, plain)));
    },
    async open(sealed, context) {
      if (sealed.byteLength <= gcmNonceBytes) return null;
      const nonce = sealed.slice(0, gcmNonceBytes);
      try {
        return new Uint8Array(await subtle.decrypt(how(nonce, context), key, sealed.slice(gcmNonceBytes)));
      } catch {
        return null; // another key, another place, or changed on its way
      }
    },
  };
}

/** Salt and ciphertext with its tag. The nonce is a hash of salt and context: at another place it is another one. */
function boxSeal(key: Uint8Array, env: Pick<Env, 'randomBytes'>, box: Box): Seal {
  const nonceOf = (salt: Uint8Array, context: string) =>
    box.hash(joined(salt, encoder.encode(context))).slice(0, 24);
  return {
    async seal(plain, context) {
      const salt = env.randomBytes(boxSaltBytes);
      return joined(salt, box.seal(plain, nonceOf(salt, context), key));
    },
    async open(sealed, context) {
      if (sealed.byteLength <= boxSaltBytes) return null;
      const salt = sealed.slice(0, boxSaltBytes);
      const plain = box.open(sealed.slice(boxSaltBytes), nonceOf(salt, context), key);
      return plain === null ? null : new Uint8Array(plain);
    },
  };
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });
/** Lengths tell something, too: what is sealed is filled up to the next of these. */
const paddedTo = 128;

/** JSON as bytes, filled up with blanks. */
export function padded(value: unknown): Uint8Array<ArrayBuffer> {
  const bytes = encoder.encode(JSON.stringify(value));
  const full = new Uint8Array(Math.ceil(bytes.byteLength / paddedTo) * paddedTo).fill(0x20);
  full.set(bytes);
  return full;
}

/** @returns undefined for what is no JSON */
export function unpadded(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch {
    return undefined;
  }
}

/** Base64 with any alphabet; null for what is none. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (char) => char.charCodeAt(0));
  } catch {
    return null;
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(a.byteLength + b.byteLength);
  all.set(a);
  all.set(b, a.byteLength);
  return all;
}
