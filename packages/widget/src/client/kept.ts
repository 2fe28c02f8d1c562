import type { KeyValues } from './env.ts';

/** What a browser keeps of a session over visits: who it was, and the token that brings the next access token. */
export interface Kept {
  readonly refreshToken: string;
  readonly user: string;
}

const keyOf = (app: string) => `earshot-session-${app}`;

/** Whether somebody has chatted here before and not signed out. Reads storage, writes nothing. */
export function hasKept(storage: KeyValues | null, app: string): boolean {
  return readKept(storage, app) !== null;
}

/** @param app the app's key; null also where storage is forbidden */
export function readKept(storage: KeyValues | null, app: string): Kept | null {
  try {
    const kept = JSON.parse(storage?.getItem(keyOf(app)) ?? 'null') as Partial<Kept> | null;
    return typeof kept?.refreshToken === 'string' && typeof kept.user === 'string' ? (kept as Kept) : null;
  } catch {
    return null; // forbidden, or written by something else: nobody
  }
}

/** @returns false where nothing can be kept */
export function writeKept(storage: KeyValues | null, app: string, kept: Kept | null): boolean {
  try {
    if (kept === null) storage?.removeItem(keyOf(app));
    else storage?.setItem(keyOf(app), JSON.stringify(kept));
    return storage !== null;
  } catch {
    return false; // forbidden or full: the session lasts as long as the page
  }
}
