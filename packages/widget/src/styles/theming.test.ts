import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { themeParts, themeVariables } from './theming.ts';

const folder = join(import.meta.dir, '..');

async function texts(pattern: string): Promise<string> {
  const paths = [...new Bun.Glob(pattern).scanSync({ cwd: folder })];
  return (await Promise.all(paths.map((path) => Bun.file(join(folder, path)).text()))).join('\n');
}

test('every variable that is read is in the table, and no other', async () => {
  const css = await texts('styles/*.css');
  const read = new Set([...css.matchAll(/var\((--earshot-[\w-]+)/g)].map(([, name = '']) => name));
  // Counted by the widget itself.
  read.delete('--earshot-unit');
  const known = themeVariables.map(({ name }) => name);
  expect([...read].sort()).toEqual(known.filter((name) => name !== '--earshot-accent').sort());
  expect(await texts('view/accent.ts')).toContain("'--earshot-accent'");
});

test('every part is in the table, and no other', async () => {
  const views = await texts('view/**/*.tsx');
  const named = new Set(
    [...views.matchAll(/part=(?:"([\w\s-]+)"|\{[^}]*?'([\w\s-]+)'[^}]*\})/g)].flatMap(([, one, other]) =>
      (one ?? other ?? '').split(' '),
    ),
  );
  named.add('bubble');
  expect([...named].sort()).toEqual(themeParts.map(({ name }) => name).sort());
});

test('no colour is written anywhere but in the tokens, shades of black and grey excepted', async () => {
  const css = await texts('styles/*.css');
  const found = css.match(/#[0-9a-f]{3,8}\b|hsl\(|rgb\((?!0 0 0 \/|127 127 127 \/)/gi);
  expect(found).toBeNull();
});

test('sheets follow the direction of reading', async () => {
  const css = await texts('styles/*.css');
  const physical = css.match(/^\s*(?:margin|padding|border|inset)?-?(?:left|right)\s*:.*$/gm) ?? [];
  // A popover's place is measured, hence physical.
  expect(physical.map((line) => line.trim())).toEqual(['left: var(--left, 0);']);
});
