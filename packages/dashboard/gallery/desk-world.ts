import type {
  ChannelDetail,
  ChannelRow,
  ConnectionDetail,
  ConnectionRow,
  FailedDelivery,
  TraceEntry,
  Transport,
  WebhookAttempt,
  WebhookEndpoint,
} from '../src/contract.ts';
import { day, dice, longName, minute, now } from './world.ts';

/** What goes on in a made-up app: entries of the console, channels, connections, webhooks. */

type Note = Omit<TraceEntry, 'seq' | 'node' | 'at'>;

const order = JSON.stringify({
  order: {
    id: 81_244,
    state: 'packed',
    lines: [
      { sku: 'BK-204', count: 2 },
      { sku: 'PN-11', count: 1 },
    ],
  },
  by: 'grace',
  express: false,
});

const notes: readonly Note[] = [
  { kind: 'connected', socketId: '8421.90411', transport: 'websocket' },
  { kind: 'subscribed', channel: 'orders', socketId: '8421.90411' },
  { kind: 'signed_in', socketId: '8421.90411', userId: 'grace' },
  { kind: 'subscribed', channel: 'presence-reading-room', socketId: '8421.90411', userId: 'grace' },
  { kind: 'member_added', channel: 'presence-reading-room', userId: 'grace' },
  { kind: 'api_request', method: 'POST', path: '/apps/3/events', code: 200, durationMs: 1.8 },
  { kind: 'published', channel: 'orders', event: 'order-changed', data: order, dataBytes: order.length },
  {
    kind: 'sent',
    channel: 'orders',
    event: 'order-changed',
    data: order,
    dataBytes: order.length,
    recipients: 412,
  },
  {
    kind: 'client_event',
    channel: 'presence-reading-room',
    event: 'client-cursor',
    data: '{"x":410,"y":96}',
    dataBytes: 16,
    socketId: '8421.90411',
    userId: 'grace',
  },
  { kind: 'webhook', event: 'member_added', channel: 'presence-reading-room', code: 200, durationMs: 84 },
  {
    kind: 'subscription_refused',
    channel: 'private-staff',
    socketId: '77.1203',
    code: 401,
    reason: 'Invalid signature',
  },
  {
    kind: 'api_request',
    method: 'POST',
    path: '/apps/3/events',
    code: 401,
    durationMs: 0.4,
    reason: 'Timestamp expired',
  },
  {
    kind: 'published',
    channel: 'private-room-lobby',
    event: 'new_message',
    dataBytes: 311,
    dataIs: 'hidden',
  },
  { kind: 'disconnected', socketId: '77.1203', code: 1001, transport: 'websocket', durationMs: 42_500 },
  { kind: 'refused', code: 4001, reason: 'Could not find app by key', transport: 'websocket' },
  { kind: 'unsubscribed', channel: 'orders', socketId: '12.4410' },
  { kind: 'member_removed', channel: 'presence-reading-room', userId: 'alan' },
  { kind: 'channel_vacated', channel: 'quiz-night' },
  { kind: 'channel_occupied', channel: 'cache-opening-hours' },
  {
    kind: 'disconnected',
    socketId: '12.4410',
    code: 4201,
    reason: 'Pong not received in time',
    transport: 'xhr_streaming',
  },
  {
    kind: 'webhook',
    event: 'channel_vacated',
    channel: 'quiz-night',
    code: 503,
    durationMs: 210,
    reason: 'Status 503',
  },
  { kind: 'published', channel: 'notices', event: 'text', data: 'Closing in ten minutes', dataBytes: 22 },
];

/** `count` entries from the `from`th on, the last of them at `until`. */
export function entries(from: number, count: number, nodes = ['b71f02c9'], until = now): TraceEntry[] {
  return Array.from({ length: count }, (_, index) => {
    const seq = from + index;
    const note = notes[seq % notes.length] as Note;
    const node = nodes[seq % nodes.length] ?? 'b71f02c9';
    return { ...note, seq, node, at: until - (count - index) * 137 };
  });
}

