/** Something scheduled; `cancel` may be called any number of times. */
export interface Timer {
  cancel(): void;
}

/**
 * The only source of time. It is handed in, so that tests move it by hand instead of sleeping
 * (`clock-manual.ts`).
 */
export interface Clock {
  /** Milliseconds since the epoch, for timestamps that leave the process. */
  now(): number;
  /** Milliseconds that never jump, for durations. */
  monotonic(): number;
  /** Runs `task` once after `ms` milliseconds. A pending timer does not keep the process alive. */
  after(ms: number, task: () => void): Timer;
  /** Runs `task` every `ms` milliseconds. */
  every(ms: number, task: () => void): Timer;
  /** Runs `task` when the event loop has come round: what was handed to sockets before has been written by then. */
  nextTurn(task: () => void): void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, task) {
    const timer = setTimeout(task, ms);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
  every(ms, task) {
    const timer = setInterval(task, ms);
    timer.unref();
    return { cancel: () => clearInterval(timer) };
  },
  nextTurn(task) {
    // The first immediate still runs before Bun writes.
    setImmediate(() => setImmediate(task));
  },
};
