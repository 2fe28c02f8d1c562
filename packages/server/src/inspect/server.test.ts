import { expect, test } from 'bun:test';
import type { ConnectionRow } from '@earshot/dashboard';
import { eventually } from '../../../../tests/support/hooks.ts';
import { EventStreamWire, XhrWire } from '../../../../tests/support/http-wire.ts';
import {
  newCluster,
  type StartOptions,
  startServer,
  type TestServer,
} from '../../../../tests/support/server.ts';

const all = { socket: '', user: '', channel: '' };

/** Two nodes; `b` is the one that is asked. */
async function twoNodes(env: StartOptions['env'] = {}) {
  const cluster = newCluster();
  const a = await startServer({ cluster, env });
  const b = await startServer({ cluster, env });
  const app = b.node.apps.byId(b.app.id);
  if (app === undefined) throw new Error('the app is missing');
  const { inspector } = b.node;
  await eventually(
    async () => (await inspector.connections(app, all)).nodes.answered === 2,
    'nodes that know each other',
  );
  return {
    a,
    b,
    app,
    inspector,
    connections: (filter: Partial<typeof all> = {}) => inspector.connections(app, { ...all, ...filter }),
    async [Symbol.asyncDispose]() {
      await b[Symbol.asyncDispose]();
      await a[Symbol.asyncDispose]();
    },
  };
}

const socketIds = (rows: readonly ConnectionRow[]) => rows.map(({ socketId }) => socketId);

/** What comes afterwards is newer than what was before. */
async function nextMillisecond(): Promise<void> {
  const before = Date.now();
  await eventually(() => Date.now() > before, 'the next millisecond');
}

test('connections of all nodes, the newest first, with what is known of each', async () => {
  await using scene = await twoNodes();
  const { a, b } = scene;
  expect(await scene.connections()).toEqual({ total: 0, connections: [], nodes: { answered: 2, known: 2 } });
  const before = Date.now();
  const first = await a.connect();
  await nextMillisecond();
  const second = await b.connect();
  await a.signIn(first, { id: 'u' });
  await a.join(first, 'news');
  await a.join(first, 'sport');
  const { total, connections } = await scene.connections();
  expect(total).toBe(2);
  expect(connections).toMatchObject([
    { socketId: second.socketId, transport: 'websocket', userId: null, channels: 0, queuedBytes: 0 },
    { socketId: first.socketId, transport: 'websocket', userId: 'u', channels: 2, queuedBytes: 0 },
  ]);
  expect(connections[0]?.node).not.toBe(connections[1]?.node);
  for (const { connectedAt } of connections) {
    expect(connectedAt).toBeGreaterThanOrEqual(before);
    expect(connectedAt).toBeLessThanOrEqual(Date.now());
  }
});

test('a list by socket, user or channel, of all nodes', async () => {
  await using scene = await twoNodes();
  const { a, b } = scene;
  const [signedIn, member, plain] = [await a.connect(), await b.connect(), await b.connect()];
  await a.signIn(signedIn, { id: 'u' });
  await b.joinPresence(member, 'presence-x', 'u');
  await b.join(plain, 'news');
  const listed = async (filter: Partial<typeof all>) =>
    socketIds((await scene.connections(filter)).connections).sort();
  expect(await listed({ user: 'u' })).toEqual([signedIn.socketId, member.socketId].sort());
  expect(await listed({ channel: 'news' })).toEqual([plain.socketId]);
  expect(await listed({ socket: signedIn.socketId.slice(0, 6) })).toContain(signedIn.socketId);
  expect(await listed({ socket: signedIn.socketId, user: 'nobody' })).toEqual([]);
  expect(await listed({ channel: 'NEWS' })).toEqual([]);
});

test('at most 200 connections are listed, those of all nodes that are newest, and all are counted', async () => {
  await using scene = await twoNodes();
  const wires = await Promise.all(
    Array.from({ length: 230 }, (_, n) => (n % 2 === 0 ? scene.a : scene.b).connect()),
  );
  await nextMillisecond();
  const newest = await scene.a.connect();
  const { total, connections } = await scene.connections();
  expect(total).toBe(231);
  expect(connections.length).toBe(200);
  expect(connections[0]?.socketId).toBe(newest.socketId);
  expect(connections).toEqual(connections.toSorted((x, y) => y.connectedAt - x.connectedAt));
  expect(new Set(socketIds(connections)).size).toBe(200);
  expect(wires.length).toBe(230);
});

