/** Invitations and blocks with the real conversations, where both hold rows of the database at once. */
import { describe, expect, test } from 'bun:test';
import { onEachDatabase } from '../../../../tests/support/databases.ts';
import { type Id, inboxOf } from '../contract/index.ts';
import { createConversations } from '../conversations/conversations.ts';
import { Keys } from '../core/keys.ts';
import { openTestChat, TestAttachments, TestAttention, TestPeople } from '../testing.ts';
import { createPeople } from './people.ts';
import { createReach } from './reach.ts';
import { TestIdentities } from './testing.ts';

async function open(url: string, beside?: Awaited<ReturnType<typeof openTestChat>>, known?: TestPeople) {
  const chat = await openTestChat({
    url,
    ...(beside === undefined ? {} : { clock: beside.clock, host: beside.host }),
  });
  const { core } = chat;
  const people = known ?? new TestPeople(chat.host);
  const reach = createReach(core, people);
  const attention = new TestAttention();
  const conversations = createConversations({
    ...{ core, people, reach, attention },
    attachments: new TestAttachments(),
    readRoomToken: () => Promise.reject(new Error('no tokens in this test')),
    presenceMembersMost: () => 0,
  });
  const identities = new TestIdentities();
  const service = createPeople({
    ...{ core, people, reach, attention, identities },
    directs: conversations.directs,
    views: conversations,
    tokens: identities,
    keys: new Keys(core),
    importers: [],
  });
  chat.background(() => service.idle());
  chat.background(() => conversations.idle());
  return {
    ...{ chat, people, reach, conversations, service },
    as: (id: Id) => people.caller(chat.app, id),
    async [Symbol.asyncDispose]() {
      await service.stop();
      await conversations.stop();
      await chat[Symbol.asyncDispose]();
    },
  };
}

describe('people and their conversations', () => {
  onEachDatabase((fresh) => {
    test('an accepted invitation is a conversation for both; a block makes it one that nobody writes to', async () => {
      await using one = await open(await fresh());
      const { chat, service, reach } = one;
      const anna = one.people.add('Anna').id;
      const ben = one.people.add('Ben').id;
      const { invitation } = await service.invitations.ask(one.as(anna), ben);
      const accepted = await service.invitations.accept(one.as(ben), invitation?.id as Id);
      await chat.settle();
      const conversation = accepted.conversation as Id;
      for (const [id, other] of [
        [anna, ben],
        [ben, anna],
      ] as const) {
        expect(chat.host.eventsOn(inboxOf(id), 'create_chat')).toMatchObject([
          { conversation: { id: conversation, with: { id: other }, writable: true } },
        ]);
        const state = await service.state(one.as(id));
        expect(state.conversations).toMatchObject([
          { id: conversation, with: { id: other }, writable: true },
        ]);
        expect(state.contacts).toMatchObject([{ person: { id: other }, conversation }]);
      }
      await service.blocks.block(one.as(ben), anna);
      expect((await service.state(one.as(anna))).conversations).toMatchObject([{ writable: false }]);
      expect((await service.state(one.as(ben))).conversations).toMatchObject([{ writable: false }]);
      expect(await reach.mayWrite(chat.app.id, anna, ben)).toBe(false);
      await expect(
        one.conversations.realtime.authorise(one.as(anna), '1.1', `presence-room-${conversation}`),
      ).rejects.toMatchObject({ code: 'not_reachable' });
    });

    test('asking, answering, crossing, blocking and opening at once, on two nodes, ends without deadlock', async () => {
      const url = await fresh();
      await using one = await open(url);
      await using two = await open(url, one.chat, one.people);
      const crowd = Array.from({ length: 6 }, (_, index) => one.people.add(`Person ${index}`).id);
      const pairs = crowd.flatMap((a) => crowd.filter((b) => b !== a).map((b) => [a, b] as const));
      const outcomes = await Promise.allSettled(
        pairs.flatMap(([a, b], index) => {
          const node = index % 2 === 0 ? one : two;
          const asked = node.service.invitations.ask(node.as(a), b);
          return [
            asked,
            node.service.presence.arrived(node.chat.app.id, a),
            ...(index % 7 === 0 ? [node.service.blocks.block(node.as(b), a)] : []),
            ...(index % 5 === 0 ? [node.service.contacts.remove(node.as(a), b)] : []),
          ];
        }),
      );
      await Promise.all([one.chat.settle(), two.chat.settle()]);
      const bugs = outcomes.flatMap((one) =>
        one.status === 'rejected' && one.reason?.code === undefined ? [String(one.reason)] : [],
      );
      const codes = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []));
      expect(bugs).toEqual([]);
      expect(new Set(codes).difference(new Set(['busy', 'conflict']))).toEqual(new Set());
      expect([...one.chat.problems, ...two.chat.problems]).toEqual([]);
      // Whoever has an accepted invitation has one conversation.
      const directs = await one.chat.core.db.selectFrom('chat_conversations').select('unique_key').execute();
      expect(new Set(directs.map((row) => row.unique_key)).size).toBe(directs.length);
    });
  });
});
