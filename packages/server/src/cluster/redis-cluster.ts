import type { Clock, Log } from '@earshot/base';
import { StartError } from '../start-error.ts';
import type { Bus, BusReceiver } from './bus.ts';
import { RedisBus } from './bus-redis.ts';
import type { Cluster, ClusterFigure } from './cluster.ts';
import { RedisEventCache } from './event-cache-redis.ts';
import { RedisRates } from './rates-redis.ts';
import { Connection, type Reply } from './redis/connection.ts';
import { type Figures, newFigures } from './redis/figures.ts';
import { Ring } from './redis/ring.ts';
import { peers } from './redis/roster-scripts.ts';
import { checkServers, type Server, serverOf } from './redis/servers.ts';
import type { Roster, RosterReceiver } from './roster.ts';
import { RedisRoster } from './roster-redis.ts';

/** Nodes on several machines, joined by one or more Redis or Valkey. */
export class RedisCluster implements Cluster {
  readonly cache: RedisEventCache;
  readonly rates: RedisRates;
  readonly figures: readonly ClusterFigure[];
  readonly #figures: Figures = newFigures();
  readonly #servers: readonly Server[];
  readonly #ring: Ring;
  readonly #clock: Clock;
  readonly #log: Log;

  /** @param servers checked */
  constructor(servers: readonly Server[], clock: Clock, log: Log) {
    this.#servers = servers;
    this.#ring = new Ring(servers.map(({ name }) => name));
    this.#clock = clock;
    this.#log = log;
    this.cache = new RedisEventCache({ servers, ring: this.#ring, clock });
    this.rates = new RedisRates({ servers, ring: this.#ring });
    this.figures = figuresOf(this.#figures, servers.length);
  }

  connectBus(receiver: BusReceiver): Bus {
    return new RedisBus({ ...this.#shared(), receiver });
  }

  /** Leases and retries need time that passes: the clock of the cluster, whatever a test does to that of the server. */
  connectRoster(receiver: RosterReceiver, _clock: Clock, leaseMs: number): Roster {
    return new RedisRoster({ ...this.#shared(), receiver, leaseMs });
  }

  close(): Promise<void> {
    this.rates.close();
    return this.cache.close();
  }

  #shared() {
    return {
      servers: this.#servers,
      ring: this.#ring,
      cache: this.cache,
      clock: this.#clock,
      figures: this.#figures,
      say: (text: string, details: Record<string, unknown>) => this.#log.warn(details, text),
    };
  }
}

/**
 * Joins the brokers at these addresses.
 * @param urls at least one, each valid
 * @throws StartError that says what was found and what to do
 */
export async function openRedisCluster(
  urls: readonly string[],
  clock: Clock,
  log: Log,
): Promise<RedisCluster> {
  const servers = urls.map(serverOf);
  await checkServers(servers);
  await checkPeers(servers);
  return new RedisCluster(servers, clock, log);
}

/** Nodes that were given other brokers would not hear each other on some channels, and nobody would see why. */
async function checkPeers(servers: readonly Server[]): Promise<void> {
  const ours = servers
    .map(({ name }) => name)
    .sort()
    .join(', ');
  for (const { url, name } of servers) {
    const reply = await askOnce(url);
    const [alive, theirs] = reply as [number, string | null];
    if (alive === 0 || theirs === null || theirs === ours) continue;
    throw new StartError(
      `EARSHOT_REDIS_URL: the nodes that run on ${name} were given other servers. They use ${theirs}; this one ${ours}. ` +
        'Give all nodes the same; to change it, stop all of them first.',
    );
  }
}

function askOnce(url: string): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const connection: Connection = new Connection(url, [peers], {
      onReady() {
        connection
          .run(peers, [])
          .then(resolve, (error: unknown) =>
            reject(
              new StartError(
                `EARSHOT_REDIS_URL: ${serverOf(url).name} does not run our scripts (${error instanceof Error ? error.message : error}). ` +
                  'Allow the user EVAL, EVALSHA and SCRIPT, and all keys and channels that begin with earshot.',
              ),
            ),
          )
          .finally(() => connection.close());
      },
      onLost: () => undefined,
    });
  });
}

function figuresOf(figures: Figures, servers: number): ClusterFigure[] {
  return [
    { name: 'brokers', help: 'Brokers that this node was given', isCounter: false, read: () => servers },
    {
      name: 'brokers_connected',
      help: 'Brokers that answer',
      isCounter: false,
      read: () => figures.connected,
    },
    {
      name: 'bus_dropped_total',
      help: 'Events that other nodes may not have got because a broker was away or too slow',
      isCounter: true,
      read: () => figures.dropped,
    },
    {
      name: 'bus_foreign_total',
      help: 'Messages on our channels that this version does not understand',
      isCounter: true,
      read: () => figures.foreign,
    },
    {
      name: 'broker_reconnects_total',
      help: 'Times that a lost broker came back',
      isCounter: true,
      read: () => figures.reconnects,
    },
    {
      name: 'broker_lag_seconds',
      help: 'Way of the latest beacon to a broker and back',
      isCounter: false,
      read: () => figures.lagMs / 1000,
    },
    {
      name: 'roster_rejoins_total',
      help: 'Times that this node had to report anew what it holds',
      isCounter: true,
      read: () => figures.rejoins,
    },
    {
      name: 'roster_refused_total',
      help: 'Operations that a broker refused, for want of memory or of rights',
      isCounter: true,
      read: () => figures.refused,
    },
  ];
}
