import { createHash, randomBytes } from 'node:crypto';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/**
 * A WebSocket client in bytes, for the tests: it masks, frames and parses by itself (RFC 6455), so that the tests can
 * send what no honest client sends, refuse to read, stay mute, or vanish, and see each frame exactly as it came.
 */

/**
 * How long a test waits for something that must come, before it fails and says what came instead. A machine that is busy, or
 * stands still for seconds, is no reason to fail.
 */
export const patienceMs = 20_000;

export interface Message {
  event: string;
  channel?: string;
  data?: unknown;
  user_id?: string;
}

export interface Close {
  /** 1005: a close frame without a code; 1006: the connection ended without a close frame. */
  code: number;
  reason: string;
}

export interface WireOptions {
  host?: string;
  port: number;
  path?: string;
  headers?: Record<string, string>;
  /** The certificate to trust; given, the connection is TLS. */
  ca?: string;
}

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** One client frame: masked, final and without reserved bits unless told otherwise. */
export function clientFrame(
  opcode: number,
  payload: Uint8Array,
  odd: { masked?: boolean; final?: boolean; reserved?: number } = {},
): Uint8Array {
  const masked = odd.masked ?? true;
  const first = (odd.final === false ? 0 : 0x80) | ((odd.reserved ?? 0) << 4) | opcode;
  const flag = masked ? 0x80 : 0;
  const length = payload.length;
  let head: Buffer;
  if (length < 126) {
    head = Buffer.from([first, flag | length]);
  } else if (length < 65_536) {
    head = Buffer.from([first, flag | 126, length >> 8, length & 255]);
  } else {
    head = Buffer.alloc(10);
    head[0] = first;
    head[1] = flag | 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  if (!masked) return Buffer.concat([head, payload]);
  const mask = randomBytes(4);
  const body = Buffer.from(payload);
  for (let i = 0; i < body.length; i++) body[i] = (body[i] ?? 0) ^ (mask[i & 3] ?? 0);
  return Buffer.concat([head, mask, body]);
}

interface Waiting {
  test: () => boolean;
  done: () => void;
}

/** A client of the tests, whatever its transport: what it received, and waiting for more. */
export abstract class Wire {
  /** The answer to the first request: status and lower-cased headers. */
  status = 0;
  readonly headers = new Map<string, string>();
  /** Every text message received, as it came. */
  readonly texts: string[] = [];
  /** Payloads of the ping and pong frames received. WebSocket only. */
  readonly pings: string[] = [];
  readonly pongs: string[] = [];
  /** Answer the server's asking for a sign of life, as every library does; false makes a mute client. */
  answersPings = true;
  socketId = '';
  #ended: Close | undefined;
  #taken = 0;
  readonly #waiting = new Set<Waiting>();

  abstract sendText(text: string): void;
  /** Closes as a client does, and waits for the end. */
  abstract close(code?: number): Promise<Close>;
  /** Ends the connection without a word; with `reset`, without even a FIN. */
  abstract destroy(how?: 'end' | 'reset'): void;

  /** Whether the connection has ended, as far as this side has noticed. */
  get isClosed(): boolean {
    return this.#ended !== undefined;
  }

  /** The end of the connection, however it comes. */
  get closed(): Promise<Close> {
    const ended = () => this.#ended;
    return this.waitFor(() => ended() !== undefined, 'the end of the connection').then(
      () => ended() ?? { code: 1006, reason: '' },
    );
  }

  /** How many of `texts` have been taken. */
  get taken(): number {
    return this.#taken;
  }

  /** All messages received so far, parsed. */
  get messages(): Message[] {
    return this.texts.map((text) => JSON.parse(text));
  }

  /** The next message that no `next` or `until` has taken yet; with `event`, it must be that one. */
  async next(event?: string): Promise<Message> {
    const text = await this.nextText(event);
    const message: Message = JSON.parse(text);
    if (event !== undefined && message.event !== event) throw new Error(`expected ${event}, got ${text}`);
    return message;
  }

  /** Like `next`, as it came. */
  async nextText(what = 'a message'): Promise<string> {
    await this.waitFor(() => this.texts.length > this.#taken || this.#ended !== undefined, what);
    const text = this.texts[this.#taken];
    if (text === undefined) throw new Error(`expected ${what}, but the connection ended: ${this.describe()}`);
    this.#taken++;
    return text;
  }

  /** Takes messages up to and including the first `event`, and returns that one. */
  async until(event: string): Promise<Message> {
    for (;;) {
      const message = await this.next();
      if (message.event === event) return message;
    }
  }

  /** The next `count` messages. */
  async take(count: number): Promise<Message[]> {
    const messages: Message[] = [];
    while (messages.length < count) messages.push(await this.next());
    return messages;
  }

  /**
   * Proves that nothing more has been sent to this connection: pings, and expects the pong with nothing before it. What
   * the server did before it read the ping has arrived by then (COAL-4).
   */
  async silence(): Promise<void> {
    this.send({ event: 'pusher:ping', data: {} });
    const message = await this.next();
    if (message.event !== 'pusher:pong') throw new Error(`expected silence, got ${JSON.stringify(message)}`);
  }

  /** Waits until `test` holds; it is asked again whenever something has arrived. */
  protected async waitFor(test: () => boolean, what: string): Promise<void> {
    if (test()) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting: Waiting = { test, done: resolve };
    const timer = setTimeout(
      () => reject(new Error(`waited ${patienceMs} ms for ${what}: ${this.describe()}`)),
      patienceMs,
    );
    this.#waiting.add(waiting);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(waiting);
    }
  }

  send(message: unknown): void {
    this.sendText(JSON.stringify(message));
  }

  /** Subscribes, and gives the answer: the success, or the error that came instead of it. */
  async subscribe(channel: string, auth?: string, channelData?: string): Promise<Message> {
    this.send({
      event: 'pusher:subscribe',
      data: { channel, auth, channel_data: channelData },
    });
    return this.next();
  }

  unsubscribe(channel: string): void {
    this.send({ event: 'pusher:unsubscribe', data: { channel } });
  }

  protected describe(): string {
    const last = this.texts.slice(-3).join(' ') || 'no message';
    const end = this.#ended === undefined ? 'still open' : `closed ${this.#ended.code} ${this.#ended.reason}`;
    return `${this.texts.length} messages (${this.#taken} taken), last: ${last}; ${end}`;
  }

  protected finish(end: Close): void {
    if (this.#ended !== undefined) return;
    this.#ended = end;
    this.progress();
  }

  protected progress(): void {
    for (const waiting of this.#waiting) if (waiting.test()) waiting.done();
  }

  sendFrame(_opcode: number, _payload: Uint8Array, _odd?: Parameters<typeof clientFrame>[2]): void {
    throw new Error('only a WebSocket has frames');
  }

  sendBytes(_bytes: Uint8Array): void {
    throw new Error('only a WebSocket takes bytes');
  }

  nextPing(): Promise<string> {
    throw new Error('only a WebSocket has ping frames');
  }

  ping(_payload: string): Promise<string> {
    throw new Error('only a WebSocket has ping frames');
  }

  /** Stops reading: what the server sends stays with the server. */
  pause(): void {
    throw new Error('this client cannot stop reading');
  }

  resume(): void {
    throw new Error('this client cannot stop reading');
  }
}

/** A WebSocket in bytes. */
export class WebSocketWire extends Wire {
  readonly #socket: Socket;
  readonly #key = randomBytes(16).toString('base64');
  #input: Buffer = Buffer.alloc(0);
  #upgraded = false;
  #closeFrame: Close | undefined;

  /** Connects and upgrades; resolves when the upgrade is answered (whatever the answer) or the connection has ended. */
  static async open(options: WireOptions): Promise<WebSocketWire> {
    const wire = new WebSocketWire(options);
    await wire.waitFor(() => wire.status !== 0 || wire.isClosed, 'an answer to the upgrade');
    return wire;
  }

  private constructor(options: WireOptions) {
    super();
    const host = options.host ?? '127.0.0.1';
    const headers = {
      Host: `${host}:${options.port}`,
      Upgrade: 'websocket',
      Connection: 'Upgrade',
      'Sec-WebSocket-Key': this.#key,
      'Sec-WebSocket-Version': '13',
      ...options.headers,
    };
    const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const request = `GET ${options.path ?? '/'} HTTP/1.1\r\n${head.join('')}\r\n`;
    this.#socket =
      options.ca === undefined
        ? connectTcp(options.port, host, () => this.#socket.write(request))
        : connectTls({ port: options.port, host, servername: 'localhost', ca: options.ca }, () =>
            this.#socket.write(request),
          );
    this.#socket.setNoDelay(true);
    this.#socket.on('data', (chunk: Buffer) => this.#received(chunk));
    this.#socket.on('error', () => this.finish(this.#closeFrame ?? { code: 1006, reason: '' }));
    this.#socket.on('close', () => this.finish(this.#closeFrame ?? { code: 1006, reason: '' }));
    this.#socket.on('end', () => this.#socket.end());
  }

  /** The first ping frame from the server that has not been asked for yet. */
  override async nextPing(): Promise<string> {
    await this.waitFor(() => this.pings.length > 0 || this.isClosed, 'a ping frame');
    const payload = this.pings.shift();
    if (payload === undefined) throw new Error(`expected a ping frame: ${this.describe()}`);
    return payload;
  }

  /** Sends a ping frame and waits for its pong. */
  override async ping(payload: string): Promise<string> {
    const before = this.pongs.length;
    this.sendFrame(opcodes.ping, Buffer.from(payload));
    await this.waitFor(() => this.pongs.length > before || this.isClosed, 'a pong frame');
    const pong = this.pongs[before];
    if (pong === undefined) throw new Error(`expected a pong frame: ${this.describe()}`);
    return pong;
  }

  override sendText(text: string): void {
    this.sendFrame(opcodes.text, Buffer.from(text));
  }

  override sendFrame(opcode: number, payload: Uint8Array, odd?: Parameters<typeof clientFrame>[2]): void {
    this.sendBytes(clientFrame(opcode, payload, odd));
  }

  override sendBytes(bytes: Uint8Array): void {
    if (!this.#socket.destroyed) this.#socket.write(bytes);
  }

  /** Closes as a client does, and waits for the end. */
  override async close(code = 1000): Promise<Close> {
    const payload = Buffer.alloc(2);
    payload.writeUInt16BE(code);
    this.sendFrame(opcodes.close, payload);
    return this.closed;
  }

  /** Ends the connection without a close frame; with `reset`, without even a FIN. */
  override destroy(how: 'end' | 'reset' = 'end'): void {
    if (how === 'reset') this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  /** Stops reading: what the server sends stays with the server. */
  override pause(): void {
    this.#socket.pause();
  }

  override resume(): void {
    this.#socket.resume();
  }

  #received(chunk: Buffer): void {
    this.#input = this.#input.length === 0 ? chunk : Buffer.concat([this.#input, chunk]);
    if (!this.#upgraded && !this.#readHead()) return;
    if (this.status === 101) while (this.#readFrame());
    this.progress();
  }

  #readHead(): boolean {
    const end = this.#input.indexOf('\r\n\r\n');
    if (end < 0) return false;
    const [first = '', ...lines] = this.#input.toString('latin1', 0, end).split('\r\n');
    for (const line of lines) {
      const colon = line.indexOf(':');
      this.headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
    }
    this.#input = this.#input.subarray(end + 4);
    this.#upgraded = true;
    this.status = Number(first.split(' ')[1]);
    const accept = createHash('sha1')
      .update(`${this.#key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64');
    if (this.status === 101 && this.headers.get('sec-websocket-accept') !== accept) {
      this.#socket.destroy(new Error('wrong Sec-WebSocket-Accept'));
    }
    return true;
  }

  #readFrame(): boolean {
    const input = this.#input;
    if (input.length < 2) return false;
    const opcode = (input[0] ?? 0) & 15;
    let length = (input[1] ?? 0) & 127;
    let offset = 2;
    if (length === 126) {
      if (input.length < 4) return false;
      length = input.readUInt16BE(2);
      offset = 4;
    } else if (length === 127) {
      if (input.length < 10) return false;
      length = Number(input.readBigUInt64BE(2));
      offset = 10;
    }
    if (input.length < offset + length) return false;
    const payload = input.subarray(offset, offset + length);
    this.#input = input.subarray(offset + length);
    this.#frame(opcode, payload);
    return true;
  }

  #frame(opcode: number, payload: Buffer): void {
    if (opcode === opcodes.text) {
      this.texts.push(payload.toString());
    } else if (opcode === opcodes.ping) {
      this.pings.push(payload.toString());
      if (this.answersPings) this.sendFrame(opcodes.pong, payload);
    } else if (opcode === opcodes.pong) {
      this.pongs.push(payload.toString());
    } else if (opcode === opcodes.close) {
      this.#closeFrame =
        payload.length < 2
          ? { code: 1005, reason: '' }
          : { code: payload.readUInt16BE(0), reason: payload.toString('utf8', 2) };
      this.sendFrame(opcodes.close, payload.subarray(0, 2));
      this.#socket.end();
    } else {
      throw new Error(`the server sent a frame with opcode ${opcode}`);
    }
  }
}
