import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A TCP relay between a client and a server, for tests of networks that break. */
export class TcpProxy implements AsyncDisposable {
  readonly port: number;
  /** The port on 127.0.0.1 that new connections are relayed to. */
  target: number;
  /** Connections accepted so far. */
  accepted = 0;
  readonly #pairs = new Set<[client: Socket, server: Socket]>();
  readonly #listener: ReturnType<typeof createServer>;

  static async to(target: number): Promise<TcpProxy> {
    const listener = createServer();
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    return new TcpProxy(listener, target);
  }

  private constructor(listener: ReturnType<typeof createServer>, target: number) {
    this.#listener = listener;
    this.target = target;
    this.port = (listener.address() as AddressInfo).port;
    listener.on('connection', (client) => {
      this.accepted++;
      const server = connect(this.target, '127.0.0.1');
      const pair: [Socket, Socket] = [client, server];
      this.#pairs.add(pair);
      client.pipe(server);
      server.pipe(client);
      for (const socket of pair) {
        // Either side may vanish at any time; the other one is then ended too.
        socket.on('error', () => socket.destroy());
        socket.on('close', () => {
          this.#pairs.delete(pair);
          client.destroy();
          server.destroy();
        });
      }
    });
  }

  /** Ends the present connections; new ones are taken. */
  cut(): void {
    for (const [client] of this.#pairs) client.destroy();
  }

  /** From now on nothing passes on the present connections, though they stay open: a half-open network. */
  freeze(): void {
    for (const [client, server] of this.#pairs) {
      client.unpipe(server);
      server.unpipe(client);
      client.pause();
      server.pause();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const [client] of this.#pairs) client.destroy();
    await new Promise<void>((resolve) => this.#listener.close(() => resolve()));
  }
}
