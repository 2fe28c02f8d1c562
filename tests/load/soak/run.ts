import { Publisher, publishRequest } from '../generator/publisher.ts';
import { isPublished, Subscriber } from '../generator/subscriber.ts';
import { memory, settledMemory } from '../generator/usage.ts';
import { startServer } from '../servers.ts';
import type { Target } from '../target.ts';
import { leftovers } from './leftovers.ts';
import { visits } from './visits.ts';

/** Visits under way at a time. */
const waveSize = 500;
/** Connections before the first that count, so that the server's code is compiled and its buffers are made. */
const warmUpConnections = 4000;
/**
 * How often memory is read at rest. One reading lies up to 12 MB above or below the next without any leak, so the
 * lowest of the first third are compared with the lowest of the last.
 */
const readings = 6;
/** What memory may grow by. A leak of 250 bytes a connection is that much in 100,000. */
const growthBytesMax = 16 * 1024 * 1024;
/** Every so many waves there are clients that subscribe to a flood and do not read. */
const slowReaderWaves = 4;
const slowReaders = 3;
const floodEvents = 1000;
const floodEventBytes = 10_000;
const settings = {
  // Small, so that a slow reader need not be fed for long until the server has to cut it.
  EARSHOT_OUTBOX_BYTES: String(256 * 1024),
  // A larger channel's list of members would not fit that.
  EARSHOT_APP_PRESENCE_MEMBERS: '80',
};
/** A wave, or a publish, that takes longer will not end, in milliseconds. */
const patienceMs = 60_000;

/** Memory of the server after so many connections; `atRest` when it was given time to return. */
export interface Reading {
  connections: number;
  rssBytes: number;
  atRest: boolean;
}

export interface SoakResult {
  readings: Reading[];
  /** From the beginning to the end, at rest. */
  grownBytes: number;
  /** What was not as it should be; empty when all was well. */
  problems: string[];
}

/** Soaks an Earshot of its own with `connections` connections and some more to warm up. */
export async function soak(
  connections: number,
  progress: (reading: Reading) => void = () => {},
): Promise<SoakResult> {
  const server = await startServer('earshot', settings);
  let log = '';
  const run = new Soak(server, progress);
  await run.all(connections).finally(async () => {
    log = await server.stop();
  });
  const grownBytes = growth(run.readings);
  if (grownBytes > growthBytesMax)
    run.problems.add(
      `memory grew by ${megabytes(grownBytes)}, at most ${megabytes(growthBytesMax)} is allowed`,
    );
  if (run.problems.size > 0) run.problems.add(`the server's last lines: ${log}`);
  return { readings: run.readings, grownBytes, problems: [...run.problems] };
}

/** The lowest memory at rest in the last third, less the lowest in the first. */
export function growth(all: readonly Reading[]): number {
  const rest = all.filter((reading) => reading.atRest).map((reading) => reading.rssBytes);
  const third = Math.ceil(rest.length / 3);
  return Math.min(...rest.slice(-third)) - Math.min(...rest.slice(0, third));
}

export function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MB`;
}

class Soak {
  readonly readings: Reading[] = [];
  readonly problems = new Set<string>();
  readonly #queue: Uint8Array[] = [];
  #publisher: Publisher | null = null;
  #opened = 0;
  #waves = 0;
  /** Events that the witness has seen: it is subscribed all the time, and misses none. */
  #witnessed = 0;

  constructor(
    private readonly target: Target,
    private readonly progress: (reading: Reading) => void,
  ) {}

  async all(connections: number): Promise<void> {
    this.#publisher = await Publisher.open(this.target, 8, () => this.#queue.shift() ?? null);
    const witness = await Subscriber.open(this.target, {
      frame: (_subscriber, bytes, start) => {
        if (isPublished(bytes, start)) this.#witnessed += 1;
      },
    });
    await witness.subscribe('soak-witness');

    await this.#open(warmUpConnections);
    for (let part = 1; part < readings; part++) {
      await this.#open(Math.ceil(connections / readings));
      await this.#readAtRest();
    }
    await this.#open(warmUpConnections + connections - this.#opened);
    witness.close();
    this.#publisher.close();
    for (const problem of await leftovers(this.target)) this.problems.add(problem);
    await this.#readAtRest();
  }

  async #open(count: number): Promise<void> {
    for (let left = count; left > 0; left -= waveSize) {
      const size = Math.min(waveSize, left);
      await inTime(this.#wave(size), `wave ${this.#waves} of ${size} connections`);
      this.#read({ rssBytes: memory(this.target.pid).rss, atRest: false });
    }
  }

  async #wave(size: number): Promise<void> {
    this.#waves += 1;
    const slow: Subscriber[] = [];
    while (this.#waves % slowReaderWaves === 1 && slow.length < Math.min(slowReaders, size)) {
      slow.push(await slowReader(this.target));
    }
    const first = this.#opened + slow.length;
    const running = Array.from({ length: size - slow.length }, (_, index) => this.#visit(first + index));
    this.#opened += size;
    await Promise.all(running);
    if (slow.length > 0) {
      const flood = publishRequest(this.target, 'soak-flood', 'x'.repeat(floodEventBytes));
      await this.#publish(flood, floodEvents);
    }
    for (const subscriber of slow) subscriber.abort();
    await this.#publish(publishRequest(this.target, 'soak-witness', '{}'), 1);
    while (this.#witnessed < this.#waves) await Bun.sleep(1);
  }

  async #visit(id: number): Promise<void> {
    const visit = visits[id % visits.length];
    try {
      await visit?.(this.target, id);
    } catch (error) {
      this.problems.add(`${visit?.name}: ${error instanceof Error ? error.message : error}`);
    }
  }

  async #publish(request: Uint8Array, times: number): Promise<void> {
    const publisher = this.#publisher;
    if (publisher === null) throw new Error('published before the start');
    for (let turn = 0; turn < times; turn++) this.#queue.push(request);
    publisher.pump();
    while (this.#queue.length > 0 || publisher.answers < publisher.sent) await Bun.sleep(1);
  }

  async #readAtRest(): Promise<void> {
    const { rss } = await settledMemory(this.target.pid, 15_000);
    this.#read({ rssBytes: rss, atRest: true });
  }

  #read(reading: Omit<Reading, 'connections'>): void {
    const whole = { connections: this.#opened, ...reading };
    this.readings.push(whole);
    this.progress(whole);
  }
}

async function slowReader(target: Target): Promise<Subscriber> {
  const subscriber = await Subscriber.open(target);
  await subscriber.subscribe('soak-flood');
  subscriber.stopReading();
  return subscriber;
}

async function inTime(work: Promise<void>, what: string): Promise<void> {
  let timer: Timer | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new Error(`${what} has not ended after ${patienceMs / 1000} s`)),
      patienceMs,
    );
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
