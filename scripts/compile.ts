/**
 * A standalone executable of the server for each system, in `dist/`:
 *
 *   npm run compile                              for all systems
 *   npm run compile -- linux-x64 windows-x64     for these
 *   npm run compile -- --into folder linux-x64   somewhere else
 *
 * What pages are made of is bundled now and carried along. The runtime for another system comes from the same package as
 * ours, of the version and with the checksum that package-lock.json holds.
 */
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildChatAssets } from '../packages/server/src/chat/assets.ts';
import { buildDashboardAssets } from '../packages/server/src/dashboard/assets.ts';
import { buildAssets } from '../packages/server/src/home/assets.ts';
import { readText, sharedStyles } from '../packages/server/src/pages/bundle.ts';
import { carried } from '../packages/server/src/pages/carried.ts';

const root = join(import.meta.dirname, '..');

/** Our names for systems, and those of Bun's targets and packages. */
const systems = {
  'linux-x64': { target: 'bun-linux-x64', runtime: '@oven/bun-linux-x64', program: 'bin/bun' },
  'linux-arm64': { target: 'bun-linux-arm64', runtime: '@oven/bun-linux-aarch64', program: 'bin/bun' },
  'macos-x64': { target: 'bun-darwin-x64', runtime: '@oven/bun-darwin-x64', program: 'bin/bun' },
  'macos-arm64': { target: 'bun-darwin-arm64', runtime: '@oven/bun-darwin-aarch64', program: 'bin/bun' },
  'windows-x64': { target: 'bun-windows-x64', runtime: '@oven/bun-windows-x64', program: 'bin/bun.exe' },
} as const;
type System = keyof typeof systems;

/** Code that runs in a thread of its own is not found by following imports. */
const threads = [join(root, 'packages/data/src/sqlite-thread-entry.ts')];

const say = (text: string) => console.log(`compile: ${text}`);

/** All that pages are made of, as text. */
async function carriedPages(): Promise<string> {
  carried.record();
  await Promise.all([buildAssets(), buildChatAssets(), buildDashboardAssets(''), sharedStyles()]);
  for (const file of ['window.html', 'window.css', 'window.ts'])
    await readText(`@earshot/chat/window/${file}`);
  return carried.toText();
}

/** The runtime of a system, checked against package-lock.json. @returns its path */
async function runtimeFor(system: System, folder: string): Promise<string> {
  const { runtime, program } = systems[system];
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string; integrity: string }>;
  };
  const entry = lock.packages[`node_modules/${runtime}`];
  if (entry === undefined) throw new Error(`package-lock.json has no ${runtime}`);
  const packed = Bun.spawnSync(
    ['npm', 'pack', '--silent', '--pack-destination', folder, `${runtime}@${entry.version}`],
    { cwd: folder, stderr: 'inherit' },
  );
  if (packed.exitCode !== 0) throw new Error(`npm could not fetch ${runtime}@${entry.version}`);
  const archive = join(folder, packed.stdout.toString().trim().split('\n').at(-1) ?? '');
  const integrity = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
  if (integrity !== entry.integrity) {
    throw new Error(
      `${runtime}@${entry.version} has the checksum ${integrity}; package-lock.json says ${entry.integrity}`,
    );
  }
  const unpacked = join(folder, system);
  mkdirSync(unpacked);
  const untarred = Bun.spawnSync(['tar', '-xzf', archive, '-C', unpacked], { stderr: 'inherit' });
  if (untarred.exitCode !== 0) throw new Error(`${archive} could not be unpacked`);
  return join(unpacked, 'package', program);
}

async function compile(system: System, entry: string, folder: string, into: string): Promise<void> {
  const started = Date.now();
  const isOurs = system === `${process.platform}-${process.arch}`;
  const outfile = join(into, `earshot-${system}${system.startsWith('windows') ? '.exe' : ''}`);
  const built = await Bun.build({
    entrypoints: [entry, ...threads],
    // All in one folder, where the code of a bundle looks for them.
    naming: '[name].[ext]',
    target: 'bun',
    minify: { whitespace: true, syntax: true },
    compile: {
      target: systems[system].target,
      outfile,
      ...(isOurs ? {} : { executablePath: await runtimeFor(system, folder) }),
    },
  });
  if (!built.success) throw new AggregateError(built.logs, `${system} could not be compiled`);
  if (!system.startsWith('windows')) chmodSync(outfile, 0o755);
  const megabytes = Math.round(statSync(outfile).size / 1e6);
  say(`${outfile}: ${megabytes} MB, ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

async function main(given: readonly string[]): Promise<number> {
  const { values, positionals: args } = parseArgs({
    args: [...given],
    options: { into: { type: 'string', default: join(root, 'dist') } },
    allowPositionals: true,
  });
  const into = resolve(values.into);
  const all = Object.keys(systems) as System[];
  const unknown = args.find((arg) => !all.includes(arg as System));
  if (unknown !== undefined) {
    console.error(`compile: there is no system ${unknown}; the systems are: ${all.join(', ')}`);
    return 2;
  }
  mkdirSync(into, { recursive: true });
  // Inside the project, so that the entry finds its packages.
  mkdirSync(join(root, '.tools'), { recursive: true });
  const folder = mkdtempSync(join(root, '.tools', 'compile-'));
  try {
    writeFileSync(join(folder, 'pages.gz'), Bun.gzipSync(await carriedPages()));
    const entry = join(folder, 'earshot.ts');
    writeFileSync(
      entry,
      [
        `import pages from './pages.gz' with { type: 'file' };`,
        `import { carried } from '../../packages/server/src/pages/carried.ts';`,
        `carried.load(new TextDecoder().decode(Bun.gunzipSync(await Bun.file(pages).bytes())));`,
        `await import('../../packages/server/src/main.ts');`,
      ].join('\n'),
    );
    for (const system of args.length === 0 ? all : (args as System[]))
      await compile(system, entry, folder, into);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return 0;
}

if (import.meta.main) process.exit(await main(process.argv.slice(2)));
