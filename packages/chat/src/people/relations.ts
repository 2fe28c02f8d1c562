import type { Contact, Id } from '../contract/index.ts';
import type { ChatDatabase, ChatTransaction } from '../core/core.ts';
import { chunksOf } from './chunks.ts';

/**
 * Who has whom in their list, and who sees whose presence.
 *
 * A contact is directed, and each has a source, which says what it is worth:
 * - `invitation`: both agreed to talk. Either sees the other.
 * - `host`: the site that both belong to says that its user may see the other one. The owner of the list sees the contact;
 *   whether the contact sees the owner is said by the contact's own token.
 * - `provider`: somebody follows somebody elsewhere. That puts the followed one into the follower's list, no more. The
 *   follower sees presence only if the followed one has the follower in their own list, too, by whichever source: being
 *   followed is not consent. Nor does being followed put anybody into one's list.
 *
 * Taking a person off the list withdraws consent: that person does not see one's presence any more, by any source, until
 * one talks to them again by an invitation. A block hides both from each other, whatever the lists say.
 */
export interface Reason {
  readonly source: Contact['source'];
  readonly provider: string;
  /** Taken off the list by its owner. */
  readonly removed: boolean;
}

/** Between one person ("mine") and another one ("theirs"). */
export interface Relation {
  readonly mine: readonly Reason[];
  readonly theirs: readonly Reason[];
  readonly blockedByMe: boolean;
  readonly blockedByThem: boolean;
}

export const stranger: Relation = { mine: [], theirs: [], blockedByMe: false, blockedByThem: false };

/** The same, from the other side. */
export function turned(relation: Relation): Relation {
  return {
    mine: relation.theirs,
    theirs: relation.mine,
    blockedByMe: relation.blockedByThem,
    blockedByThem: relation.blockedByMe,
  };
}

export const isBlocked = (relation: Relation): boolean => relation.blockedByMe || relation.blockedByThem;

const alive = (reasons: readonly Reason[]) => reasons.some(({ removed }) => !removed);
const takenOff = (reasons: readonly Reason[]) => reasons.some(({ removed }) => removed);

/** They are in my list. Whom I block is in the list of the blocked instead; who blocks me stays, and looks offline. */
export function isListed(relation: Relation): boolean {
  return alive(relation.mine) && !relation.blockedByMe;
}

/** I am shown whether they are online, unless they are invisible. */
export function sees(relation: Relation): boolean {
  if (isBlocked(relation) || !alive(relation.mine) || takenOff(relation.theirs)) return false;
  const vouched = relation.mine.some(({ source, removed }) => !removed && source !== 'provider');
  return vouched || alive(relation.theirs);
}

/** Each has the other in their list. */
export function isMutual(relation: Relation): boolean {
  return !isBlocked(relation) && alive(relation.mine) && alive(relation.theirs);
}

/** The weightiest reason that they are in my list, else null. */
export function sourceOf(relation: Relation): Contact['source'] | null {
  const order = ['invitation', 'host', 'provider'] as const;
  return (
    order.find((source) => relation.mine.some((reason) => !reason.removed && reason.source === source)) ??
    null
  );
}

/** Of everybody asked for; who has nothing to do with `one` is a `stranger`. */
export async function relationsOf(
  db: ChatDatabase | ChatTransaction,
  appId: string,
  one: Id,
  others: Iterable<Id>,
): Promise<Map<Id, Relation>> {
  const relations = new Map<Id, Relation>();
  for (const some of chunksOf([...new Set(others)])) {
    const contacts = await db
      .selectFrom('chat_contacts')
      .select(['owner_id', 'contact_id', 'source', 'provider', 'removed_at'])
      .where('app_id', '=', appId)
      .where((where) =>
        where.or([
          where('owner_id', '=', one).and('contact_id', 'in', some),
          where('contact_id', '=', one).and('owner_id', 'in', some),
        ]),
      )
      .execute();
    const blocks = await db
      .selectFrom('chat_blocks')
      .select(['blocker_id', 'blocked_id'])
      .where('app_id', '=', appId)
      .where((where) =>
        where.or([
          where('blocker_id', '=', one).and('blocked_id', 'in', some),
          where('blocked_id', '=', one).and('blocker_id', 'in', some),
        ]),
      )
      .execute();
    const mine = new Map<Id, Reason[]>();
    const theirs = new Map<Id, Reason[]>();
    for (const { owner_id, contact_id, source, provider, removed_at } of contacts) {
      const [reasons, other] = owner_id === one ? [mine, contact_id] : [theirs, owner_id];
      const known = reasons.get(other) ?? [];
      known.push({ source, provider, removed: removed_at !== null });
      reasons.set(other, known);
    }
    const blockedByMe = new Set(blocks.flatMap((row) => (row.blocker_id === one ? [row.blocked_id] : [])));
    const blockedByThem = new Set(blocks.flatMap((row) => (row.blocked_id === one ? [row.blocker_id] : [])));
    for (const other of some) {
      relations.set(other, {
        mine: mine.get(other) ?? [],
        theirs: theirs.get(other) ?? [],
        blockedByMe: blockedByMe.has(other),
        blockedByThem: blockedByThem.has(other),
      });
    }
  }
  return relations;
}
