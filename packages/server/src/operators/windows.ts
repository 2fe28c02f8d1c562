import { RateLimiterMemory } from 'rate-limiter-flexible';

/** How much was taken under a key in its window, and how soon the window is over. */
export interface WindowCount {
  readonly taken: number;
  readonly msLeft: number;
}

/** Counts what is asked for in windows of seconds or minutes, for all processes that share the counts. */
export interface Windows {
  /** The window begins with the first taking and lasts for `seconds`. */
  take(key: string, points: number, seconds: number): Promise<WindowCount>;
  forget(key: string): Promise<void>;
}

/** Of one process, and forgotten with it. */
export class WindowCounts implements Windows {
  readonly #counts = new RateLimiterMemory({ points: Number.MAX_SAFE_INTEGER, duration: 60 });

  async take(key: string, points: number, seconds: number): Promise<WindowCount> {
    const { consumedPoints, msBeforeNext } = await this.#counts.consume(key, points, {
      customDuration: seconds,
    });
    return { taken: consumedPoints, msLeft: msBeforeNext };
  }

  async forget(key: string): Promise<void> {
    await this.#counts.delete(key);
  }
}

/** Windows that are counted elsewhere for all nodes, and here while that cannot be asked. */
export function sharedWindows(
  shared: {
    count(key: string, points: number, seconds: number): Promise<WindowCount | undefined>;
    forget(key: string): Promise<void>;
  },
  here: Windows,
): Windows {
  return {
    take: async (key, points, seconds) =>
      (await shared.count(key, points, seconds)) ?? here.take(key, points, seconds),
    async forget(key) {
      await Promise.all([shared.forget(key), here.forget(key)]);
    },
  };
}
