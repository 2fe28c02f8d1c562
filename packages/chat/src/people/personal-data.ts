import { type Id, inboxOf } from '../contract/index.ts';
import type { ChatTransaction, PersonalData } from '../core/core.ts';
import { seenBy } from './invitation.ts';
import type { Invitations } from './invitations.ts';
import { lockPersons } from './lock.ts';
import type { PeopleParts } from './parts.ts';
import { graceTimer } from './presence.ts';
import { changeBetween } from './ties.ts';

/** Contacts, blocks, invitations, imports and presence, when two people are one or somebody wants a copy or an end. */
export function peopleData(parts: PeopleParts, invitations: Invitations): PersonalData {
  const { core } = parts;
  return {
    name: 'people',

    async merge(trx, appId, from, into) {
      await lockPersons(trx, appId, [from, into], core.clock.now());
      const others = await relatedTo(trx, appId, from);
      const owners = await listing(trx, appId, from);
      // What `into` is to the others changes by it, presence included; they are told.
      await changeBetween(parts, trx, appId, into, others, async () => {
        for (const move of moves) await move(trx, appId, from, into);
      });
      for (const owner of owners) {
        await core.outbox.add(trx, appId, [inboxOf(owner)], 'contact_removed', { person: from });
      }
      await forgetPresence(parts, trx, appId, from);
    },

    async export(appId, id) {
      const now = core.clock.now();
      const contacts = await core.db
        .selectFrom('chat_contacts')
        .select(['contact_id', 'source', 'provider', 'added_at', 'removed_at'])
        .where('app_id', '=', appId)
        .where('owner_id', '=', id)
        .execute();
      const waiting = await core.db
        .selectFrom('chat_pending_contacts')
        .select(['source', 'provider', 'added_at'])
        .where('app_id', '=', appId)
        .where('owner_id', '=', id)
        .execute();
      const blocks = await core.db
        .selectFrom('chat_blocks')
        .select(['blocked_id', 'at'])
        .where('app_id', '=', appId)
        .where('blocker_id', '=', id)
        .execute();
      const invited = await core.db
        .selectFrom('chat_invitations')
        .selectAll()
        .where('app_id', '=', appId)
        .where((where) => where.or([where('from_id', '=', id), where('to_id', '=', id)]))
        .execute();
      const declined = await core.db
        .selectFrom('chat_invitation_backoffs')
        .select(['from_id', 'declines', 'until'])
        .where('app_id', '=', appId)
        .where('to_id', '=', id)
        .execute();
      const imports = await core.db
        .selectFrom('chat_imports')
        .select(['provider', 'state', 'found', 'added', 'created_at'])
        .where('app_id', '=', appId)
        .where('user_id', '=', id)
        .execute();
      const ids = [
        ...contacts.map((row) => row.contact_id),
        ...blocks.map((row) => row.blocked_id),
        ...declined.map((row) => row.from_id),
        ...invited.flatMap((row) => [row.from_id, row.to_id]),
      ];
      const persons = await parts.people.persons(appId, [...new Set(ids)]);
      const named = (person: Id) => ({ id: person, name: persons.get(person)?.name ?? '' });
      return {
        contacts: contacts.map((row) => ({
          person: named(row.contact_id),
          source: row.source,
          provider: row.provider,
          addedAt: row.added_at,
          removedAt: row.removed_at,
        })),
        // A hash says nobody's name, not even to the one who knows them.
        waitedFor: waiting.map((row) => ({
          source: row.source,
          provider: row.provider,
          addedAt: row.added_at,
        })),
        blocked: blocks.map((row) => ({ person: named(row.blocked_id), at: row.at })),
        invitations: invited.flatMap((row) => {
          const kept = { state: row.state, silent: row.silent === 1, expiresAt: row.expires_at };
          const state = seenBy(kept, row.from_id === id ? 'asker' : 'receiver', now);
          return state === null
            ? []
            : [{ from: named(row.from_id), to: named(row.to_id), state, at: row.at }];
        }),
        declined: declined.map((row) => ({
          person: named(row.from_id),
          times: row.declines,
          quietUntil: row.until,
        })),
        imports: imports.map((row) => ({
          provider: row.provider,
          state: row.state,
          found: row.found,
          added: row.added,
          at: row.created_at,
        })),
      };
    },

    async erase(trx, appId, id) {
      await lockPersons(trx, appId, [id], core.clock.now());
      await invitations.endAll(trx, appId, id);
      for (const owner of await listing(trx, appId, id)) {
        await core.outbox.add(trx, appId, [inboxOf(owner)], 'contact_removed', { person: id });
      }
      for (const forget of erasures) await forget(trx, appId, id);
      await forgetPresence(parts, trx, appId, id);
    },
  };
}

/** Everybody with whom there is a contact or a block, in either direction. */
async function relatedTo(trx: ChatTransaction, appId: string, id: Id): Promise<Id[]> {
  const contacts = await trx
    .selectFrom('chat_contacts')
    .select(['owner_id as one', 'contact_id as other'])
    .where('app_id', '=', appId)
    .where((where) => where.or([where('owner_id', '=', id), where('contact_id', '=', id)]))
    .execute();
  const blocks = await trx
    .selectFrom('chat_blocks')
    .select(['blocker_id as one', 'blocked_id as other'])
    .where('app_id', '=', appId)
    .where((where) => where.or([where('blocker_id', '=', id), where('blocked_id', '=', id)]))
    .execute();
  const ids = [...contacts, ...blocks].map(({ one, other }) => (one === id ? other : one));
  return [...new Set(ids)].sort();
}

