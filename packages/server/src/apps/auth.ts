import { timingSafeEqual } from 'node:crypto';
import {
  apiClockToleranceSeconds,
  channelStringToSign,
  errorTexts,
  parseAuth,
  requestStringToSign,
  userStringToSign,
} from '@earshot/protocol';
import type { App, AppKey } from './app.ts';

export type AuthVerdict = { readonly ok: true } | { readonly refused: string };

/**
 * Checks the `auth` of a subscription (PRIV-1). `channelData` is signed exactly as received.
 * A refusal is the text for `pusher:error` (PRIV): it shows the string to sign, never the expected signature.
 */
export function verifyChannelAuth(
  app: App,
  socketId: string,
  channel: string,
  auth: string | null,
  channelData: string | null,
): AuthVerdict {
  if (auth === null) return { refused: errorTexts.authRequired.text(channel) };
  return verifyAuth(app, auth, channelStringToSign(socketId, channel, channelData), 'subscription');
}

/** Checks the `auth` of a `pusher:signin`; `userData` is signed exactly as received. */
export function verifyUserAuth(app: App, socketId: string, auth: string, userData: string): AuthVerdict {
  return verifyAuth(app, auth, userStringToSign(socketId, userData), 'user');
}

function verifyAuth(
  app: App,
  auth: string,
  stringToSign: string,
  what: 'subscription' | 'user',
): AuthVerdict {
  const parts = parseAuth(auth);
  const key = parts === null ? undefined : app.keys.get(parts.key);
  if (parts === null || key === undefined) {
    return { refused: errorTexts.invalidKey.text(what, parts?.key ?? auth) };
  }
  if (!isSignedBy(key, stringToSign, parts.signature)) {
    return { refused: errorTexts.invalidSignature.text(stringToSign, parts.signature) };
  }
  return { ok: true };
}

/** Query parameters in the order of the request, decoded. */
export type QueryParams = ReadonlyArray<readonly [name: string, value: string]>;

export interface SignedRequest {
  /** The app that the path names; undefined when it names none (`/users/{id}/…`) or an unknown one. */
  readonly app: App | undefined;
  /** Finds the app of a key, for paths that name no app. */
  readonly lookup: (key: string) => App | undefined;
  readonly method: string;
  /** As received, still percent-encoded, without query and without `EARSHOT_PATH`. */
  readonly path: string;
  /** As received, without the question mark. */
  readonly query: string;
  readonly body: Uint8Array;
  /** Seconds since the epoch, whole. */
  readonly nowSeconds: number;
}

export type RequestVerdict =
  | { readonly ok: true; readonly app: App; readonly params: QueryParams }
  | { readonly status: 401 | 403 | 404; readonly message: string };

/**
 * Checks the signature of an HTTP API request in every form that publishers send (SIGN-1 to SIGN-9). Failures carry the texts of the live service. About 3 µs for a small publish (auth.bench.ts).
 */
export function verifyRequest(request: SignedRequest): RequestVerdict {
  const { path, body } = request;
  if (request.app === undefined && path.startsWith('/apps/')) {
    return { status: 404, message: `Could not find app by id ${path.split('/')[2]}` };
  }
  const params = parseQuery(request.query);
  const authKey = find(params, 'auth_key');
  if (!authKey) return unauthorised('Missing parameter: auth_key');
  // A key counts for its own app only, whatever app the path names.
  const app = request.app ?? request.lookup(authKey);
  const key = app?.keys.get(authKey);
  if (app === undefined || key === undefined) return unauthorised('Unknown auth_key');

  const version = find(params, 'auth_version');
  if (!version) return unauthorised('Version required');
  if (version !== '1.0') return unauthorised('Version not supported');
  const timestamp = find(params, 'auth_timestamp');
  if (!timestamp) return unauthorised('Timestamp required');
  const given = /^\d{1,12}$/.test(timestamp) ? Number(timestamp) : 0;
  if (Math.abs(request.nowSeconds - given) >= apiClockToleranceSeconds) {
    return unauthorised(
      `Timestamp expired: Given timestamp (${iso8601(given)}) not within ${apiClockToleranceSeconds}s ` +
        `of server time (${iso8601(request.nowSeconds)})`,
    );
  }

  const signature = find(params, 'auth_signature') ?? '';
  const stringToSign = requestStringToSign(request.method, path, params);
  if (!isSignedBy(key, stringToSign, signature)) {
    // Libraries sign the path before their HTTP stack percent-encodes it.
    const decoded = path.includes('%') ? decodePath(path) : path;
    if (
      decoded === path ||
      !isSignedBy(key, requestStringToSign(request.method, decoded, params), signature)
    ) {
      return unauthorised(
        `Invalid signature: you should have sent HmacSHA256Hex(${JSON.stringify(stringToSign)}, your_secret_key), ` +
          `but you sent ${JSON.stringify(signature)}`,
      );
    }
  }

  const bodyMd5 = find(params, 'body_md5');
  if (bodyMd5 === undefined && body.length > 0) return unauthorised('Missing parameter: body_md5');
  if (bodyMd5 !== undefined) {
    const received = Bun.MD5.hash(body, 'hex');
    if (bodyMd5 !== received) {
      return unauthorised(`Invalid body_md5: the MD5 of the received body is ${received}`);
    }
  }
  if (!app.settings.enabled) return { status: 403, message: 'App disabled' };
  return { ok: true, app, params };
}

