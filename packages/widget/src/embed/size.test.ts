import { beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildChatAssets, type ChatAssets } from '../../../server/src/chat/assets.ts';

// The compiler is asked to read all of it.
setDefaultTimeout(120_000);

const loaderBytesMax = 4 * 1024;
const panelBytesMax = 45 * 1024;
/** What there is at the moment, so that it cannot grow unseen. */
const firstMessageBytesMax = 78 * 1024;

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

/** The one file of the panel, loaded at whatever time, in which there is such text. */
function withText(text: string): string {
  const found = [...withImports(entry('panel'), true)].filter((path) => textOf(path).includes(text));
  if (found.length !== 1) throw new Error(`${text} is in ${found.length} files`);
  return found[0] ?? '';
}

/** Stock pusher-js, in a file of its own, asked for a moment after the first panel. */
const client = () => withText('pusher:connection_established');

/** What somebody loads who clicks, enters a room, reads there and writes. */
function upToFirstMessage(): Set<string> {
  const parts = [entry('panel'), client(), withText(' as createPerson')];
  return new Set(parts.flatMap((path) => [...withImports(path)]));
}

/** The file and all that it needs at once, or `whenever`. */
function withImports(path: string, whenever = false, seen = new Set<string>()): Set<string> {
  if (seen.has(path)) return seen;
  seen.add(path);
  for (const { path: other, kind } of new Bun.Transpiler({ loader: 'js' }).scanImports(textOf(path))) {
    if (whenever || kind === 'import-statement') {
      withImports(`/widget/assets/${other.replace('./', '')}`, whenever, seen);
    }
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

  test('the first panel is at most 45 kB, style and realtime client included', () => {
    const panel = sum(new Set([...withImports(entry('panel')), client()]));
    console.log(`first panel ${kB(panel)}, of it the realtime client ${kB(gzipped(client()))}`);
    expect(panel).toBeLessThanOrEqual(panelBytesMax);
  });

  test('all up to the first message, read and written, is at most 78 kB', () => {
    const all = sum(upToFirstMessage());
    console.log(`up to the first message ${kB(all)}`);
    expect(all).toBeLessThanOrEqual(firstMessageBytesMax);
  });

  test('what comes later comes in pieces of at most 15 kB', () => {
    const entries = ['panel', 'frame', 'esm', 'chat', 'framed'].map(entry);
    const before = new Set([...upToFirstMessage(), ...entries.flatMap((path) => [...withImports(path)])]);
    const all = new Set(entries.flatMap((path) => [...withImports(path, true)]));
    const later = [...all].filter((path) => !before.has(path));
    expect(later.length).toBeGreaterThan(10);
    for (const path of later) {
      expect(`${path} ${gzipped(path) <= 15 * 1024}`).toBe(`${path} true`);
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
