/** WebSocket opcodes (RFC 6455 §5.2) that the generator meets. */
export const opcodes = { text: 1, close: 8, ping: 9, pong: 10 } as const;

/** Bytes of one unfinished frame that a server may make us hold; a larger one is a fault of the server. */
const frameBytesMax = 8 * 1024 * 1024;

/**
 * Frames a client message. The mask is zero, which the protocol allows: the payload goes out as it is, so
 * that masking costs the generator nothing. Payloads of up to 65,535 bytes.
 */
export function encodeFrame(opcode: number, payload: Uint8Array): Uint8Array {
  const short = payload.length < 126;
  const head = short ? 2 : 4;
  const frame = new Uint8Array(head + 4 + payload.length);
  frame[0] = 0x80 | opcode;
  if (short) {
    frame[1] = 0x80 | payload.length;
  } else {
    if (payload.length > 0xffff) throw new RangeError(`a frame of ${payload.length} bytes, at most 65535`);
    frame[1] = 0x80 | 126;
    frame[2] = payload.length >> 8;
    frame[3] = payload.length & 0xff;
  }
  frame.set(payload, head + 4);
  return frame;
}

export function encodeText(text: string): Uint8Array {
  return encodeFrame(opcodes.text, Buffer.from(text));
}

/** Receives each complete frame; `bytes` is the caller's only during the call. */
export type FrameSink = (opcode: number, bytes: Buffer, start: number, length: number) => void;

/**
 * Walks the frames of a server's byte stream without copying or decoding them: a saturated run has millions a
 * second, and what they cost here must stay well under what they cost the server. Only a frame that a read
 * cut in two is copied, to await its rest.
 */
export class FrameReader {
  #rest: Buffer | null = null;

  constructor(private readonly sink: FrameSink) {}

  feed(chunk: Buffer): void {
    const bytes = this.#rest === null ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = null;
    let at = 0;
    while (bytes.length - at >= 2) {
      let head = 2;
      let length = (bytes[at + 1] as number) & 0x7f;
      if (length >= 126) {
        head = length === 126 ? 4 : 10;
        if (bytes.length - at < head) break;
        length = head === 4 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
        if (length > frameBytesMax) throw new RangeError(`the server sent a frame of ${length} bytes`);
      }
      if (bytes.length - at < head + length) break;
      this.sink((bytes[at] as number) & 0x0f, bytes, at + head, length);
      at += head + length;
    }
    if (at < bytes.length) this.#rest = Buffer.from(bytes.subarray(at));
  }
}
