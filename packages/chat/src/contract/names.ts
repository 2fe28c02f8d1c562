/**
 * Names on the wire of the chat. Channel names hold only our own ids: 16 random bytes as base64url, 22 characters. One
 * parser, which refuses everything else.
 */

/** 16 random bytes, base64url without padding. Names or grants something, so it is never derived from anything. */
export type Id = string;

const idPattern = /^[A-Za-z0-9_-]{21}[AQgw]$/;

/** The last of 22 characters carries two bits only: no two texts are one id. */
export function isId(text: unknown): text is Id {
  return typeof text === 'string' && idPattern.test(text);
}

/** What a chat channel is for. */
export type ChatChannel =
  /** A person's inbox: invitations, status of contacts, messages of one-to-one conversations. Its owner alone. */
  | { readonly kind: 'inbox'; readonly user: Id }
  /** Messages of a room. Its members alone. */
  | { readonly kind: 'messages'; readonly conversation: Id }
  /** Who has a conversation open, and typing. Capped by the app's largest presence channel. Its members alone. */
  | { readonly kind: 'presence'; readonly conversation: Id }
  /** A live room: who is there, and all that they say, sealed. The channel's id is derived from the room's and does not lead back. */
  | { readonly kind: 'live'; readonly live: Id }
  /** The door of a live room. Its maker alone. */
  | { readonly kind: 'live-door'; readonly live: Id };

export const inboxPrefix = 'private-user-';
export const messagesPrefix = 'private-room-';
export const presencePrefix = 'presence-room-';
export const livePrefix = 'presence-live-';
export const liveDoorPrefix = 'private-live-';

export const inboxOf = (user: Id): string => `${inboxPrefix}${user}`;
export const messagesOf = (conversation: Id): string => `${messagesPrefix}${conversation}`;
export const presenceOf = (conversation: Id): string => `${presencePrefix}${conversation}`;
export const liveOf = (live: Id): string => `${livePrefix}${live}`;
export const liveDoorOf = (live: Id): string => `${liveDoorPrefix}${live}`;

/** @returns null for a name that is not the chat's */
export function parseChatChannel(name: string): ChatChannel | null {
  const inbox = idAfter(inboxPrefix, name);
  if (inbox !== null) return { kind: 'inbox', user: inbox };
  const messages = idAfter(messagesPrefix, name);
  if (messages !== null) return { kind: 'messages', conversation: messages };
  const presence = idAfter(presencePrefix, name);
  if (presence !== null) return { kind: 'presence', conversation: presence };
  const live = idAfter(livePrefix, name);
  if (live !== null) return { kind: 'live', live };
  const door = idAfter(liveDoorPrefix, name);
  return door === null ? null : { kind: 'live-door', live: door };
}

function idAfter(prefix: string, name: string): Id | null {
  if (!name.startsWith(prefix)) return null;
  const rest = name.slice(prefix.length);
  return isId(rest) ? rest : null;
}
