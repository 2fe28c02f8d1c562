import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { type BrowserContext, type CDPSession, chromium, type Page } from 'playwright-core';
import { buildExtension } from '../../packages/extension/build.ts';
import { type Browser, chromiumPath, startBrowser } from '../support/browser.ts';
import { temporaryFolder } from '../support/server.ts';
import { composer, enterAsGuest, log, open, startChatServer, startPages } from './chat-visit.ts';

/** As strict as a page can be: not even its own requests. */
const strictest =
  "default-src 'none'; require-trusted-types-for 'script'; trusted-types 'none'; form-action 'none'";

describe.skipIf(chromiumPath === undefined)('the browser extension', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterEach(() => browser.closeWindows());
  afterAll(() => browser[Symbol.asyncDispose]());

  test('brings the chat to a page that lets nothing in, and the page sees nothing of it', async () => {
    await using server = await startChatServer();
    await using folder = await temporaryFolder();
    const tag = `<script async src="${server.origin}/widget.js" data-app="${server.app.key}" data-room="page" data-open></script>`;
    await using site = startPages(
      {
        '/': '<title>Strict</title><p>Nothing gets in here.</p>',
        // The same page for those who come by another way.
        '/tag': {
          text: `<link rel="canonical" href="/"><body>${tag}</body>`,
          policy: `script-src ${server.origin}; connect-src ${server.origin} ${server.origin.replace('http', 'ws')}`,
        },
      },
      strictest,
    );
    await using extended = await startExtended(folder.path);
    const { context } = extended;

    // The options page: the server, then the site.
    const options = await context.newPage();
    await options.goto(`${extended.address}/options.html`);
    await options.getByLabel('Address').fill(server.origin);
    await options.getByLabel('App key').fill(server.app.key);
    await options.getByRole('button', { name: 'Save' }).click();
    await options.getByText('Saved. Harbour answers.').waitFor();
    await options.getByLabel('Another site').fill('http://127.0.0.1');
    await options.getByRole('button', { name: 'Add' }).click();
    await options.getByText('Added.').waitFor();

    const friend = await open(browser);
    await friend.page.goto(`${site.address}/tag`);
    await enterAsGuest(friend, 'Dora');
    await composer(friend, '').waitFor();

    const page = await context.newPage();
    const requested: string[] = [];
    page.on('request', (request) => requested.push(request.url()));
    page.on('websocket', (socket) => requested.push(socket.url()));
    await page.goto(site.address);
    await page.locator('[data-earshot-extension]').waitFor({ state: 'attached' });
    await clickInside(page, 'class', 'launch');
    await clickInside(page, 'autocomplete', 'nickname', { isField: true });
    await page.keyboard.type('Cleo');
    await page.keyboard.press('Enter');
    await clickInside(page, 'aria-label', 'Message to', { isField: true });
    await page.keyboard.type('from the extension');
    await page.keyboard.press('Enter');
    await log(friend, '').getByText('from the extension').waitFor();

    expect(requested.filter((url) => url !== `${site.address}/`)).toEqual([]);
    const seen = await page.evaluate(() => [
      localStorage.length,
      sessionStorage.length,
      document.querySelector('[data-earshot-extension]')?.shadowRoot === null,
      'Earshot' in window,
    ]);
    expect(seen).toEqual([0, 0, true, false]);

    // What others say gets in, also after the extension's worker has slept.
    await composer(friend, '').fill('and back');
    await composer(friend, '').press('Enter');
    await textInside(page, 'and back');
    // The session is the extension's: another page on the list knows the person already.
    await page.reload();
    await clickInside(page, 'class', 'launch');
    await textInside(page, 'and back');
  }, 300_000);
});

async function startExtended(
  folder: string,
): Promise<{ context: BrowserContext; address: string } & AsyncDisposable> {
  const extension = await buildExtension(join(folder, 'extension'), ['http://127.0.0.1/*']);
  const context = await chromium.launchPersistentContext(join(folder, 'profile'), {
    executablePath: chromiumPath ?? '',
    headless: false, // said below, in the form that knows extensions
    ignoreDefaultArgs: ['--disable-extensions', '--disable-component-extensions-with-background-pages'],
    args: [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
      `--load-extension=${extension}`,
      `--disable-extensions-except=${extension}`,
    ],
  });
  context.setDefaultTimeout(60_000);
  const worker = context.serviceWorkers()[0] ?? (await context.waitForEvent('serviceworker'));
  const address = worker.url().replace('/worker.js', '');
  return { context, address, [Symbol.asyncDispose]: () => context.close() };
}

interface Node {
  readonly nodeId: number;
  readonly nodeName: string;
  readonly nodeValue: string;
  readonly attributes?: string[];
}

/** Every node of the page, those in closed shadow roots, too. Only a debugger gets at them. */
async function withNodes<T>(page: Page, use: (nodes: Node[], session: CDPSession) => Promise<T>): Promise<T> {
  const session = await page.context().newCDPSession(page);
  try {
    await session.send('DOM.enable');
    const { nodes } = await session.send('DOM.getFlattenedDocument', { depth: -1, pierce: true });
    return await use(nodes, session);
  } finally {
    await session.detach();
  }
}

/** Clicks on an element; on a field until it has the keyboard, because it may still move when it is clicked. */
async function clickInside(
  page: Page,
  attribute: string,
  value: string,
  { isField = false }: { isField?: boolean } = {},
): Promise<void> {
  const isWanted = ({ attributes = [] }: Node) =>
    attributes.some(
      (name, at) => at % 2 === 0 && name === attribute && attributes[at + 1]?.startsWith(value),
    );
  await tryUntil(`an element whose ${attribute} is ${value}`, () =>
    withNodes(page, async (nodes, session) => {
      const found = nodes.find(isWanted);
      if (found === undefined) return false;
      const { nodeId } = found;
      const { model } = await session.send('DOM.getBoxModel', { nodeId });
      const [left = 0, top = 0, , , right = 0, bottom = 0] = model.content;
      await page.mouse.click((left + right) / 2, (top + bottom) / 2);
      if (!isField) return true;
      const { object } = await session.send('DOM.resolveNode', { nodeId });
      const { result } = await session.send('Runtime.callFunctionOn', {
        functionDeclaration: 'function () { return this.matches(":focus"); }',
        ...(object.objectId !== undefined && { objectId: object.objectId }),
        returnByValue: true,
      });
      return result.value === true;
    }),
  );
}

async function textInside(page: Page, text: string): Promise<void> {
  await tryUntil(`the text ${text}`, () =>
    withNodes(page, async (nodes) =>
      nodes.some(({ nodeName, nodeValue }) => nodeName === '#text' && nodeValue.includes(text)),
    ),
  );
}

async function tryUntil(what: string, done: () => Promise<boolean>): Promise<void> {
  for (const until = performance.now() + 60_000; performance.now() < until; ) {
    if (await done().catch(() => false)) return;
    await Bun.sleep(50);
  }
  throw new Error(`there is no ${what}`);
}
