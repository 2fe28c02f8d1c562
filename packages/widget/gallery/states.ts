import type { AuditEntry, Conversation, Person, Report, Role } from '@earshot/chat/contract';
import type { ReportsState, RoomRecords, SessionInfo } from '../src/store/records.ts';
import type { ConversationState, TimelineItem, WidgetState } from '../src/store/state.ts';
import {
  ada,
  alan,
  config,
  contact,
  conversation,
  conversationState,
  emptyDraft,
  file,
  gone,
  grace,
  invitation,
  item,
  kenji,
  long,
  mary,
  me,
  message,
  minute,
  noon,
  noor,
  pending,
  people,
  picture,
  state,
  timeline,
} from './fixtures.ts';

export interface GalleryState {
  readonly state: () => WidgetState;
  readonly mode?: 'corner' | 'inline' | 'page';
  /** Done once it is shown: what to press, by a selector within the shadow root, in order. */
  readonly press?: readonly string[];
}

const day = 24 * 60 * minute;

function talk(): TimelineItem[] {
  return [
    item(message(ada, 'Did the new shelves arrive?', { at: noon - day - 40 * minute })),
    item(message(me, 'This morning. They are in the hall, still wrapped.', { at: noon - day - 38 * minute })),
    item(message(ada, 'Good morning', { at: noon - 95 * minute })),
    item(
      message(ada, 'I can help to put them up after four, if somebody has a drill.', {
        at: noon - 95 * minute + 20_000,
      }),
    ),
    item(message(me, 'I have two.', { at: noon - 93 * minute })),
    item(
      message(
        me,
        'And *Grace* said she would bring the level. The plan is at https://example.org/shelves (page 2).',
        {
          at: noon - 93 * minute + 15_000,
          editedAt: noon - 92 * minute,
        },
      ),
    ),
    item(message(ada, '🎉', { at: noon - 5 * minute })),
    item(
      message(ada, 'See you there then.', {
        at: noon - 5 * minute + 10_000,
        reactions: [
          { emoji: '👍', count: 1, users: [me.id] },
          { emoji: '❤️', count: 2, users: [ada.id] },
        ],
      }),
    ),
    item(message(me, 'See you!', { at: noon - 2 * minute })),
  ];
}

const members: (Person & { role: Role })[] = [
  { ...grace, role: 'owner' },
  { ...alan, role: 'moderator' },
  { ...ada, role: 'member' },
  { ...long, role: 'member' },
  { ...mary, role: 'member' },
  { ...me, role: 'member' },
  { ...noor, role: 'member' },
];

const lobby = (more: Partial<Conversation> = {}) =>
  conversation('lobby', {
    kind: 'room',
    name: 'lobby',
    topic: 'Ask anything about the library',
    ...more,
  });

function roomTalk(): TimelineItem[] {
  const asked = message(mary, 'Is the reading room open on Sunday?', { at: noon - 22 * minute });
  return [
    item(
      message(grace, '', {
        kind: 'system',
        system: { type: 'topic', topic: 'Ask anything about the library' },
        at: noon - 60 * minute,
      }),
    ),
    item(asked),
    item(
      message(grace, 'Yes, from ten to two.', {
        at: noon - 20 * minute,
        replyTo: { seq: asked.seq, author: mary, excerpt: asked.text },
      }),
    ),
    item(
      message(grace, 'The entrance is at the back, the front door stays shut.', {
        at: noon - 20 * minute + 30_000,
      }),
    ),
    { type: 'presence', key: 'came', joined: [alan, noor], left: [kenji], at: noon - 12 * minute },
    item(message(alan, 'waves', { kind: 'action', at: noon - 11 * minute })),
    item(message(noor, 'مرحبا بالجميع، هل يوجد قسم للكتب العربية؟', { at: noon - 10 * minute })),
    item(
      message(long, 'Where do I find `QA76.9`? The sign says\n```\nQA 76 – QA 77\n→ 2nd floor\n```', {
        at: noon - 8 * minute,
      }),
    ),
    item(message(gone, '', { deletedAt: noon - 6 * minute, at: noon - 7 * minute })),
    item(
      message(ada, 'The map of the second floor, and the list:', {
        at: noon - 6 * minute,
        attachments: [
          picture('map.webp', 1200, 800),
          file('catalogue of the second floor, revised.pdf', 1_340_000),
        ],
      }),
    ),
    item(message(kenji, 'spam spam', { at: noon - 5 * minute }), true),
    item(
      message(mary, '@Robin thanks!', {
        at: noon - 4 * minute,
        mentions: [me.id],
        reactions: [{ emoji: '😀', count: 3, users: [grace.id] }],
      }),
    ),
    item(message(me, 'You are welcome.', { at: noon - 3 * minute })),
  ];
}

