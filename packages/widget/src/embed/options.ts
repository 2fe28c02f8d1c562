/** Which room the widget opens with. A name other than these is a named room's. */
export type RoomOption = 'lobby' | 'page' | 'none' | { readonly name: string } | { readonly token: string };

/** A token of the host site that says who its user is, or how to get a fresh one. Null: nobody is signed in there. */
export type UserOption = string | (() => string | null | Promise<string | null>);

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

/** @param server where the code came from, for options that name no server */
export function completeOptions(given: GivenOptions, server: string): EmbedOptions {
  return {
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
    ...given,
    server: (given.server ?? server).replace(/\/$/, ''),
  };
}

/**
 * Options from the `data-` attributes of a script tag, or the same names without `data-` of a custom element.
 * @param read gives an attribute's text by its bare name, null where there is none
 */
export function readOptions(read: (name: string) => string | null): GivenOptions {
  const roomToken = read('room-token');
  const room = read('room');
  const user = read('user');
  const userUrl = read('user-url');
  const server = read('server');
  return {
    app: read('app') ?? '',
    ...(server === null ? {} : { server }),
    ...(roomToken !== null
      ? { room: { token: roomToken } }
      : room !== null
        ? { room: room === 'lobby' || room === 'page' || room === 'none' ? room : { name: room } }
        : {}),
    user: userUrl !== null ? tokensFrom(userUrl, user) : user,
    locale: read('locale'),
    position: read('position') === 'start' ? 'start' : 'end',
    accent: read('accent'),
    theme: oneOf(read('theme'), ['light', 'dark']) ?? 'auto',
    mode: read('mode') === 'iframe' ? 'iframe' : 'inline',
    open: isOn(read('open')),
    launcher: read('launcher') !== 'none',
    worker: read('worker'),
  };
}

/**
 * Asks the host site for its user's token: an address of its own that answers with the token as text, or with nothing
 * where nobody is signed in.
 * @param first a token that came with the page; it serves the first time
 */
function tokensFrom(url: string, first: string | null): () => Promise<string | null> {
  let atHand = first;
  return async () => {
    const token = atHand;
    atHand = null;
    if (token !== null) return token;
    const answer = await fetch(url, { credentials: 'same-origin', cache: 'no-store' });
    if (!answer.ok) throw new Error(`${url} answered with ${answer.status}`);
    return (await answer.text()).trim() || null;
  };
}

function oneOf<T extends string>(text: string | null, values: readonly T[]): T | null {
  return values.find((value) => value === text) ?? null;
}

const isOn = (text: string | null) => text !== null && text !== 'false';
