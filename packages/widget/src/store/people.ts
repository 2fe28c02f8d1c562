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

/** Open ones stay, the others go. */
export function withInvitation(people: PeopleState, invitation: Invitation): PeopleState {
  const others = people.invitations.filter(({ id }) => id !== invitation.id);
  return { ...people, invitations: invitation.state === 'asked' ? [...others, invitation] : others };
}

/** Those whose time is over go. */
export function withExpired(people: PeopleState, now: number): PeopleState {
  const open = people.invitations.filter(({ expiresAt }) => expiresAt > now);
  return open.length === people.invitations.length ? people : { ...people, invitations: open };
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
