import { createHash } from 'node:crypto';

/** A file that is served as it is. */
export interface Asset {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly gzipped: Uint8Array<ArrayBuffer>;
  readonly contentType: string;
  readonly etag: string;
  /** Its name changes with its content. */
  readonly immutable: boolean;
}

const html = 'text/html; charset=utf-8';
const css = 'text/css; charset=utf-8';
const js = 'text/javascript; charset=utf-8';
const svg = 'image/svg+xml';
const text = 'text/plain; charset=utf-8';

const notices = '/*! Contains preact, MIT, Copyright (c) 2015-present Jason Miller */';

const clients = ['web/pusher', 'web/pusher-with-encryption', 'worker/pusher.worker'];

/**
 * Everything that the page consists of, by path, bundled in memory: `/`, `/assets/*` and, for everybody's use,
 * stock pusher-js in `/client/*`.
 * @throws AggregateError when the page's code cannot be bundled
 */
export async function buildAssets(): Promise<ReadonlyMap<string, Asset>> {
  const assets = new Map<string, Asset>();
  const addHashed = (name: string, extension: string, body: Uint8Array<ArrayBuffer>, contentType: string) => {
    const path = `assets/${name}-${hashOf(body)}.${extension}`;
    assets.set(`/${path}`, asset(body, contentType, true));
    return path;
  };

  const built = await Bun.build({
    entrypoints: [pathOf('@earshot/home/main.ts')],
    target: 'browser',
    minify: true,
    splitting: true,
    naming: '[name]-[hash].[ext]',
    define: { 'process.env.NODE_ENV': '"production"' },
    banner: notices,
  });
  let entry = '';
  for (const output of built.outputs) {
    const path = `assets/${output.path.replace(/^\.\//, '')}`;
    assets.set(`/${path}`, asset(new Uint8Array(await output.arrayBuffer()), js, true));
    if (output.kind === 'entry-point') entry = path;
  }

  // Joined as they are: the bundler rewrites logical properties by language, which is wrong for dir="rtl".
  const sheets = ['@earshot/ui/tokens.css', '@earshot/ui/base.css', '@earshot/home/home.css'];
  const sheet = addHashed('home', 'css', Buffer.concat(await Promise.all(sheets.map(read))), css);
  const mark = addHashed('mark', 'svg', await read('@earshot/ui/mark.svg'), svg);

  const page = new TextDecoder()
    .decode(await read('@earshot/home/index.html'))
    .replace('"mark.svg"', `"${mark}"`)
    .replace('"home.css"', `"${sheet}"`)
    .replace('"main.ts"', `"${entry}"`);
  assets.set('/', asset(new TextEncoder().encode(page), html, false));

  for (const client of clients) {
    const name = client.split('/')[1];
    const file = `pusher-js/dist/${client}.min.js`;
    assets.set(`/client/${name}.min.js`, asset(await read(file), js, false));
    // Their first line points there.
    assets.set(`/client/${name}.min.js.LICENSE.txt`, asset(await read(`${file}.LICENSE.txt`), text, false));
  }
  return assets;
}

function asset(body: Uint8Array<ArrayBuffer>, contentType: string, immutable: boolean): Asset {
  // Weak, because the gzipped form has the same one.
  return { body, gzipped: Bun.gzipSync(body), contentType, etag: `W/"${hashOf(body)}"`, immutable };
}

function hashOf(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('base64url').slice(0, 12);
}

function read(specifier: string): Promise<Uint8Array<ArrayBuffer>> {
  return Bun.file(pathOf(specifier)).bytes();
}

function pathOf(specifier: string): string {
  return Bun.resolveSync(specifier, import.meta.dir);
}
