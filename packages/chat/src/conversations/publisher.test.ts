import { expect, test } from 'bun:test';
import { onEachDatabase } from '../../../../tests/support/databases.ts';
import { inboxOf, messagesOf } from '../contract/index.ts';
import { openTalk, type Talk } from './testing.ts';

const changesOn = (talk: Talk, room: string) => talk.published(room).map(({ change }) => change);

async function unpublished(talk: Talk): Promise<number> {
  const rows = await talk.chat.core.db
    .selectFrom('chat_conversations')
    .select(['last_change', 'published_change'])
    .execute();
  return rows.reduce((sum, row) => sum + row.last_change - row.published_change, 0);
}

/** A process that stores and dies before it publishes. */
async function storeAndDie(talk: Talk, work: (dying: Talk) => Promise<unknown>): Promise<void> {
  {
    await using dying = await openTalk({ url: talk.chat.url, beside: talk });
    dying.chat.host.failing = true;
    await work(dying);
    await dying.settle();
  }
  talk.chat.host.failing = false;
}

onEachDatabase((fresh) => {
  test('how far it has published is written down, for many changes at once', async () => {
    await using talk = await openTalk({ url: await fresh() });
    const ann = talk.add('Ann');
    const room = await talk.lobby(ann);
    for (const text of ['a', 'b', 'c']) await talk.say(ann, room, text);
    await talk.settle();
    expect(await unpublished(talk)).toBe(0);
    expect(changesOn(talk, room)).toEqual([1, 2, 3]);
  });

  test('while the host takes nothing all is stored and answered, and comes in order when it does', async () => {
    await using talk = await openTalk({ url: await fresh() });
    const ann = talk.add('Ann');
    const room = await talk.lobby(ann);
    talk.chat.host.failing = true;
    for (const text of ['a', 'b', 'c']) await talk.say(ann, room, text);
    await talk.service.messages.edit(talk.as(ann), room, 1, 'a!');
    await talk.settle();
    expect([changesOn(talk, room), await unpublished(talk)]).toEqual([[], 4]);
    expect(talk.chat.problems.length).toBeGreaterThan(0);
    talk.chat.host.failing = false;
    await talk.pass(2);
    expect([changesOn(talk, room), await unpublished(talk)]).toEqual([[1, 2, 3, 4], 0]);
  });

  test('what was committed and not published when the process died is published by the next one', async () => {
    await using talk = await openTalk({ url: await fresh() });
    const [ann, ben] = [talk.add('Ann'), talk.add('Ben')];
    const room = await talk.lobby(ann, ben);
    const direct = await talk.direct(ann, ben);
    await talk.say(ann, room, 'before');
    await talk.settle();
    await storeAndDie(talk, async (dying) => {
      for (const text of ['a', 'b @Ben', 'c']) await dying.say(ann, room, text);
      await dying.service.messages.react(dying.as(ben), room, 1, '👍', true);
      await dying.say(ben, direct, 'psst');
    });
    expect(await unpublished(talk)).toBe(5);
    await using next = await openTalk({ url: talk.chat.url, beside: talk });
    await next.service.start();
    await next.pass(8);
    expect(changesOn(next, room)).toEqual([1, 2, 3, 4, 5]);
    const events = next.chat.host.published.filter(({ channels }) => channels.includes(messagesOf(room)));
    expect(events.map(({ event }) => event)).toEqual([...Array(4).fill('new_message'), 'message_changed']);
    expect(next.chat.host.eventsOn(inboxOf(ann), 'new_message').map(({ message }) => message.text)).toEqual([
      'psst',
    ]);
    expect(next.chat.host.eventsOn(inboxOf(ben), 'mention').length).toBe(1);
    expect(await unpublished(next)).toBe(0);
  });

  test('what a node that died left in a busy room does not wait for the room to be quiet', async () => {
    await using talk = await openTalk({ url: await fresh() });
    const ann = talk.add('Ann');
    const room = await talk.lobby(ann);
    await storeAndDie(talk, (dying) => dying.say(ann, room, 'left'));
    await talk.service.start();
    for (let second = 0; second < 20; second++) {
      await talk.say(ann, room, `${second}`);
      await talk.pass(1);
    }
    expect(new Set(changesOn(talk, room))).toEqual(
      new Set(Array.from({ length: 21 }, (_, index) => index + 1)),
    );
    expect(await unpublished(talk)).toBe(0);
  });

  test('two nodes that write into one room publish each change, and neither waits for the other', async () => {
    const url = await fresh();
    await using one = await openTalk({ url });
    await using two = await openTalk({ url, beside: one });
    const ann = one.add('Ann');
    const room = await one.lobby(ann);
    for (const node of [one, two]) await node.service.start();
    for (let round = 0; round < 10; round++) {
      await Promise.all([one, two].map((node) => node.say(ann, room, `${round}`)));
      await Promise.all([one.settle(), two.settle()]);
    }
    expect(changesOn(one, room).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, index) => index + 1),
    );
    for (const node of [one, two, one, two]) await node.pass(2);
    expect(await unpublished(one)).toBe(0);
    expect(changesOn(one, room).length).toBe(20);
  });

  test('a great deal that was left is announced instead of repeated', async () => {
    await using talk = await openTalk({ url: await fresh() });
    const ann = talk.add('Ann');
    const room = await talk.lobby(ann);
    await storeAndDie(talk, (dying) =>
      Promise.all(Array.from({ length: 150 }, (_, index) => dying.say(ann, room, `${index}`))),
    );
    await talk.service.start();
    await talk.pass(8);
    expect(talk.published(room)).toEqual([]);
    expect(talk.chat.host.eventsOn(messagesOf(room), 'changed')).toEqual([
      { conversation: room, change: 150 },
    ]);
    expect(await unpublished(talk)).toBe(0);
  });

  test('more than fits in memory while the host is away is announced, too, and nothing is lost', async () => {
    await using talk = await openTalk({ url: await fresh() });
    const ann = talk.add('Ann');
    const room = await talk.lobby(ann);
    talk.chat.host.failing = true;
    await Promise.all(Array.from({ length: 700 }, (_, index) => talk.say(ann, room, `${index}`)));
    await talk.settle();
    talk.chat.host.failing = false;
    await talk.pass(2);
    expect(talk.chat.host.eventsOn(messagesOf(room), 'changed').map(({ change }) => change)).toEqual([700]);
    await talk.say(ann, room, 'after');
    await talk.settle();
    expect(changesOn(talk, room).at(-1)).toBe(701);
    expect(await unpublished(talk)).toBe(0);
  });
});
