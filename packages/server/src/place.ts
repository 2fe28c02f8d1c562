import type { Database } from '@earshot/data';
import type { Server } from 'bun';
import type { Cluster } from './cluster/cluster.ts';
import type { Rates } from './http/rates.ts';
import type { SessionOwners } from './transports/http/owners.ts';

/** What a server is given that is one of several workers which share a port (`workers/`). */
export interface Place {
  readonly cluster: Cluster;
  /** The supervisor's; null: each worker opens the one of the settings. */
  readonly database: Database | null;
  readonly sessions: SessionOwners;
  readonly rates: Rates;
  /** Where the worker takes requests that has what one process alone keeps in memory; null: it is this one. */
  readonly keeper: () => string | null;
  /** Whether any worker takes requests. */
  readonly isReady: () => boolean;
  /** What every worker measured, this one included, as its metrics gave it. */
  readonly scrape: () => Promise<readonly unknown[]>;
  /** Called once, before the server takes requests. */
  readonly attach: (worker: WorkerParts) => void;
}

/** What the supervisor and the other workers want of a worker. */
export interface WorkerParts {
  /** This worker's metrics, for a scrape of all. */
  metrics(): Promise<unknown>;
  /** A request that came to another worker. */
  forwarded(request: Request, server: Server<unknown>): Promise<Response>;
}
