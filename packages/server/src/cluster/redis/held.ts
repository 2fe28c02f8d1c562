import { subscriptionCountThrottle } from '@earshot/protocol';
import type { Argument, Reply, Script } from './connection.ts';
import {
  connections,
  join,
  leave,
  signIn,
  signOut,
  subscriptions,
  unwatch,
  watch,
} from './roster-scripts.ts';
import type { RosterSession } from './roster-session.ts';

/** `s` subscriptions of a topic, `m` a member, `u` a signed-in user, `w` a watched user, `c` connections of an app. */
export type Kind = 's' | 'm' | 'u' | 'w' | 'c';

/** A count, or for members `:` and their info. */
export type Value = number | string;

interface Item {
  readonly kind: Kind;
  readonly name: string;
  /** Of a member. */
  readonly userId: string;
}

interface Entry extends Item {
  value: Value | undefined;
}

/**
 * What this node holds and one server has been told, so that it can be told again.
 *
 * While the server is away changes are only noted here, in what is bounded by what is held, and are told when it is back.
 * When a server has lost what it knew, all nodes tell it again what was so, which makes no facts; what has ended since is
 * told when all have had the time, so that nobody seems to have gone who is still on another node.
 */
export class Held {
  readonly #session: RosterSession;
  readonly #entries = new Map<string, Entry>();
  /** What the server was told, of those entries that have changed since. */
  readonly #told = new Map<string, { readonly item: Item; readonly value: Value | undefined }>();
  /** The server is being told by all nodes; until then it cannot judge what has ended. */
  #settling = false;

  constructor(session: RosterSession) {
    this.#session = session;
  }

  get settling(): boolean {
    return this.#settling;
  }

  has(kind: Kind, name: string, userId = ''): boolean {
    return this.#entries.has(keyOf({ kind, name, userId }));
  }

  /**
   * This is so from now on; undefined when it has ended.
   * @returns resolves when what that made true has been told here, or at once when the server is away
   */
  set(
    item: Item,
    value: Value | undefined,
    membersMax = 0,
    onReply: ((reply: readonly Reply[]) => void) | null = null,
  ): Promise<void> {
    const key = keyOf(item);
    const before = this.#entries.get(key)?.value;
    if (value === undefined) this.#entries.delete(key);
    else this.#entries.set(key, { ...item, value });
    const isEnding = value === undefined || (typeof value === 'number' && value < Number(before ?? 0));
    if (!this.#session.usable || (this.#settling && isEnding)) {
      if (!this.#told.has(key)) this.#told.set(key, { item, value: before });
      return Promise.resolve();
    }
    const [script, args] = operationOf(item, value, membersMax);
    // Above this, subscribers are told a count now and then: in a storm on one channel not each has to be told to every node.
    if (item.kind === 's' && Number(value ?? 0) > subscriptionCountThrottle.subscribers) {
      return this.#session.sendNewest(key, script, args);
    }
    this.#session.seal(key);
    return this.#session.send(script, args, onReply);
  }

  /** The server refused it: it was never so. */
  forget(item: Item): void {
    this.#entries.delete(keyOf(item));
  }

  /** Items of a kind. */
  *items(kind: Kind): Generator<Item> {
    for (const entry of this.#entries.values()) if (entry.kind === kind) yield entry;
  }

  /** The server answers again, and knows what it was told before. */
  catchUp(onJoined: (item: Item, reply: readonly Reply[]) => void): void {
    const changed = [...this.#told];
    this.#told.clear();
    for (const [key, { item, value }] of changed) {
      const now = this.#entries.get(key)?.value;
      if (now !== value) this.#tell(item, now, false, onJoined);
    }
  }

  /**
   * The server knows nothing of this node and is told all.
   * @param lost it knows nothing of the others either
   */
  reportAll(lost: boolean, onJoined: (item: Item, reply: readonly Reply[]) => void): void {
    this.#settling = lost;
    const changed = new Map(this.#told);
    this.#told.clear();
    if (lost) {
      for (const [key, { item, value }] of changed) {
        if (value === undefined) continue;
        this.#tell(item, value, true, onJoined);
        const now = this.#entries.get(key)?.value;
        // A newer value is told below; an end when all have told what they hold.
        if (now === undefined) this.#told.set(key, { item, value });
      }
    }
    for (const [key, entry] of this.#entries) {
      const before = changed.get(key);
      const wasTold = before === undefined || before.value !== undefined;
      const { kind, name, userId, value } = entry;
      this.#tell({ kind, name, userId }, value, lost && wasTold, onJoined);
    }
  }

  /** All nodes have had the time to tell the server what they hold. */
  settle(onJoined: (item: Item, reply: readonly Reply[]) => void): void {
    this.#settling = false;
    this.catchUp(onJoined);
  }

  #tell(
    item: Item,
    value: Value | undefined,
    quiet: boolean,
    onJoined: (item: Item, reply: readonly Reply[]) => void,
  ): void {
    const [script, args] = operationOf(item, value, 0);
    const onReply =
      item.kind === 'm' && value !== undefined ? (reply: readonly Reply[]) => onJoined(item, reply) : null;
    void this.#session.send(script, args, onReply, quiet);
  }
}

function keyOf({ kind, name, userId }: Item): string {
  return `${kind}${name}\n${userId}`;
}

function operationOf(
  { kind, name, userId }: Item,
  value: Value | undefined,
  membersMax: number,
): [Script, Argument[]] {
  switch (kind) {
    case 's':
      return [subscriptions, [name, value ?? 0]];
    case 'm':
      return value === undefined ? [leave, [name, userId]] : [join, [name, userId, value, membersMax]];
    case 'u':
      return [value === undefined ? signOut : signIn, [name]];
    case 'w':
      return [value === undefined ? unwatch : watch, [name]];
    case 'c':
      return [connections, [name, value ?? 0]];
  }
}
