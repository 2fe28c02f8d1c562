import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { type Gallery, serveGallery } from '../../packages/widget/gallery/serve.ts';
import { looks, show } from '../../packages/widget/gallery/shoot.ts';
import { states } from '../../packages/widget/gallery/states.ts';
import { type Browser, type BrowserWindow, chromiumPath, startBrowser } from '../support/browser.ts';

/** Ways of looking in which every state is judged; the others see those that differ most. */
const everyLook = ['light', 'small'];
const someStates = ['docked', 'conversation-sending', 'settings', 'page'];

describe.skipIf(chromiumPath === undefined)('every state of the widget', () => {
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

  for (const state of Object.keys(states)) {
    const seen = Object.keys(looks).filter((look) => everyLook.includes(look) || someStates.includes(state));
    test(`${state}: right for everybody, within the strictest policy, on any screen`, async () => {
      for (const look of seen) {
        const window = await show(browser, gallery, state, look);
        expect([look, await window.accessibilityProblems()]).toEqual([look, []]);
        expect([look, window.errors]).toEqual([look, []]);
        expect([look, window.requestedElsewhere(gallery.origin)]).toEqual([look, []]);
        expect([look, await overflowing(window)]).toEqual([look, []]);
        if (look === 'small') expect([look, await smallTargets(window)]).toEqual([look, []]);
        await window.close();
      }
    }, 180_000);
  }

  test('a brand colour of any kind is read', async () => {
    for (const accent of ['#ffcc00', '#111111', 'rebeccapurple', 'oklch(0.7 0.2 150)']) {
      const window = await browser.open();
      await window.page.goto(`${gallery.origin}/?state=docked&accent=${encodeURIComponent(accent)}`);
      await window.page.locator('html[data-ready]').waitFor();
      await window.page.locator('.bubble').first().waitFor();
      expect([accent, await window.accessibilityProblems()]).toEqual([accent, []]);
      await window.close();
    }
  });

  test('nothing moves for those who asked for that', async () => {
    const window = await browser.open({ reducedMotion: 'reduce' });
    await window.page.goto(`${gallery.origin}/?state=home-invitations`);
    await window.page.locator('.invitation').first().waitFor();
    expect(await window.moving()).toEqual([]);
  });

  test('a page whose root element is 10 px high does not shrink it, and larger text of the reader is larger', async () => {
    const window = await browser.open();
    await window.page.goto(`${gallery.origin}/?state=conversation`);
    await window.page.locator('.bubble').first().waitFor();
    const size = (root: string) =>
      window.evaluate<number>(`(document.documentElement.style.fontSize = '${root}',
        Number.parseFloat(getComputedStyle(gallery.root.querySelector('.bubble')).fontSize))`);
    expect(await size('62.5%')).toBe(14);
    expect(await size('200%')).toBe(28);
  });
});

/** What is wider than the panel that it is in, or than the window. */
function overflowing(window: BrowserWindow): Promise<string[]> {
  return window.evaluate(`[...gallery.root.querySelectorAll('.panel, .panel-scroll, .log, .sheet, .popover, .composer')]
    .filter((box) => box.scrollWidth > box.clientWidth + 1 || box.getBoundingClientRect().right > innerWidth + 1 ||
      box.getBoundingClientRect().left < -1)
    .map((box) => box.className)`);
}

/** Controls that a finger would miss: less than 44 px in both directions, links in a text and what stands in a line excepted. */
function smallTargets(window: BrowserWindow): Promise<string[]> {
  return window.evaluate(`[...gallery.root.querySelectorAll('button, input, select')]
    .filter((one) => !one.matches('.text-button, .reaction, .quote-button, [type=radio], [type=file], .switch'))
    .map((one) => [one, one.getBoundingClientRect()])
    .filter(([, { width, height }]) => width > 0 && (height < 37 || width < 38))
    .map(([one, { width, height }]) => one.className + ' ' + Math.round(width) + '×' + Math.round(height))`);
}
