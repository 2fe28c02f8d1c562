import { type Contact, type Id, inboxOf, type Person } from '../contract/index.ts';
import type { Caller, ChatTransaction } from '../core/core.ts';
import { channelsPerPublish, chunksOf } from './chunks.ts';
import { contactOf, sightOf } from './contact-view.ts';
import type { TiesParts } from './parts.ts';
import { relationsOf, stranger } from './relations.ts';
import { changeBetween } from './ties.ts';

/** Of one person. More than anybody looks through, and a bound for every query about them. */
export const contactsMax = 5_000;

export type AddedSource = 'host' | 'provider' | 'invitation';

/** A person's list of contacts (who is in it and why: `relations.ts`). */
export class Contacts {
  readonly #parts: TiesParts;

  constructor(parts: TiesParts) {
    this.#parts = parts;
  }

  /** Everybody in the list, as the viewer sees them. */
  async of(appId: string, viewer: Id): Promise<Contact[]> {
    const { core, people, directs } = this.#parts;
    const rows = await core.db
      .selectFrom('chat_contacts')
      .select('contact_id')
      .distinct()
      .where('app_id', '=', appId)
      .where('owner_id', '=', viewer)
      .where('removed_at', 'is', null)
      .orderBy('contact_id')
      .limit(contactsMax)
      .execute();
    const ids = rows.map((row) => row.contact_id);
    if (ids.length === 0) return [];
    const relations = await relationsOf(core.db, appId, viewer, ids);
    const persons = await people.persons(appId, ids);
    const conversations = await directs.of(appId, viewer);
    const hidden = await core.db
      .selectFrom('chat_hidden_statuses')
      .select(['user_id', 'version'])
      .where('app_id', '=', appId)
      .where('viewer_id', '=', viewer)
      .execute();
    const hiddenVersions = new Map(hidden.map((row) => [row.user_id, row.version]));
    const contacts: Contact[] = [];
    for (const some of chunksOf(ids)) {
      const statuses = await core.db
        .selectFrom('chat_statuses')
        .select(['user_id', 'online', 'version'])
        .where('app_id', '=', appId)
        .where('user_id', 'in', some)
        .execute();
      const byId = new Map(statuses.map((status) => [status.user_id, status]));
      for (const id of some) {
        const relation = relations.get(id) ?? stranger;
        const sight = sightOf(relation, byId.get(id), hiddenVersions.get(id));
        const contact = contactOf(persons.get(id), relation, sight, conversations.get(id));
        if (contact !== null) contacts.push(contact);
      }
    }
    return contacts;
  }

