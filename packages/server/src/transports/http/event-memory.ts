import type { Chain } from './chain.ts';
import { type EventBatch, eventId, wordsOf } from './event-batch.ts';

/** Bytes of sent events that a session keeps for a client that comes back (SSE-4). */
const keptBytesMax = 64 * 1024;
/** Forgotten batches are cleared away when they are this many and most of the list. */
const forgottenMax = 64;

interface Sent {
  readonly batch: EventBatch;
  /** Number of its first event. */
  readonly first: number;
}

/** The events that went to one client, so that those which it missed can be sent again. Their bytes are shared with other clients. */
export class EventMemory {
  /** What names the session in the ids of its events: 16 random bytes, so nobody else can go on with it. */
  readonly name = randomText();
  readonly #nameWords = wordsOf(this.name);
  #last = 0;
  #kept: Sent[] = [];
  #forgotten = 0;
  #bytes = 0;

  /** Numbers the messages of the chain, and remembers them. */
  encode(chain: Chain): Uint8Array {
    const batch = chain.events;
    const first = this.#last + 1;
    this.#last += batch.length;
    this.#kept.push({ batch, first });
    this.#bytes += batch.byteLength;
    while (this.#bytes > keptBytesMax) {
      this.#bytes -= (this.#kept[this.#forgotten] as Sent).batch.byteLength;
      this.#forgotten++;
    }
    if (this.#forgotten >= forgottenMax && this.#forgotten * 2 >= this.#kept.length) {
      this.#kept = this.#kept.slice(this.#forgotten);
      this.#forgotten = 0;
    }
    return batch.bytesFor(this.#nameWords, first);
  }

  /** What was sent after event `number`; null when some of it is no longer kept, or `number` was never sent. */
  after(number: number): Buffer | null {
    const kept = this.#kept.slice(this.#forgotten);
    const firstKept = kept[0]?.first ?? this.#last + 1;
    if (number + 1 < firstKept || number > this.#last) return null;
    const pieces = kept
      .filter(({ batch, first }) => first + batch.length > number + 1)
      .map(({ batch, first }) => batch.bytesFor(this.#nameWords, first, Math.max(0, number + 1 - first)));
    return Buffer.concat(pieces);
  }

  /** The id of event `number`; 0 stands before the first. */
  idOf(number: number): string {
    return eventId(this.name, number);
  }
}

/** 22 characters that cannot be guessed. */
export function randomText(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64url');
}
