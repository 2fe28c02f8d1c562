import { expect, test } from 'bun:test';
import { onEachDatabase } from '../../../../tests/support/databases.ts';
import { inboxOf, limits } from '../contract/index.ts';
import type { MessageRow } from './rows.ts';
import { openTalk, type Talk } from './testing.ts';

/** Messages as they are in the database, put there at once. */
async function fill(talk: Talk, room: string, author: string, count: number): Promise<void> {
  const { db, clock } = talk.chat.core;
  const rows = Array.from({ length: count }, (_, index): MessageRow => {
    const number = index + 1;
    return {
      ...{ app_id: '1', conversation: room, seq: number, change: number, created_change: number },
      ...{
        client_id: `${number}`,
        digest: '',
        author,
        kind: 'text',
        text: `message ${number}`,
        system: null,
      },
      ...{ reply_to: null, attachments: null, mentions: null, edited_at: null, deleted_at: null },
      at: clock.now() - (count - index) * 1_000,
    };
  });
  for (let from = 0; from < rows.length; from += 500) {
    await db
      .insertInto('chat_messages')
      .values(rows.slice(from, from + 500))
      .execute();
  }
  const numbers = { last_seq: count, last_change: count, published_change: count };
  await db.updateTable('chat_conversations').set(numbers).where('id', '=', room).execute();
}

