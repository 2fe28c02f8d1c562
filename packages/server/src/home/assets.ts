import { type Asset, asset, type Bytes, contentTypes, hashOf } from '../pages/asset.ts';
import { bundle, readFile } from '../pages/bundle.ts';

const notices = '/*! Contains preact, MIT, Copyright (c) 2015-present Jason Miller */';

const clients = ['web/pusher', 'web/pusher-with-encryption', 'worker/pusher.worker'];

const { html, css, js, svg, text } = contentTypes;

/**
 * Everything that the page consists of, by path, bundled in memory: `/`, `/assets/*` and, for everybody's use,
 * stock pusher-js in `/client/*`.
 * @throws AggregateError when the page's code cannot be bundled
 */
export async function buildAssets(): Promise<ReadonlyMap<string, Asset>> {
  const assets = new Map<string, Asset>();
  const addHashed = (name: string, extension: string, body: Bytes, contentType: string) => {
    const path = `assets/${name}-${hashOf(body)}.${extension}`;
    assets.set(`/${path}`, asset(body, contentType, true));
    return path;
  };

  const { files, entries } = await bundle({ entrypoints: ['@earshot/home/main.ts'], banner: notices });
  for (const [name, body] of files) assets.set(`/assets/${name}`, asset(body, js, true));

  // Joined as they are: the bundler rewrites logical properties by language, which is wrong for dir="rtl".
  const sheets = ['@earshot/ui/tokens.css', '@earshot/ui/base.css', '@earshot/home/home.css'];
  const sheet = addHashed('home', 'css', Buffer.concat(await Promise.all(sheets.map(readFile))), css);
  const mark = addHashed('mark', 'svg', await readFile('@earshot/ui/mark.svg'), svg);

  const page = new TextDecoder()
    .decode(await readFile('@earshot/home/index.html'))
    .replace('"mark.svg"', `"${mark}"`)
    .replace('"home.css"', `"${sheet}"`)
    .replace('"main.ts"', `"assets/${entries[0]}"`);
  assets.set('/', asset(new TextEncoder().encode(page), html));

  for (const client of clients) {
    const name = client.split('/')[1];
    const file = `pusher-js/dist/${client}.min.js`;
    assets.set(`/client/${name}.min.js`, asset(await readFile(file), js));
    // Their first line points there.
    assets.set(`/client/${name}.min.js.LICENSE.txt`, asset(await readFile(`${file}.LICENSE.txt`), text));
  }
  return assets;
}
