import type { Operator } from '@earshot/dashboard';

export type Refused = { readonly refused: string; readonly field?: string };

/** Who signed in: null is whoever came by a single-use link. */
export interface SignedIn {
  readonly operator: Operator | null;
}

/** Who may run this server, and their browsers. One session opens `/` and `/dashboard`. */
export interface Operators {
  /** A token for the fragment of a sign-in link; good once, for 15 minutes. */
  createLinkToken(): Promise<string>;
  /** Uses a link token up: the token of a new session, or null. Of two that try at once one gets null. */
  redeem(linkToken: string): Promise<string | null>;
  /** The token of a new session, or null. Takes as long for a name that nobody has. */
  signIn(name: string, password: string): Promise<string | null>;
  /** For somebody whom a provider vouches for; null when that identity is not let in. */
  signInByProvider(subject: {
    readonly issuer: string;
    readonly email: string | null;
    readonly name: string;
  }): Promise<string | null>;
  session(token: string): Promise<SignedIn | null>;
  end(token: string): Promise<void>;
  hasPasswords(): Promise<boolean>;

  list(): Promise<Operator[]>;
  /** Refused: a name that is taken, a password of less than 10 characters or among the most common ones. */
  create(name: string, password: string): Promise<Operator | Refused>;
  /** A new password ends the other sessions of this operator. */
  update(
    id: string,
    patch: { readonly name?: string; readonly password?: string },
  ): Promise<Operator | Refused>;
  /** Their sessions end at once. */
  remove(id: string): Promise<true | Refused>;
}
