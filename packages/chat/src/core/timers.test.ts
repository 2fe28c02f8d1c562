import { expect, test } from 'bun:test';
import { ManualClock } from '@earshot/base';
import { onEachDatabase } from '../../../../tests/support/databases.ts';
import { openTestChat, type TestChat } from '../testing.ts';

const second = 1_000;

function setTimer(chat: TestChat, kind: string, subject: string, inMs: number): Promise<void> {
  const { db, timers } = chat.core;
  return db.transaction().execute((trx) => timers.set(trx, kind, '1', subject, chat.clock.now() + inMs));
}

onEachDatabase((fresh) => {
  test('a handler runs when its time has come, and once', async () => {
    await using chat = await openTestChat({ url: await fresh() });
    const ran: string[] = [];
    chat.core.timers.on('bell', async (appId, subject) => void ran.push(`${appId} ${subject}`));
    await setTimer(chat, 'bell', 'noon', 5 * second);
    await chat.settle();
    expect(ran).toEqual([]);
    chat.clock.advance(5 * second);
    await chat.settle();
    chat.clock.advance(500 * second);
    await chat.settle();
    expect(ran).toEqual(['1 noon']);
  });

  test('a running process wakes at the time by itself', async () => {
    await using chat = await openTestChat({ url: await fresh() });
    const { promise, resolve } = Promise.withResolvers<number>();
    chat.core.timers.on('bell', async () => resolve(chat.clock.now()));
    chat.start();
    await chat.settle();
    const due = chat.clock.now() + 1_234;
    await setTimer(chat, 'bell', 'noon', 1_234);
    chat.clock.advance(1_234);
    expect(await promise).toBe(due);
  });

  test('setting it again moves it, cancelling ends it, a transaction that fails sets nothing', async () => {
    await using chat = await openTestChat({ url: await fresh() });
    const { db, timers } = chat.core;
    const ran: string[] = [];
    timers.on('bell', async (_, subject) => void ran.push(subject));
    await setTimer(chat, 'bell', 'moved', second);
    await setTimer(chat, 'bell', 'moved', 10 * second);
    await setTimer(chat, 'bell', 'cancelled', second);
    await db.transaction().execute((trx) => timers.cancel(trx, 'bell', '1', 'cancelled'));
    const failing = db.transaction().execute(async (trx) => {
      await timers.set(trx, 'bell', '1', 'undone', 0);
      throw new Error('on purpose');
    });
    await expect(failing).rejects.toThrow('on purpose');
    chat.clock.advance(2 * second);
    await chat.settle();
    expect(ran).toEqual([]);
    chat.clock.advance(10 * second);
    await chat.settle();
    expect(ran).toEqual(['moved']);
  });

  test('one that sets itself anew while it runs comes again', async () => {
    await using chat = await openTestChat({ url: await fresh() });
    let runs = 0;
    chat.core.timers.on('bell', async () => {
      if (++runs < 3) await setTimer(chat, 'bell', 'noon', second);
    });
    await setTimer(chat, 'bell', 'noon', 0);
    for (let round = 0; round < 5; round++) {
      await chat.settle();
      chat.clock.advance(second);
    }
    expect(runs).toBe(3);
  });

  test('one that fails is tried again, later each time, and reported', async () => {
    await using chat = await openTestChat({ url: await fresh() });
    const ranAt: number[] = [];
    const start = chat.clock.now();
    chat.core.timers.on('bell', async () => {
      ranAt.push((chat.clock.now() - start) / second);
      if (ranAt.length < 4) throw new Error('on purpose');
    });
    await setTimer(chat, 'bell', 'noon', 0);
    for (let round = 0; round < 20; round++) {
      await chat.settle();
      chat.clock.advance(second);
    }
    expect(ranAt).toEqual([0, 1, 3, 7]);
    expect(chat.problems.map(({ stage }) => stage)).toEqual(['timer bell', 'timer bell', 'timer bell']);
  });

  test('two nodes on one database run each one once', async () => {
    const url = await fresh();
    const clock = new ManualClock();
    await using one = await openTestChat({ url, clock });
    await using two = await openTestChat({ url, clock });
    const ran: string[] = [];
    for (const chat of [one, two]) chat.core.timers.on('bell', async (_, subject) => void ran.push(subject));
    const subjects = Array.from({ length: 40 }, (_, index) => `${index}`.padStart(2, '0'));
    for (const subject of subjects) await setTimer(one, 'bell', subject, 0);
    await Promise.all([one.settle(), two.settle()]);
    expect(ran.sort()).toEqual(subjects);
  });

  test('what a node was doing when it died is done by another', async () => {
    const url = await fresh();
    const clock = new ManualClock();
    await using dying = await openTestChat({ url, clock });
    await using other = await openTestChat({ url, clock });
    const never = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    dying.core.timers.on('bell', () => {
      begun.resolve();
      return never.promise;
    });
    let runs = 0;
    other.core.timers.on('bell', async () => void runs++);
    await setTimer(dying, 'bell', 'noon', 0);
    dying.start();
    await begun.promise;
    await other.settle();
    expect(runs).toBe(0);
    // Its renewals stop with it: a clock that both share cannot show that, so the row shows it.
    await other.core.db.updateTable('chat_timers').set({ due_at: clock.now() }).execute();
    await other.settle();
    expect(runs).toBe(1);
    never.resolve();
  });

  test('a kind that only a newer version knows waits for it', async () => {
    await using chat = await openTestChat({ url: await fresh() });
    const ran: string[] = [];
    chat.core.timers.on('bell', async (_, subject) => void ran.push(subject));
    await setTimer(chat, 'gong', 'later', 0);
    await setTimer(chat, 'bell', 'now', 0);
    await chat.settle();
    expect(ran).toEqual(['now']);
    expect(await chat.core.db.selectFrom('chat_timers').select('kind').execute()).toEqual([{ kind: 'gong' }]);
  });
});
