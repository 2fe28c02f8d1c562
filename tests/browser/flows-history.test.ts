import { afterAll, describe, expect, test } from 'bun:test';
import { type BrowserWindow, chromiumPath } from '../support/browser.ts';
import { eventually } from '../support/hooks.ts';
import { log, openRoom, reads, visit } from './chat-visit.ts';
import {
  api,
  looksRight,
  message,
  type Place,
  sharedBrowser,
  startPlace,
  visitByCable,
} from './flows-visit.ts';

describe.skipIf(chromiumPath === undefined)('the history', () => {
  const browser = sharedBrowser();
  afterAll(async () => (await browser())[Symbol.asyncDispose]());

  /** A room in which somebody has said so many things. */
  async function told(place: Place, count: number) {
    const teller = await api(place, 'Teller');
    const { id } = await teller.openLobby();
    for (let number = 1; number <= count; number++) await teller.send(id, `number ${number}.`);
    return { teller, id };
  }
  const toTop = (window: BrowserWindow) =>
    log(window, 'Harbour').evaluate((node) => {
      node.scrollTop = 0;
    });
  const older = '**/messages?before=*';

  test('comes as one scrolls up: loading, failed and tried again by itself, and the end', async () => {
    await using place = await startPlace();
    await told(place, 120);
    const adas = await visit(await browser(), place.address, 'ada');
    let answer: (() => void) | null = null;
    const held = new Promise<void>((done) => {
      answer = done;
    });
    await adas.page.route(older, async (route) => {
      await held;
      await route.abort();
    });
    await openRoom(adas);
    await reads(adas, 'number 120.');
    expect(await message(adas, 'number 60.').count()).toBe(0);
    await toTop(adas);
    await adas.page.getByText('Loading older messages').waitFor();
    await looksRight(adas, 'history-loading');
    (answer as (() => void) | null)?.();
    await adas.page.getByText(/Older messages could not be loaded\. Trying again in \d+ s\./).waitFor();
    await looksRight(adas, 'history-failed');
    await adas.page.unroute(older);
    // Nobody clicks.
    await message(adas, 'number 60.').waitFor({ state: 'attached', timeout: 120_000 });
    await toTop(adas);
    await message(adas, 'number 20.').waitFor({ state: 'attached' });
    await toTop(adas);
    await adas.page.getByText('This is where the conversation begins.').waitFor();
    await message(adas, 'number 1.').waitFor();
    const texts = await log(adas, 'Harbour')
      .getByText(/^number \d+\.$/)
      .allInnerTexts();
    expect(texts.slice(0, 50)).toEqual(Array.from({ length: 50 }, (_, at) => `number ${at + 1}.`));
    await looksRight(adas, 'history-beginning');
  });

  test('goes on below while one reads above, and a button leads back down', async () => {
    await using place = await startPlace();
    const { teller, id } = await told(place, 45);
    const adas = await visit(await browser(), place.address, 'ada');
    await openRoom(adas);
    await reads(adas, 'number 45.');
    await toTop(adas);
    await teller.send(id, 'number 46.');
    const pill = adas.page.getByRole('button', { name: /^1 new message/ });
    await pill.waitFor();
    await looksRight(adas, 'new-below');
    expect(await log(adas, 'Harbour').evaluate((node) => node.scrollTop)).toBe(0);
    await pill.click();
    await pill.waitFor({ state: 'detached' });
    await teller.send(id, 'number 47.');
    await reads(adas, 'number 47.');
    const away = () =>
      log(adas, 'Harbour').evaluate((node) => node.scrollHeight - node.scrollTop - node.clientHeight);
    await eventually(async () => (await away()) < 2, 'it is taken along');
  });

  test('what was said while the network was away is there when it is back, in order and once', async () => {
    await using place = await startPlace();
    const { teller, id } = await told(place, 3);
    const cable = await visitByCable(await browser(), `${place.address}/sign-in?as=ada`);
    const { window: adas } = cable;
    await openRoom(adas);
    await reads(adas, 'number 3.');
    await cable.out();
    await adas.page.getByText('You are offline. What you write is kept.').first().waitFor();
    await looksRight(adas, 'offline-strip');
    for (let number = 4; number <= 12; number++) await teller.send(id, `number ${number}.`);
    await cable.in();
    await reads(adas, 'number 12.');
    const texts = await log(adas, 'Harbour')
      .getByText(/^number \d+\.$/)
      .allInnerTexts();
    expect(texts).toEqual(Array.from({ length: 12 }, (_, at) => `number ${at + 1}.`));
  });
});
