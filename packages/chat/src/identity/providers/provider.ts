/** Somebody as a provider knows them. */
export interface ProvidedPerson {
  readonly issuer: string;
  readonly subject: string;
  readonly name: string;
  readonly avatar: string | null;
  /** Where it was asked for: an address that the provider says it has verified; null when there is none. */
  readonly email?: string | null;
  /** To ask the provider for more, as an importer of contacts does. */
  readonly access: { readonly token: string; readonly seconds: number | null };
}

/** What one sign-in keeps between leaving for the provider and coming back. */
export interface Attempt {
  readonly state: string;
  readonly nonce: string;
  /** PKCE (RFC 7636). */
  readonly verifier: string;
  readonly redirectUri: string;
}

/** A way to sign in elsewhere: OAuth 2 with code and PKCE, or OpenID Connect on top of it. */
export interface Provider {
  /** The address to send the person to. @throws ProviderError */
  begin(attempt: Attempt): Promise<URL>;
  /**
   * What the provider says of the person who came back.
   * @param query of the address that they came back with
   * @throws ProviderError
   */
  finish(attempt: Attempt, query: URLSearchParams): Promise<ProvidedPerson>;
}

/** A sign-in that cannot go on. The message names the provider and the reason, and no secret. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError';
  constructor(
    /** `cancelled`: the person did not agree. `unreachable`: it may go better later. `refused`: it will not. */
    readonly why: 'cancelled' | 'unreachable' | 'refused',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
