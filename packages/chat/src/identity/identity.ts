import type { Id } from '../contract/index.ts';
import type { Caller, Core, People } from '../core/core.ts';
import { Keys } from '../core/keys.ts';
import { Entry } from './entry.ts';
import { IdentityHooks } from './hooks.ts';
import { HostSecrets } from './host-secrets.ts';
import { HostTokens } from './host-tokens.ts';
import { PersonsLives } from './persons-lives.ts';
import { type Credentials, Sessions } from './sessions.ts';
import { Users } from './users.ts';

export interface IdentityOptions {
  readonly core: Core;
  /** Shared with the other parts; made here when left out. */
  readonly keys?: Keys;
}

/** Who somebody is: people, their sessions, their ways in. */
export interface Identity {
  readonly people: People;
  /** Exports, erases and merges people; other parts register their `PersonalData` here. */
  readonly lives: PersonsLives;
  /** What other parts hear of people. */
  readonly hooks: IdentityHooks;
  readonly users: Users;
  readonly sessions: Sessions;
  readonly entry: Entry;
  readonly hostSecrets: HostSecrets;
  /** Reads what the host site signed: who its users are, and which room is meant. */
  readonly hostTokens: HostTokens;
  /** @throws Refusal; see `Sessions.authenticate` */
  authenticate(credentials: Credentials): Promise<Caller>;
  /** People of the app by the subjects that an issuer knows them by (`hostIssuer` for users of the host). */
  usersOf(appId: string, issuer: string, subjects: readonly string[]): Promise<ReadonlyMap<string, Id>>;
  /** Begins to clean up what has expired. @returns how to stop */
  start(): () => void;
}

export function createIdentity({ core, keys = new Keys(core) }: IdentityOptions): Identity {
  const hooks = new IdentityHooks(core.onProblem);
  const users = new Users(core);
  const sessions = new Sessions(core, keys, (...event) => hooks.tell('sessionsEnded', ...event));
  const lives = new PersonsLives(core, users, sessions);
  const hostSecrets = new HostSecrets(core);
  const hostTokens = new HostTokens(core, hostSecrets);
  const entry = new Entry({ core, users, sessions, lives, hostTokens, hooks });
  return {
    people: {
      person: (appId, id, within) => users.person(appId, id, within),
      persons: (appId, ids, within) => users.persons(appId, ids, within),
      me: (appId, id) => users.me(appId, id),
      sessions: (appId, id) => sessions.sessions(appId, id),
      disconnect: (appId, id) => sessions.disconnect(appId, id),
    },
    lives,
    hooks,
    users,
    sessions,
    entry,
    hostSecrets,
    hostTokens,
    authenticate: (credentials) => sessions.authenticate(credentials),
    async usersOf(appId, issuer, subjects) {
      if (subjects.length === 0) return new Map();
      const rows = await core.db
        .selectFrom('chat_identities')
        .select(['subject', 'user_id'])
        .where('app_id', '=', appId)
        .where('issuer', '=', issuer)
        .where('subject', 'in', [...new Set(subjects)])
        .execute();
      return new Map(rows.map(({ subject, user_id }) => [subject, user_id]));
    },
    start: () => sessions.start(),
  };
}
