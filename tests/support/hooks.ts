import { patienceMs } from './wire.ts';

export interface Hook {
  headers: Headers;
  body: string;
  time_ms: number;
  events: Record<string, unknown>[];
}

/** An application's webhook endpoint on loopback; use with `using`. */
export class HookReceiver implements Disposable {
  readonly url: string;
  /** Everything that came, in order, refused requests too. */
  readonly seen: Hook[] = [];
  /** What is answered; a hook that gets no 2xx comes again. */
  answer: (hook: Hook) => Response | Promise<Response> = () => new Response(null, { status: 204 });
  readonly #listener: ReturnType<typeof Bun.serve>;
  #taken = 0;
  #wake: () => void = () => undefined;

  constructor() {
    this.#listener = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      fetch: async (request) => {
        const body = await request.text();
        const hook: Hook = { headers: request.headers, body, ...JSON.parse(body) };
        this.seen.push(hook);
        this.#wake();
        return this.answer(hook);
      },
    });
    this.url = `http://127.0.0.1:${this.#listener.port}/hooks`;
  }

  /** Settings that send webhooks here. */
  env(more: Record<string, string> = {}): Record<string, string> {
    return { EARSHOT_APP_WEBHOOK_URL: this.url, EARSHOT_WEBHOOK_PRIVATE_ADDRESSES: 'true', ...more };
  }

  /** The next request that was not taken yet. */
  async next(): Promise<Hook> {
    const deadline = performance.now() + 2 * patienceMs;
    for (;;) {
      const hook = this.seen[this.#taken];
      if (hook !== undefined) {
        this.#taken++;
        return hook;
      }
      const left = deadline - performance.now();
      if (left <= 0)
        throw new Error(`no further webhook; so far: ${this.seen.map(({ body }) => body).join('\n')}`);
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      const timer = setTimeout(resolve, left);
      await promise.finally(() => clearTimeout(timer));
    }
  }

  /** The events of the next request. */
  async events(): Promise<Record<string, unknown>[]> {
    return (await this.next()).events;
  }

  [Symbol.dispose](): void {
    this.#listener.stop(true);
  }
}

/** Waits until a condition of the server holds that nothing announces. */
export async function eventually(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + 2 * patienceMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await Bun.sleep(5);
  }
}