test('one connection, on another node, in detail', async () => {
  await using scene = await twoNodes({ EARSHOT_TRUSTED_PROXIES: '127.0.0.1' });
  const { a, app, inspector } = scene;
  const wire = await a.connect({
    query: 'protocol=6&client=js&version=8.6.0',
    headers: { Origin: 'https://shop.example', 'X-Forwarded-For': '198.51.100.7' },
  });
  await a.join(wire, 'news');
  await a.joinPresence(wire, 'presence-x', 'm');
  const found = await inspector.connection(app, wire.socketId);
  const [row] = (await scene.connections()).connections;
  expect(found).toEqual({
    ...(row as ConnectionRow),
    socketId: wire.socketId,
    userId: 'm',
    channels: 2,
    address: '198.51.100.7',
    origin: 'https://shop.example',
    client: 'js 8.6.0',
    protocol: 6,
    lastSeenAt: expect.any(Number) as unknown as number,
    channelNames: ['news', 'presence-x'],
    memberOf: [{ channel: 'presence-x', userId: 'm' }],
  });
  expect(Math.abs((found?.lastSeenAt ?? 0) - Date.now())).toBeLessThan(60_000);
  expect(await inspector.connection(app, '1.1')).toBeNull();
});

test('what a stranger says of their client is kept within bounds', async () => {
  await using scene = await twoNodes();
  const { a, app, inspector } = scene;
  const wire = await a.connect({
    query: `protocol=7&client=${'c'.repeat(5_000)}`,
    headers: { Origin: `https://${'o'.repeat(2_000)}.example` },
  });
  const found = await inspector.connection(app, wire.socketId);
  expect(found?.client).toBe('c'.repeat(100));
  expect(found?.origin?.length).toBe(300);
});

test('transports, and what waits for a client that does not read', async () => {
  await using scene = await twoNodes();
  const { a } = scene;
  const target = { base: a.origin, key: a.app.key, query: 'protocol=7' };
  const others = [
    await XhrWire.open(target, 'xhr'),
    await XhrWire.open(target, 'xhr_streaming'),
    await EventStreamWire.open(target),
  ];
  const slow = await a.dial(`/app/${a.app.key}?protocol=7`);
  await slow.next('pusher:connection_established');
  await a.join(slow, 'news');
  await eventually(async () => (await scene.connections()).total === 4, 'four connections');
  const { connections } = await scene.connections();
  expect(connections.map(({ transport }) => transport).sort()).toEqual([
    'event_stream',
    'websocket',
    'xhr_polling',
    'xhr_streaming',
  ]);
  slow.pause();
  const batch = new Array(10).fill({ channel: 'news', name: 'e', data: 'x'.repeat(10_000) });
  await eventually(async () => {
    await a.api.batch(batch);
    const [row] = (await scene.connections({ channel: 'news' })).connections;
    return row !== undefined && row.queuedBytes > 0;
  }, 'bytes that wait');
  for (const wire of others) wire.destroy();
});

test('channels of all nodes, those with most subscriptions first', async () => {
  await using scene = await twoNodes();
  const { a, b, app, inspector } = scene;
  const [one, two] = [await a.connect(), await b.connect()];
  for (const [node, wire] of [
    [a, one],
    [b, two],
  ] as const)
    await node.join(wire, 'news');
  await a.join(one, 'private-cache-a');
  await b.joinPresence(two, 'presence-x', 'u');
  await two.subscribe('private-encrypted-e', b.channelAuth(two, 'private-encrypted-e'));
  const row = (name: string, kind: string, more = {}) => ({
    name,
    kind,
    isCache: false,
    subscriptions: 1,
    users: null,
    ...more,
  });
  expect(await inspector.channels(app, '')).toEqual({
    total: 4,
    channels: [
      row('news', 'public', { subscriptions: 2 }),
      row('presence-x', 'presence', { users: 1 }),
      row('private-cache-a', 'private', { isCache: true }),
      row('private-encrypted-e', 'encrypted'),
    ] as never,
  });
  const { total, channels } = await inspector.channels(app, 'private-');
  expect([total, channels.length]).toEqual([2, 2]);
  expect(await inspector.channels(app, 'nothing')).toEqual({ total: 0, channels: [] });
});

