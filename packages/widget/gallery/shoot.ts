import {
  type Browser,
  type BrowserWindow,
  startBrowser,
  type WindowOptions,
} from '../../../tests/support/browser.ts';
import { type Gallery, serveGallery } from './serve.ts';
import { states } from './states.ts';

/** Ways of looking at the widget. */
export const looks: Record<string, WindowOptions & { query?: string; forcedColours?: boolean }> = {
  light: {},
  dark: { colorScheme: 'dark' },
  phone: { width: 390, height: 760, phone: true },
  small: { width: 320, height: 560, phone: true, colorScheme: 'dark' },
  rtl: { query: '&lang=ar' },
  forced: { forcedColours: true },
  large: { query: '&root=200%25' },
};

/** How long something to press is waited for, and how often the whole is begun anew. */
const pressMs = 20_000;
const triesMax = 3;

/** Opens a state and presses what it says. */
export async function show(
  browser: Browser,
  gallery: Gallery,
  state: string,
  look: string,
): Promise<BrowserWindow> {
  const options = looks[look] ?? {};
  const window = await browser.open({ width: 1280, height: 800, ...options });
  if (options.forcedColours) await window.page.emulateMedia({ forcedColors: 'active' });
  for (let tries = 1; ; tries++) {
    await window.page.goto(`${gallery.origin}/?state=${state}${options.query ?? ''}`);
    await window.page.locator('html[data-ready]').waitFor();
    try {
      for (const selector of states[state]?.press ?? []) {
        await window.page.locator(selector).filter({ visible: true }).first().click({ timeout: pressMs });
      }
      return window;
    } catch (error) {
      // What shows under a pointer goes when the page moves beneath it, as it may on a slow machine: begun anew, it has settled.
      if (tries === triesMax) throw error;
    }
  }
}

if (import.meta.main) {
  const [which = '', lookNames = 'light'] = process.argv.slice(2);
  const names = Object.keys(states).filter((name) => which === '' || which.split(',').includes(name));
  await using gallery = await serveGallery();
  await using browser = await startBrowser();
  for (const look of lookNames.split(',')) {
    for (const name of names) {
      const window = await show(browser, gallery, name, look);
      await window.page.waitForLoadState('networkidle');
      const path = await window.screenshot(`widget-${name}-${look}`);
      const problems = await window.accessibilityProblems();
      console.log(path, ...problems, ...window.errors);
      await window.close();
    }
  }
}
