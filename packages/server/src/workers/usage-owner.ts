import type { Clock } from '@earshot/base';
import { dayOf } from '../apps/usage.ts';
import type { Link } from '../link/link.ts';

/** Of what is left, all workers together may count this share before they have reported it. */
const spareShare = 1 / 4;
/** With less than so much left for each worker, every message is asked for. */
const exactBelow = 32;
/** A worker that has not said within this what it has counted is left out until it does. */
const collectMs = 500;

/** What a worker is told of an app. `spare`: what it may count before it reports; null: as much as it likes. */
export type UsageTold = readonly [
  appId: string,
  day: number,
  total: number,
  limit: number,
  spare: number | null,
];

interface Day {
  day: number;
  total: number;
  /** Of these, what the workers have not put into the database yet. */
  unwritten: number;
  /** 0: none. */
  limit: number;
  /** The end of the last question; they are answered one after the other. */
  last: Promise<unknown>;
}

/**
 * The supervisor's side of the messages of the day. While much is left, each worker counts by itself up to a small share of
 * it, and then reports. When little is left each message is asked for, and before the answer the workers
 * say what they have counted until then: so none is taken beyond the limit, whichever worker it came to.
 */
export class UsageOwner {
  readonly #clock: Clock;
  readonly #days = new Map<string, Day>();
  /** And whether it still owes an answer. */
  readonly #workers = new Map<Link, boolean>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  attach(link: Link): void {
    this.#workers.set(link, false);
    link.onClose(() => this.#workers.delete(link));
    link.on<[string, number]>('usage.count', ([appId, messages]) => {
      const day = this.#of(appId);
      this.#add(day, messages);
      if (day.limit > 0) this.#tell(appId, day);
    });
    link.on<[string, number, number]>('usage.take', ([appId, messages, limit]) => {
      const day = this.#of(appId);
      const take = () => this.#take(appId, messages, limit);
      const answer = day.last.then(take, take);
      day.last = answer;
      return answer;
    });
    link.on<string>('usage.unlimited', (appId) => {
      const day = this.#of(appId);
      day.limit = 0;
      this.#tell(appId, day);
    });
    link.on<[string, number, number, number]>('usage.stored', ([appId, day, total, written]) =>
      this.#stored(appId, day, total, written),
    );
  }

  async #take(appId: string, messages: number, limit: number): Promise<boolean> {
    let day = this.#of(appId);
    // Under another limit, or none, the workers have reported too seldom for this one.
    const isNew = day.limit !== limit;
    day.limit = limit;
    // What the first round brings may be on its way to others, who count it before they answer the second.
    for (let round = 0; round < 2 && day.total < limit && (isNew || this.#spare(day) === 0); round++) {
      await this.#collect(appId);
    }
    day = this.#of(appId);
    const isTaken = day.total < limit;
    if (isTaken) this.#add(day, messages);
    this.#tell(appId, day);
    return isTaken;
  }

  /** Has every worker report what it has counted so far. */
  async #collect(appId: string): Promise<void> {
    const answers: Promise<unknown>[] = [];
    for (const [link, owesAnswer] of this.#workers) {
      if (owesAnswer) continue;
      this.#workers.set(link, true);
      const answered = () => {
        if (this.#workers.has(link)) this.#workers.set(link, false);
      };
      answers.push(link.ask('usage.collect', appId).then(answered, answered));
    }
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = this.#clock.after(collectMs, resolve);
    await Promise.race([Promise.all(answers), late]);
    timer.cancel();
  }

  /** The database has `total` for the day, `written` of it new from one of the workers; other machines add to it as well. */
  #stored(appId: string, dayNumber: number, total: number, written: number): void {
    const day = this.#of(appId);
    if (day.day !== dayNumber) return;
    day.unwritten = Math.max(0, day.unwritten - written);
    const known = total + day.unwritten;
    if (known <= day.total) return;
    day.total = known;
    if (day.limit > 0) this.#tell(appId, day);
  }

  #add(day: Day, messages: number): void {
    day.total += messages;
    day.unwritten += messages;
  }

  #spare({ limit, total }: Day): number | null {
    if (limit === 0) return null;
    const workers = this.#workers.size;
    const left = limit - total;
    return left < exactBelow * workers ? 0 : Math.floor((left * spareShare) / workers);
  }

  #tell(appId: string, day: Day): void {
    const told: UsageTold = [appId, day.day, day.total, day.limit, this.#spare(day)];
    for (const link of this.#workers.keys()) link.note('usage.told', told);
  }

  #of(appId: string): Day {
    const today = dayOf(this.#clock.now());
    let day = this.#days.get(appId);
    if (day === undefined) {
      day = { day: today, total: 0, unwritten: 0, limit: 0, last: Promise.resolve() };
      this.#days.set(appId, day);
    } else if (day.day !== today) Object.assign(day, { day: today, total: 0, unwritten: 0 });
    return day;
  }
}
