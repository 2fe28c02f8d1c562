import type { Clock, Timer } from '@earshot/base';
import { transports } from '@earshot/dashboard';
import type { App } from '../apps/app.ts';
import type { AppRegistry } from '../apps/registry.ts';
import { type Counts, countNames, noConnections, noCounts } from '../apps/tally.ts';
import { isNothing, type MinuteRow, messagesOf, minuteOf, type Run } from './minute.ts';
import { ConnectionSeconds } from './seconds.ts';

const secondMs = 1_000;
/** Ticks come so long after the second's end, so that a timer that is early by the clock's granularity is not before it. */
const afterSecondMs = 5;
/** A clock that went on by more between two looks was set, or the machine slept: there are no figures of that time. */
const gapSeconds = 60;
const nothing = noCounts();

/** What is kept of an app while it lives. */
interface Entry {
  /** The tally's counts when they were last looked at. */
  taken: Counts;
  /** Since the minute under way began; null when nothing happened and nobody is connected. */
  minute: { readonly counts: Counts; readonly seconds: ConnectionSeconds } | null;
  /** Messages of each of the last 60 seconds, and which second each slot is of. */
  readonly messages: Float64Array;
  readonly messagesAt: Float64Array;
}

/** A minute, or part of one, that is over. */
export interface Part {
  readonly run: Run;
  readonly rows: readonly MinuteRow[];
}

/**
 * Adds up what happens, second by second, in memory. A second costs work for the apps in which something happened in it,
 * and a minute for those that had connections.
 */
export class Recorder {
  readonly #clock: Clock;
  readonly #node: string;
  readonly #onPart: (part: Part) => void;
  readonly #entries = new WeakMap<App, Entry>();
  #touched: App[] = [];
  /** Apps with a `minute`. */
  readonly #active = new Set<App>();
  /** Apps with connections here. */
  readonly #connected = new Set<App>();
  #seq = 0;
  /** Seconds since the epoch: the newest one that was looked at. */
  #second: number;
  #runFrom: number;
  /** Begin of the minute under way. */
  #minute: number;
  #timer: Timer | null = null;
  #onSecond: (() => void) | null = null;

  /** @param parts.onPart takes each minute that is over */
  constructor(parts: { apps: AppRegistry; clock: Clock; node: string; onPart: (part: Part) => void }) {
    this.#clock = parts.clock;
    this.#node = parts.node;
    this.#onPart = parts.onPart;
    const now = parts.clock.now();
    this.#second = Math.floor(now / secondMs);
    this.#runFrom = now;
    this.#minute = minuteOf(now);
    for (const app of parts.apps.all()) this.#attach(app);
    parts.apps.onChange((app) => this.#attach(app));
  }

  /** @param onSecond called once a second, after it was added up */
  start(onSecond: () => void): void {
    this.#onSecond = onSecond;
    this.#schedule();
  }

  /** Ends the minute under way. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#look(Math.floor(this.#clock.now() / secondMs));
    this.#endPart();
  }

  /** The stretch for which this node has figures, up to now. */
  get run(): Run {
    return { node: this.#node, from: this.#runFrom, until: Math.max(this.#clock.now(), this.#runFrom + 1) };
  }

  /** The minute under way, as it would be written now; null when nothing happened in it. */
  underWay(app: App): MinuteRow | null {
    this.#look(Math.floor(this.#clock.now() / secondMs));
    return this.#rowOf(app, null);
  }

  /** Messages in the last 60 seconds. */
  messagesPerMinute(app: App): number {
    this.#look(Math.floor(this.#clock.now() / secondMs));
    const entry = this.#entries.get(app);
    if (entry === undefined) return 0;
    let messages = 0;
    for (const [slot, at] of entry.messagesAt.entries()) {
      if (at > this.#second - 60 && at <= this.#second) messages += entry.messages[slot] ?? 0;
    }
    return messages;
  }

  #attach(app: App): void {
    if (app.tally.onTouched !== null) return;
    app.tally.onTouched = () => this.#touched.push(app);
    if (app.tally.isTouched) this.#touched.push(app);
  }

  /** Looks at whole seconds of the wall clock, so that the seconds of all nodes are the same ones. */
  #schedule(): void {
    const wait = secondMs - (this.#clock.now() % secondMs) + afterSecondMs;
    this.#timer = this.#clock.after(wait, () => {
      this.#schedule();
      const now = this.#clock.now();
      this.#look(Math.floor(now / secondMs) - 1);
      if (minuteOf(now) !== this.#minute) {
        this.#endPart();
        this.#beginPart(Math.floor(now / secondMs));
      }
      this.#onSecond?.();
    });
  }