const direct = (
  id: string,
  who: Person,
  items: TimelineItem[],
  more: Partial<ConversationState> = {},
  about: Partial<Conversation> = {},
) => conversationState(conversation(id, { with: who, ...about }), items, more);

function home(): Map<string, ConversationState> {
  return new Map([
    ['ada', direct('ada', ada, talk())],
    [
      'grace',
      direct(
        'grace',
        grace,
        [
          item(
            message(grace, 'The level is in **my bag**, and I also found the long `screws`.', {
              at: noon - 9 * minute,
            }),
          ),
        ],
        {},
        { me: { ...conversation('').me, unread: 3 } },
      ),
    ],
    [
      'alan',
      direct('alan', alan, [item(message(alan, 'On my way', { at: noon - 3 * day }))], {
        draft: { ...emptyDraft, text: 'Where are you?' },
      }),
    ],
    [
      'lobby',
      conversationState(lobby({ me: { ...conversation('').me, unread: 128, mentions: 1 } }), roomTalk(), {
        online: { known: true, members, count: 231 },
      }),
    ],
    ['page', conversationState(conversation('page', { kind: 'room', title: 'Opening hours' }), [])],
  ]);
}

const contacts = [
  contact(ada, true, 'ada'),
  contact(grace, true, 'grace'),
  contact(kenji, true),
  contact(noor, true),
  contact(alan, false, 'alan'),
  contact(long, false),
  contact(mary, false),
];

const everybody = () =>
  ({
    phase: 'ready',
    value: people({ contacts }),
  }) as const;

const full = (more: Partial<WidgetState> = {}) =>
  state({ people: everybody(), conversations: home(), ...more });

/** One conversation as the only one that is open. */
function only(one: ConversationState, more: Partial<WidgetState> = {}): WidgetState {
  const conversations = home().set(one.conversation.id, one);
  const { id } = one.conversation;
  return full({
    conversations,
    layout: {
      open: true,
      view: { conversation: id },
      panels: [{ conversation: id, lowered: false }],
      focused: null,
    },
    ...more,
  });
}

const adaWith = (more: Partial<ConversationState>, about: Partial<Conversation> = {}) =>
  only(direct('ada', ada, talk(), more, about));
const lobbyWith = (
  more: Partial<ConversationState>,
  about: Partial<Conversation> = {},
  whole: Partial<WidgetState> = {},
) =>
  only(
    conversationState(lobby(about), roomTalk(), { online: { known: true, members, count: 231 }, ...more }),
    whole,
  );

function report(index: number, more: Partial<Report> = {}): Report {
  const context = roomTalk().flatMap((one) => (one.type === 'message' ? [one.message] : []));
  const reported = context[4];
  return {
    id: `report-${index}`,
    reporter: mary,
    person: alan,
    conversation: 'lobby',
    room: { name: 'lobby', title: '' },
    seq: reported?.seq ?? null,
    reason: 'harassment',
    text: 'He does this every day.\nI have asked him to stop.',
    context,
    state: 'open',
    at: noon - index * 40 * minute,
    ...more,
  };
}

/** What a moderator of the app has before them. */
const moderating = (reports: Partial<ReportsState> = {}): Partial<WidgetState> => ({
  session: { phase: 'in', me: { ...me, moderator: true } },
  records: {
    reports: {
      lists: {
        open: {
          phase: 'ready',
          value: {
            reports: [
              report(1),
              report(2, { person: long, reason: 'spam', text: '' }),
              report(3, { person: noor, reporter: kenji, text: 'لا أعرف', conversation: null, room: null }),
              report(90, { person: gone, reason: 'illegal', text: 'x'.repeat(200) }),
            ],
            more: true,
          },
        },
        resolved: { phase: 'loading', since: 0 },
        dismissed: { phase: 'failed', problem: { code: 'network' } },
      },
      openedId: null,
      opened: null,
      ...reports,
    },
  },
});

