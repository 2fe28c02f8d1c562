import { transports } from '@earshot/dashboard';
import { noConnections, type OpenConnections } from '../apps/tally.ts';

/** From this second of the minute on, until the next run, so many connections were open. */
interface SecondsRun {
  readonly second: number;
  readonly open: readonly number[];
}

const secondsOfMinute = 60;
const kinds = transports.length;

/**
 * The most open connections of an app in each second of a minute, on one node. Kept by the second, so that those of several
 * nodes can be added up where they were open at the same time: a connection that moves to another node is no second one.
 *
 * As text: `0:1000 31:1002.1 32:1000` is 1,000 WebSockets from the minute's begin, 1,002 and one on xhr_streaming in its
 * second 31, and 1,000 from second 32 on.
 */
export class ConnectionSeconds {
  readonly #runs: { second: number; open: number[] }[] = [];

  /** So many were open at one time in `second` (0 to 59), and are until the next call. Seconds do not go back. */
  note(second: number, connections: Readonly<OpenConnections>): void {
    const last = this.#runs.at(-1);
    const open = transports.map((transport) => connections[transport]);
    if (last?.second === second) {
      last.open = last.open.map((count, kind) => Math.max(count, open[kind] ?? 0));
      return;
    }
    if (open.every((count, kind) => count === (last?.open[kind] ?? 0))) return;
    this.#runs.push({ second, open });
  }

  toString(): string {
    return this.#runs.map(({ second, open }) => `${second}:${withoutZeros(open).join('.')}`).join(' ');
  }
}

function withoutZeros(open: readonly number[]): readonly number[] {
  return open.slice(0, Math.max(1, open.findLastIndex((count) => count > 0) + 1));
}

/** @param text as a node wrote it, of whatever version it is; what is no number counts as none */
function parse(text: string): SecondsRun[] {
  return text
    .split(' ')
    .filter((run) => run !== '')
    .map((run) => {
      const [second, open = ''] = run.split(':');
      return { second: Number(second) || 0, open: open.split('.').map((count) => Number(count) || 0) };
    });
}

export interface Most {
  /** By transport, each at its own time. */
  readonly connections: OpenConnections;
  /** All together, at one time. */
  readonly peak: number;
  /** The second of the minute in which that was first so. */
  readonly peakSecond: number;
}

/** What all nodes together had in a minute. A node has several rows where its clock was set back; the larger one counts. */
export function mostOf(rows: Iterable<{ readonly node: string; readonly seconds: string }>): Most {
  const sums = new Float64Array(secondsOfMinute * kinds);
  for (const texts of Map.groupBy(rows, ({ node }) => node).values()) {
    const ofNode = new Float64Array(secondsOfMinute * kinds);
    for (const { seconds } of texts) fill(ofNode, parse(seconds));
    for (let at = 0; at < sums.length; at++) sums[at] = (sums[at] ?? 0) + (ofNode[at] ?? 0);
  }
  const connections = noConnections();
  let peak = 0;
  let peakSecond = 0;
  for (let second = 0; second < secondsOfMinute; second++) {
    let all = 0;
    for (const [kind, transport] of transports.entries()) {
      const open = sums[second * kinds + kind] ?? 0;
      all += open;
      if (open > connections[transport]) connections[transport] = open;
    }
    if (all <= peak) continue;
    peak = all;
    peakSecond = second;
  }
  return { connections, peak, peakSecond };
}

function fill(grid: Float64Array, runs: readonly SecondsRun[]): void {
  for (const [index, { second, open }] of runs.entries()) {
    const until = Math.min(runs[index + 1]?.second ?? secondsOfMinute, secondsOfMinute);
    for (let at = Math.max(0, second); at < until; at++) {
      for (let kind = 0; kind < kinds; kind++) {
        const slot = at * kinds + kind;
        grid[slot] = Math.max(grid[slot] ?? 0, open[kind] ?? 0);
      }
    }
  }
}
