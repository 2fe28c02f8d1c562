import type { KeyValues } from '../client/env.ts';

/** What a tab knows of a room, so that a reload brings back the same lane, and the maker is the maker still. */
export interface KeptStay {
  readonly maker?: string;
  readonly token?: string;
}

const nameKey = 'earshot-live-name';
const roomKey = (room: string) => `earshot-live-${room}`;

export function readStay(storage: KeyValues | null, room: string): KeptStay {
  try {
    const { maker, token } = JSON.parse(storage?.getItem(roomKey(room)) ?? '{}') as Partial<KeptStay>;
    return {
      ...(typeof maker === 'string' ? { maker } : {}),
      ...(typeof token === 'string' ? { token } : {}),
    };
  } catch {
    return {}; // forbidden, or written by something else
  }
}

export function keepStay(storage: KeyValues | null, room: string, stay: KeptStay): void {
  write(storage, roomKey(room), JSON.stringify(stay));
}

/** @returns null: never asked in this tab */
export function readName(storage: KeyValues | null): string | null {
  try {
    return storage?.getItem(nameKey) ?? null;
  } catch {
    return null; // forbidden
  }
}

export function keepName(storage: KeyValues | null, name: string): void {
  write(storage, nameKey, name);
}

function write(storage: KeyValues | null, key: string, value: string): void {
  try {
    storage?.setItem(key, value);
  } catch {
    // Forbidden or full: it lasts as long as the page.
  }
}
