import type { Target } from '../target.ts';
import { Publisher, publishRequest } from './publisher.ts';
import { isPublished, type Listener } from './subscriber.ts';
import { cpuMicros, serverMicros } from './usage.ts';

/**
 * How long deliveries may pause before those still missing count as lost, in milliseconds. A server that shares its core with
 * other programs can be without it for seconds.
 */
const quietMs = 10_000;

/** Counts deliveries, and refuses to go on when the server cuts a subscriber: the figures would mean nothing. */
export class Deliveries implements Listener {
  count = 0;

  frame(_subscriber: unknown, bytes: Buffer, start: number, length: number): void {
    if (isPublished(bytes, start)) this.delivered(bytes, start, length);
  }

  closed(_subscriber: unknown, code: number | null): void {
    throw new Error(`the server closed a subscriber (code ${code ?? 'none'}) while it was measured`);
  }

  protected delivered(_bytes: Buffer, _start: number, _length: number): void {
    this.count += 1;
  }
}

/** A round of publishing, from the first request until the last delivery has arrived. */
export interface Round {
  publishes: number;
  deliveries: number;
  /** Deliveries that never came. */
  lost: number;
  /** From the first request to the last delivery. */
  seconds: number;
  /** CPU time of the server. */
  serverMicros: number;
  /** CPU time of this process, to show that it was not what limited the round. */
  generatorMicros: number;
}

/**
 * Runs `publish` and waits until all it has caused is delivered, `receivers` deliveries a publish. Measured
 * so, work that a server has accepted and put off is in its bill.
 */
export async function measureRound(
  target: Target,
  deliveries: Deliveries,
  receivers: number,
  publish: () => Promise<number>,
): Promise<Round> {
  const before = deliveries.count;
  const serverBefore = serverMicros(target.pid);
  const generatorBefore = cpuMicros(process.pid);
  const startedAt = performance.now();
  const publishes = await publish();
  const expected = publishes * receivers;
  let seen = deliveries.count;
  let changedAt = performance.now();
  while (deliveries.count - before < expected && performance.now() - changedAt < quietMs) {
    await Bun.sleep(1);
    if (deliveries.count !== seen) {
      seen = deliveries.count;
      changedAt = performance.now();
    }
  }
  const delivered = deliveries.count - before;
  return {
    publishes,
    deliveries: delivered,
    lost: expected - delivered,
    seconds: (changedAt - startedAt) / 1000,
    serverMicros: serverMicros(target.pid) - serverBefore,
    generatorMicros: cpuMicros(process.pid) - generatorBefore,
  };
}

/** Publishes as fast as the answers come, `inFlight` requests at a time, over `channels` in turn. */
export class Saturation {
  #running = false;
  #wake: (() => void) | null = null;

  private constructor(private readonly publisher: Publisher) {}

  static async prepare(target: Target, inFlight: number, channels: string[], payloadBytes: number) {
    // At least a few hundred requests that differ: a server shall not live off one that it has seen before.
    const requests = Array.from({ length: Math.max(256, channels.length) }, (_, index) =>
      publishRequest(target, channels[index % channels.length] as string, payload(payloadBytes, index)),
    );
    let turn = 0;
    const saturation: Saturation = new Saturation(
      await Publisher.open(target, inFlight, () => {
        if (saturation.#running) return requests[turn++ % requests.length] as Uint8Array;
        if (saturation.publisher.answers === saturation.publisher.sent) saturation.#wake?.();
        return null;
      }),
    );
    return saturation;
  }

  /** Publishes for `ms` milliseconds and returns how many were accepted, once the last one is answered. */
  async run(ms: number): Promise<number> {
    const before = this.publisher.sent;
    const done = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#running = true;
    this.publisher.pump();
    await Bun.sleep(ms);
    this.#running = false;
    await done;
    return this.publisher.sent - before;
  }

  close(): void {
    this.publisher.close();
  }
}

/** A JSON object of exactly `bytes` bytes, as an application would send it. */
function payload(bytes: number, id: number): string {
  const empty = JSON.stringify({ id, text: '' }).length;
  return JSON.stringify({ id, text: 'x'.repeat(bytes - empty) });
}
