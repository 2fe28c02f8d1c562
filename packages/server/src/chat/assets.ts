import { type Asset, asset, type Bytes, contentTypes, hashOf, textAsset } from '../pages/asset.ts';
import { type Bundle, bundle, readFile } from '../pages/bundle.ts';
import { iconPng } from '../pages/icon.ts';

const { css, js, svg, png } = contentTypes;

/** What the licences of others ask to be said, by a text that is in their code alone. */
const notices = {
  __html: 'preact, MIT, Copyright (c) 2015-present Jason Miller',
  'pusher:connection_established': 'pusher-js, MIT, Copyright (c) 2011-present Pusher',
} as const;

/** Entries of the widget's bundle, by the names that their files begin with. */
const widget = {
  panel: '@earshot/widget/embed/panel.ts',
  frame: '@earshot/widget/embed/frame.ts',
  esm: '@earshot/widget/embed/esm.ts',
  chat: '@earshot/widget/page/chat.ts',
  framed: '@earshot/widget/page/framed.ts',
} as const;

/** Those of pages of ours that share nothing with it: what would be shared would cut the widget into more files. */
const pages = {
  bookmarklet: '@earshot/widget/page/bookmarklet.ts',
  live: '@earshot/widget/live/page/live.ts',
} as const;

type Entry = keyof typeof widget | keyof typeof pages;

/** Names that stay when their content changes: each leads to the file of the moment. */
const stable = ['panel', 'frame', 'esm'] as const;

export interface ChatAssets {
  /** By path below the server's address. */
  readonly files: ReadonlyMap<string, Asset>;
  /** Pages as text; what differs between requests is put in by `pages.ts`. */
  readonly pages: Readonly<Record<'chat' | 'frame' | 'bookmarklet' | 'live', string>>;
  /** What the bookmark runs; the server's address and the app's key are put in by `pages.ts`. */
  readonly bookmarklet: string;
}

/**
 * Everything that the widget and the chat's pages consist of, bundled in memory: `/widget.js`, `/widget/*` and the files
 * of `/chat` and `/live`.
 * @throws AggregateError when the code cannot be bundled
 */
export async function buildChatAssets(): Promise<ChatAssets> {
  const files = new Map<string, Asset>();
  const built = new Map<string, string>();
  for (const entries of [widget, pages]) {
    const bundled = await bundle({ entrypoints: Object.values(entries) });
    for (const [name, body] of bundled.files) {
      files.set(`/widget/assets/${name}`, asset(withNotice(body), js, true));
    }
    for (const name of Object.keys(entries)) built.set(name, entryOf(bundled, name));
  }
  const entry = (name: Entry) => `widget/assets/${built.get(name)}`;
  for (const name of stable) {
    const from = `./assets/${built.get(name)}`;
    files.set(`/widget/${name}.js`, textAsset(`export * from ${JSON.stringify(from)};\n`, js));
  }

  const loader = await script('@earshot/widget/embed/loader.ts', {
    panelPath: entry('panel'),
    framePath: entry('frame'),
  });
  files.set('/widget.js', asset(loader, js));
  files.set('/chat/worker.js', asset(await script('@earshot/widget/worker/worker.ts'), js));

  const sheetOf = async (name: string, own: string) => {
    const parts = ['@earshot/ui/tokens.css', '@earshot/ui/base.css', own];
    const body = Buffer.concat(await Promise.all(parts.map(readFile)));
    const path = `widget/assets/${name}-${hashOf(body)}.css`;
    files.set(`/${path}`, asset(body, css, true));
    return path;
  };
  const sheet = await sheetOf('page', '@earshot/widget/page/page.css');
  const liveSheet = await sheetOf('live', '@earshot/widget/live/page/live.css');

  const mark = new TextDecoder().decode(await readFile('@earshot/ui/mark.svg'));
  files.set('/chat/icon.svg', textAsset(mark, svg));
  const dot = '<circle cx="18.5" cy="5.5" r="5.5" fill="#d93025" stroke="none"/></svg>';
  files.set('/chat/icon-unread.svg', textAsset(mark.replace('</svg>', dot), svg));
  for (const size of [180, 192, 512]) {
    const shape = size === 180 ? 'maskable' : 'rounded'; // phones of Apple cut their own corners
    files.set(`/chat/icon-${size}.png`, asset(iconPng({ size, shape }), png));
  }
  files.set('/chat/icon-maskable.png', asset(iconPng({ size: 512, shape: 'maskable' }), png));

  const page = async (file: string, up: string, name: Entry, style = sheet) =>
    new TextDecoder()
      .decode(await readFile(`@earshot/widget/${file}.html`))
      .replace('"SHEET"', `"${up}${style}"`)
      .replace('"SCRIPT"', `"${up}${entry(name)}"`);
  return {
    files,
    pages: {
      chat: await page('page/chat', '', 'chat'),
      frame: await page('page/frame', '../', 'framed'),
      bookmarklet: await page('page/bookmarklet', '../', 'bookmarklet'),
      // How far up it is differs between the paths that it is at.
      live: await page('live/page/live', '{up}', 'live', liveSheet),
    },
    bookmarklet: new TextDecoder().decode(await script('@earshot/widget/embed/bookmarklet.ts', {}, '')),
  };
}

/** A script that is no module, in one file. */
async function script(
  specifier: string,
  constants: Record<string, string> = {},
  banner = '/*! Earshot, MIT */',
): Promise<Bytes> {
  const built = await bundle({ entrypoints: [specifier], format: 'iife', constants, banner });
  const body = built.files.get(built.entries[0] ?? '');
  if (body === undefined || built.files.size !== 1) throw new Error(`${specifier} is not one file`);
  return body;
}

function withNotice(body: Bytes): Bytes {
  const code = new TextDecoder().decode(body);
  const found = Object.entries(notices).flatMap(([sign, notice]) => (code.includes(sign) ? [notice] : []));
  if (found.length === 0) return body;
  return new TextEncoder().encode(`/*! Contains ${found.join('; ')} */\n${code}`);
}

function entryOf({ entries }: Bundle, name: string): string {
  const found = entries.find((file) => file.startsWith(`${name}-`));
  if (found === undefined) throw new Error(`the bundle has no entry ${name}`);
  return found;
}
