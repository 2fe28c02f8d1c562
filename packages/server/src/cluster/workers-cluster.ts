import type { Clock } from '@earshot/base';
import type { Link } from '../link/link.ts';
import type { Bus, BusReceiver } from './bus.ts';
import { WorkersBus } from './bus-workers.ts';
import type { Cluster } from './cluster.ts';
import { WorkersEventCache } from './event-cache-workers.ts';
import type { Roster, RosterReceiver } from './roster.ts';
import { WorkersRoster } from './roster-workers.ts';

/** The cluster that the workers of one machine are, over this worker's link to the supervisor. */
export class WorkersCluster implements Cluster {
  readonly #link: Link;
  readonly cache: WorkersEventCache;
  readonly figures = [];

  constructor(link: Link) {
    this.#link = link;
    this.cache = new WorkersEventCache(link);
  }

  connectBus(receiver: BusReceiver): Bus {
    return new WorkersBus(this.#link, receiver);
  }

  /** The lease is the supervisor's: it sees at once when a worker is gone. */
  connectRoster(receiver: RosterReceiver, _clock: Clock, _leaseMs: number): Roster {
    return new WorkersRoster(this.#link, receiver);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
