import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AppDetail, AppKeyView } from '@earshot/dashboard';
import { startServer, type TestServer, vectorApp } from '../support/server.ts';
import { Browser, eventually, signedIn } from './support/desk.ts';

const main = join(import.meta.dirname, '../../packages/server/src/main.ts');
let folder = '';
let server: TestServer;
let browser: Browser;

// One server for all: each command is a process of its own beside it.
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'earshot-commands-'));
  server = await startServer({ dataDir: folder });
  browser = await signedIn(server);
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

interface Ran {
  readonly out: string;
  readonly error: string;
  readonly code: number;
}

/** Runs a command with the settings of the server. */
async function earshot(args: string[], input = ''): Promise<Ran> {
  const child = Bun.spawn([process.execPath, main, ...args], {
    env: {
      PATH: process.env.PATH ?? '',
      EARSHOT_DATA_DIR: folder,
      EARSHOT_APP_ID: vectorApp.id,
      EARSHOT_APP_KEY: vectorApp.key,
      EARSHOT_APP_SECRET: vectorApp.secret,
    },
    stdin: new TextEncoder().encode(input),
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

/** What a command that has to succeed says to a program. */
async function told<Said>(args: string[], input?: string): Promise<Said> {
  const { out, error, code } = await earshot([...args, '--json'], input);
  expect({ error, code }).toEqual({ error: '', code: 0 });
  return JSON.parse(out) as Said;
}

interface SaidApp {
  readonly id: string;
  readonly name: string;
  readonly keys: readonly { readonly key: string; readonly secret: string }[];
}

describe('apps', () => {
  test('live from their creation to their end beside the running server', async () => {
    const app = await told<SaidApp>(['apps', 'create', 'By command']);
    const [key] = app.keys;
    const publish = async (credentials: { key: string; secret: string }) =>
      (
        await server
          .apiFor({ id: app.id, ...credentials })
          .post('/events', { name: 'x', channel: 'c', data: '{}' })
      ).status;
    const old = { key: key?.key ?? '', secret: key?.secret ?? '' };
    await eventually(async () => expect(await publish(old)).toBe(200));

    const fresh = await told<{ key: string; secret: string; others: string[] }>(['apps', 'rotate', app.id]);
    expect(fresh.others).toEqual([old.key]);
    await eventually(async () => expect(await publish(fresh)).toBe(200));
    expect(await publish(old)).toBe(200);
    await told(['apps', 'revoke', app.id, old.key]);
    await eventually(async () => expect(await publish(old)).toBe(401));
    expect((await browser.get<AppKeyView[]>(`/apps/${app.id}/keys`)).map((one) => one.key)).toEqual([
      fresh.key,
    ]);

    const wire = await server.connect({ key: fresh.key });
    await told(['apps', 'disable', app.id]);
    expect((await wire.closed).code).toBe(4003);
    await told(['apps', 'enable', app.id]);
    await told([
      'apps',
      'set',
      app.id,
      'name=A name = with this',
      'origins=https://a.example,https://b.example',
      'webhookUrl=',
    ]);
    await eventually(async () => {
      const { name, settings } = await browser.get<AppDetail>(`/apps/${app.id}`);
      expect(name).toBe('A name = with this');
      expect(settings.find((one) => one.name === 'origins')?.value).toEqual([
        'https://a.example',
        'https://b.example',
      ]);
    });

    const unconfirmed = await earshot(['apps', 'delete', app.id]);
    expect([unconfirmed.code, unconfirmed.out]).toEqual([1, '']);
    expect(unconfirmed.error).toContain('--confirm "A name = with this"');
    await told(['apps', 'delete', app.id, '--confirm', 'A name = with this']);
    await eventually(async () => expect(await publish(fresh)).toBe(404));
    expect((await told<SaidApp[]>(['apps', 'list'])).map(({ id }) => id)).toEqual(['3']);
  }, 120_000);

  test('are shown to people in columns', async () => {
    const { out, code } = await earshot(['apps', 'show', '3']);
    expect(code).toBe(0);
    expect(out).toContain(`${vectorApp.key}  ${vectorApp.secret}`);
    expect(out).toContain('set by EARSHOT_APP_KEY');
    expect(out).not.toContain(
      (await browser.get<AppDetail>('/apps/3')).settings.find((one) => one.name === 'chatSecret')?.value,
    );
  });

  test('that cannot be changed so are left alone, with the reason', async () => {
    const cases: [args: string[], code: number, said: string][] = [
      [['apps', 'show', '4'], 1, 'There is no app 4'],
      [['apps', 'delete', '3', '--confirm', 'First app'], 1, 'EARSHOT_APP_'],
      [['apps', 'revoke', '3', vectorApp.key], 1, 'EARSHOT_APP_KEY'],
      [['apps', 'set', '3', 'cacheSeconds=0'], 1, 'expected a whole number from 1'],
      [['apps', 'set', '3', 'cacheSecond=1'], 1, 'Did you mean cacheSeconds?'],
      [['apps', 'set', '3', 'nonsense'], 2, 'name=value'],
      [['apps', 'create', ''], 1, '1 to 100 characters'],
      [['apps', 'creat', 'x'], 2, 'Did you mean apps create?'],
      [['apps', 'create'], 2, 'apps create NAME'],
      [['apps', 'list', '--nonsense', 'x'], 1, '--nonsense'],
      [['app', 'list'], 2, 'Did you mean apps?'],
    ];
    for (const [args, code, said] of cases) {
      const ran = await earshot(args);
      expect([args, ran.code, ran.out]).toEqual([args, code, '']);
      expect(ran.error).toContain(said);
      expect(ran.error).not.toContain('    at ');
    }
  }, 120_000);
});

describe('operators', () => {
  test('are let in, given another password and sent away', async () => {
    const [first, second] = ['a long enough password', 'another long password'];
    await told(['operators', 'create', 'Ada'], `${first}\n`);
    const ada = new Browser(server);
    expect((await ada.signIn('Ada', first)).status).toBe(204);
    await told(['operators', 'password', 'ada'], second);
    expect((await ada.ask('GET', '/apps')).error?.code).toBe('signed_out');
    expect((await ada.signIn('Ada', second)).status).toBe(204);
    const made = await told<{ name: string; password: string }>(['operators', 'create', 'Bob', '--generate']);
    expect((await new Browser(server).signIn('Bob', made.password)).status).toBe(204);
    expect((await told<{ name: string }[]>(['operators', 'list'])).map(({ name }) => name)).toEqual([
      'Ada',
      'Bob',
    ]);
    await told(['operators', 'delete', 'Ada']);
    expect((await ada.ask('GET', '/apps')).error?.code).toBe('signed_out');
    for (const [args, input, said] of [
      [['operators', 'create', 'bob'], first, 'Choose another name'],
      [['operators', 'create', 'Eve'], 'short', '10 to 200 characters'],
      [['operators', 'delete', 'Eve'], '', 'There is no operator'],
    ] as const) {
      const ran = await earshot([...args], input);
      expect([args, ran.code]).toEqual([args, 1]);
      expect(ran.error).toContain(said);
    }
  }, 120_000);
});

test('a sign-in link of the command signs in at the running server', async () => {
  const { link } = await told<{ link: string }>(['login-link']);
  const token = link.split('#sign-in=')[1];
  expect((await new Browser(server).ask('POST', '/session', { body: { token } })).status).toBe(204);
});

test('each command says what it does', async () => {
  for (const args of [
    ['apps'],
    ['apps', '--help'],
    ['operators', 'create', '--help'],
    ['login-link', '--help'],
  ]) {
    const { out, code } = await earshot(args);
    expect([args, code]).toEqual([args, 0]);
    expect(out).toContain(`earshot ${args[0]}`);
  }
  expect((await earshot(['--help'])).out).toContain('operators list, create, password, delete');
});
