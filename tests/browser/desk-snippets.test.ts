import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Browser, type BrowserWindow, chromiumPath, startBrowser } from '../support/browser.ts';
import { startServer, type TestServer, temporaryFolder } from '../support/server.ts';
import { openDesk } from './desk-open.ts';
import { copiedBy, subscribed } from './visit.ts';

const root = join(import.meta.dirname, '..', '..');

/** What the copy button of each file of a snippet puts on the clipboard. */
async function copied(window: BrowserWindow, library: string): Promise<string[]> {
  const { page } = window;
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByRole('tab', { name: library }).click();
  await page.getByRole('tab', { name: library, selected: true }).waitFor();
  const texts: string[] = [];
  for (const button of await page.locator('.snippet-files .copy').all()) {
    texts.push(await copiedBy(window, button));
  }
  return texts;
}

/** Runs a program to its end. @throws Error when it fails, with what it said */
async function run(command: string[], cwd?: string): Promise<string> {
  const child = Bun.spawn(command, { stdout: 'pipe', stderr: 'pipe', ...(cwd !== undefined && { cwd }) });
  const [out, said, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code !== 0) throw new Error(`${command[0]} ended with ${code}: ${said}`);
  return out;
}

/** A page of another origin that shows the snippet, in a new browser. */
async function onPage(browser: Browser, html: string, script: string | null): Promise<BrowserWindow> {
  const site = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: (request) =>
      new URL(request.url).pathname === '/script.js'
        ? new Response(script, { headers: { 'Content-Type': 'text/javascript' } })
        : new Response(html, { headers: { 'Content-Type': 'text/html' } }),
  });
  const window = await browser.open();
  await window.page.goto(site.url.href);
  window.page.on('close', () => void site.stop(true));
  return window;
}

describe.skipIf(chromiumPath === undefined)('the snippets of the desk, as they are copied', () => {
  let browser: Browser;
  let server: TestServer;
  let desk: BrowserWindow;
  beforeAll(async () => {
    browser = await startBrowser();
    server = await startServer();
    desk = await openDesk(browser, server, 'keys');
  });
  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  async function heardOn(window: BrowserWindow, message: string): Promise<void> {
    const heard = window.page.waitForEvent('console', (line) => line.text() === message);
    await subscribed(window, 'my-channel');
    await server.api.publish('my-channel', 'my-event', JSON.stringify({ message }));
    await heard;
    await window.close();
  }

  test('pusher-js subscribes', async () => {
    const [html = ''] = await copied(desk, 'pusher-js');
    expect(html).not.toContain(server.app.secret);
    await heardOn(await onPage(browser, html, null), 'to pusher-js');
  });

  test('Laravel Echo subscribes; its .env is what Laravel reads', async () => {
    const [env = '', script = ''] = await copied(desk, 'Laravel Echo');
    expect(env.split('\n')).toEqual([
      'BROADCAST_CONNECTION=pusher',
      `PUSHER_APP_ID=${server.app.id}`,
      `PUSHER_APP_KEY=${server.app.key}`,
      `PUSHER_APP_SECRET=${server.app.secret}`,
      'PUSHER_HOST=127.0.0.1',
      `PUSHER_PORT=${server.port}`,
      'PUSHER_SCHEME=http',
      'PUSHER_APP_CLUSTER=earshot',
    ]);
    await using folder = await temporaryFolder();
    await symlink(join(root, 'node_modules'), join(folder.path, 'node_modules'));
    const file = join(folder.path, 'echo.js');
    await writeFile(file, script);
    const built = await Bun.build({ entrypoints: [file], target: 'browser' });
    const code = await built.outputs[0]?.text();
    const html = '<!doctype html><script type="module" src="/script.js"></script>';
    const window = await onPage(browser, html, code ?? null);
    await window.page.waitForFunction('window.Echo !== undefined && Pusher.instances.length > 0');
    await heardOn(window, 'to Echo');
  });

  test('Node publishes, and curl does', async () => {
    const client = await server.connect();
    await server.join(client, 'my-channel');
    const [node = ''] = await copied(desk, 'Node');
    await using folder = await temporaryFolder();
    await symlink(join(root, 'node_modules'), join(folder.path, 'node_modules'));
    await writeFile(join(folder.path, 'publish.mjs'), node);
    await run([process.execPath, 'publish.mjs'], folder.path);
    expect(await client.next('my-event')).toMatchObject({ data: '{"message":"Hello from Node"}' });

    const [shell = ''] = await copied(desk, 'curl');
    expect(await run(['sh', '-c', shell])).toBe('{}');
    expect(await client.next('my-event')).toMatchObject({ data: '{"message":"Hello from curl"}' });
  });

  test('the others name this server by the options that each library has', async () => {
    const { key, secret, id } = server.app;
    const { port } = server;
    const expected: Record<string, readonly string[]> = {
      PHP: [
        `new Pusher\\Pusher('${key}', '${secret}', '${id}', [`,
        `'host' => '127.0.0.1',`,
        `'port' => ${port},`,
        `'scheme' => 'http',`,
      ],
      Ruby: [
        `app_id: '${id}',`,
        `key: '${key}',`,
        `secret: '${secret}',`,
        `host: '127.0.0.1',`,
        `port: ${port},`,
        `scheme: 'http'`,
      ],
      Python: [
        `app_id='${id}',`,
        `key='${key}',`,
        `secret='${secret}',`,
        `host='127.0.0.1',`,
        `port=${port},`,
        'ssl=False,',
      ],
      Go: [
        `AppID:  "${id}",`,
        `Key:    "${key}",`,
        `Secret: "${secret}",`,
        `Host:   "127.0.0.1:${port}",`,
        'Secure: false,',
      ],
    };
    for (const [library, options] of Object.entries(expected)) {
      const [code = ''] = await copied(desk, library);
      const lines = code.split('\n').map((line) => line.trim());
      for (const option of options) {
        expect([library, option, lines.some((line) => line.endsWith(option))]).toEqual([
          library,
          option,
          true,
        ]);
      }
    }
  });
});
