import { expect, test } from 'bun:test';
import { ManualClock } from '@earshot/base';
import { onEachDatabase } from '../../../../tests/support/databases.ts';
import { inboxOf, type ServerEvents } from '../contract/index.ts';
import { newId } from '../ids.ts';
import { openTestChat, RecordingHost, type TestChat } from '../testing.ts';

const ann = inboxOf(newId());
const ben = inboxOf(newId());
const conversation = newId();
const read = (seq: number): ServerEvents['read'] => ({ conversation, seq });

function add(chat: TestChat, channels: readonly string[], ...seqs: number[]): Promise<void> {
  const { db, outbox } = chat.core;
  return db.transaction().execute(async (trx) => {
    for (const seq of seqs) await outbox.add(trx, '1', channels, 'read', read(seq));
  });
}

const seqsOn = (host: RecordingHost, channel: string) => host.eventsOn(channel, 'read').map(({ seq }) => seq);

async function waiting(chat: TestChat): Promise<number> {
  return (await chat.core.db.selectFrom('chat_outbox').select('id').execute()).length;
}

onEachDatabase((fresh) => {
  test('events are published after the commit, in order, and leave no row', async () => {
    await using chat = await openTestChat({ url: await fresh() });
    await add(chat, [ann, ben], 1, 2, 3);
    await add(chat, [ann], 4);
    expect(chat.host.published).toEqual([]);
    await chat.core.outbox.flush();
    expect(seqsOn(chat.host, ann)).toEqual([1, 2, 3, 4]);
    expect(seqsOn(chat.host, ben)).toEqual([1, 2, 3]);
    expect(chat.host.published[0]).toEqual({
      appId: '1',
      channels: [ann, ben],
      event: 'read',
      data: read(1),
    });
    expect(await waiting(chat)).toBe(0);
  });

  test('a transaction that fails publishes nothing', async () => {
    await using chat = await openTestChat({ url: await fresh() });
    const failing = chat.core.db.transaction().execute(async (trx) => {
      await chat.core.outbox.add(trx, '1', [ann], 'read', read(1));
      throw new Error('on purpose');
    });
    await expect(failing).rejects.toThrow('on purpose');
    await chat.core.outbox.flush();
    expect(chat.host.published).toEqual([]);
  });

  test('what is committed while a flush runs is published by the flush that is asked for then', async () => {
    await using chat = await openTestChat({ url: await fresh() });
    await add(chat, [ann], 1);
    chat.host.hold();
    const first = chat.core.outbox.flush();
    await add(chat, [ann], 2);
    const second = chat.core.outbox.flush();
    chat.host.release();
    await Promise.all([first, second]);
    expect(seqsOn(chat.host, ann)).toEqual([1, 2]);
  });

  test('one that the host does not take holds back its channel alone, and comes in order later', async () => {
    await using chat = await openTestChat({ url: await fresh() });
    chat.start();
    chat.host.failing = (_, channels) => channels.includes(ann);
    await add(chat, [ann], 1);
    await add(chat, [ben], 2);
    await add(chat, [ann, ben], 3);
    await add(chat, [ben], 4);
    await chat.core.outbox.flush();
    expect(seqsOn(chat.host, ben)).toEqual([2]);
    expect(chat.problems.length).toBeGreaterThan(0);
    chat.host.failing = false;
    chat.clock.advance(60_000);
    await chat.settle();
    expect(seqsOn(chat.host, ann)).toEqual([1, 3]);
    expect(seqsOn(chat.host, ben)).toEqual([2, 3, 4]);
    expect(await waiting(chat)).toBe(0);
  });

  test('what a process left when it died is published by another, in order before its own', async () => {
    const url = await fresh();
    const clock = new ManualClock();
    const host = new RecordingHost();
    {
      await using dying = await openTestChat({ url, clock });
      dying.host.failing = true;
      await add(dying, [ann], 1, 2);
    }
    await using other = await openTestChat({ url, clock, host });
    other.start();
    clock.advance(1);
    await add(other, [ann], 3);
    await add(other, [ben], 4);
    await other.settle();
    expect(seqsOn(host, ben)).toEqual([4]);
    for (let seconds = 0; seconds < 60; seconds++) {
      clock.advance(1_000);
      await other.settle();
    }
    expect(seqsOn(host, ann)).toEqual([1, 2, 3]);
    expect(await waiting(other)).toBe(0);
  });

  test('two nodes publish each event once', async () => {
    const url = await fresh();
    const clock = new ManualClock();
    const host = new RecordingHost();
    await using one = await openTestChat({ url, clock, host });
    await using two = await openTestChat({ url, clock, host });
    const work = [one, two].flatMap((chat, node) =>
      Array.from({ length: 20 }, async (_, index) => {
        await add(chat, [node === 0 ? ann : ben], index);
        await chat.core.outbox.flush();
      }),
    );
    await Promise.all(work);
    const inOrder = (seqs: number[]) => seqs.toSorted((a, b) => a - b);
    const all = Array.from({ length: 20 }, (_, index) => index);
    expect(inOrder(seqsOn(host, ann))).toEqual(all);
    expect(inOrder(seqsOn(host, ben))).toEqual(all);
  });
});
