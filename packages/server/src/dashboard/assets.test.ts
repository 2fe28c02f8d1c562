import { beforeAll, describe, expect, test } from 'bun:test';
import type { Asset } from '../pages/asset.ts';
import { buildDashboardAssets } from './assets.ts';

/** What a browser loads before anything shows: style and code of shell and sign-in, packed. */
const initialBytesMax = 60 * 1024;

describe('the files of the dashboard', () => {
  let files: ReadonlyMap<string, Asset>;
  const text = (path: string) => new TextDecoder().decode(files.get(path)?.body);
  beforeAll(async () => {
    files = await buildDashboardAssets('/realtime');
  });

  /** The files that `path` imports at once, itself among them. */
  function withImports(path: string, found = new Set<string>()): Set<string> {
    if (found.has(path)) return found;
    found.add(path);
    for (const [, name] of text(path).matchAll(/(?:from|import)\s*"\.\/([^"]+)"/g)) {
      withImports(`/assets/${name}`, found);
    }
    return found;
  }
  const initial = () => {
    const main = /src="\/realtime\/dashboard(\/assets\/[^"]+)"/.exec(text('/'))?.[1] ?? '';
    const sheet = /stylesheet" href="\/realtime\/dashboard(\/assets\/[^"]+)"/.exec(text('/'))?.[1] ?? '';
    return [...withImports(main), sheet];
  };

  test('the page names its files from the root, below the prefix', () => {
    for (const path of initial()) expect([path, files.has(path)]).toEqual([path, true]);
    expect(text('/')).toContain('href="/realtime/dashboard/assets/mark-');
    expect([...files.values()].filter(({ immutable }) => !immutable)).toHaveLength(1);
  });

  test('what comes first is at most 60 kB, and uPlot is not in it', () => {
    const bytes = initial().reduce((sum, path) => sum + (files.get(path)?.gzipped.length ?? Infinity), 0);
    const all = [...files.values()].reduce((sum, { gzipped }) => sum + gzipped.length, 0);
    console.log(`dashboard first ${(bytes / 1024).toFixed(1)} kB, all ${(all / 1024).toFixed(1)} kB`);
    expect(bytes).toBeLessThanOrEqual(initialBytesMax);
    const plots = [...files.keys()].filter(
      (path) => text(path).includes('u-cursor-x') && path.endsWith('.js'),
    );
    expect(plots).toHaveLength(1);
    expect(initial()).not.toContain(plots[0] ?? '');
  });

  test('every file says whose work is in it, and no code makes HTML of text', () => {
    for (const path of files.keys()) {
      if (!path.endsWith('.js')) continue;
      expect(text(path)).toContain('Leon Sorokin');
      expect([path, /\.(outerHTML|insertAdjacentHTML)\b|document\.write\b/.test(text(path))]).toEqual([
        path,
        false,
      ]);
    }
  });
});
