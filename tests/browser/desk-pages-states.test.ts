import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { deskStates } from '../../packages/dashboard/gallery/desk-states.ts';
import { type Gallery, serveGallery } from '../../packages/dashboard/gallery/serve.ts';
import { looks, show } from '../../packages/dashboard/gallery/shoot.ts';
import { type Browser, chromiumPath, startBrowser } from '../support/browser.ts';
import { faults } from './visit.ts';

/** The ways of looking in which every state is judged; some are judged in all of them. */
const everyLook = ['light', 'small'];
const someStates = [
  'console-open',
  'events-broken',
  'channel',
  'connection',
  'webhooks',
  'webhooks-attempts',
];

describe.skipIf(chromiumPath === undefined)(
  'every state of console, event creator, inspector and webhooks',
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

    for (const state of Object.keys(deskStates)) {
      const seen = Object.keys(looks).filter(
        (look) => everyLook.includes(look) || someStates.includes(state),
      );
      test(`${state}: right for everybody, within the strictest policy, on any screen`, async () => {
        for (const look of seen) {
          const window = await show(browser, gallery, state, look);
          expect([look, await window.accessibilityProblems()]).toEqual([look, []]);
          expect([look, faults(window)]).toEqual([look, []]);
          expect([look, window.requestedElsewhere(gallery.origin)]).toEqual([look, []]);
          // Nothing makes the page wider than the window.
          const wider = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
          expect([look, await window.evaluate<number>(wider)]).toEqual([look, 0]);
          await window.close();
        }
      }, 180_000);
    }

    test('nothing moves for those who asked for that', async () => {
      const window = await browser.open({ reducedMotion: 'reduce' });
      await window.page.goto(`${gallery.origin}/g/events/dashboard/apps/3/events?channel=orders`);
      await window.page.getByLabel('Event', { exact: true }).fill('order-changed');
      await window.page.getByRole('button', { name: 'Send event' }).click();
      await window.page.getByText('Accepted at').waitFor();
      expect(await window.moving()).toEqual([]);
    });
  },
);
