import {
  type Browser,
  type BrowserWindow,
  startBrowser,
  type WindowOptions,
} from '../../../tests/support/browser.ts';
import { type Gallery, serveGallery } from './serve.ts';
import { states } from './states.ts';

/** Ways of looking at the dashboard. */
export const looks: Record<string, WindowOptions & { rtl?: boolean; large?: boolean; forced?: boolean }> = {
  light: {},
  dark: { colorScheme: 'dark' },
  phone: { width: 390, height: 760, phone: true },
  small: { width: 320, height: 560, phone: true, colorScheme: 'dark' },
  rtl: { rtl: true },
  large: { large: true },
  forced: { forced: true },
};

/** Opens a state, waits until it is there, and presses what it says. */
export async function show(
  browser: Browser,
  gallery: Gallery,
  name: string,
  look: string,
): Promise<BrowserWindow> {
  const { rtl, large, forced, ...options } = looks[look] ?? {};
  const state = states[name];
  if (state === undefined) throw new Error(`there is no state ${name}`);
  const window = await browser.open({ width: 1280, height: 860, ...options });
  if (forced) await window.page.emulateMedia({ forcedColors: 'active' });
  await window.page.goto(`${gallery.origin}/g/${name}/dashboard${state.path}`);
  await window.page.locator('html[data-ready]').waitFor();
  if (rtl) await window.evaluate(`document.documentElement.dir = 'rtl'`);
  if (large) await window.evaluate(`document.documentElement.style.fontSize = '200%'`);
  await window.page
    .locator(state.wait ?? 'h1')
    .first()
    .waitFor();
  for (const act of state.acts ?? []) await act(window.page);
  return window;
}

if (import.meta.main) {
  const [which = '', lookNames = 'light'] = process.argv.slice(2);
  const asked = which.split(',').filter(Boolean);
  const names = Object.keys(states).filter(
    (name) => asked.length === 0 || asked.some((one) => name === one || name.startsWith(`${one}-`)),
  );
  await using gallery = await serveGallery();
  await using browser = await startBrowser();
  for (const look of lookNames.split(',')) {
    for (const name of names) {
      const window = await show(browser, gallery, name, look);
      await window.page.waitForTimeout(states[name]?.settleMs ?? 700);
      const path = await window.screenshot(`desk-${name}-${look}`);
      const problems = await window.accessibilityProblems();
      console.log(path, ...problems, ...window.errors);
      await window.close();
    }
  }
}
