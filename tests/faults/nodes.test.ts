import { expect, test } from 'bun:test';
import type { EarshotProcess } from '../support/process.ts';
import { startRedis } from '../support/redis.ts';
import {
  Announcements,
  Crowd,
  judged,
  leaseSeconds,
  nothingWrong,
  startNodes,
  Watcher,
} from './support/play.ts';

/** Everything that comes and goes does so by this number. */
const seed = Number(process.env.EARSHOT_TEST_SEED ?? 1);

test(`a node is killed while people come and go (seed ${seed}): nobody stays as a ghost, every leave is told once`, async () => {
  await using redis = await startRedis();
  await using cluster = await startNodes(3, redis.url);
  const [one, two, three] = cluster.nodes as [EarshotProcess, EarshotProcess, EarshotProcess];
  const watchers = [await Watcher.on(one, 'watcher-1'), await Watcher.on(two, 'watcher-2')];
  const crowds = [new Crowd(one, 'a', seed), new Crowd(three, 'b', seed + 1)] as const;
  const announcements = new Announcements(two, 'p');
  for (const crowd of crowds) crowd.start();
  announcements.start();
  await crowds[1].goOn(1_500);
  await crowds[1].stop();
  // One user is on two nodes: the death of one node does not make them go.
  const calm = new Crowd(one, 'calm', seed);
  await crowds[1].enter('both');
  await calm.enter('both');
  three.signal('SIGKILL');
  crowds[1].abandon();
  await Bun.sleep(500);
  await crowds[0].stop();
  await announcements.stop();
  const members = new Set(['watcher-1', 'watcher-2', 'both', ...crowds[0].inside.keys()]);
  const findings = await judged(watchers, members, new Map([['p', announcements.sent]]));
  expect(findings).toEqual([nothingWrong, nothingWrong]);
  expect(crowds[1].comings).toBeGreaterThan(5);
  const removedBoth = watchers.flatMap(({ history }) =>
    history.filter((seen) => seen.what === 'removed' && seen.id === 'both'),
  );
  expect(removedBoth).toEqual([]);
  for (const watcher of watchers) watcher.close();
  crowds[0].abandon();
  calm.abandon();
});

test(`a node is paused for longer than its lease and goes on (seed ${seed}): it is given up, and comes again`, async () => {
  await using redis = await startRedis();
  await using cluster = await startNodes(3, redis.url);
  const [one, two, three] = cluster.nodes as [EarshotProcess, EarshotProcess, EarshotProcess];
  const watchers = [
    await Watcher.on(one, 'watcher-1'),
    await Watcher.on(two, 'watcher-2'),
    await Watcher.on(three, 'watcher-3'),
  ];
  const crowds = [new Crowd(one, 'a', seed), new Crowd(three, 'b', seed + 1)] as const;
  for (const crowd of crowds) crowd.start();
  await crowds[1].goOn(1_000);
  await crowds[1].stop();
  three.signal('SIGSTOP');
  const stayed = ['watcher-1', 'watcher-2'];
  await Bun.sleep(leaseSeconds * 2_000);
  await crowds[0].stop();
  // For the others its members have gone.
  const without = await judged(watchers.slice(0, 2), new Set([...stayed, ...crowds[0].inside.keys()]));
  expect(without).toEqual([nothingWrong, nothingWrong]);
  three.signal('SIGCONT');
  const all = new Set([...stayed, 'watcher-3', ...crowds.flatMap(({ inside }) => [...inside.keys()])]);
  const findings = await judged(watchers, all);
  expect(findings).toEqual([nothingWrong, nothingWrong, nothingWrong]);
  await three.logged(/given up by the others/);
  for (const watcher of watchers) watcher.close();
  for (const crowd of crowds) crowd.abandon();
});
