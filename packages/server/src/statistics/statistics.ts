import type { LiveFigures, Range, Statistics as RangeOfFigures } from '@earshot/dashboard';
import type { App } from '../apps/app.ts';

/**
 * What happened in an app: added up in memory per second, written down per minute, kept 30 days. An event counts as published
 * on the node that accepted it, and as delivered on the nodes of its subscribers. A node that crashes loses the minute under
 * way; one that stops loses nothing, nor does one that cannot
 * reach the database until 20,000 rows wait.
 */
export interface Statistics {
  /** Whole series for the charts, of all nodes. */
  range(app: App, range: Range): Promise<RangeOfFigures>;
  /** Figures of each second of all nodes until the function that it returns is called. */
  watch(app: App, onFigures: (figures: LiveFigures) => void): () => void;
  /** The figures of this moment of all apps, for their list. */
  now(): Promise<
    ReadonlyMap<string, { connections: number; messagesPerMinute: number; messagesToday: number }>
  >;
  /** Writes down what is not written yet. */
  close(): Promise<void>;
}
