import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Above this a line takes no more until some of it has been passed on. */
const underWayMax = 4 * 1024 * 1024;

/** What a relay does to the bytes of one direction. */
export interface Way {
  /** How much later everything arrives, and up to how much later still, by chance. The order is kept. */
  delayMs: number;
  jitterMs: number;
  /** Nothing passes, on new connections neither. What is sent meanwhile arrives when this is over. */
  isHeld: boolean;
}

/** Both ways of the connections of one party; `up` is from the client to the server. */
export type Weather = Record<Direction, Way>;

type Direction = 'up' | 'down';

/** A TCP relay between a client and a server, for tests of networks that break. */
export class TcpProxy implements AsyncDisposable {
  readonly port: number;
  /** The port on 127.0.0.1 that new connections are relayed to. */
  target: number;
  /** Connections accepted so far. */
  accepted = 0;
  /** Where jitter comes from. */
  random: () => number = Math.random;
  /** Who a client is, by the first that it sends. Each has a weather of its own. */
  partyOf: (first: Buffer) => string = () => '';
  readonly #weathers = new Map<string, Weather>();
  readonly #pairs = new Set<Pair>();
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
      const pair = new Pair(client, connect(this.target, '127.0.0.1'), this);
      this.#pairs.add(pair);
      pair.onClose = () => this.#pairs.delete(pair);
    });
  }

  /** Ends the present connections, of one party or of all; new ones are taken. */
  cut(party?: string): void {
    for (const pair of this.#pairs) if (party === undefined || pair.party === party) pair.destroy();
  }

  /** From now on nothing passes on the present connections, though they stay open: a half-open network. */
  freeze(): void {
    for (const pair of this.#pairs) pair.freeze();
  }

  /** What happens to the connections of a party from now on, where that is named otherwise than now. */
  change(party: string, changes: { readonly [one in Direction]?: Partial<Way> }): void {
    const { up, down } = this.weather(party);
    Object.assign(up, changes.up);
    Object.assign(down, changes.down);
    for (const pair of this.#pairs) pair.pass();
  }

  weather(party: string): Weather {
    const known = this.#weathers.get(party);
    if (known !== undefined) return known;
    const calm = () => ({ delayMs: 0, jitterMs: 0, isHeld: false });
    const weather = { up: calm(), down: calm() };
    this.#weathers.set(party, weather);
    return weather;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.#listener.close(() => resolve()));
  }
}

/** One relayed connection. */
class Pair {
  party: string | null = null;
  onClose: () => void = () => undefined;
  readonly #sockets: readonly Socket[];
  readonly #lines: readonly Line[];

  constructor(client: Socket, server: Socket, proxy: TcpProxy) {
    this.#sockets = [client, server];
    client.once('data', (first) => {
      this.party ??= proxy.partyOf(first as Buffer);
    });
    const way = (direction: Direction) => () => proxy.weather(this.party ?? '')[direction];
    const random = () => proxy.random();
    this.#lines = [
      new Line(client, server, way('up'), random),
      new Line(server, client, way('down'), random),
    ];
    for (const socket of this.#sockets) {
      // Either side may vanish at any time; the other one is then ended too.
      socket.on('error', () => socket.destroy());
      socket.on('close', () => this.destroy());
    }
  }

  freeze(): void {
    for (const line of this.#lines) line.isFrozen = true;
  }

  pass(): void {
    for (const line of this.#lines) line.pass();
  }

  destroy(): void {
    this.freeze();
    for (const socket of this.#sockets) socket.destroy();
    this.onClose();
  }
}

/** One direction of one connection: bytes arrive when they are due, in the order in which they were sent. */
class Line {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #way: () => Way;
  readonly #random: () => number;
  readonly #underWay: { readonly chunk: Buffer; readonly dueAt: number }[] = [];
  #bytes = 0;
  #lastDueAt = 0;
  isFrozen = false;
  /** The receiver has been given more than it takes at once. */
  #isFull = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(from: Socket, to: Socket, way: () => Way, random: () => number) {
    this.#from = from;
    this.#to = to;
    this.#way = way;
    this.#random = random;
    from.on('data', (chunk) => this.#take(chunk as Buffer));
    to.on('drain', () => {
      this.#isFull = false;
      this.pass();
    });
  }

  #take(chunk: Buffer): void {
    const { delayMs, jitterMs } = this.#way();
    const dueAt = performance.now() + delayMs + jitterMs * this.#random();
    this.#lastDueAt = Math.max(this.#lastDueAt, dueAt);
    this.#underWay.push({ chunk, dueAt: this.#lastDueAt });
    this.#bytes += chunk.length;
    this.pass();
  }

  pass(): void {
    clearTimeout(this.#timer);
    while (!this.isFrozen && !this.#isFull && !this.#way().isHeld) {
      const next = this.#underWay[0];
      if (next === undefined) break;
      const waitMs = next.dueAt - performance.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.pass(), waitMs);
        break;
      }
      this.#underWay.shift();
      this.#bytes -= next.chunk.length;
      this.#isFull = !this.#to.write(next.chunk);
    }
    if (this.#bytes < underWayMax && !this.#isFull) this.#from.resume();
    else this.#from.pause();
  }
}
