import { type Frame, FrameReader, FrameWriter, frameKinds, textOf } from './frames.ts';

/** Relayed events that may wait for the other side; beyond it they are dropped and counted. */
const relayBytesMax = 64 * 1024 * 1024;
/** All that may wait; beyond it the other side does not live, and the link is cut. */
const bytesMax = 256 * 1024 * 1024;

/** The writing half of a socket; Bun's sockets fulfil it. */
export interface Pipe {
  /** @returns how many bytes were taken; the socket's `drain` says when it takes more */
  write(bytes: Uint8Array): number;
  end(): void;
}

type Answer = (data: never) => unknown;

interface Waiting {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}

/** Why a question got no answer: its other side is gone, or failed with this message. */
export class LinkError extends Error {
  override readonly name = 'LinkError';
  /** The `code` of the error on the other side. */
  readonly code: string | null;

  constructor(message: string, code: string | null = null) {
    super(message);
    this.code = code;
  }
}

/**
 * Questions, notes and relayed events between a worker and its supervisor. What one side sends within a turn of its loop
 * is written at once, and the other side takes it together, in the order in which it was sent; an answer that is there at once
 * overtakes nothing either.
 */
export class Link {
  /** Events that were dropped because the other side did not take them fast enough. */
  relaysDropped = 0;
  readonly #pipe: Pipe;
  readonly #onProblem: (stage: string, error: unknown) => void;
  readonly #atEndOfTurn: (task: () => void) => void;
  readonly #answers = new Map<string, Answer>();
  readonly #waiting = new Map<number, Waiting>();
  readonly #closeListeners: (() => void)[] = [];
  readonly #reader = new FrameReader();
  readonly #writer = new FrameWriter();
  #onRelay: (frame: Frame) => void = () => {};
  /** What the socket has not taken yet of what was handed to it. */
  #unsent: Buffer | null = null;
  #scheduled = false;
  #lastId = 0;
  #closed = false;
  #isDropping = false;
  /** What was relayed in order and has no place yet, the oldest first. */
  #unplaced: (() => void)[] = [];
  /** How many before those did not wait until the other side says their place. */
  #placedEarly = 0;

