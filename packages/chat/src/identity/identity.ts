import type { Id, Me } from '../contract/index.ts';
import type { Caller, Core, People } from '../core/core.ts';
import { Keys } from '../core/keys.ts';
import type { Outbound } from '../outbound/outbound.ts';
import { Entry } from './entry.ts';
import { IdentityHooks } from './hooks.ts';
import { HostSecrets } from './host-secrets.ts';
import { HostTokens } from './host-tokens.ts';
import { PersonsLives } from './persons-lives.ts';
import { Providers, type ProvidersOptions } from './providers/providers.ts';
import { Sealing } from './sealing.ts';
import { type Credentials, Sessions } from './sessions.ts';
import { type ProviderAccess, SignIns } from './sign-in.ts';
import { type MeChange, meOf, Users } from './users.ts';

export interface IdentityOptions {
  readonly core: Core;
  /** Shared with the other parts; made here when left out. */
  readonly keys?: Keys;
  readonly outbound: Outbound;
  /** Kinds of providers whose contacts can be imported; their tokens are kept for a while. None when left out. */
  readonly importers?: ProvidersOptions['importers'];
  readonly addresses?: ProvidersOptions['addresses'];
}

/** Who somebody is: people, their sessions, their ways in. */
export interface Identity {
  readonly people: People;
  /** Exports, erases and merges people; other parts register their `PersonalData` here. */
  readonly lives: PersonsLives;
  /** What other parts hear of people. */
  readonly hooks: IdentityHooks;
  readonly sessions: Sessions;
  readonly entry: Entry;
  readonly signIns: SignIns;
  readonly providers: Providers;
  readonly hostSecrets: HostSecrets;
  /** Reads what the host site signed: who its users are, and which room is meant. */
  readonly hostTokens: HostTokens;
  /** @throws Refusal; see `Sessions.authenticate` */
  authenticate(credentials: Credentials): Promise<Caller>;
  /** Tells the person's clients and `hooks`. @throws Refusal */
  changeMe(appId: string, id: Id, change: MeChange): Promise<Me>;
  /** People of the app by the subjects that an issuer knows them by (`hostIssuer` for users of the host). */
  usersOf(appId: string, issuer: string, subjects: readonly string[]): Promise<ReadonlyMap<string, Id>>;
  /** What an importer asks the provider with; null when the person has to sign in there again. */
  providerAccess(appId: string, id: Id, provider: string): Promise<ProviderAccess | null>;
  /** Begins to clean up what has expired. @returns how to stop */
  start(): () => void;
}

export function createIdentity(options: IdentityOptions): Identity {
  const { core, outbound, importers = new Set(), keys = new Keys(core) } = options;
  const hooks = new IdentityHooks(core.onProblem);
  const users = new Users(core);
  const sessions = new Sessions(core, keys, (...event) => hooks.tell('sessionsEnded', ...event));
  const lives = new PersonsLives(core, users, sessions);
  const hostSecrets = new HostSecrets(core);
  const hostTokens = new HostTokens(core, hostSecrets);
  const entry = new Entry({ core, users, sessions, lives, hostTokens, hooks });
  const sealing = new Sealing(keys);
  const { addresses } = options;
  const providers = new Providers({
    core,
    outbound,
    sealing,
    importers,
    ...(addresses === undefined ? {} : { addresses }),
  });
  const signIns = new SignIns(core, providers, sealing);
  return {
    people: {
      person: (appId, id, within) => users.person(appId, id, within),
      persons: (appId, ids, within) => users.persons(appId, ids, within),
      me: (appId, id, within) => users.me(appId, id, within),
      preferences: (appId, ids) => users.preferences(appId, ids),
      sessions: (appId, id) => sessions.sessions(appId, id),
      disconnect: (appId, id) => sessions.disconnect(appId, id),
    },
    lives,
    hooks,
    sessions,
    entry,
    signIns,
    providers,
    hostSecrets,
    hostTokens,
    authenticate: (credentials) => sessions.authenticate(credentials),
    async changeMe(appId, id, change) {
      if (change.name !== undefined) await users.noteConnected(appId, change.name);
      const row = await core.db.transaction().execute(async (trx) => {
        const changed = await users.change(trx, appId, id, change);
        await users.tell(trx, changed);
        return changed;
      });
      await core.outbox.flush();
      const me = meOf(row);
      await hooks.tell('meChanged', appId, me, change);
      return me;
    },
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
    providerAccess: (appId, id, provider) => signIns.access(appId, id, provider),
    start() {
      const stops = [sessions.start(), signIns.startSweeping()];
      return () => {
        for (const stop of stops) stop();
      };
    },
  };
}
