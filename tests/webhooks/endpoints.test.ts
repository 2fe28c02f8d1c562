import { describe, expect, test } from 'bun:test';
import { ManualClock } from '@earshot/base';
import type { WebhookEndpoint, WebhookEndpointDraft } from '@earshot/dashboard';
import Publisher from 'pusher';
import { eventually, HookReceiver } from '../support/hooks.ts';
import { startServer, type TestServer, temporaryFolder } from '../support/server.ts';
import type { Wire } from '../support/wire.ts';

const occupied = (channel: string) => ({ name: 'channel_occupied', channel });
const vacated = (channel: string) => ({ name: 'channel_vacated', channel });

const plain: Omit<WebhookEndpointDraft, 'url'> = {
  kinds: ['channel_occupied', 'channel_vacated'],
  prefix: '',
  headers: {},
  batching: false,
  enabled: true,
};

function start(more: Record<string, string> = {}, clock?: ManualClock, dataDir?: string) {
  return startServer({
    env: { EARSHOT_WEBHOOK_PRIVATE_ADDRESSES: 'true', EARSHOT_PING_SECONDS: '3600', ...more },
    ...(clock === undefined ? {} : { clock }),
    ...(dataDir === undefined ? {} : { dataDir }),
  });
}

const appOf = (server: TestServer) => server.node.apps.first();

async function add(
  server: TestServer,
  receiver: HookReceiver,
  more: Partial<WebhookEndpointDraft> = {},
): Promise<WebhookEndpoint> {
  return made(await server.node.webhooks.create(appOf(server), { url: receiver.url, ...plain, ...more }));
}

function made<Value>(result: Value): Exclude<Value, { refused: string }> {
  if (typeof result === 'object' && result !== null && 'refused' in result) {
    throw new Error(String(result.refused));
  }
  return result as Exclude<Value, { refused: string }>;
}

/** The server has done what the client sent before. */
async function handled(wire: Wire): Promise<void> {
  wire.send({ event: 'pusher:ping' });
  await wire.until('pusher:pong');
}

async function leave(wire: Wire, channel: string): Promise<void> {
  wire.unsubscribe(channel);
  await handled(wire);
}

async function metric(server: TestServer, name: string): Promise<number> {
  const text = await (await fetch(`${server.origin}/metrics`)).text();
  return Number(new RegExp(`earshot_${name} (\\d+)`).exec(text)?.[1]);
}

/** The server has the answers to so many events, so that time may pass without running into a timeout. */
const taken = (server: TestServer, events: number) =>
  eventually(
    async () => (await metric(server, 'webhook_events_delivered_total')) === events,
    `${events} events are taken`,
  );

