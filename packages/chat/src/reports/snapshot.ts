import type { Id, Message } from '../contract/index.ts';
import { gone } from './audit.ts';

/** Everybody whose id is in the messages. */
export function peopleIn(messages: readonly Message[]): Set<Id> {
  const ids = new Set<Id>();
  for (const { author, replyTo, mentions, reactions, system } of messages) {
    ids.add(author.id);
    if (replyTo !== null) ids.add(replyTo.author.id);
    for (const id of mentions) ids.add(id);
    for (const { users } of reactions) for (const id of users) ids.add(id);
    if (system !== null && 'person' in system) ids.add(system.person.id);
  }
  return ids;
}

/** The messages without what somebody said in them, and without their name. Numbers and ids stay. */
export function withoutPerson(messages: readonly Message[], id: Id): Message[] {
  return messages.map((message) => {
    const { author, replyTo, system } = message;
    const own = author.id === id;
    const about = system !== null && 'person' in system && system.person.id === id;
    return {
      ...message,
      author: own ? gone(id) : author,
      text: own ? '' : message.text,
      attachments: own ? [] : message.attachments,
      system: own ? null : about ? { ...system, person: gone(id) } : system,
      replyTo: replyTo?.author.id === id ? { ...replyTo, author: gone(id), excerpt: '' } : replyTo,
    };
  });
}
