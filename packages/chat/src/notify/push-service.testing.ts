import { createDecipheriv, createECDH, type ECDH, hkdfSync, randomBytes } from 'node:crypto';

/** A browser and its push service, for tests: takes messages as RFC 8030 says, and reads them as the browser would. */
export interface PushService extends Disposable {
  readonly port: number;
  /** What `PushSubscription.toJSON()` gives. */
  subscription(path?: string): { endpoint: string; keys: { p256dh: string; auth: string } };
  /** What came and was in order, in the order it came. */
  readonly received: PushedMessage[];
  /** Answers to give in the place of 201, first one first. */
  readonly answers: Response[];
  /** Why messages were not in order. */
  readonly faults: string[];
  /** Holds answers back while it does not resolve. */
  beforeAnswer: () => Promise<void>;
  /** The next message that is in order. */
  next(): Promise<PushedMessage>;
}

export interface PushedMessage {
  readonly path: string;
  readonly text: string;
  readonly ttl: number;
  readonly urgency: string | null;
  readonly topic: string | null;
  readonly claims: { readonly aud: string; readonly exp: number; readonly sub: string };
}

/**
 * @param serverKey VAPID public key that the browser subscribed with
 * @param tls null: `http://127.0.0.1`, for servers that may call private addresses
 */
export function startPushService(
  serverKey: () => Promise<string>,
  tls: { cert: string; key: string } | null,
): PushService {
  const browser = createECDH('prime256v1');
  browser.generateKeys();
  const auth = randomBytes(16);
  const received: PushedMessage[] = [];
  const answers: Response[] = [];
  const faults: string[] = [];
  const waiting: ((message: PushedMessage) => void)[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    ...(tls === null ? {} : { tls }),
    async fetch(request) {
      const answer = answers.shift();
      try {
        const { headers } = request;
        if (headers.get('Content-Encoding') !== 'aes128gcm') throw new Error('not aes128gcm');
        const claims = await verified(headers.get('Authorization') ?? '', await serverKey(), origin());
        const message: PushedMessage = {
          path: new URL(request.url).pathname,
          text: decrypted(Buffer.from(await request.arrayBuffer()), browser, auth).toString(),
          ttl: Number(headers.get('TTL')),
          urgency: headers.get('Urgency'),
          topic: headers.get('Topic'),
          claims,
        };
        if (answer === undefined) {
          received.push(message);
          for (const resolve of waiting.splice(0)) resolve(message);
        }
      } catch (error) {
        faults.push(String(error));
      }
      await service.beforeAnswer();
      return answer ?? new Response(null, { status: 201 });
    },
  });
  const port = server.port ?? 0;
  function origin(): string {
    return tls === null ? `http://127.0.0.1:${server.port}` : `https://localhost:${server.port}`;
  }
  const service: PushService = {
    port,
    beforeAnswer: async () => {},
    received,
    answers,
    faults,
    next: () => new Promise((resolve) => waiting.push(resolve)),
    subscription: (path = '/push/one') => ({
      endpoint: origin() + path,
      keys: { p256dh: browser.getPublicKey('base64url'), auth: auth.toString('base64url') },
    }),
    [Symbol.dispose]: () => void server.stop(true),
  };
  return service;
}

/** RFC 8291 over RFC 8188, one record. */
export function decrypted(body: Buffer, browser: ECDH, auth: Buffer): Buffer {
  const salt = body.subarray(0, 16);
  const recordSize = body.readUInt32BE(16);
  const keyLength = body.readUInt8(20);
  const serverPublic = body.subarray(21, 21 + keyLength);
  const record = body.subarray(21 + keyLength);
  if (record.length > recordSize) throw new Error('more than one record');
  const shared = browser.computeSecret(serverPublic);
  const info = Buffer.concat([Buffer.from('WebPush: info\0'), browser.getPublicKey(), serverPublic]);
  const secret = hkdf(shared, auth, info, 32);
  const key = hkdf(secret, salt, Buffer.from('Content-Encoding: aes128gcm\0'), 16);
  const nonce = hkdf(secret, salt, Buffer.from('Content-Encoding: nonce\0'), 12);
  const cipher = createDecipheriv('aes-128-gcm', key, nonce);
  cipher.setAuthTag(record.subarray(-16));
  const plain = Buffer.concat([cipher.update(record.subarray(0, -16)), cipher.final()]);
  const end = plain.lastIndexOf(2); // the delimiter of the last record; padding of zeros may follow
  if (end === -1 || plain.subarray(end + 1).some((byte) => byte !== 0)) throw new Error('wrong padding');
  return plain.subarray(0, end);
}

function hkdf(secret: Buffer, salt: Buffer, info: Buffer, length: number): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, salt, info, length));
}

/** RFC 8292: `vapid t=<JWT>, k=<public key>`. */
async function verified(header: string, serverKey: string, origin: string): Promise<PushedMessage['claims']> {
  const [, token = '', key = ''] = /^vapid t=([\w.-]+), ?k=([\w-]+)$/.exec(header) ?? [];
  if (key !== serverKey) throw new Error('signed by another key than the browser subscribed with');
  const [head = '', body = '', signature = ''] = token.split('.');
  const raw = Buffer.from(key, 'base64url');
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const publicKey = await crypto.subtle.importKey('raw', raw, algorithm, false, ['verify']);
  const isValid = await crypto.subtle.verify(
    { name: 'ECDSA', hash: 'SHA-256' },
    publicKey,
    Buffer.from(signature, 'base64url'),
    Buffer.from(`${head}.${body}`),
  );
  if (!isValid) throw new Error('the signature is wrong');
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString());
  if (claims.aud !== origin) throw new Error(`meant for ${claims.aud}, not for ${origin}`);
  const hours = (claims.exp - Date.now() / 1000) / 3600;
  if (hours <= 0 || hours > 24) throw new Error('expires too late or is expired');
  if (!/^(https:|mailto:)/.test(claims.sub)) throw new Error('names no contact');
  return claims;
}