const records: RoomRecords = {
  staff: [
    { ...me, role: 'owner' },
    { ...grace, role: 'owner' },
    { ...alan, role: 'moderator' },
  ],
  bans: [
    { person: kenji, until: noon + 3 * day, by: alan, reason: '', at: noon - day },
    { person: long, until: null, by: grace, reason: 'Advertised ferries', at: noon - 2 * day },
  ],
  acts: [
    act('ban', alan, kenji, '4320 min', minute * 90),
    act('report-resolved', grace, kenji, '', day),
    act('ban', grace, long, 'Advertised ferries', 2 * day),
    act('let-in', grace, noor, '', 3 * day),
    act('role', grace, alan, 'moderator', 4 * day),
    act('settings', grace, null, 'locked', 5 * day),
    act('sing', grace, ada, '', 6 * day),
  ],
};

function act(name: string, actor: Person, person: Person | null, detail: string, ago: number): AuditEntry {
  return { id: `${name}-${ago}`, actor, act: name, person, conversation: 'lobby', detail, at: noon - ago };
}

const device = (system: string, browser: string) => `Mozilla/5.0 (${system}) AppleWebKit/1 ${browser}`;
const sessions: readonly SessionInfo[] = [
  {
    id: 's1',
    current: true,
    origin: 'https://riverside.example',
    createdAt: noon - day,
    lastSeenAt: noon,
    userAgent: device('X11; Linux x86_64', 'Chrome/150.0 Safari/537.36'),
  },
  {
    id: 's2',
    current: false,
    origin: 'https://a-much-longer-name-of-a-site.riverside-library.example',
    createdAt: noon - 9 * day,
    lastSeenAt: noon - 2 * day,
    userAgent: device('iPhone; CPU iPhone OS 18_0 like Mac OS X', 'Version/18.0 Safari/604.1'),
  },
];

function many(count: number): TimelineItem[] {
  const authors = [ada, grace, me, mary];
  return Array.from({ length: count }, (_, index) =>
    item(
      message(
        authors[(index >> 1) % 4] ?? ada,
        `Message ${index + 1}${index % 7 === 0 ? ', which is somewhat longer than the others and takes two lines or three' : ''}`,
        {
          seq: 100_000 + index,
          at: noon - (count - index) * 20_000,
        },
      ),
    ),
  );
}

