import type { HeldRequest } from './request.ts';

/** How long what is left of a response may wait for a client that does not read. */
const unreadSeconds = 12;
/** The same for one that is cut because it does not; the least that Bun's timers know. */
const cutSeconds = 4;

/** The response that takes what a session has for its client. */
export interface Receiver {
  /** It takes one write and is over. */
  readonly once: boolean;
  /** What was written and has not reached the socket. */
  readonly unreadBytes: number;
  /** @returns false when more waits than the client may leave waiting */
  write(bytes: Uint8Array): boolean;
  /** Ends the response after what was written. Harmless when it has ended. */
  end(): void;
  /** Ends it for a client that reads too slowly: what waits is soon thrown away. */
  cut(): void;
}

/**
 * The chunks that wait in a stream, by their sizes. A strategy that counts bytes would do the same, and costs 8 kB of memory for
 * each stream; only those whose client is slow need one of these.
 */
class Backlog {
  bytes = 0;
  readonly #sizes: number[] = [];

  /** @param waiting how many chunks wait, the new one of `size` bytes included */
  add(size: number, waiting: number): void {
    this.#sizes.push(size);
    this.bytes += size;
    const written = this.#sizes.splice(0, this.#sizes.length - waiting);
    for (const one of written) this.bytes -= one;
  }
}

/** A response that stays open. */
export class StreamReceiver implements Receiver {
  readonly once = false;
  readonly response: Response;
  readonly #held: HeldRequest;
  readonly #bytesMax: number;
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  #backlog: Backlog | null = null;

  /**
   * @param bytesMax what may wait for the client
   * @param gone called when the client went away by itself
   */
  constructor(held: HeldRequest, headers: HeadersInit, bytesMax: number, gone: (self: Receiver) => void) {
    this.#held = held;
    this.#bytesMax = bytesMax;
    const source = {
      start: (controller: ReadableStreamDefaultController<Uint8Array>) => {
        this.#controller = controller;
      },
      cancel: () => {
        this.#controller = null;
        gone(this);
      },
    };
    this.response = new Response(new ReadableStream<Uint8Array>(source), { headers });
    held.onAbort(() => gone(this));
  }

  get unreadBytes(): number {
    return this.#waitingChunks === 0 ? 0 : (this.#backlog?.bytes ?? 0);
  }

  write(bytes: Uint8Array): boolean {
    if (this.#controller === null) return true;
    this.#controller.enqueue(bytes);
    const waiting = this.#waitingChunks;
    if (waiting === 0) this.#backlog = null;
    else {
      this.#backlog ??= new Backlog();
      this.#backlog.add(bytes.length, waiting);
    }
    return this.#backlog === null || this.#backlog.bytes <= this.#bytesMax;
  }

  /** The default strategy: room for one chunk, less those that wait. */
  get #waitingChunks(): number {
    return 1 - (this.#controller?.desiredSize ?? 1);
  }

  end(): void {
    this.#close(unreadSeconds);
  }

  cut(): void {
    this.#close(cutSeconds);
  }

  #close(seconds: number): void {
    const controller = this.#controller;
    if (controller === null) return;
    this.#controller = null;
    this.#held.letGo(seconds);
    controller.close();
  }
}

/** A held poll: one write answers it. */
export class PollReceiver implements Receiver {
  readonly once = true;
  readonly unreadBytes = 0;
  readonly response: Promise<Response>;
  readonly #held: HeldRequest;
  readonly #headers: HeadersInit;
  #answer: ((response: Response) => void) | null = null;

  /** @param gone called when the client went away by itself */
  constructor(held: HeldRequest, headers: HeadersInit, gone: (self: Receiver) => void) {
    this.#held = held;
    this.#headers = headers;
    this.response = new Promise((resolve) => {
      this.#answer = resolve;
    });
    held.onAbort(() => gone(this));
  }

  write(bytes: Uint8Array): boolean {
    this.#settle(bytes);
    return true;
  }

  end(): void {
    this.#settle(null);
  }

  cut(): void {
    this.#settle(null);
  }

  #settle(bytes: Uint8Array | null): void {
    const answer = this.#answer;
    if (answer === null) return;
    this.#answer = null;
    this.#held.letGo(unreadSeconds);
    answer(new Response(bytes as Uint8Array<ArrayBuffer> | null, { headers: this.#headers }));
  }
}
