import { type Clock, createLog, systemClock } from '@earshot/base';
import { lockDataFolder, ownSqlite } from '@earshot/data';
import type { EarshotServer } from '@earshot/server';
import type { Config } from '../../packages/server/src/config.ts';
import { claimPort } from '../../packages/server/src/http/listener.ts';
import { connectLink } from '../../packages/server/src/link/sockets.ts';
import { Desk } from '../../packages/server/src/workers/desk.ts';
import { startWorker } from '../../packages/server/src/workers/worker.ts';

/**
 * A server of several workers, supervisor and all, but in this process: they share the port and reach each other by their
 * local sockets alone, and so what a test asks may come to any of them.
 */
export async function startWorkers(
  options: {
    config: Config;
    clock?: Clock;
    httpGrace?: { readonly ms: number; readonly clock: Clock };
  },
  count: number,
): Promise<EarshotServer> {
  const { config, clock = systemClock } = options;
  const log = createLog(config.logLevel);
  const stack = new AsyncDisposableStack();
  const lock = await lockDataFolder(config.dataDir);
  stack.defer(() => lock.release());
  const { tls } = config;
  const port = claimPort(config.host, config.port, 'EARSHOT_PORT');
  const tlsPort =
    tls === null || tls.port === null ? null : claimPort(config.host, tls.port, 'EARSHOT_TLS_PORT');
  const isSqlite = config.databaseUrl.startsWith('sqlite:');
  const database = isSqlite ? await ownSqlite(config.databaseUrl.slice('sqlite:'.length)) : null;
  stack.defer(async () => database?.close());
  const desk = new Desk({
    clock,
    log,
    leaseMs: config.leaseSeconds * 1000,
    folder: config.dataDir,
    ports: { port, tlsPort },
    database,
    workers: count,
  });
  stack.defer(() => desk.stop());
  const workers: EarshotServer[] = [];
  stack.defer(async () => {
    desk.close();
    for (const worker of workers) await worker.stop();
  });
  try {
    const prepared = new Promise<void>((resolve) => desk.onPrepared(() => resolve()));
    const startOne = async (index: number) => {
      const link = await connectLink(desk.path, (stage, error) => log.error({ err: error }, stage));
      const worker = await startWorker({ ...options, log, link, id: `${index}` });
      workers.push(worker);
      return worker;
    };
    // The first one makes what is stored, and then waits for the others, which begin to listen with it.
    const starting = [startOne(0)];
    await Promise.race([prepared, ...starting]);
    for (let index = 1; index < count; index++) starting.push(startOne(index));
    await Promise.all(starting);
    await desk.heard();
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
  const [first] = workers;
  if (first === undefined) throw new Error('a server has at least one worker');
  return {
    ...first,
    apps: knownToAll(first.apps, workers),
    async drain() {
      desk.close();
      await Promise.all(workers.map((worker) => worker.drain()));
      workers.length = 0;
      await stack.disposeAsync();
    },
    stop: () => stack.disposeAsync(),
  };
}

/** A test goes on when its change is made; here all processes have taken it over by then. */
export function knownToAll(
  apps: EarshotServer['apps'],
  workers: readonly EarshotServer[],
): EarshotServer['apps'] {
  return new Proxy(apps, {
    get(target, name: keyof EarshotServer['apps']) {
      const method = target[name] as (...args: unknown[]) => unknown;
      return (...args: unknown[]) => {
        const result = method.apply(target, args);
        if (!(result instanceof Promise)) return result;
        return result.then(async (value) => {
          for (const worker of workers) await worker.apps.refresh();
          return value;
        });
      };
    },
  });
}
