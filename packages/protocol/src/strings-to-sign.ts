/** The strings that signatures are made of, and the parts of what is signed. */

/**
 * What the signature of a channel subscription signs (PRIV-1).
 * @param channelData exactly as received, never encoded again; null when none was sent
 */
export function channelStringToSign(socketId: string, channel: string, channelData: string | null): string {
  return channelData === null ? `${socketId}:${channel}` : `${socketId}:${channel}:${channelData}`;
}

/**
 * What the signature of a sign-in signs (USER-1).
 * @param userData exactly as received, never encoded again
 */
export function userStringToSign(socketId: string, userData: string): string {
  return `${socketId}::user::${userData}`;
}

/**
 * What the signature of an API request signs (SIGN-2, SIGN-3).
 * @param path without query; raw as on the wire, or percent-decoded (libraries sign it before they encode it)
 * @param params name and value of each query parameter, URL-decoded, in the order of the request
 */
export function requestStringToSign(
  method: string,
  path: string,
  params: ReadonlyArray<readonly [string, string]>,
): string {
  const signed: [string, string][] = [];
  for (const [name, value] of params) {
    const lowerCase = name.toLowerCase();
    if (lowerCase !== 'auth_signature') signed.push([lowerCase, value]);
  }
  // By code units, which is byte order for the names that exist; equal names (`channels[]`) keep their order.
  signed.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `${method.toUpperCase()}\n${path}\n${signed.map(([name, value]) => `${name}=${value}`).join('&')}`;
}

/** The two halves of `auth` (`{key}:{signature}`), or null when it does not have both. */
export function parseAuth(auth: string): { key: string; signature: string } | null {
  const colon = auth.indexOf(':');
  if (colon <= 0 || colon === auth.length - 1) return null;
  return { key: auth.slice(0, colon), signature: auth.slice(colon + 1) };
}

const socketId = /^\d+\.\d+$/;

/** Whether `text` has the form of a socket id (CONN-3), by the pattern that every publisher library checks. */
export function isSocketId(text: string): boolean {
  return socketId.test(text);
}
