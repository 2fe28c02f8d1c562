import { expect, test } from 'bun:test';
import type { TraceBatch, TraceEntry, TraceKind } from '@earshot/dashboard';
import { eventually } from '../../../../tests/support/hooks.ts';
import { EventStreamWire, XhrWire } from '../../../../tests/support/http-wire.ts';
import { newCluster, type StartOptions, startServer } from '../../../../tests/support/server.ts';

/** Two nodes, of which `b` is looked at. */
async function twoNodes(env: StartOptions['env'] = {}) {
  const cluster = newCluster();
  const a = await startServer({ cluster, env });
  const b = await startServer({ cluster, env });
  const batches: TraceBatch[] = [];
  const app = b.node.apps.byId(b.app.id);
  if (app === undefined) throw new Error('the app is missing');
  const everything = { kinds: null, channel: null, userId: null, socketId: null };
  const end = b.node.trace.watch(app, everything, (batch) => batches.push(batch));
  await eventually(() => a.node.trace.isWatched(app), 'the other node’s interest');
  const entries = (): TraceEntry[] => batches.flatMap((batch) => batch.entries);
  return {
    a,
    b,
    batches,
    end,
    entries,
    of: (...kinds: TraceKind[]) => entries().filter(({ kind }) => kinds.includes(kind)),
    /** Waits for so many entries of a kind, and gives them without what differs each time. */
    async shown(kind: TraceKind, count = 1): Promise<Partial<TraceEntry>[]> {
      const found = () => entries().filter((entry) => entry.kind === kind);
      await eventually(() => found().length >= count, `${count} entries ${kind}`);
      return found().map(({ seq: _seq, at: _at, node: _node, kind: _kind, ...entry }) => entry);
    },
    async [Symbol.asyncDispose]() {
      end();
      await b[Symbol.asyncDispose]();
      await a[Symbol.asyncDispose]();
    },
  };
}

test('a connection’s life on one node is seen on another', async () => {
  await using scene = await twoNodes();
  const { a } = scene;
  const wire = await a.connect();
  const { socketId } = wire;
  await a.join(wire, 'private-a');
  wire.unsubscribe('private-a');
  await a.join(wire, 'news');
  await a.signIn(wire, { id: 'u', user_info: { name: 'Ada' } });
  await wire.close(4321);
  expect(await scene.shown('connected')).toEqual([{ socketId, transport: 'websocket' }]);
  expect(await scene.shown('subscribed', 2)).toEqual([
    { socketId, channel: 'private-a' },
    { socketId, channel: 'news' },
  ]);
  expect(await scene.shown('signed_in')).toEqual([{ socketId, userId: 'u' }]);
  expect(await scene.shown('unsubscribed', 2)).toEqual([
    { socketId, channel: 'private-a' },
    { socketId, channel: 'news', userId: 'u', reason: 'The connection ended' },
  ]);
  expect(await scene.shown('disconnected')).toEqual([
    { socketId, userId: 'u', transport: 'websocket', code: 4321 },
  ]);
  expect(await scene.shown('channel_vacated', 2)).toEqual([{ channel: 'private-a' }, { channel: 'news' }]);
  const seen = scene.entries();
  expect(new Set(seen.map(({ node }) => node)).size).toBe(1);
  expect(seen.map(({ seq }) => seq)).toEqual(seen.map((_, index) => index + 1));
});

test('each transport is named', async () => {
  await using scene = await twoNodes();
  const { a } = scene;
  const target = { base: a.origin, key: a.app.key, query: 'protocol=7' };
  a.onStop(await open(XhrWire.open(target, 'xhr')));
  a.onStop(await open(XhrWire.open(target, 'xhr_streaming')));
  a.onStop(await open(EventStreamWire.open(target)));
  const transports = (await scene.shown('connected', 3)).map(({ transport }) => transport);
  expect(transports).toEqual(['xhr_polling', 'xhr_streaming', 'event_stream']);
});

async function open(opening: Promise<{ destroy(): void }>): Promise<() => void> {
  const wire = await opening;
  return () => wire.destroy();
}

