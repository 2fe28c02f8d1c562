import type { Conversation, Id } from '@earshot/chat/contract';
import type { ConversationState } from '../store/state.ts';
import { Avatar, RoomAvatar } from './avatar.tsx';
import { useWidgetState } from './context.ts';
import type { IconName } from './icons.tsx';

/** Of a conversation: the other one's, or the room's sign. */
export function Face({ state: { conversation } }: { state: ConversationState }) {
  const online = useOnline(conversation.with?.id);
  if (conversation.with === null) return <RoomAvatar icon={roomIcon(conversation)} />;
  return <Avatar person={conversation.with} online={online} />;
}

/** Whether a contact is online; undefined of anybody else. */
export function useOnline(person: Id | undefined): boolean | undefined {
  const { people } = useWidgetState();
  return people.phase === 'ready'
    ? people.value.contacts.find((contact) => contact.person.id === person)?.online
    : undefined;
}

export function roomIcon({ name }: Conversation): IconName {
  return name === null ? 'page' : 'hash';
}
