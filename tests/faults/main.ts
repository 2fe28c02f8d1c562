/**
 * Plays faults over three nodes, Redis and PostgreSQL, in an order and at moments that a seed decides:
 *
 *   bun tests/faults/main.ts --seed 1 --minutes 15       (`npm run test:long`)
 *   bun tests/faults/main.ts --seed 17 --only node-killed --plays 1
 *
 *   --seed N      the first seed (default: random); the next play has the next number
 *   --minutes M   how long (default 15); every fault is played once at least
 *   --plays P     so many plays instead
 *   --only A,B    these faults alone
 *
 * A line for each play, a table at the end, also when it is interrupted (SIGINT). Where a promise was broken it is said with the seed that shows it, and the exit
 * code is 1.
 */
import { parseArgs } from 'node:util';
import { type PlayName, plays } from './plays/all.ts';
import { lacks, type Need } from './plays/play.ts';
import { type Figures, line, table } from './support/figures.ts';
import { random } from './support/random.ts';

/** What is broken is mostly broken in one way; a few are enough to look at. */
const problemsShown = 10;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    minutes: { type: 'string', default: '15' },
    plays: { type: 'string' },
    only: { type: 'string' },
  },
});
const all = Object.keys(plays) as PlayName[];
const chosen = values.only === undefined ? all : (values.only.split(',') as PlayName[]);
const firstSeed = Number(values.seed);
const minutes = Number(values.minutes);
if (!Number.isInteger(firstSeed) || !(minutes > 0) || chosen.some((name) => !all.includes(name))) {
  console.error(`usage: --seed <whole number> --minutes <number> --only ${all.join(',')}`);
  process.exit(2);
}

const possible: PlayName[] = [];
for (const name of chosen) {
  const needs = new Set<Need>(['postgres', ...plays[name].needs]);
  const reasons = (await Promise.all([...needs].map(lacks))).filter((reason) => reason !== null);
  if (reasons.length === 0) possible.push(name);
  else console.log(`left out: ${name}, because ${reasons.join(' and ')}`);
}

/** Every fault once, in an order of this seed. */
function shuffled(seed: number): PlayName[] {
  const roll = random(seed);
  return possible
    .map((name) => ({ name, at: roll() }))
    .sort((a, b) => a.at - b.at)
    .map(({ name }) => name);
}

const startedAt = performance.now();
const done: { name: string; figures: Figures }[] = [];
let unfinished = 0;
let isStopped = false;
process.once('SIGINT', () => {
  console.log('no further play; the table comes when this one has ended');
  isStopped = true;
});
let order: PlayName[] = [];
const isOver = () =>
  values.plays === undefined
    ? done.length + unfinished >= possible.length && performance.now() - startedAt > minutes * 60_000
    : done.length + unfinished >= Number(values.plays);
for (let seed = firstSeed; possible.length > 0 && !isStopped && !isOver(); seed++) {
  if (order.length === 0) order = shuffled(seed);
  const name = order.shift() as PlayName;
  const brokers = seed % 2 === 0 ? 2 : 1;
  const figures = await plays[name].play(seed, { brokers, long: true }).catch((error: Error) => {
    console.log(`BROKEN ${name} (seed ${seed}) did not come to its end: ${error.stack}`);
    return null;
  });
  if (figures === null) {
    console.log(`  again: --seed ${seed} --only ${name} --plays 1`);
    unfinished++;
    continue;
  }
  done.push({ name: plays[name].title, figures });
  console.log(line(name, figures));
  for (const problem of figures.broken.slice(0, problemsShown)) console.log(`  ${problem}`);
  if (figures.broken.length > 0) console.log(`  again: --seed ${seed} --only ${name} --plays 1`);
}
console.log(`\n${table(done)}`);
const broken = unfinished + done.filter(({ figures }) => figures.broken.length > 0).length;
const played = Math.round((performance.now() - startedAt) / 1000);
console.log(
  `\n${done.length + unfinished} plays from seed ${firstSeed} on in ${played} s: ${broken} broke a promise`,
);
process.exit(broken === 0 && done.length > 0 ? 0 : 1);
