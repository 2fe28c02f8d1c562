import type { Target } from '../target.ts';

/** How long and how large; `--quick` shrinks both. */
export interface Scale {
  /** How long a scenario publishes before it measures, so that the server's code is compiled. */
  warmUpMs: number;
  /** How long a scenario publishes while it measures. */
  measureMs: number;
  /** Connections opened, one after another in 64 lanes, to measure what opening costs. */
  connects: number;
}

export const fullScale: Scale = { warmUpMs: 1500, measureMs: 4000, connects: 8000 };
export const quickScale: Scale = { warmUpMs: 700, measureMs: 1500, connects: 2500 };

/** What a scenario measured, by name; the table says which names it has and in which unit. */
export type Measures = Record<string, number>;

/** Runs against a freshly started server and leaves it to be stopped. */
export type Scenario = (target: Target, scale: Scale) => Promise<Measures>;
