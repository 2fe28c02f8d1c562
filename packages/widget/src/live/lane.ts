import { type FadeClock, opacityAt, untilChange } from './fade.ts';
import { laneGraphemesMost, type Op, readOps, readSnapshot, type Snapshot } from './ops.ts';
import type { LiveGrapheme } from './state.ts';

interface Cell {
  readonly key: number;
  text: string;
  /** By the fading clock. */
  readonly at: number;
  draft: boolean;
  /** The writer's input has it, so that positions count it. It may have faded here. */
  inInput: boolean;
}

interface Due {
  readonly at: number;
  readonly op: Op;
}

export interface LaneOptions {
  readonly clock: FadeClock;
  /** Null: nothing fades. */
  readonly stayMs: number | null;
  /** What is taken back stays until it fades. */
  readonly noTakeBacks: boolean;
}

/** A batch is replayed within so long, however long it took to write. */
const lagMost = 1_000;
/** Batches that came before their turn. */
const earlyMost = 16;
/** Characters on the screen, when somebody holds it. */
const shownMost = 2_000;
/** Of what has not been read out yet. */
const unsaidMost = 400;

/**
 * The lane of somebody else, put together from what arrives. Batches that come twice or late are dropped, those that come
 * early wait, and where something is missing the lane stands still until a snapshot heals it. Whatever somebody sends,
 * it harms no lane but theirs.
 */
export class Lane {
  declare private readonly clock: FadeClock;
  declare private readonly stayMs: number | null;
  declare private readonly noTakeBacks: boolean;
  declare private cells: Cell[];
  declare private key: number;
  /** The number of the operation that comes next. Null: nothing is known yet. */
  declare private next: number | null;
  declare private early: Map<number, readonly Op[]>;
  declare private queue: Due[];
  declare private isHealing: boolean;
  /** What came and was not read out yet. */
  declare private unsaid: Cell[];
  declare private changedAt: number;

  constructor({ clock, stayMs, noTakeBacks }: LaneOptions) {
    this.clock = clock;
    this.stayMs = stayMs;
    this.noTakeBacks = noTakeBacks;
    this.cells = [];
    this.key = 0;
    this.next = null;
    this.early = new Map();
    this.queue = [];
    this.isHealing = false;
    this.unsaid = [];
    this.changedAt = 0;
  }

  /** Something is missing or was wrong: ask for a snapshot. */
  get healing(): boolean {
    return this.isHealing;
  }

  /** The writer begins anew, as after a reload: what stands here fades. */
  restart(): void {
    for (const cell of this.cells) cell.inInput = false;
    this.queue = [];
    this.early.clear();
    this.next = null;
    this.isHealing = false;
  }

  /** Operations from somebody. @param first the number of the first of them */
  batch(first: unknown, data: unknown, now: number): void {
    const ops = readOps(data);
    if (ops === null || !isNumber(first)) this.isWrong();
    else this.inOrder(first, ops, now);
  }

  /** All that is there, from somebody. */
  snapshot(next: unknown, data: unknown, now: number): void {
    const cells = readSnapshot(data);
    if (cells === null || !isNumber(next)) {
      this.isWrong();
      return;
    }
    // Older than what is known, or the same.
    if (this.next !== null && (next < this.next || (next === this.next && !this.isHealing))) return;
    this.queue = [];
    this.next = next;
    this.isHealing = false;
    this.replace(cells, now);
    this.takeEarly(now);
    // What does not follow now would make the lane wait for ever.
    this.early.clear();
    this.isHealing = false;
  }

  /** Does what is due. @returns whether something has changed */
  advance(now: number): boolean {
    let done = 0;
    while ((this.queue[done]?.at ?? Number.POSITIVE_INFINITY) <= now) {
      const due = this.queue[done++];
      if (due === undefined) break;
      if (!this.apply(due.op, now)) {
        this.queue = [];
        this.isWrong();
        return true;
      }
      this.changedAt = now;
    }
    this.queue.splice(0, done);
    return done > 0;
  }

