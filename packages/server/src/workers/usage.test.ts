import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock } from '@earshot/base';
import { dayOf, Usage } from '../apps/usage.ts';
import type { Link } from '../link/link.ts';
import { connectLink, listenForLinks } from '../link/sockets.ts';
import { UsageOwner } from './usage-owner.ts';
import { WorkerUsage } from './usage-share.ts';

const noon = Date.UTC(2026, 0, 1, 12);
const app = '1';
const onProblem = (_stage: string, error: unknown) => {
  throw error;
};

/** The usage of one app in several workers, over real sockets. */
async function setUp(workers: number) {
  const clock = new ManualClock(noon);
  const owner = new UsageOwner(clock);
  const folder = mkdtempSync(join(tmpdir(), 'earshot-usage-'));
  const path = join(folder, 'owner.sock');
  const served = (link: Link) => {
    owner.attach(link);
    link.on('round', () => null);
  };
  const listener = listenForLinks(path, served, onProblem);
  const links: Link[] = [];
  const usages: Usage[] = [];
  for (let n = 0; n < workers; n++) {
    const link = await connectLink(path, onProblem);
    const usage = new Usage();
    usage.share = new WorkerUsage(link).join(app, usage);
    links.push(link);
    usages.push(usage);
  }
  return {
    clock,
    links,
    usages,
    /** All that was sent has arrived, and what that made the owner send. */
    settled: async () => {
      for (let round = 0; round < 2; round++) await Promise.all(links.map((link) => link.ask('round')));
    },
    [Symbol.dispose]() {
      for (const link of links) link.close();
      listener.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Takes one message after the other until one is refused. @returns how many were taken */
async function takeAll(usage: Usage, limit: number): Promise<number> {
  let taken = 0;
  while (await usage.take(1, limit)) {
    taken++;
    if (taken % 50 === 0) await new Promise<void>((resolve) => setImmediate(resolve));
  }
  return taken;
}

for (const limit of [1, 10, 500, 20_000]) {
  test(`three workers take ${limit} messages a day, and not one more`, async () => {
    using setting = await setUp(3);
    const taken = await Promise.all(setting.usages.map((usage) => takeAll(usage, limit)));
    expect(taken.reduce((sum, one) => sum + one)).toBe(limit);
    for (const usage of setting.usages) expect(usage.take(1, limit)).toBe(false);
  });
}

test('while much is left, a message is taken without a question', async () => {
  using setting = await setUp(2);
  const [one, two] = setting.usages as [Usage, Usage];
  expect(await one.take(1, 1_000_000)).toBe(true);
  await setting.settled();
  for (let n = 0; n < 10_000; n++) expect(one.take(1, 1_000_000)).toBe(true);
  // One that has only delivered knows as well.
  expect(two.take(1, 1_000_000)).toBe(true);
});

test('what one worker delivers counts for the others at once', async () => {
  using setting = await setUp(2);
  const [one, two] = setting.usages as [Usage, Usage];
  expect(await one.take(1, 1_000)).toBe(true);
  await setting.settled();
  two.count(998);
  await setting.settled();
  expect(await one.take(1, 1_000)).toBe(true);
  expect(await one.take(1, 1_000)).toBe(false);
});

test('a limit that is set, changed and taken away while it is counted', async () => {
  using setting = await setUp(2);
  const [one, two] = setting.usages as [Usage, Usage];
  for (let n = 0; n < 40; n++) expect(one.take(1, 0)).toBe(true);
  two.count(60);
  expect(await two.take(1, 100)).toBe(false);
  expect(await one.take(1, 102)).toBe(true);
  expect(await two.take(1, 102)).toBe(true);
  expect(await one.take(1, 102)).toBe(false);
  expect(one.take(1, 0)).toBe(true);
  await setting.settled();
  expect(two.take(1, 0)).toBe(true);
});

test('what is stored is counted once, also that of earlier days and other machines', async () => {
  using setting = await setUp(2);
  const [one, two] = setting.usages as [Usage, Usage];
  const day = dayOf(noon);
  // Of the time before this start.
  for (const usage of setting.usages) usage.stored(day, 90, 0);
  expect(await one.take(4, 100)).toBe(true);
  one.share?.report();
  one.stored(day, 94, 4);
  await setting.settled();
  expect([one.messagesToday, two.messagesToday]).toEqual([94, 94]);
  // Another machine has written five.
  two.count(0);
  two.stored(day, 99, 0);
  expect(await one.take(1, 100)).toBe(true);
  expect(await two.take(1, 100)).toBe(false);

  setting.clock.advance(12 * 3_600_000);
  // It was counted before midnight and is of the day before, however late it is written.
  one.stored(day, 100, 1);
  for (const usage of setting.usages) usage.newDay(day + 1);
  expect(await two.take(99, 100)).toBe(true);
  expect(await one.take(1, 100)).toBe(true);
  expect(await two.take(1, 100)).toBe(false);
});

test('a worker that does not answer holds the others up for a moment only', async () => {
  using setting = await setUp(2);
  const [one] = setting.usages as [Usage, Usage];
  setting.links[1]?.on('usage.collect', () => new Promise(() => undefined));
  const first = one.take(1, 3);
  await setting.settled();
  setting.clock.advance(500);
  expect(await first).toBe(true);
  expect(await one.take(1, 3)).toBe(true);
});
