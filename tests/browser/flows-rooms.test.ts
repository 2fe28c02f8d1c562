import { afterAll, describe, expect, test } from 'bun:test';
import { type BrowserWindow, chromiumPath } from '../support/browser.ts';
import { composer, enterAsGuest, launcher, log, openRoom, reads, visit, write } from './chat-visit.ts';
import { button, looksRight, panel, sharedBrowser, startPlace } from './flows-visit.ts';

describe.skipIf(chromiumPath === undefined)('rooms', () => {
  const browser = sharedBrowser();
  afterAll(async () => (await browser())[Symbol.asyncDispose]());

  const here = ({ page }: BrowserWindow) => page.getByRole('complementary', { name: 'Who’s online' });

  test('the lobby has everybody: who is there, how many, who came and who left', async () => {
    await using place = await startPlace();
    const adas = await visit(await browser(), place.address, 'ada');
    await openRoom(adas);
    await adas.page.getByText('Nobody has said anything yet.').waitFor();
    await button(adas, 'Who’s online, 1 online').waitFor();
    const cleos = await visit(await browser(), place.address, null);
    await launcher(cleos).click();
    await enterAsGuest(cleos, 'Cleo');
    await composer(cleos, 'Harbour').waitFor();
    await log(adas, 'Harbour').getByText('Cleo came in.').waitFor();
    await button(adas, 'Who’s online, 2 online').click();
    await here(adas)
      .getByRole('button', { name: /^Cleo ?Guest/ })
      .waitFor();
    await here(adas)
      .getByRole('listitem')
      .filter({ hasText: /Ada Lovelace.*You/ })
      .waitFor();
    await looksRight(adas, 'online-list');
    await here(adas).getByRole('button', { name: 'Close' }).click();
    await cleos.close();
    await button(adas, 'Who’s online, 1 online').waitFor();
    await log(adas, 'Harbour').getByText('Cleo left.').waitFor();
    await looksRight(adas, 'left');
  });

  test('every page has its own room, and going on to another page leads to its room', async () => {
    await using place = await startPlace({ attributes: { 'data-room': 'page' } });
    const adas = await visit(await browser(), place.address, 'ada');
    const bens = await visit(await browser(), place.address, 'ben');
    await bens.page.goto(`${place.address}/second?utm_source=paper#read`);
    for (const window of [adas, bens]) {
      await launcher(window).click();
      await panel(window, '').waitFor();
    }
    await composer(adas, '').fill('about the first page');
    await composer(adas, '').press('Enter');
    await log(adas, '').getByText('about the first page').waitFor();
    await composer(bens, '/second').fill('about the second');
    await composer(bens, '/second').press('Enter');
    await reads(bens, 'about the second', '/second');
    await adas.page.getByRole('link', { name: 'Archive' }).click();
    await reads(adas, 'about the second', '/second');
    expect(await log(bens, '').getByText('about the first page').count()).toBe(0);
    await looksRight(adas, 'page-room');
    expect(adas.errors).toEqual([]);
  });

  test('a room of one’s own: made, entered by its name, left again', async () => {
    await using place = await startPlace();
    const adas = await visit(await browser(), place.address, 'ada');
    const bens = await visit(await browser(), place.address, 'ben');
    await openRoom(adas);
    await openRoom(bens);
    await button(adas, 'New room').click();
    const sheet = adas.page.getByRole('dialog', { name: 'New room' });
    await sheet.getByLabel('Title').fill('The Crew');
    expect(await sheet.getByLabel('Short name').inputValue()).toBe('the-crew');
    await looksRight(adas, 'new-room');
    await sheet.getByRole('button', { name: 'Create room' }).click();
    await composer(adas, 'The Crew').waitFor();
    await write(bens, '/join the-crew');
    await write(bens, 'aboard', 'The Crew');
    await reads(adas, 'aboard', 'The Crew');
    await write(bens, '/leave', 'The Crew');
    await panel(bens, 'The Crew').waitFor({ state: 'detached' });
    await write(bens, '/join nowhere-at-all');
    await log(bens, 'Harbour').getByText('This is not here any more.').waitFor();
    expect(await composer(bens, 'Harbour').inputValue()).toBe('/join nowhere-at-all');
  });
});
