import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { type Gallery, serveGallery } from '../../packages/widget/gallery/serve.ts';
import {
  type Browser,
  type BrowserWindow,
  chromiumPath,
  startBrowser,
  type WindowOptions,
} from '../support/browser.ts';

describe.skipIf(chromiumPath === undefined)('how the widget behaves', () => {
  let browser: Browser;
  let gallery: Gallery;
  beforeAll(async () => {
    [browser, gallery] = await Promise.all([startBrowser(), serveGallery()]);
  });
  const windows: BrowserWindow[] = [];
  afterEach(async () => {
    await Promise.all(windows.splice(0).map((window) => window.close()));
  });
  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    await gallery[Symbol.asyncDispose]();
  });

  async function open(state: string, options: WindowOptions = {}, query = ''): Promise<BrowserWindow> {
    const window = await browser.open(options);
    windows.push(window);
    await window.page.goto(`${gallery.origin}/?state=${state}${query}`);
    await window.page.locator('html[data-ready]').waitFor();
    if (state.startsWith('room') || state.startsWith('conversation')) {
      await window.page.locator('.composer-input, .composer-not').first().waitFor();
    }
    return window;
  }
  /** What was done, by name. */
  const done = (window: BrowserWindow, action: string) =>
    window.evaluate<unknown[][]>(
      `gallery.done.filter(([name]) => name === '${action}').map((one) => JSON.parse(JSON.stringify(one)))`,
    );
  const rows = (window: BrowserWindow) =>
    window.evaluate<number>(`gallery.root.querySelectorAll('.entry').length`);
  /** Where the log stands, from its end. */
  const fromEnd = (window: BrowserWindow) =>
    window.evaluate<number>(`(({ scrollHeight, scrollTop, clientHeight }) => Math.round(scrollHeight - scrollTop - clientHeight))(
      gallery.root.querySelector('.log'))`);
  /** Once an expression holds in the page. */
  const until = (window: BrowserWindow, expression: string) =>
    window.evaluate(
      `(async () => { while (!(${expression})) await new Promise((done) => requestAnimationFrame(done)); })()`,
    );
  const atEnd = (window: BrowserWindow) =>
    until(
      window,
      `(({ scrollHeight, scrollTop, clientHeight }) => scrollHeight - scrollTop - clientHeight < 2)(gallery.root.querySelector('.log'))`,
    );
  /** Two frames: what was scrolled has been drawn. */
  const drawn = (window: BrowserWindow) =>
    window.evaluate(
      `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(null))))`,
    );
  /** Where in the log, which itself moves as the panel opens, the row stands that was the first to be seen when this was first asked. */
  const place = (window: BrowserWindow) =>
    window.evaluate<number>(`(() => { const log = gallery.root.querySelector('.log').getBoundingClientRect();
      globalThis.row ??= [...gallery.root.querySelectorAll('.entry')].find((row) => row.getBoundingClientRect().top > log.top).dataset.key;
      return gallery.root.querySelector('[data-key="' + row + '"]').getBoundingClientRect().top - log.top; })()`);
  /** Changes a conversation's timeline by an expression of its \`items\`. */
  const change = async (window: BrowserWindow, id: string, items: string, more = '{}') => {
    await window.evaluate(`(() => {
      const all = new Map(gallery.state().conversations);
      const one = all.get('${id}');
      const items = one.timeline.items;
      const message = (seq, text, by) => ({ type: 'message', key: 'n' + seq, hidden: false,
        message: { ...items.at(-1).message, id: 'n' + seq, seq, text, kind: 'text', replyTo: null, attachments: [], reactions: [],
          mentions: [], at: Date.now(), author: { ...items.at(-1).message.author, id: by, name: by } } });
      all.set('${id}', { ...one, timeline: { ...one.timeline, items: ${items}, ...${more} },
        conversation: { ...one.conversation, lastSeq: one.conversation.lastSeq + 1 } });
      gallery.set({ conversations: all });
    })()`);
    await drawn(window);
  };

  test('10,000 messages: few rows, and scrolling up never moves what one reads', async () => {
    const window = await open('room-long');
    await atEnd(window);
    expect(await rows(window)).toBeLessThanOrEqual(300);
    // Scrolls by itself a little each frame and notes by how much any row that stays moves besides that.
    const worst = await window.evaluate<number>(`(async () => {
      const log = gallery.root.querySelector('.log');
      const frame = () => new Promise((done) => requestAnimationFrame(() => done()));
      // In the log, which itself moves as the panel opens.
      const placeOf = (row) => row.getBoundingClientRect().top - log.getBoundingClientRect().top;
      const places = () => new Map([...log.querySelectorAll('.entry')].map((row) => [row.dataset.key, placeOf(row)]));
      let worst = 0;
      for (let step = 0; step < 150; step++) {
        log.scrollTop -= 137;
        const moved = places();
        await frame(); await frame();
        const after = places();
        for (const [key, top] of after) {
          const expected = moved.get(key);
          if (expected === undefined || top < 0 || top > log.clientHeight) continue;
          worst = Math.max(worst, Math.abs(top - expected));
        }
      }
      return worst;
    })()`);
    expect(worst).toBeLessThan(1);
    expect(await rows(window)).toBeLessThanOrEqual(300);
    expect(await fromEnd(window)).toBeGreaterThan(1000);
    await window.page.getByRole('button', { name: 'Jump to the newest message' }).click();
    await window.page.getByText('Message 10000', { exact: true }).waitFor();
    await atEnd(window);
  }, 180_000);

  test('older messages that arrive above move nothing', async () => {
    const window = await open('room-long');
    await window.evaluate(`(() => { const all = new Map(gallery.state().conversations); const one = all.get('lobby');
      all.set('lobby', { ...one, timeline: { ...one.timeline, items: one.timeline.items.slice(-40) } }); gallery.set({ conversations: all }); })()`);
    await drawn(window);
    await window.evaluate(`void (gallery.root.querySelector('.log').scrollTop = 200)`);
    await until(window, `gallery.done.some(([name]) => name === 'loadOlder')`);
    const before = await place(window);
    await change(
      window,
      'lobby',
      `[...Array.from({ length: 50 }, (_, n) => message(500 + n, 'older '.repeat(n), 'x')), ...items]`,
    );
    expect(Math.abs((await place(window)) - before)).toBeLessThan(1);
  });

  test('who reads at the end is taken along; who reads above is told how much came, and stays', async () => {
    const window = await open('room-long');
    await atEnd(window);
    await change(window, 'lobby', `[...items, message(900001, 'fresh', 'someone')]`);
    await atEnd(window);
    await window.evaluate(`void (gallery.root.querySelector('.log').scrollTop -= 1500)`);
    await drawn(window);
    const before = await place(window);
    await change(
      window,
      'lobby',
      `[...items, message(900002, 'one', 'someone'), message(900003, 'two', 'someone')]`,
    );
    expect(Math.abs((await place(window)) - before)).toBeLessThan(1);
    await window.page.getByRole('button', { name: '2 new messages' }).click();
    await window.page.getByText('two', { exact: true }).waitFor();
  });

  test('what is read is told, once it is seen', async () => {
    const window = await open('room-long');
    await window.page.bringToFront();
    await window.evaluate(`(() => { const all = new Map(gallery.state().conversations); const one = all.get('lobby');
      all.set('lobby', { ...one, conversation: { ...one.conversation, me: { ...one.conversation.me, cursor: 0 } } }); gallery.set({ conversations: all }); })()`);
    await change(window, 'lobby', `[...items, message(900001, 'fresh', 'someone')]`);
    await until(window, `gallery.done.some(([name, id, seq]) => name === 'markRead' && seq === 900001)`);
    expect((await done(window, 'markRead')).at(-1)).toEqual(['markRead', 'lobby', 900001]);
  });

  test('Enter sends, Shift and Enter breaks the line, and nothing is sent while a word is being composed', async () => {
    const window = await open('conversation');
    const { page } = window;
    const input = page.getByRole('textbox', { name: /Message to/ });
    await input.fill('');
    await input.press('Enter');
    expect(await done(window, 'send')).toEqual([]);
    await input.pressSequentially('one');
    await input.press('Shift+Enter');
    await input.pressSequentially('two');
    expect(await input.inputValue()).toBe('one\ntwo');
    const session = await page.context().newCDPSession(page);
    await session.send('Input.imeSetComposition', { text: 'に', selectionStart: 1, selectionEnd: 1 });
    await session.send('Input.dispatchKeyEvent', {
      type: 'rawKeyDown',
      key: 'Enter',
      code: 'Enter',
      windowsVirtualKeyCode: 229,
    });
    expect(await done(window, 'send')).toEqual([]);
    await session.send('Input.insertText', { text: '日' });
    // Safari's order: the composition ends, then comes the keydown of the Enter that ended it.
    await window.evaluate(`(() => { const input = gallery.root.querySelector('.composer-input');
      input.dispatchEvent(new CompositionEvent('compositionend', { bubbles: true }));
      input.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true })); })()`);
    expect(await done(window, 'send')).toEqual([]);
    // Later than an Enter that belongs to the composition.
    await window.page.waitForTimeout(100);
    await input.press('Enter');
    await until(window, `gallery.done.some(([name]) => name === 'send')`);
    expect(await done(window, 'send')).toEqual([['send', 'ada']]);
  });

  test('Tab completes a name, and leaves the box where there is none', async () => {
    const window = await open('conversation');
    const input = window.page.getByRole('textbox', { name: /Message to/ });
    await input.fill('@ad');
    await input.press('Tab');
    expect(await input.inputValue()).toBe('@Ada Lovelace ');
    await input.fill('no name');
    await input.press('Tab');
    expect(await window.evaluate<string>('gallery.root.activeElement.getAttribute("aria-label")')).toBe(
      'Emoji',
    );
  });

  test('messages are walked through by keyboard, and their tools opened and left', async () => {
    const window = await open('conversation');
    const { keyboard } = window.page;
    const active = () =>
      window.evaluate<string>(
        'gallery.root.activeElement.textContent || gallery.root.activeElement.ariaLabel',
      );
    await window.evaluate(`gallery.root.querySelector('[data-message][tabindex="0"]').focus()`);
    expect(await active()).toContain('See you!');
    await keyboard.press('ArrowUp');
    expect(await active()).toContain('See you there then.');
    await keyboard.press('Enter');
    expect(await window.evaluate<string>('gallery.root.activeElement.ariaLabel')).toBe('React');
    await keyboard.press('Tab');
    expect(await window.evaluate<string>('gallery.root.activeElement.ariaLabel')).toBe('Reply');
    await keyboard.press('Escape');
    expect(await active()).toContain('See you there then.');
    await keyboard.press('Escape');
    expect(await window.evaluate<number>(`gallery.root.querySelectorAll('.toolbar').length`)).toBe(0);
    expect(
      await window.evaluate<number>(`gallery.root.querySelectorAll('[data-message][tabindex="0"]').length`),
    ).toBe(1);
  });

  test('a menu is walked through by arrows, a dialog holds the keyboard and gives it back', async () => {
    const window = await open('conversation');
    const { page } = window;
    const more = page.getByRole('button', { name: 'More about Ada Lovelace' });
    await more.click();
    await page.getByRole('menu').waitFor();
    await page.keyboard.press('End');
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Block Ada Lovelace?' });
    await dialog.waitFor();
    for (let i = 0; i < 5; i++) {
      await page.keyboard.press('Tab');
      expect(
        await window.evaluate<boolean>(
          `gallery.root.querySelector('.sheet').contains(gallery.root.activeElement)`,
        ),
      ).toBe(true);
    }
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await until(window, `gallery.root.activeElement?.ariaLabel === 'More about Ada Lovelace'`);
    expect(await done(window, 'block')).toEqual([]);
  });

  test('a new message is told once, several in one sentence, my own never', async () => {
    const window = await open('room-long');
    const live = window.page.locator('[aria-live="polite"][aria-atomic="true"]');
    await window.evaluate(
      `(globalThis.said = [], Element.prototype.ariaNotify = function (text) { said.push(text); })`,
    );
    const said = () => window.evaluate<string[]>('said');
    const heard = (count: number) => until(window, `said.length === ${count}`);
    await change(window, 'lobby', `[...items, message(900001, 'Hello', 'Grace')]`);
    await heard(1);
    expect(await said()).toEqual(['Grace: Hello']);
    await change(window, 'lobby', `[...items, message(900002, 'mine', 'id-Robin Doe')]`);
    await change(
      window,
      'lobby',
      `[...items, message(900003, 'a', 'Grace'), message(900004, 'b', 'Alan'), message(900005, 'c', 'Grace')]`,
    );
    await heard(2);
    expect((await said())[1]).toContain('3 new messages of');
    // Without ariaNotify, the live region says it.
    await window.evaluate(`void delete Element.prototype.ariaNotify`);
    await change(window, 'lobby', `[...items, message(900006, 'Read me', 'Grace')]`);
    await until(window, `gallery.root.querySelector('[aria-atomic]').textContent.includes('Read me')`);
    expect(await live.count()).toBe(1);
  });

  test('closing gives the keyboard back to the launcher, opening gives it to what one writes in', async () => {
    const window = await open('sign-in');
    await window.page.getByRole('button', { name: 'Close chat', exact: true }).last().click();
    await until(window, `gallery.root.activeElement?.className === 'gallery-launcher'`);
    await window.evaluate(`gallery.set({ layout: { ...gallery.state().layout, open: true } })`);
    await until(window, `gallery.root.activeElement?.id === 'earshot-name'`);
  });

  test('on a phone the panel is a modal dialog as high as the keyboard leaves it; on a desk it is a region', async () => {
    const phone = await open('conversation', { width: 390, height: 760, phone: true });
    await phone.page.getByRole('dialog', { name: 'Riverside Library' }).waitFor();
    await phone.evaluate(`gallery.root.host.style.setProperty('--vv-height', '400px')`);
    expect(
      await phone.evaluate<number>(`gallery.root.querySelector('.panel').getBoundingClientRect().height`),
    ).toBe(400);
    const size = await phone.evaluate<number>(
      `Number.parseFloat(getComputedStyle(gallery.root.querySelector('.composer-input')).fontSize)`,
    );
    expect(size).toBeGreaterThanOrEqual(16);
    const desk = await open('conversation');
    await desk.page.getByRole('region', { name: 'Riverside Library' }).waitFor();
    await desk.page.getByRole('region', { name: /Conversation with/ }).waitFor();
  });

  test('more conversations than fit are behind one button, and come to the front from there', async () => {
    const window = await open('docked', { width: 1000, height: 700 });
    await window.page.getByRole('button', { name: /more conversations/ }).click();
    await window.page.getByRole('button', { name: 'Alan Turing' }).last().click();
    await window.page.getByRole('region', { name: /Conversation with.*Alan/ }).waitFor();
  });

  test('hostile names and texts are text', async () => {
    const window = await open('room-long');
    await change(
      window,
      'lobby',
      `[...items, message(900001, '<img src=x onerror=alert(1)> javascript:alert(1) https://a.example/"><b>', '<b>Mallory</b>')]`,
    );
    await window.page.locator('.bubble-text', { hasText: '<img src=x onerror=alert(1)>' }).waitFor();
    expect(
      await window.evaluate<string[]>(
        `[...gallery.root.querySelectorAll('.entry:last-child a')].map((link) => link.protocol)`,
      ),
    ).toEqual(['https:']);
    expect(window.errors).toEqual([]);
  });
});
