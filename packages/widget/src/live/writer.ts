import { type FadeClock, opacityAt, untilChange } from './fade.ts';
import { graphemesOf } from './graphemes.ts';
import {
  editBetween,
  jsonBytes,
  laneBytesMost,
  laneGraphemesMost,
  type Op,
  type Snapshot,
  waitOf,
} from './ops.ts';
import type { LiveGrapheme } from './state.ts';

interface Cell {
  readonly key: number;
  text: string;
  /** By the fading clock, and by the real one. */
  readonly at: number;
  readonly typedAt: number;
  /** Of an input method that is still at work. */
  draft: boolean;
  /** Faded; the input has it until it is taken out. */
  faded: boolean;
}

export interface WriterOptions {
  readonly clock: FadeClock;
  /** Null: nothing fades. */
  readonly stayMs: number | null;
  readonly noTakeBacks: boolean;
}

/** Ages that differ by less are one run of a snapshot. */
const sameAgeMs = 50;

/**
 * My own lane: what my input holds, and what was done to it since it was last asked for. Everything follows from the
 * input's text before and after, so it does not matter how the text got there.
 */
export class Writer {
  declare private readonly clock: FadeClock;
  declare private readonly stayMs: number | null;
  declare private readonly noTakeBacks: boolean;
  declare private cells: Cell[];
  declare private key: number;
  declare private ops: Op[];
  declare private lastOpAt: number;
  /** Operations so far, those that wait included. */
  declare private done: number;

  constructor({ clock, stayMs, noTakeBacks }: WriterOptions) {
    this.clock = clock;
    this.stayMs = stayMs;
    this.noTakeBacks = noTakeBacks;
    this.cells = [];
    this.key = 0;
    this.ops = [];
    this.lastOpAt = 0;
    this.done = 0;
  }

  /** What the input has to hold once what has faded is taken out. */
  get text(): string {
    return join(this.cells.filter(({ faded }) => !faded));
  }

  get isEmpty(): boolean {
    return this.cells.length === 0;
  }

  /** Something is to be sent. */
  get hasOps(): boolean {
    return this.ops.length > 0;
  }

  /** The input's text is this now. @returns what it has to be */
  type(text: string, composing: boolean, now: number): string {
    const edit = editBetween(
      this.cells.map((cell) => cell.text),
      graphemesOf(text),
    );
    if (edit !== null) this.edit(edit.at, edit.erased, edit.inserted, composing, now);
    if (!composing && this.cells.some(({ draft }) => draft)) {
      for (const cell of this.cells) cell.draft = false;
      this.record(now, (wait) => ['!', wait]);
    }
    if (!composing) this.dropOldest(now);
    return join(this.cells);
  }

  /** Takes out what has faded. @returns what the input has to hold */
  takeFaded(now: number): string {
    for (let index = this.cells.length - 1; index >= 0; index--) {
      if (!this.cells[index]?.faded) continue;
      let first = index;
      while (this.cells[first - 1]?.faded) first--;
      this.cells.splice(first, index - first + 1);
      this.record(now, (wait) => ['f', wait, first, index - first + 1]);
      index = first;
    }
    return join(this.cells);
  }

  /** What has come to its end is faded from now on. @returns whether something has */
  fade(now: number): boolean {
    if (this.stayMs === null) return false;
    const age = this.clock.at(now);
    let any = false;
    for (const cell of this.cells) {
      if (cell.faded || opacityAt(age - cell.at, this.stayMs, true) > 0) continue;
      cell.faded = true;
      any = true;
    }
    return any;
  }

  shown(now: number, reduced: boolean): LiveGrapheme[] {
    const age = this.clock.at(now);
    return this.cells
      .filter(({ faded }) => !faded)
      .map(({ key, text, at }) => ({
        key,
        text,
        opacity: this.stayMs === null ? 1 : opacityAt(age - at, this.stayMs, reduced),
      }));
  }

  /** Real milliseconds until what is shown changes by itself; null: not. */
  untilChange(now: number, reduced: boolean): number | null {
    if (this.stayMs === null) return null;
    const age = this.clock.at(now);
    let soonest: number | null = null;
    for (const { faded, at } of this.cells) {
      const until = faded ? null : untilChange(age - at, this.stayMs, reduced);
      if (until !== null && (soonest === null || until < soonest)) soonest = until;
    }
    return soonest === null ? null : this.clock.real(soonest);
  }

