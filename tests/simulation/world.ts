import { drainMicrotasks } from 'bun:jsc';
import { type Clock, ManualClock, type Timer } from '@earshot/base';
import { Random } from './random.ts';

/** Most messages take a moment, some take long: that is what lets those of different links overtake each other. */
const quickMs = 3;
const slowMs = 150;
const slowShare = 0.08;

/** One clock, one seed. Nothing here waits: time is moved by hand, and all that a task makes ready is done before the next. */
export class World {
  readonly clock = new ManualClock();
  readonly seed: number;
  #links = 0;

  constructor(seed: number) {
    this.seed = seed;
  }

  get now(): number {
    return this.clock.monotonic();
  }

  /** Does `task` and all that follows from it without time passing. */
  run(task: () => void): void {
    task();
    drainMicrotasks();
  }

  after(ms: number, task: () => void): Timer {
    return this.clock.after(ms, () => this.run(task));
  }

  random(stream: string): Random {
    return new Random(this.seed, stream);
  }

  link(name: string): SimulatedLink {
    return new SimulatedLink(this, this.random(`${name} ${this.#links++}`));
  }
}

/** One way from one place to another: late, but always in order; what is under way can be lost when it is cut. */
export class SimulatedLink {
  readonly #world: World;
  readonly #random: Random;
  #lastDue = 0;
  #isCut = false;
  /** Added to every message. */
  extraMs = 0;

  constructor(world: World, random: Random) {
    this.#world = world;
    this.#random = random;
  }

  send(arrive: () => void): void {
    if (this.#isCut) return;
    const delayMs = this.#random.chance(slowShare) ? this.#random.below(slowMs) : this.#random.below(quickMs);
    // Whole milliseconds: sums of fractions could change the order.
    const due = Math.max(this.#lastDue, this.#world.now + delayMs + this.extraMs);
    this.#lastDue = due;
    this.#world.after(due - this.#world.now, () => {
      if (!this.#isCut) arrive();
    });
  }

  /** What is under way is lost too. */
  cut(): void {
    this.#isCut = true;
  }
}

/** A process of the world: it can stand still and go on, and it can end without a word. */
export class Process {
  readonly world: World;
  readonly clock: Clock;
  isDead = false;
  #paused = false;
  #backlog: (() => void)[] = [];

  constructor(world: World) {
    this.world = world;
    this.clock = new ProcessClock(this);
  }

  get isPaused(): boolean {
    return this.#paused;
  }

  /** Does `task` here: now, when the process goes on, or never. */
  run(task: () => void): void {
    if (this.isDead) return;
    if (this.#paused) this.#backlog.push(task);
    else this.world.run(task);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    const backlog = this.#backlog;
    this.#backlog = [];
    for (const task of backlog) this.run(task);
  }

  die(): void {
    this.isDead = true;
    this.#backlog = [];
  }
}

/** The world's time as a process gets to use it: what falls due while it stands still is done when it goes on. */
class ProcessClock implements Clock {
  readonly #process: Process;

  constructor(process: Process) {
    this.#process = process;
  }

  now(): number {
    return this.#process.world.clock.now();
  }

  monotonic(): number {
    return this.#process.world.now;
  }

  after(ms: number, task: () => void): Timer {
    let isCancelled = false;
    const timer = this.#process.world.clock.after(ms, () =>
      this.#process.run(() => {
        if (!isCancelled) task();
      }),
    );
    return {
      cancel() {
        isCancelled = true;
        timer.cancel();
      },
    };
  }

  every(ms: number, task: () => void): Timer {
    let isDue = false;
    let isCancelled = false;
    const timer = this.#process.world.clock.every(ms, () => {
      if (this.#process.isDead) timer.cancel();
      // However long the process stood still, it does it once.
      if (isDue) return;
      isDue = true;
      this.#process.run(() => {
        isDue = false;
        if (!isCancelled) task();
      });
    });
    return {
      cancel() {
        isCancelled = true;
        timer.cancel();
      },
    };
  }

  nextTurn(task: () => void): void {
    this.#process.world.clock.nextTurn(() => this.#process.run(task));
  }
}
