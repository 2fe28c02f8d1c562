const bucketMicros = 50;
const bucketCount = 100_000;

/** Counts latencies in steps of 50 µs up to 5 s; what is longer counts as 5 s. */
export class Latencies {
  #counts = new Uint32Array(bucketCount);
  #total = 0;

  add(micros: number): void {
    const bucket = Math.min(bucketCount - 1, Math.max(0, Math.floor(micros / bucketMicros)));
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
    this.#total += 1;
  }

  /** The latency in milliseconds that `share` (0..1) of all counted ones do not exceed; NaN when none were. */
  percentileMs(share: number): number {
    if (this.#total === 0) return Number.NaN;
    let left = Math.ceil(this.#total * share);
    for (let bucket = 0; bucket < bucketCount; bucket++) {
      left -= this.#counts[bucket] as number;
      if (left <= 0) return ((bucket + 1) * bucketMicros) / 1000;
    }
    throw new Error('the counts do not add up to the total');
  }
}
