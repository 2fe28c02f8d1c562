import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { locate } from '../../scripts/tools.ts';
import { type Program, type RunAs, startProgram, startProgramOn } from './program.ts';

/** The folder of PostgreSQL's programs, or undefined where there is none. */
export const postgresPath = locate('postgres');

const run = promisify(execFile);

/** A PostgreSQL of its own; use with `await using`. */
export interface Postgres extends AsyncDisposable {
  readonly program: Program;
  /** The address of a new, empty database. */
  createDatabase(): Promise<string>;
  /** Runs SQL as the owner of everything, on the database of that address. */
  execute(url: string, text: string): Promise<void>;
  /** It ends in the middle of everything, as in a crash, and is started again where it was after so long. */
  crash(awayMs: number): Promise<void>;
}

/**
 * Starts an empty PostgreSQL whose data lasts as long as it does.
 * @param keeps what was committed outlives `crash`, as it does with PostgreSQL's own settings
 */
export async function startPostgres({ keeps = false } = {}): Promise<Postgres> {
  if (postgresPath === undefined) throw new Error('PostgreSQL is missing; see CONTRIBUTING.md');
  const programs = postgresPath;
  const runAs = otherThanRoot();
  const folder = await mkdtemp(join(tmpdir(), 'earshot-postgres-'));
  if (runAs !== undefined) await chown(folder, runAs.uid, runAs.gid);
  const data = join(folder, 'data');
  const initial = ['-D', data, '-U', 'earshot', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
  await run(join(postgresPath, 'initdb'), initial, runAs);
  const command = (port: number) => [
    ...[join(programs, 'postgres'), '-D', data, '-k', folder, '-p', String(port), '-h', '127.0.0.1'],
    ...['-F', '-c', `synchronous_commit=${keeps ? 'on' : 'off'}`],
  ];
  let program = await startProgram(command, runAs);
  const address = `postgres://earshot@127.0.0.1:${program.port}`;
  await isUp(`${address}/postgres`);
  let databases = 0;
  return {
    get program() {
      return program;
    },
    async createDatabase() {
      const name = `test${++databases}`;
      await execute(`${address}/postgres`, `create database ${name}`);
      return `${address}/${name}`;
    },
    execute,
    async crash(awayMs) {
      const ended = new Promise((resolve) => program.process.once('exit', resolve));
      program.process.kill('SIGQUIT');
      await ended;
      await Bun.sleep(awayMs);
      program = await startProgramOn(program.port, command(program.port), runAs);
    },
    async [Symbol.asyncDispose]() {
      program.process.kill('SIGINT'); // without waiting for clients
      await program[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

/** PostgreSQL does not run as root; `postgres` or `nobody` do then. */
function otherThanRoot(): RunAs | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const name of ['postgres', 'nobody']) {
    const [, , uid, gid] = accounts.find((line) => line.startsWith(`${name}:`))?.split(':') ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  return { uid: 65_534, gid: 65_534 };
}

async function execute(url: string, text: string): Promise<void> {
  const sql = new Bun.SQL(url, { max: 1 });
  try {
    await sql.unsafe(text);
  } finally {
    await sql.close({ timeout: 0 });
  }
}

/** It listens a moment before it answers. */
async function isUp(url: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await execute(url, 'select 1');
    } catch (error) {
      if (attempt === 500 || !/starting up/.test(String(error))) throw error;
      await Bun.sleep(20);
    }
  }
}