test('a presence channel over two nodes: members with their info, and subscribers', async () => {
  await using scene = await twoNodes();
  const { a, b, app, inspector } = scene;
  const [one, two] = [await a.connect(), await b.connect()];
  await a.joinPresence(one, 'presence-x', 'u', { name: 'Ada' });
  await b.joinPresence(two, 'presence-x', 'v');
  const found = await inspector.channel(app, 'presence-x');
  expect(found).toMatchObject({ subscriptions: 2, users: 2, contentHidden: false, cached: null });
  expect(found?.members).toEqual([
    { userId: 'u', userInfo: '{"name":"Ada"}' },
    { userId: 'v', userInfo: null },
  ]);
  expect(socketIds(found?.connections ?? []).sort()).toEqual([one.socketId, two.socketId].sort());
  expect(await inspector.channel(app, 'presence-y')).toBeNull();
  expect(await inspector.channel(app, 'no channel name')).toBeNull();
  expect(await inspector.channel(app, '#server-to-user-u')).toBeNull();
});

test('of a hidden channel names are shown and no content', async () => {
  await using scene = await twoNodes({ EARSHOT_APP_CONTENT_HIDDEN_PREFIXES: 'presence-cache-secret' });
  const { a, app, inspector } = scene;
  const wire = await a.connect();
  const name = 'presence-cache-secret';
  await a.joinPresence(wire, name, 'u', { name: 'SECRET' });
  await a.api.publish(name, 'e', 'SECRET');
  const found = await inspector.channel(app, name);
  expect(found).toMatchObject({
    contentHidden: true,
    members: [{ userId: 'u', userInfo: null }],
    cached: { event: 'e', data: null, dataBytes: 6 },
  });
  expect(JSON.stringify(found)).not.toContain('SECRET');
});

test('a cached event is shown also while nobody is subscribed', async () => {
  await using scene = await twoNodes();
  const { a, app, inspector } = scene;
  await a.api.publish('cache-a', 'e', '{"x":"é"}');
  const found = await inspector.channel(app, 'cache-a');
  expect(found).toMatchObject({
    name: 'cache-a',
    isCache: true,
    subscriptions: 0,
    cached: { event: 'e', data: '{"x":"é"}', dataBytes: 10 },
  });
  expect(found?.cached?.expiresAt).toBeGreaterThan(Date.now());
});

test('a connection is terminated wherever it is, and a user on all nodes', async () => {
  await using scene = await twoNodes();
  const { a, b, app, inspector } = scene;
  const [here, there] = [await b.connect(), await a.connect()];
  const end = { code: 4009, reason: 'Terminated by an operator' };
  expect(await inspector.terminateConnection(app, here.socketId)).toBe(true);
  expect(await inspector.terminateConnection(app, there.socketId)).toBe(true);
  expect(await inspector.terminateConnection(app, there.socketId)).toBe(false);
  expect([await here.closed, await there.closed]).toEqual([end, end]);

  const ofUser = [await signedIn(a, 'u'), await signedIn(b, 'u')];
  const other = await signedIn(a, 'v');
  inspector.terminateUser(app, 'u');
  for (const wire of ofUser) expect((await wire.closed).code).toBe(4009);
  expect(socketIds((await scene.connections()).connections)).toEqual([other.socketId]);
});

async function signedIn(node: TestServer, id: string) {
  const wire = await node.connect();
  await node.signIn(wire, { id });
  return wire;
}

test('an app sees its own and no other’s', async () => {
  await using scene = await twoNodes();
  const { a, b, app, inspector } = scene;
  const other = await b.createApp('other');
  const wire = await b.connect({ key: other.key });
  const found = b.node.apps.byId(other.id);
  if (found === undefined) throw new Error('the app is missing');
  expect(await inspector.connection(app, wire.socketId)).toBeNull();
  expect(await inspector.terminateConnection(app, wire.socketId)).toBe(false);
  // The other node has a database of its own here, and has never heard of the app.
  expect(a.node.apps.byId(other.id)).toBeUndefined();
  const { total, nodes } = await inspector.connections(found, all);
  expect(total).toBe(1);
  expect(nodes).toEqual({ answered: 1, known: 2 });
});
