import { afterEach, expect, setDefaultTimeout } from 'bun:test';
import type { Locator, WebSocketRoute } from 'playwright-core';
import { createSite } from '../../examples/embed/server.mjs';
import { Person } from '../chat/support/person.ts';
import { type Browser, type BrowserWindow, startBrowser } from '../support/browser.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { launcher } from './chat-visit.ts';
import { MovableClock } from './movable-clock.ts';

// Several browsers at once are slow on a machine that is busy; a wait that is in vain ends by itself long before.
setDefaultTimeout(240_000);

export const chatSecret = 'a-long-random-text-of-32-characters-or-more';

/** Wide enough for tests, which do in a second what people do in a minute. */
const limits = {
  EARSHOT_APP_CHAT_SIGN_INS_PER_MINUTE: '0',
  EARSHOT_APP_CHAT_REQUESTS_PER_MINUTE: '0',
  EARSHOT_APP_CHAT_MESSAGES_PER_MINUTE: '0',
  EARSHOT_APP_CHAT_ROOM_MESSAGES_PER_MINUTE: '0',
};

/** A chat server, and the example site of another origin with the chat on it. */
export interface Place extends AsyncDisposable {
  readonly server: TestServer;
  /** The site. */
  readonly address: string;
  readonly clock: MovableClock;
}

export interface PlaceOptions {
  env?: Record<string, string>;
  /** More attributes of the script tag, e.g. `{ 'data-room': 'none' }`. */
  attributes?: Record<string, string>;
}

/** Use with `await using`. */
export async function startPlace({ env = {}, attributes = {} }: PlaceOptions = {}): Promise<Place> {
  const clock = new MovableClock();
  const server = await startServer({
    clock,
    env: { EARSHOT_APP_NAME: 'Harbour', EARSHOT_APP_CHAT_SECRET: chatSecret, ...limits, ...env },
  });
  const { id: appId, key: appKey } = server.app;
  const site = await createSite({
    chat: server.origin,
    appId,
    appKey,
    chatSecret,
    worker: false,
    attributes,
  });
  return {
    server,
    address: site.address,
    clock,
    async [Symbol.asyncDispose]() {
      await site.stop();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** One browser for all tests of a file, started with the first; what a test opens is closed after it. */
export function sharedBrowser(): () => Promise<Browser> {
  let browser: Promise<Browser> | null = null;
  afterEach(async () => (await browser)?.closeWindows());
  return () => {
    browser ??= startBrowser();
    return browser;
  };
}

/** Another tab of the same browser: same cookies, same storage. */
export async function anotherTab(window: BrowserWindow, address: string): Promise<BrowserWindow> {
  const page = await window.page.context().newPage();
  await page.goto(address);
  const tab = new (window.constructor as new (page: BrowserWindow['page']) => BrowserWindow)(page);
  await launcher(tab).waitFor();
  return tab;
}

/** The panel of a conversation, by what it is called. */
export const panel = ({ page }: BrowserWindow, title: string): Locator =>
  page.getByRole('region', { name: new RegExp(`^(Conversation with|Room) .*${title}`) });

export const button = ({ page }: BrowserWindow, name: string | RegExp): Locator =>
  page.getByRole('button', { name });

/** A message in a conversation, by its text: the first, where others answer it. */
export const message = ({ page }: BrowserWindow, text: string): Locator =>
  page.getByRole('article').filter({ hasText: text }).first();

/** Uses a tool of a message, by keyboard: the message may still move, as lines come before it. */
export async function useTool(window: BrowserWindow, text: string, tool: string): Promise<void> {
  await message(window, text).focus();
  await message(window, text).getByRole('button', { name: tool }).press('Enter');
}

/** Opens what can be done with a message, and picks one. */
export async function onMessage(window: BrowserWindow, text: string, act: string): Promise<void> {
  await useTool(window, text, 'More');
  await window.page.getByRole('menuitem', { name: act }).click();
}

/** Waits until there is none. */
export async function gone(what: Locator): Promise<void> {
  await what.first().waitFor({ state: 'detached' });
}

/** A look at the page: nothing is wrong for people with assistive technology, and there is a picture for our eyes. */
export async function looksRight(window: BrowserWindow, name: string): Promise<void> {
  expect(await window.accessibilityProblems()).toEqual([]);
  await window.screenshot(`flow-${name}`);
}

/**
 * Writes down every text that an element has had, from now on.
 * @returns gives what was written, in order
 */
export async function watched(element: Locator): Promise<() => Promise<string[]>> {
  const handle = await element.elementHandle();
  if (handle === null) throw new Error('there is nothing to watch');
  const record = await handle.evaluateHandle((node) => {
    const seen = [node.textContent ?? ''];
    new MutationObserver(() => {
      const text = node.textContent ?? '';
      if (text !== seen.at(-1)) seen.push(text);
    }).observe(node, { subtree: true, childList: true, characterData: true });
    return seen;
  });
  return () => record.evaluate((seen) => [...seen]);
}

/** Waits until the channel server has so many connections: until it knows of one that has gone. */
export async function onlineAtServer({ server }: Place, wanted: number): Promise<void> {
  let found = -1;
  for (const until = performance.now() + 60_000; performance.now() < until && found !== wanted; ) {
    const metrics = await (await fetch(`${server.origin}/metrics`)).text();
    found = Number(/^earshot_connections\{transport="websocket"\} (\d+)/m.exec(metrics)?.[1]);
  }
  expect(found).toBe(wanted);
}

/** Somebody who has no browser: a guest who asks the API. */
export function api({ server }: Place, name: string): Promise<Person> {
  const chat = {
    server,
    app: server.app.key,
    fetch: (path: string, init?: RequestInit) => fetch(`${server.origin}/chat/api/v1${path}`, init),
  };
  return Person.guest(chat, name);
}

/** A window whose network can be pulled out: requests fail, and sockets are cut. */
export async function visitByCable(
  browser: Browser,
  address: string,
): Promise<{ window: BrowserWindow; out(): Promise<void>; in(): Promise<void> }> {
  const window = await browser.open();
  const { page } = window;
  const context = page.context();
  let isOut = false;
  const sockets = new Set<WebSocketRoute>();
  await context.routeWebSocket(/\/app\//, (socket) => {
    if (isOut) return void socket.close();
    sockets.add(socket);
    socket.connectToServer();
  });
  await page.goto(address);
  await launcher(window).waitFor();
  return {
    window,
    async out() {
      isOut = true;
      await context.setOffline(true);
      for (const socket of sockets) await socket.close();
      sockets.clear();
    },
    async in() {
      isOut = false;
      await context.setOffline(false);
    },
  };
}
