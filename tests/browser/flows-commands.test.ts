import { afterAll, describe, expect, test } from 'bun:test';
import { type BrowserWindow, chromiumPath } from '../support/browser.ts';
import { composer, enterAsGuest, launcher, log, openRoom, reads, visit, write } from './chat-visit.ts';
import { button, looksRight, message, type Place, sharedBrowser, startPlace } from './flows-visit.ts';

describe.skipIf(chromiumPath === undefined)('what one can type', () => {
  const browser = sharedBrowser();
  afterAll(async () => (await browser())[Symbol.asyncDispose]());

  const says = (window: BrowserWindow, text: string, title = 'Harbour') =>
    log(window, title).getByText(text).waitFor();

  async function guest(place: Place, name: string): Promise<BrowserWindow> {
    const window = await visit(await browser(), place.address, null);
    await launcher(window).click();
    await enterAsGuest(window, name);
    await composer(window, 'Harbour').waitFor();
    return window;
  }

  test('/me, /nick, /help, and what is no command', async () => {
    await using place = await startPlace();
    const adas = await visit(await browser(), place.address, 'ada');
    await openRoom(adas);
    const cleos = await guest(place, 'Cleo');
    await write(cleos, '/me waves');
    await says(adas, 'Cleo waves');
    await write(cleos, '/nick Clementine');
    await says(adas, 'Clementine waves');
    await write(cleos, '/dance');
    await says(cleos, 'There is no command /dance. Type /help for those there are.');
    expect(await composer(cleos, 'Harbour').inputValue()).toBe('/dance');
    await write(cleos, '/nick');
    await says(cleos, 'Use it like this: /nick name');
    await write(cleos, '/help');
    await says(cleos, 'Commands: /me /nick /topic /kick /ban /mute /join /leave /help');
    await write(cleos, '/nick Ada Lovelace');
    await says(cleos, 'Somebody here has this name, or one that looks the same.');
    await write(cleos, '//etc is a folder');
    await reads(adas, '/etc is a folder');
    await looksRight(cleos, 'commands');
    // Answers to commands are seen by nobody else.
    expect(await log(adas, 'Harbour').getByText('Commands:').count()).toBe(0);
  });

  test('/topic and /kick, for those who may; who is kicked hears nothing more', async () => {
    await using place = await startPlace();
    const adas = await visit(await browser(), place.address, 'ada');
    await openRoom(adas);
    const cleos = await guest(place, 'Cleo');
    await write(cleos, '/topic My own');
    await says(cleos, 'You may not do this.');
    await button(adas, 'New room').click();
    await adas.page.getByRole('dialog').getByLabel('Title').fill('Crew');
    await button(adas, 'Create room').click();
    await composer(adas, 'Crew').waitFor();
    const heard: string[] = [];
    cleos.page.on('websocket', (socket) =>
      socket.on('framereceived', ({ payload }) => heard.push(String(payload))),
    );
    await cleos.page.reload();
    await write(cleos, '/join crew');
    await composer(cleos, 'Crew').waitFor();
    await write(adas, '/topic Fog, again', 'Crew');
    await says(cleos, 'Ada Lovelace set the topic: Fog, again', 'Crew');
    await cleos.page.getByTitle('Fog, again').waitFor();
    await write(adas, 'for all', 'Crew');
    await reads(cleos, 'for all', 'Crew');
    expect(heard.join()).toContain('for all');
    await write(adas, '/kick Cleo', 'Crew');
    await cleos.page.getByText('You were removed from this room.').waitFor();
    await looksRight(cleos, 'kicked');
    await says(adas, 'Ada Lovelace removed Cleo.', 'Crew');
    await write(adas, 'for those who are left', 'Crew');
    await reads(adas, 'for those who are left', 'Crew');
    // What comes later comes to her, so that she would have had what came before.
    await write(adas, 'and for the lobby');
    await reads(cleos, 'and for the lobby');
    expect(heard.join()).not.toContain('for those who are left');
    await button(cleos, 'Enter again').click();
    await write(cleos, 'back', 'Crew');
    await reads(adas, 'back', 'Crew');
  });

  test('Tab completes names; who is mentioned is told, and sees it', async () => {
    await using place = await startPlace();
    const adas = await visit(await browser(), place.address, 'ada');
    const bens = await visit(await browser(), place.address, 'ben');
    await openRoom(adas);
    await openRoom(bens);
    await says(adas, 'Ben Franklin came in.');
    const field = composer(adas, 'Harbour');
    await field.pressSequentially('See there, be');
    await field.press('Tab');
    expect(await field.inputValue()).toBe('See there, @Ben Franklin ');
    await button(bens, 'Close Harbour').click();
    await field.press('Enter');
    await bens.page.getByText('1 mention').waitFor();
    await bens.page.getByRole('button', { name: /Ada Lovelace: See there/ }).click();
    const mention = message(bens, 'See there').locator('.mention');
    await mention.waitFor();
    await looksRight(bens, 'mention');
    expect(await mention.innerText()).toBe('@Ben Franklin');
  });

  test('hostile names and texts are text on the screen of everybody', async () => {
    await using place = await startPlace();
    const adas = await visit(await browser(), place.address, 'ada');
    await openRoom(adas);
    const name = '<img src=x onerror=alert(1)>';
    const eves = await guest(place, name);
    const texts = [
      '<script>document.title = 1</script>',
      '"><svg onload=alert(1)>',
      '[a](javascript:alert(1)) javascript:alert(2)',
      '{{constructor.constructor("alert(1)")()}} $' + '{alert(1)} %3Cscript%3E',
      'מימין \u202eמשמאל gnp.exe',
      'a'.repeat(3_000),
      '🏴󠁧󠁢󠁥󠁮󠁧󠁿'.repeat(60),
    ];
    let alerts = 0;
    adas.page.on('dialog', (dialog) => {
      alerts++;
      void dialog.dismiss();
    });
    for (const text of texts) await write(eves, text);
    for (const text of texts.slice(0, 4)) await reads(adas, text);
    await log(adas, 'Harbour').getByText('a'.repeat(3_000)).waitFor();
    await adas.page.getByText(`${name} came in.`).waitFor();
    const inside = await adas.page
      .getByRole('log')
      .evaluate((node) => [
        node.querySelectorAll('script, img, iframe, object, [onload], [onerror]').length,
        [...node.querySelectorAll('a')].filter((link) => !/^https?:|^mailto:/.test(link.href)).length,
        [...node.querySelectorAll('.bubble, .line, .who')]
          .filter((one) => one.getBoundingClientRect().right > node.getBoundingClientRect().right)
          .map((one) => one.textContent),
        (node.textContent ?? '').includes('\u202e'),
      ]);
    expect(inside).toEqual([0, 0, [], false]);
    expect(alerts).toBe(0);
    expect(await adas.page.title()).toContain('The Harbour Post');
    await looksRight(adas, 'hostile');
    expect(adas.errors).toEqual([]);
  });
});
