import type { TraceKind } from '@earshot/dashboard';
import { Sample } from './sample.ts';

/** Kinds of which there can be thousands a second. The others must not drown in them. */
const traffic: ReadonlySet<TraceKind> = new Set(['published', 'sent', 'client_event', 'api_request']);
const trafficMax = 150;
const othersMax = 50;

/** What a batch may hold at most. */
export const batchEntriesMax = trafficMax + othersMax;

/** What waits for the next batch: a sample of the traffic and one of everything else, each of them uniform. */
export class Batch<Item> {
  readonly #traffic: Sample<Item>;
  readonly #others: Sample<Item>;

  /** @param random numbers from 0 to below 1 */
  constructor(random: () => number) {
    this.#traffic = new Sample(trafficMax, random);
    this.#others = new Sample(othersMax, random);
  }

  get isEmpty(): boolean {
    return this.#traffic.isEmpty && this.#others.isEmpty;
  }

  add(kind: TraceKind, item: Item): void {
    (traffic.has(kind) ? this.#traffic : this.#others).add(item);
  }

  /** Counts items that were left out before they came here. */
  skip(count: number): void {
    this.#traffic.skip(count);
  }

  /** Empties it. `skippedHere` does not count what `skip` was told. */
  take(): { items: Item[]; skipped: number; skippedHere: number } {
    const some = this.#traffic.take();
    const others = this.#others.take();
    return {
      items: [...some.items, ...others.items],
      skipped: some.skipped + others.skipped,
      skippedHere: some.skippedHere + others.skippedHere,
    };
  }
}
