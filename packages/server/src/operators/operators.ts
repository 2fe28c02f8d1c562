import type { Operator } from '@earshot/dashboard';

/** `locked`: the environment holds it. */
export type Refused = {
  readonly refused: string;
  readonly field?: string;
  readonly why: 'unknown' | 'invalid' | 'taken' | 'locked' | 'busy';
};

/** Who signed in: null is whoever came by a single-use link. */
export interface SignedIn {
  readonly operator: Operator | null;
}

/** Whom a provider of OpenID Connect vouches for. */
export interface Vouched {
  readonly issuer: string;
  /** Only one that the provider has verified. */
  readonly email: string | null;
}

/** Who may run this server, and their browsers. One session opens `/` and `/dashboard`. */
export interface Operators {
  /** A token for the fragment of a sign-in link; good once, for 15 minutes. */
  createLinkToken(): Promise<string>;
  /** Uses a link token up: the token of a new session, or null. Of two that try at once one gets null. */
  redeem(linkToken: string): Promise<string | null>;
  /** The token of a new session. Takes as long for a name that nobody has. `busy`: too many are being checked. */
  signIn(
    name: string,
    password: string,
  ): Promise<{ readonly token: string } | { readonly refused: 'wrong' | 'busy' }>;
  /** For somebody whom a provider vouches for; null when that identity is not let in. */
  signInByProvider(subject: Vouched): Promise<string | null>;
  session(token: string): Promise<SignedIn | null>;
  end(token: string): Promise<void>;
  hasPasswords(): Promise<boolean>;
  /** Hears of every time that this process has ended sessions. @returns ends that */
  onEnded(listener: () => void): () => void;

  /** The oldest first. */
  list(): Promise<Operator[]>;
  /** Refused: a name that is taken, a password of less than 10 characters or among the most common ones. */
  create(name: string, password: string): Promise<Operator | Refused>;
  /** A new password ends the sessions of this operator, but for the one of `keep`. */
  update(
    id: string,
    patch: { readonly name?: string; readonly password?: string },
    keep?: string | null,
  ): Promise<Operator | Refused>;
  /** Whether it is this operator's password. @throws TooBusyError */
  isPassword(id: string, password: string): Promise<boolean>;
  /** Their sessions end at once. */
  remove(id: string): Promise<true | Refused>;
}