  /** Forgets the text of what has faded. @returns whether something has */
  fade(now: number): boolean {
    if (this.stayMs === null) return false;
    const age = this.clock.at(now);
    let any = false;
    for (const cell of this.cells) {
      if (cell.text === '' || opacityAt(age - cell.at, this.stayMs, true) > 0) continue;
      cell.text = '';
      any = true;
    }
    if (any) this.sweep();
    return any;
  }

  shown(now: number, reduced: boolean): LiveGrapheme[] {
    const age = this.clock.at(now);
    return this.cells
      .filter(({ text }) => text !== '')
      .map(({ key, text, at }) => ({
        key,
        text,
        opacity: this.stayMs === null ? 1 : opacityAt(age - at, this.stayMs, reduced),
      }));
  }

  /** Real milliseconds until something changes by itself; null: not. */
  untilChange(now: number, reduced: boolean): number | null {
    const [due] = this.queue;
    let soonest = due === undefined ? null : Math.max(0, due.at - now);
    if (this.stayMs === null) return soonest;
    const age = this.clock.at(now);
    for (const { text, at } of this.cells) {
      const until = text === '' ? null : untilChange(age - at, this.stayMs, reduced);
      if (until === null) continue;
      const real = this.clock.real(until);
      if (soonest === null || real < soonest) soonest = real;
    }
    return soonest === Number.POSITIVE_INFINITY ? null : soonest;
  }

  /**
   * What is to be read out: all since the last time, once the writer has paused for so long, has ended a sentence, or the
   * beginning of it has faded.
   */
  phrase(now: number, pauseMs: number): string | null {
    if (this.unsaid.length === 0) return null;
    const text = this.unsaid.map((cell) => cell.text).join('');
    const isOver =
      now - this.changedAt >= pauseMs || /[.!?…。！？]\s*$|\n$/u.test(text) || this.isFading(now);
    if (!isOver) return null;
    this.unsaid = [];
    return text.trim() === '' ? null : text.trim();
  }

  /** Real milliseconds until a pause would be one; null: nothing waits to be read out. */
  untilPhrase(now: number, pauseMs: number): number | null {
    return this.unsaid.length === 0 ? null : Math.max(0, this.changedAt + pauseMs - now);
  }

  private isFading(now: number): boolean {
    const [first] = this.unsaid;
    return first !== undefined && this.stayMs !== null && this.clock.at(now) - first.at >= this.stayMs;
  }

  private isWrong(): void {
    this.isHealing = true;
    this.early.clear();
  }

  private inOrder(first: number, ops: readonly Op[], now: number): void {
    if (first > (this.next ?? 0)) {
      this.isEarly(first, ops);
      return;
    }
    this.next ??= 0;
    if (this.isHealing && this.early.size === 0) return;
    const fresh = ops.slice(this.next - first);
    if (fresh.length === 0) return;
    this.next += fresh.length;
    this.enqueue(fresh, now);
    this.takeEarly(now);
    if (this.early.size === 0) this.isHealing = false;
  }

  private isEarly(first: number, ops: readonly Op[]): void {
    this.isHealing = true;
    if (this.early.size < earlyMost) this.early.set(first, ops);
  }

  private takeEarly(now: number): void {
    for (const first of [...this.early.keys()].sort((a, b) => a - b)) {
      if (this.next === null || first > this.next) {
        this.isHealing = true;
        return;
      }
      const fresh = (this.early.get(first) ?? []).slice(this.next - first);
      this.early.delete(first);
      this.next += fresh.length;
      this.enqueue(fresh, now);
    }
  }

  private enqueue(ops: readonly Op[], now: number): void {
    let at = Math.max(now, this.queue.at(-1)?.at ?? now);
    for (const op of ops) {
      at = Math.min(at + op[1], now + lagMost);
      this.queue.push({ at, op });
    }
  }

