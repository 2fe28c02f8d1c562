/** What a play has shown. */
export interface Figures {
  readonly seed: number;
  seconds: number;
  /** How often somebody came into the room. */
  comings: number;
  /** Events published, and those that watchers have got. */
  sent: number;
  delivered: number;
  /** Events that a watcher should have got and has not. */
  lost: number;
  /** Events that a watcher need not have got, because a broker was away. */
  lostWhileAway: number;
  doubled: number;
  outOfOrder: number;
  ghosts: number;
  missing: number;
  /** Facts that an application was told, and members of whom it was told something else than what happened. */
  told: number;
  toldWrongly: number;
  /** How often a watcher lost its connection, and the longest time until it was subscribed again. */
  outages: number;
  longestOutageMs: number;
  /** The longest time in which a connected watcher heard nothing of a publisher. */
  longestSilenceMs: number;
  /** What only this play counts. */
  readonly more: Record<string, number | string>;
  /** Promises that were broken; empty when all is well. */
  readonly broken: string[];
}

const columns = {
  sent: ({ sent }) => sent,
  delivered: ({ delivered }) => delivered,
  lost: ({ lost }) => lost,
  'while away': ({ lostWhileAway }) => lostWhileAway,
  doubled: ({ doubled }) => doubled,
  'out of order': ({ outOfOrder }) => outOfOrder,
  ghosts: ({ ghosts }) => ghosts,
  missing: ({ missing }) => missing,
  comings: ({ comings }) => comings,
  told: ({ told }) => told,
  'told wrongly': ({ toldWrongly }) => toldWrongly,
} satisfies Record<string, (figures: Figures) => number>;

/** One play in one line. */
export function line(name: string, figures: Figures): string {
  const parts = Object.entries(columns).map(([column, of]) => `${of(figures)} ${column}`);
  parts.push(`longest outage ${Math.round(figures.longestOutageMs)} ms`);
  parts.push(`longest silence ${Math.round(figures.longestSilenceMs)} ms`);
  for (const [what, figure] of Object.entries(figures.more)) parts.push(`${what} ${figure}`);
  const verdict = figures.broken.length === 0 ? 'ok    ' : 'BROKEN';
  return `${verdict} ${name} (seed ${figures.seed}, ${Math.round(figures.seconds)} s): ${parts.join(', ')}`;
}

/** All plays, added up by name, as a table of Markdown. */
export function table(plays: readonly { readonly name: string; readonly figures: Figures }[]): string {
  const heads = ['fault', 'plays', ...Object.keys(columns), 'longest outage', 'longest silence'];
  const rows = [...Map.groupBy(plays, ({ name }) => name)].map(([name, all]) => {
    const sum = (of: (figures: Figures) => number) =>
      all.reduce((total, { figures }) => total + of(figures), 0);
    const most = (of: (figures: Figures) => number) => Math.max(...all.map(({ figures }) => of(figures)));
    return [
      name,
      String(all.length),
      ...Object.values(columns).map((of) => sum(of).toLocaleString('en')),
      duration(most(({ longestOutageMs }) => longestOutageMs)),
      duration(most(({ longestSilenceMs }) => longestSilenceMs)),
    ];
  });
  const text = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [text(heads), `|${'---|'.repeat(heads.length)}`, ...rows.map(text)].join('\n');
}

const duration = (ms: number) => (ms === 0 ? 'none' : `${(ms / 1000).toFixed(2)} s`);
