import { connect, type Socket } from 'node:net';
import { patienceMs } from './wire.ts';

export interface RawAnswer {
  status: number;
  headers: Map<string, string>;
  body: string;
}

/** One TCP connection that speaks HTTP/1.1 byte by byte, so that a test decides what is sent and when. */
export class RawHttp {
  /** Settled when the server, or the test, has ended the connection. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  #input: Buffer = Buffer.alloc(0);
  #ended = false;
  #wake: () => void = () => undefined;

  static async connect(port: number): Promise<RawHttp> {
    const socket = connect(port, '127.0.0.1');
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new RawHttp(socket);
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.#input = Buffer.concat([this.#input, chunk]);
      this.#wake();
    });
    this.closed = new Promise((resolve) => {
      const end = () => {
        this.#ended = true;
        this.#wake();
        resolve();
      };
      socket.on('close', end);
      socket.on('error', end);
    });
  }

  send(text: string | Uint8Array): void {
    if (!this.#socket.destroyed) this.#socket.write(text);
  }

  /** Sends one request and gives its answer; the connection stays open for the next. */
  async request(
    method: string,
    target: string,
    body = '',
    headers: Record<string, string> = {},
  ): Promise<RawAnswer> {
    const lines = Object.entries({ Host: '127.0.0.1', ...headers }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    );
    const length = body === '' && method === 'GET' ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
    this.send(`${method} ${target} HTTP/1.1\r\n${lines.join('')}${length}\r\n${body}`);
    return this.answer();
  }

  /** The next answer; null when the connection ended without one. */
  async answerOrEnd(patience = patienceMs): Promise<RawAnswer | null> {
    for (;;) {
      const answer = this.#read();
      if (answer !== null) return answer;
      if (this.#ended) return null;
      await this.#more(patience);
    }
  }

  async answer(): Promise<RawAnswer> {
    const answer = await this.answerOrEnd();
    if (answer === null) throw new Error('the connection ended without an answer');
    return answer;
  }

  destroy(): void {
    this.#socket.destroy();
  }

  async #more(patience: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = setTimeout(() => reject(new Error(`waited ${patience} ms for an HTTP answer`)), patience);
    await promise.finally(() => clearTimeout(timer));
  }

  /** Takes one whole answer out of the input, if it is there. */
  #read(): RawAnswer | null {
    const end = this.#input.indexOf('\r\n\r\n');
    if (end < 0) return null;
    const [first = '', ...lines] = this.#input.toString('latin1', 0, end).split('\r\n');
    const headers = new Map<string, string>();
    for (const line of lines) {
      const colon = line.indexOf(':');
      headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
    }
    const status = Number(first.split(' ')[1]);
    const length = status === 204 || status === 304 ? 0 : Number(headers.get('content-length') ?? 0);
    const start = end + 4;
    if (this.#input.length < start + length) return null;
    const body = this.#input.toString('utf8', start, start + length);
    this.#input = this.#input.subarray(start + length);
    return { status, headers, body };
  }
}
