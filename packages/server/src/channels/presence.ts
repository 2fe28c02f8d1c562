import { jsonString, jsonStringBody } from '@earshot/protocol';

interface Member {
  userInfo: string | null;
  /** `"1"` and `"1":{…}`, already escaped as part of a JSON string. */
  id: string;
  entry: string;
}

/**
 * The members of one presence channel, with the text that a joiner gets.
 *
 * The text is kept, not made anew at each join: a joining member is appended to it, and only after somebody left is it
 * put together again, from the pieces of each member. So a join costs the copy of the text, never an encoding of all.
 */
export class PresenceList {
  readonly #members = new Map<string, Member>();
  #ids = '';
  #entries = '';
  #stale = false;

  get size(): number {
    return this.#members.size;
  }

  has(userId: string): boolean {
    return this.#members.has(userId);
  }

  userIds(): string[] {
    return [...this.#members.keys()];
  }

  userInfo(userId: string): string | null {
    return this.#members.get(userId)?.userInfo ?? null;
  }

  /**
   * Adds a member, or takes a newer `userInfo` for one that is there (PRES-10).
   * @param userInfo JSON text of an object
   */
  set(userId: string, userInfo: string | null): void {
    const id = jsonString(userId);
    const member = {
      userInfo,
      id: jsonStringBody(id),
      entry: jsonStringBody(`${id}:${userInfo ?? '{}'}`),
    };
    if (this.#members.has(userId)) this.#stale = true;
    else if (!this.#stale) {
      const comma = this.#members.size === 0 ? '' : ',';
      this.#ids += comma + member.id;
      this.#entries += comma + member.entry;
    }
    this.#members.set(userId, member);
  }

  delete(userId: string): boolean {
    this.#stale = true;
    return this.#members.delete(userId);
  }

  /** The frame `pusher_internal:subscription_succeeded` of `channel` with everybody who is there now. */
  succeededFrame(channel: string): string {
    if (this.#stale) this.#rebuild();
    return (
      `{"event":"pusher_internal:subscription_succeeded","channel":${jsonString(channel)},` +
      `"data":"{\\"presence\\":{\\"ids\\":[${this.#ids}],\\"hash\\":{${this.#entries}},\\"count\\":${this.#members.size}}}"}`
    );
  }

  #rebuild(): void {
    const members = [...this.#members.values()];
    this.#ids = members.map((member) => member.id).join(',');
    this.#entries = members.map((member) => member.entry).join(',');
    this.#stale = false;
  }
}
