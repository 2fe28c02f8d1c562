import { createHmac } from 'node:crypto';
import type { Id } from '../contract/index.ts';
import type { ChatTransaction } from '../core/core.ts';
import { type Keys, randomKey } from '../core/keys.ts';
import { chunksOf } from './chunks.ts';
import { type Contacts, contactsMax } from './contacts.ts';
import type { FoundContact } from './importer.ts';
import type { Identities, PeopleParts } from './parts.ts';

export interface Origin {
  readonly source: 'host' | 'provider';
  readonly provider: string;
}

/**
 * People whom somebody knows elsewhere, and who may not have signed in here. Those are kept as a hash that only this server
 * can make, without a name, until they do: nobody who has never been here has a profile.
 */
export class Pending {
  readonly #parts: PeopleParts;
  readonly #identities: Identities;
  readonly #keys: Keys;
  readonly #contacts: Contacts;

  constructor(parts: PeopleParts, identities: Identities, keys: Keys, contacts: Contacts) {
    this.#parts = parts;
    this.#identities = identities;
    this.#keys = keys;
    this.#contacts = contacts;
  }

  /** Adds those who have signed in and waits for the others. @returns how many are new in the list */
  async add(
    appId: string,
    owner: Id,
    found: readonly FoundContact[],
    origin: Origin,
    also: (trx: ChatTransaction, added: number) => Promise<void> = async () => {},
  ): Promise<number> {
    const { core } = this.#parts;
    const pepper = await this.#pepper(appId);
    const users = await this.#usersOf(appId, found);
    const added = await core.db.transaction().execute(async (trx) => {
      const count = await this.#contacts.add(
        trx,
        appId,
        owner,
        users.values(),
        origin.source,
        origin.provider,
      );
      const missing = found.filter((one) => !users.has(keyOf(one)));
      await this.#wait(
        trx,
        appId,
        owner,
        missing.map((one) => hashOf(pepper, appId, one)),
        origin,
      );
      await also(trx, count);
      return count;
    });
    const late = await this.#signedInMeanwhile(appId, owner, found, users, origin);
    await core.outbox.flush();
    return added + late;
  }

  /** All that the host says its user knows: nobody else is waited for on its account. */
  async replaceHost(appId: string, owner: Id, found: readonly FoundContact[]): Promise<void> {
    const { core } = this.#parts;
    const origin: Origin = { source: 'host', provider: '' };
    const pepper = await this.#pepper(appId);
    const users = await this.#usersOf(appId, found);
    const missing = new Set(
      found.filter((one) => !users.has(keyOf(one))).map((one) => hashOf(pepper, appId, one)),
    );
    await core.db.transaction().execute(async (trx) => {
      await this.#contacts.replaceHost(trx, appId, owner, users.values());
      const waiting = await trx
        .selectFrom('chat_pending_contacts')
        .select('identity_hash')
        .where('app_id', '=', appId)
        .where('owner_id', '=', owner)
        .where('source', '=', 'host')
        .execute();
      const known = new Set(waiting.map((row) => row.identity_hash));
      for (const some of chunksOf([...known].filter((hash) => !missing.has(hash)))) {
        await trx
          .deleteFrom('chat_pending_contacts')
          .where('app_id', '=', appId)
          .where('owner_id', '=', owner)
          .where('source', '=', 'host')
          .where('identity_hash', 'in', some)
          .execute();
      }
      await this.#wait(
        trx,
        appId,
        owner,
        [...missing].filter((hash) => !known.has(hash)),
        origin,
      );
    });
    await this.#signedInMeanwhile(appId, owner, found, users, origin);
    await core.outbox.flush();
  }

  /** Somebody has signed in: whoever waited for them has them as a contact now. */
  async arrived(appId: string, person: Id, identity: FoundContact): Promise<void> {
    const { core } = this.#parts;
    const hash = hashOf(await this.#pepper(appId), appId, identity);
    const waiting = await core.db
      .selectFrom('chat_pending_contacts')
      .select(['owner_id', 'source', 'provider'])
      .where('app_id', '=', appId)
      .where('identity_hash', '=', hash)
      .execute();
    for (const { owner_id, source, provider } of waiting) {
      await core.db.transaction().execute(async (trx) => {
        await this.#contacts.add(trx, appId, owner_id, [person], source, provider);
        await trx
          .deleteFrom('chat_pending_contacts')
          .where('app_id', '=', appId)
          .where('identity_hash', '=', hash)
          .where('owner_id', '=', owner_id)
          .where('source', '=', source)
          .where('provider', '=', provider)
          .execute();
      });
    }
    if (waiting.length > 0) await core.outbox.flush();
  }

  /** From now on the person is found by this name, too. */
  async keepAlias(appId: string, person: Id, alias: FoundContact): Promise<void> {
    const identity_hash = hashOf(await this.#pepper(appId), appId, alias);
    await this.#parts.core.db
      .insertInto('chat_contact_aliases')
      .values({ app_id: appId, identity_hash, user_id: person })
      .onConflict((conflict) =>
        conflict.columns(['app_id', 'identity_hash']).doUpdateSet({ user_id: person }),
      )
      .execute();
    await this.arrived(appId, person, alias);
  }

  /** Whoever signed in between looking them up and waiting for them was told of nobody who waits. */
  async #signedInMeanwhile(
    appId: string,
    owner: Id,
    found: readonly FoundContact[],
    users: ReadonlyMap<string, Id>,
    { source, provider }: Origin,
  ): Promise<number> {
    const missing = found.filter((one) => !users.has(keyOf(one)));
    const late = await this.#usersOf(appId, missing);
    if (late.size === 0) return 0;
    return this.#parts.core.db
      .transaction()
      .execute((trx) => this.#contacts.add(trx, appId, owner, late.values(), source, provider));
  }

  async #wait(
    trx: ChatTransaction,
    appId: string,
    owner: Id,
    hashes: readonly string[],
    { source, provider }: Origin,
  ): Promise<void> {
    if (hashes.length === 0) return;
    const { count } = await trx
      .selectFrom('chat_pending_contacts')
      .select((select) => select.fn.countAll<number>().as('count'))
      .where('app_id', '=', appId)
      .where('owner_id', '=', owner)
      .executeTakeFirstOrThrow();
    const room = Math.max(0, contactsMax - count);
    const added_at = this.#parts.core.clock.now();
    for (const some of chunksOf([...new Set(hashes)].slice(0, room))) {
      await trx
        .insertInto('chat_pending_contacts')
        .values(
          some.map((identity_hash) => ({
            app_id: appId,
            identity_hash,
            owner_id: owner,
            source,
            provider,
            added_at,
          })),
        )
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    }
  }

  /** Who has signed in, by `keyOf`. */
  async #usersOf(appId: string, found: readonly FoundContact[]): Promise<ReadonlyMap<string, Id>> {
    const users = new Map<string, Id>();
    const byIssuer = Map.groupBy(found, ({ issuer }) => issuer);
    for (const [issuer, all] of byIssuer) {
      for (const some of chunksOf(all)) {
        const subjects = some.map(({ subject }) => subject);
        const known = await this.#identities.usersOf(appId, issuer, subjects);
        for (const [subject, user] of known) users.set(keyOf({ issuer, subject }), user);
      }
    }
    const pepper = await this.#pepper(appId);
    for (const some of chunksOf(found.filter((one) => !users.has(keyOf(one))))) {
      const keys = new Map(some.map((one) => [hashOf(pepper, appId, one), keyOf(one)]));
      const rows = await this.#parts.core.db
        .selectFrom('chat_contact_aliases')
        .select(['identity_hash', 'user_id'])
        .where('app_id', '=', appId)
        .where('identity_hash', 'in', [...keys.keys()])
        .execute();
      for (const row of rows) users.set(keys.get(row.identity_hash) ?? '', row.user_id);
    }
    return users;
  }

  #pepper(appId: string): Promise<string> {
    return this.#keys.get(appId, 'contact-hash', randomKey);
  }
}

const keyOf = ({ issuer, subject }: FoundContact) => JSON.stringify([issuer, subject]);

function hashOf(pepper: string, appId: string, one: FoundContact): string {
  return createHmac('sha256', pepper)
    .update(`${appId} ${keyOf(one)}`)
    .digest('base64url');
}
