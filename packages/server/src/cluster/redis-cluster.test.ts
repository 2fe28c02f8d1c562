import { describe, expect, test } from 'bun:test';
import { createLog, systemClock } from '@earshot/base';
import { type Certificate, makeCertificate } from '../../../../tests/support/certificate.ts';
import { eventually } from '../../../../tests/support/hooks.ts';
import { EarshotProcess } from '../../../../tests/support/process.ts';
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

  for (const [found, says] of [
    ['redis_version:6.0.16\r\nrole:master', 'runs redis 6.0.16; at least 6.2 is needed'],
    ['redis_version:5.0.9\r\nrole:master', 'runs redis 5.0.9; at least 6.2 is needed'],
    ['redis_version:7.2.4\r\nvalkey_version:7.1.0\r\nrole:master', 'runs valkey 7.1.0; at least 7.2'],
    ['role:master', 'runs redis of an unknown version; at least 6.2 is needed'],
  ] as const) {
    test(`another version: ${found.replaceAll('\r\n', ', ')}`, async () => {
      using server = pretender((command) => (command === 'info' ? bulk(found) : '+OK\r\n'));
      expect(await refusal(`redis://127.0.0.1:${server.port}`)).toContain(says);
    });
  }

  test('no Redis at all', async () => {
    using server = pretender(() => 'HTTP/1.1 400 Bad Request\r\n\r\n');
    expect(await refusal(`redis://127.0.0.1:${server.port}`)).toContain('does not answer as a Redis does');
  });

  test('a server that throws away keys when its memory is full', async () => {
    for (const policy of ['allkeys-lru', 'allkeys-random', 'volatile-lru', 'noeviction']) {
      await using redis = await startRedis('--maxmemory', '100mb', '--maxmemory-policy', policy);
      const said = await refusal(redis.url);
      if (policy.startsWith('allkeys')) expect(said).toContain(`(maxmemory-policy ${policy})`);
      else expect(said).toBe('it started');
    }
  });

  test('TLS: a certificate that nobody trusts, none where it is wanted, one where none is', async () => {
    await using certificate = await makeCertificate();
    await using redis = await startTls(certificate);
    expect(await refusal(`rediss://localhost:${redis.tlsPort}`)).toContain(
      'has a certificate that is not trusted here (DEPTH_ZERO_SELF_SIGNED_CERT). Name',
    );
    expect(await refusal(`redis://localhost:${redis.tlsPort}`)).toContain('If it wants TLS write rediss://');
    expect(await refusal(`rediss://localhost:${redis.program.port}`)).toContain(
      'does not answer in TLS. Where it has none write redis://',
    );
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

describe.skipIf(redisPath === undefined)('with the least rights', () => {
  const leastRights =
    'resetkeys ~earshot:* resetchannels &earshot* -@all +@read +@write +@pubsub +@scripting +@connection +info +time';

  /** Two nodes hear each other, and know who is where. */
  async function works(url: string): Promise<void> {
    const problems: string[] = [];
    const onProblem = (stage: string, error: unknown) => problems.push(`${stage}: ${error}`);
    const heard: unknown[] = [];
    await using stack = new AsyncDisposableStack();
    const nodes = await Promise.all(
      [1, 2].map(async () => {
        const cluster = await openRedisCluster([url], systemClock, createLog('silent'));
        stack.defer(() => cluster.close());
        const bus = cluster.connectBus({ received: (_, envelope) => heard.push(envelope), onProblem });
        stack.defer(() => bus.close());
        const roster = cluster.connectRoster({ told() {}, onProblem }, systemClock, 10_000);
        stack.defer(() => roster.close());
        return { cluster, bus, roster };
      }),
    );
    const [one, two] = nodes as [(typeof nodes)[number], (typeof nodes)[number]];
    await two.bus.listen('1/cache-a');
    const event = { kind: 'event', frame: 'x', except: null, cacheMs: 60_000 } as const;
    await one.bus.publish('1/cache-a', event, () => {});
    await eventually(() => heard.length === 1, 'the event');
    expect((await two.cluster.cache.get('1', 'cache-a'))?.frame).toBe('x');
    await one.roster.join('1', 'presence-a', 'u', null, 0);
    await one.roster.reportSubscriptions('1', 'presence-a', 1);
    expect(await two.roster.userIds('1', 'presence-a')).toEqual(['u']);
    expect(await two.roster.channels('1', '')).toEqual([{ name: 'presence-a', subscriptions: 1, users: 1 }]);
    expect(problems).toEqual([]);
  }

  test('a user of its own, for our keys and channels alone', async () => {
    await using redis = await startRedis('--user', 'earshot', 'on', '>secret', ...leastRights.split(' '));
    await works(`redis://earshot:secret@127.0.0.1:${redis.program.port}`);
  });

  test('TLS, with an authority that the process is told to trust', async () => {
    await using certificate = await makeCertificate();
    await using redis = await startTls(certificate);
    await using node = await EarshotProcess.start({
      EARSHOT_REDIS_URL: `rediss://localhost:${redis.tlsPort}`,
      NODE_EXTRA_CA_CERTS: certificate.certFile,
    });
    await node.api.publish('cache-a', 'x', '"kept"');
    const admin = new Connection(redis.url, [], { onReady() {}, onLost() {} });
    await eventually(() => admin.ready, 'the connection');
    expect(await admin.call('KEYS', 'earshot:1:event:*')).toEqual([`earshot:1:event:${node.app.id}/cache-a`]);
    admin.close();
  });
});

/** A Redis that answers in TLS too. */
async function startTls(certificate: Certificate) {
  const tlsPort = await freePort();
  const redis = await startRedis(
    ...['--tls-port', String(tlsPort), '--tls-auth-clients', 'no'],
    ...['--tls-cert-file', certificate.certFile, '--tls-key-file', certificate.keyFile],
    ...['--tls-ca-cert-file', certificate.certFile],
  );
  return { ...redis, tlsPort };
}

/** Says what it is told to say to each command, whatever it is. */
function pretender(answer: (command: string) => string): { port: number } & Disposable {
  const listener = Bun.listen({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      data(socket, bytes) {
        for (const [, command = ''] of bytes.toString().matchAll(/\*\d+\r\n\$\d+\r\n(\w+)/g)) {
          socket.write(answer(command.toLowerCase()));
        }
      },
    },
  });
  return { port: listener.port, [Symbol.dispose]: () => listener.stop(true) };
}

function bulk(text: string): string {
  return `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
}
