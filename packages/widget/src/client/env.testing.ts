import type { Broadcast, Env, KeyValues, Locks, PageEvent, Pending } from './env.ts';

/** A browser without a screen: what tabs of one origin share, and tabs that a test opens, hides and kills. */

interface Time {
  now(): number;
  after(ms: number, task: () => void): Pending;
}

class MemoryStorage implements KeyValues {
  readonly items = new Map<string, string>();
  /** How often something was written. */
  writes = 0;

  getItem(key: string): string | null {
    return this.items.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    this.writes++;
    this.items.set(key, value);
  }

  removeItem(key: string): void {
    this.items.delete(key);
  }
}

interface Holder {
  readonly tab: TestTab;
  readonly abort: (reason: unknown) => void;
}

interface Request {
  readonly tab: TestTab;
  readonly begin: (holder: (holder: Holder) => void) => void;
}

export class TestBrowser {
  readonly local = new MemoryStorage();
  readonly origin: string;
  readonly time: Time;
  readonly fetch: Env['fetch'];
  readonly tabs: TestTab[] = [];
  readonly channels = new Map<string, Set<{ tab: TestTab; bus: Broadcast }>>();
  readonly #held = new Map<string, Holder>();
  readonly #queues = new Map<string, Request[]>();

  constructor(options: { time: Time; fetch: Env['fetch']; origin?: string }) {
    this.time = options.time;
    this.fetch = options.fetch;
    this.origin = options.origin ?? 'https://site.example';
  }

  open(options: { shares?: boolean } = {}): TestTab {
    const tab = new TestTab(this, options.shares ?? true);
    this.tabs.push(tab);
    return tab;
  }

  locksOf(tab: TestTab): Locks {
    return {
      request: (name, { steal, signal }, run) =>
        new Promise((resolve, reject) => {
          const aborted = () => reject(Object.assign(new Error('aborted'), { name: 'AbortError' }));
          if (signal?.aborted) return aborted();
          let begun = false;
          const request: Request = {
            tab,
            begin: (hold) => {
              begun = true;
              const holder: Holder = { tab, abort: reject };
              hold(holder);
              const done = async () => run();
              done()
                .then(resolve, reject)
                .finally(() => {
                  if (this.#held.get(name) === holder) this.#release(name);
                });
            },
          };
          signal?.addEventListener('abort', () => {
            if (begun) return;
            const queue = this.#queues.get(name) ?? [];
            this.#queues.set(
              name,
              queue.filter((one) => one !== request),
            );
            aborted();
          });
          if (steal) {
            this.#held.get(name)?.abort(Object.assign(new Error('stolen'), { name: 'AbortError' }));
            this.#held.delete(name);
            this.#queues.set(name, [request, ...(this.#queues.get(name) ?? [])]);
          } else this.#queues.set(name, [...(this.#queues.get(name) ?? []), request]);
          queueMicrotask(() => this.#next(name));
        }),
    };
  }

  /** What the browser does when a tab's process ends: its locks are free, its channels closed, nobody is told. */
  bury(tab: TestTab): void {
    for (const [name, queue] of this.#queues) {
      this.#queues.set(
        name,
        queue.filter((one) => one.tab !== tab),
      );
    }
    for (const buses of this.channels.values()) {
      for (const one of buses) if (one.tab === tab) buses.delete(one);
    }
    for (const [name, holder] of this.#held) if (holder.tab === tab) this.#release(name);
  }

  #release(name: string): void {
    this.#held.delete(name);
    this.#next(name);
  }

  #next(name: string): void {
    if (this.#held.has(name)) return;
    const [first, ...rest] = this.#queues.get(name) ?? [];
    if (first === undefined) return;
    this.#queues.set(name, rest);
    first.begin((holder) => this.#held.set(name, holder));
  }
}

export class TestTab {
  readonly session = new MemoryStorage();
  readonly env: Env;
  visible = true;
  focused = true;
  online = true;
  dead = false;
  /** Hears and does nothing, and keeps its locks. */
  frozen = false;
  readonly saved: { name: string; content: Blob }[] = [];
  readonly opened: { url: string; closed: boolean }[] = [];
  readonly #listeners = new Map<PageEvent, Set<() => void>>();
  readonly #messages = new Set<(event: { origin: string; source: unknown; data: unknown }) => void>();
  readonly #timers = new Set<Pending>();

  constructor(browser: TestBrowser, shares: boolean) {
    const { time } = browser;
    const after = (ms: number, task: () => void): Pending => {
      const pending = time.after(ms, () => {
        this.#timers.delete(pending);
        if (!this.dead && !this.frozen) task();
      });
      this.#timers.add(pending);
      return pending;
    };
    this.env = {
      now: () => time.now(),
      random: Math.random,
      randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
      after,
      idle: (task) => after(0, task),
      fetch: (url, init) => browser.fetch(url, init),
      upload: () => () => {},
      sha256: (text) => crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)),
      local: () => browser.local,
      tab: () => this.session,
      locks: shares ? browser.locksOf(this) : null,
      broadcast: (name) => (shares ? this.#broadcast(browser, name) : null),
      page: {
        origin: browser.origin,
        address: () => `${browser.origin}/page`,
        visible: () => this.visible,
        focused: () => this.focused,
        online: () => this.online,
        on: (event, listener) => {
          const listeners = this.#listeners.get(event) ?? new Set();
          this.#listeners.set(event, listeners.add(listener));
          return () => listeners.delete(listener);
        },
        blocked: () => false,
        openWindow: (url) => {
          const opened = { url, closed: false, close: () => {} };
          this.opened.push(opened);
          return opened;
        },
        onMessage: (listener) => {
          this.#messages.add(listener);
          return () => this.#messages.delete(listener);
        },
        preview: () => null,
        dropPreview: () => {},
        save: (name, content) => this.saved.push({ name, content }),
      },
    };
  }

  happens(event: PageEvent): void {
    for (const listener of this.#listeners.get(event) ?? []) listener();
  }

  /** A `message` event of the window. */
  message(event: { origin: string; source: unknown; data: unknown }): void {
    for (const listener of [...this.#messages]) listener(event);
  }

  /** The process ends without a word. */
  die(browser: TestBrowser): void {
    this.dead = true;
    for (const timer of this.#timers) timer.cancel();
    browser.bury(this);
  }

  #broadcast(browser: TestBrowser, name: string): Broadcast {
    const buses = browser.channels.get(name) ?? new Set();
    browser.channels.set(name, buses);
    const bus: Broadcast = {
      onmessage: null,
      postMessage: (message) => {
        if (this.dead) return;
        for (const other of buses) {
          if (other.bus === bus) continue;
          const data = structuredClone(message);
          queueMicrotask(() => {
            if (buses.has(other) && !other.tab.frozen) other.bus.onmessage?.({ data });
          });
        }
      },
      close: () => {
        for (const one of buses) if (one.bus === bus) buses.delete(one);
      },
    };
    buses.add({ tab: this, bus });
    return bus;
  }
}

/** Real time, whose timers do not keep the process alive. */
export const realTime: Time = {
  now: () => Date.now(),
  after(ms, task) {
    const timer = setTimeout(task, ms);
    (timer as unknown as { unref?(): void }).unref?.();
    return { cancel: () => clearTimeout(timer) };
  },
};
