import { join } from 'node:path';
import type { Clock, Log } from '@earshot/base';
import type { DatabaseOwner, StatementRequest } from '@earshot/data';
import { WorkersOwner } from '../cluster/workers-owner.ts';
import { RateBuckets } from '../http/rates.ts';
import type { Link } from '../link/link.ts';
import { listenForLinks } from '../link/sockets.ts';
import { WindowCounts } from '../operators/windows.ts';
import { Scrapes } from './scrapes.ts';
import { SessionDirectory } from './session-directory.ts';
import { UsageOwner } from './usage-owner.ts';

/** What workers and supervisor say to each other; a worker of another format is refused. */
export const deskFormat = 3;
/** Prometheus waits for 10 s. */
const scrapeMs = 8_000;

/** What a worker is told when it connects. */
export interface Welcome {
  readonly port: number;
  readonly tlsPort: number | null;
  /** Whether the supervisor has the database. */
  readonly hasDatabase: boolean;
}

/** What every worker knows of all of them. */
export interface DeskState {
  /** Whether all of the first start have taken requests. */
  readonly hasStarted: boolean;
  /** How many take requests. */
  readonly ready: number;
  /** Where the one that consumes facts takes requests of the others; null: none does. */
  readonly keeper: string | null;
}

/** A worker as the supervisor sees it. */
export interface Seat {
  readonly id: string;
  readonly link: Link;
  /** Where it takes requests that came to other workers. */
  readonly forwardPath: string;
  isReady: boolean;
}

/** What the supervisor has for its workers: what they share, the rows, who has which session, who consumes facts. */
export class Desk {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #folder: string;
  readonly #welcome: Welcome;
  readonly #database: DatabaseOwner | null;
  readonly #owner: WorkersOwner;
  readonly #sessions = new SessionDirectory();
  readonly #rates: RateBuckets;
  readonly #usage: UsageOwner;
  readonly #windows = new WindowCounts();
  readonly #scrapes = new Scrapes<Seat>();
  /** Oldest first. */
  readonly #seats = new Set<Seat>();
  readonly #listener: { stop(): void };
  readonly #onSeat: ((seat: Seat) => void)[] = [];
  readonly #onPrepared: ((id: string) => void)[] = [];
  /** Workers of the first start; until all of them are prepared none listens. */
  readonly #firstCount: number;
  /** Lets those listen that wait for the others; null: whoever is prepared may listen. */
  #held: (() => void)[] | null = [];
  #hasStarted = false;
  /** On the way to workers that are gone. */
  #relaysDropped = 0;
  readonly #ends = new Set<Promise<void>>();
  #consumer: Seat | null = null;
  /** Added to the metrics of the workers. */
  figures: () => Readonly<Record<string, Figure>> = () => ({});
  /** Answers `sign-in-link` and the like for the supervisor. */
  readonly path: string;

  constructor(options: {
    clock: Clock;
    log: Log;
    leaseMs: number;
    /** A folder that nobody else can look into. */
    folder: string;
    ports: Pick<Welcome, 'port' | 'tlsPort'>;
    database: DatabaseOwner | null;
    /** How many are started first, which begin to listen together. */
    workers: number;
  }) {
    const { clock, log, leaseMs, folder, ports, database, workers } = options;
    this.#clock = clock;
    this.#log = log;
    this.#folder = folder;
    this.#database = database;
    this.#firstCount = workers;
    this.#rates = new RateBuckets(clock);
    this.#usage = new UsageOwner(clock);
    this.#welcome = { ...ports, hasDatabase: database !== null };
    const onProblem = (stage: string, error: unknown) => log.error({ err: error }, stage);
    this.#owner = new WorkersOwner(clock, leaseMs, onProblem);
    this.path = join(folder, 'workers.sock');
    this.#listener = listenForLinks(this.path, (link) => this.#connected(link), onProblem);
  }