describe('several endpoints', () => {
  test('HOOK-14: each gets its kinds and channels, with its headers and the app’s signature', async () => {
    using all = new HookReceiver();
    using some = new HookReceiver();
    await using server = await start({ EARSHOT_APP_WEBHOOK_URL: all.url });
    await add(server, some, {
      kinds: ['channel_occupied'],
      prefix: 'orders-',
      headers: { 'X-Team': 'shop' },
    });
    const wire = await server.connect();
    await server.join(wire, 'news');
    await server.join(wire, 'orders-1');
    const hook = await some.next();
    expect(hook.events).toEqual([occupied('orders-1')]);
    expect(hook.headers.get('x-team')).toBe('shop');
    expect([...(await all.events()), ...(await all.events())]).toEqual([
      occupied('news'),
      occupied('orders-1'),
    ]);
    const library = new Publisher({ ...server.app, appId: server.app.id, host: 'x' });
    const read = library.webhook({ headers: Object.fromEntries(hook.headers), rawBody: hook.body } as never);
    expect(read.isValid()).toBe(true);
    expect(some.seen).toHaveLength(1);
  });

  test('HOOK-14: one that hangs holds up no other', async () => {
    using well = new HookReceiver();
    using ill = new HookReceiver();
    ill.answer = () => Promise.withResolvers<Response>().promise;
    await using server = await start();
    await add(server, ill);
    await add(server, well, { batching: true });
    const wire = await server.connect();
    const names = Array.from({ length: 30 }, (_, n) => `channel-${n}`);
    for (const name of names) await server.join(wire, name);
    const came: unknown[] = [];
    while (came.length < names.length) came.push(...(await well.events()));
    expect(came).toEqual(names.map(occupied));
    expect(ill.seen.length).toBeLessThanOrEqual(8);
  });

  test('HOOK-15: a new endpoint is told neither what is so already nor its end', async () => {
    using old = new HookReceiver();
    using fresh = new HookReceiver();
    const clock = new ManualClock();
    await using server = await start({ EARSHOT_APP_WEBHOOK_URL: old.url }, clock);
    const wire = await server.connect();
    await server.join(wire, 'before');
    expect(await old.events()).toEqual([occupied('before')]);
    await add(server, fresh);
    await leave(wire, 'before');
    await server.join(wire, 'after');
    expect(await old.events()).toEqual([occupied('after')]);
    expect(await fresh.events()).toEqual([occupied('after')]);
    clock.advance(3_000);
    expect(await old.events()).toEqual([vacated('before')]);
    await server.join(wire, 'before');
    expect(await fresh.events()).toEqual([occupied('before')]);
  });

  test('HOOK-15: who wants the end alone is told it, and who wants it no longer is not', async () => {
    using ends = new HookReceiver();
    using begins = new HookReceiver();
    const clock = new ManualClock();
    await using server = await start({}, clock);
    await add(server, ends, { kinds: ['channel_vacated'] });
    const other = await add(server, begins);
    const wire = await server.connect();
    await server.join(wire, 'news');
    expect(await begins.events()).toEqual([occupied('news')]);
    made(await server.node.webhooks.update(appOf(server), other.id, { kinds: ['channel_occupied'] }));
    await leave(wire, 'news');
    clock.advance(3_000);
    expect(await ends.events()).toEqual([vacated('news')]);
    await server.join(wire, 'news');
    expect(await begins.events()).toEqual([occupied('news')]);
    expect([ends.seen.length, begins.seen.length]).toEqual([1, 2]);
  });

  test('HOOK-16: disabled it hears nothing; enabled again, the ends that it missed', async () => {
    using receiver = new HookReceiver();
    const clock = new ManualClock();
    await using server = await start({}, clock);
    const app = appOf(server);
    const { webhooks } = server.node;
    const endpoint = await add(server, receiver);
    const wire = await server.connect();
    for (const channel of ['goes', 'stays']) {
      await server.join(wire, channel);
      expect(await receiver.events()).toEqual([occupied(channel)]);
    }
    await taken(server, 2);
    made(await webhooks.update(app, endpoint.id, { enabled: false }));
    await leave(wire, 'goes');
    clock.advance(3_000);
    await server.join(wire, 'unheard');
    await handled(wire);
    made(await webhooks.update(app, endpoint.id, { enabled: true }));
    expect(await receiver.events()).toEqual([vacated('goes')]);
    await leave(wire, 'unheard');
    clock.advance(3_000);
    await leave(wire, 'stays');
    clock.advance(3_000);
    expect(await receiver.events()).toEqual([vacated('stays')]);
    expect(receiver.seen).toHaveLength(4);
  });

  test('HOOK-16: what waits for one that is disabled is kept as failed; removed, it is gone', async () => {
    using receiver = new HookReceiver();
    receiver.answer = () => new Response(null, { status: 503 });
    await using server = await start();
    const app = appOf(server);
    const { webhooks } = server.node;
    const endpoint = await add(server, receiver);
    await server.join(await server.connect(), 'news');
    await receiver.next();
    await eventually(
      async () => (await webhooks.endpoints(app))[0]?.lastAttempt !== null,
      'the attempt is noted',
    );
    expect(await webhooks.endpoints(app)).toMatchObject([
      { waiting: 1, failed: 0, lastAttempt: { status: 503, ok: false } },
    ]);
    made(await webhooks.update(app, endpoint.id, { enabled: false }));
    await eventually(async () => (await webhooks.endpoints(app))[0]?.failed === 1, 'it is put aside');
    expect(await webhooks.failed(app, { endpointId: null, before: null })).toMatchObject({
      rows: [
        {
          channel: 'news',
          name: 'channel_occupied',
          reason: 'The endpoint was disabled before this was sent',
        },
      ],
      next: null,
    });
    expect(await webhooks.remove(app, endpoint.id)).toBe(true);
    await eventually(
      async () => (await webhooks.failed(app, { endpointId: null, before: null })).rows.length === 0,
      'it is gone',
    );
    expect(await webhooks.endpoints(app)).toEqual([]);
    const again = await add(server, receiver);
    receiver.answer = () => new Response();
    await server.join(await server.connect(), 'other');
    expect(await receiver.events()).toEqual([occupied('other')]);
    expect(again.id).not.toBe(endpoint.id);
  });

  test('HOOK-10: endpoints, and what they were told, outlive a restart', async () => {
    using receiver = new HookReceiver();
    await using folder = await temporaryFolder();
    const env = { EARSHOT_LEASE_SECONDS: '3' };
    {
      const clock = new ManualClock();
      await using server = await start(env, clock, folder.path);
      await add(server, receiver, { prefix: 'a' });
      const wire = await server.connect();
      await server.join(wire, 'b');
      await server.join(wire, 'a');
      expect(await receiver.events()).toEqual([occupied('a')]);
      await taken(server, 1);
    }
    const clock = new ManualClock();
    await using server = await start(env, clock, folder.path);
    clock.advance(3_000);
    expect(await receiver.events()).toEqual([vacated('a')]);
    await server.join(await server.connect(), 'a');
    expect(await receiver.events()).toEqual([occupied('a')]);
  });

  test('HOOK-16: an endpoint that a restart took away has to be told anew when it comes back', async () => {
    using receiver = new HookReceiver();
    await using folder = await temporaryFolder();
    {
      await using server = await start({ EARSHOT_APP_WEBHOOK_URL: receiver.url }, undefined, folder.path);
      await server.join(await server.connect(), 'a');
      expect(await receiver.events()).toEqual([occupied('a')]);
      await taken(server, 1);
    }
    await using server = await start({}, undefined, folder.path);
    await server.update({ webhookUrl: receiver.url });
    await server.join(await server.connect(), 'a');
    expect(await receiver.events()).toEqual([occupied('a')]);
  });
});

