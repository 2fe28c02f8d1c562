import type { TraceBatch, TraceEntry, TraceKind } from '@earshot/dashboard';
import type { App } from '../apps/app.ts';

/** An entry as who has seen it puts it down; sequence, node and time are added, long or hidden data is cut. */
export type TraceNote = Omit<TraceEntry, 'seq' | 'node' | 'at' | 'dataIs' | 'dataBytes'>;

/** What a watcher wants to see; null = everything. Filters are applied before the bound, so that a narrow look is whole. */
export interface TraceFilter {
  readonly kinds: ReadonlySet<TraceKind> | null;
  /** A beginning of the channel's name. */
  readonly channel: string | null;
  readonly userId: string | null;
  readonly socketId: string | null;
}

/**
 * The debug console's source: what happens in an app, as it happens, on all nodes. Costs one look at a boolean while
 * nobody watches. Content stays in memory; nothing is written down.
 */
export interface Trace {
  /** Whether anybody in the cluster watches this app. Ask before anything is put together for `note`. */
  isWatched(app: App): boolean;
  note(app: App, note: TraceNote): void;
  /** Begins to watch, on all nodes, until the function that it returns is called. */
  watch(app: App, filter: TraceFilter, onBatch: (batch: TraceBatch) => void): () => void;
  close(): Promise<void>;
}
