import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { type Browser, chromiumPath, startBrowser } from '../support/browser.ts';
import {
  askedOf,
  becomes,
  composer,
  enterAsGuest,
  launcher,
  open,
  openRoom,
  reads,
  startChatServer,
  startPages,
  startSite,
  visit,
  write,
} from './chat-visit.ts';

describe.skipIf(chromiumPath === undefined)('a page that embeds the chat', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterEach(() => browser.closeWindows());
  afterAll(() => browser[Symbol.asyncDispose]());

  test('until somebody wants to chat there is one request, nothing stored, and nothing moves', async () => {
    await using server = await startChatServer();
    await using site = await startSite(server);
    const window = await visit(browser, site.address, null);
    // A page that is idle is when something more would come.
    await window.evaluate('new Promise((done) => requestIdleCallback(() => setTimeout(done, 300)))');
    expect(askedOf(window, server)).toEqual(['/widget.js']);
    expect(await window.page.context().cookies()).toEqual([]);
    expect(
      await window.evaluate(
        `(async () => [localStorage.length, sessionStorage.length, (await indexedDB.databases()).length,
           (await navigator.serviceWorker.getRegistrations()).length, (await caches.keys()).length])()`,
      ),
    ).toEqual([0, 0, 0, 0, 0]);
    const shifts = await window.evaluate<number>(
      `new Promise((done) => {
         const seen = [];
         new PerformanceObserver((list) => seen.push(...list.getEntries())).observe({ type: 'layout-shift', buffered: true });
         setTimeout(() => done(seen.length), 100);
       })`,
    );
    expect(shifts).toBe(0);
    expect(window.errors).toEqual([]);
  });

  test('a strict policy, Trusted Types and !important on everything keep neither from the other', async () => {
    await using server = await startChatServer();
    await using site = await startSite(server);
    const window = await visit(browser, site.address, 'ada');
    const look = () =>
      window.evaluate<unknown>(
        `[...document.querySelectorAll('header, nav, h1, article, p, button')].map((node) => {
           const { x, y, width, height } = node.getBoundingClientRect();
           return [node.tagName, x, y, width, height, getComputedStyle(node).font, getComputedStyle(node).color];
         })`,
      );
    const before = await look();
    await openRoom(window);
    expect(await look()).toEqual(before as unknown[]);
    const styles = await window.evaluate<Record<string, string>>(
      `(() => {
         const { shadowRoot } = document.querySelector('[data-earshot]');
         const button = getComputedStyle(shadowRoot.querySelector('.launch'));
         const panel = shadowRoot.querySelector('.panel');
         const style = getComputedStyle(panel);
         return { round: button.borderRadius, family: style.fontFamily, spacing: style.letterSpacing, float: style.float,
           position: getComputedStyle(document.querySelector('[data-earshot]')).position };
       })()`,
    );
    expect(styles).toMatchObject({
      round: '50%',
      spacing: 'normal',
      float: 'none',
      position: 'fixed',
    });
    // It may be fading in.
    await becomes(
      window,
      `document.querySelector('[data-earshot]').shadowRoot.querySelector('.panel').checkVisibility({ opacityProperty: true })`,
      true,
    );
    expect(styles.family).not.toContain('Georgia');
    expect(window.errors).toEqual([]);
    expect(window.requestedElsewhere(server.origin).filter((url) => !url.startsWith(site.address))).toEqual(
      [],
    );
    await window.screenshot('chat-embed');
  });

  test('what is typed reaches no shortcut of the page, and the page’s own still work', async () => {
    await using server = await startChatServer();
    await using site = await startSite(server);
    const window = await visit(browser, site.address, null);
    const { page } = window;
    await page.keyboard.press('j');
    const used = page.locator('#shortcuts');
    expect(await used.innerText()).toBe('1');
    await launcher(window).click();
    await page.getByLabel('Your name').pressSequentially('jks jks');
    await page.getByRole('button', { name: 'Join as a guest' }).click();
    await composer(window, 'Harbour').pressSequentially('just asking/kidding');
    expect(await composer(window, 'Harbour').inputValue()).toBe('just asking/kidding');
    await page.keyboard.press('Enter');
    await reads(window, 'just asking/kidding');
    expect(await used.innerText()).toBe('1');
    // Tab leads out of the widget in the end, as out of anything.
    await page.locator('#own-button').focus();
    await page.keyboard.press('k');
    expect(await used.innerText()).toBe('2');
  });

  test('a page that takes keys before everybody else: the frame keeps them', async () => {
    await using server = await startChatServer();
    await using site = await startSite(server);
    const inline = await visit(browser, site.address, 'ada');
    await inline.page.goto(`${site.address}/?capture`);
    await openRoom(inline);
    await composer(inline, 'Harbour').pressSequentially('jazz');
    // This is what the frame is for: nothing in the page can come before such a page.
    expect(await composer(inline, 'Harbour').inputValue()).toBe('azz');

    await using framed = await startSite(server, { attributes: { 'data-mode': 'iframe' } });
    const window = await visit(browser, framed.address, 'ben');
    const { page } = window;
    await page.goto(`${framed.address}/?capture`);
    await launcher(window).click();
    const frame = page.frameLocator('[data-earshot] iframe');
    const field = frame.getByRole('textbox', { name: /^Message to .*Harbour/ });
    await field.pressSequentially('just asking');
    await field.press('Enter');
    await frame.getByRole('log').getByText('just asking', { exact: true }).waitFor();
    await reads(inline, 'just asking');
    expect(await page.locator('#shortcuts').innerText()).toBe('0');

    // The number of unread messages crosses over to the page's own launcher, and opening and closing go both ways.
    await launcher(window).click();
    await page.locator('[data-earshot] iframe').waitFor({ state: 'hidden' });
    await write(inline, 'still there, @Ben Franklin?');
    await page.locator('[data-earshot] .count', { hasText: '1' }).waitFor({ state: 'visible' });
    expect(window.errors).toEqual([]);
  });

  test('commands that came before the script count; a second tag makes no second widget', async () => {
    await using server = await startChatServer();
    await using site = await startSite(server);
    const window = await visit(browser, site.address, 'ada');
    const { page } = window;
    await page.locator('#own-button').click();
    await composer(window, 'Harbour').waitFor();
    const tag = `<script async src="${server.origin}/widget.js" data-app="${server.app.key}"></script>`;
    const early = 'window.Earshot = (...call) => (Earshot.q ??= []).push(call); Earshot("open");';
    await using twice = startPages(
      { '/': `<body><script src="/early.js"></script>${tag}${tag}</body>`, '/early.js': early },
      `script-src 'self' ${server.origin}; connect-src ${server.origin}`,
    );
    await page.goto(twice.address);
    await page.getByLabel('Your name').waitFor();
    await launcher(window).waitFor();
    await window.evaluate('new Promise((done) => requestIdleCallback(() => setTimeout(done, 300)))');
    expect(await page.locator('[data-earshot]').count()).toBe(1);
    expect(window.errors).toEqual([]);
  });

  test('it stays when the page replaces its body, and goes when it is told to', async () => {
    await using server = await startChatServer();
    await using site = await startSite(server);
    const window = await visit(browser, site.address, 'ada');
    const { page } = window;
    await openRoom(window);
    await composer(window, 'Harbour').fill('half a thought');
    await page.getByRole('link', { name: 'Archive' }).click();
    await page.getByRole('heading', { name: 'The archive' }).waitFor();
    expect(await composer(window, 'Harbour').inputValue()).toBe('half a thought');
    expect(await page.locator('[data-earshot]').count()).toBe(1);
    await window.evaluate(`Earshot('destroy')`);
    expect(await page.locator('[data-earshot]').count()).toBe(0);
    expect(window.errors).toEqual([]);
  });

  test('a panel that cannot be loaded says so, and comes when it can be', async () => {
    await using server = await startChatServer();
    await using site = await startSite(server);
    const window = await visit(browser, site.address, null);
    const { page } = window;
    await page.route('**/widget/**', (route) => route.abort());
    await launcher(window).click();
    const alert = page.getByRole('alert');
    await alert.getByText('The chat could not be loaded.').waitFor();
    await page.unroute('**/widget/**');
    await alert.getByRole('button', { name: 'Try again' }).click();
    await page.getByLabel('Your name').waitFor();
    await page.getByRole('alert').waitFor({ state: 'detached' });
  });

  test('a panel that the page’s policy forbids says that', async () => {
    await using server = await startChatServer();
    const tag = `<script async src="${server.origin}/widget.js" data-app="${server.app.key}"></script>`;
    await using site = startPages({ '/': `<body>${tag}</body>` }, `script-src ${server.origin}/widget.js`);
    const window = await open(browser);
    const { page } = window;
    await page.goto(site.address);
    await launcher(window).click();
    await page.getByRole('alert').getByText('(Content-Security-Policy)').waitFor();
  });

  test('after the server has been renewed, a page from before still gets a panel', async () => {
    await using server = await startChatServer();
    await using site = await startSite(server);
    const window = await visit(browser, site.address, null);
    const { page } = window;
    await page.route('**/widget/assets/panel-*', async (route) => {
      // Only the loader asks for it by this name; the file without a hash leads to the panel of the moment.
      if (route.request().frame().url() !== '' && !served.has(route.request().url())) {
        served.add(route.request().url());
        await route.fulfill({ status: 404, body: 'Not found' });
      } else await route.continue();
    });
    const served = new Set<string>();
    await launcher(window).click();
    await page.getByLabel('Your name').waitFor();
    expect(askedOf(window, server)).toContain('/widget/panel.js');
  });

  test('a module: a mounted widget, and an element that is defined only when it is asked for', async () => {
    await using server = await startChatServer();
    const code = `import { define, mount } from '${server.origin}/widget/esm.js';
      document.body.dataset.before = String(customElements.get('earshot-chat') === undefined);
      define();
      const mounted = mount(document.getElementById('mine'), { app: '${server.app.key}', position: 'start' });
      mounted.on('open', (open) => { document.body.dataset.open = String(open); });
      mounted.open();`;
    const body = `<body><earshot-chat app="${server.app.key}" room="none"></earshot-chat><div id="mine"></div>
      <script type="module" src="/module.js"></script></body>`;
    await using site = startPages(
      { '/': body, '/module.js': code },
      `script-src 'self' ${server.origin}; connect-src ${server.origin}; require-trusted-types-for 'script'; trusted-types 'none'`,
    );
    const window = await open(browser);
    const { page } = window;
    await page.goto(site.address);
    await page.locator('#mine').getByLabel('Your name').waitFor();
    expect(await page.locator('body').getAttribute('data-before')).toBe('true');
    await page.locator('body[data-open=true]').waitFor();
    expect(await page.locator('earshot-chat .launch').count()).toBe(1);
    const box = await page.locator('#mine .launch').boundingBox();
    expect(box?.x).toBeLessThan(100);
    await window.evaluate(`document.querySelector('earshot-chat').remove()`);
    expect(await page.locator('[data-earshot]').count()).toBe(1);
    expect(window.errors).toEqual([]);
  });

  test('a guest comes in, is known after a reload, and leaves nothing behind on signing out', async () => {
    await using server = await startChatServer();
    await using site = await startSite(server);
    const window = await visit(browser, site.address, null);
    const { page } = window;
    await launcher(window).click();
    await enterAsGuest(window, 'Cleo');
    await write(window, 'first');
    await reads(window, 'first');
    await page.reload();
    await reads(window, 'first');
    await window.evaluate(`Earshot('sign-out')`);
    await page.getByLabel('Your name').waitFor();
    await becomes(window, 'localStorage.length', 0);
    expect(window.errors).toEqual([]);
  });
});
