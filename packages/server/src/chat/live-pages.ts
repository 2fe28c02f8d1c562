import { type Asset, contentTypes, textAsset } from '../pages/asset.ts';

/** What a path of live rooms shows. */
export type LivePlace =
  /** What it is, and a button that starts a room. */
  | 'start'
  /** Starts a room at once, by a script that posts. */
  | 'new'
  | 'room'
  /** There is no such room, or no longer. Which one was asked for is not said, so all answers have the same bytes. */
  | 'gone';

export interface LiveApp {
  /** '' for none. */
  readonly key: string;
  /** People in one room; 0: it has no live rooms. */
  readonly people: number;
}

/** Paths of live rooms below the server's address. Everything below `/live` is theirs. */
export const livePath = /^\/live(\/.*)?$/;

/** A path's room, as it is written there; null for the pages that are no room. */
export function roomIn(path: string): string | null {
  const [, room] = /^\/live\/(.+)$/.exec(path) ?? [];
  return room === undefined || room === 'new' ? null : room;
}

const bodies: Record<LivePlace, string> = {
  start: '<noscript><p>Live rooms need JavaScript.</p></noscript>',
  new: '<noscript><p>Live rooms need JavaScript.</p></noscript>',
  room: '<noscript><p>Live rooms need JavaScript.</p></noscript>',
  gone: '<h1>There is no room here</h1><p>It has ended, or the link is incomplete.</p><p><a class="button" href="{up}live">Live rooms</a></p>',
};

/**
 * The page for a place.
 * @param app of whose rooms it is; nothing is said about it on pages of rooms and of those that are gone
 */
export function livePage(template: string, place: LivePlace, app: LiveApp): Asset {
  const isStart = place === 'start' || place === 'new';
  const values = new Map([
    ['at', place],
    ['app', isStart ? escapeHtml(app.key) : ''],
    ['people', isStart ? String(app.people) : ''],
    ['robots', place === 'start' ? '' : '<meta name="robots" content="noindex" />'],
    ['up', place === 'start' ? '' : '../'],
  ]);
  const text = template
    .replace('{body}', bodies[place])
    .replace(/\{(\w+)\}/g, (found, name: string) => values.get(name) ?? found);
  return textAsset(text, contentTypes.html);
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