/** Every state of the widget there is, by name. */
export const states: Record<string, GalleryState> = {
  'sign-in': {
    state: () => state({ session: { phase: 'none', problem: null, lastName: 'Robin' }, connection: 'off' }),
  },
  'sign-in-problem': {
    state: () =>
      state({
        session: { phase: 'none', problem: { code: 'name_taken' }, lastName: 'Ada' },
        connection: 'off',
      }),
    press: ['.provider:nth-child(2) .button'],
  },
  'sign-in-only': {
    state: () =>
      state({
        config: { phase: 'ready', value: { ...config, guests: false } },
        session: { phase: 'ended', problem: { code: 'session_ended' } },
        connection: 'off',
      }),
  },
  loading: { state: () => state({ people: { phase: 'loading', since: 0 }, connection: 'connecting' }) },
  failing: {
    state: () =>
      state({
        config: { phase: 'failed', problem: { code: 'blocked_by_page' }, retryAt: null },
        session: { phase: 'none', problem: null, lastName: '' },
        connection: 'off',
      }),
  },
  'home-empty': { state: () => state() },
  home: { state: () => full() },
  'home-invitations': {
    state: () =>
      full({
        people: {
          phase: 'ready',
          value: people({
            contacts,
            invitations: [
              invitation(mary, me),
              invitation(me, kenji),
              invitation(me, noor, { state: 'expired' }),
            ],
          }),
        },
        connection: 'reconnecting',
        retryAt: Date.now() + 9_000,
      }),
  },
  docked: {
    state: () =>
      full({
        layout: {
          open: true,
          view: { conversation: 'ada' },
          panels: [
            { conversation: 'ada', lowered: false },
            { conversation: 'lobby', lowered: false },
            { conversation: 'grace', lowered: true },
            { conversation: 'alan', lowered: true },
            { conversation: 'page', lowered: true },
          ],
          focused: null,
        },
        notices: [
          { key: 'n1', kind: 'done', problem: null, done: 'reported' },
          { key: 'n2', kind: 'problem', problem: { code: 'type_refused', detail: 'notes.exe' }, done: null },
        ],
      }),
  },
  conversation: { state: () => adaWith({ typing: [ada] }, { readByOther: 10_000_000 }) },
  'conversation-empty': { state: () => only(direct('ada', ada, [])) },
  'conversation-sending': {
    state: () =>
      adaWith({
        timeline: timeline([
          ...talk(),
          pending('Is the coffee machine fixed?', { state: 'unsure' }),
          pending('', {
            state: 'failed',
            text: 'I bring cake',
            problem: { code: 'network' },
          }),
          pending('On the way'),
        ]),
        draft: {
          ...emptyDraft,
          text: 'Two pictures of the hall',
          replyTo: message(ada, 'I can help to put them up after four, if somebody has a drill.', { seq: 4 }),
          files: [
            {
              key: 'f1',
              name: 'hall.jpg',
              bytes: 2_400_000,
              preview: picture('x', 40, 40).url,
              progress: 0.6,
              state: 'uploading',
              problem: null,
              attachment: null,
            },
            {
              key: 'f2',
              name: 'setup.exe',
              bytes: 400,
              preview: null,
              progress: 0,
              state: 'failed',
              problem: { code: 'type_refused', detail: 'exe' },
              attachment: null,
            },
          ],
        },
      }),
  },
  room: { state: () => lobbyWith({ typing: [grace, alan] }) },
  'room-people': { state: () => lobbyWith({}), press: ['.count-button'] },
  'room-new': {
    state: () => {
      const items = many(60);
      return lobbyWith({
        timeline: timeline(items, {
          older: 'failed',
          olderRetryAt: Date.now() + 8_000,
          newFrom: 100_040,
          catchUp: 'too-much',
        }),
      });
    },
  },
  'room-long': { state: () => lobbyWith({ timeline: timeline(many(10_000), { older: 'more' }) }) },
  'room-slow': {
    state: () =>
      lobbyWith(
        {
          draft: {
            ...emptyDraft,
            text: 'x'.repeat(3_990),
            problem: { code: 'slow_mode', retryAfterSeconds: 25 },
          },
        },
        { slowSeconds: 30 },
      ),
  },
  'room-muted': {
    state: () => lobbyWith({}, { me: { ...conversation('').me, mutedUntil: Date.now() + 30 * minute } }),
  },
  'room-locked': { state: () => lobbyWith({}, { locked: true }) },
  'room-banned': { state: () => lobbyWith({ removed: { why: 'banned', until: null } }) },
  'room-refused': { state: () => lobbyWith({ problem: { code: 'members_only' } }) },
  'not-writable': { state: () => adaWith({}, { writable: false }) },
  'message-toolbar': { state: () => adaWith({}), press: ['.entry:nth-child(8) .bubble'] },
  'message-menu': {
    state: () => lobbyWith({}),
    press: ['.entry:last-child .bubble', '.toolbar .icon-button:last-child'],
  },
  'person-menu': {
    state: () => lobbyWith({}, { me: { ...conversation('').me, role: 'owner' } }),
    press: ['.count-button', '.online-list li:nth-child(3) button'],
  },
  'reaction-picker': {
    state: () => adaWith({}),
    press: ['.entry:nth-child(8) .bubble', '.toolbar .icon-button:first-child'],
  },
  'emoji-picker': { state: () => adaWith({}), press: ['.composer-emoji'] },
  report: {
    state: () => lobbyWith({}),
    press: ['.entry:nth-child(7) .bubble', '.toolbar .icon-button:last-child', '.menu-item:nth-child(2)'],
  },
  'block-confirm': {
    state: () => adaWith({}),
    press: ['[aria-haspopup="menu"]', '.menu-item:last-child'],
  },
  'room-settings': {
    state: () =>
      lobbyWith({}, { me: { ...conversation('').me, role: 'owner' }, title: 'Lobby of the library' }),
    press: ['.panel-docked [aria-haspopup="menu"], .is-narrow [aria-haspopup="menu"]', '.menu-apart'],
  },
  settings: {
    state: () =>
      full({
        people: {
          phase: 'ready',
          value: people({
            contacts,
            blocked: [kenji],
            imports: [
              { id: 'j', provider: 'github', state: 'running', found: 48, done: 17, added: 3, error: null },
            ],
          }),
        },
        layout: { open: true, view: 'settings', panels: [], focused: null },
        records: { sessions: { phase: 'ready', value: sessions } },
      }),
  },
  'settings-guest': {
    state: () =>
      full({
        session: { phase: 'in', me: { ...me, kind: 'guest', verified: false } },
        layout: { open: true, view: 'settings', panels: [], focused: null },
        records: { sessions: { phase: 'ready', value: sessions } },
      }),
    press: ['.settings-acts form:nth-child(2) button'],
  },
  'home-moderator': { state: () => full(moderating()) },
  reports: {
    state: () =>
      full({
        ...moderating(),
        layout: { open: true, view: 'reports', panels: [], focused: null },
      }),
  },
  'reports-none': {
    state: () =>
      full({
        ...moderating({ lists: { open: { phase: 'ready', value: { reports: [], more: false } } } }),
        layout: { open: true, view: 'reports', panels: [], focused: null },
      }),
  },
  'reports-forbidden': {
    state: () => full({ layout: { open: true, view: 'reports', panels: [], focused: null } }),
  },
  'report-opened': {
    state: () =>
      full({
        ...moderating({ opened: { phase: 'ready', value: report(1) } }),
        layout: { open: true, view: 'reports', panels: [], focused: null },
      }),
  },
  'report-failing': {
    state: () =>
      full({
        ...moderating({ opened: { phase: 'failed', problem: { code: 'not_found' } } }),
        layout: { open: true, view: 'reports', panels: [], focused: null },
      }),
  },
  'room-people-owner': {
    state: () =>
      lobbyWith(
        {},
        { name: 'crew', title: 'Crew', membersOnly: true, me: { ...conversation('').me, role: 'owner' } },
        { records: { rooms: new Map([['lobby', { phase: 'ready', value: records }]]) } },
      ),
    press: ['.panel-docked [aria-haspopup="menu"], .is-narrow [aria-haspopup="menu"]', '.menu-apart + *'],
  },
  'room-people-empty': {
    state: () =>
      lobbyWith(
        {},
        { me: { ...conversation('').me, role: 'owner' } },
        {
          records: {
            rooms: new Map([['lobby', { phase: 'ready', value: { staff: [], bans: [], acts: [] } }]]),
          },
        },
      ),
    press: ['.panel-docked [aria-haspopup="menu"], .is-narrow [aria-haspopup="menu"]', '.menu-apart + *'],
  },
  'page-sign-in': {
    mode: 'page',
    state: () => state({ session: { phase: 'none', problem: null, lastName: '' }, connection: 'off' }),
  },
  'page-report': {
    mode: 'page',
    state: () =>
      full({
        ...moderating({ opened: { phase: 'ready', value: report(1) } }),
        layout: {
          open: true,
          view: 'reports',
          panels: [{ conversation: 'lobby', lowered: false }],
          focused: null,
        },
      }),
  },
  erase: {
    state: () => full({ layout: { open: true, view: 'settings', panels: [], focused: null } }),
    press: ['.button-danger'],
  },
  page: {
    mode: 'page',
    state: () =>
      full({
        layout: {
          open: true,
          view: { conversation: 'lobby' },
          panels: [{ conversation: 'lobby', lowered: false }],
          focused: null,
        },
      }),
  },
  'page-empty': { mode: 'page', state: () => full() },
  inline: { mode: 'inline', state: () => lobbyWith({}) },
};
