import type { Database } from '@earshot/data';
import type { Server } from 'bun';
import type { ShareUsage } from './apps/registry.ts';
import type { Cluster } from './cluster/cluster.ts';
import type { Rates } from './http/rates.ts';
import type { Windows } from './operators/windows.ts';
import type { SessionOwners } from './transports/http/owners.ts';

/** What a server is given that is one of several workers which share a port (`workers/`). */
export interface Place {
  readonly cluster: Cluster;
  /** The supervisor's; null: each worker opens the one of the settings. */
  readonly database: Database | null;
  /** How many take requests now, this one included. */
  readonly workers: () => number;
  readonly sessions: SessionOwners;
  readonly rates: Rates;
  readonly windows: Windows;
  /** Counts the messages of the day. */
  readonly shareUsage: ShareUsage;
  /** Where the worker takes requests that has what one process alone keeps in memory; null: it is this one. */
  readonly keeper: () => string | null;
  /** Whether all of the first start have come to take requests, and any still does. */
  readonly isReady: () => boolean;
  /** What every worker measured, this one included, as its metrics gave it. */
  readonly scrape: () => Promise<readonly unknown[]>;
  /** Called once, when all is there but the listeners. @returns when these may be opened */
  readonly attach: (worker: WorkerParts) => Promise<void>;
}

/** What the supervisor and the other workers want of a worker. */
export interface WorkerParts {
  /** This worker's metrics, for a scrape of all. */
  metrics(): Promise<unknown>;
  /** A request that came to another worker. */
  forwarded(request: Request, server: Server<unknown>): Promise<Response>;
}
