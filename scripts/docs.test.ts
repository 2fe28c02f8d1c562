import { expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closeCodes, errorCodes, errorTexts } from '@earshot/protocol';
import { readConfig } from '../packages/server/src/config.ts';
import { outOfStep, pages } from './docs.ts';

const page = (path: string) => pages.get(path) ?? '';

test('every setting that --help lists is on the page', () => {
  const read = readConfig(['--help'], {});
  const help = 'help' in read ? read.help : '';
  const names = help.match(/EARSHOT_\w+(?=[\n,])|(?<=, )--[\w-]+/g) ?? [];
  expect(names.length).toBeGreaterThan(50);
  for (const name of names) expect(page('docs/configuration.md')).toContain(`\`${name}\``);
});

test('every error is on the page', () => {
  const text = page('docs/errors.md');
  for (const { code } of [...Object.values(closeCodes), ...Object.values(errorCodes)]) {
    expect(text).toContain(`| ${code} |`);
  }
  for (const { when } of Object.values(errorTexts)) expect(text).toContain(when);
});

test('every row of a table has as many cells as its head', () => {
  for (const text of pages.values()) {
    for (const block of text.split('\n\n').filter((block) => block.startsWith('|'))) {
      const cells = block
        .trim()
        .split('\n')
        .map((line) => line.split(/(?<!\\)\|/).length);
      expect(new Set(cells).size).toBe(1);
    }
  }
});

test('a page that is missing or different is out of step', () => {
  const root = mkdtempSync(join(tmpdir(), 'earshot-docs-'));
  try {
    mkdirSync(join(root, 'docs'));
    expect(outOfStep(root)).toEqual([...pages.keys()]);
    for (const [path, text] of pages) writeFileSync(join(root, path), text);
    expect(outOfStep(root)).toEqual([]);
    writeFileSync(join(root, 'docs/errors.md'), `${page('docs/errors.md')} `);
    expect(outOfStep(root)).toEqual(['docs/errors.md']);
  } finally {
    rmSync(root, { recursive: true });
  }
});
