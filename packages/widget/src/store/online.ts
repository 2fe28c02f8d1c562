import type { Id, Person, PresenceInfo, Role } from '@earshot/chat/contract';
import type { OnlineState } from './state.ts';

/** Who has a conversation open. Pure functions. */

type Present = OnlineState['members'][number];

const ranks: Record<Role, number> = { owner: 0, moderator: 1, member: 2 };

export function present(id: Id, info: PresenceInfo): Present {
  return { ...info, id, deleted: false };
}

export function onlineFrom(members: ReadonlyMap<Id, PresenceInfo>): OnlineState {
  const all = Array.from(members, ([id, info]) => present(id, info));
  return { known: true, members: all.sort(byRankAndName), count: all.length };
}

export function withJoined(online: OnlineState, person: Present): OnlineState {
  const others = online.members.filter(({ id }) => id !== person.id);
  const members = [...others, person].sort(byRankAndName);
  return { ...online, members, count: members.length };
}

export function withLeft(online: OnlineState, id: Id): OnlineState {
  const members = online.members.filter((one) => one.id !== id);
  return { ...online, members, count: members.length };
}

export function withRenamed(online: OnlineState, person: Person): OnlineState {
  const known = online.members.find(({ id }) => id === person.id);
  return known === undefined ? online : withJoined(online, { ...person, role: known.role });
}

/** Case does not matter, as people expect of names. */
function byRankAndName(one: Present, other: Present): number {
  return (
    ranks[one.role] - ranks[other.role] ||
    one.name.localeCompare(other.name, undefined, { sensitivity: 'base' })
  );
}
