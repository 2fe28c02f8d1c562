const dayMs = 86_400_000;

/** The day (UTC) of a time in milliseconds since the epoch, as days since the epoch. */
export function dayOf(nowMs: number): number {
  return Math.floor(nowMs / dayMs);
}

/** What an app has used today. Counting touches memory only; the registry writes it down every few seconds. */
export class Usage {
  /** Messages since midnight UTC, those of other nodes included as of the last write. */
  messagesToday = 0;
  /** Of these, the ones that are not in the database yet. */
  unwritten = 0;
  /** Where several processes count together. */
  share: UsageShare | null = null;

  count(messages: number): void {
    this.messagesToday += messages;
    this.unwritten += messages;
    this.share?.counted(messages);
  }

  /**
   * Counts messages unless the day's limit has been reached.
   * @param limit 0: none
   * @returns false when it has, and nothing is counted
   */
  take(messages: number, limit: number): boolean | Promise<boolean> {
    if (this.share !== null) return this.share.take(messages, limit);
    if (limit > 0 && this.messagesToday >= limit) return false;
    this.count(messages);
    return true;
  }

  /** The row of `day` has `written` more of these; `total` is what all processes have written. */
  stored(day: number, total: number, written: number): void {
    this.unwritten -= written;
    const known = total + this.unwritten;
    // Others may have told more than they have written.
    this.messagesToday = this.share === null ? known : Math.max(this.messagesToday, known);
    this.share?.stored(day, total, written);
  }

  /** What was counted until now belongs to the day before, but for what is still to be written. */
  newDay(day: number): void {
    this.messagesToday = this.unwritten;
    this.share?.newDay(day);
  }
}

/** Makes the usage of an app one of several processes (`workers/`). Each call is about what this process has counted. */
export interface UsageShare {
  counted(messages: number): void;
  take(messages: number, limit: number): boolean | Promise<boolean>;
  /** Tells the others what they have not been told yet. */
  report(): void;
  stored(day: number, total: number, written: number): void;
  newDay(day: number): void;
}
