import type { Clock, Timer } from '@earshot/base';
import { transports } from '@earshot/dashboard';
import type { Database } from '@earshot/data';
import type { App } from '../apps/app.ts';
import type { AppRegistry } from '../apps/registry.ts';
import { dayOf } from '../apps/usage.ts';
import type { Nodes } from '../cluster/nodes.ts';
import type { Counters } from '../metrics/counters.ts';
import { figuresOf, Live } from './live.ts';
import { countsFrom, type MinuteRow, type Run } from './minute.ts';
import { highest, pointsOf, ranges, stretchOf } from './points.ts';
import { Recorder } from './recorder.ts';
import { minuteSpans } from './spans.ts';
import type { Statistics } from './statistics.ts';
import { StatisticsStore, usageDays } from './store.ts';
import { openStatisticsTables, withStatisticsTables } from './tables.ts';
import { Writer } from './writer.ts';

const dayMs = 86_400_000;
/** How often minutes are folded and old rows deleted. */
const tidyMs = 60_000;
/** Transactions in one round of folding; the rest waits for the next. */
const foldsMax = 200;
const answerMs = 500;

/** What a node knows that is not in the database yet. */
interface Unwritten {
  readonly rows: readonly MinuteRow[];
  readonly run: Run;
}

/** An app in the list of apps, as one node has it: connections, and messages in the last 60 seconds. */
type Brief = readonly [connections: number, messages: number];

/**
 * Opens the tables and begins to add up. `channels` says how many channels an app has in the whole cluster.
 * Close it before the database and before `nodes`, when nothing is counted any more.
 */
export async function openStatistics(options: {
  readonly database: Database;
  readonly apps: AppRegistry;
  readonly nodes: Nodes;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly channels: (appId: string) => Promise<number>;
  readonly onProblem: (stage: string, error: unknown) => void;
}): Promise<Statistics> {
  const { apps, nodes, clock, onProblem } = options;
  await openStatisticsTables(options.database);
  const aside = options.database.aside();
  const store = new StatisticsStore(withStatisticsTables(aside));
  const writer = new Writer({ ...options, store });
  const recorder = new Recorder({ apps, clock, node: nodes.self, onPart: (part) => writer.add(part) });
  const live = new Live(options);

  let tidying: Promise<void> | null = null;
  const tidy = async () => {
    const now = clock.now();
    for (let folds = 0; folds < foldsMax; folds++) if (!(await store.fold(now))) break;
    await store.purge(now);
  };
  const tidyTimer: Timer = clock.every(tidyMs, () => {
    tidying ??= tidy()
      .catch((error) => onProblem('statistics: adding up and deleting old ones', error))
      .finally(() => {
        tidying = null;
      });
  });
  recorder.start(() => {
    writer.look();
    live.tick();
  });

  const unwritten = (app: App): Unwritten => {
    const underWay = recorder.underWay(app);
    const rows = writer.waiting(app);
    return { rows: underWay === null ? rows : [...rows, underWay], run: recorder.run };
  };
  nodes.answer('statistics-figures', (appId) => {
    const app = apps.byId(String(appId));
    return app === undefined ? null : figuresOf(app);
  });
  nodes.answer('statistics-unwritten', (appId): Unwritten | null => {
    const app = apps.byId(String(appId));
    return app === undefined ? null : unwritten(app);
  });
  nodes.answer('statistics-now', () => {
    const briefs: Record<string, Brief> = {};
    for (const app of apps.all()) {
      const connections = transports.reduce((sum, transport) => sum + app.tally.open[transport], 0);
      const messages = recorder.messagesPerMinute(app);
      if (connections > 0 || messages > 0) briefs[app.id] = [connections, messages];
    }
    return Object.entries(briefs);
  });

  return {
    async range(app, range) {
      const { answers } = await nodes.ask<unknown>({ about: 'statistics-unwritten', data: app.id }, answerMs);
      const now = clock.now();
      const { from } = stretchOf(range, now);
      const stored = await store.read(app.id, from, ranges[range].step);
      const said = answers.flatMap(({ data }) => readUnwritten(data));
      const minutes = new Map<string, MinuteRow>();
      // A row that was written since its node told of it is in both, and the same.
      for (const row of [...said.flatMap(({ rows }) => rows), ...stored.minutes]) {
        if (row.appId === app.id) minutes.set(`${row.at} ${row.node} ${row.seq}`, row);
      }
      const rows = [...minutes.values()];
      const spans = [...stored.spans, ...minuteSpans(rows, rows)];
      const runs = [...stored.runs, ...said.map(({ run }) => run)];
      const { peaks, ...points } = pointsOf(range, now, spans, runs);
      const messagesPerDay = await dailyMessages(app, now);
      const days = highest(messagesPerDay, ({ messages, at }) => ({ value: messages, at }));
      return {
        ...points,
        messagesPerDay: messagesPerDay.map(({ day, messages }) => ({ day, messages })),
        peaks: { ...peaks, messagesPerDay: days },
      };
    },
    watch: (app, onFigures) => live.watch(app, onFigures),
    async now() {
      const { answers } = await nodes.ask<unknown>({ about: 'statistics-now', data: null }, answerMs);
      const figures = new Map<
        string,
        { connections: number; messagesPerMinute: number; messagesToday: number }
      >();
      for (const { id, usage } of apps.all()) {
        figures.set(id, { connections: 0, messagesPerMinute: 0, messagesToday: usage.messagesToday });
      }
      for (const { data } of answers) {
        for (const [id, connections, messages] of readBriefs(data)) {
          const of = figures.get(id);
          if (of === undefined) continue;
          of.connections += connections;
          of.messagesPerMinute += messages;
        }
      }
      return figures;
    },
    async close() {
      tidyTimer.cancel();
      live.close();
      recorder.stop();
      await tidying;
      await writer.close();
      await aside.close();
    },
  };

  /** From the first day that has messages, or 30 days ago, to today. */
  async function dailyMessages(app: App, now: number) {
    const stored = await store.messagesByDay(app.id, now, usageDays);
    const today = dayOf(now);
    const first = Math.min(today, ...stored.keys());
    return Array.from({ length: today - first + 1 }, (_, index) => {
      const at = (first + index) * dayMs;
      const isToday = first + index === today;
      return {
        day: new Date(at).toISOString().slice(0, 10),
        messages: isToday ? app.usage.messagesToday : (stored.get(first + index) ?? 0),
        at,
      };
    });
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** What a node of whatever version says; what is not understood is left out. */
function readUnwritten(data: unknown): Unwritten[] {
  if (!isObject(data) || !isObject(data.run) || !Array.isArray(data.rows)) return [];
  const { node, from, until } = data.run;
  if (typeof node !== 'string' || typeof from !== 'number' || typeof until !== 'number') return [];
  const rows = data.rows.filter(isObject).map((row): MinuteRow => {
    const counts = isObject(row.counts) ? row.counts : {};
    return {
      appId: String(row.appId),
      at: Number(row.at) || 0,
      node,
      seq: Number(row.seq) || 0,
      counts: countsFrom((name) => Number(counts[name]) || 0),
      seconds: String(row.seconds ?? ''),
    };
  });
  return [{ rows, run: { node, from, until } }];
}

function readBriefs(data: unknown): (readonly [id: string, ...Brief])[] {
  if (!Array.isArray(data)) return [];
  return data.flatMap((entry) => {
    if (!Array.isArray(entry) || !Array.isArray(entry[1])) return [];
    const [id, [connections, messages]] = entry;
    return [[String(id), Number(connections) || 0, Number(messages) || 0] as const];
  });
}
