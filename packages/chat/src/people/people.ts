import type { Timer } from '@earshot/base';
import type { Id, Me } from '../contract/index.ts';
import type { Attention, Caller, Core, Directs, People, PersonalData, Reach } from '../core/core.ts';
import type { Keys } from '../core/keys.ts';
import type { HostFact } from '../host.ts';
import { Blocks } from './blocks.ts';
import { Contacts } from './contacts.ts';
import type { FoundContact, Importer } from './importer.ts';
import { Imports } from './imports.ts';
import { Invitations } from './invitations.ts';
import type { ConversationViews, Identities, PeopleParts, ProviderTokens } from './parts.ts';
import { Pending } from './pending.ts';
import { peopleData } from './personal-data.ts';
import { Presence } from './presence.ts';
import { stateOf } from './state.ts';

const forgetEveryMs = 60 * 60_000;
/** The issuer of users of the host site, as `identity/` names it. */
const hostIssuer = 'host';

export interface PeopleOptions {
  readonly core: Core;
  readonly people: People;
  /** `createReach` of this folder, which conversations need before there are any. */
  readonly reach: Reach;
  readonly directs: Directs;
  readonly views: ConversationViews;
  readonly attention: Attention;
  readonly identities: Identities;
  readonly tokens: ProviderTokens;
  readonly keys: Keys;
  readonly importers: readonly Importer[];
}

/** What of a person may have changed; anything else of it is nobody else's business. */
export type MeChange = { readonly [Part in keyof Me]?: unknown };

/** Contacts, presence, blocks, invitations and imports. */
export interface PeopleService {
  readonly contacts: Contacts;
  readonly presence: Presence;
  readonly blocks: Blocks;
  readonly invitations: Invitations;
  readonly imports: Imports;
  readonly data: PersonalData;
  state(caller: Caller): ReturnType<typeof stateOf>;
  /** What became true on the host. Returns at once. */
  told(fact: HostFact): void;
  /** A token of the host lists whom its user knows. */
  hostContacts(appId: string, user: Id, contacts: readonly { readonly sub: string }[]): Promise<void>;
  /** Somebody has signed in with an identity. */
  signedIn(appId: string, user: Id, identity: FoundContact): Promise<void>;
  /** Somebody has changed what is said of them, or whether they are seen. @param change nothing in it: it may be anything */
  meChanged(appId: string, me: Me, change?: MeChange): Promise<void>;
  start(): void;
  stop(): Promise<void>;
  /** Resolves when the facts so far have been taken. */
  idle(): Promise<void>;
}

export function createPeople(options: PeopleOptions): PeopleService {
  const { core, people, reach, directs, views, attention } = options;
  const parts: PeopleParts = { core, people, reach, directs, attention };
  const contacts = new Contacts(parts);
  const presence = new Presence(core, people);
  const invitations = new Invitations(parts, contacts, views);
  const blocks = new Blocks(parts, invitations);
  const pending = new Pending(parts, options.identities, options.keys, contacts);
  const imports = new Imports(parts, pending, options.tokens, options.importers);
  const sources = { contacts, blocks, invitations, imports, presence, views };
  let forgetting: Timer | undefined;

  async function forget(): Promise<void> {
    for (const { id } of core.apps.all()) await invitations.forget(id);
  }

  return {
    ...{ contacts, presence, blocks, invitations, imports },
    data: peopleData(parts, invitations),
    state: (caller) => stateOf(parts, sources, caller),
    told: (fact) => presence.told(fact),
    hostContacts: (appId, user, known) =>
      pending.replaceHost(
        appId,
        user,
        known.map(({ sub }) => ({ issuer: hostIssuer, subject: sub })),
      ),
    async signedIn(appId, user, identity) {
      await pending.arrived(appId, user, identity);
      await imports.signedIn(appId, user, identity);
    },
    async meChanged(appId, { id }, change = {}) {
      const isAnything = Object.keys(change).length === 0;
      if (isAnything || change.invisible !== undefined) await presence.invisibleChanged(appId, id);
      if (!isAnything && change.name === undefined && change.avatar === undefined) return;
      const person = await people.person(appId, id);
      const inboxes = await contacts.audience(appId, id);
      if (person === undefined || inboxes.length === 0) return;
      await core.db.transaction().execute((trx) => contacts.tell(trx, appId, inboxes, person));
      await core.outbox.flush();
    },
    start() {
      presence.start();
      forgetting = core.clock.every(forgetEveryMs, () => {
        forget().catch((error) => core.onProblem('people forget', error));
      });
    },
    async stop() {
      forgetting?.cancel();
      await presence.stop();
    },
    idle: () => presence.idle(),
  };
}
