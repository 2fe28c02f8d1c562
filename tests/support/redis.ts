import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { locate } from '../../scripts/tools.ts';
import { type Program, startProgram } from './program.ts';

/** Redis' (or Valkey's) path, or undefined where there is none. */
export const redisPath = locate('redis');

/** Numbered databases of a test's Redis: each test can have one that no other has. */
export const redisDatabases = 4096;

export type Redis = { url: string; program: Program } & AsyncDisposable;

/** An empty Redis that keeps nothing on disk. Use with `await using`. @param more further arguments */
export async function startRedis(...more: string[]): Promise<Redis> {
  const folder = await mkdtemp(join(tmpdir(), 'earshot-redis-'));
  const program = await startProgram((port) => [
    ...[redisPath ?? 'redis-server', '--port', String(port), '--bind', '127.0.0.1', '--dir', folder],
    ...['--save', '', '--appendonly', 'no', '--databases', String(redisDatabases), ...more],
  ]);
  return {
    url: `redis://127.0.0.1:${program.port}`,
    program,
    async [Symbol.asyncDispose]() {
      await program[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}