describe('the desk', () => {
  test('HOOK-14: what cannot be is refused, with the field and the reason', async () => {
    using receiver = new HookReceiver();
    await using server = await start();
    const { webhooks } = server.node;
    const tries: readonly [string, Record<string, unknown>][] = [
      ['url', { url: 'ftp://example.com' }],
      ['url', { url: 'https://u:p@example.com/' }],
      ['url', { url: 7 }],
      ['kinds', { kinds: [] }],
      ['kinds', { kinds: ['channel_gone'] }],
      ['prefix', { prefix: 'a b' }],
      ['batching', { batching: 'yes' }],
      ['enabled', { enabled: null }],
      ['headers', { headers: [] }],
      ['headers', { headers: { 'Content-Type': 'text/plain' } }],
      ['headers', { headers: { 'x-pusher-key': 'k' } }],
      ['headers', { headers: { host: 'x' } }],
      ['headers', { headers: { 'Content-Length': '1' } }],
      ['headers', { headers: { 'X A': '1' } }],
      ['headers', { headers: { 'X-A': 'one\r\nX-B: two' } }],
      ['headers', { headers: { 'X-A': 'é' } }],
      ['headers', { headers: { 'X-A': '1', 'x-a': '2' } }],
      ['headers', { headers: Object.fromEntries(Array.from({ length: 11 }, (_, n) => [`X-${n}`, ''])) }],
    ];
    for (const [field, wrong] of tries) {
      const refused = await webhooks.create(appOf(server), {
        url: receiver.url,
        ...plain,
        ...wrong,
      } as never);
      expect([wrong, refused]).toMatchObject([wrong, { field }]);
    }
    for (let n = 0; n < 10; n++) await add(server, receiver);
    expect(await webhooks.create(appOf(server), { url: receiver.url, ...plain })).toEqual({
      refused: 'This app has 10 endpoints, which is as many as one can have. Remove one first',
    });
    expect(await webhooks.update(appOf(server), 'none', { prefix: 'a' })).toMatchObject({
      refused: expect.stringContaining('no such endpoint'),
    });
    expect(await webhooks.test(appOf(server), 'none')).toHaveProperty('refused');
  });

  test('HOOK-14: the endpoint of the settings is changed through them, unless the environment holds it', async () => {
    using one = new HookReceiver();
    await using server = await start();
    const app = appOf(server);
    const { webhooks } = server.node;
    await server.update({ webhookUrl: one.url });
    expect(await webhooks.endpoints(app)).toMatchObject([{ id: 'settings', url: one.url, lockedBy: null }]);
    const moved = await webhooks.update(app, 'settings', { url: `${one.url}/moved`, kinds: ['cache_miss'] });
    expect(moved).toMatchObject({ url: `${one.url}/moved`, kinds: ['cache_miss'] });
    expect(app.settings).toMatchObject({ webhookUrl: `${one.url}/moved`, webhookEvents: ['cache_miss'] });
    expect(await webhooks.update(app, 'settings', { prefix: 'a' })).toMatchObject({ field: 'prefix' });
    expect(await webhooks.remove(app, 'settings')).toBe(true);
    expect(await webhooks.endpoints(app)).toEqual([]);
    await using held = await start({ EARSHOT_APP_WEBHOOK_URL: one.url });
    expect(await held.node.webhooks.endpoints(appOf(held))).toMatchObject([
      { lockedBy: 'EARSHOT_APP_WEBHOOK_URL' },
    ]);
    expect(await held.node.webhooks.remove(appOf(held), 'settings')).toMatchObject({
      refused: expect.stringContaining('EARSHOT_APP_WEBHOOK_URL'),
    });
  });

  test('HOOK-17: what was given up is sent again, in its order, with the time of the replay', async () => {
    using receiver = new HookReceiver();
    const clock = new ManualClock();
    await using server = await start({}, clock);
    const app = appOf(server);
    const { webhooks } = server.node;
    const endpoint = await add(server, receiver, { kinds: ['client_event'] });
    const wire = await server.connect();
    await server.join(wire, 'private-a');
    // Refused for good, as a name that never can be called is.
    made(await webhooks.update(app, endpoint.id, { url: 'http://169.254.169.254/latest' }));
    for (const event of ['client-1', 'client-2', 'client-3'])
      wire.send({ event, channel: 'private-a', data: 'x' });
    await eventually(async () => (await webhooks.endpoints(app))[0]?.failed === 3, 'all are given up');
    const { rows } = await webhooks.failed(app, { endpointId: endpoint.id, before: null });
    expect(
      rows.map(({ event, attempts, reason }) => [JSON.parse(event ?? '').event, attempts, reason]),
    ).toEqual(
      ['client-3', 'client-2', 'client-1'].map((event) => [
        event,
        1,
        '169.254.169.254: its address is not a public one. It is never called',
      ]),
    );
    made(await webhooks.update(app, endpoint.id, { url: receiver.url }));
    clock.advance(400_000);
    expect(await webhooks.replay(app, { ids: [rows[1]?.id ?? '', 'unknown'] })).toBe(1);
    const alone = await receiver.next();
    expect(alone).toMatchObject({ time_ms: clock.now(), events: [{ event: 'client-2' }] });
    expect(await webhooks.replay(app, { endpointId: endpoint.id })).toBe(2);
    expect([await receiver.events(), await receiver.events()]).toMatchObject([
      [{ event: 'client-1' }],
      [{ event: 'client-3' }],
    ]);
    expect(await webhooks.replay(app, { endpointId: 'none' })).toHaveProperty('refused');
    expect(await webhooks.failed(app, { endpointId: null, before: null })).toEqual({ rows: [], next: null });
  });

  test('HOOK-18: attempts say what was sent and answered, and hide what is hidden', async () => {
    using receiver = new HookReceiver();
    const clock = new ManualClock();
    await using server = await start({ EARSHOT_APP_CONTENT_HIDDEN_PREFIXES: 'presence-h' }, clock);
    const app = appOf(server);
    const { webhooks } = server.node;
    const endpoint = await add(server, receiver, { kinds: ['member_added', 'client_event'] });
    receiver.answer = () => new Response(`no\u0000${'x'.repeat(3_000)}`, { status: 500 });
    const wire = await server.connect();
    await server.join(wire, 'private-a');
    wire.send({ event: 'client-a', channel: 'private-a', data: 'said' });
    const { body } = await receiver.next();
    const page = () => webhooks.attempts(app, { endpointId: endpoint.id, ok: false, before: null });
    await eventually(async () => (await page()).rows.length === 1, 'the attempt is noted');
    expect((await page()).rows[0]).toMatchObject({
      ...{ attempt: 1, ok: false, status: 500, reason: 'The answer was 500; expected 200 to 299', body },
      answer: `no${'x'.repeat(2_045)}`,
      events: [{ name: 'client_event', channel: 'private-a' }],
    });
    receiver.answer = () => new Response('taken');
    await server.joinPresence(wire, 'presence-h', 'secret');
    await receiver.next();
    const takenOnes = () => webhooks.attempts(app, { endpointId: null, ok: true, before: null });
    await eventually(async () => (await takenOnes()).rows.length === 1, 'the other is noted');
    const [hidden] = (await takenOnes()).rows;
    expect(JSON.parse(hidden?.body ?? '')).toEqual({
      time_ms: clock.now(),
      events: [{ name: 'member_added', channel: 'presence-h', hidden_bytes: 65 }],
    });
    expect(hidden?.answer).toBeNull();
    expect(JSON.stringify(hidden)).not.toContain('secret');
  });

  test('HOOK-19: a test is a request now that stands in no journal', async () => {
    using receiver = new HookReceiver();
    await using server = await start();
    const app = appOf(server);
    const { webhooks } = server.node;
    const { id } = await add(server, receiver, { kinds: ['cache_miss'] });
    receiver.answer = () => new Response('hello', { status: 418 });
    expect(await webhooks.test(app, id)).toMatchObject({ ok: false, status: 418, answer: 'hello' });
    receiver.answer = () => new Response('hello');
    expect(await webhooks.test(app, id)).toMatchObject({ ok: true, status: 200, reason: null });
    const hook = receiver.seen[1];
    expect(hook?.events).toEqual([occupied('earshot-test')]);
    expect(await webhooks.attempts(app, { endpointId: null, ok: null, before: null })).toEqual({
      rows: [],
      next: null,
    });
    expect((await webhooks.endpoints(app))[0]).toMatchObject({ waiting: 0, failed: 0, lastAttempt: null });
  });
});
