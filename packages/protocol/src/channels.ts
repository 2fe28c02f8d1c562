import { defaultLimits } from './limits.ts';

/** What a channel name's prefix makes of it (SUB-7). `user` is `#server-to-user-{id}`. */
export type ChannelKind = 'public' | 'private' | 'encrypted' | 'presence' | 'user';

/** A channel name that was accepted, with what its prefixes say. */
export interface ChannelName {
  readonly name: string;
  readonly kind: ChannelKind;
  /** Whether the channel keeps its last published event for later subscribers. */
  readonly cached: boolean;
  /** The user whom the channel belongs to; of kind `user` only. */
  readonly userId?: string;
}

const allowedName = /^[A-Za-z0-9_\-=@,.;]+$/;
const userPrefix = '#server-to-user-';
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for.
const controlCharacter = /[\u0000-\u001f\u007f-\u009f]/;

/**
 * The parts of a channel name, or null when the name is not allowed (SUB-6): 1 to `maxLength` characters of
 * `A-Z a-z 0-9 _ - = @ , . ;`, or `#server-to-user-` and a user id of 1 to `userIdLength` characters.
 */
export function parseChannelName(
  name: string,
  maxLength: number,
  userIdLength: number = defaultLimits.userIdLength,
): ChannelName | null {
  if (name.startsWith(userPrefix)) {
    const userId = name.slice(userPrefix.length);
    return isUserId(userId, userIdLength) ? { name, kind: 'user', cached: false, userId } : null;
  }
  if (name.length > maxLength || !allowedName.test(name)) return null;
  if (name.startsWith('private-encrypted-')) return named(name, 'encrypted', 18);
  if (name.startsWith('private-')) return named(name, 'private', 8);
  if (name.startsWith('presence-')) return named(name, 'presence', 9);
  return named(name, 'public', 0);
}

function named(name: string, kind: ChannelKind, prefixLength: number): ChannelName {
  return { name, kind, cached: name.startsWith('cache-', prefixLength) };
}

/**
 * Whether `id` can name a user: 1 to `maxLength` characters, no control characters, no half of a surrogate pair (two
 * such ids would be the same bytes on their way to another node).
 */
export function isUserId(id: string, maxLength: number): boolean {
  return id.length > 0 && id.length <= maxLength && !controlCharacter.test(id) && id.isWellFormed();
}

/** Whether subscribers may send client events (CLIENT-4). Not on encrypted channels: theirs would be plain text. */
export function isClientEventChannel(channel: ChannelName): boolean {
  return channel.kind === 'private' || channel.kind === 'presence';
}

/** Whether a subscription needs a signature of the application (PRIV-1, ENC-1). */
export function needsSignature(channel: ChannelName): boolean {
  return channel.kind === 'private' || channel.kind === 'encrypted' || channel.kind === 'presence';
}
