import { type Asset, asset, type Bytes, contentTypes, hashOf } from '../pages/asset.ts';
import { bundle, readBeside, readFile } from '../pages/bundle.ts';

const notices = [
  '/*! Contains preact, MIT, Copyright (c) 2015-present Jason Miller;',
  'uPlot, MIT, Copyright (c) 2022 Leon Sorokin */',
].join(' ');

const { html, css, js, svg } = contentTypes;

/**
 * Everything that the dashboard consists of, by path below `/dashboard`: `/` is the page, which every address of the
 * dashboard shows, the rest is in `/assets/`. Bundled in memory.
 * @param prefix what is in front of `/dashboard`: '' or begins with a slash
 * @throws AggregateError when the page's code cannot be bundled
 */
export async function buildDashboardAssets(prefix: string): Promise<ReadonlyMap<string, Asset>> {
  const assets = new Map<string, Asset>();
  const addHashed = (name: string, extension: string, body: Bytes, contentType: string) => {
    const path = `/assets/${name}-${hashOf(body)}.${extension}`;
    assets.set(path, asset(body, contentType, true));
    return path;
  };

  const { files, entries } = await bundle({ entrypoints: ['@earshot/dashboard/main.ts'], banner: notices });
  for (const [name, body] of files) assets.set(`/assets/${name}`, asset(body, js, true));

  const sheet = addHashed('dashboard', 'css', await styles(), css);
  const mark = addHashed('mark', 'svg', await readFile('@earshot/ui/mark.svg'), svg);

  // The page is shown at addresses of any depth, so what it names is named from the root.
  const page = new TextDecoder()
    .decode(await readFile('@earshot/dashboard/index.html'))
    .replace('"mark.svg"', `"${prefix}/dashboard${mark}"`)
    .replace('"dashboard.css"', `"${prefix}/dashboard${sheet}"`)
    .replace('"main.ts"', `"${prefix}/dashboard/assets/${entries[0]}"`);
  assets.set('/', asset(new TextEncoder().encode(page), html));
  return assets;
}

/**
 * Every style sheet of the dashboard, those of its pages after the shared ones. Joined as they are: the bundler rewrites
 * logical properties by language, which is wrong for dir="rtl".
 */
async function styles(): Promise<Bytes> {
  const first = ['@earshot/ui/tokens.css', '@earshot/ui/base.css', 'uplot/dist/uPlot.min.css'];
  const shared = await Promise.all([...first, '@earshot/dashboard/dashboard.css'].map(readFile));
  return Buffer.concat([...shared, await readBeside('@earshot/dashboard/main.ts', '*/*.css')]);
}
