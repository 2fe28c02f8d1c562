import type { Contact, Id, ImportJob, Invitation, Person } from '@earshot/chat/contract';
import type { PeopleState } from './state.ts';

/** Contacts, invitations, blocks and imports: which of two states is newer. Pure functions. */

/** Somebody came or went; an older one than is known changes nothing. */
export function withStatus(
  people: PeopleState,
  status: { readonly person: Person; readonly online: boolean; readonly statusVersion: number },
): PeopleState {
  const known = people.contacts.find(({ person }) => person.id === status.person.id);
  if (known === undefined || known.statusVersion > status.statusVersion) return people;
  return withContact(people, { ...known, ...status });
}

export function withContact(people: PeopleState, contact: Contact): PeopleState {
  const known = people.contacts.find(({ person }) => person.id === contact.person.id);
  const newer =
    known !== undefined && known.statusVersion > contact.statusVersion
      ? { ...contact, online: known.online, statusVersion: known.statusVersion }
      : contact;
  return { ...people, contacts: put(people.contacts, newer, (one) => one.person.id) };
}

export function withoutContact(people: PeopleState, id: Id): PeopleState {
  return { ...people, contacts: people.contacts.filter(({ person }) => person.id !== id) };
}

/** How long it is said of an invitation that nobody answered. */
export const unansweredShownMs = 8_000;

/** Open ones stay, and those that ran out while they were shown stay for a moment more; the others go. */
export function withInvitation(people: PeopleState, invitation: Invitation): PeopleState {
  const known = people.invitations.find(({ id }) => id === invitation.id);
  const others = people.invitations.filter(({ id }) => id !== invitation.id);
  if (invitation.state === 'asked') return { ...people, invitations: [...others, invitation] };
  if (invitation.state !== 'expired' || known === undefined) return { ...people, invitations: others };
  return known.state === 'asked' ? { ...people, invitations: [...others, unanswered(known)] } : people;
}

/** Those whose time is over are said to be, and then go. */
export function withExpired(people: PeopleState, now: number): PeopleState {
  if (people.invitations.every(({ expiresAt }) => expiresAt > now)) return people;
  const invitations = people.invitations.flatMap((one) => {
    if (one.expiresAt > now) return [one];
    return one.state === 'asked' ? [unanswered(one)] : [];
  });
  return { ...people, invitations };
}

function unanswered(invitation: Invitation): Invitation {
  return { ...invitation, state: 'expired', expiresAt: invitation.expiresAt + unansweredShownMs };
}

export function withImport(people: PeopleState, job: ImportJob): PeopleState {
  return { ...people, imports: put(people.imports, job, ({ id }) => id) };
}

export function withPerson(people: PeopleState, person: Person): PeopleState {
  const renewed = (one: Person) => (one.id === person.id ? person : one);
  return {
    ...people,
    contacts: people.contacts.map((contact) =>
      contact.person.id === person.id ? { ...contact, person } : contact,
    ),
    blocked: people.blocked.map(renewed),
    invitations: people.invitations.map((one) => ({ ...one, from: renewed(one.from), to: renewed(one.to) })),
  };
}

function put<T>(list: readonly T[], item: T, idOf: (item: T) => Id): readonly T[] {
  const id = idOf(item);
  return list.some((one) => idOf(one) === id)
    ? list.map((one) => (idOf(one) === id ? item : one))
    : [...list, item];
}
