/**
 * What reading and writing statistics costs: `bun packages/server/src/statistics/statistics.bench.ts [postgres://…]`. Fills an
 * empty database with 30 days of an app on five nodes, whose connections change every second, and reads each range.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '@earshot/data';
import { openAppTables } from '../apps/tables.ts';
import { noConnections, noCounts, Tally } from '../apps/tally.ts';
import { Usage } from '../apps/usage.ts';
import { type MinuteRow, minuteMs } from './minute.ts';
import { pointsOf, ranges, stretchOf } from './points.ts';
import { ConnectionSeconds } from './seconds.ts';
import { minuteSpans } from './spans.ts';
import { StatisticsStore } from './store.ts';
import { openStatisticsTables, withStatisticsTables } from './tables.ts';

const nodes = ['a', 'b', 'c', 'd', 'e'];
const days = Number(process.env.DAYS ?? 30);
const begin = Date.UTC(2026, 9, 1);
const end = begin + days * 24 * 60 * minuteMs;

/** What one publish to 1,000 subscribers costs here: it is counted once, its deliveries are, and so is the request. */
const tally = new Tally(new Usage());
tally.onTouched = () => {};
const publishes = 10_000_000;
for (const isMeasured of [false, true]) {
  const { user } = process.cpuUsage();
  for (let count = 0; count < publishes; count++) {
    tally.add('published');
    tally.delivered(1_000);
    tally.add('apiRequests');
  }
  const nanos = ((process.cpuUsage().user - user) * 1_000) / publishes;
  if (isMeasured) console.log(`counting one publish: ${nanos.toFixed(1)} ns of CPU`);
}

const folder = await mkdtemp(join(tmpdir(), 'earshot-statistics-'));
const opened = await openDatabase(process.argv[2] ?? `sqlite:${join(folder, 'bench.sqlite')}`);
const database = opened.aside();
const apps = await openAppTables(opened);
await apps.insertInto('apps').values({ id: '3', position: 1, settings: '{}', created_at: begin }).execute();
await openStatisticsTables(opened);
const store = new StatisticsStore(withStatisticsTables(database));

/** The longest time that the event loop stood still during `work`. */
async function stillness(work: () => Promise<unknown>) {
  let last = performance.now();
  let longestMs = 0;
  let isOver = false;
  const look = () => {
    const now = performance.now();
    longestMs = Math.max(longestMs, now - last);
    last = now;
    if (!isOver) setImmediate(look);
  };
  setImmediate(look);
  const begun = performance.now();
  const cpu = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(cpu);
  isOver = true;
  const now = performance.now();
  return { tookMs: now - begun, cpuMs: (user + system) / 1_000, longestMs: Math.max(longestMs, now - last) };
}

/** Minutes in which the connections change every second. */
const minutesOfSeconds = Array.from({ length: 50 }, () => {
  const seconds = new ConnectionSeconds();
  for (let second = 0; second < 60; second++) {
    const websocket = 1_000 + Math.floor(100 * Math.random());
    seconds.note(second, { ...noConnections(), websocket, xhr_polling: second % 7 });
  }
  return seconds.toString();
});

function row(appId: string, at: number, node: string, seq: number): MinuteRow {
  const counts = { ...noCounts(), published: 5_000, delivered: 5_000_000, apiRequests: 5_000 };
  return { appId, at, node, seq, counts, seconds: minutesOfSeconds[seq % minutesOfSeconds.length] ?? '' };
}

const folds: number[] = [];
/** Minutes that are written and folded at a time. */
const stretch = 30;
for (let at = begin; at < end; at += stretch * minuteMs) {
  const minutes = Array.from({ length: stretch }, (_, index) => at + index * minuteMs);
  await store.write(
    minutes.flatMap((minute) => nodes.map((node) => row('3', minute, node, minute / minuteMs))),
    nodes.map((node) => ({ node, from: begin, until: at + stretch * minuteMs })),
  );
  // As it is in a server, the newest minutes are not folded yet.
  folds.push((await stillness(() => store.fold(at + (stretch - 1) * minuteMs))).longestMs);
  await store.purge(at);
}
const show = (name: string, { tookMs, cpuMs, longestMs }: Awaited<ReturnType<typeof stillness>>) =>
  console.log(
    `${name.padEnd(40)} ${tookMs.toFixed(1)} ms, CPU ${cpuMs.toFixed(1)} ms, the loop stood still for ${longestMs.toFixed(1)} ms`,
  );

for (const range of ['hour', 'day', 'month'] as const) {
  const read = async () => {
    const { from } = stretchOf(range, end - 1);
    const { spans, minutes, runs } = await store.read('3', from, ranges[range].step);
    return pointsOf(range, end - 1, [...spans, ...minuteSpans(minutes, minutes)], runs);
  };
  await read();
  const took = await stillness(read);
  const { points } = await read();
  show(`${range}: ${points.filter(({ figures }) => figures !== null).length} points`, took);
}
console.log(
  `folding 30 minutes of 5 nodes: the loop stood still for ${Math.max(...folds).toFixed(1)} ms at most`,
);

const many = Array.from({ length: 1_000 }, (_, index) => `many-${index}`);
for (let from = 0; from < many.length; from += 500) {
  const values = many
    .slice(from, from + 500)
    .map((id) => ({ id, position: 2, settings: '{}', created_at: begin }));
  await apps.insertInto('apps').values(values).execute();
}
const minuteOfMany = many.map((id) => row(id, end, 'a', 1_000_000));
show('one minute of 1,000 apps, written', await stillness(() => store.write(minuteOfMany, [])));
const foldAll = async () => {
  while (await store.fold(end + 10 * minuteMs));
};
show('… and folded', await stillness(foldAll));
await database.close();
await opened.close();
await rm(folder, { recursive: true });
