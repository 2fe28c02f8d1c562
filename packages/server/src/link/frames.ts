/** A frame: length of what follows (4 bytes), kind (1), length of the topic (2), topic, payload. All little endian. */
const headBytes = 7;
const topicBytesMax = 65_535;
/** The buffer of a writer begins with this, and goes back to it after something large. */
const writerBytes = 64 * 1024;
const writerKeptBytesMax = 1024 * 1024;

/**
 * A turn has as payload the frames that its sender made in one turn of its loop; they are taken together. `relayInOrder` is a relay
 * whose place is to be said, and `placed` says it, for so many of them as its payload tells (4 bytes).
 */
export const frameKinds = { message: 1, relay: 2, turn: 3, relayInOrder: 4, placed: 5 } as const;

/** A frame in the bytes that were received, which are its own only until it has been taken. */
export interface Frame {
  readonly kind: number;
  /** '' for messages. */
  readonly topic: string;
  readonly bytes: Buffer;
  /** Where it begins, where its payload does, and where both end. */
  readonly start: number;
  readonly payload: number;
  readonly end: number;
}

/** The payload of a frame, which is UTF-8. */
export function textOf({ bytes, payload, end }: Frame): string {
  return bytes.toString('utf8', payload, end);
}

/** Frames of one turn, one behind the other in a buffer of their own that is used again for the next turn. */
export class FrameWriter {
  #bytes = Buffer.allocUnsafe(writerBytes);
  /** The first bytes are left for the head of a turn. */
  #end = headBytes;
  #frames = 0;
  /** Where the newest frame counts what it places, if it does. */
  #countAt = -1;

  /** How many bytes wait to be taken. */
  get length(): number {
    return this.#end - headBytes;
  }

  /** @throws RangeError for a topic of more than 65,535 bytes; channel names are far shorter */
  add(kind: number, topic: string, payload: string): void {
    if (topic.length > topicBytesMax) throw new RangeError(`a topic of ${topic.length} characters`);
    // No character is more than three bytes of UTF-8 for each of its units.
    this.#reserve(headBytes + 3 * (topic.length + payload.length));
    const start = this.#end;
    const topicBytes = topic === '' ? 0 : this.#bytes.write(topic, start + headBytes);
    if (topicBytes > topicBytesMax) throw new RangeError(`a topic of ${topicBytes} bytes`);
    const payloadBytes = this.#bytes.write(payload, start + headBytes + topicBytes);
    this.#head(start, kind, topicBytes, payloadBytes);
  }

  /** Adds a frame of another link as a relay. */
  forward({ bytes, start, payload, end }: Frame): void {
    const at = this.#end;
    this.#reserve(end - start);
    bytes.copy(this.#bytes, at, start, end);
    this.#head(at, frameKinds.relay, payload - start - headBytes, end - payload);
  }

  /** Adds that one more relay has its place: to the frame before, if that says the same. */
  place(): void {
    if (this.#countAt >= 0) {
      this.#bytes.writeUInt32LE(this.#bytes.readUInt32LE(this.#countAt) + 1, this.#countAt);
      return;
    }
    this.#reserve(headBytes + 4);
    const at = this.#end + headBytes;
    this.#bytes.writeUInt32LE(1, at);
    this.#head(this.#end, frameKinds.placed, 0, 4);
    this.#countAt = at;
  }

  /** @returns all that was added, as one frame; these bytes are right until something is added again */
  take(): Buffer {
    const bytes = this.#bytes;
    const end = this.#end;
    const isTurn = this.#frames > 1;
    if (isTurn) writeHead(bytes, 0, frameKinds.turn, 0, end - headBytes);
    this.#end = headBytes;
    this.#frames = 0;
    this.#countAt = -1;
    if (bytes.length > writerKeptBytesMax) this.#bytes = Buffer.allocUnsafe(writerBytes);
    return bytes.subarray(isTurn ? 0 : headBytes, end);
  }

  #head(start: number, kind: number, topicBytes: number, payloadBytes: number): void {
    writeHead(this.#bytes, start, kind, topicBytes, payloadBytes);
    this.#end = start + headBytes + topicBytes + payloadBytes;
    this.#frames++;
    this.#countAt = -1;
  }

  #reserve(bytes: number): void {
    const needed = this.#end + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#end);
    this.#bytes = larger;
  }
}

function writeHead(bytes: Buffer, at: number, kind: number, topicBytes: number, payloadBytes: number): void {
  bytes.writeUInt32LE(headBytes - 4 + topicBytes + payloadBytes, at);
  bytes.writeUInt8(kind, at + 4);
  bytes.writeUInt16LE(topicBytes, at + 5);
}

/** Cuts a stream of bytes into frames. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** How many bytes the next frame needs; 4 until its length is known. */
  #needed = 4;

  /** Gives each frame that `chunk` completes to `take`, in order; those of a turn one by one, once the turn is complete. */
  read(chunk: Buffer, take: (frame: Frame) => void): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes < this.#needed) return;
    const bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    const at = takeFrames(bytes, 0, bytes.length, take);
    this.#needed = bytes.length - at < 4 ? 4 : bytes.readUInt32LE(at) + 4;
    this.#chunks = at < bytes.length ? [bytes.subarray(at)] : [];
    this.#bytes = bytes.length - at;
  }
}

/** @returns where the first incomplete frame begins */
function takeFrames(bytes: Buffer, from: number, to: number, take: (frame: Frame) => void): number {
  let start = from;
  while (to - start >= 4) {
    const end = start + 4 + bytes.readUInt32LE(start);
    if (end > to) break;
    const kind = bytes.readUInt8(start + 4);
    const payload = start + headBytes + bytes.readUInt16LE(start + 5);
    if (kind === frameKinds.turn) takeFrames(bytes, payload, end, take);
    else {
      const topic = payload === start + headBytes ? '' : bytes.toString('utf8', start + headBytes, payload);
      take({ kind, topic, bytes, start, payload, end });
    }
    start = end;
  }
  return start;
}
