/** What is looked through for the end of a line at a time. */
const lineBytesMax = 4096;

/** Walks HTTP/1.1 answers by their heads and lengths, and hands out the bytes of their bodies. */
export class HttpBody {
  #head = '';
  /** Bytes of the present body, or chunk of it, that are still to come; -1 before its head or size line is read. */
  #left = -1;
  #chunked = false;
  #inBody = false;

  /** @param body bytes that are only valid during the call @param ended an answer is complete */
  constructor(
    private readonly body: (bytes: Buffer, start: number, length: number) => void,
    private readonly ended: () => void,
  ) {}

  feed(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#inBody && this.#left > 0) {
        const length = Math.min(this.#left, bytes.length - at);
        this.body(bytes, at, length);
        at += length;
        this.#left -= length;
        if (this.#left === 0 && !this.#chunked) this.#end();
      } else {
        at = this.#line(bytes, at);
      }
    }
  }

  /** Reads up to the end of a head, or of a chunk's size line. */
  #line(bytes: Buffer, from: number): number {
    const mark = this.#inBody ? '\n' : '\r\n\r\n';
    const read = Math.min(bytes.length - from, lineBytesMax);
    const text = this.#head + bytes.toString('latin1', from, from + read);
    const found = text.indexOf(mark);
    if (found < 0) {
      this.#head = text;
      return from + read;
    }
    const line = text.slice(0, found);
    const next = from + found + mark.length - this.#head.length;
    this.#head = '';
    if (this.#inBody) this.#chunk(line.trim());
    else this.#begin(line.trimStart()); // the empty line that ends a chunked body is left to stand here
    return next;
  }

  #begin(head: string): void {
    if (!/^HTTP\/1\.1 20\d/.test(head)) throw new Error(`the server answered ${head}`);
    this.#chunked = /\r\ntransfer-encoding: chunked/i.test(head);
    this.#left = this.#chunked ? 0 : Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
    this.#inBody = true;
    if (this.#left === 0 && !this.#chunked) this.#end();
  }

  /** An empty line ends the chunk before. */
  #chunk(size: string): void {
    if (size === '') return;
    this.#left = Number.parseInt(size, 16);
    if (this.#left === 0) this.#end();
  }

  #end(): void {
    this.#inBody = false;
    this.#left = -1;
    this.ended();
  }
}