  /** What was done since the last time. `first` is the number of the first operation. */
  take(): { readonly first: number; readonly ops: readonly Op[] } {
    const ops = this.ops;
    this.ops = [];
    return { first: this.done - ops.length, ops };
  }

  /** All that is there, in the place of operations. `next` is the number that the next operation will have. */
  snapshot(now: number): { readonly next: number; readonly cells: Snapshot } {
    this.ops = [];
    const runs: (number | [string[], number, 1?])[] = [];
    let last: Cell | undefined;
    for (const cell of this.cells) {
      const run = runs.at(-1);
      if (cell.faded) {
        if (typeof run === 'number') runs[runs.length - 1] = run + 1;
        else runs.push(1);
      } else if (
        Array.isArray(run) &&
        last !== undefined &&
        last.draft === cell.draft &&
        Math.abs(cell.typedAt - last.typedAt) < sameAgeMs
      ) {
        run[0].push(cell.text);
      } else {
        const age = waitOfAge(now - cell.typedAt);
        runs.push(cell.draft ? [[cell.text], age, 1] : [[cell.text], age]);
        last = cell;
      }
    }
    return { next: this.done, cells: runs };
  }

  private edit(
    at: number,
    erased: number,
    inserted: readonly string[],
    composing: boolean,
    now: number,
  ): void {
    const going = this.cells.slice(at, at + erased);
    const [first] = going;
    const [grown, ...more] = inserted;
    if (first !== undefined && erased === 1 && grown?.startsWith(first.text) && !first.faded) {
      // An accent or a skin colour came to the character: it is still the same one.
      first.text = grown;
      this.record(now, (wait) => ['g', wait, at, grown]);
      if (more.length > 0) this.insert(at + 1, more, composing, now);
      return;
    }
    let place = at;
    if (this.noTakeBacks) {
      // What is said stays; what an input method has not settled yet is not said, and what has faded may go.
      const kept = going.filter(({ draft, faded }) => !draft && !faded);
      if (kept.length > 0 && kept.length < going.length) {
        for (let index = at + erased - 1; index >= at; index--) {
          const cell = this.cells[index];
          if (cell?.draft || cell?.faded) this.erase(index, 1, now);
        }
        place = at + kept.length;
      } else if (kept.length > 0) place = at + erased;
      else this.erase(at, erased, now);
    } else this.erase(at, erased, now);
    if (inserted.length > 0) this.insert(place, inserted, composing, now);
  }

  private erase(at: number, count: number, now: number): void {
    if (count === 0) return;
    this.cells.splice(at, count);
    this.record(now, (wait) => ['-', wait, at, count]);
  }

  private insert(at: number, graphemes: readonly string[], composing: boolean, now: number): void {
    const fitting = fitted(graphemes);
    if (fitting.length === 0) return;
    const time = { at: this.clock.at(now), typedAt: now };
    const cells = fitting.map((text) => ({
      key: ++this.key,
      text,
      ...time,
      draft: composing,
      faded: false,
    }));
    this.cells.splice(at, 0, ...cells);
    this.record(now, (wait) => [composing ? '~' : '+', wait, at, fitting]);
  }

  /** A lane holds so much; then the oldest goes, whatever its age. */
  private dropOldest(now: number): void {
    const texts = this.cells.map(({ text }) => text);
    let from = Math.max(0, texts.length - laneGraphemesMost);
    while (jsonBytes(texts.slice(from)) > laneBytesMost) from++;
    if (from === 0) return;
    this.cells.splice(0, from);
    this.record(now, (wait) => ['f', wait, 0, from]);
  }

  private record(now: number, op: (wait: number) => Op): void {
    // The first one of a batch has nothing to wait for.
    const wait = this.ops.length === 0 ? 0 : waitOf(now - this.lastOpAt);
    this.lastOpAt = now;
    this.ops.push(op(wait));
    this.done++;
  }
}

/** As much of its beginning as a lane can hold at all. */
function fitted(graphemes: readonly string[]): readonly string[] {
  let some = graphemes.slice(0, laneGraphemesMost);
  while (jsonBytes(some) > laneBytesMost) some = some.slice(0, Math.floor(some.length * 0.8));
  return some;
}

const waitOfAge = (ms: number): number => Math.max(0, Math.min(24 * 3_600_000, Math.round(ms)));
const join = (cells: readonly Cell[]): string => cells.map(({ text }) => text).join('');
