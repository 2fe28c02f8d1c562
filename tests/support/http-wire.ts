import { test } from 'bun:test';
import { type Close, Wire } from './wire.ts';

/** Which transport the clients of the tests use; the whole conformance suite runs on each of them. */
export type TransportName = 'websocket' | 'xhr_streaming' | 'xhr_polling' | 'event_stream';

const given = process.env.EARSHOT_TEST_TRANSPORT;
export const transport: TransportName =
  given === 'xhr_streaming' || given === 'xhr_polling' || given === 'event_stream' ? given : 'websocket';

export const overWebSocket = transport === 'websocket';

/** How many clients a test of many may have: `bun test` opens 256 requests at once and no more. */
export const manyClients = (number: number): number => (overWebSocket ? number : Math.min(number, 150));

type Test = (title: string, body: () => Promise<void> | void, timeoutMs?: number) => void;
const absent: Test = () => {};

/** A test of what only WebSockets have; over another transport it does not exist. */
export const webSocketTest: Test = overWebSocket ? test : absent;
/** A test of what needs the query of a client library, which an event stream does not have. */
export const libraryTest: Test = transport === 'event_stream' ? absent : test;

export interface HttpWireOptions {
  /** Scheme, host, port and prefix. */
  readonly base: string;
  readonly key: string;
  readonly query: string;
  readonly headers?: Record<string, string>;
  readonly ca?: string;
}

const underWay = new Set<Promise<unknown>>();

/**
 * What the clients have sent has arrived. A WebSocket's bytes are with the server when a later request of somebody else is;
 * requests of several connections overtake each other.
 */
export async function sent(): Promise<void> {
  await Promise.all(underWay);
}

type FetchInit = RequestInit & { tls?: { ca: string; serverName: string } };

/** What one send may hold: the server takes 1,000 messages, and so many bytes. */
const sendMessagesMax = 500;
const sendCharactersMax = 100_000;

/** What both kinds share: sends go one after the other, because requests know no order of their own. */
abstract class HttpWire extends Wire {
  protected readonly options: HttpWireOptions;
  protected readonly abort = new AbortController();
  readonly #unsent: string[] = [];
  #sending: Promise<void> | null = null;

  constructor(options: HttpWireOptions) {
    super();
    this.options = options;
  }

  /** Whether one request may hold several messages. */
  protected abstract readonly bundles: boolean;
  protected abstract post(texts: readonly string[]): Promise<unknown>;

  protected fetch(path: string, init: FetchInit): Promise<Response> {
    const { base, ca } = this.options;
    const tls = ca === undefined ? {} : { tls: { ca, serverName: 'localhost' } };
    return fetch(base + path, { signal: this.abort.signal, ...init, ...tls });
  }

  override sendText(text: string): void {
    if (this.isClosed) return;
    this.#unsent.push(text);
    if (this.#sending !== null) return;
    const sending = this.#sendAll();
    this.#sending = sending;
    underWay.add(sending);
    void sending.then(() => underWay.delete(sending));
  }

  async #sendAll(): Promise<void> {
    await null; // what is said in one go is sent in one
    while (this.#unsent.length > 0 && !this.isClosed) {
      await this.post(this.#nextBundle()).catch(() => {});
    }
    this.#sending = null;
  }

  #nextBundle(): string[] {
    let count = 0;
    let characters = 0;
    const most = this.bundles ? sendMessagesMax : 1;
    while (count < most && count < this.#unsent.length) {
      characters += this.#unsent[count]?.length ?? 0;
      if (count > 0 && characters > sendCharactersMax) break;
      count++;
    }
    return this.#unsent.splice(0, count);
  }

  override async close(): Promise<Close> {
    await this.#sending;
    this.destroy();
    while (await this.isKnown()) {
      await Bun.sleep(5);
    }
    return this.closed;
  }

  /** Whether the server still has the session: a client that goes away says nothing, and is missed after a while. */
  protected abstract isKnown(): Promise<boolean>;

  override destroy(): void {
    this.abort.abort();
    this.finish({ code: 1006, reason: '' });
  }

  protected keepHead(response: Response): void {
    if (this.status !== 0) return;
    this.status = response.status;
    for (const [name, value] of response.headers) this.headers.set(name, value);
    this.progress();
  }

  protected fail(): void {
    if (this.status === 0) this.status = -1;
    this.finish({ code: 1006, reason: '' });
  }
}

/** pusher-js begins a new response when it has read more than so many characters of one. */
const longEnough = 262_144;

/** Speaks as pusher-js does on its HTTP transports. */
export class XhrWire extends HttpWire {
  protected override readonly bundles = true;
  readonly #session: string;
  readonly #path: string;

