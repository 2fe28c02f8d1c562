import { afterEach, beforeEach, expect, test } from 'bun:test';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from '../../../tests/support/child.ts';
import { lockDataFolder } from './index.ts';

const childModule = join(import.meta.dirname, '../../../tests/support/child-lock.ts');

let parent = '';
let folder = '';
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'earshot-folder-'));
  folder = join(parent, 'a', 'data');
});
afterEach(() => rmSync(parent, { recursive: true }));

const rightsOf = (path: string) => statSync(path).mode & 0o777;

test('the folder is made for this user only, and so is the file in it', async () => {
  const lock = await lockDataFolder(folder);
  expect(rightsOf(folder)).toBe(0o700);
  for (const name of readdirSync(folder)) expect(rightsOf(join(folder, name))).toBe(0o600);
  lock.release();
});

test('a folder that is open to others is closed when it is empty or ours', async () => {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  (await lockDataFolder(folder)).release();
  expect(rightsOf(folder)).toBe(0o700);
  chmodSync(folder, 0o750);
  (await lockDataFolder(folder)).release();
  expect(rightsOf(folder)).toBe(0o700);
});

test('a folder that is open to others and holds their things is refused and left as it is', async () => {
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o777);
  writeFileSync(join(folder, 'letter.txt'), '');
  await expect(lockDataFolder(folder)).rejects.toThrow(
    `EARSHOT_DATA_DIR is ${folder}, which others can look into`,
  );
  expect(rightsOf(folder)).toBe(0o777);
  expect(readdirSync(folder)).toEqual(['letter.txt']);
});

test('what is no folder is refused with the reason', async () => {
  writeFileSync(join(parent, 'a'), '');
  await expect(lockDataFolder(folder)).rejects.toThrow(/EARSHOT_DATA_DIR is .*ENOTDIR/);
});

test('a second server is refused, in this process and in another, until the first has let go', async () => {
  const lock = await lockDataFolder(folder);
  const refusal = `EARSHOT_DATA_DIR is ${folder}, which another server is using`;
  await expect(lockDataFolder(folder)).rejects.toThrow(refusal);
  await using child = new Child(childModule, folder);
  expect(await child.line()).toBe('ready');
  child.tell('go');
  expect(await child.line()).toStartWith(refusal);
  // The refused try in this process must not have let the lock go: locks of POSIX are lost that way.
  child.tell('again');
  expect(await child.line()).toStartWith(refusal);
  lock.release();
  child.tell('again');
  expect(await child.line()).toBe('locked');
  await expect(lockDataFolder(folder)).rejects.toThrow(refusal);
});

test('the lock ends with a process that is killed', async () => {
  const child = new Child(childModule, folder);
  await child.line();
  child.tell('go');
  expect(await child.line()).toBe('locked');
  await child[Symbol.asyncDispose]();
  (await lockDataFolder(folder)).release();
});
