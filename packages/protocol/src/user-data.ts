import { isUserId } from './channels.ts';
import { errorTexts } from './errors.ts';
import { isJsonObject, parseJson, type Refused, rawMember } from './json.ts';
import { exceedsBytes } from './text.ts';

/** Who joins a presence channel. */
export interface MemberData {
  userId: string;
  /** JSON text of an object, as it was signed; null when none was given. */
  userInfo: string | null;
}

/** Who signs in. */
export interface UserData {
  userId: string;
  /** JSON text of an object, as it was signed; null when none was given, or one that is no object. */
  userInfo: string | null;
  /** The first ids of the watchlist, up to the limit, each once. */
  watchlist: string[];
  /** Whether the watchlist had more. */
  watchlistOverflow: boolean;
}

/**
 * The `channel_data` of a presence subscription (PRES-6, PRES-7). `user_id` may be a string or a number;
 * `user_info`, when given, must be an object of at most `memberBytes` UTF-8 bytes.
 */
export function parseMemberData(
  channelData: string,
  limits: { userIdLength: number; memberBytes: number },
): MemberData | Refused {
  const json = parseJson(channelData);
  if ('refused' in json || !isJsonObject(json.value)) return { refused: errorTexts.invalidMember.text() };
  const { user_id: id, user_info: info = null } = json.value;
  const userId = typeof id === 'number' ? numberText(id, channelData) : id;
  if (typeof userId !== 'string' || !isUserId(userId, limits.userIdLength)) {
    return { refused: errorTexts.invalidUserId.text('user_id', `${limits.userIdLength}`) };
  }
  if (info === null) return { userId, userInfo: null };
  if (!isJsonObject(info)) return { refused: errorTexts.userInfoNotObject.text() };
  const userInfo = rawMember(channelData, 'user_info');
  if (userInfo !== null && exceedsBytes(userInfo, limits.memberBytes)) {
    return { refused: errorTexts.memberTooLarge.text(`${limits.memberBytes}`) };
  }
  return { userId, userInfo };
}

/** A numeric id as text. One that a double cannot hold is taken as written, or two users would become one. */
function numberText(id: number, channelData: string): string | null {
  return Number.isSafeInteger(id) ? String(id) : rawMember(channelData, 'user_id');
}

/**
 * The `user_data` of a sign-in (USER-2, WATCH-3). `id` must be a string: pusher-js drops the sign-in
 * otherwise. `user_info` is only used for presence, so one that is no object counts as none and refuses nothing.
 */
export function parseUserData(
  userData: string,
  limits: { userIdLength: number; watchlistUsers: number },
): UserData | Refused {
  const json = parseJson(userData);
  if ('refused' in json || !isJsonObject(json.value)) return { refused: errorTexts.invalidUserData.text() };
  const { id, user_info: info, watchlist } = json.value;
  if (typeof id !== 'string' || !isUserId(id, limits.userIdLength)) {
    return { refused: errorTexts.invalidUserId.text('id in user_data', `${limits.userIdLength}`) };
  }
  const watched = uniqueStrings(watchlist ?? []);
  if (watched === null) return { refused: errorTexts.invalidWatchlist.text() };
  return {
    userId: id,
    userInfo: isJsonObject(info) ? rawMember(userData, 'user_info') : null,
    watchlist: watched.slice(0, limits.watchlistUsers),
    watchlistOverflow: watched.length > limits.watchlistUsers,
  };
}

function uniqueStrings(value: unknown): string[] | null {
  if (!Array.isArray(value)) return null;
  const strings = new Set<string>();
  for (const entry of value) {
    if (typeof entry !== 'string') return null;
    strings.add(entry);
  }
  return [...strings];
}
