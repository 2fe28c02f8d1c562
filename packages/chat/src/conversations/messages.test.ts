import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { onEachDatabase } from '../../../../tests/support/databases.ts';
import { inboxOf, limits, messagesOf } from '../contract/index.ts';
import type { ChatTransaction } from '../core/core.ts';
import { Refusal } from '../refusal.ts';
import { openTalk } from './testing.ts';

/** Each case opens a database. */
const runs = { numRuns: Math.min(100, Number(process.env.EARSHOT_TEST_RUNS ?? 10)) };
const code = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error) => (error instanceof Refusal ? error.code : Promise.reject(error)),
  );

onEachDatabase((fresh) => {
  test('a message is numbered, stored, answered and published', async () => {
    await using talk = await openTalk({ url: await fresh() });
    const [ann, ben] = [talk.add('Ann'), talk.add('Ben')];
    const room = await talk.lobby(ann, ben);
    const id = crypto.randomUUID();
    const sent = await talk.say(ann, room, 'Hello', { id });
    expect(sent).toMatchObject({
      isNew: true,
      message: { id, seq: 1, change: 1, text: 'Hello', kind: 'text', author: { id: ann, name: 'Ann' } },
    });
    await talk.settle();
    expect(talk.chat.host.eventsOn(messagesOf(room), 'new_message')).toEqual([{ message: sent.message }]);
    expect(await talk.history(ben, room)).toEqual([sent.message]);
    expect(talk.chat.problems).toEqual([]);
  });

  test('the same id stores once and answers the same; with other content it is a conflict', async () => {
    await using talk = await openTalk({ url: await fresh() });
    const ann = talk.add('Ann');
    const room = await talk.lobby(ann);
    const id = crypto.randomUUID();
    const [first, second] = await Promise.all([
      talk.say(ann, room, 'once', { id }),
      talk.say(ann, room, 'once', { id }),
    ]);
    const third = await talk.say(ann, room, 'once', { id });
    expect([first.isNew, second.isNew].toSorted()).toEqual([false, true]);
    expect(third.isNew).toBe(false);
    expect([second.message, third.message]).toEqual([first.message, first.message]);
    expect(await code(talk.say(ann, room, 'twice', { id }))).toBe('conflict');
    await talk.service.messages.edit(talk.as(ann), room, 1, 'edited');
    expect((await talk.say(ann, room, 'once', { id })).message.text).toBe('edited');
    expect((await talk.history(ann, room)).length).toBe(1);
  });

  test('a second app and a second author may use the same id', async () => {
    await using talk = await openTalk({ url: await fresh() });
    const [ann, ben] = [talk.add('Ann'), talk.add('Ben')];
    const room = await talk.lobby(ann, ben);
    const id = crypto.randomUUID();
    await talk.say(ann, room, 'mine', { id });
    expect((await talk.say(ben, room, 'mine, too', { id })).isNew).toBe(true);
  });

  test('numbers have no gaps, whatever two nodes store at once and however much is refused', async () => {
    const texts = fc.array(
      fc.record({
        node: fc.nat(1),
        by: fc.nat(3),
        text: fc.constantFrom('hi', '', 'x'.repeat(5_000), '@Ben'),
      }),
      { minLength: 1, maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(texts, async (sends) => {
        const url = await fresh();
        await using one = await openTalk({ url });
        await using two = await openTalk({ url, beside: one });
        const persons = ['Ann', 'Ben', 'Cleo', 'Dan'].map((name) => one.add(name));
        // Dan is no member.
        const room = await one.lobby(...persons.slice(0, 3));
        const codes = await Promise.all(
          sends.map(({ node, by, text }) =>
            code((node === 0 ? one : two).say(persons[by] ?? '', room, text)),
          ),
        );
        const expected = sends.map(({ by, text }) =>
          text === '' ? 'bad_request' : text.length > 4_000 ? 'too_large' : by === 3 ? 'not_found' : 'done',
        );
        expect(codes).toEqual(expected);
        const rows = await one.chat.core.db
          .selectFrom('chat_messages')
          .select(['seq', 'change'])
          .orderBy('seq')
          .execute();
        const stored = expected.filter((one) => one === 'done').length;
        expect(rows).toEqual(
          Array.from({ length: stored }, (_, index) => ({ seq: index + 1, change: index + 1 })),
        );
        for (const node of [one, two]) await node.settle();
        const seqs = one.published(room).map(({ seq }) => seq);
        expect(seqs.toSorted((a, b) => a - b)).toEqual(rows.map(({ seq }) => seq));
        expect([...one.chat.problems, ...two.chat.problems]).toEqual([]);
      }),
      runs,
    );
  });

  test('messages that come together share a transaction', async () => {
    await using talk = await openTalk({ url: await fresh() });
    const ann = talk.add('Ann');
    const room = await talk.lobby(ann);
    const { db } = talk.chat.core;
    let transactions = 0;
    const transaction = db.transaction.bind(db);
    Object.assign(db, {
      transaction: () => {
        transactions++;
        return transaction();
      },
    });
    await Promise.all(Array.from({ length: 80 }, (_, index) => talk.say(ann, room, `${index}`)));
    expect(transactions).toBeLessThan(10);
    expect((await talk.one(ann, room)).lastSeq).toBe(80);
  });

  test('what one sends in a batch that cannot be stored does not harm the others', async () => {
    await using talk = await openTalk({ url: await fresh() });
    const ann = talk.add('Ann');
    const room = await talk.lobby(ann);
    const { db } = talk.chat.core;
    const transaction = db.transaction.bind(db);
    const begun = Promise.withResolvers<void>();
    const plug = Promise.withResolvers<void>();
    const starts = [
      // What comes while the first one runs is in the second one together, which breaks as one with a lost connection.
      () => ({
        execute: async (work: (trx: ChatTransaction) => Promise<unknown>) => {
          begun.resolve();
          await plug.promise;
          return transaction().execute(work);
        },
      }),
      () => ({ execute: () => Promise.reject(new Error('on purpose')) }),
    ];
    Object.assign(db, { transaction: () => (starts.shift() ?? transaction)() });
    const first = talk.say(ann, room, 'first');
    await begun.promise;
    const others = ['a', 'b', 'c'].map((text) => talk.say(ann, room, text));
    for (let turn = 0; turn < 30; turn++) await db.selectFrom('chat_bans').select('at').execute();
    plug.resolve();
    const sent = await Promise.all([first, ...others]);
    expect(starts).toEqual([]);
    expect(sent.map(({ message }) => message.seq).toSorted()).toEqual([1, 2, 3, 4]);
  });

  test('texts are cleaned and bounded', async () => {
    await using talk = await openTalk({ url: await fresh() });
    const ann = talk.add('Ann');
    const room = await talk.lobby(ann);
    const stored = async (text: string) => (await talk.say(ann, room, text)).message.text;
    expect(await stored('  two\r\nlines\u0000\u0007  ')).toBe('two\nlines');
    expect(await stored('\u202eevil\u2066')).toBe('evil');
    expect(await stored('👩‍👩‍👧 and 🏴󠁧󠁢󠁥󠁮󠁧󠁿')).toBe('👩‍👩‍👧 and 🏴󠁧󠁢󠁥󠁮󠁧󠁿');
    expect(await stored('<b onclick=alert(1)>')).toBe('<b onclick=alert(1)>');
    expect(await stored('\ud800 lone')).toBe('\ufffd lone');
    expect(await code(talk.say(ann, room, ' \u200b\u2800 '))).toBe('bad_request');
    expect(await stored('x'.repeat(limits.textCharacters))).toHaveLength(limits.textCharacters);
    expect(await code(talk.say(ann, room, 'x'.repeat(limits.textCharacters + 1)))).toBe('too_large');
    expect(await code(talk.say(ann, room, '€'.repeat(limits.textBytes / 3 + 1)))).toBe('too_large');
  });

  test('only the author edits, the author and moderators delete, and a tombstone stays', async () => {
    await using talk = await openTalk({ url: await fresh() });
    const [ann, ben, mod] = [talk.add('Ann'), talk.add('Ben'), talk.add('Mod', { moderator: true })];
    const room = await talk.lobby(ann, ben, mod);
    await talk.say(ann, room, 'first');
    await talk.say(ben, room, 'second', { replyTo: 1 });
    const { messages } = talk.service;
    expect(await code(messages.edit(talk.as(ben), room, 1, 'mine'))).toBe('forbidden');
    expect(await code(messages.edit(talk.as(mod), room, 1, 'mine'))).toBe('forbidden');
    const edited = await messages.edit(talk.as(ann), room, 1, 'first!');
    expect(edited).toMatchObject({ seq: 1, change: 3, text: 'first!', editedAt: talk.chat.clock.now() });
    expect((await talk.history(ann, room))[1]?.replyTo).toMatchObject({ seq: 1, excerpt: 'first!' });
    expect(await code(messages.remove(talk.as(ben), room, 1))).toBe('forbidden');
    const removed = await messages.remove(talk.as(mod), room, 1);
    expect(removed).toMatchObject({ seq: 1, change: 4, text: '', deletedAt: talk.chat.clock.now() });
    expect(removed.author.id).toBe(ann);
    expect((await talk.history(ann, room))[1]?.replyTo).toMatchObject({ seq: 1, excerpt: '' });
    expect(await code(messages.edit(talk.as(ann), room, 1, 'again'))).toBe('conflict');
    expect((await messages.remove(talk.as(ann), room, 1)).change).toBe(4);
    await talk.settle();
    expect(
      talk.chat.host.eventsOn(messagesOf(room), 'message_changed').map(({ message }) => message.change),
    ).toEqual([3, 4]);
  });

  test('reactions are counted, bounded and one emoji each', async () => {
    await using talk = await openTalk({ url: await fresh() });
    const [ann, ben] = [talk.add('Ann'), talk.add('Ben')];
    const room = await talk.lobby(ann, ben);
    await talk.say(ann, room, 'react to me');
    const react = (person: string, emoji: string, given = true) =>
      talk.service.messages.react(talk.as(person), room, 1, emoji, given);
    await react(ann, '👍');
    talk.chat.clock.advance(1);
    await react(ben, '❤');
    talk.chat.clock.advance(1);
    expect((await react(ben, '👍')).reactions).toEqual([
      { emoji: '👍', count: 2, users: [ann, ben] },
      { emoji: '❤️', count: 1, users: [ben] },
    ]);
    expect((await react(ben, '👍')).change).toBe(4);
    expect((await react(ann, '👍', false)).reactions[1]).toEqual({ emoji: '👍', count: 1, users: [ben] });
    for (const wrong of ['a', '👍👍', '', '1', '<b>'])
      expect(await code(react(ann, wrong))).toBe('bad_request');
    for (const emoji of ['😀', '😁', '😂', '😃', '😄', '😅', '😆', '😉', '😊', '😋']) await react(ann, emoji);
    expect(await code(react(ann, '😎'))).toBe('conflict');
    expect((await react(ben, '😀')).reactions.length).toBe(12);
  });

  test('members who are named are told in their inbox, and their mentions counted', async () => {
    await using talk = await openTalk({ url: await fresh() });
    const [ann, ben, dan, foe] = [talk.add('Ann'), talk.add('Ben Lee'), talk.add('Dan'), talk.add('Foe')];
    const room = await talk.lobby(ann, ben, foe);
    talk.reach.block(foe, ann);
    const { message } = await talk.say(ann, room, 'hi @ben lee, @Dan, @foe and me@ann.org');
    expect(message.mentions.toSorted()).toEqual([ben, foe].toSorted());
    await talk.settle();
    const mentions = (id: string) => talk.chat.host.eventsOn(inboxOf(id), 'mention');
    expect(mentions(ben)).toEqual([{ message, title: 'App 1' }]);
    expect([...mentions(foe), ...mentions(dan), ...mentions(ann)]).toEqual([]);
    expect(talk.attention.messages).toEqual([{ message, title: 'App 1', to: [ben] }]);
    expect((await talk.one(ben, room)).me).toMatchObject({ unread: 1, mentions: 1 });
    expect((await talk.one(foe, room)).me).toMatchObject({ unread: 0, mentions: 0 });
    await talk.service.messages.edit(talk.as(ann), room, 1, 'hi');
    expect((await talk.one(ben, room)).me).toMatchObject({ unread: 1, mentions: 0 });
  });

  test('who wants to hear of all, of mentions or of nothing is called accordingly', async () => {
    await using talk = await openTalk({ url: await fresh() });
    const [ann, ben, cleo, dan] = ['Ann', 'Ben', 'Cleo', 'Dan'].map((name) => talk.add(name)) as [
      string,
      string,
      string,
      string,
    ];
    const room = await talk.lobby(ann, ben, cleo, dan);
    await talk.service.rooms.setNotify(talk.as(ben), room, 'all');
    await talk.service.rooms.setNotify(talk.as(dan), room, 'none');
    await talk.say(ann, room, 'hello @Cleo @Dan');
    await talk.say(ann, room, 'hello');
    await talk.settle();
    expect(talk.attention.messages.map(({ to }) => to.toSorted())).toEqual([[ben, cleo].toSorted(), [ben]]);
  });

  test('the two of a conversation get each message in their inboxes until one blocks the other', async () => {
    await using talk = await openTalk({ url: await fresh() });
    const [ann, ben] = [talk.add('Ann'), talk.add('Ben')];
    const id = await talk.direct(ann, ben);
    const { message } = await talk.say(ann, id, 'psst');
    await talk.settle();
    for (const person of [ann, ben]) {
      expect(talk.chat.host.eventsOn(inboxOf(person), 'new_message')).toEqual([{ message }]);
    }
    expect(talk.attention.messages.map(({ to }) => to)).toEqual([[ben]]);
    talk.reach.block(ben, ann);
    expect(await code(talk.say(ann, id, 'hey'))).toBe('not_reachable');
    expect(await code(talk.say(ben, id, 'hey'))).toBe('not_reachable');
    expect((await talk.one(ann, id)).writable).toBe(false);
    expect((await talk.history(ben, id))[0]).toMatchObject({ seq: 1, text: '' });
  });

  test('locked, muted, slow: who may not write is told why, moderators may', async () => {
    await using talk = await openTalk({ url: await fresh() });
    const [ann, mod] = [talk.add('Ann'), talk.add('Mod', { moderator: true })];
    const room = await talk.lobby(ann, mod);
    const set = (change: object) => talk.service.rooms.change(talk.as(mod), room, change);
    await set({ slowSeconds: 10 });
    await talk.say(ann, room, 'one');
    expect(await code(talk.say(ann, room, 'two'))).toBe('slow_mode');
    await talk.say(mod, room, 'one');
    await talk.say(mod, room, 'two');
    talk.chat.clock.advance(10_000);
    const both = await Promise.all([code(talk.say(ann, room, 'a')), code(talk.say(ann, room, 'b'))]);
    expect(both.toSorted()).toEqual(['done', 'slow_mode']);
    await set({ slowSeconds: 0, locked: true });
    expect(await code(talk.say(ann, room, 'three'))).toBe('locked');
    await talk.say(mod, room, 'three');
    await set({ locked: false });
    await talk.service.moderation.act(talk.as(mod), room, 'mute', ann, 5, '');
    expect(await code(talk.say(ann, room, 'four'))).toBe('muted');
    expect(await code(talk.service.messages.react(talk.as(ann), room, 1, '👍', true))).toBe('muted');
    talk.chat.clock.advance(5 * 60_000);
    expect(await code(talk.say(ann, room, 'five'))).toBe('done');
  });

  test('a message that does not fit an event is announced', async () => {
    await using talk = await openTalk({ url: await fresh() });
    const ann = talk.add('Ann');
    const room = await talk.lobby(ann);
    await talk.say(ann, room, '"'.repeat(4_000));
    await talk.settle();
    expect(talk.chat.host.eventsOn(messagesOf(room), 'changed')).toEqual([{ conversation: room, change: 1 }]);
    expect(talk.published(room)).toEqual([]);
  });
});
