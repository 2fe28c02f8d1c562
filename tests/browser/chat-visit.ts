import { createSite } from '../../examples/embed/server.mjs';
import type { Browser, BrowserWindow, WindowOptions } from '../support/browser.ts';
import { type StartOptions, startServer, type TestServer } from '../support/server.ts';

const chatSecret = 'a-long-random-text-of-32-characters-or-more';

/** A server whose app has a chat, and a site of another origin that embeds it. */
export async function startChatServer(env: Record<string, string> = {}): Promise<TestServer> {
  const settings: StartOptions['env'] = {
    EARSHOT_APP_NAME: 'Harbour',
    EARSHOT_APP_CHAT: 'true',
    EARSHOT_APP_CHAT_SECRET: chatSecret,
    ...env,
  };
  return startServer({ env: settings });
}

export interface SiteOptions {
  /** The site has a service worker. */
  worker?: boolean;
  /** More attributes of the script tag. */
  attributes?: Record<string, string>;
}

export async function startSite(
  server: TestServer,
  { worker = false, attributes = {} }: SiteOptions = {},
): Promise<{ address: string } & AsyncDisposable> {
  const { id: appId, key: appKey } = server.app;
  const { address, stop } = await createSite({
    chat: server.origin,
    appId,
    appKey,
    chatSecret,
    worker,
    attributes,
  });
  return { address, [Symbol.asyncDispose]: stop };
}

/** A site of the test's own: files by path, under one policy unless a file has its own. */
export function startPages(
  files: Record<string, string | { text: string; policy: string }>,
  policy = "default-src 'none'",
): { address: string } & AsyncDisposable {
  const site = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch(request) {
      const { pathname } = new URL(request.url);
      const file = files[pathname];
      if (file === undefined) return new Response(null, { status: 204 });
      const { text, policy: own } = typeof file === 'string' ? { text: file, policy } : file;
      const type = pathname.endsWith('.js') ? 'text/javascript' : 'text/html; charset=utf-8';
      return new Response(text, { headers: { 'Content-Type': type, 'Content-Security-Policy': own } });
    },
  });
  return { address: `http://127.0.0.1:${site.port}`, [Symbol.asyncDispose]: () => site.stop(true) };
}

/** A browser of its own, on the site as Ada, Ben or (null) nobody that the site knows. */
export async function visit(
  browser: Browser,
  address: string,
  as: 'ada' | 'ben' | null,
  options: WindowOptions = {},
): Promise<BrowserWindow> {
  const window = await open(browser, options);
  await window.page.goto(as === null ? address : `${address}/sign-in?as=${as}`);
  await launcher(window).waitFor();
  return window;
}

/** A window that shows nothing yet. */
export function open(browser: Browser, options: WindowOptions = {}): Promise<BrowserWindow> {
  return browser.open(options);
}

export const launcher = ({ page }: BrowserWindow) => page.locator('[data-earshot] .launch');

/** The field of the conversation with, or the room called, `title`. */
export const composer = ({ page }: BrowserWindow, title: string) =>
  page.getByRole('textbox', { name: new RegExp(`^Message to .*${title}`) });

export const log = ({ page }: BrowserWindow, title: string) =>
  page.getByRole('log', { name: new RegExp(`^Messages in .*${title}`) });

/** Opens the widget and waits for the room that it opens with, and until it is heard who comes, types and leaves there. */
export async function openRoom(window: BrowserWindow, title = 'Harbour'): Promise<void> {
  await launcher(window).click();
  await composer(window, title).waitFor();
  await window.page
    .getByRole('button', { name: /^Who’s online, [1-9]/ })
    .first()
    .waitFor();
}

/** Enters as a guest under a name. */
export async function enterAsGuest({ page }: BrowserWindow, name: string): Promise<void> {
  await page.getByLabel('Your name').fill(name);
  await page.getByRole('button', { name: 'Join as a guest' }).click();
}

export async function write(window: BrowserWindow, text: string, title = 'Harbour'): Promise<void> {
  await composer(window, title).fill(text);
  await composer(window, title).press('Enter');
}

/** Waits until `text` is in the conversation. */
export async function reads(window: BrowserWindow, text: string, title = 'Harbour'): Promise<void> {
  await log(window, title).getByText(text, { exact: true }).waitFor();
}

/** Requests to `server` so far, as paths. */
export function askedOf(window: BrowserWindow, server: TestServer): string[] {
  const { host } = new URL(server.origin);
  return window.requested
    .map((url) => new URL(url))
    .filter((url) => url.host === host)
    .map(({ pathname }) => pathname);
}

/** Waits in the page until an expression is what is wanted; says what it was instead. Works under any policy. */
export async function becomes(window: BrowserWindow, expression: string, wanted: unknown): Promise<void> {
  const found = await window.evaluate<unknown>(
    `new Promise((done) => {
       const from = performance.now();
       const look = async () => {
         const value = await (${expression});
         const same = JSON.stringify(value) === ${JSON.stringify(JSON.stringify(wanted))};
         if (same || performance.now() - from > 60_000) done(value); else setTimeout(look, 30);
       };
       look();
     })`,
  );
  if (JSON.stringify(found) !== JSON.stringify(wanted)) {
    throw new Error(`${expression} is ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`);
  }
}
