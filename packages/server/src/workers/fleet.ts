import type { Log } from '@earshot/base';
import type { Desk, Seat } from './desk.ts';

/** A worker that ended sooner than this is started again only after a pause, which doubles each time. */
const soonMs = 10_000;
const pauseFirstMs = 250;
const pauseMaxMs = 30_000;
/** So many starts in a row that came to nothing, while no worker lives, are the end. */
const failedStartsMax = 5;

/** A running process. */
export interface WorkerProcess {
  readonly pid: number;
  readonly exited: Promise<number>;
  kill(signal: 'SIGKILL'): void;
}

interface Worker {
  readonly id: string;
  readonly process: WorkerProcess;
  readonly startedAt: number;
  /** Resolves when it has everything but a listener, or has ended. */
  readonly prepared: Promise<void>;
  /** Resolves when it takes requests; null when it ended before. */
  readonly seat: Promise<Seat | null>;
  hasEnded: boolean;
}

interface Slot {
  readonly index: number;
  current: Worker | null;
  pauseMs: number;
}

/** Why the fleet cannot go on: what the process should end with. */
export class FleetError extends Error {
  override readonly name = 'FleetError';
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Keeps a number of workers running: starts anew those that die, replaces them one after the other, ends them all. */
export class Fleet {
  readonly #desk: Desk;
  readonly #log: Log;
  readonly #spawn: (id: string, index: number) => WorkerProcess;
  readonly #drainMs: number;
  readonly #failed: (error: FleetError) => void;
  readonly #slots: Slot[];
  readonly #waiting = new Map<string, (seat: Seat) => void>();
  readonly #preparing = new Map<string, () => void>();
  readonly #alive = new Set<Worker>();
  #isEnding = false;
  #failedStarts = 0;
  #restarts = 0;
  #replacing: Promise<void> = Promise.resolve();
  #lastId = 0;

