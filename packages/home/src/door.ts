import type { Session } from './contract.ts';

/** The page's own folder, a prefix included; every request goes to an address in it. */
const base = new URL('.', location.href);

/** Asks the server who this browser is. */
export async function askSession(): Promise<Session | 'signed-out' | 'unreachable'> {
  const response = await request('GET', 'session');
  if (response?.status === 200) return response.json();
  return response?.status === 401 ? 'signed-out' : 'unreachable';
}

export type SignInRefusal = 'used-or-expired' | 'too-many-tries' | 'unreachable';

/** Why the page is shut. */
export type Shut = SignInRefusal | 'signed-out' | 'session-ended';

/** Trades the token of a single-use link for the session cookie. */
export async function signIn(token: string): Promise<'signed-in' | SignInRefusal> {
  const response = await request('POST', 'session', new URLSearchParams({ token }));
  if (response?.ok) return 'signed-in';
  if (response?.status === 429) return 'too-many-tries';
  return response !== null && response.status < 500 ? 'used-or-expired' : 'unreachable';
}

/** Ends the session of this browser; false when the server did not answer. */
export async function signOut(): Promise<boolean> {
  return (await request('DELETE', 'session'))?.ok ?? false;
}

/** Null when no answer came at all. */
async function request(method: string, path: string, body?: URLSearchParams): Promise<Response | null> {
  try {
    return await fetch(new URL(path, base), { method, cache: 'no-store', ...(body && { body }) });
  } catch {
    return null;
  }
}
