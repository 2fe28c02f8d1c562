import type { Measures } from './scenarios/scenario.ts';
import type { ServerName } from './servers.ts';

/** Median of each measure, by server, of one scenario. */
export type Medians = Partial<Record<ServerName, Measures>>;

/** What Earshot is held to; `met` is only asked when all the figures it names are there. */
interface Goal {
  text: string;
  /** Another server's figure of the same row, or Earshot's of another row; null: a number alone. */
  against: ServerName | { scenario: string; measure: string } | null;
  met(earshot: number, other: number): boolean;
}

export interface Row {
  scenario: string;
  measure: string;
  label: string;
  goal?: Goal;
}

const atMost = (times: number): Goal => ({
  text: `≤ ${times}× bare`,
  against: 'bare',
  met: (earshot, bare) => earshot <= bare * times,
});
const alone = (text: string, bound: number): Goal => ({
  text,
  against: null,
  met: (earshot) => earshot <= bound,
});
const atMostOfWebSocket = (times: number): Goal => ({
  text: `≤ ${times}× WebSocket`,
  against: { scenario: 'fanout', measure: 'cpu' },
  met: (earshot, webSocket) => earshot <= webSocket * times,
});
const atLeast = (times: number, against: 'bare' | 'soketi'): Goal => ({
  text: `≥ ${times}× ${against}`,
  against,
  met: (earshot, other) => earshot >= other * times,
});
const within = (more: number, unit: string, text = `≤ bare + ${more} ${unit}`): Goal => ({
  text,
  against: 'bare',
  met: (earshot, bare) => earshot <= bare + more,
});

/**
 * The table, row by row, with the figures that Earshot is held to. "No added delay" is given 1 ms: that much
 * two runs of one server differ.
 */
export const rows: readonly Row[] = [
  { scenario: 'fanout', measure: 'rate', label: 'saturated: deliveries/s', goal: atLeast(15, 'soketi') },
  { scenario: 'fanout', measure: 'cpu', label: 'saturated: CPU µs per delivery', goal: atMost(1.15) },
  {
    scenario: 'workers',
    measure: 'cpu',
    label: 'two workers saturated: CPU µs per delivery, all processes',
    goal: {
      text: '≤ 1.2× one process',
      against: { scenario: 'fanout', measure: 'cpu' },
      met: (earshot, one) => earshot <= one * 1.2,
    },
  },
  {
    scenario: 'workers',
    measure: 'uneven',
    label: 'two workers: % that one works more',
    goal: alone('≤ 10', 10),
  },
  { scenario: 'workers', measure: 'supervisor', label: 'two workers: % of the CPU that is the supervisor’s' },
  { scenario: 'paced50', measure: 'cpu', label: '50 publishes/s: CPU µs per delivery' },
  { scenario: 'paced50', measure: 'p50', label: '50 publishes/s: latency p50, ms', goal: within(1, 'ms') },
  { scenario: 'paced50', measure: 'p99', label: '50 publishes/s: latency p99, ms' },
  { scenario: 'paced400', measure: 'cpu', label: '400 publishes/s: CPU µs per delivery', goal: atMost(0.7) },
  { scenario: 'paced400', measure: 'p50', label: '400 publishes/s: latency p50, ms' },
  { scenario: 'paced400', measure: 'p99', label: '400 publishes/s: latency p99, ms', goal: within(5, 'ms') },
  {
    scenario: 'publish',
    measure: 'rate',
    label: '500 channels: signed publishes/s',
    goal: atLeast(0.7, 'bare'),
  },
  { scenario: 'publish', measure: 'cpu', label: '500 channels: CPU µs per publish' },
  { scenario: 'connect', measure: 'rate', label: 'connect + subscribe: per second' },
  { scenario: 'connect', measure: 'cpu', label: 'connect + subscribe: CPU µs', goal: atMost(2) },
  {
    scenario: 'idle',
    measure: 'rss',
    label: 'idle connection: bytes of memory',
    goal: within(3000, 'bytes', '≤ bare + 3 kB'),
  },
  {
    scenario: 'presence',
    measure: 'settleMs',
    label: 'presence, 1,000 join in 1 s: settled after ms',
    goal: alone('≤ 2,000', 2000),
  },
  { scenario: 'presence', measure: 'burstCpu', label: 'presence, 1,000 join in 1 s: CPU µs per join' },
  { scenario: 'presence', measure: 'burstBytes', label: 'presence, 1,000 join in 1 s: bytes per join' },
  { scenario: 'presence', measure: 'aloneCpu', label: 'presence, one joins 950: CPU µs per join' },
  { scenario: 'presence', measure: 'aloneBytes', label: 'presence, one joins 950: bytes per join' },
  {
    scenario: 'fanout-streaming',
    measure: 'cpu',
    label: 'xhr_streaming saturated: CPU µs per delivery',
    goal: atMostOfWebSocket(2),
  },
  { scenario: 'fanout-streaming', measure: 'rate', label: 'xhr_streaming saturated: deliveries/s' },
  {
    scenario: 'fanout-events',
    measure: 'cpu',
    label: 'event stream saturated: CPU µs per delivery',
    goal: atMostOfWebSocket(2),
  },
  { scenario: 'fanout-events', measure: 'rate', label: 'event stream saturated: deliveries/s' },
  {
    scenario: 'polling',
    measure: 'serverCores',
    label: '5,000 poll, an event a second each: cores',
    goal: alone('≤ 1', 1),
  },
  { scenario: 'polling', measure: 'cpu', label: '5,000 poll, an event a second each: CPU µs per delivery' },
  {
    scenario: 'idle-streaming',
    measure: 'rss',
    label: 'idle xhr_streaming session: bytes of memory',
    goal: alone('≤ 12 kB', 12_000),
  },
  {
    scenario: 'idle-events',
    measure: 'rss',
    label: 'idle event stream: bytes of memory',
    goal: alone('≤ 12 kB', 12_000),
  },
];

