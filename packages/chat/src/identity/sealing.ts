import { type Keys, randomKey } from '../core/keys.ts';

const ivBytes = 12;

/** What has to be kept and read again, but not by whoever reads the database alone with another's row: AES-GCM. */
export class Sealing {
  readonly #keys: Keys;

  constructor(keys: Keys) {
    this.#keys = keys;
  }

  /** @param purpose what it is and whose: opening it for anything else fails */
  async seal(text: string, ...purpose: readonly string[]): Promise<string> {
    const iv = crypto.getRandomValues(new Uint8Array(ivBytes));
    const how = { name: 'AES-GCM', iv, additionalData: bytes(JSON.stringify(purpose)) };
    const sealed = await crypto.subtle.encrypt(how, await this.#key(), bytes(text));
    return Buffer.concat([iv, new Uint8Array(sealed)]).toString('base64url');
  }

  /** @returns null for what was not sealed with this key and for this purpose */
  async open(sealed: string, ...purpose: readonly string[]): Promise<string | null> {
    const all = Uint8Array.from(Buffer.from(sealed, 'base64url'));
    const how = {
      name: 'AES-GCM',
      iv: all.slice(0, ivBytes),
      additionalData: bytes(JSON.stringify(purpose)),
    };
    try {
      const text = await crypto.subtle.decrypt(how, await this.#key(), all.slice(ivBytes));
      return new TextDecoder().decode(text);
    } catch (error) {
      if (error instanceof DOMException) return null;
      throw error;
    }
  }

  async #key(): Promise<CryptoKey> {
    const key = await this.#keys.get('', 'sealing', randomKey);
    const raw = Uint8Array.from(Buffer.from(key, 'base64url'));
    return crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt']);
  }
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
