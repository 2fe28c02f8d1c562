import type { EventDraft } from '../contract.ts';

/** Events that were sent from here, the newest first. */
export interface Recent {
  readonly drafts: readonly EventDraft[];
}

/** How many are kept for an app, and how long the data of one may be; longer ones are not kept. */
export const recentMax = 12;
export const recentDataMax = 16_384;

/** What is needed of `localStorage`; it throws when it is full or forbidden. */
export type Shelf = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

const keyOf = (appId: string) => `earshot-desk-recent-${appId}`;

/** Those of an app, from this browser. What does not read as such is left out: others may write there. */
export function readRecent(shelf: Shelf | null, appId: string): readonly EventDraft[] {
  let found: unknown;
  try {
    found = JSON.parse(shelf?.getItem(keyOf(appId)) ?? '[]');
  } catch {
    // Not ours, cut, or the browser forbids it: none are known.
    return [];
  }
  return Array.isArray(found) ? found.flatMap(draftOf).slice(0, recentMax) : [];
}

/** The list with `draft` at the top; the same event twice moves up. The excluded socket is of today only, so it goes. */
export function withRecent(drafts: readonly EventDraft[], draft: EventDraft): readonly EventDraft[] {
  const { channel, event, data } = draft;
  if (data.length > recentDataMax) return drafts;
  const others = drafts.filter((one) => one.channel !== channel || one.event !== event || one.data !== data);
  return [{ channel, event, data }, ...others].slice(0, recentMax);
}

/** Keeps them in this browser; false when it does not let us. */
export function keepRecent(shelf: Shelf | null, appId: string, drafts: readonly EventDraft[]): boolean {
  try {
    if (drafts.length === 0) shelf?.removeItem(keyOf(appId));
    else shelf?.setItem(keyOf(appId), JSON.stringify(drafts));
    return shelf !== null;
  } catch {
    // Full or forbidden. They last as long as the page does.
    return false;
  }
}

/** `localStorage`, or null where a browser forbids it. */
export function shelfOfBrowser(): Shelf | null {
  try {
    return globalThis.localStorage;
  } catch {
    // Reading the property itself throws when storage is blocked.
    return null;
  }
}

function draftOf(found: unknown): EventDraft[] {
  if (typeof found !== 'object' || found === null) return [];
  const { channel, event, data } = found as Record<string, unknown>;
  if (typeof channel !== 'string' || typeof event !== 'string' || typeof data !== 'string') return [];
  return data.length > recentDataMax ? [] : [{ channel, event, data }];
}
