import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { inboxOf, messagesOf, presenceOf } from '../contract/index.ts';
import { newId } from '../ids.ts';
import { Refusal } from '../refusal.ts';
import { openTalk } from './testing.ts';

const code = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error) => (error instanceof Refusal ? error.code : Promise.reject(error)),
  );

test('an inbox is signed for its owner alone', async () => {
  await using talk = await openTalk();
  const [ann, ben] = [talk.add('Ann'), talk.add('Ben')];
  const { realtime } = talk.service;
  expect(await realtime.authorise(talk.as(ann), '12.34', inboxOf(ann))).toEqual({
    auth: `signed 1 12.34 ${inboxOf(ann)}`,
  });
  expect(await code(realtime.authorise(talk.as(ben), '12.34', inboxOf(ann)))).toBe('forbidden');
});

test('a member’s presence says who they are, and no more than fits', async () => {
  await using talk = await openTalk();
  const ann = talk.add('Ann', { avatar: 'https://example.com/ann.png' });
  const room = await talk.lobby(ann);
  const signed = await talk.service.realtime.authorise(talk.as(ann), '1.2', presenceOf(room));
  expect(JSON.parse(signed.channel_data ?? '')).toEqual({
    user_id: ann,
    user_info: {
      name: 'Ann',
      kind: 'user',
      verified: true,
      avatar: 'https://example.com/ann.png',
      role: 'member',
    },
  });
  talk.people.change(ann, { avatar: `https://example.com/${'a'.repeat(2_000)}` });
  const long = await talk.service.realtime.authorise(talk.as(ann), '1.2', presenceOf(room));
  expect(JSON.parse(long.channel_data ?? '').user_info.avatar).toBeNull();
});

test('the channels of a one-to-one conversation are of the two, until one blocks the other', async () => {
  await using talk = await openTalk();
  const [ann, ben, eve] = [talk.add('Ann'), talk.add('Ben'), talk.add('Eve')];
  const id = await talk.direct(ann, ben);
  const { realtime } = talk.service;
  const tryIt = (person: string) => code(realtime.authorise(talk.as(person), '1.2', presenceOf(id)));
  expect([await tryIt(ann), await tryIt(ben), await tryIt(eve)]).toEqual(['done', 'done', 'forbidden']);
  talk.reach.block(ann, ben);
  expect([await tryIt(ann), await tryIt(ben)]).toEqual(['not_reachable', 'not_reachable']);
  talk.people.change(eve, { moderator: true });
  expect(await tryIt(eve)).toBe('forbidden');
});

test('sockets sign in as their session', async () => {
  await using talk = await openTalk();
  const ann = talk.add('Ann');
  expect((await talk.service.realtime.signIn(talk.as(ann), '1.2')).user_data).toBe(
    `{"id":"session-of-${ann}"}`,
  );
  await expect(talk.service.realtime.signIn(talk.as(ann), '1.2:x')).rejects.toThrow(Refusal);
});

test('whatever else is asked for is refused', async () => {
  await using talk = await openTalk();
  const ann = talk.add('Ann');
  const room = await talk.lobby(ann);
  const good = [inboxOf(ann), messagesOf(room), presenceOf(room)];
  const name = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc
      .constantFrom('private-user-', 'presence-room-', 'private-room-', 'private-encrypted-', 'cache-')
      .map((prefix) => prefix + room),
    fc
      .constantFrom(...good)
      .chain((channel) =>
        fc
          .tuple(fc.nat(channel.length), fc.constantFrom('', 'x', '-', '\n', ',', '#'))
          .map(([at, text]) => channel.slice(0, at) + text + channel.slice(at)),
      ),
    fc.constant(messagesOf(newId())),
  );
  await fc.assert(
    fc.asyncProperty(name, fc.constantFrom('1.2', '1', 'a.b', '1.2\n', ''), async (channel, socket) => {
      const allowed = good.includes(channel) && socket === '1.2';
      const found = await code(talk.service.realtime.authorise(talk.as(ann), socket, channel));
      expect(found === 'done').toBe(allowed);
    }),
    { numRuns: Math.min(2_000, Number(process.env.EARSHOT_TEST_RUNS ?? 200)) },
  );
});
