import type { Clock } from '@earshot/base';
import type { LiveFigures } from '@earshot/dashboard';
import { transports } from '@earshot/dashboard';
import type { App } from '../apps/app.ts';
import { noConnections, type OpenConnections } from '../apps/tally.ts';
import type { Nodes } from '../cluster/nodes.ts';

/** Short of a second, so that one question is over when the next one is due. */
const answerMs = 800;
/** The channels of several nodes are not those of each added up; to count them costs a pass over them. */
const channelsEveryMs = 5_000;
const channelsShare = 20;

/** What one node says of an app. Counts are those since it began: a second that was not heard of comes with the next. */
export interface NodeFigures {
  readonly published: number;
  readonly clientEvents: number;
  readonly delivered: number;
  readonly connections: Readonly<OpenConnections>;
  readonly channels: number;
}

export function figuresOf({ tally }: App): NodeFigures {
  const { published, clientEvents, delivered } = tally.counts;
  return { published, clientEvents, delivered, connections: { ...tally.open }, channels: tally.channels };
}

interface Watched {
  readonly listeners: Set<(figures: LiveFigures) => void>;
  /** What each node said last. */
  last: ReadonlyMap<string, NodeFigures>;
  isAsking: boolean;
  channels: { readonly count: number; readonly until: number } | null;
}

/** Tells watchers each second what all nodes together do. While nobody watches an app, nobody is asked about it. */
export class Live {
  readonly #nodes: Nodes;
  readonly #clock: Clock;
  readonly #channels: (appId: string) => Promise<number>;
  readonly #onProblem: (stage: string, error: unknown) => void;
  readonly #watched = new Map<App, Watched>();

  /** @param parts.channels how many channels an app has in the whole cluster */
  constructor(parts: {
    nodes: Nodes;
    clock: Clock;
    channels: (appId: string) => Promise<number>;
    onProblem: (stage: string, error: unknown) => void;
  }) {
    this.#nodes = parts.nodes;
    this.#clock = parts.clock;
    this.#channels = parts.channels;
    this.#onProblem = parts.onProblem;
  }

  watch(app: App, onFigures: (figures: LiveFigures) => void): () => void {
    // A listener of its own each time: two watchers may have handed in the same function.
    const listener = (figures: LiveFigures) => onFigures(figures);
    let watched = this.#watched.get(app);
    if (watched === undefined) {
      watched = { listeners: new Set(), last: new Map(), isAsking: false, channels: null };
      this.#watched.set(app, watched);
      this.#ask(app, watched);
    }
    const { listeners } = watched;
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#watched.get(app)?.listeners === listeners) this.#watched.delete(app);
    };
  }

  /** Once a second. */
  tick(): void {
    for (const [app, watched] of this.#watched) this.#ask(app, watched);
  }

  close(): void {
    this.#watched.clear();
  }

  #ask(app: App, watched: Watched): void {
    if (watched.isAsking) return;
    watched.isAsking = true;
    this.#tell(app, watched)
      .catch((error) => this.#onProblem('statistics: figures for those who watch', error))
      .finally(() => {
        watched.isAsking = false;
      });
  }

  async #tell(app: App, watched: Watched): Promise<void> {
    const question = { about: 'statistics-figures', data: app.id };
    const { answers, known } = await this.#nodes.ask<unknown>(question, answerMs);
    const said = new Map<string, NodeFigures>();
    for (const { node, data } of answers) {
      const figures = readFigures(data);
      if (figures !== null) said.set(node, figures);
    }
    const last = watched.last;
    // One that did not answer may do so the next time, and then tells what happened meanwhile.
    const all = new Set(this.#nodes.all());
    watched.last = new Map([...[...last].filter(([node]) => all.has(node)), ...said]);
    const connections = noConnections();
    const sum = { published: 0, clientEvents: 0, delivered: 0, channels: 0 };
    for (const [node, figures] of said) {
      for (const transport of transports) connections[transport] += figures.connections[transport];
      sum.channels += figures.channels;
      const before = last.get(node);
      if (before === undefined) continue;
      sum.published += figures.published - before.published;
      sum.clientEvents += figures.clientEvents - before.clientEvents;
      sum.delivered += figures.delivered - before.delivered;
    }
    if (said.size > 1) sum.channels = await this.#countChannels(app, watched);
    const nodes = { answered: said.size, known };
    const { messagesToday } = app.usage;
    const figures = { at: this.#clock.now(), connections, ...sum, messagesToday, nodes };
    for (const listener of watched.listeners) listener(figures);
  }

  async #countChannels(app: App, watched: Watched): Promise<number> {
    const begun = this.#clock.monotonic();
    if (watched.channels !== null && begun < watched.channels.until) return watched.channels.count;
    const count = await this.#channels(app.id);
    const took = this.#clock.monotonic() - begun;
    watched.channels = { count, until: begun + Math.max(channelsEveryMs, took * channelsShare) };
    return count;
  }
}

/** Null for what another version of the server may say and this one does not understand. */
function readFigures(data: unknown): NodeFigures | null {
  if (typeof data !== 'object' || data === null) return null;
  const { published, clientEvents, delivered, channels, connections } = data as Record<string, unknown>;
  if (![published, clientEvents, delivered, channels].every((count) => Number.isFinite(count))) return null;
  if (typeof connections !== 'object' || connections === null) return null;
  const open = noConnections();
  for (const transport of transports) {
    open[transport] = Number((connections as Record<string, unknown>)[transport]) || 0;
  }
  return {
    published: Number(published),
    clientEvents: Number(clientEvents),
    delivered: Number(delivered),
    channels: Number(channels),
    connections: open,
  };
}