  /** @param atEndOfTurn when what a turn of the loop sends is written */
  constructor(
    pipe: Pipe,
    onProblem: (stage: string, error: unknown) => void,
    atEndOfTurn: (task: () => void) => void = setImmediate,
  ) {
    this.#pipe = pipe;
    this.#onProblem = onProblem;
    this.#atEndOfTurn = atEndOfTurn;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Bytes that wait for the other side. */
  get queuedBytes(): number {
    return this.#writer.length + (this.#unsent?.length ?? 0);
  }

  /** Answers questions and hears notes of this name. An answer that is no promise is sent before anything else is. */
  on<Data>(name: string, answer: (data: Data) => unknown): void {
    this.#answers.set(name, answer as Answer);
  }

  /** The frame and its bytes are to be used at once. */
  onRelay(take: (frame: Frame) => void): void {
    this.#onRelay = take;
  }

  onClose(listener: () => void): void {
    if (this.#closed) listener();
    else this.#closeListeners.push(listener);
  }

  /** @throws LinkError when the other side is gone, or fails */
  ask<Result>(name: string, data: unknown = null): Promise<Result> {
    return this.askInTurn<Result, Result>(name, data, (answer) => answer);
  }

  /**
   * Like `ask`, but what comes of the answer is made (by `then`) before anything that was sent after the answer is
   * taken, which a promise alone does not promise.
   */
  askInTurn<Answer, Result>(name: string, data: unknown, then: (answer: Answer) => Result): Promise<Result> {
    if (this.#closed) return Promise.reject(gone());
    const id = ++this.#lastId;
    return new Promise<Result>((resolve, reject) => {
      this.#waiting.set(id, { resolve: (answer: never) => resolve(then(answer)), reject });
      this.#message([1, id, name, data]);
    });
  }

  note(name: string, data: unknown = null): void {
    if (!this.#closed) this.#message([0, 0, name, data]);
  }

  relay(topic: string, text: string): void {
    if (!this.#takesRelays()) return;
    this.#writer.add(frameKinds.relay, topic, text);
    this.#added();
  }

  /** Relays what another link has received, as it is. */
  forward(frame: Frame): void {
    if (!this.#takesRelays()) return;
    this.#writer.forward(frame);
    this.#added();
  }

  /**
   * Relays, and calls `place` once: when the other side has taken it, before anything is taken here that the other side relays
   * after that, and after all that it relayed before. When the other side is gone, or so slow that this one is dropped, nothing
   * waits for it any longer: it is called at once, in the order of relaying.
   */
  relayInOrder(topic: string, text: string, place: () => void): void {
    if (!this.#takesRelays()) {
      this.#placeAll();
      place();
      return;
    }
    this.#writer.add(frameKinds.relayInOrder, topic, text);
    this.#unplaced.push(place);
    this.#added();
  }

  /** Writes what waits, without waiting for the end of the turn. */
  flush(): void {
    if (this.#closed || this.#unsent !== null || this.#writer.length === 0) return;
    this.#write(this.#writer.take());
    // These bytes are the writer's, which uses them again.
    if (this.#unsent !== null) this.#unsent = Buffer.from(this.#unsent);
  }

  /** To be called with what the socket receives. */
  received(chunk: Buffer): void {
    this.#reader.read(chunk, (frame) => this.#take(frame));
  }

  /** To be called when the socket takes bytes again. */
  drained(): void {
    const unsent = this.#unsent;
    this.#unsent = null;
    if (unsent !== null) this.#write(unsent);
    if (this.#unsent !== null) return;
    this.#isDropping = false;
    this.flush();
  }

  /** To be called when the socket has ended. */
  closed(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#placeAll();
    for (const { reject } of this.#waiting.values()) reject(gone());
    this.#waiting.clear();
    for (const listener of this.#closeListeners) listener();
  }

  close(): void {
    this.flush();
    this.#pipe.end();
    this.closed();
  }

  #takesRelays(): boolean {
    if (this.#closed) return false;
    if (this.queuedBytes <= relayBytesMax) return true;
    this.relaysDropped++;
    if (!this.#isDropping) this.#onProblem('workers: events are dropped, the other side is too slow', null);
    this.#isDropping = true;
    return false;
  }

  /** So many of what was relayed have their place, which is here. */
  #place(count: number): void {
    const early = Math.min(count, this.#placedEarly);
    this.#placedEarly -= early;
    for (const place of this.#unplaced.splice(0, count - early)) this.#guard(place);
  }

  #placeAll(): void {
    const unplaced = this.#unplaced;
    this.#unplaced = [];
    this.#placedEarly += unplaced.length;
    for (const place of unplaced) this.#guard(place);
  }

  #guard(task: () => void): void {
    try {
      task();
    } catch (error) {
      this.#onProblem('workers: a message failed', error);
    }
  }

  #message(message: readonly unknown[]): void {
    this.#writer.add(frameKinds.message, '', JSON.stringify(message));
    this.#added();
  }

  #added(): void {
    if (this.queuedBytes > bytesMax) {
      this.#onProblem('workers: a link is cut, its other side takes nothing', null);
      this.close();
      return;
    }
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#atEndOfTurn(() => {
      this.#scheduled = false;
      this.flush();
    });
  }

  #write(bytes: Buffer): void {
    const taken = Math.max(0, this.#pipe.write(bytes));
    this.#unsent = taken < bytes.length ? bytes.subarray(taken) : null;
  }

  #take(frame: Frame): void {
    try {
      switch (frame.kind) {
        case frameKinds.relay:
          this.#onRelay(frame);
          break;
        case frameKinds.relayInOrder:
          // Its place is here, behind all that was sent to the other side before.
          this.#writer.place();
          this.#added();
          this.#onRelay(frame);
          break;
        case frameKinds.placed:
          this.#place(frame.bytes.readUInt32LE(frame.payload));
          break;
        default:
          this.#read(JSON.parse(textOf(frame)));
      }
    } catch (error) {
      this.#onProblem('workers: a message failed', error);
    }
  }

  #read([kind, id, nameOrResult, data]: [number, number, never, never]): void {
    if (kind >= 2) {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (kind === 2) waiting?.resolve(nameOrResult);
      else waiting?.reject(errorOf(nameOrResult));
      return;
    }
    const answer = this.#answers.get(nameOrResult);
    if (kind === 0) {
      answer?.(data);
      return;
    }
    if (answer === undefined) {
      this.#message([3, id, { message: `nobody here answers ${nameOrResult}` }]);
      return;
    }
    const failed = (error: unknown) => {
      const { message, code } = error as { message?: unknown; code?: unknown };
      if (!this.#closed) this.#message([3, id, { message: String(message), code: code ?? null }]);
    };
    try {
      const result = answer(data);
      if (result instanceof Promise) {
        result.then((value) => {
          if (!this.#closed) this.#message([2, id, value ?? null]);
        }, failed);
      } else this.#message([2, id, result ?? null]);
    } catch (error) {
      failed(error);
    }
  }
}

function gone(): LinkError {
  return new LinkError('The other process is gone');
}

function errorOf({ message, code }: { message: string; code?: string | null }): LinkError {
  return new LinkError(message, code ?? null);
}
