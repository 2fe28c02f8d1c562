import { describe, expect, test } from 'bun:test';
import { createLog, systemClock } from '@earshot/base';
import { eventually } from '../../../../tests/support/hooks.ts';
import { freePort } from '../../../../tests/support/program.ts';
import { redisPath, startRedis } from '../../../../tests/support/redis.ts';
import { Connection } from './redis/connection.ts';
import { openRedisCluster } from './redis-cluster.ts';

async function refusal(...urls: string[]): Promise<string> {
  try {
    const cluster = await openRedisCluster(urls, systemClock, createLog('silent'));
    await cluster.close();
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
  return 'it started';
}

describe.skipIf(redisPath === undefined)('what is wrong with a broker is said at the start', () => {
  test('nothing listens there', async () => {
    const port = await freePort();
    const said = await refusal(`redis://127.0.0.1:${port}`);
    expect(said).toStartWith(
      `StartError: EARSHOT_REDIS_URL: 127.0.0.1:${port}/0 does not answer: nothing listens`,
    );
  });

  test('no password, a wrong one, the right one', async () => {
    await using redis = await startRedis('--requirepass', 'right');
    const { port } = redis.program;
    expect(await refusal(`redis://127.0.0.1:${port}`)).toContain('wants a password and the URL has none');
    const said = await refusal(`redis://:wrong@127.0.0.1:${port}`);
    expect(said).toContain('refuses the password');
    expect(said).not.toContain('wrong@');
    expect(await refusal(`redis://:right@127.0.0.1:${port}`)).toBe('it started');
  });

  test('a read-only replica', async () => {
    await using redis = await startRedis();
    await using replica = await startRedis('--replicaof', `127.0.0.1 ${redis.program.port}`);
    expect(await refusal(replica.url)).toContain(
      `is a read-only replica of 127.0.0.1:${redis.program.port}. Name the server that takes writes.`,
    );
  });

  test('the same server twice, also as two of its databases', async () => {
    await using redis = await startRedis();
    expect(await refusal(redis.url, redis.url)).toContain('are the same server');
    expect(await refusal(`${redis.url}/1`, `${redis.url}/2`)).toContain('are the same server');
  });

  test('a database that it does not have', async () => {
    await using redis = await startRedis('--databases', '2');
    expect(await refusal(`${redis.url}/7`)).toContain('has no database of that number');
  });

  test('a server in cluster mode', async () => {
    await using redis = await startRedis('--cluster-enabled', 'yes');
    expect(await refusal(redis.url)).toContain('runs in cluster mode');
  });

  test('a user who may not run scripts', async () => {
    await using redis = await startRedis();
    const admin = new Connection(redis.url, [], { onReady() {}, onLost() {} });
    await eventually(() => admin.ready, 'the connection');
    const rights = ['on', '>secret', '~*', '&*', '+@all', '-@scripting'];
    await admin.call('ACL', 'SETUSER', 'limited', ...rights);
    admin.close();
    const said = await refusal(`redis://limited:secret@127.0.0.1:${redis.program.port}`);
    expect(said).toContain('Allow the user EVAL');
    expect(said).not.toContain('secret');
  });

  test('nodes that were given other brokers', async () => {
    await using one = await startRedis();
    await using two = await startRedis();
    const cluster = await openRedisCluster([one.url], systemClock, createLog('silent'));
    const receiver = { told() {}, onProblem() {} };
    const roster = cluster.connectRoster(receiver, systemClock, 10_000);
    await roster.signIn('1', 'u');
    const said = await refusal(one.url, two.url);
    expect(said).toContain('Give all nodes the same; to change it, stop all of them first.');
    expect(await refusal(one.url)).toBe('it started');
    await roster.close();
    await cluster.close();
    expect(await refusal(one.url, two.url)).toBe('it started');
  });
});