export const longEntry: TraceEntry = {
  seq: 9_001,
  node: 'b71f02c9',
  at: now,
  kind: 'published',
  channel: `presence-${'very-long-name-'.repeat(11)}end`,
  event: `${'an-event-with-a-very-long-name.'.repeat(6)}`,
  data: JSON.stringify({ text: 'مرحبا بالجميع '.repeat(60) }),
  dataBytes: 9_730,
  dataIs: 'cut',
  socketId: '18446744073709551615.18446744073709551615',
  userId: longName,
};

const channelRow = (name: string, subscriptions: number, users: number | null = null): ChannelRow => ({
  name,
  kind: name.startsWith('presence-')
    ? 'presence'
    : name.startsWith('private-encrypted-')
      ? 'encrypted'
      : name.startsWith('private-')
        ? 'private'
        : 'public',
  isCache: /^(private-|presence-)?(encrypted-)?cache-/.test(name),
  subscriptions,
  users,
});

export const channels: readonly ChannelRow[] = [
  channelRow('orders', 4_120),
  channelRow('presence-reading-room', 231, 204),
  channelRow('notices', 188),
  channelRow('private-staff', 24),
  channelRow('cache-opening-hours', 19),
  channelRow('private-cache-shelf-qa76', 7),
  channelRow('private-encrypted-ledger', 4),
  channelRow('private-user-grace', 3),
  channelRow(`presence-${'very-long-name-'.repeat(11)}end`, 1, 1),
];

const via: readonly Transport[] = ['websocket', 'websocket', 'event_stream', 'xhr_streaming', 'xhr_polling'];
const people = ['grace', 'ada', null, 'alan', 'نور', null, 'mary', longName];

export const connections: readonly ConnectionRow[] = Array.from({ length: 24 }, (_, index) => {
  const roll = dice(index + 3);
  roll();
  return {
    socketId: `${Math.floor(roll() * 90_000) + 1_000}.${Math.floor(roll() * 9_000_000) + 10_000}`,
    node: index % 3 === 0 ? 'd04c7a61' : 'b71f02c9',
    transport: via[index % via.length] ?? 'websocket',
    userId: people[index % people.length] ?? null,
    connectedAt: now - Math.round(index * index * 40_000 * roll()) - 2_000,
    channels: Math.floor(roll() * 12),
    queuedBytes: index === 5 ? 1_482_112 : 0,
  };
});

export const members: ChannelDetail['members'] = [
  { userId: 'grace', userInfo: '{"name":"Grace","role":"owner","colour":4}' },
  { userId: 'ada', userInfo: '{"name":"Ada","role":"member"}' },
  { userId: 'alan', userInfo: null },
  { userId: 'نور', userInfo: '{"name":"نور"}' },
  { userId: longName, userInfo: JSON.stringify({ about: 'Likes ferries. '.repeat(30) }) },
  { userId: 'mary', userInfo: '{}' },
];

export function channelDetail(name: string): ChannelDetail | null {
  const row = channels.find((one) => one.name === name);
  if (row === undefined) return null;
  const hidden = name.startsWith('private-user-');
  return {
    ...row,
    members: row.kind === 'presence' ? members : [],
    contentHidden: hidden,
    cached: row.isCache
      ? {
          event: 'hours-changed',
          data: '{"monday":["10:00","18:00"],"sunday":null}',
          dataBytes: 43,
          expiresAt: now + 22 * minute,
        }
      : null,
    connections: connections.slice(0, Math.min(row.subscriptions, 6)),
  };
}

