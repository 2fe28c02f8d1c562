import type { Conversation, Id, Person } from '../contract/index.ts';
import { messagesOf } from '../contract/index.ts';
import type {
  Attachments,
  Attention,
  ChatTransaction,
  Conversations,
  Core,
  Directs,
  People,
  PersonalData,
  Reach,
} from '../core/core.ts';
import { createDirects } from './directs.ts';
import { Lanes } from './lanes.ts';
import { Messages } from './messages.ts';
import { Moderation } from './moderation.ts';
import { conversationsOfPerson } from './personal.ts';
import { Publisher } from './publisher.ts';
import { Reading } from './reading.ts';
import { Realtime } from './realtime.ts';
import { Retention } from './retention.ts';
import { type ReadRoomToken, Rooms } from './rooms.ts';
import { Views } from './views.ts';

export interface ConversationParts {
  readonly core: Core;
  readonly people: People;
  readonly reach: Reach;
  readonly attention: Attention;
  readonly attachments: Attachments;
  /** `HostTokens.readRoom`. */
  readonly readRoomToken: ReadRoomToken;
  /** Members that the app's largest presence channel may have; 0 = any number. */
  readonly presenceMembersMost: (appId: string) => number;
}

/** Rooms and one-to-one conversations with all that is said in them. What routes are made of. */
export interface ConversationService {
  readonly rooms: Rooms;
  readonly moderation: Moderation;
  readonly messages: Messages;
  readonly reading: Reading;
  readonly realtime: Realtime;
  /** For files and reports. */
  readonly conversations: Conversations;
  /** For invitations. */
  readonly directs: Directs;
  readonly personal: PersonalData;
  /** For `GET /state`: newest first. */
  newest(appId: string, reader: Id, most: number): Promise<readonly Conversation[]>;
  /** Undefined when the reader is not in it. */
  one(appId: string, reader: Id, conversation: Id): Promise<Conversation | undefined>;
  /** A person's name, picture or mark has changed: tells the rooms that they are in. */
  personChanged(trx: ChatTransaction, appId: string, person: Person): Promise<void>;
  /** Begins to publish what a crash left, and to delete what has become old. After `timers` know all handlers. */
  start(): Promise<void>;
  /** Finishes what is under way. */
  stop(): Promise<void>;
  /** Resolves when nothing is being stored or published. For tests. */
  idle(): Promise<void>;
}

export function createConversations(parts: ConversationParts): ConversationService {
  const { core, people, reach, attention, attachments } = parts;
  const views = new Views(core, { people, reach, attachments });
  const publisher = new Publisher(core, { views, reach, attention });
  const lanes = new Lanes(core, { views, publisher, attachments });
  const reading = new Reading(core, views);
  const messages = new Messages(core, { people, reach, attachments, views, lanes });
  const retention = new Retention(core, attachments);
  const { readRoomToken, presenceMembersMost } = parts;
  return {
    rooms: new Rooms(core, { people, views, reading, lanes, readRoomToken, presenceMembersMost }),
    moderation: new Moderation(core, { people, reading, lanes }),
    messages,
    reading,
    realtime: new Realtime(core, { people, reach }),
    conversations: {
      mayWrite: (caller, conversation) => messages.requireMayWrite(caller, conversation),
      around: (caller, conversation, seq, most) => reading.around(caller, conversation, seq, most),
    },
    directs: createDirects(core, people),
    personal: conversationsOfPerson(core, attachments),
    newest: async (appId, reader, most) => (await reading.mine(appId, reader, most)).conversations,
    one: (appId, reader, conversation) => reading.one(appId, reader, conversation),
    async personChanged(trx, appId, person) {
      const rooms = await trx
        .selectFrom('chat_members as member')
        .innerJoin('chat_conversations as room', (join) =>
          join.onRef('room.app_id', '=', 'member.app_id').onRef('room.id', '=', 'member.conversation'),
        )
        .select('room.id')
        .where('member.app_id', '=', appId)
        .where('member.person', '=', person.id)
        .where('member.left_at', 'is', null)
        .where('room.kind', '=', 'room')
        .execute();
      const channels = rooms.map(({ id }) => messagesOf(id));
      await core.outbox.add(trx, appId, channels, 'person_changed', { person });
    },
    async start() {
      await retention.start();
      publisher.start();
    },
    async stop() {
      await lanes.idle();
      await publisher.stop();
    },
    async idle() {
      await lanes.idle();
      await publisher.idle();
    },
  };
}