  static async open(options: HttpWireOptions, kind: 'xhr' | 'xhr_streaming'): Promise<XhrWire> {
    const wire = new XhrWire(options);
    void wire.#receive(kind).catch(() => wire.fail());
    await wire.waitFor(() => wire.status !== 0 || wire.isClosed, 'an answer');
    return wire;
  }

  private constructor(options: HttpWireOptions) {
    super(options);
    const digits = '0123456789abcdefghijklmnopqrstuv';
    const random = crypto.getRandomValues(new Uint8Array(8));
    this.#session = [...random].map((byte) => digits[byte & 31]).join('');
    this.#path = `/pusher/app/${options.key}/${(random[0] ?? 0) * 3}/${this.#session}`;
  }

  protected override post(texts: readonly string[]): Promise<unknown> {
    return this.#send(texts, this.abort.signal);
  }

  protected override async isKnown(): Promise<boolean> {
    return (await this.#send([], null)) !== 404;
  }

  async #send(messages: readonly string[], signal: AbortSignal | null): Promise<number> {
    const response = await this.fetch(`${this.#path}/xhr_send`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(messages),
      signal,
    });
    await response.text();
    return response.status;
  }

  async #receive(kind: 'xhr' | 'xhr_streaming'): Promise<void> {
    while (!this.isClosed) {
      const one = new AbortController();
      const response = await this.fetch(`${this.#path}/${kind}?${this.options.query}`, {
        method: 'POST',
        signal: AbortSignal.any([this.abort.signal, one.signal]),
        headers: { 'Content-Type': 'application/json', ...this.options.headers },
      });
      this.keepHead(response);
      let rest = '';
      let length = 0;
      const text = (response.body ?? new Blob([]).stream()).pipeThrough(new TextDecoderStream());
      for await (const chunk of text) {
        length += chunk.length;
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) this.#frame(line);
        if (rest === '' && length > longEnough) break;
      }
      if (length > longEnough) one.abort();
      else if (kind === 'xhr_streaming') this.finish({ code: 1006, reason: '' });
    }
  }

  #frame(line: string): void {
    if (this.isClosed) return;
    if (line.startsWith('a')) this.texts.push(...(JSON.parse(line.slice(1)) as string[]));
    else if (line === 'h' && this.answersPings) void this.#send([], this.abort.signal).catch(() => {});
    else if (line.startsWith('c')) {
      const [code, reason] = JSON.parse(line.slice(1)) as [number, string];
      this.finish({ code, reason });
    }
    this.progress();
  }
}

/** Reads server-sent events, and sends with the token of the first one. */
export class EventStreamWire extends HttpWire {
  protected override readonly bundles = false;
  #token = '';
  #socketId = '';

  static async open(options: HttpWireOptions): Promise<EventStreamWire> {
    const wire = new EventStreamWire(options);
    void wire.#receive().catch(() => wire.fail());
    await wire.waitFor(() => wire.status !== 0 || wire.isClosed, 'an answer');
    return wire;
  }

  protected override post(texts: readonly string[]): Promise<unknown> {
    return this.#send(texts[0] ?? '', this.abort.signal);
  }

  protected override async isKnown(): Promise<boolean> {
    return this.#token !== '' && (await this.#send('{"event":"pusher:pong"}', null)) !== 404;
  }

  async #send(text: string, signal: AbortSignal | null): Promise<number> {
    const response = await this.fetch(`/app/${this.options.key}/events/${this.#socketId}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${this.#token}` },
      body: text,
      signal,
    });
    await response.text();
    return response.status;
  }

  async #receive(): Promise<void> {
    const response = await this.fetch(`/app/${this.options.key}/events`, {
      ...(this.options.headers === undefined ? {} : { headers: this.options.headers }),
    });
    this.keepHead(response);
    if (response.status !== 200) {
      const [, code, reason = ''] = /^(\d+): (.*)/.exec(await response.text()) ?? [];
      this.finish({ code: Number(code ?? 1006), reason });
      return;
    }
    let rest = '';
    for await (const chunk of (response.body ?? new Blob([]).stream()).pipeThrough(new TextDecoderStream())) {
      const blocks = (rest + chunk).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) this.#block(block);
    }
    this.finish({ code: 1006, reason: '' });
  }

  #block(block: string): void {
    if (this.isClosed) return;
    const lines = block.split('\n');
    const name = lines.find((line) => line.startsWith('event: '))?.slice(7);
    const data = lines
      .filter((line) => line.startsWith('data: '))
      .map((line) => line.slice(6))
      .join('\n');
    if (name === 'session') {
      const session = JSON.parse(data) as { socket_id: string; token: string };
      this.#token = session.token;
      this.#socketId = session.socket_id;
    } else if (name === 'close') {
      this.finish(JSON.parse(data) as Close);
    } else if (data !== '') this.texts.push(data);
    this.progress();
  }
}
