import { dirname, join } from 'node:path';
import type { Bytes } from './asset.ts';
import { carried } from './carried.ts';

export interface Bundle {
  /** Names with their hash, such as `main-x1y2z3.js`, to their text; chunks that several entries share among them. */
  readonly files: ReadonlyMap<string, Bytes>;
  /** Name of the file that each entry point became, in their order. */
  readonly entries: readonly string[];
}

export interface BundleOptions {
  /** As they are imported: `@earshot/home/main.ts`. */
  readonly entrypoints: readonly string[];
  /** `iife` for what is no module: loaders and service workers. */
  readonly format?: 'esm' | 'iife';
  /** Names in the code that are put in when it is bundled, as JSON. */
  readonly constants?: Readonly<Record<string, unknown>>;
  /** The first line of every file. */
  readonly banner?: string;
}

/**
 * Browser code, bundled in memory.
 * @throws AggregateError when it cannot be bundled
 */
export async function bundle(options: BundleOptions): Promise<Bundle> {
  const key = JSON.stringify(options);
  const known = carried.bundle(key);
  if (known !== null) return known;
  const { entrypoints, format = 'esm', constants = {}, banner = '' } = options;
  const built = await Bun.build({
    entrypoints: entrypoints.map(pathOf),
    target: 'browser',
    format,
    minify: true,
    splitting: format === 'esm',
    naming: '[name]-[hash].[ext]',
    define: {
      'process.env.NODE_ENV': '"production"',
      ...Object.fromEntries(Object.entries(constants).map(([name, value]) => [name, JSON.stringify(value)])),
    },
    banner,
    plugins: [smallSheets],
  });
  const files = new Map<string, Bytes>();
  const entries: string[] = [];
  for (const output of built.outputs) {
    const name = output.path.replace(/^\.\//, '');
    files.set(name, new Uint8Array(await output.arrayBuffer()));
    if (output.kind === 'entry-point') entries.push(name);
  }
  carried.bundled(key, { files, entries });
  return { files, entries };
}

/** Style sheets that code holds as text. The bundler's own way with CSS would rewrite logical properties. */
const smallSheets: Bun.BunPlugin = {
  name: 'small-sheets',
  setup(build) {
    build.onLoad({ filter: /\.css$/ }, async ({ path }) => ({
      contents: smallCss(await Bun.file(path).text()),
      loader: 'text',
    }));
  },
};

/** Without comments, and without blanks where none is needed. Quoted text stays as it is. */
export function smallCss(css: string): string {
  return css
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .split(/("[^"]*"|'[^']*')/)
    .map((part, index) =>
      index % 2 === 1
        ? part
        : part
            .replace(/\s+/g, ' ')
            .replace(/ ?([{};,>]) ?/g, '$1')
            .replace(/: /g, ':')
            .replace(/([\d)]) ([*/]) (?=\d|var\()/g, '$1$2')
            .replace(/(?<![\w.])0\.(?=\d)/g, '.')
            .replace(/;\}/g, '}'),
    )
    .join('')
    .trim();
}

/** A file of a package of ours, or of others, by the name under which it is imported. */
export async function readFile(specifier: string): Promise<Bytes> {
  const known = carried.file(specifier);
  if (known !== null) return known;
  const bytes = await Bun.file(pathOf(specifier)).bytes();
  carried.read(specifier, bytes);
  return bytes;
}

/** The files below the folder of `specifier` whose paths fit the pattern, in the order of their paths, joined. */
export async function readBeside(specifier: string, pattern: string): Promise<Bytes> {
  const key = `${specifier} ${pattern}`;
  const known = carried.file(key);
  if (known !== null) return known;
  const folder = dirname(pathOf(specifier));
  const paths = [...new Bun.Glob(pattern).scanSync(folder)].sort();
  const joined = Buffer.concat(await Promise.all(paths.map((path) => Bun.file(join(folder, path)).bytes())));
  carried.read(key, joined);
  return joined;
}

export async function readText(specifier: string): Promise<string> {
  return new TextDecoder().decode(await readFile(specifier));
}

function pathOf(specifier: string): string {
  return Bun.resolveSync(specifier, import.meta.dir);
}

/** What all pages share: the design's tokens and base parts, as CSS. */
export async function sharedStyles(): Promise<string> {
  const sheets = ['@earshot/ui/tokens.css', '@earshot/ui/base.css'];
  return (await Promise.all(sheets.map(readText))).join('\n');
}
