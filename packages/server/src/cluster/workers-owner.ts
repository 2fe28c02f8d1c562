import type { Clock } from '@earshot/base';
import type { Link } from '../link/link.ts';
import { BusSwitch } from './bus-workers.ts';
import { MemoryEventCache } from './event-cache-memory.ts';
import { serveEventCache } from './event-cache-workers.ts';
import { RosterOwner } from './roster-owner.ts';

/** What the workers of a machine share, in the supervisor. */
export class WorkersOwner {
  readonly #switch = new BusSwitch();
  readonly #cache: MemoryEventCache;
  readonly roster: RosterOwner;

  constructor(clock: Clock, leaseMs: number, onProblem: (stage: string, error: unknown) => void) {
    this.#cache = new MemoryEventCache(clock);
    this.roster = new RosterOwner(clock, leaseMs, onProblem);
  }

  /** Channels that some worker has. */
  get channels(): number {
    return this.#switch.channels;
  }

  /** A worker has connected; when its link ends, what it held is taken back. */
  attach(link: Link): void {
    this.#switch.attach(link);
    serveEventCache(this.#cache, link);
    this.roster.attach(link);
  }
}
