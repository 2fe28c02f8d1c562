import type { Target } from '../target.ts';

function hmac(target: Target, text: string): string {
  return new Bun.CryptoHasher('sha256', target.app.secret).update(text).digest('hex');
}

/** The `auth` of a subscription to a private or presence channel. */
export function signChannel(target: Target, socketId: string, channel: string, channelData?: string): string {
  const data = channelData === undefined ? '' : `:${channelData}`;
  return `${target.app.key}:${hmac(target, `${socketId}:${channel}${data}`)}`;
}

/** The `auth` of a sign-in. */
export function signUser(target: Target, socketId: string, userData: string): string {
  return `${target.app.key}:${hmac(target, `${socketId}::user::${userData}`)}`;
}

/** Path and query of a signed API request; the signature is good for ten minutes. */
export function signRequest(target: Target, method: string, path: string, body = ''): string {
  const seconds = Math.floor(Date.now() / 1000);
  const md5 = body === '' ? '' : `&body_md5=${new Bun.CryptoHasher('md5').update(body).digest('hex')}`;
  const query = `auth_key=${target.app.key}&auth_timestamp=${seconds}&auth_version=1.0${md5}`;
  return `${path}?${query}&auth_signature=${hmac(target, `${method}\n${path}\n${query}`)}`;
}
