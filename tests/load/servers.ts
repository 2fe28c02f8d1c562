import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { benchApp, type Target } from './target.ts';

const root = join(import.meta.dir, '../..');
export const soketiFolder = join(import.meta.dir, 'soketi');
const soketiMain = join(soketiFolder, 'node_modules/@soketi/soketi/bin/server.js');

/** `desk` is Earshot with a webhook for channels and members, `plain` Earshot without what its desk costs. */
export type ServerName = 'earshot' | 'bare' | 'soketi' | 'desk' | 'plain';
export const serverNames: readonly ServerName[] = ['earshot', 'bare', 'soketi', 'desk', 'plain'];

/** A server in a child process. */
export interface RunningServer extends Target {
  /** Ends the process, removes its data folder, and returns the last lines that it wrote. */
  stop(): Promise<string>;
}

/** What runs and lies about now, to go with us however we end. */
const children = new Set<Bun.Subprocess>();
const folders = new Set<string>();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

/** The cores that we may run on, as the kernel lists them: `0-1` or `2,4-7`. */
function allowedCores(): number[] {
  const list = /^Cpus_allowed_list:\s+(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
  return list.split(',').flatMap((range) => {
    const [first = Number.NaN, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

/**
 * The command bound to a core of its own, where there are two and `taskset` is there. Left to itself the kernel
 * moves the one that it wakes beside the one that woke it, and latencies tell of that.
 */
export function pinned(role: 'server' | 'generator', command: string[]): string[] {
  const [one, other] = allowedCores();
  if (one === undefined || other === undefined || Bun.which('taskset') === null) return command;
  return ['taskset', '--cpu-list', String(role === 'server' ? one : other), ...command];
}

/** Starts a child process that ends when we end. */
export function startChild(command: string[], options: { cwd?: string; env?: Record<string, string> } = {}) {
  const child = Bun.spawn(command, {
    cwd: options.cwd ?? root,
    env: { ...inheritedEnvironment(), ...options.env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  children.add(child);
  void child.exited.then(() => children.delete(child));
  return child;
}

/** Without the settings of the person's own server, which have no place in a measurement. */
function inheritedEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !/^(EARSHOT|SOKETI)_/.test(entry[0]),
  );
  return { ...Object.fromEntries(kept), NODE_ENV: 'production' };
}

export function soketiInstalled(): boolean {
  return existsSync(soketiMain);
}

/**
 * Starts a server on a free port of 127.0.0.1 with the app of `target.ts`, and resolves when it accepts
 * connections. `settings` are further environment variables.
 */
export async function startServer(
  name: ServerName,
  settings: Record<string, string> = {},
): Promise<RunningServer> {
  const port = freePort();
  const folder = mkdtempSync(join(tmpdir(), 'earshot-load-'));
  folders.add(folder);
  const child = startChild(pinned('server', commands[name]), {
    cwd: root,
    env: { ...environment(name, port, folder), ...settings },
  });
  const output = Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  const stop = async () => {
    // Nothing that is measured is kept, so there is nothing to drain.
    child.kill('SIGKILL');
    await child.exited;
    rmSync(folder, { recursive: true, force: true });
    folders.delete(folder);
    return (await output).join('').trim().split('\n').slice(-3).join('\n');
  };
  for (let tries = 0; tries < 600; tries++) {
    if (child.exitCode !== null) {
      throw new Error(`${name} ended with code ${child.exitCode} at its start:\n${await stop()}`);
    }
    if (await isReady(name, port)) return { port, pid: child.pid, app: benchApp, stop };
    await Bun.sleep(100);
  }
  throw new Error(
    `${name} does not accept connections on 127.0.0.1:${port} after a minute:\n${await stop()}`,
  );
}

const commands: Record<ServerName, string[]> = {
  earshot: [process.execPath, 'packages/server/src/main.ts'],
  bare: [process.execPath, 'tests/load/bare-server.ts'],
  soketi: ['node', soketiMain, 'start'],
  desk: [process.execPath, 'packages/server/src/main.ts'],
  plain: [process.execPath, 'tests/load/plain-server.ts'],
};

function environment(name: ServerName, port: number, folder: string): Record<string, string> {
  switch (name) {
    case 'earshot':
    case 'desk':
    case 'plain':
      return {
        EARSHOT_PORT: String(port),
        EARSHOT_DATA_DIR: folder,
        EARSHOT_APP_ID: benchApp.id,
        EARSHOT_APP_KEY: benchApp.key,
        EARSHOT_APP_SECRET: benchApp.secret,
        EARSHOT_LOG_LEVEL: 'warn',
      };
    case 'bare':
      return {
        PORT: String(port),
        APP_ID: benchApp.id,
        APP_KEY: benchApp.key,
        APP_SECRET: benchApp.secret,
      };
    case 'soketi':
      return {
        SOKETI_HOST: '127.0.0.1',
        SOKETI_PORT: String(port),
        SOKETI_METRICS_HOST: '127.0.0.1',
        SOKETI_METRICS_SERVER_PORT: String(freePort()),
        SOKETI_DEFAULT_APP_ID: benchApp.id,
        SOKETI_DEFAULT_APP_KEY: benchApp.key,
        SOKETI_DEFAULT_APP_SECRET: benchApp.secret,
        SOKETI_PRESENCE_MAX_MEMBERS: '2000',
      };
  }
}

function freePort(): number {
  const listener = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}

/** Whether the server can be measured: one with workers listens as soon as the first of them does, and is ready when all do. */
async function isReady(name: ServerName, port: number): Promise<boolean> {
  if (name === 'bare' || name === 'soketi') return accepts(port);
  const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null);
  return answer?.status === 200;
}

async function accepts(port: number): Promise<boolean> {
  try {
    const socket = await Bun.connect({ hostname: '127.0.0.1', port, socket: { data() {} } });
    socket.terminate();
    return true;
  } catch {
    return false; // Not listening yet: the caller tries again.
  }
}
