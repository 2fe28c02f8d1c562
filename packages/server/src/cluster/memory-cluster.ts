import type { Clock } from '@earshot/base';
import type { Bus, BusReceiver } from './bus.ts';
import { MemoryBusNetwork } from './bus-memory.ts';
import type { Cluster } from './cluster.ts';
import { MemoryEventCache } from './event-cache-memory.ts';
import type { Roster, RosterReceiver } from './roster.ts';
import { MemoryRosterState } from './roster-memory.ts';

/** What the nodes of one process share. A server alone has one to itself: one node is a cluster of one. */
export class MemoryCluster implements Cluster {
  readonly #network: MemoryBusNetwork;
  readonly #state = new MemoryRosterState();
  readonly cache: MemoryEventCache;
  readonly figures = [];

  constructor(clock: Clock) {
    this.cache = new MemoryEventCache(clock);
    this.#network = new MemoryBusNetwork(this.cache);
  }

  connectBus(receiver: BusReceiver): Bus {
    return this.#network.connect(receiver);
  }

  connectRoster(receiver: RosterReceiver, clock: Clock, leaseMs: number): Roster {
    return this.#state.connect(receiver, clock, leaseMs);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
