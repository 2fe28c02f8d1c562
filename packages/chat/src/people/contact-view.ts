import type { Contact, Id, Person } from '../contract/index.ts';
import { isListed, type Relation, sees, sourceOf } from './relations.ts';
import type { PeopleTables } from './tables.ts';

/** What a viewer is shown of somebody's presence. */
export interface Sight {
  readonly online: boolean;
  readonly statusVersion: number;
}

/**
 * @param relation from the viewer's side
 * @param hiddenVersion what the viewer was left with when the presence was hidden. It does not move with what happens
 *   since: a version that rises would tell that somebody comes and goes
 */
export function sightOf(
  relation: Relation,
  status: Pick<PeopleTables['chat_statuses'], 'online' | 'version'> | undefined,
  hiddenVersion: number | undefined,
): Sight {
  if (!sees(relation)) return { online: false, statusVersion: hiddenVersion ?? 0 };
  return { online: status?.online === 1, statusVersion: status?.version ?? 0 };
}

/** Null when the person is not in the viewer's list. */
export function contactOf(
  person: Person | undefined,
  relation: Relation,
  sight: Sight,
  conversation: Id | undefined,
): Contact | null {
  const source = sourceOf(relation);
  if (person === undefined || source === null || !isListed(relation)) return null;
  return { person, ...sight, source, conversation: conversation ?? null };
}