onEachDatabase((fresh) => {
  test('the history is read in stretches, and says where it ends', async () => {
    await using talk = await openTalk({ url: await fresh() });
    const ann = talk.add('Ann');
    const room = await talk.lobby(ann);
    const read = async (query: object) => {
      const { messages, ...ends } = await talk.service.reading.history(talk.as(ann), room, query);
      return [messages.at(0)?.seq, messages.at(-1)?.seq, messages.length, ends.olderExists, ends.newerExists];
    };
    expect(await read({})).toEqual([undefined, undefined, 0, false, false]);
    await fill(talk, room, ann, 120);
    expect(await read({})).toEqual([71, 120, 50, true, false]);
    expect(await read({ before: 71 })).toEqual([21, 70, 50, true, true]);
    expect(await read({ before: 21 })).toEqual([1, 20, 20, false, true]);
    expect(await read({ before: 1 })).toEqual([undefined, undefined, 0, false, true]);
    expect(await read({ after: 100 })).toEqual([101, 120, 20, true, false]);
    expect(await read({ after: 120 })).toEqual([undefined, undefined, 0, true, false]);
    expect(await read({ around: 60, limit: 20 })).toEqual([50, 69, 20, true, true]);
    expect(await read({ around: 2, limit: 20 })).toEqual([1, 20, 20, false, true]);
    expect(await read({ around: 120, limit: 20 })).toEqual([110, 120, 11, true, false]);
    const around = await talk.service.reading.around(talk.as(ann), room, 60, 2);
    expect(around.map(({ seq }) => seq)).toEqual([58, 59, 60, 61, 62]);
  });

  test('what was missed comes once each, in its newest state, page by page', async () => {
    await using talk = await openTalk({ url: await fresh() });
    const ann = talk.add('Ann');
    const room = await talk.lobby(ann);
    await fill(talk, room, ann, 450);
    await talk.service.messages.edit(talk.as(ann), room, 10, 'edited');
    await talk.service.messages.remove(talk.as(ann), room, 20);
    const seen: number[] = [];
    let since = 0;
    for (;;) {
      const page = await talk.service.reading.changes(talk.as(ann), room, since);
      expect(page.messages.length).toBeLessThanOrEqual(limits.changesPage);
      seen.push(...page.messages.map(({ seq }) => seq));
      since = page.lastChange;
      if (!page.more) break;
    }
    expect(since).toBe(452);
    expect(seen.slice(-2)).toEqual([10, 20]);
    expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 450 }, (_, index) => index + 1));
    expect(await talk.service.reading.changes(talk.as(ann), room, 452)).toEqual({
      messages: [],
      lastChange: 452,
      more: false,
      tooMuch: false,
    });
  });

  test('too much to catch up on is said', async () => {
    await using talk = await openTalk({ url: await fresh() });
    const ann = talk.add('Ann');
    const room = await talk.lobby(ann);
    await fill(talk, room, ann, limits.changesMax + 5);
    const since = (change: number) => talk.service.reading.changes(talk.as(ann), room, change);
    expect(await since(4)).toEqual({ messages: [], lastChange: 1_005, more: false, tooMuch: true });
    expect(await since(5)).toMatchObject({ tooMuch: false, more: true, lastChange: 205 });
  });

  test('the cursor moves forward only, and every tab hears where it is', async () => {
    await using talk = await openTalk({ url: await fresh() });
    const [ann, ben] = [talk.add('Ann'), talk.add('Ben')];
    const room = await talk.lobby(ann, ben);
    for (let index = 1; index <= 5; index++) await talk.say(ann, room, index === 4 ? 'hey @Ben' : `${index}`);
    await talk.service.messages.remove(talk.as(ann), room, 2);
    await talk.say(ben, room, 'mine');
    const move = (seq: number) => talk.service.reading.moveCursor(talk.as(ben), room, seq);
    expect((await talk.one(ben, room)).me).toMatchObject({ cursor: 0, unread: 4, mentions: 1 });
    expect(await move(3)).toEqual({ cursor: 3, unread: 2, mentions: 1 });
    expect(await move(1)).toEqual({ cursor: 3, unread: 2, mentions: 1 });
    expect(await move(4)).toEqual({ cursor: 4, unread: 1, mentions: 0 });
    expect(await move(1_000)).toEqual({ cursor: 6, unread: 0, mentions: 0 });
    expect(talk.chat.host.eventsOn(inboxOf(ben), 'cursor')).toEqual([
      { conversation: room, seq: 3, unread: 2, mentions: 1 },
      { conversation: room, seq: 4, unread: 1, mentions: 0 },
      { conversation: room, seq: 6, unread: 0, mentions: 0 },
    ]);
    expect(talk.chat.host.eventsOn(inboxOf(ann), 'read')).toEqual([]);
  });

  test('the other one of two sees how far I have read if both, and the app, want that', async () => {
    await using talk = await openTalk({ url: await fresh() });
    const [ann, ben] = [talk.add('Ann'), talk.add('Ben')];
    const id = await talk.direct(ann, ben);
    for (let index = 1; index <= 4; index++) await talk.say(ann, id, `${index}`);
    const move = (seq: number) => talk.service.reading.moveCursor(talk.as(ben), id, seq);
    const reads = () => talk.chat.host.eventsOn(inboxOf(ann), 'read').map(({ seq }) => seq);
    await move(1);
    expect([reads(), (await talk.one(ann, id)).readByOther]).toEqual([[1], 1]);
    const quiet = { preferences: { receipts: false, hideText: false, sound: true } };
    const open = { preferences: { receipts: true, hideText: false, sound: true } };
    for (const person of [ann, ben]) {
      talk.people.change(person, quiet);
      await move(2);
      expect([reads(), (await talk.one(ann, id)).readByOther]).toEqual([[1], null]);
      talk.people.change(person, open);
    }
    expect((await talk.one(ann, id)).readByOther).toBe(2);
    talk.chat.configure({ chatReceipts: false });
    await move(3);
    expect([reads(), (await talk.one(ann, id)).readByOther]).toEqual([[1], null]);
  });

  test('counts stop at their bounds', async () => {
    await using talk = await openTalk({ url: await fresh() });
    const [ann, ben] = [talk.add('Ann'), talk.add('Ben')];
    const room = await talk.lobby(ann, ben);
    await fill(talk, room, ann, 1_200);
    const mentions = Array.from({ length: 150 }, (_, index) => ({
      ...{ app_id: '1', person: ben, conversation: room, seq: index + 1 },
    }));
    await talk.chat.core.db.insertInto('chat_mentions').values(mentions).execute();
    expect((await talk.one(ben, room)).me).toMatchObject({ unread: 1_000, mentions: 100 });
    expect((await talk.one(ann, room)).me).toMatchObject({ unread: 0, mentions: 0 });
  });

  test('what somebody wrote whom the reader has blocked is hidden and not counted, but its number stays', async () => {
    await using talk = await openTalk({ url: await fresh() });
    const [ann, ben, foe] = [talk.add('Ann'), talk.add('Ben'), talk.add('Foe')];
    const room = await talk.lobby(ann, ben, foe);
    await talk.say(foe, room, 'nasty @Ann');
    await talk.say(ben, room, 'answer', { replyTo: 1 });
    talk.reach.block(ann, foe);
    const texts = (await talk.history(ann, room)).map(({ seq, text, replyTo }) => [
      seq,
      text,
      replyTo?.excerpt,
    ]);
    expect(texts).toEqual([
      [1, '', undefined],
      [2, 'answer', ''],
    ]);
    expect((await talk.service.reading.changes(talk.as(ann), room, 0)).messages[0]?.text).toBe('');
    expect((await talk.one(ann, room)).me).toMatchObject({ unread: 1, mentions: 0 });
    expect((await talk.history(ben, room))[0]?.text).toBe('nasty @Ann');
  });

  test('conversations come newest first, page by page, without those put away', async () => {
    await using talk = await openTalk({ url: await fresh() });
    const ann = talk.add('Ann');
    const others = Array.from({ length: 7 }, (_, index) => talk.add(`Other ${index}`));
    const ids: string[] = [];
    for (const other of others) {
      ids.unshift(await talk.direct(ann, other));
      talk.chat.clock.advance(1);
    }
    const pages: string[] = [];
    for (let before: string | undefined; ; before = pages.at(-1)) {
      const { conversations, more } = await talk.service.reading.mine('1', ann, 3, before);
      pages.push(...conversations.map(({ id }) => id));
      if (!more) break;
    }
    expect(pages).toEqual(ids);
    const [first = '', second = ''] = ids;
    await talk.service.rooms.leave(talk.as(ann), first);
    await talk.say(ann, second, 'hello');
    const now = (await talk.service.newest('1', ann, 10)).map(({ id }) => id);
    expect(now).toEqual(ids.slice(1));
    await talk.say(others[6] ?? '', first, 'hello');
    expect((await talk.service.newest('1', ann, 10)).map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
    expect((await talk.one(ann, first)).lastMessage).toMatchObject({ text: 'hello' });
  });

  test('old messages go, numbers go on, and the history ends where they went', async () => {
    await using talk = await openTalk({ url: await fresh(), apps: [{ chatRetentionDays: 1 }] });
    const ann = talk.add('Ann');
    const [room, kept] = [
      await talk.lobby(ann),
      (await talk.service.rooms.create(talk.as(ann), { name: 'kept', title: '', membersOnly: false })).id,
    ];
    await talk.service.rooms.change(talk.as(ann), kept, { retentionDays: 0 });
    await talk.service.start();
    for (const id of [room, kept]) {
      await talk.service.messages.send(talk.as(ann), id, {
        ...{ id: crypto.randomUUID(), text: 'with a file', attachments: [`file-in-${id}`.slice(0, 22)] },
      });
      await talk.say(ann, id, 'old');
    }
    await talk.service.messages.react(talk.as(ann), room, 1, '👍', true);
    talk.chat.clock.advance(24 * 3_600_000);
    await talk.say(ann, room, 'new');
    await talk.pass(2);
    talk.chat.clock.advance(3_600_000);
    await talk.pass(2);
    const page = await talk.service.reading.history(talk.as(ann), room, {});
    expect(page.messages.map(({ seq, text }) => [seq, text])).toEqual([[3, 'new']]);
    expect(page.olderExists).toBe(false);
    expect((await talk.say(ann, room, 'next')).message.seq).toBe(4);
    expect((await talk.history(ann, kept)).length).toBe(2);
    expect(talk.attachments.released).toEqual([`file-in-${room}`.slice(0, 22)]);
    expect(await talk.chat.core.db.selectFrom('chat_reactions').selectAll().execute()).toEqual([]);
  });
});
