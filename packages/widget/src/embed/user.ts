import type { UserOption } from './options.ts';

/** A token, or how to get a fresh one. */
export type HostUser = string | (() => string | null | Promise<string | null>);

/** What a page says of its user, as the session takes it. */
export function hostUser(user: UserOption | null): HostUser | null {
  return user === null || typeof user !== 'object' ? user : tokensFrom(user.url, user.first);
}

/**
 * Asks the host site for its user's token: an address of its own that answers with the token as text, or with nothing
 * where nobody is signed in.
 */
function tokensFrom(url: string, first: string | null): () => Promise<string | null> {
  let atHand = first;
  return async () => {
    const token = atHand;
    atHand = null;
    if (token !== null) return token;
    const answer = await fetch(url, { credentials: 'same-origin', cache: 'no-store' });
    if (!answer.ok) throw new Error(`${url} answered with ${answer.status}`);
    return (await answer.text()).trim() || null;
  };
}
