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
  | { readonly kind: 'presence'; readonly conversation: Id };

export const inboxPrefix = 'private-user-';
export const messagesPrefix = 'private-room-';
export const presencePrefix = 'presence-room-';

export const inboxOf = (user: Id): string => `${inboxPrefix}${user}`;
export const messagesOf = (conversation: Id): string => `${messagesPrefix}${conversation}`;
export const presenceOf = (conversation: Id): string => `${presencePrefix}${conversation}`;

/** @returns null for a name that is not the chat's */
export function parseChatChannel(name: string): ChatChannel | null {
  const inbox = idAfter(inboxPrefix, name);
  if (inbox !== null) return { kind: 'inbox', user: inbox };
  const messages = idAfter(messagesPrefix, name);
  if (messages !== null) return { kind: 'messages', conversation: messages };
  const presence = idAfter(presencePrefix, name);
  return presence === null ? null : { kind: 'presence', conversation: presence };
}

function idAfter(prefix: string, name: string): Id | null {
  if (!name.startsWith(prefix)) return null;
  const rest = name.slice(prefix.length);
  return isId(rest) ? rest : null;
}
