/** Which room the widget opens with. A name other than these is a named room's. */
export type RoomOption = 'lobby' | 'page' | 'none' | { readonly name: string } | { readonly token: string };

/**
 * A token of the host site that says who its user is, or how to get a fresh one: by a function, or from an address of the
 * host's own (`first` serves the first time). Null: nobody is signed in there.
 */
export type UserOption =
  | string
  | (() => string | null | Promise<string | null>)
  | { readonly url: string; readonly first: string | null };

/** What a page can say when it puts the widget on itself. Everything but `app` may be left out. */
export interface EmbedOptions {
  /** The app's public key. */
  readonly app: string;
  /** Address of the chat server without a slash at the end; of a script tag, where the script came from. */
  readonly server: string;
  /** `lobby` unless said otherwise. `none`: contacts and conversations alone. */
  readonly room: RoomOption;
  readonly user: UserOption | null;
  /** A language tag; null: the page's own, else the browser's. */
  readonly locale: string | null;
  /** The corner, in the direction of reading. */
  readonly position: 'end' | 'start';
  /** Any CSS colour; the text on it is computed. */
  readonly accent: string | null;
  readonly theme: 'light' | 'dark' | 'auto';
  /** `iframe`: for pages that take keys before anybody else can, or whose scripts are not trusted. */
  readonly mode: 'inline' | 'iframe';
  /** Open at once. */
  readonly open: boolean;
  /** False: the page has a button of its own and calls `Earshot('open')`. */
  readonly launcher: boolean;
  /** Path of the page's own service worker that imports ours: notifications on phones, and push. Null: none. */
  readonly worker: string | null;
}

/** `EmbedOptions` as a caller writes them. */
export type GivenOptions = Pick<EmbedOptions, 'app'> & Partial<EmbedOptions>;

const defaults: Omit<EmbedOptions, 'app' | 'server'> = {
  room: 'lobby',
  user: null,
  locale: null,
  position: 'end',
  accent: null,
  theme: 'auto',
  mode: 'inline',
  open: false,
  launcher: true,
  worker: null,
};

/** @param server where the code came from, for options that name no server */
export function completeOptions(given: GivenOptions, server: string): EmbedOptions {
  return { ...defaults, ...given, server: (given.server ?? server).replace(/\/$/, '') };
}

/** How an attribute's text becomes an option; the others are taken as they are. */
const readers: Readonly<Record<string, (text: string) => unknown>> = {
  room: (text) => (/^(lobby|page|none)$/.test(text) ? text : { name: text }),
  position: (text) => (text === 'start' ? text : 'end'),
  theme: (text) => (/^(light|dark)$/.test(text) ? text : 'auto'),
  open: (text) => text !== 'false',
  launcher: (text) => text !== 'none',
};

/**
 * Options from the `data-` attributes of a script tag, or the same names without `data-` of a custom element. Besides the
 * options there are `room-token`, a room that the host signed, and `user-url`, where the page gets its user's tokens.
 * @param read gives an attribute's text by its bare name, null where there is none
 */
export function readOptions(read: (name: string) => string | null): GivenOptions {
  const given: Record<string, unknown> = { app: read('app') ?? '' };
  for (const name of ['server', ...Object.keys(defaults)]) {
    const text = read(name);
    const reader = readers[name];
    if (text !== null) given[name] = reader === undefined ? text : reader(text);
  }
  const token = read('room-token');
  if (token !== null) given.room = { token };
  const url = read('user-url');
  if (url !== null) given.user = { url, first: read('user') };
  return given as GivenOptions;
}
