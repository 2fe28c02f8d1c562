import { tryChannel } from '@earshot/home';
import type { Locator } from 'playwright-core';
import type { Browser, BrowserWindow, WindowOptions } from '../support/browser.ts';
import { eventually } from '../support/hooks.ts';
import type { TestServer } from '../support/server.ts';

/** A new browser that opens a sign-in link of `server` and waits until the page hears what is published. */
export async function signIn(
  browser: Browser,
  server: TestServer,
  options?: WindowOptions,
): Promise<BrowserWindow> {
  const window = await browser.open(options);
  await window.page.goto(await server.node.signInLink());
  await window.page.locator('[data-phase=connected]').waitFor();
  await subscribed(window, tryChannel);
  return window;
}

/** Waits until the page's first client is subscribed to `channel`. */
export async function subscribed(window: BrowserWindow, channel: string): Promise<void> {
  await window.evaluate(
    `new Promise((resolve) => {
       const channel = Pusher.instances[0].channel(${JSON.stringify(channel)});
       if (channel.subscribed) resolve();
       else channel.bind('pusher:subscription_succeeded', () => resolve());
     })`,
  );
}

/** Waits until everything has settled that moves for a moment only. */
export async function still(window: BrowserWindow): Promise<void> {
  await window.atRest();
}

/** What a button puts on the clipboard, which it does a moment after it was pressed. The page may read the clipboard. */
export async function copiedBy({ page }: BrowserWindow, button: Locator): Promise<string> {
  await page.evaluate(() => navigator.clipboard.writeText(''));
  await button.click();
  let text = '';
  await eventually(async () => {
    text = await page.evaluate(() => navigator.clipboard.readText());
    return text !== '';
  }, 'something is copied');
  return text;
}

/** Waits until the page is shut or open. */
export async function settled(window: BrowserWindow, state: 'shut' | 'open'): Promise<void> {
  await window.page.locator(`html[data-state=${state}]`).waitFor();
}

/** Says `text` to the other windows. */
export async function say(window: BrowserWindow, text: string): Promise<void> {
  const box = window.page.getByRole('textbox', { name: 'Say something' });
  await box.fill(text);
  await window.page.getByRole('button', { name: 'Send', disabled: false }).waitFor();
  await box.press('Enter');
}

/** Waits until what is said and published holds `text`. */
export async function hear(window: BrowserWindow, text: string): Promise<void> {
  await window.page.getByRole('log').getByText(text, { exact: true }).waitFor();
}

/** The errors of a page that are faults: an answer that refuses is what some tests are about. */
export function faults(window: BrowserWindow): string[] {
  return window.errors.filter((error) => !error.startsWith('Failed to load resource: the server responded'));
}