test('an event is seen as accepted once, and as sent by each node that has subscribers', async () => {
  await using scene = await twoNodes();
  const { a, b } = scene;
  const [one, two, three] = [await a.connect(), await a.connect(), await b.connect()];
  for (const wire of [one, two]) await a.join(wire, 'news');
  await b.join(three, 'news');
  await a.api.publish('news', 'e', '{"x":1}', { socket_id: one.socketId });
  await three.next('e');
  const event = { channel: 'news', event: 'e', data: '{"x":1}', dataBytes: 7 };
  expect(await scene.shown('published')).toEqual([{ ...event, socketId: one.socketId }]);
  expect(await scene.shown('sent', 2)).toEqual([
    { ...event, recipients: 1 },
    { ...event, recipients: 1 },
  ]);
  expect(new Set(scene.of('sent').map(({ node }) => node)).size).toBe(2);
  const [request] = await scene.shown('api_request');
  expect(request).toEqual({
    method: 'POST',
    path: '/apps/3/events',
    code: 200,
    durationMs: expect.any(Number) as unknown as number,
  });
});

test('a client event is seen with its sender', async () => {
  await using scene = await twoNodes();
  const { a, b } = scene;
  const [one, two] = [await a.connect(), await b.connect()];
  await a.joinPresence(one, 'presence-x', 'u');
  await b.join(two, 'private-x');
  one.send({ event: 'client-typing', channel: 'presence-x', data: { a: [1] } });
  const event = { channel: 'presence-x', event: 'client-typing', data: '{"a":[1]}', dataBytes: 9 };
  expect(await scene.shown('client_event')).toEqual([{ ...event, socketId: one.socketId, userId: 'u' }]);
});

test('users on two nodes: what becomes true for the cluster is seen once', async () => {
  await using scene = await twoNodes();
  const { a, b } = scene;
  const [one, two] = [await a.connect(), await b.connect()];
  await a.joinPresence(one, 'presence-x', 'u', { name: 'Ada' });
  await b.joinPresence(two, 'presence-x', 'u', { name: 'Ada' });
  await one.close();
  await two.close();
  const kinds = ['channel_occupied', 'channel_vacated', 'member_added', 'member_removed'] as const;
  // What the other node has seen comes in its own time.
  for (const kind of kinds) await scene.shown(kind);
  const facts = scene.of(...kinds);
  expect(facts.map(({ kind }) => kind).sort()).toEqual([
    'channel_occupied',
    'channel_vacated',
    'member_added',
    'member_removed',
  ]);
  expect(await scene.shown('member_added')).toEqual([
    { channel: 'presence-x', userId: 'u', data: '{"name":"Ada"}', dataBytes: 14 },
  ]);
  expect((await scene.shown('subscribed')).map(({ userId }) => userId)).toEqual(['u', 'u']);
});

test('what is refused is seen with its reason, and without anything secret', async () => {
  await using scene = await twoNodes({ EARSHOT_APP_ORIGINS: 'https://good.example' });
  const { a } = scene;
  const stranger = await a.dialApp({ headers: { Origin: 'https://evil.example' } });
  await stranger.closed;
  const wire = await a.connect({ headers: { Origin: 'https://good.example' } });
  await wire.subscribe(
    'presence-x',
    `${a.app.key}:${'ab'.repeat(32)}`,
    '{"user_id":"u","user_info":"CHANNEL-DATA"}',
  );
  await wire.subscribe('private-x', 'AUTH-STRING');
  await wire.subscribe('private-y');
  await wire.subscribe('not a channel');
  await a.api.raw(
    'POST',
    `/apps/3/events?auth_key=${a.app.key}&auth_version=1.0&auth_signature=SIGNATURE`,
    '{}',
  );
  const { status } = await a.api.request('GET', '/channels/not%20a%20channel');
  expect(status).toBe(400);
  expect(await scene.shown('refused')).toEqual([
    {
      transport: 'websocket',
      code: 4009,
      reason: 'Connections from this origin are not allowed for this app',
    },
  ]);
  const refused = (await scene.shown('subscription_refused', 4)).map(({ channel, code, reason }) => [
    channel,
    code,
    reason,
  ]);
  expect(refused).toEqual([
    ['presence-x', 401, 'Invalid signature'],
    ['private-x', 401, 'Invalid key in subscription auth data'],
    ['private-y', 401, 'Auth info required to subscribe to private-y'],
    ['not a channel', 400, 'Invalid channel name not a channel'],
  ]);
  const requests = (await scene.shown('api_request', 2)).map(({ path, code, reason }) => [
    path,
    code,
    reason,
  ]);
  expect(requests).toEqual([
    ['/apps/3/events', 401, 'Timestamp required'],
    ['/apps/3/channels/not%20a%20channel', 400, 'Invalid channel name'],
  ]);
  const all = JSON.stringify(scene.batches);
  for (const secret of ['CHANNEL-DATA', 'AUTH-STRING', 'abab', 'SIGNATURE', a.app.secret, a.app.key]) {
    expect(all).not.toContain(secret);
  }
});

