import type { Clock, Timer } from '@earshot/base';
import type { TraceBatch, TraceEntry } from '@earshot/dashboard';
import type { App } from '../apps/app.ts';
import type { AppRegistry } from '../apps/registry.ts';
import type { Nodes } from '../cluster/nodes.ts';
import type { Onlooker } from '../cluster/publish.ts';
import type { Counters } from '../metrics/counters.ts';
import { Batch, batchEntriesMax } from './batch.ts';
import { dataBytesMax, entryFromJson, entryOf, type Seen } from './entry.ts';
import { filterFromJson, filterToJson, matches } from './filter.ts';
import { TooManyWatchers, type Trace, type TraceFilter, type TraceNote } from './trace.ts';

const batchMs = 100;
/**
 * Data of a batch, all together; beyond it what is shown of each is short. Batches share the bus with events, and must not
 * crowd them out.
 */
const batchDataBytesMax = 64 * 1024;
const shortDataBytes = 128;
/** A node that does not hear of a watcher again for so long takes it for gone. */
const leaseMs = 15_000;
const watchersMax = 100;
const remoteWatchersMax = 500;

/** Somebody who watches, here or on another node. */
interface Watcher {
  readonly appId: string;
  readonly filter: TraceFilter;
  readonly batch: Batch<Seen | TraceEntry>;
  readonly take: (batch: TraceBatch) => void;
}

interface RemoteWatcher extends Watcher {
  readonly node: string;
  /** `Clock.monotonic()`. */
  leasedUntil: number;
}

interface TraceParts {
  readonly nodes: Nodes;
  readonly apps: Pick<AppRegistry, 'byId'>;
  readonly clock: Clock;
  readonly counters: Pick<Counters, 'traceSkipped' | 'traceWatchersRefused'>;
  readonly onProblem: (stage: string, error: unknown) => void;
  /** Numbers from 0 to below 1, which choose what is shown of too much. */
  readonly random?: () => number;
}

/**
 * The trace over the nodes of a cluster. Who watches tells the others, with the filter and for a lease; what they see goes
 * in batches to the nodes that watch, and to no other.
 */
export class ClusterTrace implements Trace, Onlooker {
  readonly #nodes: Nodes;
  readonly #apps: TraceParts['apps'];
  readonly #clock: Clock;
  readonly #counters: TraceParts['counters'];
  readonly #onProblem: TraceParts['onProblem'];
  readonly #random: () => number;
  readonly #local = new Map<number, Watcher>();
  /** By node and the number that the watcher has there. */
  readonly #remote = new Map<string, RemoteWatcher>();
  /** Both of them by app. Empty while nobody watches, and that is all that hot paths look at. */
  readonly #byApp = new Map<string, Watcher[]>();
  #watches = 0;
  #seq = 0;
  #batchTimer: Timer | null = null;
  #leaseTimer: Timer | null = null;
  #closed = false;

