import type { TraceBatch, TraceEntry, TraceKind } from '@earshot/dashboard';
import type { App } from '../apps/app.ts';

type Given = Omit<TraceEntry, 'seq' | 'node' | 'at' | 'kind' | 'dataIs' | 'dataBytes'>;

/**
 * An entry as who has seen it puts it down; what does not apply is left out, or null. Sequence, node and time are added,
 * and long or hidden data is cut, only for the entries that are shown. Never anything secret in it: no `auth`, no
 * `channel_data`, no key.
 */
export type TraceNote = { readonly kind: TraceKind } & {
  readonly [Field in keyof Given]?: Given[Field] | null;
} & {
  /** Instead of `event` and `data`: the frame that holds both. It is not read unless the entry is shown. */
  readonly frame?: string;
};

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
  isWatched(app: { readonly id: string }): boolean;
  note(app: App, note: TraceNote): void;
  /**
   * Begins to watch, on all nodes, until the function that it returns is called. Batches come at most ten times a second,
   * of at most 200 entries each, sorted by time. What is beyond is a sample, of events and requests and of all else apart,
   * so that one does not drown in the other; `skipped` says how much was left out.
   * @throws TooManyWatchers
   */
  watch(app: App, filter: TraceFilter, onBatch: (batch: TraceBatch) => void): () => void;
  close(): Promise<void>;
}

/** More consoles are open on this node than it serves. */
export class TooManyWatchers extends Error {
  constructor(watchersMax: number) {
    super(
      `At most ${watchersMax} debug consoles can be open on one server at the same time: close one that nobody looks at`,
    );
  }
}
