import { Latencies } from '../generator/latency.ts';
import { Deliveries, measureRound } from '../generator/load.ts';
import { Publisher, publishRequest } from '../generator/publisher.ts';
import { openSubscribers } from '../generator/subscriber.ts';
import type { Target } from '../target.ts';
import { payloadBytes, subscribersOfOne } from './fanout.ts';
import type { Scenario } from './scenario.ts';

const stampDigits = 12;

/** A payload of `payloadBytes` that begins with the time at which its publish fell due, in microseconds. */
function stamped(micros: number): string {
  const stamp = String(Math.floor(micros)).padStart(stampDigits, '0');
  const empty = JSON.stringify({ stamp, text: '' }).length;
  return JSON.stringify({ stamp, text: 'x'.repeat(payloadBytes - empty) });
}

/** Reads the stamp of each delivery. All frames of a server are laid out alike, so it is looked for once. */
export class TimedDeliveries extends Deliveries {
  latencies = new Latencies();
  #stampAt = 0;

  protected override delivered(bytes: Buffer, start: number, length: number): void {
    super.delivered(bytes, start, length);
    if (this.#stampAt === 0) {
      const text = bytes.toString('latin1', start, start + length);
      const found = /stamp\\":\\"(?=\d{12})/.exec(text);
      if (found === null) throw new Error(`no time stamp in ${text}`);
      this.#stampAt = found.index + found[0].length;
    }
    let sentAt = 0;
    for (let digit = 0; digit < stampDigits; digit++) {
      sentAt = sentAt * 10 + (bytes[start + this.#stampAt + digit] as number) - 48;
    }
    this.latencies.add(performance.now() * 1000 - sentAt);
  }
}

/** 1,000 subscribers of one channel and `perSecond` publishes, evenly spaced. */
export function paced(perSecond: number): Scenario {
  return async (target, scale) => {
    const deliveries = new TimedDeliveries();
    await openSubscribers(target, subscribersOfOne, () => 'bench', deliveries);
    const pace = await preparePace(target, perSecond);
    await measureRound(target, deliveries, subscribersOfOne, () => pace(scale.warmUpMs));
    deliveries.latencies = new Latencies();
    const round = await measureRound(target, deliveries, subscribersOfOne, () => pace(scale.measureMs));
    return {
      cpu: round.serverMicros / round.deliveries,
      p50: deliveries.latencies.percentileMs(0.5),
      p99: deliveries.latencies.percentileMs(0.99),
      lost: round.lost,
      serverCores: round.serverMicros / 1e6 / round.seconds,
      generatorCores: round.generatorMicros / 1e6 / round.seconds,
    };
  };
}

/**
 * Returns a function that publishes `perSecond` times a second for some milliseconds. The clock of a
 * publish starts when it falls due, so one that has to wait for a free connection is late, not left out.
 */
export async function preparePace(
  target: Target,
  perSecond: number,
): Promise<(ms: number) => Promise<number>> {
  const queue: Uint8Array[] = [];
  const publisher = await Publisher.open(target, 16, () => queue.shift() ?? null);
  return async (ms) => {
    const startedAt = performance.now();
    const total = Math.round((ms * perSecond) / 1000);
    for (let due = 0; due < total; ) {
      const now = performance.now();
      for (; due < total && due <= ((now - startedAt) * perSecond) / 1000; due++) {
        queue.push(publishRequest(target, 'bench', stamped(now * 1000)));
      }
      publisher.pump();
      await Bun.sleep(1);
    }
    return total;
  };
}
