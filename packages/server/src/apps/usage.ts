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

  count(messages: number): void {
    this.messagesToday += messages;
    this.unwritten += messages;
  }
}
