import { beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildChatAssets, type ChatAssets } from '../../../server/src/chat/assets.ts';

// The compiler is asked to read all of it.
setDefaultTimeout(30_000);

const loaderBytesMax = 4 * 1024;
const panelBytesMax = 45 * 1024;

let files: ChatAssets['files'];
beforeAll(async () => {
  ({ files } = await buildChatAssets());
});

const gzipped = (path: string) => files.get(path)?.gzipped.length ?? Number.NaN;
const textOf = (path: string) => new TextDecoder().decode(files.get(path)?.body);
const scripts = () => [...files].filter(([, { contentType }]) => contentType.startsWith('text/javascript'));

function entry(name: string): string {
  const found = [...files.keys()].find((path) => path.startsWith(`/widget/assets/${name}-`));
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
}

/** The file and all that it needs at once; what it loads later is not counted. */
function withImports(path: string, seen = new Set<string>()): Set<string> {
  if (seen.has(path)) return seen;
  seen.add(path);
  for (const { path: other, kind } of new Bun.Transpiler({ loader: 'js' }).scanImports(textOf(path))) {
    if (kind === 'import-statement') withImports(`/widget/assets/${other.replace('./', '')}`, seen);
  }
  return seen;
}

const sum = (paths: Iterable<string>) => [...paths].reduce((bytes, path) => bytes + gzipped(path), 0);
const kB = (bytes: number) => `${(bytes / 1024).toFixed(1)} kB`;

describe('what a browser has to load', () => {
  test('the loader is at most 4 kB, in one file', () => {
    console.log(`loader ${kB(gzipped('/widget.js'))}`);
    expect(gzipped('/widget.js')).toBeLessThanOrEqual(loaderBytesMax);
    expect(textOf('/widget.js')).not.toMatch(/\bimport\s*["'{]/);
  });

  test('the first panel, in which one says who one is, is at most 45 kB, style included', () => {
    const panel = sum(withImports(entry('panel')));
    console.log(`first panel ${kB(panel)}`);
    expect(panel).toBeLessThanOrEqual(panelBytesMax);
  });

  test('what comes later comes in pieces of at most 16 kB; with stock pusher-js, 32 kB', () => {
    const first = new Set(
      ['panel', 'frame', 'esm', 'chat', 'framed'].flatMap((name) => [...withImports(entry(name))]),
    );
    const later = scripts().filter(([path]) => path.startsWith('/widget/assets/') && !first.has(path));
    for (const [path, { gzipped }] of later) {
      const hasClient = textOf(path).includes('pusher:connection_established');
      if (hasClient) console.log(`realtime client and what it serves ${kB(gzipped.length)}`);
      const most = (hasClient ? 32 : 16) * 1024;
      expect(`${path} ${gzipped.length <= most}`).toBe(`${path} true`);
    }
  });
});

describe('what the code does not do', () => {
  const sinks =
    /\.(innerHTML|outerHTML|srcdoc)\s*=(?!=)|insertAdjacentHTML|document\.write|createContextualFragment|parseFromString|setHTMLUnsafe|\beval\(|new Function\b|\bFunction\(|set(Timeout|Interval)\(\s*["'`]|javascript:/;

  /** Preact has a property for it, which no view uses. */
  const preactsOwn = /\w+\.innerHTML=\w+\.__html/g;

  test('no view asks Preact for HTML', () => {
    for (const [path] of scripts()) {
      expect(`${path} ${/dangerouslySetInnerHTML:/.test(textOf(path))}`).toBe(`${path} false`);
    }
  });

  test('it makes no HTML and no code of strings', () => {
    for (const [path] of scripts()) {
      const text = textOf(path).replace(preactsOwn, '');
      expect(`${path}: ${sinks.exec(text)?.[0] ?? 'clean'}`).toBe(`${path}: clean`);
    }
  });

  test('browsers that know ES2021 can read it, as Preact needs it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'earshot-syntax-'));
    try {
      for (const [path, { body }] of scripts()) await Bun.write(join(folder, 'in', path), body);
      // Whatever is newer than the target is written in older words, so that the two outcomes differ.
      await Promise.all(['es2021', 'esnext'].map((target) => compile(folder, target)));
      for (const [path] of scripts()) {
        const [older, newest] = await Promise.all(
          ['es2021', 'esnext'].map((target) => Bun.file(join(folder, target, path)).text()),
        );
        expect(`${path}: ${firstDifference(older ?? '', newest ?? '')}`).toBe(`${path}: none`);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

async function compile(folder: string, target: string): Promise<void> {
  const tsc = join(import.meta.dir, '../../../../node_modules/.bin/tsc');
  const options = ['--allowJs', '--checkJs', 'false', '--noCheck', '--skipLibCheck', '--module', 'esnext'];
  const files = await Array.fromAsync(
    new Bun.Glob('**/*.js').scan({ cwd: join(folder, 'in'), absolute: true }),
  );
  const out = ['--target', target, '--outDir', join(folder, target), '--rootDir', join(folder, 'in')];
  const child = Bun.spawn([tsc, '--ignoreConfig', ...options, ...out, ...files], { stdout: 'pipe' });
  const said = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(said);
}

/** A piece of what is newer than ES2021, or `none`. */
function firstDifference(older: string, newest: string): string {
  if (older === newest) return 'none';
  const [oldLines, newLines] = [older.split('\n'), newest.split('\n')];
  const index = newLines.findIndex((line, at) => line !== oldLines[at]);
  return newLines[index]?.trim().slice(0, 120) ?? 'more at the end';
}