/** The middle value; of an even number of values the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Median of each measure over the rounds of one server and scenario. */
export function medians(rounds: readonly Measures[]): Measures {
  const names = Object.keys(rounds[0] ?? {});
  return Object.fromEntries(
    names.map((name) => [name, median(rounds.map((round) => round[name] ?? Number.NaN))]),
  );
}

export interface Judged extends Row {
  values: Partial<Record<ServerName, number>>;
  /** null when there is no goal, or a figure that it needs is missing. */
  met: boolean | null;
}

/** The rows of the scenarios that ran, with their figures and whether the goal is met. */
export function judge(results: ReadonlyMap<string, Medians>): Judged[] {
  return rows.flatMap((row) => {
    const byServer = results.get(row.scenario);
    if (byServer === undefined) return [];
    const values: Judged['values'] = {};
    for (const [server, measures] of Object.entries(byServer)) {
      const value = measures[row.measure];
      if (value !== undefined) values[server as ServerName] = value;
    }
    return [{ ...row, values, met: goalMet(row.goal, values, results) }];
  });
}

function goalMet(
  goal: Goal | undefined,
  values: Judged['values'],
  results: ReadonlyMap<string, Medians>,
): boolean | null {
  if (goal === undefined || values.earshot === undefined) return null;
  const other = otherFigure(goal.against, values, results);
  return other === undefined ? null : goal.met(values.earshot, other);
}

function otherFigure(
  against: Goal['against'],
  values: Judged['values'],
  results: ReadonlyMap<string, Medians>,
): number | undefined {
  if (against === null) return 0;
  if (typeof against === 'string') return values[against];
  return results.get(against.scenario)?.earshot?.[against.measure];
}

/** The table in Markdown, columns aligned so that it reads well on a terminal too. */
export function markdown(judged: readonly Judged[]): string {
  const head = ['', 'Earshot', 'bare Bun', 'soketi', 'Earshot ÷ bare', 'Earshot ÷ soketi', 'goal', ''];
  const body = judged.map(({ label, values, goal, met }) => [
    label,
    figure(values.earshot),
    figure(values.bare),
    figure(values.soketi),
    ratio(values.earshot, values.bare),
    ratio(values.earshot, values.soketi),
    goal?.text ?? '',
    met === null ? '' : met ? 'met' : 'missed',
  ]);
  const widths = head.map((title, column) =>
    Math.max(title.length, 3, ...body.map((cells) => cells[column]?.length ?? 0)),
  );
  const numeric = (column: number) => column >= 1 && column <= 5;
  const line = (cells: string[]) =>
    `| ${cells
      .map((cell, column) =>
        numeric(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join(' | ')} |`;
  const rule = widths.map((width, column) =>
    numeric(column) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width),
  );
  return [line(head), line(rule), ...body.map(line)].join('\n');
}

function figure(value: number | undefined): string {
  if (value === undefined) return '–';
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function ratio(one: number | undefined, other: number | undefined): string {
  return one === undefined || other === undefined ? '' : `${(one / other).toFixed(2)}×`;
}
