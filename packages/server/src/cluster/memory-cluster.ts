import type { Clock } from '@earshot/base';
import { MemoryBusNetwork } from './bus-memory.ts';
import { MemoryEventCache } from './event-cache-memory.ts';
import { MemoryRosterState } from './roster-memory.ts';

/** What the nodes of one process share. A server alone has one to itself: one node is a cluster of one. */
export class MemoryCluster {
  readonly bus = new MemoryBusNetwork();
  readonly roster = new MemoryRosterState();
  readonly cache: MemoryEventCache;

  constructor(clock: Clock) {
    this.cache = new MemoryEventCache(clock);
  }
}
