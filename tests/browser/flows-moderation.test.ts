import { afterAll, describe, expect, test } from 'bun:test';
import { createHmac } from 'node:crypto';
import { createSite } from '../../examples/embed/server.mjs';
import { type BrowserWindow, chromiumPath } from '../support/browser.ts';
import { composer, launcher, log, open, openRoom, reads, visit, write } from './chat-visit.ts';
import {
  button,
  chatSecret,
  gone,
  looksRight,
  onMessage,
  type Place,
  panel,
  sharedBrowser,
  startPlace,
} from './flows-visit.ts';

/** The site as a moderator of the app sees it, whom the site's token calls one. */
async function startModeratorsSite({ server }: Place): Promise<{ address: string } & AsyncDisposable> {
  const { id: appId, key: appKey } = server.app;
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { aud: appId, sub: 'mo', name: 'Mo Field', moderator: true };
  const exp = Math.floor(Date.now() / 1000) + 3600;
  const unsigned = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ ...claims, exp })}`;
  const token = `${unsigned}.${createHmac('sha256', chatSecret).update(unsigned).digest('base64url')}`;
  const attributes = { 'data-user': token };
  const site = await createSite({
    ...{ chat: server.origin, appId, appKey, chatSecret, attributes },
    worker: false,
  });
  return { address: site.address, [Symbol.asyncDispose]: site.stop };
}

describe.skipIf(chromiumPath === undefined)('moderators', () => {
  const browser = sharedBrowser();
  afterAll(async () => (await browser())[Symbol.asyncDispose]());

  const dialog = ({ page }: BrowserWindow, name: string | RegExp) => page.getByRole('dialog', { name });

  test('a report is read where one chats; its person is banned from there, listed, and let in again', async () => {
    await using place = await startPlace();
    await using moderators = await startModeratorsSite(place);
    const adas = await visit(await browser(), place.address, 'ada');
    const bens = await visit(await browser(), place.address, 'ben');
    await openRoom(adas);
    await openRoom(bens);
    await write(bens, 'good morning');
    await write(bens, 'buy my ferries');
    await reads(adas, 'buy my ferries');
    await onMessage(adas, 'buy my ferries', 'Report message');
    const form = dialog(adas, 'Report to the moderators');
    await form.getByLabel('Spam or advertising').check();
    await form.getByRole('textbox').fill('Again and again.');
    await form.getByRole('button', { name: 'Send report' }).click();
    await adas.page.getByText('Thank you. The report has been sent.').waitFor();
    // Nobody else is offered what is for moderators.
    expect(await button(adas, /^Reports/).count()).toBe(0);

    const mos = await visit(await browser(), moderators.address, null);
    await openRoom(mos);
    await button(mos, /^Reports.*1 open report/).click();
    await button(mos, /^Ben Franklin/)
      .filter({ hasText: 'Again and again.' })
      .click();
    const main = mos.page.getByRole('region', { name: 'Harbour', exact: true });
    await main.getByRole('heading', { name: 'About Ben Franklin' }).waitFor();
    await main.getByText('Again and again.').waitFor();
    await main.getByText('In Harbour').waitFor();
    const excerpt = main.getByRole('region', { name: 'The message, and what was around it' });
    await excerpt.getByText('good morning').waitFor();
    await excerpt
      .getByRole('listitem')
      .filter({ hasText: 'The reported message' })
      .getByText('buy my')
      .waitFor();
    await looksRight(mos, 'report-read');
    await button(mos, 'Ban Ben Franklin …').click();
    await dialog(mos, 'Ban Ben Franklin').getByRole('button', { name: 'Ban', exact: true }).click();
    await panel(bens, 'Harbour')
      .getByText(/You are banned from this room/)
      .waitFor();
    await button(mos, 'I have acted on it').click();
    await main.getByText('Acted on').waitFor();
    await button(mos, 'All reports').click();
    await main.getByText('No open reports. What people report appears here.').waitFor();
    await button(mos, 'Back').click();
    await gone(mos.page.getByText(/open report/));

    const records = dialog(mos, 'Moderators and bans');
    await button(mos, 'More about Harbour').click();
    await mos.page.getByRole('menuitem', { name: 'Moderators and bans' }).click();
    await records.getByRole('listitem').filter({ hasText: 'Ben Franklin' }).first().waitFor();
    await records.getByText(/Mo Field banned Ben Franklin\. \(60 min\)/).waitFor();
    await looksRight(mos, 'room-records');
    await records.getByRole('button', { name: 'Lift the ban' }).click();
    await records.getByText('Nobody is banned.').waitFor();
    await records.getByText('Mo Field lifted the ban of Ben Franklin.').waitFor();
    await mos.page.keyboard.press('Escape');
    await gone(records);

    await bens.page.getByRole('button', { name: 'Close Harbour' }).click();
    await button(bens, 'Enter the lobby').click();
    await composer(bens, 'Harbour').waitFor();
    await write(bens, 'sorry');
    await reads(adas, 'sorry');
    expect(mos.errors).toEqual([]);
  });

  test('the link of a report leads moderators to it, and tells everybody else where to go', async () => {
    await using place = await startPlace();
    await using moderators = await startModeratorsSite(place);
    const adas = await visit(await browser(), place.address, 'ada');
    const bens = await visit(await browser(), place.address, 'ben');
    await openRoom(adas);
    await openRoom(bens);
    await write(bens, 'buy my ferries');
    await reads(adas, 'buy my ferries');
    const sent = adas.page.waitForResponse((response) => /\/reports$/.test(response.url()));
    await onMessage(adas, 'buy my ferries', 'Report message');
    await dialog(adas, 'Report to the moderators').getByLabel('Spam or advertising').check();
    await button(adas, 'Send report').click();
    const { id } = await (await sent).json();

    const mos = await open(await browser());
    await mos.page.goto(`${moderators.address}/#earshot-report=${id}`);
    await mos.page.getByRole('heading', { name: 'About Ben Franklin' }).waitFor();
    await button(mos, 'Show in the room').click();
    await log(mos, 'Harbour').getByText('buy my ferries').waitFor();

    const guests = await open(await browser());
    const { server } = place;
    await guests.page.goto(`${server.origin}/chat?app=${server.app.key}&report=${id}`);
    await guests.page.getByLabel('Your name').fill('Cleo');
    await looksRight(guests, 'page-sign-in');
    await guests.page.keyboard.press('Enter');
    await guests.page.getByText(`#earshot-report=${id}`).waitFor();
    await looksRight(guests, 'report-forbidden');
    expect(await guests.page.getByText('Talk about this page').count()).toBe(0);
    expect(await launcher(guests).count()).toBe(0);
  });
});
