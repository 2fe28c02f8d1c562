import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A head that is longer is passed on as it came. */
const headBytesMax = 64 * 1024;

/**
 * One address for several nodes, as a balancer is that knows nothing of them: each request and each WebSocket goes to the
 * next node, so that nothing which one client asks twice in a row comes to the same one.
 */
export class Balancer implements AsyncDisposable {
  readonly port: number;
  readonly #listener: Server;
  readonly #open = new Set<Socket>();
  #next = 0;

  /** @param targets ports of 127.0.0.1; one that takes no connection is passed over */
  static async to(targets: readonly number[]): Promise<Balancer> {
    const listener = createServer();
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    return new Balancer(listener, targets);
  }

  private constructor(
    listener: Server,
    readonly targets: readonly number[],
  ) {
    this.#listener = listener;
    this.port = (listener.address() as AddressInfo).port;
    listener.on('connection', (client) => {
      this.#open.add(client);
      client.on('error', () => client.destroy()).on('close', () => this.#open.delete(client));
      void this.#serve(client);
    });
  }

  async #serve(client: Socket): Promise<void> {
    const head = await headOf(client);
    const node = head === null ? null : await this.#connect();
    if (head === null || node === null || client.destroyed) {
      client.destroy();
      node?.destroy();
      return;
    }
    // A node may have answered and ended before all was sent; the rest is read, or its answer would be lost on the way.
    node.on('error', () => node.destroy()).on('close', () => void client.end().resume());
    client.on('close', () => node.destroy());
    node.write(head);
    client.pipe(node);
    // A client has to know as well, or it would send the next request to a connection that is about to end.
    const answer = await headOf(node);
    if (answer !== null) client.write(answer);
    node.pipe(client);
  }

  async #connect(): Promise<Socket | null> {
    for (let tries = 0; tries < this.targets.length; tries++) {
      const port = this.targets[this.#next++ % this.targets.length] ?? 0;
      const socket = await connected(port);
      if (socket !== null) return socket;
    }
    return null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#open) client.destroy();
    await new Promise<void>((resolve) => this.#listener.close(() => resolve()));
  }
}

function connected(port: number): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(socket)).once('error', () => resolve(null));
  });
}

/** What comes first, its head whole; it says that its connection ends with it, unless it is about an upgrade. */
function headOf(socket: Socket): Promise<Buffer | null> {
  return new Promise((resolve) => {
    let bytes = Buffer.alloc(0);
    const ended = () => resolve(null);
    const took = (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      const end = bytes.indexOf('\r\n\r\n');
      if (end === -1 && bytes.length < headBytesMax) return;
      socket.pause();
      socket.off('data', took).off('close', ended);
      resolve(end === -1 ? bytes : Buffer.concat([lastOf(bytes.subarray(0, end)), bytes.subarray(end)]));
    };
    socket.on('data', took).on('close', ended);
  });
}

function lastOf(head: Buffer): Buffer {
  const text = head.toString('latin1');
  if (/\r\nupgrade:/i.test(text)) return head;
  return Buffer.from(`${text.replace(/\r\nconnection:[^\r]*/gi, '')}\r\nConnection: close`, 'latin1');
}
