import { expect, test } from 'bun:test';
import { onEachDatabase } from '../../../../tests/support/databases.ts';
import { messagesOf } from '../contract/index.ts';
import { Refusal } from '../refusal.ts';
import { openTalk, type Talk } from './testing.ts';

const code = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error) => (error instanceof Refusal ? error.code : Promise.reject(error)),
  );

const merge = (talk: Talk, from: string, into: string) =>
  talk.chat.core.db.transaction().execute((trx) => talk.service.personal.merge(trx, '1', from, into));
const erase = (talk: Talk, id: string) =>
  talk.chat.core.db.transaction().execute((trx) => talk.service.personal.erase(trx, '1', id));

onEachDatabase((fresh) => {
  test('a guest who turns out to be somebody brings messages, rooms, reactions and cursor along', async () => {
    await using talk = await openTalk({ url: await fresh() });
    const [guest, ann, ben] = [talk.add('Guest', { kind: 'guest' }), talk.add('Ann'), talk.add('Ben')];
    const room = await talk.lobby(guest, ann, ben);
    await talk.say(guest, room, 'as a guest');
    await talk.say(ben, room, 'hi @Guest');
    for (const person of [guest, ann])
      await talk.service.messages.react(talk.as(person), room, 2, '👍', true);
    await talk.service.reading.moveCursor(talk.as(guest), room, 1);
    const page = (
      await talk.service.rooms.open(
        talk.as(guest),
        { kind: 'page', url: 'https://a.example/' },
        'https://a.example',
      )
    ).id;
    await talk.direct(guest, ben);
    await merge(talk, guest, ann);
    const [first, second] = await talk.history(ann, room);
    expect(first?.author.id).toBe(ann);
    expect(second?.reactions).toEqual([{ emoji: '👍', count: 1, users: [ann] }]);
    expect((await talk.one(ann, room)).me).toMatchObject({ cursor: 1, unread: 1, mentions: 1 });
    expect((await talk.one(ann, page)).id).toBe(page);
    expect(await talk.service.one('1', guest, room)).toBeUndefined();
    expect([...(await talk.service.directs.of('1', ann)).keys()]).toEqual([ben]);
    expect(await talk.direct(ben, ann)).toBe((await talk.service.directs.of('1', ann)).get(ben) ?? '');
  });

  test('a second conversation with the same person stays beside the first one', async () => {
    await using talk = await openTalk({ url: await fresh() });
    const [guest, ann, ben] = [talk.add('Guest', { kind: 'guest' }), talk.add('Ann'), talk.add('Ben')];
    const asGuest = await talk.direct(guest, ben);
    const asAnn = await talk.direct(ann, ben);
    const withSelf = await talk.direct(guest, ann);
    await talk.say(guest, asGuest, 'earlier');
    await merge(talk, guest, ann);
    expect(await talk.service.directs.of('1', ann)).toEqual(new Map([[ben, asAnn]]));
    expect(await talk.direct(ann, ben)).toBe(asAnn);
    expect((await talk.history(ann, asGuest))[0]?.text).toBe('earlier');
    expect((await talk.one(ann, asGuest)).with?.id).toBe(ben);
    expect((await talk.one(ben, asGuest)).with?.id).toBe(ann);
    expect((await talk.service.newest('1', ann, 10)).map(({ id }) => id)).toContain(withSelf);
  });

  test('nobody gets rid of a ban or a mute by signing in', async () => {
    await using talk = await openTalk({ url: await fresh() });
    const [guest, ann, mod] = [
      talk.add('Guest', { kind: 'guest' }),
      talk.add('Ann'),
      talk.add('Mod', { moderator: true }),
    ];
    const room = await talk.lobby(guest, ann, mod);
    await talk.service.moderation.act(talk.as(mod), room, 'ban', guest, null, '');
    await merge(talk, guest, ann);
    expect(await code(talk.say(ann, room, 'hi'))).toBe('banned');
    expect(await code(talk.lobby(ann))).toBe('banned');
  });

  test('a copy has everything they wrote', async () => {
    await using talk = await openTalk({ url: await fresh() });
    const [ann, ben] = [talk.add('Ann'), talk.add('Ben')];
    const room = await talk.lobby(ann, ben);
    for (let index = 0; index < 5; index++) await talk.say(ann, room, `mine ${index}`);
    await talk.say(ben, room, 'not hers');
    const copy = (await talk.service.personal.export('1', ann)) as {
      memberships: unknown[];
      messages: AsyncIterable<{ text: string }>;
    };
    expect(copy.memberships).toMatchObject([{ conversation: room, role: 'member' }]);
    const texts = (await Array.fromAsync(copy.messages)).map(({ text }) => text);
    expect(texts).toEqual(['mine 0', 'mine 1', 'mine 2', 'mine 3', 'mine 4']);
  });

  test('erased: the words are gone everywhere, the numbers stay, and everybody hears of it', async () => {
    await using talk = await openTalk({ url: await fresh() });
    const [ann, ben] = [talk.add('Ann'), talk.add('Ben')];
    const room = await talk.lobby(ann, ben);
    const direct = await talk.direct(ann, ben);
    await talk.say(ann, room, 'secret one');
    await talk.say(ben, room, 'stays', { replyTo: 1 });
    await talk.service.messages.send(talk.as(ann), room, {
      ...{ id: crypto.randomUUID(), text: 'secret two @Ben', attachments: ['a'.repeat(22)] },
    });
    await talk.say(ann, direct, 'secret three');
    await talk.service.messages.react(talk.as(ann), room, 2, '👍', true);
    await talk.settle();
    await talk.service.start();
    await erase(talk, ann);
    talk.people.change(ann, { deleted: true, name: '' });
    const rows = await talk.chat.core.db.selectFrom('chat_messages').selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain('secret');
    const messages = await talk.history(ben, room);
    expect(messages.map(({ seq, text, deletedAt }) => [seq, text, deletedAt !== null])).toEqual([
      [1, '', true],
      [2, 'stays', false],
      [3, '', true],
    ]);
    expect(messages[1]?.replyTo).toMatchObject({ seq: 1, excerpt: '' });
    expect(messages[1]?.reactions).toEqual([]);
    expect(talk.attachments.released).toEqual(['a'.repeat(22)]);
    expect((await talk.one(ben, room)).me).toMatchObject({ unread: 0, mentions: 0 });
    expect((await talk.one(ben, direct)).writable).toBe(false);
    expect((await talk.one(ben, direct)).with?.deleted).toBe(true);
    expect(await talk.service.newest('1', ann, 10)).toEqual([]);
    await talk.pass(8);
    const changed = talk.chat.host
      .eventsOn(messagesOf(room), 'message_changed')
      .map(({ message }) => message);
    expect(
      changed.filter(({ deletedAt }) => deletedAt !== null).map(({ seq, change }) => [seq, change]),
    ).toEqual([
      [1, 5],
      [3, 6],
    ]);
  });
});
