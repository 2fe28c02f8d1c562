import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { deskStates } from '../../packages/dashboard/gallery/desk-states.ts';
import { type Gallery, serveGallery } from '../../packages/dashboard/gallery/serve.ts';
import { looks, show } from '../../packages/dashboard/gallery/shoot.ts';
import { states } from '../../packages/dashboard/gallery/states.ts';
import { type Browser, type BrowserWindow, chromiumPath, startBrowser } from '../support/browser.ts';
import { faults } from './visit.ts';

/** The ways of looking in which every state is judged; those that differ most are judged in all of them. */
const everyLook = ['light', 'small'];
const someStates = ['sign-in', 'apps', 'overview', 'keys', 'settings-changed', 'operators-new'];

describe.skipIf(chromiumPath === undefined)(
  'every state of the desk’s shell and of an app’s own pages',
  () => {
    let browser: Browser;
    let gallery: Gallery;
    beforeAll(async () => {
      [browser, gallery] = await Promise.all([startBrowser(), serveGallery()]);
    });
    afterEach(() => browser.closeWindows());
    afterAll(async () => {
      await browser[Symbol.asyncDispose]();
      await gallery[Symbol.asyncDispose]();
    });

    for (const state of Object.keys(states).filter((name) => !(name in deskStates))) {
      const seen = Object.keys(looks).filter(
        (look) => everyLook.includes(look) || someStates.includes(state),
      );
      test(`${state}: right for everybody, within the strictest policy, on any screen`, async () => {
        for (const look of seen) {
          const window = await show(browser, gallery, state, look);
          expect([look, await window.accessibilityProblems()]).toEqual([look, []]);
          expect([look, faults(window)]).toEqual([look, []]);
          expect([look, window.requestedElsewhere(gallery.origin)]).toEqual([look, []]);
          expect([look, await overflow(window)]).toEqual([look, 0]);
          if (look === 'small') expect([look, await smallTargets(window)]).toEqual([look, []]);
          await window.close();
        }
      }, 180_000);
    }

    test('nothing moves for those who asked for that', async () => {
      const window = await browser.open({ reducedMotion: 'reduce' });
      await window.page.goto(`${gallery.origin}/g/overview/dashboard/apps/3/overview`);
      await window.page.locator('.plot canvas').first().waitFor();
      expect(await window.moving()).toEqual([]);
    });
  },
);

/** By how much the page is wider than the window. */
function overflow(window: BrowserWindow): Promise<number> {
  return window.evaluate(
    'Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth)',
  );
}

/** Controls that a finger would miss: lower than 24 px. What stands in a line of text, and what is not seen, does not count. */
function smallTargets(window: BrowserWindow): Promise<string[]> {
  return window.evaluate(`[...document.querySelectorAll('button, input, select, textarea, nav a')]
    .filter((one) => one.checkVisibility() && !one.closest('.visually-hidden') && !one.matches('.visually-hidden'))
    .map((one) => [one, one.getBoundingClientRect()])
    .filter(([, { width, height }]) => width > 0 && (height < 24 || width < 24))
    .map(([one, { width, height }]) => one.className + ' ' + Math.round(width) + '×' + Math.round(height))`);
}
