import { describe, expect, test } from 'bun:test';
import type { Conversation, Membership, Message, Person } from '@earshot/chat/contract';
import { newConversation } from '../store/conversations.ts';
import type { WidgetState } from '../store/state.ts';
import { callsBetween, readBetween } from './calls.ts';

const person = (id: string): Person => ({
  id,
  name: id,
  kind: 'user',
  verified: false,
  avatar: null,
  deleted: false,
});
const me = person('me');
const preferences = { receipts: true, hideText: false, sound: true };

const message = (seq: number, author: string, more: Partial<Message> = {}): Message => ({
  id: `${seq}`,
  conversation: 'room',
  seq,
  change: seq,
  author: person(author),
  kind: 'text',
  text: `text ${seq}`,
  system: null,
  replyTo: null,
  attachments: [],
  mentions: [],
  reactions: [],
  at: seq,
  editedAt: null,
  deletedAt: null,
  ...more,
});

function conversation(lastMessage: Message | null, mine: Partial<Membership> = {}): Conversation {
  return {
    id: 'room',
    kind: 'room',
    title: 'Harbour',
    topic: '',
    name: 'lobby',
    with: null,
    lastSeq: lastMessage?.seq ?? 0,
    lastChange: lastMessage?.seq ?? 0,
    me: { role: 'member', cursor: 0, unread: 1, mentions: 0, mutedUntil: null, notify: 'all', ...mine },
    readByOther: null,
    slowSeconds: 0,
    locked: false,
    membersOnly: false,
    retentionDays: 0,
    writable: true,
    lastMessage,
  };
}

function state(room: Conversation | null, more: Partial<WidgetState> = {}): WidgetState {
  return {
    config: { phase: 'none' },
    session: { phase: 'in', me: { ...me, invisible: false, preferences, moderator: false } },
    connection: 'online',
    retryAt: null,
    people: { phase: 'ready', value: { contacts: [], blocked: [], invitations: [], imports: [] } },
    conversations: new Map(room === null ? [] : [['room', newConversation(room)]]),
    layout: { open: true, view: 'home', panels: [], focused: null },
    unread: 0,
    notifications: { permission: 'granted', push: 'off', sound: true },
    notices: [],
    records: {},
    ...more,
  };
}

const called = (before: WidgetState, after: WidgetState) =>
  callsBetween(before, after).map((call) => (call.kind === 'message' ? call.message.text : call.from));

const first = conversation(message(1, 'ada'));

describe('a person is called', () => {
  test('by a message that has come, once, whatever else changes', () => {
    const after = state(conversation(message(2, 'ada')));
    expect(called(state(first), after)).toEqual(['text 2']);
    expect(called(after, state(conversation(message(2, 'ada'), { role: 'owner' })))).toEqual([]);
  });

  test('by a conversation that somebody began', () => {
    expect(called(state(null), state(first))).toEqual(['text 1']);
  });

  test('by an invitation, once', () => {
    const invitation = {
      id: 'i',
      from: person('ada'),
      to: me,
      state: 'asked' as const,
      at: 0,
      expiresAt: 60_000,
      conversation: null,
    };
    const people = {
      phase: 'ready' as const,
      value: { contacts: [], blocked: [], imports: [], invitations: [invitation] },
    };
    expect(called(state(first), state(first, { people }))).toEqual(['ada']);
    expect(called(state(first, { people }), state(first, { people: { ...people } }))).toEqual([]);
    const mine = { ...invitation, from: me, to: person('ada') };
    const asked = { ...people, value: { ...people.value, invitations: [mine] } };
    expect(called(state(first), state(first, { people: asked }))).toEqual([]);
  });

  test('where only mentions are to call, by those', () => {
    const quiet = { notify: 'mentions' as const };
    const before = state(conversation(message(1, 'ada'), quiet));
    expect(called(before, state(conversation(message(2, 'ada'), quiet)))).toEqual([]);
    const mention = message(2, 'ada', { mentions: ['me'] });
    expect(called(before, state(conversation(mention, quiet)))).toEqual(['text 2']);
  });
});

describe('a person is not called', () => {
  test('by what was there when they came in', () => {
    expect(called(state(null, { people: { phase: 'loading', since: 0 } }), state(first))).toEqual([]);
    const nobody = { phase: 'none' as const, problem: null, lastName: '' };
    expect(called(state(null, { session: nobody }), state(first))).toEqual([]);
  });

  test('by what they wrote, by lines of the system, by what is deleted or read, where they want silence', () => {
    for (const after of [
      conversation(message(2, 'me')),
      conversation(message(2, 'ada', { kind: 'system' })),
      conversation(message(2, 'ada', { deletedAt: 5 })),
      conversation(message(2, 'ada'), { cursor: 2, unread: 0 }),
      conversation(message(2, 'ada'), { notify: 'none' }),
    ]) {
      expect(called(state(first), state(after))).toEqual([]);
    }
  });
});

test('what is read puts away what called for it', () => {
  const read = conversation(message(1, 'ada'), { cursor: 1, unread: 0 });
  expect(readBetween(state(first), state(read))).toEqual(['room']);
  expect(readBetween(state(read), state(read, { unread: 1 }))).toEqual([]);
  expect(readBetween(state(first), state(null))).toEqual(['room']);
});
