import type { LiveFade } from './state.ts';

/** How long the fading itself takes. */
export const fadingMs = 1_000;
/** Ten times as long, as who reads slowly may ask for. */
const slowRate = 0.1;
const steps = 10;

/**
 * The time by which text ages for one reader: slower when they want that, and standing still when the screen is held or
 * fading is off. What is on the screen goes on from where it was.
 */
export class FadeClock {
  declare private since: number;
  declare private age: number;
  declare private rate: number;

  constructor(now: number) {
    this.since = now;
    this.age = 0;
    this.rate = 1;
  }

  /** Milliseconds of this time. */
  at(now: number): number {
    return this.age + Math.max(0, now - this.since) * this.rate;
  }

  set(fade: Pick<LiveFade, 'mode' | 'held'>, now: number): void {
    this.age = this.at(now);
    this.since = now;
    this.rate = fade.held || fade.mode === 'off' ? 0 : fade.mode === 'slow' ? slowRate : 1;
  }

  /** Real milliseconds in which so many of this time pass. */
  real(ms: number): number {
    return this.rate === 0 ? Number.POSITIVE_INFINITY : ms / this.rate;
  }
}

/** 1, then down to 0 in tenths. With reduced motion nothing moves: it is there, and then it is not. */
export function opacityAt(age: number, stayMs: number, reduced: boolean): number {
  if (age < stayMs) return 1;
  if (age >= stayMs + fadingMs) return 0;
  return reduced ? 1 : 1 - Math.floor(((age - stayMs) / fadingMs) * steps) / steps;
}

/** How much older it has to be for `opacityAt` to change; null when it is 0. */
export function untilChange(age: number, stayMs: number, reduced: boolean): number | null {
  const end = stayMs + fadingMs;
  if (age >= end) return null;
  if (reduced) return end - age;
  const step = fadingMs / steps;
  const next = age < stayMs ? 1 : Math.floor((age - stayMs) / step) + 1;
  // The first step is the whole opacity; the second one is where something can be seen.
  return Math.max(1, Math.min(end, stayMs + next * step) - age);
}
