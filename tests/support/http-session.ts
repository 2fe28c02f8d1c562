import { vectorApp } from './server.ts';

/** What pusher-js puts behind the address of a receive request. */
export const query = '?protocol=7&client=js&version=8.6.0&t=1&n=1';
/** How a stream begins (HTTP-2). */
export const prelude = `${'h'.repeat(2048)}\n`;

/** One session of pusher-js's HTTP transports, request by request. */
export class Session {
  readonly #base: string;
  readonly #headers: Record<string, string>;

  constructor(
    server: { readonly origin: string },
    readonly id = `${Math.floor(Math.random() * 1000)}/${Math.random().toString(32).slice(2, 10).padEnd(8, '0')}`,
    options: { key?: string; headers?: Record<string, string> } = {},
  ) {
    this.#base = `${server.origin}/pusher/app/${options.key ?? vectorApp.key}/${id}`;
    this.#headers = { 'Content-Type': 'application/json', ...options.headers };
  }

  receive(kind: 'xhr' | 'xhr_streaming', signal?: AbortSignal): Promise<Response> {
    const init: RequestInit = { method: 'POST', headers: this.#headers };
    return fetch(`${this.#base}/${kind}${query}`, signal === undefined ? init : { ...init, signal });
  }

  async poll(): Promise<string> {
    return (await this.receive('xhr')).text();
  }

  async send(body: string): Promise<number> {
    const response = await fetch(`${this.#base}/xhr_send?t=1&n=2`, {
      method: 'POST',
      headers: this.#headers,
      body,
    });
    await response.text();
    return response.status;
  }

  say(message: object): Promise<number> {
    return this.send(JSON.stringify([JSON.stringify(message)]));
  }

  subscribe(channel: string): Promise<number> {
    return this.say({ event: 'pusher:subscribe', data: { channel } });
  }
}

/** The text of a stream, as it comes. */
export class Reading {
  text = '';
  ended = false;
  readonly #more: (() => void)[] = [];

  constructor(response: Response) {
    void this.#read(response).catch(() => {
      this.ended = true;
      this.#tell();
    });
  }

  async until(part: string | RegExp): Promise<string> {
    const holds = () => (typeof part === 'string' ? this.text.includes(part) : part.test(this.text));
    while (!holds()) {
      if (this.ended) throw new Error(`the stream ended without ${part}: ${this.text.slice(-500)}`);
      await new Promise<void>((resolve) => this.#more.push(resolve));
    }
    return this.text;
  }

  async end(): Promise<string> {
    while (!this.ended) await new Promise<void>((resolve) => this.#more.push(resolve));
    return this.text;
  }

  async #read(response: Response): Promise<void> {
    const body = response.body ?? new Blob([]).stream();
    for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
      this.text += chunk;
      this.#tell();
    }
    this.ended = true;
    this.#tell();
  }

  #tell(): void {
    for (const resolve of this.#more.splice(0)) resolve();
  }
}
