import type { Clock } from '@earshot/base';
import type { Bus, BusReceiver } from './bus.ts';
import type { EventCache } from './event-cache.ts';
import type { RedisRates } from './rates-redis.ts';
import type { Roster, RosterReceiver } from './roster.ts';

/** What makes nodes a cluster: one fulfilment in memory, one between the workers of a machine, one over Redis. */
export interface Cluster {
  /** @returns this node's end of the bus */
  connectBus(receiver: BusReceiver): Bus;
  /** @returns this node's end of the roster, under a lease that it renews */
  connectRoster(receiver: RosterReceiver, clock: Clock, leaseMs: number): Roster;
  readonly cache: EventCache;
  /** What all nodes may do together; none: a node counts for itself. */
  readonly rates?: RedisRates;
  /** What `/metrics` shows of it, under `earshot_` and the name. */
  readonly figures: readonly ClusterFigure[];
  /** Ends what the node's ends share, after they have been closed. */
  close(): Promise<void>;
}

/** A number for `/metrics`, read when asked. */
export interface ClusterFigure {
  readonly name: string;
  readonly help: string;
  /** It only grows, until the node starts again. */
  readonly isCounter: boolean;
  read(): number;
}
