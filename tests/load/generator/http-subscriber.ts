import type { Socket } from 'bun';
import type { Target } from '../target.ts';
import { fatal } from './fatal.ts';
import { HttpBody } from './http-body.ts';

export type HttpKind = 'xhr_streaming' | 'xhr' | 'event_stream';

/** What scenarios publish, as it stands in a body; it occurs once in each delivery. */
const published = {
  xhr_streaming: Buffer.from('\\"event\\":\\"bench\\"'),
  xhr: Buffer.from('\\"event\\":\\"bench\\"'),
  event_stream: Buffer.from('"event":"bench"'),
};
const succeeded = Buffer.from('subscription_succeeded');
/** pusher-js ends a stream of which it has read more, and asks for the next one. */
const responseBytesMax = 256 * 1024;

interface Line {
  received(chunk: Buffer): void;
  ended(): void;
}

let sessions = 0;

/** One client on an HTTP transport, by hand over raw TCP sockets: it counts deliveries and decodes nothing. */
export class HttpSubscriber {
  #socket: Socket<Line> | null = null;
  #tail = Buffer.alloc(0);
  #bodyBytes = 0;
  #opened: (() => void) | null = null;
  #subscribed: (() => void) | null = null;
  readonly #path: string;

  private constructor(
    private readonly target: Target,
    private readonly kind: HttpKind,
    private readonly delivered: (count: number) => void,
  ) {
    const id = (sessions++).toString(32).padStart(8, '0');
    this.#path = `/pusher/app/${target.app.key}/1/${id}`;
  }

  /** Connects, subscribes and resolves with the success. @param delivered is told how many deliveries came */
  static async open(
    target: Target,
    kind: HttpKind,
    channel: string,
    delivered: (count: number) => void,
  ): Promise<HttpSubscriber> {
    const subscriber = new HttpSubscriber(target, kind, delivered);
    const subscribed = new Promise<void>((resolve) => {
      subscriber.#subscribed = resolve;
    });
    const opened = new Promise<void>((resolve) => {
      subscriber.#opened = resolve;
    });
    await subscriber.#receive(channel);
    await opened;
    if (kind !== 'event_stream') await subscriber.#subscribe(channel);
    await subscribed;
    return subscriber;
  }

  async #receive(channel: string): Promise<void> {
    const socket = await this.#connect();
    this.#socket = socket;
    const request =
      this.kind === 'event_stream'
        ? `GET /app/${this.target.app.key}/events?channel=${channel} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`
        : this.#post(this.kind);
    socket.write(request);
  }

  #post(request: 'xhr' | 'xhr_streaming'): string {
    return `POST ${this.#path}/${request}?protocol=7&client=js&version=8.6.0 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n`;
  }

  #connect(): Promise<Socket<Line>> {
    const body = new HttpBody(
      (bytes, start, length) => this.#body(bytes, start, length),
      () => this.#answered(),
    );
    const line: Line = {
      received: (chunk) => body.feed(chunk),
      ended: () => {
        if (this.#socket?.data === line) throw new Error('the server ended a response while it was measured');
      },
    };
    return Bun.connect<Line>({ hostname: '127.0.0.1', port: this.target.port, data: line, socket: handlers });
  }

  async #subscribe(channel: string): Promise<void> {
    const message = JSON.stringify({ event: 'pusher:subscribe', data: { channel } });
    const body = JSON.stringify([message]);
    const response = await fetch(`http://127.0.0.1:${this.target.port}${this.#path}/xhr_send`, {
      method: 'POST',
      body,
    });
    if (response.status !== 204) throw new Error(`xhr_send answered ${response.status}`);
  }

  #body(bytes: Buffer, start: number, length: number): void {
    this.#bodyBytes += length;
    this.#opened?.();
    this.#opened = null;
    const marker = published[this.kind];
    const end = start + length;
    let count = 0;
    let from = start;
    if (this.#tail.length > 0) {
      const seam = Buffer.concat([
        this.#tail,
        bytes.subarray(start, Math.min(end, start + marker.length - 1)),
      ]);
      if (seam.includes(marker)) count++;
    }
    for (
      let at = bytes.indexOf(marker, from);
      at >= 0 && at + marker.length <= end;
      at = bytes.indexOf(marker, from)
    ) {
      count++;
      from = at + marker.length;
    }
    this.#tail = Buffer.from(bytes.subarray(Math.max(from, end - marker.length + 1), end));
    if (count > 0) this.delivered(count);
    if (this.#subscribed !== null && bytes.subarray(start, end).includes(succeeded)) {
      this.#subscribed();
      this.#subscribed = null;
    }
    if (this.kind === 'xhr_streaming' && this.#bodyBytes > responseBytesMax) this.#takeOver();
  }

  /** A poll is over: the next one. */
  #answered(): void {
    this.#bodyBytes = 0;
    if (this.kind === 'xhr') this.#socket?.write(this.#post('xhr'));
  }

  #takeOver(): void {
    const old = this.#socket;
    this.#socket = null;
    this.#bodyBytes = 0;
    this.#tail = Buffer.alloc(0);
    old?.terminate();
    this.#receive('').catch(fatal);
  }
}

const handlers = {
  data(socket: Socket<Line>, chunk: Buffer) {
    socket.data.received(chunk);
  },
  close(socket: Socket<Line>) {
    socket.data.ended();
  },
  error(_socket: Socket<Line>, error: Error) {
    fatal(error);
  },
};

/** Opens `count` of them, each on the channel that `channelOf` names, some at a time. */
export async function openHttpSubscribers(
  target: Target,
  kind: HttpKind,
  count: number,
  channelOf: (index: number) => string,
  delivered: (count: number) => void,
): Promise<void> {
  let next = 0;
  const lane = async () => {
    for (let index = next++; index < count; index = next++) {
      await HttpSubscriber.open(target, kind, channelOf(index), delivered);
    }
  };
  await Promise.all(Array.from({ length: Math.min(64, count) }, lane));
}
