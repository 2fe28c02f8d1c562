import type { Locator } from 'playwright-core';
import type { Browser, BrowserWindow, WindowOptions } from '../support/browser.ts';
import { type StartOptions, startServer, type TestServer } from '../support/server.ts';
import { open } from './chat-visit.ts';

/** A server with live rooms; bounds are wide enough for tests, which do in a second what people do in a minute. */
export function startLiveServer(
  env: Record<string, string> = {},
  options: Omit<StartOptions, 'env'> = {},
): Promise<TestServer> {
  return startServer({
    ...options,
    env: {
      EARSHOT_APP_NAME: 'Harbour',
      EARSHOT_APP_CHAT: 'true',
      EARSHOT_APP_CHAT_REQUESTS_PER_MINUTE: '0',
      ...env,
    },
  });
}

export interface RoomOptions {
  /** From a letter's arrival until it begins to fade: 1 to 30. */
  seconds?: number;
  noTakeBacks?: boolean;
}

/** Starts a room on the page `/live`, and waits until that asks for a name. */
export async function startRoom(
  window: BrowserWindow,
  server: TestServer,
  { seconds = 30, noTakeBacks = false }: RoomOptions = {},
): Promise<string> {
  const { page } = window;
  await page.goto(`${server.origin}/live`);
  await page.getByRole('slider').fill(String(seconds));
  if (noTakeBacks) await page.getByRole('radio', { name: /No take-backs/ }).check();
  await page.getByRole('button', { name: 'Start a room' }).click();
  await page.getByLabel('Your name').waitFor();
  return page.url();
}

/** Gives a name, and waits until the room is there. */
export async function enter({ page }: BrowserWindow, name: string): Promise<void> {
  await page.getByLabel('Your name').fill(name);
  await page.getByRole('button', { name: 'Enter' }).click();
  await page.locator('.lane-mine').waitFor();
}

/** Somebody in a room of their own, under a name. */
export async function host(
  browser: Browser,
  server: TestServer,
  name: string,
  room: RoomOptions = {},
  options: WindowOptions = {},
): Promise<{ window: BrowserWindow; link: string }> {
  const window = await open(browser, options);
  const link = await startRoom(window, server, room);
  await enter(window, name);
  return { window, link };
}

/** Somebody with the link. */
export async function guest(
  browser: Browser,
  link: string,
  name: string,
  options: WindowOptions = {},
): Promise<BrowserWindow> {
  const window = await open(browser, options);
  await window.page.goto(link);
  await enter(window, name);
  return window;
}

export const lane = ({ page }: BrowserWindow, name: string): Locator =>
  page.getByRole('region', { name: new RegExp(`^${name}, lane`) });

export const field = ({ page }: BrowserWindow): Locator => page.getByRole('textbox', { name: /^Type here/ });

/** Types letter by letter, as hands do. */
export async function type(window: BrowserWindow, text: string): Promise<void> {
  await field(window).pressSequentially(text, { delay: 15 });
}

/** Types letter by letter, without a pause in which the first ones fade or a phrase ends, however busy the machine is. */
export async function typeAtOnce(window: BrowserWindow, text: string): Promise<void> {
  await field(window).focus();
  const keyboard = await window.page.context().newCDPSession(window.page);
  await Promise.all([...text].map((letter) => keyboard.send('Input.insertText', { text: letter })));
  await keyboard.detach();
}

/** What stands in somebody's lane, each letter a string. */
export async function lettersOf(window: BrowserWindow, name: string): Promise<string[]> {
  return lane(window, name).locator('.letters > span').allTextContents();
}

/** Waits until `text` stands in the lane of `name`, and nothing else does. */
export async function sees(window: BrowserWindow, name: string, text: string): Promise<void> {
  await window.page.waitForFunction(
    ([label, wanted]) => {
      const lanes = [...document.querySelectorAll(`section[aria-label^="${label}, lane"]`)];
      return lanes.some((one) => one.querySelector('.letters')?.textContent === wanted);
    },
    [name, text] as const,
    { polling: 30 },
  );
}
