import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer, type TestServer, vectorApp } from '../tests/support/server.ts';

const root = join(import.meta.dirname, '..');
/** Nothing of the project is in it. */
const folder = mkdtempSync(join(tmpdir(), 'earshot-compiled-'));
const system = process.arch === 'arm64' ? 'linux-arm64' : 'linux-x64';
/** What the executable has told by webhook. */
const told: string[] = [];
const receiver = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  async fetch(request) {
    told.push(await request.text());
    return new Response();
  },
});
let program: Bun.Subprocess<'ignore', 'ignore', 'pipe'>;
let url = '';
let sources: TestServer;

beforeAll(async () => {
  const compiled = Bun.spawnSync([process.execPath, 'scripts/compile.ts', '--into', folder, system], {
    cwd: root,
  });
  expect(compiled.stderr.toString()).toBe('');
  program = Bun.spawn([join(folder, `earshot-${system}`)], {
    cwd: folder,
    env: {
      EARSHOT_PORT: '0',
      EARSHOT_APP_KEY: vectorApp.key,
      EARSHOT_APP_WEBHOOK_URL: receiver.url.href,
      EARSHOT_WEBHOOK_PRIVATE_ADDRESSES: 'true',
    },
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'pipe',
  });
  let log = '';
  for await (const chunk of program.stderr.pipeThrough(new TextDecoderStream())) {
    log += chunk;
    url = /"url":"([^"]+)"/.exec(log)?.[1] ?? '';
    if (url !== '') break;
  }
  sources = await startServer();
});

afterAll(async () => {
  program.kill('SIGKILL');
  await program.exited;
  await receiver.stop(true);
  await sources[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

test('an executable alone in a folder serves the same pages as the sources', async () => {
  for (const path of ['/', '/widget.js', '/chat', '/live', '/dashboard', '/client/pusher.min.js']) {
    const [compiled, fromSources] = await Promise.all([fetch(url + path), fetch(sources.origin + path)]);
    expect([path, compiled.status]).toEqual([path, 200]);
    expect(await compiled.text()).toBe(await fromSources.text());
  }
});

test('it writes its journal, in a thread of its own, and tells by webhook', async () => {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/app/${vectorApp.key}?protocol=7`);
  socket.onmessage = ({ data }) => {
    if (!String(data).includes('connection_established')) return;
    socket.send('{"event":"pusher:subscribe","data":{"channel":"news"}}');
  };
  for (let tries = 0; told.length === 0 && tries < 2_000; tries++) await Bun.sleep(20);
  socket.close();
  expect(told.join('\n')).toContain('"events":[{"name":"channel_occupied","channel":"news"}]');
});

test('its chat has its sign-in window, and its version', async () => {
  const api = await fetch(`${url}/chat/api/v1/openapi.json`);
  expect(api.status).toBe(200);
  const version = Bun.spawnSync([join(folder, `earshot-${system}`), '--version'], { cwd: folder });
  expect(version.stdout.toString()).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test('a system that there is none of is refused by name', () => {
  const refused = Bun.spawnSync([process.execPath, 'scripts/compile.ts', 'amiga'], { cwd: root });
  expect(refused.exitCode).toBe(2);
  expect(refused.stderr.toString()).toContain('there is no system amiga; the systems are: linux-x64,');
});
