import type {
  Attachment,
  ChatConfig,
  Contact,
  Conversation,
  Invitation,
  Me,
  Message,
  Person,
} from '@earshot/chat/contract';
import type {
  ConversationState,
  Draft,
  PendingMessage,
  PeopleState,
  Timeline,
  TimelineItem,
  WidgetState,
} from '../src/store/state.ts';

/** People, conversations and states for pictures and tests of the views, without a server. */

export const minute = 60_000;
/** Half past two in the afternoon of today, so that what is "today" stays so. */
export const noon = new Date().setHours(14, 30, 0, 0);

export function person(name: string, more: Partial<Person> = {}): Person {
  return { id: `id-${name}`, name, kind: 'user', verified: false, avatar: null, deleted: false, ...more };
}

export const ada = person('Ada Lovelace', { verified: true });
export const grace = person('Grace Hopper');
export const alan = person('Alan Turing');
export const mary = person('Mary Shelley', { kind: 'guest' });
export const noor = person('نور الهدى');
export const kenji = person('健二');
export const long = person('Wolfeschlegelsteinhausenbergerdorff the Third of Hamburg', { kind: 'guest' });
export const gone = person('', { deleted: true });

export const me: Me = {
  ...person('Robin Doe', { verified: true }),
  invisible: false,
  preferences: { receipts: true, hideText: false, sound: true },
  moderator: false,
};

export const config: ChatConfig = {
  app: { key: 'key', name: 'Riverside Library' },
  realtime: { key: 'key', host: 'localhost', port: 80, tls: false, path: '' },
  guests: true,
  providers: [
    { id: 'github', name: 'GitHub', kind: 'github', importsContacts: true },
    { id: 'mastodon', name: 'Mastodon', kind: 'mastodon', importsContacts: true },
  ],
  direct: 'ask',
  receipts: true,
  files: { guests: true, bytes: 10_000_000 },
  pageRooms: true,
  roomCreation: 'users',
  pushKey: '',
};

let nextSeq = 1;

export function message(author: Person, text: string, more: Partial<Message> = {}): Message {
  const seq = more.seq ?? nextSeq++;
  return {
    id: `m-${seq}`,
    conversation: 'c',
    seq,
    change: seq,
    author,
    kind: 'text',
    text,
    system: null,
    replyTo: null,
    attachments: [],
    mentions: [],
    reactions: [],
    at: noon,
    editedAt: null,
    deletedAt: null,
    ...more,
  };
}

export const item = (from: Message, hidden = false): TimelineItem => ({
  type: 'message',
  key: `k${from.seq}`,
  message: from,
  hidden,
});

export function pending(text: string, more: Partial<PendingMessage> = {}): TimelineItem {
  const id = `p-${nextSeq++}`;
  return {
    type: 'pending',
    key: id,
    pending: {
      id,
      text,
      kind: 'text',
      replyTo: null,
      attachments: [],
      at: noon + minute,
      state: 'sending',
      problem: null,
      ...more,
    },
  };
}

export function conversation(id: string, more: Partial<Conversation> = {}): Conversation {
  return {
    id,
    kind: 'direct',
    title: '',
    topic: '',
    name: null,
    with: null,
    lastSeq: 0,
    lastChange: 0,
    me: { role: 'member', cursor: 10_000_000, unread: 0, mentions: 0, mutedUntil: null, notify: 'all' },
    readByOther: null,
    slowSeconds: 0,
    locked: false,
    membersOnly: false,
    retentionDays: 0,
    writable: true,
    lastMessage: null,
    ...more,
  };
}

export const emptyDraft: Draft = { text: '', replyTo: null, editing: null, files: [], problem: null };
export const timeline = (items: readonly TimelineItem[], more: Partial<Timeline> = {}): Timeline => ({
  items,
  older: 'end',
  olderRetryAt: null,
  newer: 'newest',
  catchUp: 'none',
  newFrom: null,
  ...more,
});

export function conversationState(
  about: Conversation,
  items: readonly TimelineItem[] = [],
  more: Partial<ConversationState> = {},
): ConversationState {
  return {
    conversation: about,
    timeline: timeline(items),
    draft: emptyDraft,
    typing: [],
    online: { known: true, members: [], count: 1 },
    problem: null,
    removed: null,
    ...more,
  };
}

export const contact = (who: Person, online: boolean, conversation: string | null = null): Contact => ({
  person: who,
  online,
  statusVersion: 1,
  source: 'host',
  conversation,
});

export const invitation = (from: Person, to: Person, more: Partial<Invitation> = {}): Invitation => ({
  id: `i-${from.id}-${to.id}`,
  from,
  to,
  state: 'asked',
  at: Date.now() - 18_000,
  expiresAt: Date.now() + 42_000,
  conversation: null,
  ...more,
});

/** A picture that needs no network. */
const drawn = (width: number, height: number) =>
  `data:image/svg+xml,${encodeURIComponent(
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}"><defs><linearGradient id="g" x2="1" y2="1"><stop stop-color="#f4a261"/><stop offset="1" stop-color="#264653"/></linearGradient></defs><rect width="100%" height="100%" fill="url(#g)"/><circle cx="70%" cy="35%" r="${height / 7}" fill="#fff" opacity=".7"/></svg>`,
  )}`;

export const picture = (name: string, width: number, height: number): Attachment => ({
  id: `a-${name}`,
  kind: 'image',
  name,
  type: 'image/webp',
  bytes: 240_000,
  width,
  height,
  url: drawn(width, height),
  previewUrl: null,
  urlExpiresAt: 0,
});

export const file = (name: string, bytes: number): Attachment => ({
  id: `a-${name}`,
  kind: 'file',
  name,
  type: 'application/pdf',
  bytes,
  width: null,
  height: null,
  url: 'data:application/pdf,',
  previewUrl: null,
  urlExpiresAt: 0,
});

export const people = (more: Partial<PeopleState> = {}): PeopleState => ({
  contacts: [],
  blocked: [],
  invitations: [],
  imports: [],
  ...more,
});

export function state(more: Partial<WidgetState> = {}): WidgetState {
  return {
    config: { phase: 'ready', value: config },
    session: { phase: 'in', me },
    connection: 'online',
    retryAt: null,
    people: { phase: 'ready', value: people() },
    conversations: new Map(),
    layout: { open: true, view: 'home', panels: [], focused: null },
    unread: 0,
    notifications: { permission: 'default', push: 'off', sound: true },
    notices: [],
    records: {},
    ...more,
  };
}
