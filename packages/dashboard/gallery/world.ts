import type {
  AppDetail,
  AppKeyView,
  AppSummary,
  LiveFigures,
  Operator,
  OperatorSession,
  Range,
  SettingField,
  Statistics,
  StatisticsPoint,
} from '../src/contract.ts';

/** A made-up server for pictures and tests of the views. */

export const now = Date.now();
export const minute = 60_000;
export const day = 24 * 60 * minute;

export const longName =
  'Wolfeschlegelsteinhausenbergerdorff the Third’s realtime dashboard of every single thing in Hamburg';

export const session: OperatorSession = {
  operator: { id: 'o1', name: 'robin' },
  version: '0.1.0',
  server: { scheme: 'https', host: 'realtime.example.com', port: 443, path: '' },
};

export const operators: readonly Operator[] = [
  { id: 'o1', name: 'robin', createdAt: now - 90 * day, lastSeenAt: now - 20_000, lockedBy: null },
  { id: 'o2', name: 'ada', createdAt: now - 60 * day, lastSeenAt: now - 3 * day, lockedBy: null },
  {
    id: 'o3',
    name: 'admin',
    createdAt: now - 120 * day,
    lastSeenAt: null,
    lockedBy: 'EARSHOT_ADMIN_PASSWORD',
  },
];

const summary = (id: string, name: string, more: Partial<AppSummary> = {}): AppSummary => ({
  id,
  name,
  enabled: true,
  connections: 0,
  messagesPerMinute: 0,
  messagesToday: 0,
  isFirst: false,
  ...more,
});

export const apps: readonly AppSummary[] = [
  summary('3', 'Riverside Library', {
    isFirst: true,
    connections: 12_483,
    messagesPerMinute: 4_127,
    messagesToday: 2_918_044,
  }),
  summary('4', 'Orders and deliveries', { connections: 812, messagesPerMinute: 96, messagesToday: 74_210 }),
  summary('5', 'Staging', { connections: 3, messagesPerMinute: 0, messagesToday: 18 }),
  summary('6', 'Quiz night (2025)', { enabled: false }),
  summary('7', longName, {
    connections: 1_204_331,
    messagesPerMinute: 918_220,
    messagesToday: 1_204_331_022,
  }),
  summary('8', 'متجر الكتب', { connections: 44, messagesPerMinute: 12, messagesToday: 3_022 }),
];

const field = (name: string, group: string, more: Partial<SettingField>): SettingField => ({
  name,
  group,
  kind: 'boolean',
  value: false,
  default: false,
  defaultText: null,
  example: null,
  doc: '',
  expected: 'true or false',
  secret: false,
  lockedBy: null,
  env: `EARSHOT_APP_${name.replace(/[A-Z]/g, (sign) => `_${sign}`).toUpperCase()}`,
  ...more,
});

const count = (name: string, value: number, doc: string, more: Partial<SettingField> = {}) =>
  field(name, 'limits', {
    kind: 'number',
    value,
    default: 0,
    min: 0,
    max: 10_000_000,
    doc,
    expected: 'a whole number from 0 to 10,000,000 (0 = no limit)',
    ...more,
  });

export const settings: readonly SettingField[] = [
  field('name', 'general', {
    kind: 'text',
    value: 'Riverside Library',
    default: 'First app',
    doc: 'What people call the app.',
    expected: '1 to 100 characters without control characters',
    lockedBy: 'EARSHOT_APP_NAME',
  }),
  field('enabled', 'general', {
    value: true,
    default: true,
    doc: 'When false, connections are closed with 4003 and the HTTP API answers 403.',
  }),
  field('clientEvents', 'general', {
    value: true,
    default: true,
    doc: 'Clients may send `client-…` events to the other subscribers of private and presence channels.',
  }),
  field('subscriptionCount', 'general', {
    value: true,
    doc: 'Subscribers are told how many subscriptions their channel has, except on presence channels.',
  }),
  field('tlsOnly', 'access', {
    doc: 'Connections without TLS are closed with 4000; pusher-js then comes back with TLS.',
  }),
  field('origins', 'access', {
    kind: 'list',
    value: ['https://library.example.com', 'https://*.riverside.example'],
    default: [],
    defaultText: 'none: every origin may connect',
    example: 'https://example.com,https://*.example.com',
    doc: 'The pages that may connect. A page of another origin is closed with 4009. Programs that are not browsers send no origin and are let in.',
    expected: 'origins, each a scheme, a host or "*." and a domain, and perhaps a port',
  }),
  field('authorisedConnections', 'access', {
    doc: 'A connection that has neither signed in nor joined a private or presence channel after 30 s is closed with 4009.',
  }),
  count('connections', 20_000, 'Connections at the same time; one more is closed with 4004.'),
  count('publishesPerSecond', 0, 'Events published through the HTTP API in a second.'),
  count('messagesPerDay', 5_000_000, 'Messages in a day (UTC); beyond it the HTTP API answers 403.', {
    max: 1_000_000_000_000,
    lockedBy: 'EARSHOT_APP_MESSAGES_PER_DAY',
  }),
  count('eventBytes', 10_240, 'Bytes of the data of one event, in UTF-8; more is answered by 413.', {
    min: 1,
    max: 16_777_216,
    default: 10_240,
    expected: 'a whole number from 1 to 16,777,216',
  }),
  field('contentHiddenPrefixes', 'webhooks', {
    kind: 'list',
    value: ['private-user-', 'private-room-'],
    default: ['private-user-', 'private-room-'],
    defaultText: 'the chat’s: `private-user-`, `private-room-`',
    example: 'private-user-,private-medical-',
    doc: 'Channels whose name begins with one of these: what is said in them is in no webhook.',
    expected: 'beginnings of channel names',
  }),
  field('chat', 'chat', { value: true, doc: 'The app has a chat, at `/chat` and by the one tag.' }),
  field('chatSecret', 'chat', {
    kind: 'text',
    value: 'a-secret-of-thirty-two-characters',
    default: null,
    defaultText: 'none',
    doc: 'Signs the tokens by which the host site says who its users are.',
    expected: '32 characters or more',
    secret: true,
  }),
  field('chatDirect', 'chat', {
    kind: 'choice',
    value: 'ask',
    default: 'ask',
    choices: ['ask', 'open', 'off'],
    doc: 'Who may begin a conversation: `ask` by invitation, `open` everybody, `off` nobody.',
    expected: 'ask, open or off',
  }),
];