test('content of hidden channels is not seen, whoever sends it', async () => {
  await using scene = await twoNodes();
  const { a, b } = scene;
  const [one, two] = [await a.connect(), await b.connect()];
  await a.join(one, 'private-room-1');
  await b.join(two, 'private-room-1');
  await a.joinPresence(one, 'presence-room-1', 'u', { name: 'SECRET' });
  await a.api.publish('private-room-1', 'e', 'SECRET');
  one.send({ event: 'client-x', channel: 'private-room-1', data: 'SECRET' });
  await two.next('e');
  await two.next('client-x');
  await scene.shown('client_event');
  await scene.shown('sent', 3);
  expect(JSON.stringify(scene.batches)).not.toContain('SECRET');
  expect(await scene.shown('published')).toEqual([
    { channel: 'private-room-1', event: 'e', dataBytes: 6, dataIs: 'hidden' },
  ]);
});

test('why a connection ended is seen: the server’s word, or that the client read too slowly', async () => {
  await using scene = await twoNodes({
    EARSHOT_OUTBOX_BYTES: '262144',
    EARSHOT_APP_PRESENCE_MEMBERS: '50',
  });
  const { a } = scene;
  const [user, slow] = [await a.connect(), await a.connect()];
  await a.signIn(user, { id: 'u' });
  await a.join(slow, 'news');
  await a.api.terminate('u');
  await user.closed;
  slow.pause();
  // The kernel holds some megabytes for it before anything waits in the server.
  const data = 'x'.repeat(10_000);
  for (let sent = 0; scene.of('disconnected').length < 2; sent++) {
    if (sent > 4_000) throw new Error('40 MB were written to a connection that reads nothing');
    await a.api.publish('news', 'e', data);
  }
  const ends = (await scene.shown('disconnected', 2)).map(({ socketId, code, reason }) => [
    socketId,
    code,
    reason,
  ]);
  expect(ends).toEqual([
    [user.socketId, 4009, 'The connections of this user were terminated'],
    [slow.socketId, 1006, 'Cut: read too slowly'],
  ]);
});

test('traffic that outruns the console is counted, in the batch and in the metrics', async () => {
  await using scene = await twoNodes({ EARSHOT_APP_BATCH_EVENTS: '400' });
  const { a, b } = scene;
  const [one, two] = [await a.connect(), await b.connect()];
  await a.join(one, 'news');
  await b.join(two, 'news');
  const batch = new Array(400).fill({ channel: 'news', name: 'e', data: 'x' });
  expect((await a.api.batch(batch)).status).toBe(200);
  await two.take(400);
  const seen = () => scene.batches.reduce((sum, { entries, skipped }) => sum + entries.length + skipped, 0);
  // 400 accepted, 400 sent by each of two nodes, a request; two clients that came and subscribed, a channel.
  await eventually(() => seen() >= 1_206, '1,206 entries, shown or skipped');
  expect(seen()).toBe(1_206);
  expect(scene.batches.every(({ entries }) => entries.length <= 200)).toBe(true);
  const skipped = scene.batches.reduce((sum, batch) => sum + batch.skipped, 0);
  expect(skipped).toBeGreaterThan(0);
  const counted = await Promise.all(
    [a, b].map(async ({ origin }) => {
      const metrics = await (await fetch(`${origin}/metrics`)).text();
      expect(metrics).toMatch(/^earshot_nodes 2$/m);
      return Number(/^earshot_console_entries_skipped_total (\d+)$/m.exec(metrics)?.[1]);
    }),
  );
  expect((counted[0] ?? 0) + (counted[1] ?? 0)).toBe(skipped);
});

test('a server that stops takes its console with it, and the others go on', async () => {
  await using scene = await twoNodes();
  const { a, b } = scene;
  const app = a.node.apps.byId(a.app.id);
  if (app === undefined) throw new Error('the app is missing');
  expect(a.node.trace.isWatched(app)).toBe(true);
  await b.node.stop();
  await eventually(() => !a.node.trace.isWatched(app), 'the end of its interest');
  const wire = await a.connect();
  await a.join(wire, 'news');
  await a.api.publish('news', 'e', 'x');
  expect((await wire.next('e')).data).toBe('x');
});