  constructor(options: {
    desk: Desk;
    log: Log;
    count: number;
    drainSeconds: number;
    spawn: (id: string, index: number) => WorkerProcess;
    /** It has given up. */
    failed: (error: FleetError) => void;
  }) {
    this.#desk = options.desk;
    this.#log = options.log;
    this.#spawn = options.spawn;
    this.#failed = options.failed;
    // Closing comes first, then what is under way, and after it what is being written.
    this.#drainMs = options.drainSeconds * 2_000 + 10_000;
    this.#slots = Array.from({ length: options.count }, (_, index) => ({
      index,
      current: null,
      pauseMs: pauseFirstMs,
    }));
    this.#desk.onSeat((seat) => {
      this.#waiting.get(seat.id)?.(seat);
      this.#waiting.delete(seat.id);
    });
    this.#desk.onPrepared((id) => this.#preparing.get(id)?.());
  }

  /** How many were started again after they died. */
  get restarts(): number {
    return this.#restarts;
  }

  /**
   * Starts the first worker, which makes or changes what is stored, and then the others at once. They begin to listen
   * together. Resolves when all do, and each knows.
   * @throws FleetError when one of them cannot start
   */
  async start(): Promise<void> {
    const starts: Promise<void>[] = [];
    for (const slot of this.#slots) {
      const worker = this.#launch(slot);
      starts.push(this.#startFirst(slot, worker));
      if (starts.length === 1) await worker.prepared;
      if (worker.hasEnded) break;
    }
    await Promise.all(starts);
    await this.#desk.heard();
  }

  /** Replaces every worker, one after the other: the new one takes requests before the old one is drained. */
  replaceAll(): Promise<void> {
    this.#replacing = this.#replacing.then(async () => {
      for (const slot of this.#slots) {
        if (this.#isEnding) return;
        await this.#replace(slot);
      }
    });
    return this.#replacing;
  }

  /** Drains all at the same time. @returns whether all of them ended well */
  async drain(): Promise<boolean> {
    this.#isEnding = true;
    this.#desk.close();
    const ended = await Promise.all([...this.#alive].map((worker) => this.#drain(worker, false)));
    return ended.every((code) => code === 0);
  }

  kill(): void {
    this.#isEnding = true;
    for (const { process } of this.#alive) process.kill('SIGKILL');
  }

  /** Ends a worker that does not answer any more; it is started again like one that died. */
  killSeat(seat: Seat): void {
    for (const worker of this.#alive) if (worker.id === seat.id) worker.process.kill('SIGKILL');
  }

  async #startFirst(slot: Slot, worker: Worker): Promise<void> {
    slot.current = worker;
    if ((await worker.seat) !== null) return this.#watch(slot, worker);
    if (this.#isEnding) return;
    throw new FleetError('a worker could not start', (await worker.process.exited) || 1);
  }

  async #replace(slot: Slot): Promise<void> {
    const old = slot.current;
    const fresh = this.#launch(slot);
    if ((await fresh.seat) === null) {
      this.#log.error({ worker: slot.index }, 'workers: the replacement could not start; the old one stays');
      return;
    }
    slot.current = fresh;
    this.#watch(slot, fresh);
    if (old === null || old.hasEnded) return;
    const seat = await old.seat;
    if (seat !== null) this.#desk.handOver(seat);
    await this.#drain(old, true);
  }

  #launch(slot: Slot): Worker {
    const id = `${++this.#lastId}`;
    const process = this.#spawn(id, slot.index);
    const { promise, resolve } = Promise.withResolvers<Seat | null>();
    this.#waiting.set(id, resolve);
    const prepared = Promise.withResolvers<void>();
    this.#preparing.set(id, prepared.resolve);
    const worker: Worker = {
      id,
      process,
      startedAt: performance.now(),
      prepared: prepared.promise,
      seat: promise,
      hasEnded: false,
    };
    this.#alive.add(worker);
    void process.exited.then(() => {
      worker.hasEnded = true;
      this.#alive.delete(worker);
      this.#waiting.delete(id);
      this.#preparing.delete(id);
      prepared.resolve();
      resolve(null);
    });
    return worker;
  }

  #watch(slot: Slot, worker: Worker): void {
    this.#failedStarts = 0;
    void worker.process.exited.then(async (code) => {
      if (slot.current !== worker || this.#isEnding) return;
      this.#log.error({ worker: slot.index, pid: worker.process.pid, code }, 'workers: one has died');
      if (performance.now() - worker.startedAt > soonMs) slot.pauseMs = pauseFirstMs;
      await this.#restart(slot);
    });
  }

  async #restart(slot: Slot): Promise<void> {
    while (!this.#isEnding) {
      await Bun.sleep(slot.pauseMs);
      slot.pauseMs = Math.min(pauseMaxMs, slot.pauseMs * 2);
      if (this.#isEnding) return;
      this.#restarts++;
      const worker = this.#launch(slot);
      slot.current = worker;
      if ((await worker.seat) !== null) {
        this.#log.info({ worker: slot.index, pid: worker.process.pid }, 'workers: started again');
        return this.#watch(slot, worker);
      }
      const code = await worker.process.exited;
      this.#failedStarts++;
      this.#log.error({ worker: slot.index, code, nextMs: slot.pauseMs }, 'workers: one cannot start');
      if (this.#failedStarts >= failedStartsMax && this.#desk.seats.length === 0 && !this.#isEnding) {
        this.#failed(new FleetError('no worker can start any more', code || 1));
        return;
      }
    }
  }

  /** @returns the exit code */
  async #drain(worker: Worker, isReplaced: boolean): Promise<number> {
    const seat = this.#desk.seats.find(({ id }) => id === worker.id);
    // One that has not started yet has nothing to drain.
    if (seat === undefined) worker.process.kill('SIGKILL');
    else seat.link.note('drain', isReplaced);
    const timer = setTimeout(() => {
      this.#log.error({ pid: worker.process.pid }, 'workers: one did not end in time');
      worker.process.kill('SIGKILL');
    }, this.#drainMs);
    const code = await worker.process.exited;
    clearTimeout(timer);
    return code;
  }
}
