import type { Usage, UsageShare } from '../apps/usage.ts';
import type { Link } from '../link/link.ts';
import type { UsageTold } from './usage-owner.ts';

/** A worker's side of the messages of the day; `usage-owner.ts` is the other one. */
export class WorkerUsage {
  readonly #link: Link;
  readonly #shares = new Map<string, AppShare>();

  constructor(link: Link) {
    this.#link = link;
    link.on<UsageTold>('usage.told', (told) => this.#shares.get(told[0])?.told(told));
    link.on<string>('usage.collect', async (appId) => {
      // What was let through in this turn is published by its end, and counted.
      await new Promise<void>((resolve) => setImmediate(resolve));
      this.#shares.get(appId)?.report();
    });
  }

  readonly join = (appId: string, usage: Usage): UsageShare => {
    const share = new AppShare(this.#link, appId, usage);
    this.#shares.set(appId, share);
    return share;
  };
}

class AppShare implements UsageShare {
  readonly #link: Link;
  readonly #appId: string;
  readonly #usage: Usage;
  #unreported = 0;
  /** What may be counted until it is reported; null: as much as comes. */
  #spare: number | null = null;
  /** The one that `#spare` is about. */
  #limit = 0;
  #day = 0;

  constructor(link: Link, appId: string, usage: Usage) {
    this.#link = link;
    this.#appId = appId;
    this.#usage = usage;
  }

  counted(messages: number): void {
    this.#unreported += messages;
    this.#reportIfDue();
  }

  take(messages: number, limit: number): boolean | Promise<boolean> {
    const usage = this.#usage;
    if (limit === 0) {
      if (this.#limit !== 0) this.#link.note('usage.unlimited', this.#appId);
      this.#limit = 0;
      this.#spare = null;
    } else {
      if (usage.messagesToday >= limit) return false;
      if (this.#limit !== limit || this.#spare === null || this.#spare === 0)
        return this.#ask(messages, limit);
    }
    usage.count(messages);
    return true;
  }

  report(): void {
    if (this.#unreported === 0) return;
    this.#link.note('usage.count', [this.#appId, this.#unreported]);
    this.#unreported = 0;
  }

  stored(day: number, total: number, written: number): void {
    this.#link.note('usage.stored', [this.#appId, day, total, written]);
  }

  newDay(day: number): void {
    this.#day = day;
    if (this.#spare !== null) this.#spare = 0;
  }

  told([, day, total, limit, spare]: UsageTold): void {
    // It has not noticed the new day yet.
    if (day < this.#day) return;
    const known = total + this.#unreported;
    const isNew = day > this.#day && this.#day !== 0;
    this.#usage.messagesToday = isNew ? known : Math.max(this.#usage.messagesToday, known);
    this.#day = day;
    this.#limit = limit;
    this.#spare = spare;
    this.#reportIfDue();
  }

  #reportIfDue(): void {
    if (this.#spare === null || this.#unreported < this.#spare) return;
    // Nothing more until the supervisor has said how much.
    this.#spare = 0;
    this.report();
  }

  async #ask(messages: number, limit: number): Promise<boolean> {
    const count = (isTaken: boolean) => {
      // The supervisor has counted them, and told it.
      if (isTaken) this.#usage.unwritten += messages;
      return isTaken;
    };
    try {
      return await this.#link.askInTurn('usage.take', [this.#appId, messages, limit], count);
    } catch (error) {
      if (!this.#link.isClosed) throw error;
      // Without a supervisor this worker ends; what still comes goes by what it knows.
      this.#usage.count(messages);
      return true;
    }
  }
}