  /** @returns false for what cannot be done */
  private apply(op: Op, now: number): boolean {
    if (op[0] === '!') {
      for (const cell of this.cells) cell.draft = false;
      return true;
    }
    const [kind, , at, what] = op;
    const input = this.cells.filter(({ inInput }) => inInput);
    if (kind === '+' || kind === '~') {
      if (at > input.length || input.length + what.length > 2 * laneGraphemesMost) return false;
      const next = input[at];
      const place = next === undefined ? this.cells.length : this.cells.indexOf(next);
      const cells = what.map((text) => this.cell(text, this.clock.at(now), kind === '~'));
      this.cells.splice(place, 0, ...cells);
      this.unsaid.push(...cells);
      this.sweep();
      return true;
    }
    if (kind === 'g') {
      const cell = input[at];
      if (cell === undefined) return false;
      if (cell.text !== '' && what.startsWith(cell.text)) cell.text = what;
      return true;
    }
    if (at + what > input.length) return false;
    for (const cell of input.slice(at, at + what)) {
      cell.inInput = false;
      if (kind === 'f' || (this.noTakeBacks && !cell.draft)) continue;
      cell.text = '';
      this.unsaid = this.unsaid.filter((one) => one !== cell);
    }
    this.sweep();
    return true;
  }

  /** What is shown already and is in the snapshot, too, stays as it is. */
  private replace(snapshot: Snapshot, now: number): void {
    const age = this.clock.at(now);
    const before = this.cells.filter(({ inInput }) => inInput);
    const after = snapshot.flatMap((run): Cell[] => {
      if (typeof run === 'number') return Array.from({ length: run }, () => this.cell('', age, false));
      const at = age - run[1];
      return run[0].map((text) => this.cell(this.hasFaded(run[1]) ? '' : text, at, run[2] === 1));
    });
    const same = (old: Cell | undefined, fresh: Cell | undefined) =>
      old !== undefined && fresh !== undefined && (old.text === '' || old.text === fresh.text);
    let start = 0;
    while (same(before[start], after[start])) start++;
    let end = 0;
    const least = Math.min(before.length, after.length) - start;
    while (end < least && same(before.at(-1 - end), after.at(-1 - end))) end++;
    const middle = after.slice(start, after.length - end);
    const kept = [...before.slice(0, start), ...middle, ...(end === 0 ? [] : before.slice(-end))];
    for (const cell of before) if (!kept.includes(cell)) cell.inInput = false;
    const past = this.cells.filter(({ inInput }) => !inInput);
    // What is missing at the beginning has left the writer's input by fading; anything else was corrected away.
    const corrected = !this.noTakeBacks && (start > 0 || this.stayMs === null);
    if (corrected) for (const cell of before) if (!cell.inInput) cell.text = '';
    this.cells = [...past, ...kept];
    this.unsaid.push(...middle.filter(({ text }) => text !== ''));
    this.changedAt = now;
    this.sweep();
  }

  private hasFaded(age: number): boolean {
    return this.stayMs !== null && opacityAt(age, this.stayMs, true) === 0;
  }

  private cell(text: string, at: number, draft: boolean): Cell {
    return { key: ++this.key, text, at, draft, inInput: true };
  }

  private sweep(): void {
    this.cells = this.cells.filter(({ text, inInput }) => inInput || text !== '');
    const over = this.cells.length - shownMost;
    if (over > 0) {
      for (const cell of this.cells.filter(({ inInput }) => !inInput).slice(0, over)) cell.text = '';
      this.cells = this.cells.filter(({ text, inInput }) => inInput || text !== '');
    }
    if (this.unsaid.length > unsaidMost) this.unsaid = this.unsaid.slice(-unsaidMost);
    this.unsaid = this.unsaid.filter(({ text }) => text !== '');
  }
}

const isNumber = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
