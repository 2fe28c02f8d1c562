import { describe, expect, test } from 'bun:test';
import { startProgram } from './program.ts';
import { redisPath, startRedis } from './redis.ts';

const listen = (port: number) => `require('net').createServer().listen(${port}, '127.0.0.1')`;

test('a program is ready when it listens, and has ended when it is disposed of', async () => {
  const program = await startProgram((port) => ['node', '-e', listen(port)]);
  expect(program.process.exitCode).toBeNull();
  await program[Symbol.asyncDispose]();
  expect(program.process.signalCode).toBe('SIGTERM');
});

test('one that ends at once, or is not there, is refused with what it said', async () => {
  await expect(
    startProgram(() => ['node', '-e', `console.error('no licence'); process.exit(3)`]),
  ).rejects.toThrow(/status 3\nno licence/);
  await expect(startProgram(() => ['/no/such/program'])).rejects.toThrow('ENOENT');
});

test('a port that somebody else took meanwhile is given up for another', async () => {
  const ports: number[] = [];
  await using program = await startProgram((port) => {
    ports.push(port);
    return ['node', '-e', ports.length === 1 ? `throw new Error('address in use')` : listen(port)];
  });
  expect(program.port).toBe(ports[1] ?? 0);
});

describe.skipIf(redisPath === undefined)('Redis', () => {
  test('it starts empty and answers', async () => {
    await using redis = await startRedis();
    const { promise, resolve } = Promise.withResolvers<string>();
    const socket = await Bun.connect({
      hostname: '127.0.0.1',
      port: redis.program.port,
      socket: { data: (_, bytes) => resolve(bytes.toString()) },
    });
    socket.write('DBSIZE\r\n');
    expect(await promise).toBe(':0\r\n');
    socket.end();
  });
});
