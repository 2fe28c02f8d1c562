import type { Clock, Log, Timer } from '@earshot/base';
import type { Context } from 'hono';
import type { Counters } from '../metrics/counters.ts';
import type { Operators } from '../operators/operators.ts';
import type { DeskEnv } from './api.ts';
import { refuse } from './refusal.ts';

const perSessionMost = 12;
/** What may wait for a reader; beyond it the stream is cut, and the page begins a new one. */
const waitingBytesMost = 1024 * 1024;
/** How soon a session that ended elsewhere (a command, another node) ends its streams. */
const checkMs = 5_000;
const heartbeatEveryChecks = 3;
/** How long the end of a response may wait for its reader. */
const unreadSeconds = 12;

const encoder = new TextEncoder();

interface Stream {
  readonly token: string;
  readonly isStillFor: () => boolean;
  write(text: string): void;
  end(): void;
}

/** What a part does with a stream: says what it sends, and ends that when asked to. */
export interface StreamSource {
  /** Begins. @returns ends it */
  readonly begin: (send: (event: string, data: object) => void) => () => void;
  /** False as soon as what the stream is about is no more. */
  readonly isStillFor: () => boolean;
}

/**
 * The open event streams of operators' pages. Each begins with a comment, because the head would be held back without; has
 * a heartbeat; and ends with its session, with what it is about, and when its reader does not keep up.
 */
export class EventStreams {
  readonly #operators: Operators;
  readonly #counters: Counters;
  readonly #log: Log;
  readonly #streams = new Set<Stream>();
  readonly #timer: Timer;
  readonly #unlisten: () => void;
  #checks = 0;

  constructor(operators: Operators, counters: Counters, clock: Clock, log: Log) {
    this.#operators = operators;
    this.#counters = counters;
    this.#log = log;
    this.#timer = clock.every(checkMs, () => {
      if (++this.#checks % heartbeatEveryChecks === 0)
        for (const stream of this.#streams) stream.write(': \n\n');
      this.endWhatIsOver();
    });
    this.#unlisten = operators.onEnded(() => this.endWhatIsOver());
  }

  get size(): number {
    return this.#streams.size;
  }

  open(c: Context<DeskEnv>, source: StreamSource): Response {
    const token = c.get('token');
    const { allowIdle } = c.env;
    // Nobody would read it, and nobody would end it.
    if (c.req.raw.method === 'HEAD') return c.body(null, 200);
    if ([...this.#streams].filter((stream) => stream.token === token).length >= perSessionMost) {
      refuse('too_many', `At most ${perSessionMost} live views of one browser at a time. Close one.`, {
        retryAfterSeconds: 5,
      });
    }
    const streams = this.#streams;
    const counters = this.#counters;
    let stop: (() => void) | null = null;
    let controller: ReadableStreamDefaultController<Uint8Array> | null = null;
    const forget = () => {
      controller = null;
      streams.delete(stream);
      stop?.();
      stop = null;
    };
    const stream: Stream = {
      token,
      isStillFor: source.isStillFor,
      write(text) {
        if (controller === null) return;
        controller.enqueue(encoder.encode(text));
        if ((controller.desiredSize ?? 0) >= 0) return;
        counters.deskStreamsCut++;
        stream.end();
      },
      end() {
        const open = controller;
        if (open === null) return;
        forget();
        allowIdle(unreadSeconds);
        open.close();
      },
    };
    const body = new ReadableStream<Uint8Array>(
      {
        start: (given) => {
          controller = given;
        },
        cancel: forget,
      },
      new ByteLengthQueuingStrategy({ highWaterMark: waitingBytesMost }),
    );
    // Throws where the source refuses, before anything is open.
    stop = source.begin((event, data) => stream.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`));
    streams.add(stream);
    stream.write(': open\n\n');
    allowIdle(0);
    return c.body(body, 200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store',
      // Proxies that collect answers would hold the stream back.
      'X-Accel-Buffering': 'no',
    });
  }

  /** Ends all of them, so that the server can stop. */
  close(): void {
    this.#timer.cancel();
    this.#unlisten();
    for (const stream of this.#streams) stream.end();
  }

  /** Ends those whose session or subject is no more. */
  endWhatIsOver(): void {
    for (const stream of this.#streams) if (!stream.isStillFor()) stream.end();
    for (const token of new Set([...this.#streams].map((stream) => stream.token))) {
      this.#operators.session(token).then(
        (signedIn) => {
          if (signedIn !== null) return;
          for (const stream of this.#streams) if (stream.token === token) stream.end();
        },
        (error) => this.#log.error({ err: error }, 'dashboard: the session of a stream could not be checked'),
      );
    }
  }
}
