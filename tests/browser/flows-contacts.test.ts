import { afterAll, describe, expect, test } from 'bun:test';
import { type BrowserWindow, chromiumPath } from '../support/browser.ts';
import { composer, launcher, openRoom, reads, visit, write } from './chat-visit.ts';
import {
  button,
  gone,
  looksRight,
  onlineAtServer,
  sharedBrowser,
  startPlace,
  watched,
} from './flows-visit.ts';

describe.skipIf(chromiumPath === undefined)('contacts', () => {
  const browser = sharedBrowser();
  afterAll(async () => (await browser())[Symbol.asyncDispose]());

  const onlineNow = ({ page }: BrowserWindow) => page.getByRole('region', { name: /^Online now/ });
  const others = ({ page }: BrowserWindow) => page.getByRole('region', { name: /^Contacts/ });

  test('are listed by who is there; who closes the browser is offline after the grace', async () => {
    await using place = await startPlace({ attributes: { 'data-room': 'none' } });
    const adas = await visit(await browser(), place.address, 'ada');
    await launcher(adas).click();
    await adas.page.getByText('Nothing here yet').waitFor();
    await looksRight(adas, 'nobody');
    const bens = await visit(await browser(), place.address, 'ben');
    await onlineNow(adas).getByRole('button', { name: 'Ben Franklin' }).waitFor();
    // Ben has not opened anything: a known person is there as soon as the page is idle.
    await looksRight(adas, 'online');
    await bens.close();
    await onlineAtServer(place, 1);
    place.clock.move(5_000);
    await others(adas).getByRole('button', { name: 'Ben Franklin' }).waitFor();
    await others(adas).getByText('Offline').waitFor();
    expect(await onlineNow(adas).count()).toBe(0);
    await looksRight(adas, 'offline');
    expect(adas.errors).toEqual([]);
  });

  test('a reload does not flicker on anybody’s screen, however long one looks', async () => {
    await using place = await startPlace();
    const adas = await (await browser()).open();
    await adas.page.clock.install();
    await adas.page.goto(`${place.address}/sign-in?as=ada`);
    const bens = await visit(await browser(), place.address, 'ben');
    await openRoom(adas);
    await openRoom(bens);
    await onlineNow(adas).getByRole('button', { name: 'Ben Franklin' }).waitFor();
    await adas.page.getByText('Ben Franklin came in.').waitFor();
    // However long the machine takes for it, a reload is shorter than the grace: at the server, and on the screen.
    place.clock.hold();
    await adas.page.clock.pauseAt(await adas.page.evaluate('Date.now() + 1'));
    const contacts = await watched(adas.page.locator('.home'));
    const lines = await watched(adas.page.getByRole('log'));
    await bens.page.reload();
    await composer(bens, 'Harbour').waitFor();
    await write(bens, 'Back.');
    await reads(adas, 'Back.');
    place.clock.letGo();
    await adas.page.clock.resume();
    place.clock.move(20_000);
    await write(bens, 'Still here.');
    await reads(adas, 'Still here.');
    expect((await contacts()).filter((text) => text.includes('Offline'))).toEqual([]);
    expect((await contacts()).every((text) => text.includes('Online now'))).toBe(true);
    expect((await lines()).filter((text) => /left\.|came in\..*came in\./.test(text))).toEqual([]);
  });

  test('several tabs are one presence: it ends with the last', async () => {
    await using place = await startPlace({ attributes: { 'data-room': 'none' } });
    const adas = await visit(await browser(), place.address, 'ada');
    const bens = await visit(await browser(), place.address, 'ben');
    const elsewhere = await visit(await browser(), place.address, 'ben');
    await launcher(adas).click();
    await button(adas, 'Ben Franklin').waitFor();
    await onlineAtServer(place, 3);
    const seen = await watched(adas.page.locator('.home'));
    await bens.close();
    await onlineAtServer(place, 2);
    place.clock.move(5_000);
    await elsewhere.close();
    await onlineAtServer(place, 1);
    expect((await seen()).filter((text) => text.includes('Offline'))).toEqual([]);
    place.clock.move(5_000);
    await others(adas).getByText('Offline').waitFor();
  });

  test('who is invisible is offline for others, and sees them', async () => {
    await using place = await startPlace({ attributes: { 'data-room': 'none' } });
    const adas = await visit(await browser(), place.address, 'ada');
    const bens = await visit(await browser(), place.address, 'ben');
    await launcher(adas).click();
    await launcher(bens).click();
    await onlineNow(adas).waitFor();
    await button(bens, 'Settings').last().click();
    await bens.page.getByRole('switch', { name: 'Invisible' }).click();
    await others(adas).getByText('Offline').waitFor();
    await looksRight(bens, 'settings');
    await button(bens, 'Back').click();
    await onlineNow(bens).getByRole('button', { name: 'Ada Lovelace' }).waitFor();
    await bens.page.getByText('Invisible').waitFor();
    await gone(onlineNow(adas));
  });
});
