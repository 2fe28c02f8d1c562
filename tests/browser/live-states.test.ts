import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { liveStates } from '../../packages/widget/gallery/live-states.ts';
import { type Gallery, serveGallery } from '../../packages/widget/gallery/serve.ts';
import {
  type Browser,
  type BrowserWindow,
  chromiumPath,
  startBrowser,
  type WindowOptions,
} from '../support/browser.ts';

const looks: Record<string, WindowOptions & { query?: string }> = {
  light: { width: 1180, height: 760 },
  dark: { width: 1180, height: 760, colorScheme: 'dark' },
  phone: { width: 390, height: 760, phone: true },
  // Its keyboard is open.
  keyboard: { width: 390, height: 420, phone: true },
  small: { width: 320, height: 560, phone: true, colorScheme: 'dark' },
  rtl: { width: 390, height: 760, phone: true, query: '&lang=ar' },
};
/** Ways of looking in which every state is judged; the others see those that differ most. */
const everyLook = ['light', 'small'];
const someStates = ['two', 'four', 'eight', 'long', 'alone', 'name', 'pictures', 'waiting'];

describe.skipIf(chromiumPath === undefined)('every state of a live room', () => {
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

  async function show(state: string, look: string): Promise<BrowserWindow> {
    const { query = '', ...options } = looks[look] ?? {};
    const window = await browser.open(options);
    await window.page.goto(`${gallery.origin}/live?state=${state}${query}`);
    await window.page.locator('html[data-ready]').waitFor();
    return window;
  }

  for (const state of Object.keys(liveStates)) {
    const seen = Object.keys(looks).filter((look) => everyLook.includes(look) || someStates.includes(state));
    test(`${state}: right for everybody, within the strictest policy, on any screen`, async () => {
      for (const look of seen) {
        const window = await show(state, look);
        expect([look, await window.accessibilityProblems()]).toEqual([look, []]);
        expect([look, window.errors]).toEqual([look, []]);
        expect([look, window.requestedElsewhere(gallery.origin)]).toEqual([look, []]);
        expect([look, await outside(window)]).toEqual([look, []]);
        await window.screenshot(`live-${state}-${look}`);
        await window.close();
      }
    }, 180_000);
  }

  test('letters that stay do not move when those before them are gone, in lines and from right to left', async () => {
    for (const [text, look] of [
      ['one letter after the other, over more than one line of this lane', 'phone'],
      ['حرف بعد حرف، على أكثر من سطر واحد في هذا المسار', 'rtl'],
    ] as const) {
      const window = await show('silent', look);
      const moved = await window.evaluate<number>(`(async () => {
        const { others: [person] } = live.state();
        let text = [...${JSON.stringify(text)}].map((text, index) => ({ key: index + 1, text, opacity: 1 }));
        const place = () => new Map([...document.querySelectorAll('.lane:not(.lane-mine) .letters > span')]
          .map((one) => [one, one.getBoundingClientRect()]));
        const draw = async () => {
          live.set({ others: [{ ...person, text }] });
          await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
          return place();
        };
        let before = await draw();
        let most = 0;
        while (text.length > 1) {
          text = text.slice(Math.min(3, text.length - 1));
          const now = await draw();
          for (const [one, box] of now) {
            const was = before.get(one);
            most = Math.max(most, Math.abs(box.left - was.left), Math.abs(box.bottom - was.bottom));
          }
          before = now;
        }
        return most;
      })()`);
      expect(moved).toBeLessThan(look === 'rtl' ? 12 : 1);
      await window.close();
    }
  });
});

/** What hangs over the edges of the window, and lanes in which not one line of words fits. */
function outside(window: BrowserWindow): Promise<string[]> {
  return window.evaluate(`[
    ...[...document.querySelectorAll('.control, .lane, .lane-number, .strip, .button, .field, .picture')]
      .filter((one) => {
        const { left, right, bottom, width } = one.getBoundingClientRect();
        const high = document.querySelector('.room') !== null && bottom > innerHeight + 1;
        return width > 0 && (left < -1 || right > innerWidth + 1 || high);
      }),
    ...[...document.querySelectorAll('.lane-text')]
      .filter((one) => one.clientHeight < Number.parseFloat(getComputedStyle(one).lineHeight) - 2),
  ].map((one) => one.className + ' ' + one.clientHeight)`);
}
