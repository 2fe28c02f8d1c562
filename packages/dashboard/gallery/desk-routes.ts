import type { ChannelList, ConnectionList, EventResult, WebhookTest } from '../src/contract.ts';
import {
  attempts,
  channelDetail,
  channels,
  connectionDetail,
  connections,
  endpoints,
  entries,
  failed,
} from './desk-world.ts';
import { type FakeRoutes, refusal, streamOf } from './fake.ts';
import { minute, now } from './world.ts';

const missing = (what: string) => refusal(404, 'not_found', `There is no ${what}.`);

/** What the made-up server answers to console, event creator, inspector and webhooks. */
export const deskRoutes: FakeRoutes = {
  'GET /apps/:id/console': ({ signal }) => {
    let seq = 44;
    const first = [['entries', { entries: entries(0, 44), skipped: 0 }]] as const;
    return streamOf(
      first,
      () => ['entries', { entries: entries(seq++, 1, undefined, Date.now()), skipped: 0 }],
      {
        everyMs: 2_500,
        signal,
      },
    );
  },
  'POST /apps/:id/events': (): EventResult => ({ subscriptions: 412, cachedUntil: now + 30 * minute }),
  'GET /apps/:id/channels': ({ query }): ChannelList => {
    const found = channels.filter(({ name }) => name.startsWith(query.get('prefix') ?? ''));
    return { total: found.length, channels: found };
  },
  'GET /apps/:id/channels/:name': ({ parts: [, name = ''] }) =>
    channelDetail(name) ?? missing(`channel ${name}`),
  'GET /apps/:id/connections': ({ query }): ConnectionList => {
    const user = query.get('user') ?? '';
    const socket = query.get('socket') ?? '';
    const found = connections.filter(
      (one) => (user === '' || one.userId === user) && (socket === '' || one.socketId === socket),
    );
    return { total: found.length, connections: found, nodes: { answered: 2, known: 2 } };
  },
  'GET /apps/:id/connections/:socket': ({ parts: [, socket = ''] }) =>
    connectionDetail(socket) ?? missing(`connection ${socket}`),
  'DELETE /apps/:id/connections/:socket': () => undefined,
  'POST /apps/:id/users/:user/terminate': () => undefined,
  'GET /apps/:id/webhooks': () => endpoints,
  'POST /apps/:id/webhooks': () =>
    refusal(
      400,
      'invalid',
      'Found http://169.254.169.254/, an address that webhooks never go to. Use one of your own.',
      {
        field: 'url',
      },
    ),
  'PATCH /apps/:id/webhooks/:endpoint': () => endpoints[1],
  'DELETE /apps/:id/webhooks/:endpoint': () => undefined,
  'POST /apps/:id/webhooks/:endpoint/test': (): WebhookTest => ({
    ok: false,
    status: 503,
    reason: 'Answered with status 503',
    durationMs: 212,
    body: JSON.stringify({ time_ms: now, events: [{ name: 'channel_occupied', channel: 'earshot-test' }] }),
    answer: '<html><body>Service Unavailable</body></html>',
  }),
  'GET /apps/:id/webhooks/attempts': ({ query }) => {
    const from = Number(query.get('before') ?? 0);
    const outcome = query.get('outcome');
    const rows = attempts(50, from).filter(({ ok }) => outcome === null || ok === (outcome === 'ok'));
    return { rows, next: from < 100 ? `${from + 50}` : null };
  },
  'GET /apps/:id/webhooks/failed': () => ({ rows: failed, next: null }),
  'POST /apps/:id/webhooks/failed/replay': ({ body }) => ({
    replayed: 'ids' in (body as object) ? 1 : failed.length,
  }),
};
