import { expect, test } from 'bun:test';
import { kept } from './kept.ts';
import { play, record } from './play.ts';
import { type ClusterKind, scheduleOf } from './schedule.ts';
import { shown, shrink } from './shrink.ts';

/*
 * Nodes of real parts in a world of simulated time and network (`checker.ts` says what must hold). Fixed seeds, so that a change
 * that breaks something shows it every time, and some that nobody has played before. `main.ts` plays more.
 */

const fixed = { memory: 3000, workers: 1500 } as const;
const fresh = 300;
const perTest = 250;

function playAll(from: number, count: number, cluster: ClusterKind): void {
  for (let seed = from; seed < from + count; seed++) {
    const schedule = scheduleOf(seed, cluster);
    if (play(schedule).length > 0) throw new Error(`seed ${seed}, ${cluster}:\n${shown(shrink(schedule))}`);
  }
}

for (const { name, ...schedule } of kept) {
  test(name, () => {
    expect(play(schedule)).toEqual([]);
  });
}

for (const cluster of ['memory', 'workers'] as const) {
  for (let from = 1; from <= fixed[cluster]; from += perTest) {
    test(`${cluster}, schedules ${from} to ${from + perTest - 1}: nobody is told anything wrong`, () => {
      playAll(from, perTest, cluster);
    });
  }
  const seed = 1_000_000 + Math.floor(Math.random() * 1e9);
  test(`${cluster}, ${fresh} schedules from seed ${seed} on: nobody is told anything wrong`, () => {
    playAll(seed, fresh, cluster);
  });
}

test('a schedule is played the same way every time', () => {
  // Socket ids alone are the product's own chance.
  const seen = (cluster: ClusterKind, seed: number) => {
    const { history } = record(scheduleOf(seed, cluster));
    const sessions = history.sessions.map(({ entries, socketId: _, ...session }) => ({
      ...session,
      entries: entries.filter(
        (entry) => 'sent' in entry || entry.got.event !== 'pusher:connection_established',
      ),
    }));
    return { sessions, journal: history.journal, ends: history.ends };
  };
  for (const cluster of ['memory', 'workers'] as const) {
    expect(seen(cluster, 7).sessions.length).toBeGreaterThan(3);
    for (const seed of [3, 4, 5, 6, 7]) expect(seen(cluster, seed)).toEqual(seen(cluster, seed));
  }
});
