import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { temporaryFolder } from '../../../../tests/support/server.ts';

const main = join(import.meta.dirname, '..', 'main.ts');

function earshot(folder: string, ...words: string[]) {
  const ran = Bun.spawnSync([process.execPath, main, ...words], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '' },
  });
  return { code: ran.exitCode, out: ran.stdout.toString(), err: ran.stderr.toString() };
}

test('an app made here is there after export and import, and after a backup', async () => {
  await using folder = await temporaryFolder();
  const run = (...words: string[]) => earshot(folder.path, ...words);
  expect(run('apps', 'create', 'Moved', '--data', 'one').code).toBe(0);
  expect(run('export', 'all.jsonl', '--data', 'one').out).toMatch(
    /^\d+ rows of \d+ tables are in all\.jsonl/,
  );
  expect(run('import', 'all.jsonl', '--data', 'two').out).toMatch(/^\d+ rows of \d+ tables were imported/);
  expect(run('apps', 'list', '--data', 'two').out).toContain('Moved');
  expect(JSON.parse(run('backup', 'three', '--data', 'one', '--json').out)).toMatchObject({
    made: ['earshot.sqlite'],
  });
  expect(run('apps', 'list', '--data', 'three').out).toContain('Moved');
});

test('what is wrong is said: exit code 2 for what was typed, 1 for what cannot be done', async () => {
  await using folder = await temporaryFolder();
  const run = (...words: string[]) => earshot(folder.path, ...words);
  expect(run('export')).toMatchObject({
    code: 2,
    err: 'earshot export: Expected: earshot export FILE. Found 0 words after it.\n',
  });
  expect(run('import', 'missing.jsonl')).toMatchObject({ code: 1 });
  expect(run('import', 'missing.jsonl').err).toContain('missing.jsonl cannot be read: ENOENT');
  expect(run('backup', '--help')).toMatchObject({ code: 0 });
});
