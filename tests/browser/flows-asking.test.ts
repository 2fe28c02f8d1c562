import { afterAll, describe, expect, test } from 'bun:test';
import { type BrowserWindow, chromiumPath } from '../support/browser.ts';
import { composer, launcher, reads, visit, write } from './chat-visit.ts';
import {
  anotherTab,
  button,
  gone,
  looksRight,
  type Place,
  sharedBrowser,
  startPlace,
} from './flows-visit.ts';

describe.skipIf(chromiumPath === undefined)('asking somebody for a conversation', () => {
  const browser = sharedBrowser();
  afterAll(async () => (await browser())[Symbol.asyncDispose]());

  const ben = ({ page }: BrowserWindow) => page.getByRole('button', { name: 'Ben Franklin' }).first();
  const prompt = ({ page }: BrowserWindow) =>
    page.getByRole('listitem').filter({ hasText: 'Ada Lovelace asks to talk to you' });
  const ring = ({ page }: BrowserWindow) => page.getByText('Waiting for Ben Franklin');

  /** Ada in one tab, Ben in two, all with the chat open. */
  async function together(place: Place): Promise<[BrowserWindow, BrowserWindow, BrowserWindow]> {
    const adas = await visit(await browser(), place.address, 'ada');
    const bens = await visit(await browser(), place.address, 'ben');
    const second = await anotherTab(bens, place.address);
    for (const window of [adas, bens, second]) await launcher(window).click();
    await ben(adas).waitFor();
    await button(bens, 'Ada Lovelace').waitFor();
    await button(second, 'Ada Lovelace').waitFor();
    return [adas, bens, second];
  }
  const alone = { attributes: { 'data-room': 'none' } };

  test('the prompt is in every tab; accepting in one closes it in all, and the two talk', async () => {
    await using place = await startPlace(alone);
    const [adas, bens, second] = await together(place);
    await ben(adas).click();
    await ring(adas).waitFor();
    await prompt(bens).waitFor();
    await prompt(second).waitFor();
    expect(await prompt(bens).innerText()).toMatch(/\d+ s left/);
    await looksRight(bens, 'asked');
    await prompt(second).getByRole('button', { name: 'Accept' }).click();
    await gone(prompt(bens));
    await gone(prompt(second));
    await composer(second, 'Ada Lovelace').waitFor();
    await composer(adas, 'Ben Franklin').waitFor();
    await write(adas, 'There you are.', 'Ben Franklin');
    await reads(second, 'There you are.', 'Ada Lovelace');
    await looksRight(adas, 'accepted');
    // The other tab has the conversation in its list, and did not open it by itself.
    expect(await composer(bens, 'Ada Lovelace').count()).toBe(0);
    await bens.page.getByRole('button', { name: /Ada Lovelace.*There you are/ }).waitFor();
    for (const window of [adas, bens, second]) expect(window.errors).toEqual([]);
  });

  test('a decline closes the prompts; to the one who asked it is a ring that nobody answers', async () => {
    await using place = await startPlace(alone);
    const [adas, bens, second] = await together(place);
    await ben(adas).click();
    await prompt(second).waitFor();
    await prompt(bens).getByRole('button', { name: 'Decline' }).click();
    await gone(prompt(bens));
    await gone(prompt(second));
    expect(await ring(adas).count()).toBe(1);
    place.clock.move(60_000);
    await gone(ring(adas));
    expect(await composer(adas, 'Ben Franklin').count()).toBe(0);
  });

  test('cancelling takes it back from every tab', async () => {
    await using place = await startPlace(alone);
    const [adas, bens, second] = await together(place);
    await ben(adas).click();
    await prompt(bens).waitFor();
    await prompt(second).waitFor();
    await adas.page.getByRole('button', { name: 'Cancel' }).click();
    for (const tab of [bens, second]) await gone(prompt(tab));
    await gone(ring(adas));
  });

  test('what nobody answers is over after a minute, on both sides', async () => {
    await using place = await startPlace(alone);
    const [adas, bens, second] = await together(place);
    await ben(adas).click();
    await prompt(bens).waitFor();
    await prompt(second).waitFor();
    place.clock.move(60_000);
    for (const tab of [bens, second]) await gone(prompt(tab));
    await gone(ring(adas));
  });

  test('both ask at once: they meet', async () => {
    await using place = await startPlace(alone);
    const [adas, bens] = await together(place);
    await Promise.all([ben(adas).click(), button(bens, 'Ada Lovelace').first().click()]);
    await composer(adas, 'Ben Franklin').waitFor();
    await composer(bens, 'Ada Lovelace').waitFor();
    await write(bens, 'You, too?', 'Ada Lovelace');
    await reads(adas, 'You, too?', 'Ben Franklin');
    await gone(prompt(bens));
    await gone(ring(adas));
  });
});
