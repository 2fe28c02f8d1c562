import { chrome } from './chrome.ts';

/** What the person has set on the options page. */
export interface Settings {
  /** Address of their chat server, without a slash at the end. */
  readonly server: string;
  /** The app's public key. */
  readonly app: string;
  /** Match patterns of the sites on which the chat is there by itself: `https://example.com/*`. */
  readonly sites: readonly string[];
}

export async function readSettings(): Promise<Settings> {
  const { server = '', app = '', sites = [] } = await chrome.storage.local.get(['server', 'app', 'sites']);
  return { server: String(server), app: String(app), sites: sites as string[] };
}

export async function writeSettings(settings: Settings): Promise<void> {
  await chrome.storage.local.set({ ...settings });
}

/** @returns the address without a slash at its end, null when it is none */
export function cleanServer(text: string): string | null {
  const typed = text.trim();
  const full = /^https?:\/\//.test(typed) ? typed : `https://${typed}`;
  if (!URL.canParse(full)) return null;
  const { origin, pathname, username } = new URL(full);
  return username === '' && origin !== 'null' ? origin + pathname.replace(/\/+$/, '') : null;
}

/** The match pattern of the site that somebody typed: `example.com`, `https://example.com/page`, `*.example.com`. */
export function sitePattern(text: string): string | null {
  const found = /^(?:(https?):\/\/)?(\*\.)?([^/\s*@]+)(?:\/.*)?$/.exec(text.trim().toLowerCase());
  if (found === null) return null;
  const [, scheme = 'https', wildcard = '', host = ''] = found;
  // A pattern takes no port: it is for all of them.
  const name = host.replace(/:\d+$/, '');
  return /^[\w.-]+$|^\[[\da-f:]+\]$/.test(name) ? `${scheme}://${wildcard}${name}/*` : null;
}

/** What Chrome is asked for, so that the server answers the extension. */
export const serverPattern = (server: string): string => {
  const { protocol, hostname } = new URL(server);
  return `${protocol}//${hostname}/*`;
};
