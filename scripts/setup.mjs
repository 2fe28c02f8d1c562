// Makes node_modules match package-lock.json, then gets out of the way. Runs before `npm start` and `npm test`
// on plain Node, because Bun itself is one of the packages it installs. Everything it says goes to stderr.
//
//   node scripts/setup.mjs          what the server needs
//   node scripts/setup.mjs --test   that, and what the tests need

import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const stampFile = join(root, 'node_modules', '.earshot-setup');
const bunFolder = join(root, 'node_modules', 'bun');
const bunProgram = join(bunFolder, 'bin', 'bun.exe'); // its name on every system
const wanted = process.argv.includes('--test') ? 'everything' : 'runtime';

/** Long enough to see that something moves, short enough not to flood a log. */
const progressMs = 10_000;

const say = (text) => process.stderr.write(`setup: ${text}\n`);

function stop(text) {
  say(text);
  process.exit(1);
}

/** What node_modules must be made from; the platform counts because Bun's binary depends on it. */
function fingerprint() {
  const lock = readFileSync(join(root, 'package-lock.json'));
  return createHash('sha256').update(lock).update(`${process.platform} ${process.arch}`).digest('hex');
}

/** The fingerprint and the set of packages that the last finished installation left behind. */
function installed() {
  if (!existsSync(stampFile)) return { print: '', packages: '' };
  const [print, packages] = readFileSync(stampFile, 'utf8').trim().split(' ');
  return { print, packages };
}

/** The environment for npm: a cache in the project when the usual one cannot be written (no home folder). */
function npmEnvironment() {
  const usual = process.env.npm_config_cache ?? join(homedir(), '.npm');
  try {
    mkdirSync(usual, { recursive: true });
    accessSync(usual, constants.W_OK);
    return process.env;
  } catch (error) {
    const own = join(root, '.tools', 'npm-cache');
    say(`npm's cache ${usual} cannot be written (${error.code}); using ${own}`);
    return { ...process.env, npm_config_cache: own };
  }
}

/** Runs npm with its output on stderr; says how long it has been at it while npm is silent. */
function npm(args) {
  const started = Date.now();
  const progress = setInterval(
    () => say(`npm is still installing (${Math.round((Date.now() - started) / 1000)} s)`),
    progressMs,
  );
  return new Promise((resolve) => {
    const child = spawn('npm', args, { cwd: root, env: npmEnvironment(), stdio: ['ignore', 2, 2] });
    child.on('error', (error) => resolve(error.message));
    child.on('exit', (code) => resolve(code === 0 ? null : `it ended with status ${code}`));
  }).finally(() => clearInterval(progress));
}

/** Bun's package holds a text of a few hundred bytes until its install script has put the program there. */
function bunIsPlaceholder() {
  return !existsSync(bunProgram) || statSync(bunProgram).size < 1_000_000;
}

function repairBun() {
  say("putting Bun's program in place (npm was told not to run install scripts)");
  const repair = spawnSync(process.execPath, ['install.js'], { cwd: bunFolder, stdio: ['ignore', 2, 2] });
  if (repair.status !== 0 || bunIsPlaceholder()) {
    stop('Bun could not be put in place. Run `npm ci --include=optional`, then try again.');
  }
}

async function install(before) {
  const print = fingerprint();
  // Adding packages to a tree that is right must not take it apart: a server may be running from it.
  const adding = before.print === print;
  say(
    adding
      ? 'adding the packages that the tests need'
      : `installing ${wanted === 'runtime' ? 'what the server needs' : 'all packages'} (the first time takes about ten seconds on a fast line)`,
  );
  const command = adding ? ['install', '--no-save'] : ['ci'];
  const dev = wanted === 'runtime' ? '--omit=dev' : '--include=dev';
  const failure = await npm([...command, dev, '--include=optional', '--no-audit', '--no-fund']);
  if (failure !== null) {
    stop(
      `\`npm ${command.join(' ')}\` failed: ${failure}. Its message is above; without a network nothing can be installed.`,
    );
  }
  if (bunIsPlaceholder()) repairBun();
  const bun = spawnSync(bunProgram, ['--version'], { encoding: 'utf8' });
  if (bun.status !== 0) {
    const reason = bun.error?.message ?? (bun.stderr.trim() || `signal ${bun.signal}, status ${bun.status}`);
    stop(`Bun is installed but does not run on this machine: ${reason}`);
  }
  writeFileSync(stampFile, `${print} ${wanted}\n`);
  say(`ready, Bun ${bun.stdout.trim()}`);
}

const nodeMajor = Number(process.versions.node.split('.')[0]);
if (nodeMajor < 20) stop(`Node ${process.versions.node} found, 20 or newer needed: https://nodejs.org/`);

const before = installed();
const enough = before.packages === 'everything' || before.packages === wanted;
if (before.print !== fingerprint() || !enough) await install(before);
else if (bunIsPlaceholder()) repairBun();
