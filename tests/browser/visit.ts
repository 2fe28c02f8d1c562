import type { Browser, BrowserWindow, WindowOptions } from '../support/browser.ts';
import type { TestServer } from '../support/server.ts';

/** A new browser that opens a sign-in link of `server` and waits until the page is connected. */
export async function signIn(
  browser: Browser,
  server: TestServer,
  options?: WindowOptions,
): Promise<BrowserWindow> {
  const window = await browser.open(options);
  await window.page.goto(await server.node.signInLink());
  await window.page.locator('[data-phase=connected]').waitFor();
  return window;
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
