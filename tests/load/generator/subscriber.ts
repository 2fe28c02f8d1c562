import type { Socket } from 'bun';
import type { Target } from '../target.ts';
import { fatal } from './fatal.ts';
import { encodeFrame, encodeText, FrameReader, opcodes } from './frames.ts';

/** What a scenario hears from its subscribers. One object serves them all. */
export interface Listener {
  /** Each text frame once the connection is established; `bytes` is only valid during the call. */
  frame?(subscriber: Subscriber, bytes: Buffer, start: number, length: number): void;
  /** The connection ended without our asking. `code` is the close frame's, if there was one. */
  closed?(subscriber: Subscriber, code: number | null): void;
}

/** Names of events published by scenarios do not begin with `p`, so that one byte tells them from `pusher…`. */
const eventNameAt = '{"event":"'.length;
const byteP = 'p'.charCodeAt(0);

/** True when the frame is an event that a scenario published, false for the server's own messages. */
export function isPublished(bytes: Buffer, start: number): boolean {
  return bytes[start + eventNameAt] !== byteP;
}

const establishedPrefix = '{"event":"pusher:connection_established"';

function socketIdOf(text: string): string {
  const found = /"socket_id\\":\\"(\d+\.\d+)\\"/.exec(text);
  if (found === null) throw new Error(`no socket id in ${text}`);
  return found[1] as string;
}

interface Waiting {
  /** How the frame begins that answers. */
  prefix: string;
  resolve(): void;
  reject(error: Error): void;
}

/**
 * One client of the server under test: a WebSocket by hand over a raw TCP socket, which counts and forwards
 * frames and decodes only those that set it up.
 */