/** Who has the person in their list. */
async function listing(trx: ChatTransaction, appId: string, id: Id): Promise<Id[]> {
  const rows = await trx
    .selectFrom('chat_contacts')
    .select('owner_id')
    .distinct()
    .where('app_id', '=', appId)
    .where('contact_id', '=', id)
    .where('removed_at', 'is', null)
    .orderBy('owner_id')
    .execute();
  return rows.map((row) => row.owner_id);
}

type Move = (trx: ChatTransaction, appId: string, from: Id, into: Id) => Promise<void>;

/**
 * Rows of `from` become rows of `into`; where `into` has one already, that one stays, and nobody is left with a row about
 * themselves.
 */
const moves: readonly Move[] = [
  async (trx, appId, from, into) => {
    const rows = await trx
      .deleteFrom('chat_contacts')
      .where('app_id', '=', appId)
      .where((where) => where.or([where('owner_id', '=', from), where('contact_id', '=', from)]))
      .returningAll()
      .execute();
    for (const row of rows) {
      const moved = { ...row, owner_id: is(row.owner_id), contact_id: is(row.contact_id) };
      if (moved.owner_id === moved.contact_id) continue;
      await trx.insertInto('chat_contacts').values(moved).onConflict(keep).execute();
    }
    function is(id: Id): Id {
      return id === from ? into : id;
    }
  },
  async (trx, appId, from, into) => {
    const rows = await trx
      .deleteFrom('chat_blocks')
      .where('app_id', '=', appId)
      .where((where) => where.or([where('blocker_id', '=', from), where('blocked_id', '=', from)]))
      .returningAll()
      .execute();
    for (const row of rows) {
      const blocker_id = row.blocker_id === from ? into : row.blocker_id;
      const blocked_id = row.blocked_id === from ? into : row.blocked_id;
      if (blocker_id === blocked_id) continue;
      await trx
        .insertInto('chat_blocks')
        .values({ ...row, blocker_id, blocked_id })
        .onConflict(keep)
        .execute();
    }
  },
  async (trx, appId, from, into) => {
    const rows = await trx
      .deleteFrom('chat_invitation_backoffs')
      .where('app_id', '=', appId)
      .where((where) => where.or([where('from_id', '=', from), where('to_id', '=', from)]))
      .returningAll()
      .execute();
    for (const row of rows) {
      const from_id = row.from_id === from ? into : row.from_id;
      const to_id = row.to_id === from ? into : row.to_id;
      if (from_id === to_id) continue;
      await trx
        .insertInto('chat_invitation_backoffs')
        .values({ ...row, from_id, to_id })
        .onConflict(keep)
        .execute();
    }
  },
  async (trx, appId, from, into) => {
    await trx
      .deleteFrom('chat_invitations')
      .where('app_id', '=', appId)
      .where('from_id', 'in', [from, into])
      .where('to_id', 'in', [from, into])
      .execute();
    for (const side of ['from_id', 'to_id'] as const) {
      await trx
        .updateTable('chat_invitations')
        .set({ [side]: into })
        .where('app_id', '=', appId)
        .where(side, '=', from)
        .execute();
    }
  },
  async (trx, appId, from, into) => {
    const rows = await trx
      .deleteFrom('chat_pending_contacts')
      .where('app_id', '=', appId)
      .where('owner_id', '=', from)
      .returningAll()
      .execute();
    for (const row of rows) {
      await trx
        .insertInto('chat_pending_contacts')
        .values({ ...row, owner_id: into })
        .onConflict(keep)
        .execute();
    }
  },
  async (trx, appId, from, into) => {
    for (const table of ['chat_imports', 'chat_contact_aliases'] as const) {
      await trx
        .updateTable(table)
        .set({ user_id: into })
        .where('app_id', '=', appId)
        .where('user_id', '=', from)
        .execute();
    }
  },
];

const keep = (conflict: { doNothing(): unknown }) => conflict.doNothing() as never;

/** What is about a person, in tables of two people and of one. */
const erasures: readonly ((trx: ChatTransaction, appId: string, id: Id) => Promise<unknown>)[] = [
  (trx, appId, id) =>
    trx
      .deleteFrom('chat_contacts')
      .where('app_id', '=', appId)
      .where((where) => where.or([where('owner_id', '=', id), where('contact_id', '=', id)]))
      .execute(),
  (trx, appId, id) =>
    trx
      .deleteFrom('chat_blocks')
      .where('app_id', '=', appId)
      .where((where) => where.or([where('blocker_id', '=', id), where('blocked_id', '=', id)]))
      .execute(),
  (trx, appId, id) =>
    trx
      .deleteFrom('chat_invitation_backoffs')
      .where('app_id', '=', appId)
      .where((where) => where.or([where('from_id', '=', id), where('to_id', '=', id)]))
      .execute(),
  (trx, appId, id) =>
    trx.deleteFrom('chat_pending_contacts').where('app_id', '=', appId).where('owner_id', '=', id).execute(),
  (trx, appId, id) =>
    trx.deleteFrom('chat_contact_aliases').where('app_id', '=', appId).where('user_id', '=', id).execute(),
  (trx, appId, id) =>
    trx.deleteFrom('chat_imports').where('app_id', '=', appId).where('user_id', '=', id).execute(),
];

async function forgetPresence(
  { core }: PeopleParts,
  trx: ChatTransaction,
  appId: string,
  id: Id,
): Promise<void> {
  await core.timers.cancel(trx, graceTimer, appId, id);
  await trx
    .deleteFrom('chat_hidden_statuses')
    .where('app_id', '=', appId)
    .where((where) => where.or([where('viewer_id', '=', id), where('user_id', '=', id)]))
    .execute();
  await trx.deleteFrom('chat_statuses').where('app_id', '=', appId).where('user_id', '=', id).execute();
}
