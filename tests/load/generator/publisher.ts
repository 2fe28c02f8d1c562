import type { Socket } from 'bun';
import type { Target } from '../target.ts';
import { fatal } from './fatal.ts';
import { signRequest } from './sign.ts';

/**
 * A complete signed `POST /apps/{id}/events` as bytes (HTTP/1.1, keep-alive). Good for ten minutes, and for
 * as many sendings as one likes: a run signs its requests before it starts to measure.
 */
export function publishRequest(target: Target, channel: string, data: string): Uint8Array {
  const body = JSON.stringify({ name: 'bench', channels: [channel], data });
  const address = signRequest(target, 'POST', `/apps/${target.app.id}/events`, body);
  return Buffer.from(
    `POST ${address} HTTP/1.1\r\nHost: 127.0.0.1:${target.port}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

/** One connection with at most one request under way. */
class Line {
  #socket: Socket<Line> | null = null;
  #waiting = false;
  #answer = '';

  constructor(
    private readonly port: number,
    private readonly answered: (line: Line, answer: string) => void,
    private readonly lost: (line: Line) => void,
  ) {}

  async connect(): Promise<void> {
    const options = { hostname: '127.0.0.1', port: this.port, data: this as Line, socket: handlers };
    this.#socket = await Bun.connect<Line>(options);
  }

  send(request: Uint8Array): void {
    const written = this.#socket?.write(request);
    if (written !== request.length) throw new Error('the server no longer reads from a publisher');
    this.#waiting = true;
  }

  close(): void {
    const socket = this.#socket;
    this.#socket = null;
    socket?.end();
  }

  /** For the socket's handlers only. */
  received(chunk: Buffer): void {
    this.#answer += chunk.toString('latin1');
    const end = this.#answer.indexOf('\r\n\r\n');
    if (end < 0) return;
    const length = /\r\ncontent-length: (\d+)/i.exec(this.#answer)?.[1];
    if (length === undefined) throw new Error(`an answer without Content-Length: ${this.#answer}`);
    if (this.#answer.length < end + 4 + Number(length)) return;
    const answer = this.#answer;
    this.#answer = '';
    this.#waiting = false;
    this.answered(this, answer);
  }

  /** For the socket's handlers only. */
  ended(): void {
    if (this.#socket === null) return;
    if (this.#waiting) fatal(new Error('the server closed a connection that it owed an answer'));
    this.lost(this);
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

/**
 * Publishes with a fixed number of requests under way: whenever a connection is free it asks `next` for
 * bytes to send; null leaves it idle until the next `pump`. Connections are kept alive where the server
 * lets them (soketi answers `Connection: close`) and opened again where it does not.
 */
export class Publisher {
  sent = 0;
  answers = 0;
  readonly #lines: Line[] = [];
  readonly #free: Line[] = [];

  private constructor(private readonly next: () => Uint8Array | null) {}

  static async open(target: Target, inFlight: number, next: () => Uint8Array | null): Promise<Publisher> {
    const publisher = new Publisher(next);
    for (let index = 0; index < inFlight; index++) {
      const line = new Line(
        target.port,
        (line, answer) => publisher.#answered(line, answer),
        (line) => publisher.#reconnect(line),
      );
      await line.connect();
      publisher.#lines.push(line);
      publisher.#free.push(line);
    }
    return publisher;
  }

  /** Puts every free connection to work, as far as `next` has something. */
  pump(): void {
    for (let line = this.#free.pop(); line !== undefined; line = this.#free.pop()) {
      const request = this.next();
      if (request === null) {
        this.#free.push(line);
        return;
      }
      this.sent += 1;
      line.send(request);
    }
  }

  close(): void {
    for (const line of this.#lines) line.close();
  }

  #answered(line: Line, answer: string): void {
    if (!answer.startsWith('HTTP/1.1 200')) {
      throw new Error(`a publish was refused: ${answer.slice(0, 400)}`);
    }
    this.answers += 1;
    if (/\r\nconnection: close\r\n/i.test(answer)) return; // `lost` follows
    this.#free.push(line);
    this.pump();
  }

  #reconnect(line: Line): void {
    const idle = this.#free.indexOf(line);
    if (idle >= 0) this.#free.splice(idle, 1);
    line.connect().then(() => {
      this.#free.push(line);
      this.pump();
    }, fatal);
  }
}
