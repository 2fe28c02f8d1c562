import type { TraceBatch, TraceEntry } from '../contract.ts';

/** Lines that the console keeps; the oldest ones go, so that a page left open for days does not grow. */
export const linesMax = 1000;

/** One entry as the console holds it. */
export interface Line {
  /** Unique among all nodes, and over a node's restart. */
  readonly id: string;
  readonly entry: TraceEntry;
  /** Entries that the server left out just before this one. */
  readonly skippedBefore: number;
  /** The stream was broken before this one: what happened meanwhile is not known here. */
  readonly afterBreak: boolean;
}

/** What the console has heard. Changed by the functions below, which give the next one. */
export interface Lines {
  /** Shown, the oldest first; at most `linesMax`. */
  readonly shown: readonly Line[];
  readonly paused: boolean;
  /** What came since the pause began; at most `linesMax`, the newest. */
  readonly held: readonly Line[];
  /** How many came since the pause began, those that are not kept included. */
  readonly heldCount: number;
  /** Entries that the server left out because traffic outran its bound, since the console was opened or cleared. */
  readonly skipped: number;
  /** Entries that were heard, since then. */
  readonly heard: number;
  /** When the server last left something out, by this browser's clock; null: never. */
  readonly skippedAt: number | null;
  /** Nodes that were heard of, by name, in order. */
  readonly nodes: readonly string[];
  /** The stream was broken since the last entry. */
  readonly broken: boolean;
}

export const noLines: Lines = {
  shown: [],
  paused: false,
  held: [],
  heldCount: 0,
  skipped: 0,
  heard: 0,
  skippedAt: null,
  nodes: [],
  broken: false,
};

/** What is known after a batch from the server came at `now`. */
export function withBatch(lines: Lines, batch: TraceBatch, now: number): Lines {
  const { entries, skipped } = batch;
  const fresh = entries.map(
    (entry, index): Line => ({
      id: `${entry.node}/${entry.seq}/${entry.at}`,
      entry,
      skippedBefore: index === 0 ? skipped : 0,
      afterBreak: index === 0 && lines.broken,
    }),
  );
  const common = {
    heard: lines.heard + entries.length,
    skipped: lines.skipped + skipped,
    skippedAt: skipped > 0 ? now : lines.skippedAt,
    nodes: withNodes(lines.nodes, entries),
    broken: lines.broken && entries.length === 0,
  };
  return lines.paused
    ? { ...lines, ...common, held: newest(lines.held, fresh), heldCount: lines.heldCount + fresh.length }
    : { ...lines, ...common, shown: newest(lines.shown, fresh) };
}

/** The stream broke. Nothing is missing where nothing was heard yet. */
export function withBreak(lines: Lines): Lines {
  return lines.broken || lines.heard === 0 ? lines : { ...lines, broken: true };
}

export function pause(lines: Lines): Lines {
  return lines.paused ? lines : { ...lines, paused: true };
}

/** Goes on: what came meanwhile is shown below. */
export function resume(lines: Lines): Lines {
  const { paused, shown, held } = lines;
  return paused ? { ...lines, paused: false, shown: newest(shown, held), held: [], heldCount: 0 } : lines;
}

/** An empty screen. A pause goes on; what came during it goes with the rest. */
export function clear(lines: Lines): Lines {
  return { ...noLines, paused: lines.paused, nodes: lines.nodes };
}

function newest(before: readonly Line[], fresh: readonly Line[]): readonly Line[] {
  if (fresh.length === 0) return before;
  const room = Math.max(0, linesMax - fresh.length);
  // slice(-0) would keep everything.
  return [...(room === 0 ? [] : before.slice(-room)), ...fresh.slice(-linesMax)];
}

function withNodes(known: readonly string[], entries: readonly TraceEntry[]): readonly string[] {
  const fresh = new Set(entries.map(({ node }) => node).filter((node) => !known.includes(node)));
  return fresh.size === 0 ? known : [...known, ...fresh].sort();
}

/** Entries as JSON for the clipboard: one as an object, several as a list, the oldest first. */
export function asJson(entries: readonly TraceEntry[]): string {
  return JSON.stringify(entries.length === 1 ? entries[0] : entries, null, 2);
}
