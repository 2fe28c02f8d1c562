import { afterAll, describe, expect, test } from 'bun:test';
import { type BrowserWindow, chromiumPath } from '../support/browser.ts';
import { composer, launcher, reads, visit } from './chat-visit.ts';
import { button, looksRight, type Place, sharedBrowser, startPlace } from './flows-visit.ts';

describe.skipIf(chromiumPath === undefined)('live typing in a conversation of two', () => {
  const browser = sharedBrowser();
  afterAll(async () => (await browser())[Symbol.asyncDispose]());

  /** Ada and Ben in a conversation. */
  async function talking(place: Place): Promise<[BrowserWindow, BrowserWindow]> {
    const adas = await visit(await browser(), place.address, 'ada');
    const bens = await visit(await browser(), place.address, 'ben');
    for (const window of [adas, bens]) await launcher(window).click();
    await button(adas, 'Ben Franklin').first().click();
    await bens.page.getByRole('button', { name: 'Accept' }).click();
    await composer(bens, 'Ada Lovelace').waitFor();
    await composer(adas, 'Ben Franklin').waitFor();
    return [adas, bens];
  }

  async function pick(window: BrowserWindow, other: string, item: string): Promise<void> {
    const { page } = window;
    const more = button(window, `More about ${other}`);
    const wanted = page.getByRole('menuitem', { name: item, exact: true });
    // The other one has to have the conversation open, which is known a moment after.
    for (;;) {
      await more.click();
      await page.getByRole('menu').getByRole('menuitem').first().waitFor();
      if ((await wanted.count()) > 0) break;
      await page.keyboard.press('Escape');
      await page.getByRole('menu').waitFor({ state: 'detached' });
    }
    await wanted.click();
  }

  const ghost = ({ page }: BrowserWindow) => page.locator('.live-ghost');
  const sign = ({ page }: BrowserWindow) => page.locator('.live-sign');

  test('nothing is seen before both agree; then each sees what the other types, until one ends it', async () => {
    await using place = await startPlace({ attributes: { 'data-room': 'none' } });
    const [adas, bens] = await talking(place);
    await composer(adas, 'Ben Franklin').fill('a secret');
    await pick(adas, 'Ben Franklin', 'Type live');
    await adas.page.getByText('You have asked Ben Franklin to type live.').waitFor();
    await bens.page.getByText('Ada Lovelace would like to type live').waitFor();
    expect(await ghost(bens).count()).toBe(0);
    await looksRight(bens, 'live-asked');
    await composer(adas, 'Ben Franklin').fill('');
    await button(bens, 'Agree').click();
    await sign(adas).waitFor();
    await sign(bens).waitFor();

    await composer(adas, 'Ben Franklin').pressSequentially('half a wor', { delay: 20 });
    await ghost(bens).getByText('half a wor').waitFor();
    await composer(bens, 'Ada Lovelace').pressSequentially('I see it', { delay: 20 });
    await ghost(adas).getByText('I see it').waitFor();
    await looksRight(bens, 'live-on');
    await composer(adas, 'Ben Franklin').pressSequentially('d');
    await composer(adas, 'Ben Franklin').press('Enter');
    await reads(bens, 'half a word', 'Ada Lovelace');
    await ghost(bens).waitFor({ state: 'detached' });

    await button(bens, 'Stop').click();
    await sign(adas).waitFor({ state: 'detached' });
    await ghost(adas).waitFor({ state: 'detached' });
    await composer(bens, 'Ada Lovelace').pressSequentially(' and this is mine');
    await composer(bens, 'Ada Lovelace').press('Enter');
    await reads(adas, 'I see it and this is mine', 'Ben Franklin');
    for (const window of [adas, bens]) expect(window.errors).toEqual([]);
  });

  test('who says no has shown nothing', async () => {
    await using place = await startPlace({ attributes: { 'data-room': 'none' } });
    const [adas, bens] = await talking(place);
    await pick(adas, 'Ben Franklin', 'Type live');
    await button(bens, 'No, thanks').click();
    await adas.page.getByText('You have asked Ben Franklin').waitFor({ state: 'detached' });
    await composer(adas, 'Ben Franklin').pressSequentially('unseen');
    await composer(adas, 'Ben Franklin').press('Enter');
    await reads(bens, 'unseen', 'Ada Lovelace');
    expect(await ghost(bens).count()).toBe(0);
  });
});
