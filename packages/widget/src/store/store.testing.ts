import type { Conversation, Message, Person } from '@earshot/chat/contract';
import { answered } from '../client/answer.ts';
import type { Api } from '../client/api.ts';
import { realTime, TestBrowser, type TestTab } from '../client/env.testing.ts';
import { createKernel, type Kernel } from './kernel.ts';
import { withOpened } from './layout.ts';
import { createShell } from './shell.ts';
import type { WidgetState } from './state.ts';

/** What unit tests of the store start from. */

export const idOf = (letter: string) => `${letter.repeat(21)}A`;

export function person(letter: string, change: Partial<Person> = {}): Person {
  const name = letter.toUpperCase();
  return { id: idOf(letter), name, kind: 'user', verified: false, avatar: null, deleted: false, ...change };
}

export const ann = person('a', { name: 'Ann' });
export const bob = person('b', { name: 'Bob' });
export const room = idOf('r');

export function message(seq: number, change: Partial<Message> = {}): Message {
  return {
    id: `uuid-${seq}`,
    conversation: room,
    seq,
    change: seq,
    author: bob,
    kind: 'text',
    text: `text ${seq}`,
    system: null,
    replyTo: null,
    attachments: [],
    mentions: [],
    reactions: [],
    at: 1_700_000_000_000 + seq,
    editedAt: null,
    deletedAt: null,
    ...change,
  };
}

export function conversation(change: Partial<Conversation> = {}): Conversation {
  return {
    id: room,
    kind: 'room',
    title: 'Lobby',
    topic: '',
    name: 'lobby',
    with: null,
    lastSeq: 0,
    lastChange: 0,
    me: { role: 'member', cursor: 0, unread: 0, mentions: 0, mutedUntil: null, notify: 'all' },
    readByOther: null,
    slowSeconds: 0,
    locked: false,
    membersOnly: false,
    retentionDays: 0,
    writable: true,
    lastMessage: null,
    ...change,
  };
}

export const emptyState: WidgetState = {
  config: { phase: 'none' },
  session: {
    phase: 'in',
    me: {
      ...ann,
      invisible: false,
      preferences: { receipts: true, hideText: false, sound: true },
      moderator: false,
    },
  },
  connection: 'online',
  retryAt: null,
  people: { phase: 'ready', value: { contacts: [], blocked: [], invitations: [], imports: [] } },
  conversations: new Map(),
  layout: { open: false, view: 'home', panels: [], focused: null },
  unread: 0,
  notifications: { permission: 'unsupported', push: 'off', sound: true },
  notices: [],
  records: {},
};

/** A kernel whose requests are answered by `answer`, on a clock that is handed in. */
export function testKernel(
  answer: (route: string, rest: readonly unknown[]) => unknown,
  time = realTime,
): { kernel: Kernel; tab: TestTab } {
  const fetch = () => Promise.reject(new Error('no network in a unit test'));
  const tab = new TestBrowser({ time, fetch }).open();
  const call = async (route: string, ...rest: unknown[]) => {
    const value = await answer(route, rest);
    return value !== null && typeof value === 'object' && 'problem' in value ? value : answered(value);
  };
  const api = { call, upload: () => () => {} } as unknown as Api;
  const kernel = createKernel(createShell(tab.env, api, emptyState, () => {}));
  // Reader and layout follow from the first change.
  kernel.set({ session: { ...emptyState.session }, layout: withOpened(emptyState.layout, room) });
  return { kernel, tab };
}

/** Lets everything that waits for promises alone happen. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await Promise.resolve();
}
