/** What tests of this folder stand on: people without tables and the conversations that run with them. */
import { type Conversation, type Id, type Me, type Message, messagesOf } from '../contract/index.ts';
import type { Caller } from '../core/core.ts';
import {
  openTestChat,
  TestAttachments,
  TestAttention,
  type TestChat,
  type TestChatOptions,
  TestPeople,
  TestReach,
} from '../testing.ts';
import { type ConversationService, createConversations } from './conversations.ts';
import type { Sent } from './lanes.ts';

export interface TalkOptions extends TestChatOptions {
  /** A second node on the same database, with the same people. */
  readonly beside?: Talk;
  /** 0: no bound. */
  readonly presenceMembersMost?: number;
}

/** Conversations, running. Use with `await using`. */
export interface Talk extends AsyncDisposable {
  readonly chat: TestChat;
  readonly people: TestPeople;
  readonly reach: TestReach;
  readonly attention: TestAttention;
  readonly attachments: TestAttachments;
  readonly service: ConversationService;
  /** Somebody new. */
  add(name: string, more?: Partial<Me>): Id;
  as(id: Id): Caller;
  /** The lobby, entered by all of them. */
  lobby(...persons: Id[]): Promise<Id>;
  /** A conversation of the two. */
  direct(a: Id, b: Id): Promise<Id>;
  say(person: Id, conversation: Id, text: string, more?: { id?: string; replyTo?: number }): Promise<Sent>;
  one(person: Id, conversation: Id): Promise<Conversation>;
  /** All messages, oldest first, at most a page. */
  history(person: Id, conversation: Id): Promise<readonly Message[]>;
  /** What was published of a room: `new_message` and `message_changed`. */
  published(conversation: Id): Message[];
  settle(): Promise<void>;
  /** Moves the clock in steps of a second, and settles after each. */
  pass(seconds: number): Promise<void>;
}

export async function openTalk(options: TalkOptions = {}): Promise<Talk> {
  const { beside, presenceMembersMost = 0, ...rest } = options;
  const chat = await openTestChat(
    beside === undefined ? rest : { ...rest, clock: beside.chat.clock, host: beside.chat.host },
  );
  const people = beside?.people ?? new TestPeople(chat.host);
  const reach = beside?.reach ?? new TestReach();
  const attention = beside?.attention ?? new TestAttention();
  const attachments = beside?.attachments ?? new TestAttachments();
  const service = createConversations({
    core: chat.core,
    people,
    reach,
    attention,
    attachments,
    readRoomToken: async (_app, token) => JSON.parse(token),
    presenceMembersMost: () => presenceMembersMost,
  });
  chat.background(() => service.idle());
  const as = (id: Id) => people.caller(chat.app, id);
  const settle = () => chat.settle();
  return {
    ...{ chat, people, reach, attention, attachments, service, as, settle },
    add: (name, more) => people.add(name, more).id,
    async lobby(...persons) {
      let id = '';
      for (const person of persons) id = (await service.rooms.open(as(person), { kind: 'lobby' }, null)).id;
      return id;
    },
    async direct(a, b) {
      const id = await chat.core.db
        .transaction()
        .execute((trx) => service.directs.open(trx, chat.app.id, a, b));
      await settle();
      return id;
    },
    say: (person, conversation, text, more) =>
      service.messages.send(as(person), conversation, { id: crypto.randomUUID(), text, ...more }),
    async one(person, conversation) {
      const found = await service.one(chat.app.id, person, conversation);
      if (found === undefined) throw new Error('they are not in this conversation');
      return found;
    },
    async history(person, conversation) {
      return (await service.reading.history(as(person), conversation, {})).messages;
    },
    published: (conversation) =>
      chat.host.published
        .filter(({ channels }) => channels.includes(messagesOf(conversation)))
        .flatMap(({ data }) => ('message' in data ? [data.message] : [])),
    settle,
    async pass(seconds) {
      for (let second = 0; second < seconds; second++) {
        chat.clock.advance(1_000);
        await settle();
      }
    },
    async [Symbol.asyncDispose]() {
      chat.host.release();
      await service.stop();
      await chat[Symbol.asyncDispose]();
    },
  };
}
