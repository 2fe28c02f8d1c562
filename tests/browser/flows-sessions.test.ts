import { afterAll, describe, expect, test } from 'bun:test';
import {
  oidcClient,
  startOidcServer,
} from '../../packages/chat/src/identity/providers/oidc-provider.testing.ts';
import { type BrowserWindow, chromiumPath } from '../support/browser.ts';
import { becomes, composer, enterAsGuest, launcher, openRoom, reads, visit, write } from './chat-visit.ts';
import { anotherTab, button, gone, looksRight, panel, sharedBrowser, startPlace } from './flows-visit.ts';

describe.skipIf(chromiumPath === undefined)('who one is', () => {
  const browser = sharedBrowser();
  afterAll(async () => (await browser())[Symbol.asyncDispose]());

  const settings = async (window: BrowserWindow) => {
    await button(window, 'Settings').last().click();
    await window.page.getByRole('heading', { name: 'Settings' }).waitFor();
  };
  const joinView = ({ page }: BrowserWindow) => page.getByLabel('Your name');

  test('a guest: a name that is held or empty is refused in words, and the form stays', async () => {
    await using place = await startPlace();
    const adas = await visit(await browser(), place.address, 'ada');
    await openRoom(adas);
    const cleos = await visit(await browser(), place.address, null);
    await launcher(cleos).click();
    await joinView(cleos).fill('   ');
    await cleos.page.keyboard.press('Enter');
    await joinView(cleos).fill('Аda Lovelace'); // with a Cyrillic А
    await cleos.page.keyboard.press('Enter');
    await cleos.page
      .getByRole('alert')
      .getByText('Somebody here has this name, or one that looks the same. Choose another one.')
      .waitFor();
    await looksRight(cleos, 'name-taken');
    await joinView(cleos).fill('Клео 日本');
    await cleos.page.keyboard.press('Enter');
    await write(cleos, 'any script will do');
    await reads(adas, 'any script will do');
    await adas.page.getByText('Клео 日本').first().waitFor();
  });

  test('a guest who signs in with a provider keeps the conversations; the page stays where it is', async () => {
    await using place = await startPlace({ env: { EARSHOT_WEBHOOK_PRIVATE_ADDRESSES: 'true' } });
    const { server } = place;
    await using oidc = await startOidcServer([`${server.origin}/chat/sign-in/callback`]);
    await server.update({
      origins: [place.address],
      chatOidcIssuer: oidc.issuer,
      chatOidcName: 'Harbour ID',
      chatOidcClientId: oidcClient.id,
      chatOidcClientSecret: oidcClient.secret,
    });
    const window = await visit(await browser(), `${place.address}/second`, null);
    const { page } = window;
    await launcher(window).click();
    await button(window, 'Continue with Harbour ID').waitFor();
    await enterAsGuest(window, 'Cleo');
    await write(window, 'as a guest');
    await reads(window, 'as a guest');
    await settings(window);
    await looksRight(window, 'guest-settings');
    const opened = page.waitForEvent('popup');
    await button(window, 'Continue with Harbour ID').click();
    const popup = await opened;
    await popup.getByPlaceholder('Enter any login').fill('cleo');
    await popup.getByPlaceholder('and password').fill('any');
    await popup.getByRole('button', { name: 'Sign-in' }).click();
    const closed = popup.waitForEvent('close');
    await popup.getByRole('button', { name: 'Continue' }).click();
    await closed;
    // The same person under the name they chose, and no guest any more.
    await gone(page.getByTitle('Guest: this name is not verified'));
    await reads(window, 'as a guest');
    expect(new URL(page.url()).pathname).toBe('/second');
    await write(window, 'as somebody');
    await reads(window, 'as somebody');
    // It is the same person: both lines are "You".
    expect(await page.getByRole('article', { name: /^You (as a guest|as somebody)/ }).count()).toBe(2);
    await page.reload();
    await reads(window, 'as somebody');
    expect(await page.getByTitle('Guest: this name is not verified').count()).toBe(0);
    // The site's own policy keeps the provider's picture out; initials stand in.
    expect(window.errors.filter((error) => !error.includes("'https://id.example/cleo.png'"))).toEqual([]);
  });

  test('signing out in one tab signs out the others, and ends who one was for everybody', async () => {
    await using place = await startPlace();
    const adas = await visit(await browser(), place.address, 'ada');
    await openRoom(adas);
    const cleos = await visit(await browser(), place.address, null);
    await launcher(cleos).click();
    await enterAsGuest(cleos, 'Cleo');
    await composer(cleos, 'Harbour').waitFor();
    const second = await anotherTab(cleos, place.address);
    await launcher(second).click();
    await composer(second, 'Harbour').waitFor();
    await button(adas, 'Who’s online, 2 online').waitFor();
    await settings(second);
    await button(second, 'Sign out').click();
    await joinView(second).waitFor();
    await joinView(cleos).waitFor();
    await button(adas, 'Who’s online, 1 online').waitFor();
    await becomes(cleos, 'localStorage.length + sessionStorage.length', 0);
    await looksRight(cleos, 'signed-out');
  });

  test('erase me: a word has to be typed, then nothing of the person is left', async () => {
    await using place = await startPlace();
    const adas = await visit(await browser(), place.address, 'ada');
    await openRoom(adas);
    const cleos = await visit(await browser(), place.address, null);
    await launcher(cleos).click();
    await enterAsGuest(cleos, 'Cleo');
    await write(cleos, 'forget this');
    await reads(adas, 'forget this');
    await panel(adas, 'Harbour').getByText('Cleo came in.').waitFor();
    await settings(cleos);
    const download = cleos.page.waitForEvent('download');
    await button(cleos, 'Download my data').click();
    expect((await download).suggestedFilename()).toBe('chat-export.json');
    await button(cleos, 'Erase my account …').click();
    const sheet = cleos.page.getByRole('dialog', { name: 'Erase your account?' });
    const erase = sheet.getByRole('button', { name: 'Erase everything' });
    expect(await erase.getAttribute('aria-disabled')).toBe('true');
    await sheet.getByRole('textbox').fill('erase');
    await looksRight(cleos, 'erase');
    await erase.click();
    await joinView(cleos).waitFor();
    await gone(adas.page.getByText('forget this'));
    await panel(adas, 'Harbour').getByText('This message was deleted.').waitFor();
    await panel(adas, 'Harbour').getByText('Deleted person').first().waitFor();
    await looksRight(adas, 'erased');
    // That somebody came in and left was told to those who were there, and is kept nowhere.
    await adas.page.reload();
    await panel(adas, 'Harbour').getByText('This message was deleted.').waitFor();
    expect(await adas.page.getByText('Cleo').count()).toBe(0);
  });
});
