/** The response that takes what a session has for its client. */
export interface Receiver {
  /** It takes one write and is over. */
  readonly once: boolean;
  /** @returns false when more waits than the client may leave waiting */
  write(bytes: Uint8Array): boolean;
  /** Ends the response. Harmless when it has ended. */
  end(): void;
}

/** A response that stays open. */
export class StreamReceiver implements Receiver {
  readonly once = false;
  readonly response: Response;
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;

  /**
   * @param bytesMax what may wait for the client
   * @param gone called once when the client went away by itself
   */
  constructor(headers: HeadersInit, bytesMax: number, gone: () => void) {
    const source = {
      start: (controller: ReadableStreamDefaultController<Uint8Array>) => {
        this.#controller = controller;
      },
      cancel: () => {
        this.#controller = null;
        gone();
      },
    };
    const strategy = new ByteLengthQueuingStrategy({ highWaterMark: bytesMax });
    this.response = new Response(new ReadableStream<Uint8Array>(source, strategy), { headers });
  }

  write(bytes: Uint8Array): boolean {
    if (this.#controller === null) return true;
    this.#controller.enqueue(bytes);
    return (this.#controller.desiredSize ?? 1) > 0;
  }

  end(): void {
    const controller = this.#controller;
    this.#controller = null;
    controller?.close();
  }
}

/** A held poll: one write answers it. */
export class PollReceiver implements Receiver {
  readonly once = true;
  readonly response: Promise<Response>;
  readonly #headers: HeadersInit;
  #answer: ((response: Response) => void) | null = null;

  constructor(headers: HeadersInit) {
    this.#headers = headers;
    this.response = new Promise((resolve) => {
      this.#answer = resolve;
    });
  }

  write(bytes: Uint8Array): boolean {
    this.#answer?.(new Response(bytes as Uint8Array<ArrayBuffer>, { headers: this.#headers }));
    this.#answer = null;
    return true;
  }

  end(): void {
    this.#answer?.(new Response(null, { headers: this.#headers }));
    this.#answer = null;
  }
}
