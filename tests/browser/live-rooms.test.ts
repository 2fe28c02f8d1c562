import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { type Browser, type BrowserWindow, chromiumPath, startBrowser } from '../support/browser.ts';
import type { TestServer } from '../support/server.ts';
import { becomes, open } from './chat-visit.ts';
import {
  enter,
  field,
  guest,
  host,
  lane,
  lettersOf,
  sees,
  startLiveServer,
  startRoom,
  type,
  typeAtOnce,
} from './live-visit.ts';

describe.skipIf(chromiumPath === undefined)('live rooms, in Chromium', () => {
  let browser: Browser;
  let server: TestServer;
  beforeAll(async () => {
    [browser, server] = await Promise.all([startBrowser(), startLiveServer()]);
  });
  afterEach(() => browser.closeWindows());
  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  /** Nothing went wrong, and nobody else was asked for anything. */
  function isClean(...windows: BrowserWindow[]): void {
    for (const window of windows) {
      expect(window.errors).toEqual([]);
      expect(window.requestedElsewhere(server.origin)).toEqual([]);
    }
  }

  test('one starts a room, shares its link, and both see each other’s words come and go', async () => {
    const { window: ada, link } = await host(browser, server, 'Ada', { seconds: 3 });
    expect(new URL(link).pathname).toMatch(/^\/live\/[\w-]{22}$/);
    expect(new URL(link).hash).toMatch(/k=[\w-]{40,}/);
    await ada.page.getByText('Nobody else is here yet.').waitFor();
    // What is news is said for a moment only.
    const [ben] = await Promise.all([guest(browser, link, 'Ben'), isNews(ada, 'Ben came in')]);
    await lane(ada, 'Ben').waitFor();
    await ada.page.getByText('2 here').waitFor();

    await Promise.all([typeAtOnce(ada, 'hello'), sees(ben, 'Ada', 'hello')]);
    await Promise.all([typeAtOnce(ben, 'oh, you!'), sees(ada, 'Ben', 'oh, you!')]);
    // And nothing of them is left: not for the eye, not for the ear, not in the field.
    await sees(ben, 'Ada', '');
    await sees(ada, 'Ben', '');
    expect(await lettersOf(ada, 'Ben')).toEqual([]);
    expect(await field(ada).inputValue()).toBe('');
    expect(await field(ben).inputValue()).toBe('');
    isClean(ada, ben);
  });

  test('each letter fades by itself, in steps', async () => {
    const { window: ada, link } = await host(browser, server, 'Ada', { seconds: 1 });
    const ben = await guest(browser, link, 'Ben');
    await lane(ben, 'Ada').waitFor();
    await ben.evaluate(`(() => {
      const steps = new Set();
      let mixed = false;
      new MutationObserver(() => {
        const now = [...document.querySelectorAll('.lane:not(.lane-mine) .letters > span')].map((one) => one.className);
        for (const step of now) steps.add(step);
        mixed ||= new Set(now).size > 2;
        Object.assign(window, { steps: steps.size, mixed });
      }).observe(document.querySelector('.lanes'), { subtree: true, childList: true, attributes: true });
    })()`);
    // A screen that is drawn seldom shows few steps of one text.
    while (!(await ben.evaluate<boolean>('window.steps > 5 && window.mixed'))) {
      await type(ada, 'one letter after the other');
    }
    await sees(ben, 'Ada', '');
  });

  test('three talk at the same time; what one deletes goes everywhere', async () => {
    const { window: ada, link } = await host(browser, server, 'Ada');
    const [ben, cleo] = [await guest(browser, link, 'Ben'), await guest(browser, link, 'Cleo')];
    await Promise.all([type(ada, 'from ada'), type(ben, 'from ben'), type(cleo, 'from cleo')]);
    for (const window of [ada, ben, cleo]) {
      for (const name of ['Ada', 'Ben', 'Cleo']) {
        const own = window === { Ada: ada, Ben: ben, Cleo: cleo }[name];
        await sees(window, own ? 'You' : name, `from ${name.toLowerCase()}`);
      }
    }
    for (let count = 0; count < 3; count++) await field(ada).press('Backspace');
    await type(ada, 'me');
    for (const window of [ben, cleo]) await sees(window, 'Ada', 'from me');
    // In the middle, too.
    await field(ada).press('Home');
    await type(ada, 'all ');
    await sees(cleo, 'Ada', 'all from me');
    isClean(ada, ben, cleo);
  });

  test('a room of no take-backs keeps what was typed until it fades, and says so', async () => {
    const { window: ada, link } = await host(browser, server, 'Ada', { noTakeBacks: true });
    const ben = await guest(browser, link, 'Ben');
    await ben.page.getByText('No take-backs').waitFor();
    await type(ada, 'never');
    for (let count = 0; count < 3; count++) await field(ada).press('Backspace');
    await type(ada, '!');
    await sees(ben, 'Ada', 'never!');
    expect(await field(ada).inputValue()).toBe('never!');
    isClean(ada, ben);
  });

  test('who holds the screen, slows the fading or switches it off does so alone', async () => {
    const { window: ada, link } = await host(browser, server, 'Ada', { seconds: 1 });
    const [ben, cleo] = [await guest(browser, link, 'Ben'), await guest(browser, link, 'Cleo')];
    const hold = ben.page.getByRole('button', { name: 'Hold' });
    await hold.click();
    expect(await hold.getAttribute('aria-pressed')).toBe('true');
    await cleo.page.getByLabel('Fading, for you alone').selectOption('Stays');
    await typeAtOnce(ada, 'gone soon');
    await sees(ben, 'Ada', 'gone soon');
    await sees(cleo, 'Ada', 'gone soon');
    await sees(ada, 'You', '');
    await sees(ben, 'Ada', 'gone soon');
    await sees(cleo, 'Ada', 'gone soon');
    await hold.click();
    await sees(ben, 'Ada', '');
    await sees(cleo, 'Ada', 'gone soon');
    expect(await cleo.accessibilityProblems()).toEqual([]);
    await cleo.page.getByLabel('Fading, for you alone').selectOption('Fades');
    await sees(cleo, 'Ada', '');
    isClean(ada, ben, cleo);
  });

  test('who comes late sees what still stands, and who was there', async () => {
    const { window: ada, link } = await host(browser, server, 'Ada');
    await type(ada, 'already here');
    const ben = await guest(browser, link, 'Ben');
    await sees(ben, 'Ada', 'already here');
    isClean(ada, ben);
  });

  test('who looks elsewhere, comes back and leaves is seen by the others', async () => {
    const { window: ada, link } = await host(browser, server, 'Ada');
    const ben = await guest(browser, link, 'Ben');
    await lane(ada, 'Ben').waitFor();
    await Promise.all([hideTab(ben, true), isNews(ada, 'Ben looks elsewhere')]);
    await lane(ada, 'Ben').getByText('looks elsewhere').waitFor();
    await hideTab(ben, false);
    await lane(ada, 'Ben').getByText('looks elsewhere').waitFor({ state: 'detached' });
    await Promise.all([
      ben.page.getByRole('button', { name: 'Leave' }).click(),
      lane(ada, 'Ben').getByText('has left').waitFor(),
    ]);
    await ben.page.getByRole('heading', { name: 'You have left' }).waitFor();
    await lane(ada, 'Ben').waitFor({ state: 'detached' });
    await ben.page.getByRole('button', { name: 'Come back' }).click();
    await lane(ada, 'Ben').waitFor();
    isClean(ada, ben);
  });

  test('a reload keeps name and lane; another room does not ask for the name again', async () => {
    const { window: ada, link } = await host(browser, server, 'Ada');
    const ben = await guest(browser, link, 'Ben');
    await lane(ada, 'Ben').waitFor();
    await ben.page.reload();
    await ben.page.locator('.lane-mine').getByText('Ben').waitFor();
    await type(ben, 'still me');
    await sees(ada, 'Ben', 'still me');
    expect(await lane(ada, 'Ben').getAttribute('aria-label')).toBe('Ben, lane 2');
    await ben.page.goto(`${server.origin}/live/new`);
    await ben.page.getByText('Nobody else is here yet.').waitFor();
    isClean(ada, ben);
  });

  test('a full room says so, its maker alone hears of it, and who waits comes in when somebody leaves', async () => {
    await using small = await startLiveServer({ EARSHOT_APP_CHAT_LIVE_PEOPLE: '2' });
    const { window: ada, link } = await host(browser, small, 'Ada');
    const ben = await guest(browser, link, 'Ben');
    const cleo = await open(browser);
    await cleo.page.goto(link);
    await cleo.page.getByLabel('Your name').fill('Cleo');
    await cleo.page.getByRole('button', { name: 'Enter' }).click();
    await cleo.page.getByRole('heading', { name: 'The room is full' }).waitFor();
    expect(await cleo.accessibilityProblems()).toEqual([]);
    await ada.page.getByText('The room is full, and somebody is waiting at the door.').waitFor();
    expect(await ben.page.getByText('The room is full').count()).toBe(0);
    await ben.page.getByRole('button', { name: 'Leave' }).click();
    await cleo.page.locator('.lane-mine').waitFor();
    await type(cleo, 'in at last');
    await sees(ada, 'Cleo', 'in at last');
  });

  test('unknown, expired and impossible rooms have one page, with status 404', async () => {
    const window = await open(browser);
    const { page } = window;
    const bodies = new Set<string>();
    for (const room of ['AAAAAAAAAAAAAAAAAAAAAA', 'nonsense', '%00', 'a/b', 'x'.repeat(300)]) {
      const response = await fetch(`${server.origin}/live/${room}`);
      expect(response.status).toBe(404);
      expect(response.headers.get('Cache-Control')).toBe('no-store');
      bodies.add(await response.text());
    }
    expect(bodies.size).toBe(1);
    await page.goto(`${server.origin}/live/AAAAAAAAAAAAAAAAAAAAAA#k=x`);
    await page.getByRole('heading', { name: 'There is no room here' }).waitFor();
    expect(await window.accessibilityProblems()).toEqual([]);
    await page.getByRole('link', { name: 'Start another room' }).click();
    await page.getByLabel('Your name').waitFor();
    expect(new URL(page.url()).pathname).toMatch(/^\/live\/[\w-]{22}$/);
  });

  test('a link without its end is refused in words', async () => {
    const { link } = await host(browser, server, 'Ada');
    const window = await open(browser);
    await window.page.goto(link.replace(/#.*/, ''));
    await window.page.getByRole('heading', { name: 'The link is incomplete' }).waitFor();
    expect(await window.accessibilityProblems()).toEqual([]);
  });

  test('an input method shows what it has not settled, and the others see it change', async () => {
    const { window: ada, link } = await host(browser, server, 'Ada', { noTakeBacks: true });
    const ben = await guest(browser, link, 'Ben');
    await lane(ada, 'Ben').waitFor();
    await field(ada).focus();
    const keyboard = await ada.page.context().newCDPSession(ada.page);
    const compose = (text: string) =>
      keyboard.send('Input.imeSetComposition', {
        text,
        selectionStart: text.length,
        selectionEnd: text.length,
      });
    for (const text of ['n', 'に', 'にh', 'にほ', 'にほん']) await compose(text);
    await ada.page.locator('.write-composing').waitFor();
    await sees(ben, 'Ada', 'にほん');
    await keyboard.send('Input.insertText', { text: '日本' });
    await sees(ben, 'Ada', '日本');
    expect(await field(ada).inputValue()).toBe('日本');
    await ada.page.locator('.write-composing').waitFor({ state: 'detached' });
    isClean(ada, ben);
  });

  test('a family, a flag and an accent are one letter each', async () => {
    const { window: ada, link } = await host(browser, server, 'Ada');
    const ben = await guest(browser, link, 'Ben');
    await lane(ada, 'Ben').waitFor();
    const keyboard = await ada.page.context().newCDPSession(ada.page);
    await field(ada).focus();
    for (const text of ['👩‍👩‍👧‍👦', '🇨🇭', 'é', 'क्षि']) await keyboard.send('Input.insertText', { text });
    await sees(ben, 'Ada', '👩‍👩‍👧‍👦🇨🇭éक्षि');
    expect((await lettersOf(ben, 'Ada')).slice(0, 3)).toEqual(['👩‍👩‍👧‍👦', '🇨🇭', 'é']);
    isClean(ada, ben);
  });

  test('what is pasted comes as one piece, lines and hostile words included', async () => {
    const { window: ada, link } = await host(browser, server, 'Ada');
    const ben = await guest(browser, link, 'Ben');
    await lane(ada, 'Ben').waitFor();
    const text = '<img src=x onerror=alert(1)>\n"second" line';
    await paste(ada, text);
    await sees(ben, 'Ada', text);
    isClean(ada, ben);
  });

  test('a picture that is pasted or chosen is seen by the others, without what it knew of its place, and goes', async () => {
    const { window: ada, link } = await host(browser, server, 'Ada', { seconds: 1 });
    const ben = await guest(browser, link, 'Ben');
    await lane(ada, 'Ben').waitFor();
    const sent: Buffer[] = [];
    ada.page.on('request', (request) => {
      if (request.url().includes('/pictures')) sent.push(request.postDataBuffer() ?? Buffer.alloc(0));
    });
    await ada.page.locator('input[type=file]').setInputFiles({
      name: 'harbour.png',
      mimeType: 'image/png',
      buffer: Buffer.from(await pngWithPlace(ada), 'base64'),
    });
    const picture = lane(ben, 'Ada').getByRole('img', { name: 'Picture from Ada' });
    await picture.waitFor();
    const size = await picture.evaluate(async (one: HTMLImageElement) => {
      await one.decode();
      return [one.naturalWidth, one.naturalHeight];
    });
    expect(size).toEqual([40, 30]);
    // The receiver has pixels alone.
    const text = await ben.evaluate<string>(
      `fetch(document.querySelector('.picture').src).then((r) => r.blob()).then((b) => b.text()).catch(String)`,
    );
    expect(text).not.toContain('54.3213N');
    expect(sent.length).toBe(1);
    expect(sent[0]?.includes('PNG')).toBe(false);
    expect(sent[0]?.includes('WEBP')).toBe(false);
    expect(await ben.accessibilityProblems()).toEqual([]);
    await picture.waitFor({ state: 'detached' });
    isClean(ada);
  });

  test('what is no picture is refused in words', async () => {
    const { window: ada } = await host(browser, server, 'Ada');
    await ada.page
      .locator('input[type=file]')
      .setInputFiles({ name: 'x.png', mimeType: 'image/png', buffer: Buffer.from('no picture') });
    await ada.page.getByText('This is not a picture that the browser can read.').waitFor();
    await ada.page.getByRole('button', { name: 'Dismiss' }).click();
    await ada.page.getByText('This is not a picture').waitFor({ state: 'detached' });
    isClean(ada);
  });

  test('frames and requests on the wire hold no word, no name and no key', async () => {
    const ada = await open(browser);
    const wire: string[] = [];
    const session = await ada.page.context().newCDPSession(ada.page);
    await session.send('Network.enable');
    session.on('Network.webSocketFrameSent', ({ response }) => void wire.push(response.payloadData));
    session.on('Network.webSocketFrameReceived', ({ response }) => void wire.push(response.payloadData));
    session.on(
      'Network.requestWillBeSent',
      ({ request }) =>
        void wire.push(`${request.url} ${JSON.stringify(request.headers)} ${request.postData ?? ''}`),
    );
    const link = await startRoom(ada, server);
    await enter(ada, 'Adalbertine');
    const ben = await guest(browser, link, 'Benedictus');
    await lane(ada, 'Benedictus').waitFor();
    await type(ada, 'lighthouse');
    await sees(ben, 'Adalbertine', 'lighthouse');
    await type(ben, 'peppermint');
    await sees(ada, 'Benedictus', 'peppermint');
    const all = wire.join('\n');
    expect(all).toContain('client-');
    const key = /k=([\w-]+)/.exec(link)?.[1] ?? '';
    for (const word of ['lighthouse', 'peppermint', 'Adalbertine', 'Benedictus', key]) {
      expect(all.includes(word) ? word : '').toBe('');
      expect(all.includes(Buffer.from(word).toString('base64').slice(0, 10)) ? word : '').toBe('');
    }
    isClean(ada, ben);
  });

  test('screen readers hear phrases, not letters', async () => {
    const { window: ada, link } = await host(browser, server, 'Ada');
    const ben = await guest(browser, link, 'Ben');
    await lane(ada, 'Ben').waitFor();
    await ben.evaluate(`(() => {
      const said = [];
      const region = document.querySelector('[aria-live=polite][aria-relevant]');
      new MutationObserver((changes) => {
        for (const { addedNodes } of changes) for (const node of addedNodes) said.push(node.textContent);
      }).observe(region, { childList: true, subtree: true });
      Object.assign(window, { said });
    })()`);
    await typeAtOnce(ada, 'come here quickly');
    await becomes(ben, 'window.said.length', 1);
    expect(await ben.evaluate<string[]>('window.said')).toEqual(['Ada: come here quickly']);
    const { nodes } = await (await ben.page.context().newCDPSession(ben.page)).send(
      'Accessibility.getFullAXTree',
    );
    const inLanes = nodes.filter(({ name, ignored }) => !ignored && name?.value === 'c');
    expect(inLanes).toEqual([]);
  });

  test('without motion words go without fading', async () => {
    const { window: ada, link } = await host(browser, server, 'Ada', { seconds: 3 });
    const ben = await guest(browser, link, 'Ben', { reducedMotion: 'reduce' });
    await lane(ada, 'Ben').waitFor();
    await ben.evaluate(`(() => {
      let faded = 0;
      new MutationObserver(() => {
        faded += document.querySelectorAll('[class^=fade-]').length;
        window.faded = faded;
      }).observe(document.querySelector('.lanes'), { subtree: true, childList: true, attributes: true });
    })()`);
    await Promise.all([typeAtOnce(ada, 'there'), sees(ben, 'Ada', 'there')]);
    await sees(ben, 'Ada', '');
    expect(await ben.evaluate<number>('window.faded')).toBe(0);
  });

  test('my own letters stand where the field has its caret', async () => {
    const { window: ada } = await host(browser, server, 'Ada', { seconds: 2 });
    await type(ada, 'the quick brown fox jumps over the lazy dog and then over the fence');
    const apart = await ada.evaluate<number[]>(`(() => {
      const [field, letters] = ['.write-field', '.letters'].map((one) => document.querySelector('.lane-mine ' + one));
      const [a, b] = [field, letters].map((one) => one.getBoundingClientRect());
      const same = ['fontSize', 'fontFamily', 'lineHeight', 'letterSpacing', 'textIndent', 'whiteSpace', 'overflowWrap']
        .filter((key) => getComputedStyle(field)[key] !== getComputedStyle(letters)[key]);
      return [a.left - b.left, a.width - b.width, a.bottom - b.bottom, Math.max(0, field.scrollHeight - field.clientHeight), same.length];
    })()`);
    expect(apart.map((one) => Math.abs(Math.round(one)))).toEqual([0, 0, 0, 0, 0]);
  });
});

/** Waits until something is said about who comes, goes or looks elsewhere, which fades away. */
async function isNews({ page }: BrowserWindow, text: string): Promise<void> {
  await page.getByRole('status').filter({ hasText: text }).waitFor();
}

/** As the browser tells a page whose tab is not on the screen. */
async function hideTab(window: BrowserWindow, hidden: boolean): Promise<void> {
  await window.evaluate(`(() => {
    Object.defineProperty(document, 'visibilityState', { configurable: true, value: '${hidden ? 'hidden' : 'visible'}' });
    Object.defineProperty(document, 'hidden', { configurable: true, value: ${hidden} });
    document.dispatchEvent(new Event('visibilitychange'));
  })()`);
}

async function paste(window: BrowserWindow, text: string): Promise<void> {
  await field(window).focus();
  const session = await window.page.context().newCDPSession(window.page);
  await session.send('Input.insertText', { text });
}

/** A picture of 40 by 30, with words about its place in it, as base64. */
async function pngWithPlace(window: BrowserWindow): Promise<string> {
  const address = await window.evaluate<string>(`(() => {
    const canvas = document.createElement('canvas');
    canvas.width = 40;
    canvas.height = 30;
    const paper = canvas.getContext('2d');
    paper.fillStyle = 'teal';
    paper.fillRect(0, 0, 40, 30);
    return canvas.toDataURL('image/png');
  })()`);
  const png = Buffer.from(address.split(',')[1] ?? '', 'base64');
  const text = Buffer.from('tEXtComment\0taken at 54.3213N 10.1349E');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length - 4);
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(Bun.hash.crc32(text));
  const end = png.length - 12;
  return Buffer.concat([png.subarray(0, end), length, text, crc, png.subarray(end)]).toString('base64');
}