  /** Takes what has happened since the last look as something of `second`. */
  #look(second: number): void {
    const isBack = second < this.#second - 1;
    const isGap = second > this.#second + gapSeconds;
    if (isBack || isGap || minuteOf(second * secondMs) > this.#minute) {
      // What happened since the last look belongs to the time before, as far as anybody can tell.
      this.#take(this.#second);
      this.#endPart();
      if (isBack || isGap) this.#runFrom = second * secondMs;
      this.#beginPart(second);
      return;
    }
    this.#second = Math.max(this.#second, second);
    this.#take(this.#second);
  }

  #take(second: number): void {
    const touched = this.#touched;
    if (touched.length === 0) return;
    this.#touched = [];
    for (const app of touched) this.#takeFrom(app, second);
  }

  #takeFrom(app: App, second: number): void {
    const { tally } = app;
    tally.isTouched = false;
    const entry = this.#entryOf(app);
    const minute = this.#minuteOf(app, entry);
    const slot = second % 60;
    if (entry.messagesAt[slot] !== second) {
      entry.messagesAt[slot] = second;
      entry.messages[slot] = 0;
    }
    entry.messages[slot] = (entry.messages[slot] ?? 0) + messagesOf(tally.counts) - messagesOf(entry.taken);
    for (const name of countNames) {
      minute.counts[name] += tally.counts[name] - entry.taken[name];
      entry.taken[name] = tally.counts[name];
    }
    minute.seconds.note(second % 60, tally.most);
    if (transports.some((transport) => tally.open[transport] > 0)) this.#connected.add(app);
    else this.#connected.delete(app);
    // In the next second there are as many as are open now, whether or not anything happens then.
    if (tally.settleMost()) {
      tally.isTouched = true;
      this.#touched.push(app);
    }
  }

  #beginPart(second: number): void {
    this.#seq++;
    this.#second = second;
    this.#minute = minuteOf(second * secondMs);
    for (const app of this.#connected) {
      this.#minuteOf(app, this.#entryOf(app)).seconds.note(second % 60, app.tally.open);
    }
  }

  #endPart(): void {
    const rows: MinuteRow[] = [];
    const untilSecond = this.#second + 1;
    const isWhole = untilSecond % 60 === 0;
    for (const app of this.#active) {
      const row = this.#rowOf(app, isWhole ? null : untilSecond % 60);
      if (row !== null) rows.push(row);
      this.#entryOf(app).minute = null;
    }
    this.#active.clear();
    const run = {
      node: this.#node,
      from: this.#runFrom,
      until: Math.max(untilSecond * secondMs, this.#runFrom),
    };
    this.#onPart({ run, rows });
  }

  /** @param endSecond from which on there are no figures of this part */
  #rowOf(app: App, endSecond: number | null): MinuteRow | null {
    const minute = this.#entries.get(app)?.minute;
    if (minute === null || minute === undefined) return null;
    if (endSecond !== null) minute.seconds.note(endSecond, noConnections());
    const seconds = minute.seconds.toString();
    if (seconds === '' && isNothing(minute.counts)) return null;
    const { id: appId } = app;
    return {
      appId,
      at: this.#minute,
      node: this.#node,
      seq: this.#seq,
      counts: { ...minute.counts },
      seconds,
    };
  }

  #minuteOf(app: App, entry: Entry): NonNullable<Entry['minute']> {
    entry.minute ??= { counts: noCounts(), seconds: new ConnectionSeconds() };
    this.#active.add(app);
    return entry.minute;
  }

  #entryOf(app: App): Entry {
    let entry = this.#entries.get(app);
    if (entry === undefined) {
      const messagesAt = new Float64Array(60).fill(-1);
      entry = { taken: { ...nothing }, minute: null, messages: new Float64Array(60), messagesAt };
      this.#entries.set(app, entry);
    }
    return entry;
  }
}