export class Subscriber {
  socketId = '';
  bytesIn = 0;
  /** A number for the scenario's own use. */
  mark = 0;
  #socket: Socket<Subscriber> | null = null;
  #upgraded = false;
  #closing = false;
  #closeCode: number | null = null;
  #head = '';
  #waiting: Waiting | null = null;
  readonly #reader = new FrameReader((opcode, bytes, start, length) =>
    this.#frame(opcode, bytes, start, length),
  );

  private constructor(private readonly listener: Listener) {}

  /** Connects and resolves once the server has said `pusher:connection_established`. */
  static async open(target: Target, listener: Listener = {}): Promise<Subscriber> {
    const subscriber = new Subscriber(listener);
    const opened = subscriber.#answer(establishedPrefix);
    const socket = await Bun.connect<Subscriber>({
      hostname: '127.0.0.1',
      port: target.port,
      data: subscriber,
      socket: handlers,
    });
    subscriber.#socket = socket;
    subscriber.#write(
      Buffer.from(
        `GET /app/${target.app.key}?protocol=7&client=js&version=8.6.0&flash=false HTTP/1.1\r\n` +
          `Host: 127.0.0.1:${target.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
          'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
      ),
    );
    await opened;
    return subscriber;
  }

  /** Subscribes and resolves with the server's success. */
  subscribe(channel: string, proof?: { auth: string; channelData?: string }): Promise<void> {
    const data = { auth: proof?.auth ?? '', channel_data: proof?.channelData, channel };
    const text = JSON.stringify({ event: 'pusher:subscribe', data });
    return this.request(text, '{"event":"pusher_internal:subscription_succeeded"');
  }

  /**
   * Sends a message and resolves with the first frame that begins with `prefix`; rejects when the server says
   * `pusher:error` or closes instead. One at a time.
   */
  request(text: string, prefix: string): Promise<void> {
    const answer = this.#answer(prefix);
    this.sendText(text);
    return answer;
  }

  sendText(text: string): void {
    this.#write(encodeText(text));
  }

  /** Bytes on the wire as they are, for what no well-behaved client sends. */
  sendRaw(bytes: Uint8Array): void {
    this.#write(bytes);
  }

  /** Closes as a browser does: a close frame, then the socket. */
  close(): void {
    this.#closing = true;
    this.#write(encodeFrame(opcodes.close, new Uint8Array([0x03, 0xe8])));
    this.#socket?.end();
  }

  /** Drops the connection without a word (TCP reset). */
  abort(): void {
    this.#closing = true;
    this.#socket?.terminate();
  }

  /** Stops reading for good: what the server sends from now on stays in its buffers. */
  stopReading(): void {
    this.#socket?.pause();
  }

  /** For the socket's handlers only. */
  received(chunk: Buffer): void {
    this.bytesIn += chunk.length;
    if (this.#upgraded) {
      this.#reader.feed(chunk);
      return;
    }
    this.#head += chunk.toString('latin1');
    const end = this.#head.indexOf('\r\n\r\n');
    if (end < 0) return;
    if (!this.#head.startsWith('HTTP/1.1 101')) {
      this.#fail(`the server refused the upgrade: ${this.#head.split('\r\n', 1)[0]}`);
      return;
    }
    this.#upgraded = true;
    const rest = Buffer.from(this.#head.slice(end + 4), 'latin1');
    this.#head = '';
    if (rest.length > 0) this.#reader.feed(rest);
  }

  /** For the socket's handlers only. */
  ended(): void {
    this.#socket = null;
    this.#fail(`the server closed the connection (code ${this.#closeCode ?? 'none'})`);
    if (!this.#closing) this.listener.closed?.(this, this.#closeCode);
    this.#closing = true;
  }

  #frame(opcode: number, bytes: Buffer, start: number, length: number): void {
    if (opcode === opcodes.text) {
      if (this.#waiting !== null && !isPublished(bytes, start)) this.#answered(bytes, start, length);
      this.listener.frame?.(this, bytes, start, length);
    } else if (opcode === opcodes.ping) {
      this.#write(encodeFrame(opcodes.pong, bytes.subarray(start, start + length)));
    } else if (opcode === opcodes.close) {
      this.#closeCode = length >= 2 ? bytes.readUInt16BE(start) : null;
      this.#socket?.end();
    }
  }

  #answer(prefix: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting = { prefix, resolve, reject };
    });
  }

  #answered(bytes: Buffer, start: number, length: number): void {
    const text = bytes.toString('utf8', start, start + Math.min(length, 200));
    const waiting = this.#waiting;
    if (waiting !== null && text.startsWith(waiting.prefix)) {
      if (waiting.prefix === establishedPrefix) this.socketId = socketIdOf(text);
      this.#waiting = null;
      waiting.resolve();
    } else if (text.startsWith('{"event":"pusher:error"')) {
      this.#fail(`the server answered ${text}`);
    }
  }

  #fail(message: string): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.reject(new Error(message));
  }

  #write(bytes: Uint8Array): void {
    if (this.#socket === null) return;
    const written = this.#socket.write(bytes);
    // What a subscriber sends always fits an empty send buffer; a server that stops reading is a finding.
    if (written >= 0 && written < bytes.length)
      throw new Error('the server no longer reads from a subscriber');
  }
}

const handlers = {
  data(socket: Socket<Subscriber>, chunk: Buffer) {
    socket.data.received(chunk);
  },
  close(socket: Socket<Subscriber>) {
    socket.data.ended();
  },
  end(socket: Socket<Subscriber>) {
    socket.end();
  },
  error(_socket: Socket<Subscriber>, error: Error) {
    fatal(error);
  },
};

/**
 * Opens `count` subscribers, each on the channel that `channelOf` names, `width` at a time.
 * Rejects when any of them is refused.
 */
export async function openSubscribers(
  target: Target,
  count: number,
  channelOf: (index: number) => string,
  listener: Listener = {},
  width = 256,
): Promise<Subscriber[]> {
  const opened: Subscriber[] = [];
  let next = 0;
  const lane = async () => {
    for (let index = next++; index < count; index = next++) {
      const subscriber = await Subscriber.open(target, listener);
      await subscriber.subscribe(channelOf(index));
      opened.push(subscriber);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, count) }, lane));
  return opened;
}