  constructor(parts: TraceParts) {
    this.#nodes = parts.nodes;
    this.#apps = parts.apps;
    this.#clock = parts.clock;
    this.#counters = parts.counters;
    this.#onProblem = parts.onProblem;
    this.#random = parts.random ?? Math.random;
    this.#nodes.onJoined((node) => {
      for (const id of this.#local.keys()) this.#announce(id, node);
    });
    this.#nodes.hear('trace-watch', (data, from) => this.#remoteWatches(data, from));
    this.#nodes.hear('trace-unwatch', (data, from) => this.#remoteEnds(data, from));
    this.#nodes.hear('trace-batch', (data, from) => this.#tookBatch(data, from));
  }

  isWatched({ id }: { readonly id: string }): boolean {
    return this.#byApp.size > 0 && this.#byApp.has(id);
  }

  looksAt(appId: string): boolean {
    return this.#byApp.size > 0 && this.#byApp.has(appId);
  }

  sent(appId: string, channel: string, frame: string, recipients: number): void {
    const app = this.#apps.byId(appId);
    if (app !== undefined) this.note(app, { kind: 'sent', channel, frame, recipients });
  }

  note(app: App, note: TraceNote): void {
    const watchers = this.#byApp.get(app.id);
    if (watchers === undefined) return;
    let seen: Seen | null = null;
    for (const { filter, batch } of watchers) {
      if (!matches(filter, note)) continue;
      seen ??= { seq: ++this.#seq, at: this.#clock.now(), app, note };
      batch.add(note.kind, seen);
    }
    if (seen !== null) this.#arm();
  }

  watch(app: App, filter: TraceFilter, onBatch: (batch: TraceBatch) => void): () => void {
    if (this.#local.size >= watchersMax) throw new TooManyWatchers(watchersMax);
    const id = ++this.#watches;
    this.#local.set(id, { appId: app.id, filter, batch: new Batch(this.#random), take: onBatch });
    this.#changed();
    this.#announce(id, null);
    return () => {
      if (!this.#local.delete(id)) return;
      this.#changed();
      this.#nodes.tell(null, 'trace-unwatch', { watch: id });
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const id of this.#local.keys()) this.#nodes.tell(null, 'trace-unwatch', { watch: id });
    this.#local.clear();
    this.#remote.clear();
    this.#batchTimer?.cancel();
    this.#changed();
  }

  #changed(): void {
    this.#byApp.clear();
    for (const watcher of [...this.#local.values(), ...this.#remote.values()]) {
      const ofApp = this.#byApp.get(watcher.appId);
      if (ofApp === undefined) this.#byApp.set(watcher.appId, [watcher]);
      else ofApp.push(watcher);
    }
    if (this.#byApp.size > 0) this.#leaseTimer ??= this.#clock.every(leaseMs / 3, () => this.#renew());
    else {
      this.#leaseTimer?.cancel();
      this.#leaseTimer = null;
    }
  }

  /** @param node whom to tell; null: everybody */
  #announce(id: number, node: string | null): void {
    const watcher = this.#local.get(id);
    if (watcher === undefined) return;
    const { appId, filter } = watcher;
    this.#nodes.tell(node, 'trace-watch', { watch: id, appId, filter: filterToJson(filter) });
  }

  /** Tells the others again of the watchers here; forgets those of other nodes of which nobody told again. */
  #renew(): void {
    for (const id of this.#local.keys()) this.#announce(id, null);
    const now = this.#clock.monotonic();
    let someEnded = false;
    for (const [key, { leasedUntil }] of this.#remote) {
      if (leasedUntil > now) continue;
      this.#remote.delete(key);
      someEnded = true;
    }
    if (someEnded) this.#changed();
  }

  #remoteWatches(data: unknown, node: string): void {
    const { watch, appId, filter: given } = fieldsOf(data);
    const filter = filterFromJson(given);
    if (this.#closed || !Number.isSafeInteger(watch) || typeof appId !== 'string' || filter === null) return;
    const key = `${node} ${watch}`;
    const leasedUntil = this.#clock.monotonic() + leaseMs;
    const known = this.#remote.get(key);
    if (known !== undefined) {
      known.leasedUntil = leasedUntil;
      return;
    }
    if (this.#remote.size >= remoteWatchersMax) {
      this.#counters.traceWatchersRefused++;
      return;
    }
    const take = ({ entries, skipped }: TraceBatch) =>
      this.#nodes.tell(node, 'trace-batch', { watch, entries, skipped });
    this.#remote.set(key, { appId, filter, node, leasedUntil, batch: new Batch(this.#random), take });
    this.#changed();
  }

  #remoteEnds(data: unknown, node: string): void {
    if (this.#remote.delete(`${node} ${fieldsOf(data).watch}`)) this.#changed();
  }

  #tookBatch(data: unknown, node: string): void {
    const { watch, entries, skipped } = fieldsOf(data);
    const watcher = this.#local.get(watch as number);
    if (watcher === undefined) {
      if (Number.isSafeInteger(watch)) this.#nodes.tell(node, 'trace-unwatch', { watch });
      return;
    }
    const given: unknown[] = Array.isArray(entries) ? entries : [];
    if (Number.isSafeInteger(skipped) && (skipped as number) > 0) watcher.batch.skip(skipped as number);
    for (const value of given.slice(0, batchEntriesMax)) {
      const entry = entryFromJson(value, node);
      if (entry === null) watcher.batch.skip(1);
      else watcher.batch.add(entry.kind, entry);
    }
    if (!watcher.batch.isEmpty) this.#arm();
  }

  #arm(): void {
    if (this.#closed) return;
    this.#batchTimer ??= this.#clock.after(batchMs, () => {
      this.#batchTimer = null;
      for (const watcher of [...this.#local.values(), ...this.#remote.values()]) this.#hand(watcher);
    });
  }

  #hand(watcher: Watcher): void {
    if (watcher.batch.isEmpty) return;
    const { items, skipped, skippedHere } = watcher.batch.take();
    this.#counters.traceSkipped += skippedHere;
    let roomBytes = batchDataBytesMax;
    const entries = items.map((item) => {
      const entry =
        'note' in item
          ? entryOf(item, this.#nodes.self, Math.max(shortDataBytes, Math.min(roomBytes, dataBytesMax)))
          : item;
      roomBytes -= entry.data?.length ?? 0;
      return entry;
    });
    try {
      watcher.take({ entries: entries.sort(byTime), skipped });
    } catch (error) {
      this.#onProblem('trace: a batch could not be handed over', error);
    }
  }
}

function byTime(a: TraceEntry, b: TraceEntry): number {
  return a.at - b.at || (a.node === b.node ? a.seq - b.seq : a.node < b.node ? -1 : 1);
}

function fieldsOf(data: unknown): Readonly<Record<string, unknown>> {
  return typeof data === 'object' && data !== null ? (data as Record<string, unknown>) : {};
}
