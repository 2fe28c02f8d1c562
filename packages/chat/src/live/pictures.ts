import type { Clock, Timer } from '@earshot/base';
import { type Id, liveLimits } from '../contract/index.ts';
import { newId } from '../ids.ts';
import { refuse } from '../refusal.ts';

/** Of one room, and of all rooms of this process. */
const roomBytesMost = 12 * 1024 * 1024;
const allBytesMost = 128 * 1024 * 1024;
/** A sender that takes longer is given up. */
const uploadMs = 20_000;

interface Picture {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly end: Timer;
}

interface RoomPictures {
  readonly pictures: Map<Id, Picture>;
  /** What is there and what is on its way. */
  bytes: number;
}

/** The other processes that take requests of the same rooms. */
export interface PictureSiblings {
  /** @returns the bytes of one that has the picture, in base64 */
  ask(room: string, id: Id): Promise<string | undefined>;
  /** How they are answered. */
  answer(find: (room: string, id: Id) => string | undefined): void;
}

/**
 * Pictures of live rooms: sealed bytes of which nothing is known here, in the memory of the process that took them and
 * nowhere else, gone at their time. Another process that is asked for one asks its siblings.
 */
export class LivePictures {
  readonly #clock: Clock;
  readonly #siblings: PictureSiblings | undefined;
  /** By the hash of the room's id. */
  readonly #rooms = new Map<string, RoomPictures>();
  #bytes = 0;

  constructor(clock: Clock, siblings?: PictureSiblings) {
    this.#clock = clock;
    this.#siblings = siblings;
    siblings?.answer((room, id) => {
      const bytes = this.get(room, id);
      return bytes === undefined ? undefined : Buffer.from(bytes).toString('base64');
    });
  }

  /** What all pictures take at this moment. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @param seconds how long it can be fetched; @throws Refusal */
  async take(room: string, body: ReadableStream<Uint8Array> | null, seconds: number): Promise<Id> {
    const claim = new Claim(this, room);
    try {
      const bytes = await this.#read(body, claim);
      const id = newId();
      const { pictures } = this.#room(room);
      const end = this.#clock.after(seconds * 1_000, () => {
        pictures.delete(id);
        this.release(room, bytes.byteLength);
      });
      pictures.set(id, { bytes, end });
      return id;
    } catch (error) {
      claim.undo();
      throw error;
    }
  }

  get(room: string, id: Id): Uint8Array<ArrayBuffer> | undefined {
    return this.#rooms.get(room)?.pictures.get(id)?.bytes;
  }

  /** Wherever it is. */
  async find(room: string, id: Id): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const here = this.get(room, id);
    if (here !== undefined || this.#siblings === undefined) return here;
    const found = await this.#siblings.ask(room, id);
    return found === undefined ? undefined : new Uint8Array(Buffer.from(found, 'base64'));
  }

  stop(): void {
    for (const { pictures } of this.#rooms.values()) for (const { end } of pictures.values()) end.cancel();
    this.#rooms.clear();
    this.#bytes = 0;
  }

  /** Room for bytes that are about to be kept. @throws Refusal */
  reserve(room: string, bytes: number): void {
    const mine = this.#room(room);
    if (mine.bytes + bytes > roomBytesMost) {
      refuse('quota_exceeded', {
        message: 'The pictures of this room take all the memory that they may. Wait.',
      });
    }
    if (this.#bytes + bytes > allBytesMost) {
      refuse('unavailable', { message: 'Pictures take all the memory that they may. Wait and try again.' });
    }
    mine.bytes += bytes;
    this.#bytes += bytes;
  }

  release(room: string, bytes: number): void {
    const mine = this.#rooms.get(room);
    if (mine === undefined) return;
    mine.bytes -= bytes;
    this.#bytes -= bytes;
    if (mine.bytes === 0 && mine.pictures.size === 0) this.#rooms.delete(room);
  }

  #room(room: string): RoomPictures {
    const known = this.#rooms.get(room) ?? { pictures: new Map(), bytes: 0 };
    this.#rooms.set(room, known);
    return known;
  }

  async #read(body: ReadableStream<Uint8Array> | null, claim: Claim): Promise<Uint8Array<ArrayBuffer>> {
    const reader = body?.getReader();
    if (reader === undefined) return refuse('bad_request', { message: 'Expected a picture, found nothing.' });
    const late = this.#clock.after(uploadMs, () => void reader.cancel());
    const chunks: Uint8Array[] = [];
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        if (claim.bytes + value.byteLength > liveLimits.pictureBytes) {
          refuse('too_large', {
            message: `A picture of a live room may have ${liveLimits.pictureBytes} bytes.`,
          });
        }
        claim.add(value.byteLength);
        chunks.push(value);
      }
    } catch (error) {
      void reader.cancel().catch(() => {});
      throw error;
    } finally {
      late.cancel();
    }
    if (claim.bytes === 0) refuse('bad_request', { message: 'Expected a picture, found nothing.' });
    const all = new Uint8Array(claim.bytes);
    let at = 0;
    for (const chunk of chunks) {
      all.set(chunk, at);
      at += chunk.byteLength;
    }
    return all;
  }
}

/** What an upload has got hold of so far. */
class Claim {
  bytes = 0;
  readonly #pictures: LivePictures;
  readonly #room: string;

  constructor(pictures: LivePictures, room: string) {
    this.#pictures = pictures;
    this.#room = room;
  }

  add(bytes: number): void {
    this.#pictures.reserve(this.#room, bytes);
    this.bytes += bytes;
  }

  undo(): void {
    this.#pictures.release(this.#room, this.bytes);
    this.bytes = 0;
  }
}
