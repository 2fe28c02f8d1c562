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
const atMostOfPlain = (times: number): Goal => ({
  text: `≤ ${times}× without`,
  against: 'plain',
  met: (desk, plain) => desk <= plain * times,
});
const atLeast = (times: number, against: 'bare' | 'soketi' | 'plain'): Goal => ({
  text: `≥ ${times}× ${against === 'plain' ? 'without' : against}`,
  against,
  met: (earshot, other) => earshot >= other * times,
});
const within = (
  more: number,
  unit: string,
  text = `≤ bare + ${more} ${unit}`,
  against: ServerName = 'bare',
): Goal => ({
  text,
  against,
  met: (earshot, bare) => earshot <= bare + more,
});

const atMostOfOneProcess = (scenario: string): Goal => ({
  text: '≤ 1.2× one process',
  against: { scenario, measure: 'cpu' },
  met: (earshot, one) => earshot <= one * 1.2,
});

/**
 * The table, row by row, with the figures that Earshot is held to. "No added delay" is given 1 ms: that much
 * two runs of one server differ.
 */
export const rows: readonly Row[] = [
  { scenario: 'fanout', measure: 'rate', label: 'saturated: deliveries/s', goal: atLeast(15, 'soketi') },
  { scenario: 'fanout', measure: 'cpu', label: 'saturated: CPU µs per delivery', goal: atMost(1.15) },
  { scenario: 'paced50', measure: 'cpu', label: '50 publishes/s: CPU µs per delivery' },
  { scenario: 'paced50', measure: 'p50', label: '50 publishes/s: latency p50, ms', goal: within(1, 'ms') },
  { scenario: 'paced50', measure: 'p99', label: '50 publishes/s: latency p99, ms' },
  { scenario: 'paced400', measure: 'cpu', label: '400 publishes/s: CPU µs per delivery', goal: atMost(0.7) },
  { scenario: 'paced400', measure: 'p50', label: '400 publishes/s: latency p50, ms' },
  { scenario: 'paced400', measure: 'p99', label: '400 publishes/s: latency p99, ms', goal: within(5, 'ms') },
  { scenario: 'paced1000', measure: 'cpu', label: '1,000 publishes/s: CPU µs per delivery' },
  { scenario: 'paced1000', measure: 'p99', label: '1,000 publishes/s: latency p99, ms' },
  {
    scenario: 'workers1000',
    measure: 'cpu',
    label: 'two workers, 1,000 publishes/s: CPU µs per delivery, all processes',
    goal: atMostOfOneProcess('paced1000'),
  },
  { scenario: 'workers1000', measure: 'p99', label: 'two workers, 1,000 publishes/s: latency p99, ms' },
  {
    scenario: 'workers1000',
    measure: 'uneven',
    label: 'two workers, 1,000 publishes/s: % that one works more',
    goal: alone('≤ 10', 10),
  },
  {
    scenario: 'workers',
    measure: 'cpu',
    label: 'two workers saturated: CPU µs per delivery, all processes',
    goal: atMostOfOneProcess('fanout'),
  },
  {
    scenario: 'workers',
    measure: 'uneven',
    label: 'two workers saturated: % that one works more',
    goal: alone('≤ 10', 10),
  },
  {
    scenario: 'workers',
    measure: 'supervisor',
    label: 'two workers saturated: % of the CPU that is the supervisor’s',
  },
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
    scenario: 'polling-stall',
    measure: 'lost',
    label: '5,000 poll, the server stands still for 8 s: lost',
    goal: alone('none', 0),
  },
  {
    scenario: 'polling-stall',
    measure: 'reopened',
    label: '5,000 poll, the server stands still for 8 s: given up',
    goal: alone('none', 0),
  },
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
  {
    scenario: 'desk-fanout',
    measure: 'cpu',
    label: 'saturated: CPU µs per delivery',
    goal: atMostOfPlain(1.05),
  },
  { scenario: 'desk-fanout', measure: 'rate', label: 'saturated: deliveries/s' },
  {
    scenario: 'desk-publish',
    measure: 'rate',
    label: '500 channels: signed publishes/s',
    goal: atLeast(0.9, 'plain'),
  },
  { scenario: 'desk-publish', measure: 'cpu', label: '500 channels: CPU µs per publish' },
  {
    scenario: 'desk-facts',
    measure: 'rate',
    label: 'facts in the journal, on the disk, per second',
    goal: { text: '≥ 2,000', against: null, met: (facts) => facts >= 2_000 },
  },
  { scenario: 'desk-facts', measure: 'cpu', label: 'a channel that is occupied and left: CPU µs, all of it' },
  {
    scenario: 'desk-journal',
    measure: 'p99',
    label: '50 publishes/s, 2,000 facts/s: latency p99, ms',
    goal: within(2, 'ms', '≤ without + 2 ms', 'plain'),
  },
  { scenario: 'desk-journal', measure: 'p50', label: '50 publishes/s, 2,000 facts/s: latency p50, ms' },
  { scenario: 'desk-journal', measure: 'facts', label: '50 publishes/s, 2,000 facts/s: facts/s that came' },
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
  const own = values.earshot ?? values.desk;
  if (goal === undefined || own === undefined) return null;
  const other = otherFigure(goal.against, values, results);
  return other === undefined ? null : goal.met(own, other);
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

interface Column {
  readonly title: string;
  readonly isNumber: boolean;
  readonly cell: (row: Judged) => string;
}

const label: Column = { title: '', isNumber: false, cell: (row) => row.label };
const verdicts: readonly Column[] = [
  { title: 'goal', isNumber: false, cell: ({ goal }) => goal?.text ?? '' },
  { title: '', isNumber: false, cell: ({ met }) => (met === null ? '' : met ? 'met' : 'missed') },
];
const of = (title: string, name: ServerName): Column => ({
  title,
  isNumber: true,
  cell: ({ values }) => figure(values[name]),
});
const quotient = (title: string, one: ServerName, other: ServerName): Column => ({
  title,
  isNumber: true,
  cell: ({ values }) => ratio(values[one], values[other]),
});
const besideOthers: readonly Column[] = [
  label,
  of('Earshot', 'earshot'),
  of('bare Bun', 'bare'),
  of('soketi', 'soketi'),
  quotient('Earshot ÷ bare', 'earshot', 'bare'),
  quotient('Earshot ÷ soketi', 'earshot', 'soketi'),
  ...verdicts,
];
const besideItself: readonly Column[] = [
  label,
  of('with the desk', 'desk'),
  of('without', 'plain'),
  quotient('with ÷ without', 'desk', 'plain'),
  ...verdicts,
];

/** The table in Markdown, columns aligned so that it reads well on a terminal too. All rows beside the same servers. */
export function markdown(judged: readonly Judged[]): string {
  const columns = judged.some(({ values }) => values.desk !== undefined) ? besideItself : besideOthers;
  const body = judged.map((row) => columns.map(({ cell }) => cell(row)));
  const widths = columns.map(({ title }, column) =>
    Math.max(title.length, 3, ...body.map((cells) => cells[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells
      .map((cell, column) =>
        columns[column]?.isNumber ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join(' | ')} |`;
  const rule = widths.map((width, column) =>
    columns[column]?.isNumber ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width),
  );
  return [line(columns.map(({ title }) => title)), line(rule), ...body.map(line)].join('\n');
}

function figure(value: number | undefined): string {
  if (value === undefined) return '–';
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function ratio(one: number | undefined, other: number | undefined): string {
  return one === undefined || other === undefined ? '' : `${(one / other).toFixed(2)}×`;
}
