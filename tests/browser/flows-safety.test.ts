import { afterAll, describe, expect, test } from 'bun:test';
import { type BrowserWindow, chromiumPath } from '../support/browser.ts';
import { composer, launcher, log, openRoom, reads, visit, write } from './chat-visit.ts';
import {
  button,
  gone,
  looksRight,
  message,
  onMessage,
  panel,
  sharedBrowser,
  startPlace,
} from './flows-visit.ts';

describe.skipIf(chromiumPath === undefined)('people who do not want each other', () => {
  const browser = sharedBrowser();
  afterAll(async () => (await browser())[Symbol.asyncDispose]());

  const dialog = ({ page }: BrowserWindow, name: string | RegExp) => page.getByRole('dialog', { name });

  test('block: what the other one writes is hidden, and neither reaches the other, who is not told', async () => {
    await using place = await startPlace({ env: { EARSHOT_APP_CHAT_DIRECT: 'open' } });
    const adas = await visit(await browser(), place.address, 'ada');
    const bens = await visit(await browser(), place.address, 'ben');
    await openRoom(adas);
    await openRoom(bens);
    await write(bens, 'something unpleasant');
    await reads(adas, 'something unpleasant');
    await button(bens, 'Ada Lovelace').first().click();
    await composer(bens, 'Ada Lovelace').waitFor();
    await onMessage(adas, 'something unpleasant', 'Block Ben Franklin');
    await looksRight(adas, 'block');
    await dialog(adas, 'Block Ben Franklin?').getByRole('button', { name: 'Block' }).click();
    await adas.page.getByText('Blocked. You do not see each other any more.').waitFor();
    await log(adas, 'Harbour').getByText('Message of a person you blocked.').waitFor();
    expect(await adas.page.getByText('something unpleasant').count()).toBe(0);
    await looksRight(adas, 'blocked');
    // In the room Ben goes on; to Ada he is a line that she may open.
    await write(bens, 'and more of it');
    await log(adas, 'Harbour').getByText('Message of a person you blocked.').nth(1).waitFor();
    expect(await adas.page.getByText('and more of it').count()).toBe(0);
    // To Ben she is somebody who is offline, and whom nothing reaches; he is not told why.
    await write(bens, 'are you there?', 'Ada Lovelace');
    await panel(bens, 'Ada Lovelace').getByText('This person cannot be reached at the moment.').waitFor();
    await gone(bens.page.getByRole('region', { name: /^Online now/ }));
    await looksRight(bens, 'unreachable');
    // Taken back, everything is as it was.
    await button(adas, 'Settings').last().click();
    await adas.page.getByRole('button', { name: 'Unblock' }).click();
    await reads(adas, 'something unpleasant');
    await composer(bens, 'Ada Lovelace').waitFor();
  });

  test('report: the form says what goes along, and thanks', async () => {
    await using place = await startPlace();
    const adas = await visit(await browser(), place.address, 'ada');
    const bens = await visit(await browser(), place.address, 'ben');
    await openRoom(adas);
    await openRoom(bens);
    await write(bens, 'buy my ferries');
    await reads(adas, 'buy my ferries');
    await onMessage(adas, 'buy my ferries', 'Report message');
    const form = dialog(adas, 'Report to the moderators');
    await form.getByText('Ben Franklin is not told who reported.').waitFor();
    await form.getByLabel('Spam or advertising').check();
    await form.getByRole('textbox').fill('Again and again.');
    await looksRight(adas, 'report');
    await form.getByRole('button', { name: 'Send report' }).click();
    await adas.page.getByText('Thank you. The report has been sent.').waitFor();
    await gone(form);
  });

  test('ban and mute, from the list of who is there', async () => {
    await using place = await startPlace();
    const adas = await visit(await browser(), place.address, 'ada');
    const bens = await visit(await browser(), place.address, 'ben');
    await openRoom(adas);
    await openRoom(bens);
    await button(adas, 'New room').click();
    await adas.page.getByRole('dialog').getByLabel('Title').fill('Crew');
    await button(adas, 'Create room').click();
    await write(bens, '/join crew');
    await composer(bens, 'Crew').waitFor();
    const onBen = async (act: string) => {
      await panel(adas, 'Crew')
        .getByRole('button', { name: /Who’s online, 2/ })
        .click();
      await adas.page
        .getByRole('complementary')
        .getByRole('button', { name: /^Ben Franklin/ })
        .click();
      await adas.page.getByRole('menu').waitFor();
      await looksRight(adas, 'person-menu');
      await adas.page.getByRole('menuitem', { name: act }).click();
    };
    await onBen('Mute …');
    await dialog(adas, 'Mute Ben Franklin').getByRole('button', { name: 'Mute' }).click();
    await panel(bens, 'Crew')
      .getByText(/You are muted until .* You may read\./)
      .waitFor();
    await looksRight(bens, 'muted');
    await adas.page.getByRole('complementary').getByRole('button', { name: 'Close' }).click();
    await onBen('Ban …');
    await looksRight(adas, 'ban');
    await dialog(adas, 'Ban Ben Franklin').getByRole('button', { name: 'Ban' }).click();
    await panel(bens, 'Crew')
      .getByText(/You are banned from this room/)
      .waitFor();
    await write(bens, '/join crew');
    await log(bens, 'Harbour').getByText('You are banned here.').waitFor();
  });

  test('somebody who is not a contact has to be asked; who blocks is asked by nobody', async () => {
    await using place = await startPlace();
    const adas = await visit(await browser(), place.address, 'ada');
    const cleos = await visit(await browser(), place.address, null);
    await openRoom(adas);
    await launcher(cleos).click();
    await cleos.page.getByLabel('Your name').fill('Cleo');
    await cleos.page.keyboard.press('Enter');
    await write(cleos, 'hello');
    await reads(adas, 'hello');
    await onMessage(adas, 'hello', 'Block Cleo');
    await dialog(adas, /Block/).getByRole('button', { name: 'Block' }).click();
    await gone(message(adas, 'hello'));
    await panel(cleos, 'Harbour')
      .getByRole('button', { name: /Who’s online, 2/ })
      .click();
    await cleos.page
      .getByRole('complementary')
      .getByRole('button', { name: /^Ada Lovelace/ })
      .click();
    await cleos.page.getByRole('menuitem', { name: 'Talk to Ada Lovelace' }).click();
    // It rings on her side, as if nobody answered; Ada hears nothing of it.
    await cleos.page.getByText('Waiting for Ada Lovelace').waitFor();
    await write(adas, 'nobody asks me');
    await reads(adas, 'nobody asks me');
    expect(await adas.page.getByText('asks to talk to you').count()).toBe(0);
    place.clock.move(60_000);
    await gone(cleos.page.getByText('Waiting for Ada Lovelace'));
  });
});
