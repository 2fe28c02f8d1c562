import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type Browser, chromiumPath, startBrowser } from './browser.ts';
import { eventually } from './hooks.ts';

describe.skipIf(chromiumPath === undefined)('the browser of the tests', () => {
  let browser: Browser;
  const site = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: () =>
      new Response(
        `<!doctype html><html lang="en"><title>t</title><main><h1>hello</h1><img id="picture" src="/x.png">
         <style>@keyframes appear { from { color: #eee } } h1 { animation: appear 3s }
           @keyframes turn { to { rotate: 1turn } } img { animation: turn 1s infinite }</style>
         <script src="https://elsewhere.example/x.js"></script></main></html>`,
        {
          headers: {
            'Content-Type': 'text/html',
            'Content-Security-Policy':
              "default-src *; style-src 'unsafe-inline'; require-trusted-types-for 'script'",
          },
        },
      ),
  });

  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    await site.stop(true);
  });

  test('it records what a page asks for, here and elsewhere, and the errors that follow', async () => {
    const window = await browser.open();
    await window.page.goto(site.url.href);
    expect(window.requested).toContain(`${site.url.href}x.png`);
    expect(window.requestedElsewhere(site.url.href)).toEqual(['https://elsewhere.example/x.js']);
    await eventually(() => window.errors.join().includes('ERR_NAME_NOT_RESOLVED'), 'the console says so');
    await window.close();
  });

  test('it evaluates and finds accessibility problems under a strict policy', async () => {
    const window = await browser.open({ colorScheme: 'dark', phone: true, width: 390, height: 844 });
    await window.page.goto(site.url.href);
    expect(await window.accessibilityProblems()).toEqual(['image-alt: #picture']);
    expect(await window.evaluate<string>(`Promise.resolve(document.title)`)).toBe('t');
    expect(await window.evaluate<boolean>(`matchMedia('(prefers-color-scheme: dark)').matches`)).toBe(true);
    expect(await window.page.evaluate(() => document.querySelector('h1')?.textContent)).toBe('hello');
    expect(await window.evaluate('nowhere.x').catch(String)).toContain('nowhere is not defined');
    expect(await Bun.file(await window.screenshot('support')).exists()).toBe(true);
    await window.close();
  });

  test('it sees what moves in a shadow root and waits for its end, but not for what shows how time goes by', async () => {
    const window = await browser.open();
    await window.evaluate(`(() => {
      const root = document.body.appendChild(document.createElement('div')).attachShadow({ mode: 'open' });
      root.appendChild(document.createElement('style')).textContent = '@keyframes rise { from { opacity: 0 } }' +
        '@keyframes run-out { to { rotate: 1turn } } .box { animation: rise 3s } .ring { animation: run-out 600s }';
      for (const name of ['box', 'ring']) root.appendChild(document.createElement('p')).className = name;
    })()`);
    expect((await window.moving()).sort()).toEqual(['rise of box', 'run-out of ring']);
    await window.atRest();
    expect(await window.moving()).toEqual(['run-out of ring']);
    await window.close();
  });
});
