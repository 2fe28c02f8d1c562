import type { Id, Me } from '../contract/index.ts';
import type { SessionEnd } from './sessions.ts';
import type { MeChange } from './users.ts';

/** A user of the host site whom another one knows. */
export interface HostContact {
  /** The host's id of the user. */
  readonly sub: string;
  readonly name?: string | undefined;
}

/** By what somebody signs in. The issuer of users of the host site is `hostIssuer`. */
export interface IdentityKey {
  readonly issuer: string;
  readonly subject: string;
}

export const hostIssuer = 'host';

/** What other parts hear. All are told after the commit, one after the other; what they throw goes to `onProblem`. */
export interface IdentityEvents {
  /**
   * Somebody changed something of themselves, or a sign-in did. Their own clients have been told; a new name or picture is
   * for rooms and contacts to hear (`person_changed`).
   */
  meChanged: [appId: string, me: Me, change: MeChange];
  /** A token of the host lists whom its user knows, all of them. */
  hostContacts: [appId: string, user: Id, contacts: readonly HostContact[]];
  /** Somebody has signed in with an identity: each time, so that whoever waited for it finds them. */
  signedIn: [appId: string, user: Id, identity: IdentityKey];
  /** After `into` has got everything that was the guest's. */
  merged: [appId: string, from: Id, into: Id];
  sessionsEnded: [appId: string, sessions: readonly Id[], why: SessionEnd];
}

type Listener<Name extends keyof IdentityEvents> = (...event: IdentityEvents[Name]) => Promise<void> | void;

/** Who hears what. Parts add themselves before the chat starts. */
export class IdentityHooks {
  readonly #listeners = new Map<keyof IdentityEvents, Listener<never>[]>();
  readonly #onProblem: (stage: string, error: unknown) => void;

  constructor(onProblem: (stage: string, error: unknown) => void) {
    this.#onProblem = onProblem;
  }

  on<Name extends keyof IdentityEvents>(name: Name, listener: Listener<Name>): void {
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener]);
  }

  /** Never rejects. */
  async tell<Name extends keyof IdentityEvents>(name: Name, ...event: IdentityEvents[Name]): Promise<void> {
    for (const listener of (this.#listeners.get(name) ?? []) as Listener<Name>[]) {
      try {
        await listener(...event);
      } catch (error) {
        this.#onProblem(`identity.${name}`, error);
      }
    }
  }
}
