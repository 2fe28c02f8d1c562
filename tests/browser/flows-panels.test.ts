import { afterAll, describe, expect, test } from 'bun:test';
import { type BrowserWindow, chromiumPath } from '../support/browser.ts';
import { becomes, composer, enterAsGuest, launcher, openRoom, reads, visit, write } from './chat-visit.ts';
import { anotherTab, button, gone, looksRight, panel, sharedBrowser, startPlace } from './flows-visit.ts';

describe.skipIf(chromiumPath === undefined)('panels', () => {
  const browser = sharedBrowser();
  afterAll(async () => (await browser())[Symbol.asyncDispose]());
  /** Those who talk to each other at once: what is tested here begins after that. */
  const open = { EARSHOT_APP_CHAT_DIRECT: 'open' };
  const inList = ({ page }: BrowserWindow, text: string) =>
    page.locator('.panel-main').getByRole('button', { name: text });

  test('stand side by side; lowered, raised, closed and opened again they keep what was being written', async () => {
    await using place = await startPlace({ env: open });
    const adas = await visit(await browser(), place.address, 'ada', { width: 1600, height: 900 });
    await openRoom(adas);
    await inList(adas, 'Talk about this page').click();
    await panel(adas, 'This page').or(panel(adas, '127.0.0.1')).first().waitFor();
    const both = adas.page.getByRole('region', { name: /^Room / });
    await both.nth(1).waitFor();
    expect(await both.count()).toBe(2);
    await adas.atRest();
    const boxes = await both.evaluateAll((all) => all.map((one) => one.getBoundingClientRect().toJSON()));
    const [left, right] = boxes.sort((a, b) => a.x - b.x);
    expect(left.right).toBeLessThanOrEqual(right.left);

    await composer(adas, 'Harbour').fill('half a thought');
    await looksRight(adas, 'side-by-side');
    await button(adas, 'Lower Harbour').click();
    await gone(panel(adas, 'Harbour'));
    await looksRight(adas, 'lowered');
    await adas.page.getByTitle('Raise Harbour').click();
    await composer(adas, 'Harbour').waitFor();
    expect(await composer(adas, 'Harbour').inputValue()).toBe('half a thought');
    await button(adas, 'Close Harbour').click();
    await gone(panel(adas, 'Harbour'));
    await inList(adas, 'Draft: half a thought').click();
    expect(await composer(adas, 'Harbour').inputValue()).toBe('half a thought');
    // By keyboard: Escape lowers.
    await composer(adas, 'Harbour').press('Escape');
    await gone(panel(adas, 'Harbour'));
    expect(adas.errors).toEqual([]);
  });

  test('opening the same conversation again shows the panel that is there', async () => {
    await using place = await startPlace({ env: open });
    const adas = await visit(await browser(), place.address, 'ada');
    await openRoom(adas);
    await inList(adas, 'Harbour').click();
    await inList(adas, 'Harbour').click();
    expect(await panel(adas, 'Harbour').count()).toBe(1);
  });

  test('a message for a closed panel is a count on its row and on the launcher; it opens nothing by itself', async () => {
    await using place = await startPlace({ env: open, attributes: { 'data-room': 'none' } });
    const adas = await visit(await browser(), place.address, 'ada');
    const bens = await visit(await browser(), place.address, 'ben');
    await launcher(adas).click();
    await launcher(bens).click();
    await button(adas, 'Ben Franklin').click();
    await composer(adas, 'Ben Franklin').waitFor();
    await write(adas, 'first', 'Ben Franklin');
    const row = inList(bens, 'first');
    await row.getByText('1 unread message').waitFor();
    await looksRight(bens, 'unread');
    expect(await composer(bens, 'Ada Lovelace').count()).toBe(0);
    await launcher(bens).click();
    await write(adas, 'second', 'Ben Franklin');
    await bens.page.locator('[data-earshot] .count', { hasText: '2' }).waitFor();
    await looksRight(bens, 'unread-closed');
    await launcher(bens).click();
    await inList(bens, 'second').click();
    await reads(bens, 'first', 'Ada Lovelace');
    await becomes(bens, 'document.body.dataset.unread', '0');
    // Closed again, nothing was missed: it is there without a gap.
    await button(bens, 'Close Ada Lovelace').click();
    await write(adas, 'third', 'Ben Franklin');
    await inList(bens, 'third').click();
    for (const text of ['first', 'second', 'third']) await reads(bens, text, 'Ada Lovelace');
  });

  test('what is unread is the same in two tabs, and read in one is read in both', async () => {
    await using place = await startPlace();
    const adas = await visit(await browser(), place.address, 'ada');
    const bens = await visit(await browser(), place.address, 'ben');
    await openRoom(adas);
    await openRoom(bens);
    await button(bens, 'Close Harbour').click();
    const second = await anotherTab(bens, place.address);
    for (const text of ['one @Ben Franklin', 'two @Ben Franklin', 'three @Ben Franklin']) {
      await write(adas, text);
      await reads(adas, text);
    }
    for (const tab of [bens, second]) await becomes(tab, 'document.body.dataset.unread', '3');
    await inList(bens, 'three').click();
    await reads(bens, 'three @Ben Franklin');
    for (const tab of [bens, second]) await becomes(tab, 'document.body.dataset.unread', '0');
  });

  test('a guest and somebody of the site write to each other, and each says who vouches for the name', async () => {
    await using place = await startPlace({ env: open });
    const adas = await visit(await browser(), place.address, 'ada');
    const cleos = await visit(await browser(), place.address, null);
    await openRoom(adas);
    await launcher(cleos).click();
    await looksRight(cleos, 'sign-in');
    await enterAsGuest(cleos, 'Cleo');
    await write(cleos, 'hello');
    await reads(adas, 'hello');
    const row = adas.page.getByRole('article', { name: /^Cleo ?Guest/ });
    await row.waitFor();
    await write(adas, 'welcome');
    await cleos.page.getByRole('img', { name: 'Verified by this site' }).first().waitFor();
  });
});
