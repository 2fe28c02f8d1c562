import { afterAll, describe, expect, test } from 'bun:test';
import { type BrowserWindow, chromiumPath } from '../support/browser.ts';
import { composer, log, openRoom, reads, visit, write } from './chat-visit.ts';
import {
  button,
  gone,
  looksRight,
  message,
  onMessage,
  sharedBrowser,
  startPlace,
  useTool,
  visitByCable,
} from './flows-visit.ts';

describe.skipIf(chromiumPath === undefined)('what one writes', () => {
  const browser = sharedBrowser();
  afterAll(async () => (await browser())[Symbol.asyncDispose]());

  const count = (window: BrowserWindow, text: string) =>
    log(window, 'Harbour').getByText(text, { exact: true }).count();

  test('offline is kept, marked, and sent once when the network is back', async () => {
    await using place = await startPlace();
    const bens = await visit(await browser(), place.address, 'ben');
    await openRoom(bens);
    const cable = await visitByCable(await browser(), `${place.address}/sign-in?as=ada`);
    const { window: adas } = cable;
    await openRoom(adas);
    await write(adas, 'before');
    await reads(bens, 'before');
    await cable.out();
    await adas.page.getByText('You are offline. What you write is kept.').first().waitFor();
    await write(adas, 'one');
    await write(adas, 'two');
    await reads(adas, 'two');
    await log(adas, 'Harbour').getByText('Not confirmed yet. Trying again …').first().waitFor();
    await looksRight(adas, 'offline-sending');
    await cable.in();
    await reads(bens, 'two');
    const texts = await log(bens, 'Harbour')
      .getByText(/^(before|one|two)$/)
      .allInnerTexts();
    expect(texts).toEqual(['before', 'one', 'two']);
    await gone(log(adas, 'Harbour').getByText('Not confirmed yet. Trying again …'));
    expect(await count(adas, 'one')).toBe(1);
  });

  test('whose answer was lost is stored once, though it is sent again', async () => {
    await using place = await startPlace();
    const adas = await visit(await browser(), place.address, 'ada');
    const bens = await visit(await browser(), place.address, 'ben');
    await openRoom(adas);
    await openRoom(bens);
    let tries = 0;
    await adas.page.route('**/conversations/*/messages', async (route) => {
      if (route.request().method() !== 'POST' || ++tries > 1) return route.continue();
      await route.fetch(); // the server has it
      await route.abort(); // and nobody is told
    });
    await write(adas, 'once');
    await reads(bens, 'once');
    await write(adas, 'then this');
    await reads(bens, 'then this');
    expect([await count(adas, 'once'), await count(bens, 'once')]).toEqual([1, 1]);
  });

  test('refused stays, with the reason, and can be sent again or put away', async () => {
    await using place = await startPlace({ env: { EARSHOT_APP_CHAT_ROOM_MESSAGES_PER_MINUTE: '0' } });
    const adas = await visit(await browser(), place.address, 'ada');
    await openRoom(adas);
    const refusal = { status: 403, contentType: 'application/json', body: '{"code":"locked","message":"x"}' };
    await adas.page.route('**/conversations/*/messages', (route) =>
      route.request().method() === 'POST' ? route.fulfill(refusal) : route.continue(),
    );
    await write(adas, 'keep me');
    await log(adas, 'Harbour').getByText('Not sent.').waitFor();
    await write(adas, 'put me away');
    await adas.page.getByRole('button', { name: 'Discard' }).last().waitFor();
    await looksRight(adas, 'not-sent');
    await button(adas, 'Discard').last().click();
    await gone(message(adas, 'put me away'));
    await adas.page.unroute('**/conversations/*/messages');
    await button(adas, 'Try again').click();
    await gone(log(adas, 'Harbour').getByText('Not sent.'));
    const bens = await visit(await browser(), place.address, 'ben');
    await openRoom(bens);
    await reads(bens, 'keep me');
  });

  test('shows that one types, until it is sent, given up, or the tab is gone', async () => {
    await using place = await startPlace();
    const adas = await visit(await browser(), place.address, 'ada');
    const bens = await visit(await browser(), place.address, 'ben');
    await openRoom(adas);
    await openRoom(bens);
    // Who is not known to be there is not shown to type.
    for (const window of [adas, bens]) await button(window, 'Who’s online, 2 online').waitFor();
    const typing = adas.page.getByText('Ben Franklin is typing …');
    await composer(bens, 'Harbour').pressSequentially('Wel');
    await typing.waitFor();
    await looksRight(adas, 'typing');
    await composer(bens, 'Harbour').press('Enter');
    await reads(adas, 'Wel');
    await gone(typing);
    await composer(bens, 'Harbour').pressSequentially('x');
    await typing.waitFor();
    // Says nothing more: it ends by itself.
    await gone(typing);
    await composer(bens, 'Harbour').fill('');
    await composer(bens, 'Harbour').pressSequentially('y');
    await typing.waitFor();
    await bens.close();
    await gone(typing);
  });

  test('can be changed, answered, marked and deleted, and the other one sees it', async () => {
    await using place = await startPlace();
    const adas = await visit(await browser(), place.address, 'ada');
    const bens = await visit(await browser(), place.address, 'ben');
    await openRoom(adas);
    await openRoom(bens);
    await write(adas, 'The fery sails');
    await reads(adas, 'The fery sails');
    await onMessage(adas, 'The fery sails', 'Edit');
    await write(adas, 'The ferry sails');
    await message(bens, 'The ferry sails').getByText('edited').waitFor();

    await useTool(bens, 'The ferry sails', 'Reply');
    await bens.page.getByText('Reply to Ada Lovelace').waitFor();
    await write(bens, 'At last');
    await message(adas, 'At last').getByRole('button', { name: 'In reply to Ada Lovelace' }).waitFor();

    await useTool(adas, 'At last', 'React');
    await looksRight(adas, 'reaction-picker');
    await adas.page.getByRole('dialog').getByRole('button').first().click();
    const reaction = message(bens, 'At last').getByRole('list', { name: 'Reactions' }).getByRole('button');
    await reaction.click();
    await message(adas, 'At last')
      .getByText(/2 people/)
      .waitFor();
    await looksRight(bens, 'reacted');

    await onMessage(adas, 'The ferry sails', 'Delete');
    await adas.page.getByRole('dialog', { name: 'Delete this message?' }).waitFor();
    await looksRight(adas, 'delete');
    await button(adas, 'Delete').last().click();
    await log(bens, 'Harbour').getByText('This message was deleted.').waitFor();
    expect(await bens.page.getByText('The ferry sails').count()).toBe(0);
  });
});
