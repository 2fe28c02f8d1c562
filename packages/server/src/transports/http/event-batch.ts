import { eventStreamData } from '@earshot/protocol';

/** A session's name and a number: `aaaaaaaaaaaaaaaaaaaaaa.0000000042`. */
export const sessionNameLength = 22;
const numberDigits = 10;
const idLength = sessionNameLength + 1 + numberDigits;
const blankId = Buffer.alloc(idLength, '.');
const end = Buffer.from('\n\n');

/**
 * Messages as server-sent events. Their bytes are made once for all clients; each client's own ids, all of one
 * length, are then written into a copy, which costs a tenth of what making the text anew would.
 */
export class EventBatch {
  readonly length: number;
  readonly #bytes: Buffer;
  /** Where each event's id begins; the event ends with it. */
  readonly #ids: number[] = [];

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
  }

  get byteLength(): number {
    return this.#bytes.length;
  }

  /**
   * The events for one client.
   * @param name the session's, of `sessionNameLength` ASCII characters
   * @param first the number of the first event
   * @param skipped how many events at the beginning are left out
   */
  bytesFor(name: Uint8Array, first: number, skipped = 0): Uint8Array {
    const bytes = Uint8Array.prototype.slice.call(this.#bytes);
    for (let index = skipped; index < this.length; index++) {
      const at = this.#ids[index] as number;
      bytes.set(name, at);
      writeNumber(bytes, at + idLength, first + index);
    }
    return skipped === 0 ? bytes : bytes.subarray((this.#ids[skipped - 1] as number) + idLength + end.length);
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

const zero = 0x30;
const dot = 0x2e;

/** Ten digits that end before `endAt`, and the dot before them. */
function writeNumber(bytes: Uint8Array, endAt: number, number: number): void {
  let rest = number;
  let at = endAt - 1;
  for (; at >= endAt - numberDigits; at--) {
    const tenth = Math.floor(rest / 10);
    bytes[at] = zero + rest - tenth * 10;
    rest = tenth;
  }
  bytes[at] = dot;
}
