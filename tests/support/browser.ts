import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page, type Browser as PlaywrightBrowser } from 'playwright-core';
import { locate } from '../../scripts/tools.ts';

/** Chromium's path, or undefined where there is none: `describe.skipIf(chromiumPath === undefined)`. */
export const chromiumPath = locate('chromium');

const root = join(import.meta.dirname, '..', '..');

/** A new profile makes requests of its own unless it is told not to; names other than loopback's do not resolve at all. */
const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
];

/** How long a window waits for what must come; far longer than it takes, however slow the machine is. */
const patienceMs = 60_000;

export interface WindowOptions {
  width?: number;
  height?: number;
  colorScheme?: 'light' | 'dark';
  reducedMotion?: 'reduce' | 'no-preference';
  /** A phone's screen: touch, and a viewport that the page's own meta element governs. */
  phone?: boolean;
}

/** Starts Chromium with a new, empty profile; use with `await using`. */
export async function startBrowser(): Promise<Browser> {
  if (chromiumPath === undefined) throw new Error('no Chromium here; `npm run tools` fetches one');
  return new Browser(await chromium.launch({ executablePath: chromiumPath, args: flags }));
}

export class Browser implements AsyncDisposable {
  readonly #browser: PlaywrightBrowser;
  readonly #contexts = new Set<BrowserContext>();

  constructor(browser: PlaywrightBrowser) {
    this.#browser = browser;
  }

  /** A window with cookies and storage of its own, showing a blank page. */
  async open(options: WindowOptions = {}): Promise<BrowserWindow> {
    const context = await this.#browser.newContext({
      viewport: { width: options.width ?? 1280, height: options.height ?? 800 },
      colorScheme: options.colorScheme ?? 'light',
      reducedMotion: options.reducedMotion ?? 'no-preference',
      isMobile: options.phone ?? false,
      hasTouch: options.phone ?? false,
      ignoreHTTPSErrors: true, // certificates of the tests are signed by themselves
    });
    context.setDefaultTimeout(patienceMs);
    this.#contexts.add(context);
    context.on('close', () => this.#contexts.delete(context));
    return new BrowserWindow(await context.newPage());
  }

  /**
   * Closes every window. A test that is over leaves pages that go on drawing, and looking for servers that are gone: they
   * slow down the tests after it.
   */
  async closeWindows(): Promise<void> {
    await Promise.allSettled([...this.#contexts].map((context) => context.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}

/** What moves for longer than this shows how time goes by, and one does not wait for its end. */
const momentMs = 5_000;

/** All animations of a page: a document knows none of those in its shadow roots. */
const animations = `(function of(root) {
  return [...root.getAnimations(), ...[...root.querySelectorAll('*')].flatMap((node) => node.shadowRoot ? of(node.shadowRoot) : [])];
})(document)`;

/** One page, with a record of what it asked for and what went wrong on it. */
export class BrowserWindow {
  /** Every URL requested, WebSockets included, in order. */
  readonly requested: string[] = [];
  /** Console errors, uncaught exceptions and violations of the Content-Security-Policy, as text. */
  readonly errors: string[] = [];

  constructor(readonly page: Page) {
    page.context().on('request', (request) => this.requested.push(request.url()));
    page.on('websocket', (socket) => this.requested.push(socket.url()));
    page.on('pageerror', (error) => this.errors.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') this.errors.push(message.text());
    });
  }

  /** What was requested of any other server than `origin`'s. `data:`, `blob:` and `about:` go nowhere. */
  requestedElsewhere(origin: string): string[] {
    const { host } = new URL(origin);
    return this.requested.filter((url) => !/^(data|blob|about):/.test(url) && new URL(url).host !== host);
  }

  /**
   * Value of an expression in the page, by the debugger's protocol: it works under any Content-Security-Policy, Trusted
   * Types included. A promise is awaited; the value must be JSON.
   */
  async evaluate<T>(expression: string): Promise<T> {
    const session = await this.page.context().newCDPSession(this.page);
    try {
      const { result, exceptionDetails } = await session.send('Runtime.evaluate', {
        expression,
        awaitPromise: true,
        returnByValue: true,
      });
      if (exceptionDetails !== undefined) {
        throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
      }
      return result.value as T;
    } finally {
      await session.detach();
    }
  }

  /**
   * What axe-core finds wrong for people with assistive technology: `rule: elements`, empty when nothing. It judges the
   * page at rest: text that is still fading in has no contrast yet. What began to move while it was judged is judged
   * again: what is wrong at rest is wrong each time.
   */
  async accessibilityProblems(): Promise<string[]> {
    const axe = await readFile(Bun.resolveSync('axe-core/axe.min.js', root), 'utf8');
    await this.evaluate(`${axe}; undefined`);
    let problems: string[] = [];
    for (let looks = 0; looks < 3; looks++) {
      await this.atRest();
      problems = await this.evaluate<string[]>(
        `axe.run().then(({ violations }) =>
           violations.map(({ id, nodes }) => id + ': ' + nodes.map((node) => node.target.join(' ')).join(', ')))`,
      );
      if (problems.length === 0) break;
    }
    return problems;
  }

  /** Waits until everything has settled that moves for a moment only. What is taken away while it moves counts as well. */
  async atRest(): Promise<void> {
    await this.evaluate(`(async () => {
      const ending = () => ${animations}.filter((one) =>
        one.playState === 'running' && one.effect.getComputedTiming().endTime < ${momentMs});
      for (let some = ending(); some.length > 0; some = ending())
        await Promise.allSettled(some.map((one) => one.finished));
    })()`);
  }

  /** What moves in the page now, or will. */
  moving(): Promise<string[]> {
    return this.evaluate(
      `${animations}.map((one) => (one.animationName ?? one.transitionProperty) + ' of ' + one.effect.target.className)`,
    );
  }

  /** Saves the page as `.tools/screenshots/{name}.png` and gives the path. */
  async screenshot(name: string): Promise<string> {
    const folder = join(root, '.tools', 'screenshots');
    await mkdir(folder, { recursive: true });
    const path = join(folder, `${name}.png`);
    await this.page.screenshot({ path, fullPage: true, animations: 'disabled' });
    return path;
  }

  /** Closes the window, and with it its cookies and storage. */
  async close(): Promise<void> {
    await this.page.context().close();
  }
}
