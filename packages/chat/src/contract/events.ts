import type { Contact, Conversation, ImportJob, Invitation, Me, Message, Person } from './entities.ts';
import type { Id } from './names.ts';

/**
 * What the back end publishes, by event name. A client takes each for a hint that may come twice, late or never: the HTTP
 * API has the truth, and numbers (`change`, `seq`, `statusVersion`, `state`) tell what is newer.
 *
 * Names of the founding systems are kept where the meaning is theirs: `friend_status`, `create_chat`, `new_message`,
 * `one-to-one-chat-request`.
 */
export interface ServerEvents {
  /** A room's channel; of one-to-one conversations both inboxes. */
  new_message: { readonly message: Message };
  /** Edited, deleted, or a reaction came or went. Same channels. */
  message_changed: { readonly message: Message };
  /** In the place of the two above when the message does not fit an event: fetch the changes. Same channels. */
  changed: { readonly conversation: Id; readonly change: number };
  /** Title, topic, slow mode, … of a room changed. Room's channel. Without `me`, which differs by reader. */
  conversation_changed: { readonly conversation: Omit<Conversation, 'me' | 'readByOther' | 'lastMessage'> };
  /** A person's name, picture or mark changed. Channels of the rooms they are in, inboxes of contacts. */
  person_changed: { readonly person: Person };

  // What follows comes to inboxes only.

  /** One of my contacts came or went. */
  friend_status: { readonly person: Person; readonly online: boolean; readonly statusVersion: number };
  contact_changed: { readonly contact: Contact };
  contact_removed: { readonly person: Id };
  /** Somebody asks: to both inboxes, so that every tab of both knows. */
  'one-to-one-chat-request': { readonly invitation: Invitation };
  /** Accepted, declined, cancelled or expired, as the owner of the inbox may see it. Closes the prompt in every tab. */
  'one-to-one-chat-answered': { readonly invitation: Invitation };
  /** A conversation of mine came to be, or I was let into a room. */
  create_chat: { readonly conversation: Conversation };
  /** I am no longer in the conversation. */
  removed: {
    readonly conversation: Id;
    readonly why: 'left' | 'kicked' | 'banned' | 'closed';
    readonly until: number | null;
  };
  /** My own cursor moved, perhaps in another tab. */
  cursor: {
    readonly conversation: Id;
    readonly seq: number;
    readonly unread: number;
    readonly mentions: number;
  };
  /** The other one of a one-to-one conversation has read up to `seq`. */
  read: { readonly conversation: Id; readonly seq: number };
  /** I was mentioned in a room, which I may not have open. */
  mention: { readonly message: Message; readonly title: string };
  blocks_changed: Record<string, never>;
  me_changed: { readonly me: Me };
  import_progress: { readonly job: ImportJob };

  // What follows comes to the door of a live room, which its maker alone hears. It says nothing of who they are.

  /** Somebody has been let in. */
  live_came: { readonly lane: number };
  /** Somebody was refused because the room is full. */
  live_refused: Record<string, never>;
  /** Somebody who was refused has asked again and so stands at the door. */
  live_waiting: Record<string, never>;
}

export type ServerEventName = keyof ServerEvents;

/**
 * What clients send to each other on a conversation's presence channel, where the server stamps the sender's id. Expires
 * at the receiver after `limits.typingExpiresMs`, is sent again after `limits.typingResendMs`, and ends with a message.
 */
export interface ClientEvents {
  'client-typing': { readonly typing: boolean };
}

/** Info of a member of a conversation's presence channel, at most 1 kB of JSON. */
export type PresenceInfo = Omit<Person, 'id' | 'deleted'> & {
  readonly role: 'owner' | 'moderator' | 'member';
};
