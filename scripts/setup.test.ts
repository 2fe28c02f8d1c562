import { afterEach, beforeEach, expect, test } from 'bun:test';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A project of its own with a stand-in for npm first on the PATH: it writes down what it was called with and leaves a
 * "Bun" behind, either big enough to be the program or, when the file `blocked` exists, the placeholder.
 */
let root: string;

const fakeNpm = `#!/bin/sh
echo "$@" >> "$ROOT/calls"
[ -e "$ROOT/broken" ] && exit 1
mkdir -p "$ROOT/node_modules/bun/bin"
cp "$ROOT/install.js" "$ROOT/node_modules/bun/install.js"
if [ -e "$ROOT/blocked" ]; then echo placeholder > "$ROOT/node_modules/bun/bin/bun.exe"
else cp "$ROOT/bun" "$ROOT/node_modules/bun/bin/bun.exe"; fi
`;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'earshot-setup-'));
  mkdirSync(join(root, 'scripts'));
  mkdirSync(join(root, 'path'));
  copyFileSync(join(import.meta.dirname, 'setup.mjs'), join(root, 'scripts', 'setup.mjs'));
  writeFileSync(join(root, 'package-lock.json'), '{}');
  writeFileSync(join(root, 'path', 'npm'), fakeNpm, { mode: 0o755 });
  writeFileSync(join(root, 'bun'), `#!/bin/sh\necho 9.9.9\nexit 0\n${' '.repeat(1_000_000)}`, {
    mode: 0o755,
  });
  writeFileSync(
    join(root, 'install.js'),
    `require('fs').copyFileSync(process.env.ROOT + '/bun', 'bin/bun.exe')`,
  );
});

afterEach(() => rmSync(root, { recursive: true }));

function setup(...args: string[]): { status: number; says: string } {
  const env = { ...process.env, ROOT: root, HOME: root, PATH: `${join(root, 'path')}:${process.env.PATH}` };
  const { exitCode, stderr, stdout } = Bun.spawnSync(['node', 'scripts/setup.mjs', ...args], {
    cwd: root,
    env,
  });
  expect(stdout.toString()).toBe('');
  return { status: exitCode, says: stderr.toString() };
}

function npmCalls(): string[] {
  const file = join(root, 'calls');
  if (!existsSync(file)) return [];
  const calls = readFileSync(file, 'utf8').trim().split('\n');
  rmSync(file);
  return calls.map((call) => call.split(' ').slice(0, 2).join(' ')); // the command and which packages
}

test('the first start installs what the server needs, the second nothing', () => {
  expect(setup()).toMatchObject({ status: 0, says: expect.stringContaining('ready, Bun 9.9.9') });
  expect(npmCalls()).toEqual(['ci --omit=dev']);
  expect(setup()).toEqual({ status: 0, says: '' });
  expect(npmCalls()).toEqual([]);
});

test('the tests get all packages; a start afterwards needs nothing', () => {
  setup('--test');
  expect(npmCalls()).toEqual(['ci --include=dev']);
  expect(setup('--test').says + setup().says).toBe('');
  expect(npmCalls()).toEqual([]);
});

test('packages for the tests are added without taking apart what a running server uses', () => {
  setup();
  npmCalls();
  setup('--test');
  expect(npmCalls()).toEqual(['install --no-save']);
});

test('another lockfile means another installation', () => {
  setup('--test');
  npmCalls();
  writeFileSync(join(root, 'package-lock.json'), '{ "lockfileVersion": 3 }');
  setup();
  expect(npmCalls()).toEqual(['ci --omit=dev']);
});

test('an installation that failed is said, and tried again at the next start', () => {
  writeFileSync(join(root, 'broken'), '');
  expect(setup()).toMatchObject({
    status: 1,
    says: expect.stringContaining('`npm ci` failed: it ended with status 1'),
  });
  rmSync(join(root, 'broken'));
  npmCalls();
  expect(setup().status).toBe(0);
  expect(npmCalls()).toEqual(['ci --omit=dev']);
});

test('Bun is put in place when npm ran no install scripts', () => {
  writeFileSync(join(root, 'blocked'), '');
  expect(setup()).toMatchObject({
    status: 0,
    says: expect.stringContaining("putting Bun's program in place"),
  });
  expect(setup()).toEqual({ status: 0, says: '' });
});

test('a Bun that cannot be put in place stops the start with the command that helps', () => {
  writeFileSync(join(root, 'blocked'), '');
  writeFileSync(join(root, 'install.js'), '');
  expect(setup()).toMatchObject({ status: 1, says: expect.stringContaining('npm ci --include=optional') });
});

test('without a home folder that can be written, npm caches in the project', () => {
  writeFileSync(join(root, 'home'), 'a file, so no folder can be made in it');
  const env = {
    ...process.env,
    ROOT: root,
    HOME: join(root, 'home'),
    PATH: `${join(root, 'path')}:${process.env.PATH}`,
  };
  const { exitCode, stderr } = Bun.spawnSync(['node', 'scripts/setup.mjs'], {
    cwd: root,
    env: { ...env, npm_config_cache: undefined },
  });
  expect(stderr.toString()).toContain(`using ${join(root, '.tools', 'npm-cache')}`);
  expect(exitCode).toBe(0);
});
