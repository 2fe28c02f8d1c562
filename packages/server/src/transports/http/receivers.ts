import type { HeldRequest } from './request.ts';

/** The response that takes what a session has for its client. */
export interface Receiver {
  /** It takes one write and is over. */
  readonly once: boolean;
  /** @returns false when more waits than the client may leave waiting */
  write(bytes: Uint8Array): boolean;
  /** Ends the response after what was written. Harmless when it has ended. */
  end(): void;
  /** Ends it without delivering what still waits. */
  cut(): void;
}

/** A response that stays open. */
export class StreamReceiver implements Receiver {
  readonly once = false;
  readonly response: Response;
  readonly #held: HeldRequest;
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;

  /**
   * @param bytesMax what may wait for the client
   * @param gone called when the client went away by itself
   */
  constructor(held: HeldRequest, headers: HeadersInit, bytesMax: number, gone: (self: Receiver) => void) {
    this.#held = held;
    const source = {
      start: (controller: ReadableStreamDefaultController<Uint8Array>) => {
        this.#controller = controller;
      },
      cancel: () => {
        this.#controller = null;
        gone(this);
      },
    };
    const strategy = new ByteLengthQueuingStrategy({ highWaterMark: bytesMax });
    this.response = new Response(new ReadableStream<Uint8Array>(source, strategy), { headers });
    held.onAbort(() => gone(this));
  }

  write(bytes: Uint8Array): boolean {
    if (this.#controller === null) return true;
    this.#controller.enqueue(bytes);
    return (this.#controller.desiredSize ?? 1) > 0;
  }

  end(): void {
    this.#take()?.close();
  }

  cut(): void {
    this.#take()?.error(new Error('the client reads too slowly'));
  }

  #take(): ReadableStreamDefaultController<Uint8Array> | null {
    const controller = this.#controller;
    this.#controller = null;
    if (controller !== null) this.#held.letGo();
    return controller;
  }
}

/** A held poll: one write answers it. */
export class PollReceiver implements Receiver {
  readonly once = true;
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
    this.#held.letGo();
    answer(new Response(bytes as Uint8Array<ArrayBuffer> | null, { headers: this.#headers }));
  }
}