  get seats(): readonly Seat[] {
    return [...this.#seats];
  }

  /** Calls `listener` for each worker that takes requests from now on. */
  onSeat(listener: (seat: Seat) => void): void {
    this.#onSeat.push(listener);
  }

  /** Calls `listener` with the id of each worker that has everything but a listener. */
  onPrepared(listener: (id: string) => void): void {
    this.#onPrepared.push(listener);
  }

  /** Resolves when every worker has taken what it was told so far. */
  async heard(): Promise<void> {
    await Promise.all(this.seats.map(({ link }) => link.ask('heard').catch(() => null)));
  }

  /** Lets another worker consume facts, so that this one can end. */
  handOver(from: Seat): void {
    from.isReady = false;
    if (this.#consumer === from) this.#consumer = null;
    this.#appoint();
    this.#tellState();
  }

  /** All workers are on their way out. */
  close(): void {
    for (const seat of this.#seats) seat.isReady = false;
    this.#tellState();
  }

  async stop(): Promise<void> {
    this.#listener.stop();
    for (const { link } of this.#seats) link.close();
    await Promise.all(this.#ends);
  }

  #connected(link: Link): void {
    link.on<{ format: number; id: string }>('hello', ({ format, id }) => {
      if (format !== deskFormat) {
        throw new Error(
          `This worker is of another version (format ${format}) than its supervisor (format ${deskFormat}). Restart the server as a whole`,
        );
      }
      return { ...this.#welcome, forwardPath: this.#sit(link, id).forwardPath };
    });
  }

  #sit(link: Link, id: string): Seat {
    // Workers that a killed supervisor left may still be there, and remove what is theirs at their end.
    const forwardPath = join(this.#folder, `worker-${process.pid}-${id}.sock`);
    const seat: Seat = { id, link, forwardPath, isReady: false };
    this.#seats.add(seat);
    // Before what it held is swept: somebody else is to hear of that.
    link.onClose(() => {
      this.#seats.delete(seat);
      this.#scrapes.end(seat);
      this.#relaysDropped += link.relaysDropped;
      if (this.#consumer === seat) this.#consumer = null;
      this.#appoint();
      this.#tellState();
    });
    this.#owner.attach(link);
    this.#usage.attach(link);
    this.#serveSessions(seat);
    this.#serveDatabase(link);
    link.on<[string, number, number]>('rates.take', ([key, amount, limit]) =>
      this.#rates.take(key, amount, limit),
    );
    link.on<[string, number, number]>('windows.take', ([key, points, seconds]) =>
      this.#windows.take(key, points, seconds),
    );
    link.on<string>('windows.forget', (key) => this.#windows.forget(key));
    link.on('metrics.last', (measured) => this.#scrapes.set(seat, measured));
    link.on('scrape', () => this.#scrape());
    link.on('prepared', () => this.#prepared(seat));
    link.on('ready', () => this.#ready(seat));
    return seat;
  }

  /** Clients that come while one listens alone would all be its own, so those of the first start wait for each other. */
  #prepared({ id }: Seat): Promise<void> | null {
    for (const listener of this.#onPrepared) listener(id);
    const held = this.#held;
    if (held === null) return null;
    const { promise, resolve } = Promise.withResolvers<void>();
    held.push(resolve);
    if (held.length >= this.#firstCount) {
      this.#held = null;
      for (const listen of held) listen();
    }
    return promise;
  }

  #ready(seat: Seat): void {
    seat.isReady = true;
    this.#hasStarted ||= this.seats.filter(({ isReady }) => isReady).length >= this.#firstCount;
    this.#appoint();
    this.#tellState();
    for (const listener of this.#onSeat) listener(seat);
  }

  #serveSessions({ link, forwardPath }: Seat): void {
    const sessions = this.#sessions;
    link.on<string>('sessions.claim', (id) => sessions.claim(id, forwardPath));
    link.on<string>('sessions.claimed', (id) => void sessions.claim(id, forwardPath));
    link.on<string>('sessions.find', (id) => sessions.find(id, forwardPath));
    link.on<string>('sessions.release', (id) => sessions.release(id, forwardPath));
    link.on<string>('sessions.missed', (address) => {
      for (const other of this.#seats) if (other.link !== link) other.link.note('sessions.missed', address);
    });
    link.onClose(() => sessions.releaseAll(forwardPath));
  }

  #serveDatabase(link: Link): void {
    if (this.#database === null) return;
    const session = this.#database.session();
    link.on<StatementRequest>('db', (request) => session.answer(request));
    link.onClose(() => {
      const end = session.end().catch((error) => this.#log.error({ err: error }, 'workers: undoing failed'));
      this.#ends.add(end);
      void end.then(() => this.#ends.delete(end));
    });
  }

  /** Makes the oldest worker that is ready the consumer, if there is none. */
  #appoint(): void {
    if (this.#consumer !== null) return;
    this.#consumer = this.seats.find(({ isReady }) => isReady) ?? null;
    this.#owner.roster.consume(this.#consumer?.link ?? null);
  }

  #tellState(): void {
    const ready = this.seats.filter(({ isReady }) => isReady).length;
    const state: DeskState = {
      hasStarted: this.#hasStarted,
      ready,
      keeper: this.#consumer?.forwardPath ?? null,
    };
    for (const { link } of this.#seats) {
      link.note('state', state);
      link.flush();
    }
  }

  /** What all workers measured, those included that are gone. */
  async #scrape(): Promise<unknown[]> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = this.#clock.after(scrapeMs, resolve);
    const asked = this.seats.map(async (seat) => {
      const measured = await seat.link.ask<unknown>('metrics').catch(() => null);
      if (measured !== null && this.#seats.has(seat)) this.#scrapes.set(seat, measured);
    });
    await Promise.race([Promise.all(asked), late]);
    timer.cancel();
    let dropped = this.#relaysDropped;
    for (const { link } of this.#seats) dropped += link.relaysDropped;
    const own = figuresAsMetrics({
      ...this.figures(),
      // Of several workers that have a channel each counts it.
      channels: {
        help: 'Channels with subscriptions',
        type: 'gauge',
        value: this.#owner.channels,
        together: 'first',
      },
      workers: { help: 'Worker processes that take requests', type: 'gauge', value: this.seats.length },
      worker_facts_dropped_total: {
        help: 'Facts that waited in vain for a worker to consume them',
        type: 'counter',
        value: this.#owner.roster.dropped,
      },
      worker_relays_dropped_total: {
        help: 'Events that were dropped because a worker did not take them fast enough',
        type: 'counter',
        value: dropped,
      },
    });
    return [own, ...this.#scrapes.all()];
  }
}

export interface Figure {
  readonly help: string;
  readonly type: 'gauge' | 'counter';
  readonly value: number;
  /** What becomes of the numbers of the workers: added up, or taken for less than this one. */
  readonly together?: 'sum' | 'first';
}

/** In the shape that `Metrics.values` gives. */
function figuresAsMetrics(figures: Readonly<Record<string, Figure>>): unknown[] {
  return Object.entries(figures).map(([name, { help, type, value, together = 'sum' }]) => ({
    name: `earshot_${name}`,
    help,
    type,
    aggregator: together,
    values: [{ value, labels: {} }],
  }));
}