  /**
   * Takes a person off the list. They do not see the caller's presence any more; a contact that both agreed to goes from
   * both lists. Who is not on the list is not missed.
   */
  async remove({ app, user }: Caller, person: Id): Promise<void> {
    const { core } = this.#parts;
    const relation = (await relationsOf(core.db, app.id, user, [person])).get(person) ?? stranger;
    if (relation.mine.every(({ removed }) => removed)) return;
    await core.db.transaction().execute((trx) =>
      changeBetween(this.#parts, trx, app.id, user, [person], async () => {
        await trx
          .updateTable('chat_contacts')
          .set({ removed_at: core.clock.now() })
          .where('app_id', '=', app.id)
          .where('owner_id', '=', user)
          .where('contact_id', '=', person)
          .where('removed_at', 'is', null)
          .execute();
        await trx
          .deleteFrom('chat_contacts')
          .where('app_id', '=', app.id)
          .where('owner_id', '=', person)
          .where('contact_id', '=', user)
          .where('source', '=', 'invitation')
          .execute();
      }),
    );
    await core.outbox.flush();
  }

  /** Puts people into the owner's list. @returns how many were not there, by any source, and are now */
  async add(
    trx: ChatTransaction,
    appId: string,
    owner: Id,
    found: Iterable<Id>,
    source: AddedSource,
    provider = '',
  ): Promise<number> {
    const others = [...new Set(found)].filter((id) => id !== owner);
    if (others.length === 0) return 0;
    let added = 0;
    await changeBetween(this.#parts, trx, appId, owner, others, async () => {
      const known = new Set(await this.#listed(trx, appId, owner));
      const fresh = others.filter((id) => !known.has(id));
      const room = Math.max(0, contactsMax - known.size);
      added = Math.min(fresh.length, room);
      const taken = [...others.filter((id) => known.has(id)), ...fresh.slice(0, room)];
      for (const some of chunksOf(taken)) {
        const row = { app_id: appId, owner_id: owner, source, provider, removed_at: null };
        await trx
          .insertInto('chat_contacts')
          .values(some.map((contact_id) => ({ ...row, contact_id, added_at: this.#parts.core.clock.now() })))
          // What the owner has taken off stays off.
          .onConflict((conflict) => conflict.doNothing())
          .execute();
      }
    });
    return added;
  }

  /** Both agreed to talk: each is in the other's list, whatever was taken off before. */
  async befriend(trx: ChatTransaction, appId: string, a: Id, b: Id): Promise<void> {
    await changeBetween(this.#parts, trx, appId, a, [b], async () => {
      for (const [owner_id, contact_id] of [
        [a, b],
        [b, a],
      ] as const) {
        await trx
          .updateTable('chat_contacts')
          .set({ removed_at: null })
          .where('app_id', '=', appId)
          .where('owner_id', '=', owner_id)
          .where('contact_id', '=', contact_id)
          .execute();
        const row = { app_id: appId, owner_id, contact_id, source: 'invitation' as const, provider: '' };
        await trx
          .insertInto('chat_contacts')
          .values({ ...row, added_at: this.#parts.core.clock.now(), removed_at: null })
          .onConflict((conflict) => conflict.doNothing())
          .execute();
      }
    });
  }

  /**
   * The host says whom its user knows, all of them: those of whom it says so no more are contacts no more, unless there is
   * another reason.
   */
  async replaceHost(trx: ChatTransaction, appId: string, owner: Id, found: Iterable<Id>): Promise<void> {
    const wanted = new Set(found);
    const rows = await trx
      .selectFrom('chat_contacts')
      .select('contact_id')
      .where('app_id', '=', appId)
      .where('owner_id', '=', owner)
      .where('source', '=', 'host')
      .execute();
    const gone = rows.map((row) => row.contact_id).filter((id) => !wanted.has(id));
    const known = new Set(rows.map((row) => row.contact_id));
    const fresh = [...wanted].filter((id) => !known.has(id));
    if (gone.length > 0) {
      await changeBetween(this.#parts, trx, appId, owner, gone, async () => {
        for (const some of chunksOf(gone)) {
          await trx
            .deleteFrom('chat_contacts')
            .where('app_id', '=', appId)
            .where('owner_id', '=', owner)
            .where('contact_id', 'in', some)
            .where('source', '=', 'host')
            .execute();
        }
      });
    }
    await this.add(trx, appId, owner, fresh, 'host');
  }

  /** Inboxes of those who have the person in their list and are connected: for what everybody may see, a new name say. */
  async audience(appId: string, person: Id): Promise<string[]> {
    const rows = await this.#parts.core.db
      .selectFrom('chat_contacts as contact')
      .innerJoin('chat_statuses as status', (join) =>
        join.onRef('status.app_id', '=', 'contact.app_id').onRef('status.user_id', '=', 'contact.owner_id'),
      )
      .select('contact.owner_id')
      .distinct()
      .where('contact.app_id', '=', appId)
      .where('contact.contact_id', '=', person)
      .where('contact.removed_at', 'is', null)
      .where('status.connected', '=', 1)
      .execute();
    return rows.map((row) => inboxOf(row.owner_id));
  }

  /** Tells those inboxes how the person is called and looks now. */
  async tell(trx: ChatTransaction, appId: string, inboxes: readonly string[], person: Person): Promise<void> {
    for (const some of chunksOf(inboxes, channelsPerPublish)) {
      await this.#parts.core.outbox.add(trx, appId, some, 'person_changed', { person });
    }
  }

  async #listed(trx: ChatTransaction, appId: string, owner: Id): Promise<Id[]> {
    const rows = await trx
      .selectFrom('chat_contacts')
      .select('contact_id')
      .distinct()
      .where('app_id', '=', appId)
      .where('owner_id', '=', owner)
      .execute();
    return rows.map((row) => row.contact_id);
  }
}
