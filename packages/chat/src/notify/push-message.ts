import { encrypt, generateVAPIDKeys, getVapidHeaders } from 'web-push';

/** Keys by which push services know this server (VAPID, RFC 8292). Base64url. */
export interface ServerKeys {
  readonly publicKey: string;
  readonly privateKey: string;
}

/** Of a browser's subscription. Base64url. */
export interface BrowserKeys {
  readonly p256dh: string;
  readonly auth: string;
}

const encoding = 'aes128gcm';

export function newServerKeys(): ServerKeys {
  return generateVAPIDKeys();
}

/**
 * Encrypts for one browser (RFC 8291); the push service cannot read it.
 * @throws Error when the keys are not those of a browser
 */
export function encrypted(text: string, keys: BrowserKeys): Buffer {
  return encrypt(keys.p256dh, keys.auth, text, encoding).cipherText;
}

export function areBrowserKeys(keys: BrowserKeys): boolean {
  try {
    encrypted('', keys);
    return true;
  } catch {
    return false; // not a point of the curve, or too short
  }
}

/**
 * The headers that a push service asks for (RFC 8030, 8292).
 * @param contact an https: or mailto: address by which the service reaches whoever runs this server
 * @param topic a newer message of the same topic takes the place of one that was not delivered; at most 32 of base64url
 */
export function headersFor(
  endpoint: string,
  keys: ServerKeys,
  contact: string,
  delivery: { readonly ttlSeconds: number; readonly urgency: 'normal' | 'high'; readonly topic: string },
): Record<string, string> {
  const { origin } = new URL(endpoint);
  const { Authorization } = getVapidHeaders(origin, contact, keys.publicKey, keys.privateKey, encoding);
  return {
    Authorization,
    'Content-Encoding': encoding,
    'Content-Type': 'application/octet-stream',
    TTL: `${delivery.ttlSeconds}`,
    Urgency: delivery.urgency,
    Topic: delivery.topic,
  };
}
