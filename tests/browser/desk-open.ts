import { expect } from 'bun:test';
import type { Browser, BrowserWindow, WindowOptions } from '../support/browser.ts';
import type { TestServer } from '../support/server.ts';
import { faults } from './visit.ts';

/** A new browser that is signed in to the dashboard of `server` by a link, at a page of its app: `console?kind=sent`. */
export async function openDesk(
  browser: Browser,
  server: TestServer,
  page: string,
  options?: WindowOptions,
): Promise<BrowserWindow> {
  const window = await browser.open(options);
  const { hash } = new URL(await server.node.signInLink());
  await window.page.goto(`${server.origin}/dashboard/apps/${server.app.id}/${page}${hash}`);
  await window.page.getByRole('navigation', { name: 'Pages of this app' }).waitFor();
  return window;
}

/** Right for assistive technology, without an error, within the policy, and nothing asked of anybody else. */
export async function expectSound(window: BrowserWindow, server: TestServer): Promise<void> {
  expect(await window.accessibilityProblems()).toEqual([]);
  expect(faults(window)).toEqual([]);
  expect(window.requestedElsewhere(server.origin)).toEqual([]);
}
