/**
 * Plays schedules of random seeds for some time: `bun tests/simulation/main.ts --seed 1 --minutes 10`.
 *
 *   --seed N      the first seed (default: random); the next schedules have the next numbers
 *   --minutes M   how long (default 1)
 *   --cluster C   memory or workers (default: by turns)
 *   --first       end at the first failure
 *
 * What goes wrong is cut down to the fewest steps that show it and printed; the exit code is 1 then.
 */
import { parseArgs } from 'node:util';
import { play } from './play.ts';
import { type ClusterKind, scheduleOf } from './schedule.ts';
import { shown, shrink } from './shrink.ts';

const kinds: readonly ClusterKind[] = ['memory', 'workers'];
/** Failures are mostly of one kind; a few are enough to look at. */
const failuresMax = 3;

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    minutes: { type: 'string' },
    cluster: { type: 'string' },
    first: { type: 'boolean', default: false },
  },
});
const firstSeed = Number(values.seed ?? Math.floor(Math.random() * 1e9));
const minutes = Number(values.minutes ?? 1);
const chosen = values.cluster === undefined ? kinds : kinds.filter((kind) => kind === values.cluster);
if (!Number.isInteger(firstSeed) || !(minutes > 0) || chosen.length === 0) {
  console.error('usage: --seed <whole number> --minutes <number> --cluster memory|workers');
  process.exit(2);
}

const startedAt = performance.now();
const cpuBefore = process.cpuUsage();
let played = 0;
let failures = 0;
for (let seed = firstSeed; performance.now() - startedAt < minutes * 60_000; seed++) {
  for (const kind of chosen) {
    const schedule = scheduleOf(seed, kind);
    played++;
    if (play(schedule).length === 0) continue;
    failures++;
    console.log(`\nseed ${seed}, ${kind}:`);
    console.log(shown(shrink(schedule)));
  }
  if (failures >= (values.first ? 1 : failuresMax)) break;
}
const { user, system } = process.cpuUsage(cpuBefore);
const perMinute = (micros: number) => Math.round(played / (micros / 60e6)).toLocaleString('en');
console.log(
  `${played.toLocaleString('en')} schedules from seed ${firstSeed} on: ${failures} failed; ` +
    `${perMinute((performance.now() - startedAt) * 1000)} schedules/minute, ` +
    `${perMinute(user + system)} per minute of CPU`,
);
process.exit(failures === 0 ? 0 : 1);
