import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const main = join(import.meta.dir, 'main.ts');
let folder = '';
let blocker: Server;
let takenPort = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'earshot-main-'));
  blocker = createServer();
  await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
  const address = blocker.address();
  takenPort = typeof address === 'object' && address !== null ? address.port : 0;
  await writeFile(join(folder, 'not-a-certificate.pem'), 'nothing of the kind\n');
});

afterAll(async () => {
  blocker.close();
  await rm(folder, { recursive: true, force: true });
});

/** Runs the command line until it ends by itself. */
async function run(args: string[], env: Record<string, string> = {}) {
  const child = Bun.spawn([process.execPath, main, ...args], {
    env: { PATH: process.env.PATH ?? '', EARSHOT_DATA_DIR: join(folder, 'data'), EARSHOT_PORT: '0', ...env },
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [out, error, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { out, error, code };
}

describe('what stops the start is said with setting, value and remedy', () => {
  const cases: [name: string, env: Record<string, string>, ...said: string[]][] = [
    ['a wrong value', { EARSHOT_PORT: 'web' }, 'EARSHOT_PORT', 'web'],
    ['an unknown setting', { EARSHOT_PROT: '1' }, 'EARSHOT_PROT', 'EARSHOT_PORT'],
    [
      'a Redis that cannot be reached',
      { EARSHOT_REDIS_URL: 'redis://127.0.0.1:1' },
      'EARSHOT_REDIS_URL',
      'nothing listens',
    ],
    ['a host that is not of this machine', { EARSHOT_HOST: '192.0.2.77' }, 'EARSHOT_HOST', '192.0.2.77'],
    [
      'a certificate that cannot be read',
      { EARSHOT_TLS_CERT: '/nowhere/cert.pem', EARSHOT_TLS_KEY: '/nowhere/key.pem' },
      'EARSHOT_TLS_CERT',
      '/nowhere/cert.pem',
    ],
    ['a certificate without key', { EARSHOT_TLS_CERT: 'cert.pem' }, 'EARSHOT_TLS_KEY'],
    [
      'a database that cannot be reached',
      { EARSHOT_DATABASE_URL: 'postgres://127.0.0.1:1/x' },
      'EARSHOT_DATABASE_URL',
    ],
  ];
  for (const [name, env, ...said] of cases) {
    test(name, async () => {
      const { error, code } = await run([], env);
      expect(code).toBe(1);
      for (const text of said) expect(error).toContain(text);
      expect(error).toStartWith('earshot: ');
      expect(error).not.toContain(' at ');
    });
  }

  test('a port in use', async () => {
    const { error, code } = await run(['--port', String(takenPort)]);
    expect(code).toBe(1);
    expect(error).toContain('EARSHOT_PORT');
    expect(error).toContain(`port ${takenPort} on 127.0.0.1 is in use`);
  });

  test('files that are no certificate and key', async () => {
    const file = join(folder, 'not-a-certificate.pem');
    const { error, code } = await run([], { EARSHOT_TLS_CERT: file, EARSHOT_TLS_KEY: file });
    expect(code).toBe(1);
    expect(error).toContain('EARSHOT_TLS_CERT');
    expect(error).not.toContain(' at ');
  });
});

test('--help names every kind of setting and ends well', async () => {
  const { out, code } = await run(['--help']);
  expect(code).toBe(0);
  for (const name of ['EARSHOT_PORT', '--port', 'EARSHOT_APP_CLIENT_EVENTS', 'EARSHOT_DRAIN_SECONDS']) {
    expect(out).toContain(name);
  }
});

test('--version prints the version', async () => {
  const { version } = JSON.parse(await readFile(join(import.meta.dir, '../package.json'), 'utf8'));
  expect(await run(['--version'])).toEqual({ out: `${version}\n`, error: '', code: 0 });
});

test('login-link prints a link for the server with these settings, each time another', async () => {
  const links = await Promise.all([1, 2].map(() => run(['login-link', '--port', '7001'])));
  for (const { out, error, code } of links) {
    expect({ error, code }).toEqual({ error: '', code: 0 });
    expect(out).toMatch(/^http:\/\/127\.0\.0\.1:7001\/#sign-in=[\w-]{43}\n$/);
  }
  expect(links[0]?.out).not.toBe(links[1]?.out);
});

test('without a terminal the log is JSON and holds no sign-in link', async () => {
  const child = Bun.spawn([process.execPath, main], {
    env: { PATH: process.env.PATH ?? '', EARSHOT_DATA_DIR: join(folder, 'other'), EARSHOT_PORT: '0' },
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const decoder = new TextDecoder();
  let log = '';
  for await (const chunk of child.stderr) {
    log += decoder.decode(chunk);
    if (log.includes('"listening"')) break;
  }
  child.kill('SIGTERM');
  expect(await child.exited).toBe(0);
  expect(JSON.parse(log.split('\n')[0] ?? '')).toMatchObject({ msg: 'listening' });
  expect(log + (await new Response(child.stdout).text())).not.toContain('sign-in');
});