export function detailOf(app: AppSummary): AppDetail {
  return { ...app, createdAt: now - 200 * day, settings };
}

export const keys: readonly AppKeyView[] = [
  {
    key: 'b2f1c04d8a9e57361f20',
    secret: '7ad3773142a6692b25b8',
    createdAt: now - 200 * day,
    lockedBy: 'EARSHOT_APP_KEY',
  },
  {
    key: '41c9e2d07b6f8a35d219',
    secret: 'f0e1d2c3b4a5968778695a4b',
    createdAt: now - 2 * day,
    lockedBy: null,
  },
];

/** The same numbers each time, between 0 and 1. */
export function dice(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const steps: Record<Range, { stepMs: number; points: number }> = {
  hour: { stepMs: minute, points: 60 },
  day: { stepMs: 15 * minute, points: 96 },
  month: { stepMs: 6 * 60 * minute, points: 120 },
};

export function statistics(range: Range, { gap = true, empty = false } = {}): Statistics {
  const { stepMs, points: length } = steps[range];
  const end = Math.floor(now / stepMs) * stepMs;
  const roll = dice(length);
  const minutes = stepMs / minute;
  const points: StatisticsPoint[] = Array.from({ length }, (_, index) => {
    const at = end - (length - 1 - index) * stepMs;
    if (empty || (gap && index > length * 0.3 && index < length * 0.36)) return { at, figures: null };
    const hour = (at % day) / (60 * minute);
    const wave = 0.55 + 0.45 * Math.sin(((hour - 9) / 24) * 2 * Math.PI);
    const part = index === length - 1 ? (now - at) / stepMs : 1;
    const published = Math.round(3800 * wave * minutes * part * (0.85 + 0.3 * roll()));
    const websocket = Math.round(11_000 * wave + 600 * roll());
    const connections = {
      websocket,
      xhr_streaming: Math.round(websocket * 0.06 + 40 * roll()),
      xhr_polling: Math.round(websocket * 0.02 + 20 * roll()),
      event_stream: Math.round(websocket * 0.1 + 30 * roll()),
    };
    return {
      at,
      figures: {
        published,
        clientEvents: Math.round(published * 0.22 * (0.7 + 0.6 * roll())),
        delivered: Math.round(published * 46 * (0.8 + 0.4 * roll())),
        apiRequests: Math.round(published * 0.7),
        apiErrors: roll() > 0.9 ? Math.round(30 * roll() * minutes) : 0,
        connections,
        connectionsPeak: Object.values(connections).reduce((sum, value) => sum + value, 0),
        webhooksDelivered: Math.round(240 * wave * minutes * part * (0.7 + 0.6 * roll())),
        webhooksFailed: roll() > 0.93 ? Math.round(9 * roll() * minutes) : 0,
      },
    };
  });
  const daily = dice(30);
  return {
    range,
    stepMs,
    points,
    messagesPerDay: empty
      ? []
      : Array.from({ length: 30 }, (_, index) => ({
          day: new Date(now - (29 - index) * day).toISOString().slice(0, 10),
          messages: index === 29 ? 2_918_044 : Math.round(4_100_000 * (0.6 + 0.6 * daily())),
        })),
    peaks: empty
      ? { connections: null, messagesPerMinute: null, messagesPerDay: null }
      : {
          connections: { value: 14_902, at: now - 3 * day },
          messagesPerMinute: { value: 8_212, at: now - 9 * day },
          messagesPerDay: { value: 4_904_110, at: now - 12 * day },
        },
  };
}

/** What one second brings. */
export function liveFigures(second: number): LiveFigures {
  const roll = dice(second + 7);
  roll();
  return {
    at: now + second * 1000,
    connections: {
      websocket: 10_600 + Math.round(40 * roll()),
      xhr_streaming: 640,
      xhr_polling: 210,
      event_stream: 1_020 + Math.round(9 * roll()),
    },
    channels: 3_204 + Math.round(10 * roll()),
    published: Math.round(40 + 30 * roll()),
    clientEvents: Math.round(8 + 10 * roll()),
    delivered: Math.round(2200 + 900 * roll()),
    messagesToday: 2_918_044 + second * 68,
    nodes: { answered: 3, known: 3 },
  };
}
