/** A frame: length of what follows (4 bytes), kind (1), length of the topic (2), topic, payload. All little endian. */
const headBytes = 7;

/**
 * A turn has as payload the frames that its sender made in one turn of its loop; they are taken together. `relayInOrder` is a relay
 * whose place is to be said, and `placed` says it, for so many of them as its payload tells (4 bytes).
 */
export const frameKinds = { message: 1, relay: 2, turn: 3, relayInOrder: 4, placed: 5 } as const;

export interface Frame {
  readonly kind: number;
  /** '' for messages. */
  readonly topic: string;
  /** UTF-8. */
  readonly payload: Buffer;
}

/** @throws RangeError for a topic of more than 65,535 bytes; channel names are far shorter */
export function encodeFrame(kind: number, topic: string, payload: string | Uint8Array): Buffer {
  const payloadBytes = typeof payload === 'string' ? Buffer.byteLength(payload) : payload.length;
  const topicBytes = topic === '' ? 0 : Buffer.byteLength(topic);
  const frame = Buffer.allocUnsafe(headBytes + topicBytes + payloadBytes);
  frame.writeUInt32LE(frame.length - 4, 0);
  frame.writeUInt8(kind, 4);
  frame.writeUInt16LE(topicBytes, 5);
  if (topicBytes > 0) frame.write(topic, headBytes);
  if (typeof payload === 'string') frame.write(payload, headBytes + topicBytes);
  else frame.set(payload, headBytes + topicBytes);
  return frame;
}

/** What goes before so many bytes of frames to make a turn of them. */
export function turnHead(framesBytes: number): Buffer {
  const head = Buffer.alloc(headBytes);
  head.writeUInt32LE(headBytes - 4 + framesBytes, 0);
  head.writeUInt8(frameKinds.turn, 4);
  return head;
}

/** Cuts a stream of bytes into frames. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** How many bytes the next frame needs; 4 until its length is known. */
  #needed = 4;

  /** Gives each frame that `chunk` completes to `take`, in order. */
  read(chunk: Buffer, take: (frame: Frame) => void): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes < this.#needed) return;
    const bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    let at = 0;
    this.#needed = 4;
    while (bytes.length - at >= 4) {
      const length = bytes.readUInt32LE(at);
      if (bytes.length - at - 4 < length) {
        this.#needed = length + 4;
        break;
      }
      const topicEnd = at + headBytes + bytes.readUInt16LE(at + 5);
      take({
        kind: bytes.readUInt8(at + 4),
        topic: topicEnd === at + headBytes ? '' : bytes.toString('utf8', at + headBytes, topicEnd),
        payload: bytes.subarray(topicEnd, at + 4 + length),
      });
      at += 4 + length;
    }
    this.#chunks = at < bytes.length ? [bytes.subarray(at)] : [];
    this.#bytes = bytes.length - at;
  }
}