export function connectionDetail(socketId: string): ConnectionDetail | null {
  const row = connections.find((one) => one.socketId === socketId);
  if (row === undefined) return null;
  return {
    ...row,
    channels: 4,
    address: '203.0.113.77',
    origin: 'https://library.example.com',
    client: 'pusher-js 8.4.0',
    protocol: 7,
    lastSeenAt: now - 11_000,
    channelNames: [
      'orders',
      'presence-reading-room',
      'private-user-grace',
      `presence-${'very-long-name-'.repeat(11)}end`,
    ],
    memberOf: [{ channel: 'presence-reading-room', userId: row.userId ?? 'grace' }],
  };
}

export const endpoints: readonly WebhookEndpoint[] = [
  {
    id: 'w1',
    url: 'https://hooks.example.com/pusher',
    kinds: ['channel_occupied', 'channel_vacated', 'member_added', 'member_removed'],
    prefix: '',
    headers: {},
    batching: true,
    enabled: true,
    createdAt: now - 90 * day,
    lockedBy: 'EARSHOT_APP_WEBHOOK_URL',
    waiting: 0,
    failed: 0,
    lastAttempt: { at: now - 4_000, status: 200, ok: true },
  },
  {
    id: 'w2',
    url: 'https://orders.internal.example.com/realtime/webhooks?tenant=north',
    kinds: [
      'channel_occupied',
      'channel_vacated',
      'member_added',
      'member_removed',
      'client_event',
      'cache_miss',
      'subscription_count',
    ],
    prefix: 'presence-order-',
    headers: { 'X-Tenant': 'north', Authorization: 'Bearer 81d0' },
    batching: false,
    enabled: true,
    createdAt: now - 9 * day,
    lockedBy: null,
    waiting: 214,
    failed: 38,
    lastAttempt: { at: now - 65_000, status: 503, ok: false },
  },
  {
    id: 'w3',
    url: `https://${'a-long-name-of-a-host.'.repeat(6)}example.com/${'path/'.repeat(14)}`,
    kinds: ['cache_miss'],
    prefix: '',
    headers: {},
    batching: true,
    enabled: false,
    createdAt: now - 2 * day,
    lockedBy: null,
    waiting: 0,
    failed: 0,
    lastAttempt: null,
  },
];

const body = JSON.stringify({
  time_ms: now - 4_000,
  events: [
    { name: 'member_added', channel: 'presence-reading-room', user_id: 'grace' },
    { name: 'channel_occupied', channel: 'orders' },
  ],
});

export function attempts(count: number, from = 0): WebhookAttempt[] {
  return Array.from({ length: count }, (_, index) => {
    const number = from + index;
    const failing = number % 4 === 1;
    const silent = number % 12 === 5;
    return {
      id: `t${number}`,
      endpointId: failing ? 'w2' : 'w1',
      at: now - number * 71_000,
      durationMs: silent ? 4_000 : 40 + ((number * 37) % 300),
      attempt: failing ? 1 + (number % 5) : 1,
      ok: !failing,
      status: silent ? null : failing ? 503 : 200,
      reason: silent ? 'No answer within 4 seconds' : failing ? 'Answered with status 503' : null,
      body: number > 30 ? null : body,
      answer: silent ? null : failing ? '<html><body>Service Unavailable</body></html>' : '',
      events: failing
        ? [{ name: 'channel_vacated', channel: `presence-order-${number}` }]
        : [
            { name: 'member_added', channel: 'presence-reading-room' },
            { name: 'channel_occupied', channel: 'orders' },
          ],
    };
  });
}

export const failed: readonly FailedDelivery[] = Array.from({ length: 38 }, (_, index) => ({
  id: `f${index}`,
  endpointId: 'w2',
  createdAt: now - index * 90_000 - 6 * minute,
  failedAt: now - index * 90_000,
  attempts: 9,
  reason: index % 3 === 0 ? 'No answer within 4 seconds' : 'Answered with status 503',
  name: index % 2 === 0 ? 'channel_vacated' : 'member_removed',
  channel: `presence-order-${4_000 + index}`,
  event:
    index === 1
      ? null
      : JSON.stringify({ name: 'channel_vacated', channel: `presence-order-${4_000 + index}` }),
}));
