import { eventStreamData } from '@earshot/protocol';

/** A session's name and a number: `aaaaaaaaaaaaaaaaaaaaaa.0000000042`. */
export const sessionNameLength = 22;
const numberDigits = 10;
const idLength = sessionNameLength + 1 + numberDigits;
const digitsAt = sessionNameLength + 1;
const blankId = Buffer.alloc(idLength, '.');
const end = Buffer.from('\n\n');

/** A session's name, of `sessionNameLength` ASCII characters, as big-endian words: five of four bytes, one of two. */
export type NameWords = readonly [number, number, number, number, number, number];

export function wordsOf(name: string): NameWords {
  const bytes = Buffer.from(name);
  const word = (index: number) => bytes.readUInt32BE(4 * index);
  return [word(0), word(1), word(2), word(3), word(4), bytes.readUInt16BE(20)];
}

/**
 * Messages as server-sent events. Their bytes are made once for all clients. Each client's own ids, all of one length, are
 * written into them before they are copied for it: in words, which is half the work of bytes.
 */
export class EventBatch {
  readonly length: number;
  readonly #bytes: Buffer;
  readonly #view: DataView;
  /** Where each event's id begins; the event ends with it. */
  readonly #ids: number[] = [];
  /** The number of the first event that is written in the bytes. */
  #written = -1;

  constructor(messages: readonly string[]) {
    this.length = messages.length;
    const pieces: Buffer[] = [];
    let at = 0;
    for (const message of messages) {
      const data = Buffer.from(`${eventStreamData(message)}id: `);
      this.#ids.push(at + data.length);
      pieces.push(data, blankId, end);
      at += data.length + idLength + end.length;
    }
    this.#bytes = Buffer.concat(pieces);
    this.#view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset);
  }

  get byteLength(): number {
    return this.#bytes.length;
  }

  /**
   * The events for one client.
   * @param name the session's
   * @param first the number of the first event
   * @param skipped how many events at the beginning are left out
   */
  bytesFor(name: NameWords, first: number, skipped = 0): Uint8Array {
    if (first !== this.#written) this.#writeNumbers(first);
    const [a, b, c, d, e, f] = name;
    const view = this.#view;
    for (const at of this.#ids) {
      view.setUint32(at, a);
      view.setUint32(at + 4, b);
      view.setUint32(at + 8, c);
      view.setUint32(at + 12, d);
      view.setUint32(at + 16, e);
      view.setUint16(at + 20, f);
    }
    const from = skipped === 0 ? 0 : (this.#ids[skipped - 1] as number) + idLength + end.length;
    return Uint8Array.prototype.slice.call(this.#bytes, from);
  }

  #writeNumbers(first: number): void {
    this.#written = first;
    const view = this.#view;
    // The leading digits stay the same for up to a hundred events.
    let hundreds = -1;
    let leading = 0;
    let following = 0;
    for (let index = 0; index < this.length; index++) {
      const at = (this.#ids[index] as number) + digitsAt;
      const number = first + index;
      const rest = number % 100;
      if ((number - rest) / 100 !== hundreds) {
        hundreds = (number - rest) / 100;
        leading = fourDigits(Math.floor(hundreds / 10_000));
        following = fourDigits(hundreds % 10_000);
      }
      view.setUint32(at, leading);
      view.setUint32(at + 4, following);
      view.setUint16(at + 8, twoDigits(rest));
    }
  }
}

/** The id of one event, as `bytesFor` writes it. */
export function eventId(name: string, number: number): string {
  return `${name}.${String(number).padStart(numberDigits, '0')}`;
}

/** What a client gives back as the id of the last event that it saw; null: it is none of ours. */
export function parseEventId(id: string): { name: string; number: number } | null {
  const [, name, number] = /^([A-Za-z0-9_-]{22})\.(\d{10})$/.exec(id) ?? [];
  return name === undefined || number === undefined ? null : { name, number: Number(number) };
}

/** The ASCII digits of a number below 100, as one big-endian word. */
function twoDigits(number: number): number {
  const ones = number % 10;
  return 0x3030 + (((number - ones) / 10) << 8) + ones;
}

/** The same for a number below 10,000. */
function fourDigits(number: number): number {
  const low = number % 100;
  return twoDigits((number - low) / 100) * 0x10000 + twoDigits(low);
}
