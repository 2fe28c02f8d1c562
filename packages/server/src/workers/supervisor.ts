import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Log, systemClock } from '@earshot/base';
import { lockDataFolder, ownSqlite } from '@earshot/data';
import type { Config } from '../config.ts';
import { claimPort, type PortSetting } from '../http/listener.ts';
import { StartError } from '../start-error.ts';
import { Desk } from './desk.ts';
import { Fleet, type FleetError, type WorkerProcess } from './fleet.ts';

/** Of a local socket's path, in bytes, with room for its name; the kernel takes no longer ones. */
const folderBytesMax = 80;
/** A worker that leaves so many questions in a row unanswered, a third of the lease apart, does not live. */
const missedMax = 4;
/** Workers of a supervisor that was killed give up the port as soon as they notice, which this is enough for. */
const orphansMs = 5_000;
/** Requests that a worker may have under way to others: each is a client's. */
const requestsMax = 60_000;

/** Supervises workers until a signal ends them. @param args the command line without program and script */
export class Supervisor {
  readonly url: string;
  readonly address: string;
  readonly port: number;
  readonly #fleet: Fleet;
  readonly #desk: Desk;
  readonly #stack: AsyncDisposableStack;

  private constructor(parts: {
    url: string;
    address: string;
    port: number;
    fleet: Fleet;
    desk: Desk;
    stack: AsyncDisposableStack;
  }) {
    this.url = parts.url;
    this.address = parts.address;
    this.port = parts.port;
    this.#fleet = parts.fleet;
    this.#desk = parts.desk;
    this.#stack = parts.stack;
  }

  /** @throws StartError, DataError or FleetError */
  static async start(options: {
    config: Config;
    count: number;
    args: readonly string[];
    log: Log;
    failed: (error: FleetError) => void;
  }): Promise<Supervisor> {
    const { config, count, args, log } = options;
    const stack = new AsyncDisposableStack();
    try {
      const lock = await lockDataFolder(config.dataDir);
      stack.defer(() => lock.release());
      const folder = socketFolder(config.dataDir, stack);
      const patienceMs = removeSockets(folder) ? orphansMs : 0;
      const port = await claim(config.host, config.port, 'EARSHOT_PORT', patienceMs);
      const { tls } = config;
      const tlsPort =
        tls === null || tls.port === null
          ? null
          : await claim(config.host, tls.port, 'EARSHOT_TLS_PORT', patienceMs);
      const isSqlite = config.databaseUrl.startsWith('sqlite:');
      const database = isSqlite ? await ownSqlite(config.databaseUrl.slice('sqlite:'.length)) : null;
      stack.defer(async () => database?.close());
      const desk = new Desk({
        clock: systemClock,
        log,
        leaseMs: config.leaseSeconds * 1000,
        folder,
        ports: { port, tlsPort },
        database,
        workers: count,
      });
      stack.defer(() => desk.stop());
      const spawn = (id: string, index: number) => spawnWorker([id, desk.path, `${index}`, ...args]);
      const fleet = new Fleet({
        desk,
        log,
        count,
        drainSeconds: config.drainSeconds,
        spawn,
        failed: options.failed,
      });
      stack.defer(() => fleet.kill());
      desk.figures = () => {
        const { user, system } = process.cpuUsage();
        return {
          worker_restarts_total: {
            help: 'Workers that were started again after they died',
            type: 'counter',
            value: fleet.restarts,
          },
          cpu_seconds_total: {
            help: 'CPU time of the process',
            type: 'counter',
            value: (user + system) / 1e6,
          },
          resident_memory_bytes: {
            help: 'Memory of the process',
            type: 'gauge',
            value: process.memoryUsage.rss(),
          },
        };
      };
      await fleet.start();
      watchLives(desk, fleet, config.leaseSeconds * 1000, stack);
      const isTls = tls !== null && tls.port === null;
      const name = config.host.includes(':') ? `[${config.host}]` : config.host;
      const url = `${isTls ? 'https' : 'http'}://${name}:${port}`;
      const address = config.publicUrl?.replace(/\/$/, '') ?? url + config.path;
      return new Supervisor({ url, address, port, fleet, desk, stack });
    } catch (error) {
      await stack.disposeAsync();
      throw error;
    }
  }

  /** A single-use sign-in link, by one of the workers. */
  async signInLink(): Promise<string> {
    const [seat] = this.#desk.seats;
    if (seat === undefined) throw new Error('there is no worker');
    return seat.link.ask('sign-in-link');
  }

  /** Replaces the workers one after the other. */
  replaceAll(): Promise<void> {
    return this.#fleet.replaceAll();
  }

  /** Ends all workers as a server ends, and then what they shared. */
  async drain(): Promise<void> {
    const isWell = await this.#fleet.drain();
    await this.#stack.disposeAsync();
    if (!isWell) throw new Error('a worker did not end well');
  }

  /** Ends everything at once. */
  kill(): void {
    this.#fleet.kill();
  }
}

/** The data folder, or where its path is too long for a socket another private one. */
function socketFolder(dataDir: string, stack: AsyncDisposableStack): string {
  if (Buffer.byteLength(dataDir) <= folderBytesMax) return dataDir;
  const folder = mkdtempSync(join(tmpdir(), 'earshot-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Removes sockets that a supervisor left which was killed, and its workers. @returns whether there were any */
function removeSockets(folder: string): boolean {
  const left = readdirSync(folder).filter((name) => /^worker(s|-[\d-]+)\.sock$/.test(name));
  for (const name of left) rmSync(join(folder, name), { force: true });
  return left.length > 0;
}

/** @throws StartError when the port cannot be had within `patienceMs` */
async function claim(host: string, port: number, setting: PortSetting, patienceMs: number): Promise<number> {
  for (const until = performance.now() + patienceMs; ; ) {
    try {
      return claimPort(host, port, setting);
    } catch (error) {
      if (!(error instanceof StartError) || performance.now() >= until) throw error;
      await Bun.sleep(20);
    }
  }
}

function spawnWorker(args: readonly string[]): WorkerProcess {
  // Of an executable made by `bun build --compile`, the script is a part.
  const script = Bun.main.startsWith('/$bunfs/') ? [] : [Bun.main];
  return Bun.spawn([process.execPath, ...script, 'worker', ...args], {
    env: { ...process.env, BUN_CONFIG_MAX_HTTP_REQUESTS: `${requestsMax}` },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}

/** Ends workers that do not answer any more: their sockets are open, and nobody is served by them. */
function watchLives(desk: Desk, fleet: Fleet, leaseMs: number, stack: AsyncDisposableStack): void {
  const missed = new Map<string, number>();
  const timer = systemClock.every(leaseMs / 3, () => {
    for (const seat of desk.seats) {
      const count = missed.get(seat.id) ?? 0;
      if (count >= missedMax) {
        fleet.killSeat(seat);
        continue;
      }
      missed.set(seat.id, count + 1);
      seat.link.ask('ping').then(
        () => missed.set(seat.id, 0),
        () => missed.delete(seat.id),
      );
    }
  });
  stack.defer(() => timer.cancel());
}
