import type { ChatErrorCode } from './errors.ts';

/**
 * Sign-in with a provider, as the page and the window that it opens agree on it. The page makes a verifier (32 random bytes,
 * base64url), opens `{server}{signInPath}#{SignInRequest as URLSearchParams}` in a click, and waits for one message whose
 * `origin` is the server's and whose `source` is the window. The code in it counts once, for a minute, and together with the
 * verifier: `POST /sessions/provider {app, code, verifier}`. A window that was closed by the person sends nothing.
 */
export const signInPath = '/chat/sign-in';

/** What the fragment of the window's address says. Nothing of it is a secret. */
export interface SignInRequest {
  /** The app's key. */
  readonly app: string;
  /** A provider's id of `ChatConfig`. */
  readonly provider: string;
  /** The Mastodon server's name, as the person typed it. */
  readonly server?: string;
  /** `location.origin` of the page: the one place that the answer goes to. */
  readonly origin: string;
  /** SHA-256 of the verifier's characters, base64url (RFC 7636, S256). */
  readonly challenge: string;
}

/** What the window posts to the page that opened it; then it closes itself, unless it has something to tell the person. */
export type SignInMessage =
  | { readonly type: 'earshot-sign-in'; readonly code: string }
  /** `cancelled`: the person did not agree at the provider. */
  | { readonly type: 'earshot-sign-in'; readonly error: ChatErrorCode | 'cancelled' };