/** The query (without question mark) that makes a request of the HTTP API valid for the next 600 s. */
export function signRequest(request: {
  readonly key: AppKey;
  readonly method: string;
  readonly path: string;
  readonly params?: QueryParams;
  readonly body: string;
  readonly nowSeconds: number;
}): string {
  const params: [string, string][] = [
    ...(request.params ?? []).map(([name, value]): [string, string] => [name, value]),
    ['auth_key', request.key.key],
    ['auth_timestamp', String(request.nowSeconds)],
    ['auth_version', '1.0'],
  ];
  if (request.body !== '') params.push(['body_md5', Bun.MD5.hash(request.body, 'hex')]);
  const signature = sign(request.key, requestStringToSign(request.method, request.path, params));
  return new URLSearchParams([...params, ['auth_signature', signature]]).toString();
}

/** The `auth` that lets a socket subscribe to a channel: `KEY:SIGNATURE`. */
export function signChannel(
  key: AppKey,
  socketId: string,
  channel: string,
  channelData: string | null,
): string {
  return `${key.key}:${sign(key, channelStringToSign(socketId, channel, channelData))}`;
}

/** The `auth` that lets a socket sign in as whom `userData` names: `KEY:SIGNATURE`. */
export function signUser(key: AppKey, socketId: string, userData: string): string {
  return `${key.key}:${sign(key, userStringToSign(socketId, userData))}`;
}

/** The `X-Pusher-Signature` of a webhook's body. */
export function signWebhook(key: AppKey, body: string): string {
  return sign(key, body);
}

function sign(key: AppKey, text: string): string {
  return new Bun.CryptoHasher('sha256', key.secret).update(text).digest('hex');
}

// Bun asks for room for its longest digest, whatever the algorithm.
const digestBytes = Buffer.alloc(64);
const expectedBytes = digestBytes.subarray(0, 32);
const givenBytes = Buffer.alloc(32);

/** Compares in constant time. The two buffers are shared: nothing here waits in between. */
function isSignedBy(key: AppKey, text: string, signature: string): boolean {
  if (!/^[0-9a-f]{64}$/.test(signature)) return false;
  new Bun.CryptoHasher('sha256', key.secret).update(text).digest(digestBytes);
  givenBytes.write(signature, 'hex');
  return timingSafeEqual(expectedBytes, givenBytes);
}

function parseQuery(query: string): QueryParams {
  // Nearly every request: nothing is encoded, and the platform's parser would cost ten times as much.
  if (/[%+]/.test(query)) return [...new URLSearchParams(query)];
  const params: [string, string][] = [];
  for (const pair of query.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    params.push(equals === -1 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)]);
  }
  return params;
}

function find(params: QueryParams, name: string): string | undefined {
  for (const [key, value] of params) if (key.toLowerCase() === name) return value;
  return undefined;
}

/** The path decoded, or as it is when its percent signs are no encoding. */
function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch (error) {
    if (error instanceof URIError) return path;
    throw error;
  }
}

function unauthorised(message: string): RequestVerdict {
  return { status: 401, message };
}

function iso8601(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, -5)}Z`;
}
