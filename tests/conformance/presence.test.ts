import { expect, test } from 'bun:test';
import type { PresenceChannel } from 'pusher-js';
import { channelAuth } from '../support/api.ts';
import { AuthEndpoint, echo, publisher, pusherJs, Recorder } from '../support/clients.ts';
import { expectSubscribeRefused } from '../support/refusals.ts';
import {
  dataOf,
  newCluster,
  type Presence,
  presenceOf,
  startServer,
  succeeded,
  type TestServer,
} from '../support/server.ts';
import { patienceMs, type Wire } from '../support/wire.ts';

const channel = 'presence-room';

async function member(server: TestServer, userId: string, userInfo?: unknown): Promise<Wire> {
  const wire = await server.connect();
  await server.joinPresence(wire, channel, userId, userInfo);
  return wire;
}

async function expectAdded(wire: Wire, userId: string, userInfo: unknown = {}): Promise<void> {
  const message = await wire.next('pusher_internal:member_added');
  expect(message.channel).toBe(channel);
  expect(dataOf(message)).toEqual({ user_id: userId, user_info: userInfo });
}

async function expectRemoved(wire: Wire, userId: string): Promise<void> {
  const message = await wire.next('pusher_internal:member_removed');
  expect(message.channel).toBe(channel);
  expect(dataOf(message)).toEqual({ user_id: userId });
}

/** Subscribes with `channelData` as it stands, rightly signed. */
function join(server: TestServer, wire: Wire, channelData: string, name = channel): void {
  const auth = server.channelAuth(wire, name, channelData);
  wire.send({ event: 'pusher:subscribe', data: { channel: name, auth, channel_data: channelData } });
}

test('PRES-1: the success holds ids, hash and count, the joiner included', async () => {
  await using server = await startServer();
  const a = await server.connect();
  expect(await server.joinPresence(a, channel, '1', { name: 'A' })).toEqual({
    ids: ['1'],
    hash: { 1: { name: 'A' } },
    count: 1,
  });
  const b = await server.connect();
  expect(await server.joinPresence(b, channel, '2')).toEqual({
    ids: ['1', '2'],
    hash: { 1: { name: 'A' }, 2: {} },
    count: 2,
  });
});

test('PRES-1: the frame, byte for byte', async () => {
  await using server = await startServer();
  const wire = await server.connect();
  join(server, wire, '{"user_id":"1","user_info":{"name":"A"}}');
  expect(await wire.nextText()).toBe(
    '{"event":"pusher_internal:subscription_succeeded","channel":"presence-room",' +
      '"data":"{\\"presence\\":{\\"ids\\":[\\"1\\"],\\"hash\\":{\\"1\\":{\\"name\\":\\"A\\"}},\\"count\\":1}}"}',
  );
});

test('PRES-1: needs a signature over channel_data', async () => {
  await using server = await startServer();
  const wire = await server.connect();
  const channelData = '{"user_id":"1"}';
  for (const auth of [
    undefined,
    '',
    server.channelAuth(wire, channel),
    server.channelAuth(wire, channel, '{"user_id":"2"}'),
  ]) {
    wire.send({ event: 'pusher:subscribe', data: { channel, auth, channel_data: channelData } });
    const text = auth ? 'Invalid signature' : 'Auth info required';
    await expectSubscribeRefused(wire, channel, text);
  }
  expect((await server.api.get(`/channels/${channel}/users`)).json()).toEqual({ users: [] });
  join(server, wire, channelData);
  succeeded(await wire.next());
});

test('PRES-1, PRES-2, PRES-4: members in pusher-js', async () => {
  await using server = await startServer();
  const library = publisher(server);
  const visitor = (id: string) => {
    const endpoint = new AuthEndpoint(server, library);
    endpoint.user = { id, user_info: { name: id.toUpperCase() } };
    const client = pusherJs(server, endpoint.options());
    const presence = client.subscribe(channel) as PresenceChannel;
    return { client, presence, seen: new Recorder(presence) };
  };
  const a = visitor('a');
  await a.seen.next('pusher:subscription_succeeded');
  expect(a.presence.members.count).toBe(1);
  expect(a.presence.members.me).toEqual({ id: 'a', info: { name: 'A' } });

  const b = visitor('b');
  await b.seen.next('pusher:subscription_succeeded');
  expect(b.presence.members.count).toBe(2);
  expect(b.presence.members.get('a')).toEqual({ id: 'a', info: { name: 'A' } });
  expect(b.presence.members.me).toEqual({ id: 'b', info: { name: 'B' } });
  expect(await a.seen.data('pusher:member_added')).toEqual({ id: 'b', info: { name: 'B' } });
  expect(a.presence.members.count).toBe(2);

  b.client.disconnect();
  expect(await a.seen.data('pusher:member_removed')).toEqual({ id: 'b', info: { name: 'B' } });
  expect(a.presence.members.count).toBe(1);
  expect(b.seen.seen.map(({ event }) => event)).toEqual(['pusher:subscription_succeeded']);
});

test('PRES-2, PRES-4: here, joining and leaving in laravel-echo', async () => {
  await using server = await startServer();
  const endpoint = new AuthEndpoint(server, publisher(server));
  endpoint.user = { id: '1', user_info: { name: 'One' } };
  const client = echo(server, endpoint.options());
  const here = Promise.withResolvers<unknown>();
  const joining = Promise.withResolvers<unknown>();
  const leaving = Promise.withResolvers<unknown>();
  client.join('room').here(here.resolve).joining(joining.resolve).leaving(leaving.resolve);
  expect(await here.promise).toEqual([{ name: 'One' }]);
  const other = await member(server, '2', { name: 'Two' });
  expect(await joining.promise).toEqual({ name: 'Two' });
  await other.close();
  expect(await leaving.promise).toEqual({ name: 'Two' });
});

test('PRES-2: others hear of the joiner, the joiner does not', async () => {
  await using server = await startServer();
  const a = await member(server, '1');
  const b = await member(server, '2', { name: 'B', nested: { x: [1, 'é"\\'] } });
  await expectAdded(a, '2', { name: 'B', nested: { x: [1, 'é"\\'] } });
  await a.silence();
  await b.silence();
});

test('PRES-3: a second connection of a user adds no member_added', async () => {
  await using server = await startServer();
  const a = await member(server, '1');
  const b = await member(server, '2');
  await expectAdded(a, '2');
  const b2 = await server.connect();
  expect((await server.joinPresence(b2, channel, '2')).count).toBe(2);
  for (const wire of [a, b, b2]) await wire.silence();
});

test('PRES-4: only the last connection of a user that leaves is a member_removed', async () => {
  await using server = await startServer();
  const a = await member(server, '1');
  const b = await member(server, '2');
  const b2 = await member(server, '2');
  await expectAdded(a, '2');
  await b.close();
  await a.silence();
  expect((await server.api.get(`/channels/${channel}/users`)).json()).toEqual({
    users: [{ id: '1' }, { id: '2' }],
  });
  b2.unsubscribe(channel);
  await b2.silence();
  await expectRemoved(a, '2');
  await a.silence();
});

test('PRES-5: unsubscribing, closing, a FIN and a reset are all leaving', async () => {
  await using server = await startServer();
  const a = await member(server, '1');
  const ways: ((wire: Wire) => unknown)[] = [
    (wire) => wire.unsubscribe(channel),
    (wire) => wire.close(),
    (wire) => wire.destroy(),
    (wire) => wire.destroy('reset'),
  ];
  for (const leave of ways) {
    const b = await member(server, '2');
    await expectAdded(a, '2');
    void leave(b);
    await expectRemoved(a, '2');
  }
  await a.silence();
});

test('PRES-6: 10 and "10" are one user, sent as a string', async () => {
  await using server = await startServer();
  const a = await member(server, '1');
  const b = await server.connect();
  join(server, b, '{"user_id":10}');
  expect(presenceOf(succeeded(await b.next())).ids).toEqual(['1', '10']);
  expect(await a.nextText()).toContain('\\"user_id\\":\\"10\\"');
  const c = await server.connect();
  join(server, c, '{"user_id":"10"}');
  expect(presenceOf(succeeded(await c.next())).count).toBe(2);
  await a.silence();
});

test('PRES-6: large numeric ids are not rounded into one another', async () => {
  await using server = await startServer();
  const [a, b] = [await server.connect(), await server.connect()];
  join(server, a, '{"user_id":9007199254740993}');
  succeeded(await a.next());
  join(server, b, '{"user_id":9007199254740992}');
  expect(presenceOf(succeeded(await b.next())).ids).toEqual(['9007199254740993', '9007199254740992']);
});

test('PRES-6: a user id that is missing, empty, of another type or over 128 characters is refused', async () => {
  await using server = await startServer();
  const wire = await server.connect();
  const wrong = [
    '{}',
    '{"user_id":""}',
    '{"user_id":null}',
    '{"user_id":{}}',
    '{"user_id":[1]}',
    '{"user_id":true}',
    `{"user_id":"${'x'.repeat(129)}"}`,
    '{"user_id":"a\\u0000b"}',
    '[]',
    '"1"',
    '1',
    'null',
    'not json',
    '{"user_id":"1"',
    '{"__proto__":{"user_id":"1"}}',
  ];
  for (const channelData of wrong) {
    join(server, wire, channelData);
    await expectSubscribeRefused(wire, channel, '');
  }
  expect((await server.api.get(`/channels/${channel}`)).json()).toEqual({ occupied: false });
  join(server, wire, `{"user_id":"${'x'.repeat(128)}"}`);
  succeeded(await wire.next());
});

test('PRES-7: user_info may be missing or null, must be an object, and at most 1024 bytes', async () => {
  await using server = await startServer();
  const wire = await server.connect();
  for (const info of ['"text"', '1', '[]', 'true', '""']) {
    join(server, wire, `{"user_id":"1","user_info":${info}}`);
    await expectSubscribeRefused(wire, channel, 'user_info supplied to presence subscription is invalid');
  }
  // {"n":"…"} is 8 bytes and the text; é is two.
  join(server, wire, `{"user_id":"1","user_info":{"n":"${'é'.repeat(508)}x"}}`);
  await expectSubscribeRefused(wire, channel, 'user_info');
  for (const info of [`{"n":"${'é'.repeat(508)}"}`, '{}', 'null']) {
    join(server, wire, `{"user_id":"1","user_info":${info}}`);
    const { hash } = presenceOf(succeeded(await wire.next()));
    expect(hash).toEqual({ 1: JSON.parse(info) ?? {} });
    wire.unsubscribe(channel);
  }
});

test('PRES-8: without channel_data the sign-in says who joins, and without a sign-in nobody does', async () => {
  await using server = await startServer();
  const wire = await server.connect();
  const subscribe = () => wire.subscribe(channel, server.channelAuth(wire, channel));
  wire.send({ event: 'pusher:subscribe', data: { channel, auth: server.channelAuth(wire, channel) } });
  await expectSubscribeRefused(wire, channel, 'channel_data');
  await server.signIn(wire, { id: 'u1', user_info: { name: 'U' } });
  expect(presenceOf(succeeded(await subscribe()))).toEqual({
    ids: ['u1'],
    hash: { u1: { name: 'U' } },
    count: 1,
  });
});

test('PRES-7, PRES-8: what a sign-in brings into a channel has the same limits', async () => {
  await using server = await startServer();
  for (const info of [{ n: 'x'.repeat(1_017) }, { n: 'x'.repeat(100_000) }]) {
    const wire = await server.connect();
    await server.signIn(wire, { id: 'u1', user_info: info });
    wire.send({ event: 'pusher:subscribe', data: { channel, auth: server.channelAuth(wire, channel) } });
    await expectSubscribeRefused(wire, channel, 'user_info');
    // Signing in with it was in order, and so is joining with other data.
    await server.joinPresence(wire, channel, 'u1');
    await wire.close();
  }
  const wire = await server.connect();
  await server.signIn(wire, { id: 'u1', user_info: { n: 'x'.repeat(1_016) } });
  succeeded(await wire.subscribe(channel, server.channelAuth(wire, channel)));
});

test('PRES-8: channel_data wins over the sign-in', async () => {
  await using server = await startServer();
  const wire = await server.connect();
  await server.signIn(wire, { id: 'u1', user_info: { name: 'U' } });
  expect((await server.joinPresence(wire, channel, 'other')).hash).toEqual({ other: {} });
});

test('PRES-8: pusher-js that signs in joins presence channels as its user', async () => {
  await using server = await startServer();
  const endpoint = new AuthEndpoint(server, publisher(server));
  endpoint.user = { id: 'u1', user_info: { name: 'U' } };
  const client = pusherJs(server, {
    ...endpoint.options(),
    channelAuthorization: {
      endpoint: '',
      transport: 'ajax',
      customHandler: ({ socketId, channelName }, callback) => {
        callback(null, { auth: channelAuth(server.app, socketId, channelName) });
      },
    },
  });
  client.signin();
  const presence = client.subscribe(channel) as PresenceChannel;
  await new Recorder(presence).next('pusher:subscription_succeeded');
  expect(presence.members.me).toEqual({ id: 'u1', info: { name: 'U' } });
});

test('PRES-9: one member too many is refused, a further connection of a member is not', async () => {
  await using server = await startServer({ env: { EARSHOT_APP_PRESENCE_MEMBERS: '100' } });
  const wires: Wire[] = [];
  for (let i = 1; i <= 100; i++) wires.push(await member(server, String(i)));
  const late = await server.connect();
  join(server, late, '{"user_id":"101"}');
  await expectSubscribeRefused(late, channel, '100');
  await late.silence();
  const again = await server.connect();
  expect((await server.joinPresence(again, channel, '100')).count).toBe(100);
  // Nobody heard of 101; and one that leaves makes room.
  const first = wires[0] as Wire;
  await first.take(99);
  await first.silence();
  await (wires[1] as Wire).close();
  await expectRemoved(first, '2');
  expect((await server.joinPresence(late, channel, '101')).count).toBe(100);
});

test('PRES-10: the newest user_info is what later joiners see, and no event tells of it', async () => {
  await using server = await startServer();
  const a = await member(server, '1', { v: 1 });
  const a2 = await member(server, '1', { v: 2 });
  await a.silence();
  const b = await server.connect();
  expect((await server.joinPresence(b, channel, '2')).hash).toEqual({ 1: { v: 2 }, 2: {} });
  await a2.close();
  const c = await server.connect();
  expect((await server.joinPresence(c, channel, '3')).hash).toMatchObject({ 1: { v: 2 } });
});

test('PRES-11: members of two nodes are one list', async () => {
  const cluster = newCluster();
  await using one = await startServer({ cluster });
  await using two = await startServer({ cluster });
  const a = await member(one, '1', { n: 1 });
  const b = await two.connect();
  expect(await two.joinPresence(b, channel, '2', { n: 2 })).toEqual({
    ids: ['1', '2'],
    hash: { 1: { n: 1 }, 2: { n: 2 } },
    count: 2,
  });
  await expectAdded(a, '2', { n: 2 });
  // The user of node one comes to node two as well: nobody is told, and nobody when one of the two leaves.
  const a2 = await member(two, '1', { n: 1 });
  for (const wire of [a, b, a2]) await wire.silence();
  await a.close();
  await two.api.get('/channels');
  await b.silence();
  expect((await one.api.get(`/channels/${channel}/users`)).json()).toEqual({
    users: [{ id: '1' }, { id: '2' }],
  });
  await a2.close();
  await expectRemoved(b, '1');
  await b.silence();
});

test('PRES-11: a node that stops takes its members with it', async () => {
  const cluster = newCluster();
  await using one = await startServer({ cluster });
  const a = await member(one, '1');
  {
    await using two = await startServer({ cluster });
    await member(two, '2');
    await member(two, '1');
    await expectAdded(a, '2');
  }
  await expectRemoved(a, '2');
  await a.silence();
});

test('PRES-12: many who join and leave at once end in the true list for everyone', async () => {
  const cluster = newCluster();
  await using one = await startServer({ cluster });
  await using two = await startServer({ cluster });
  const watcher = await member(one, 'watcher');
  const users = 120;
  const wires = await Promise.all(
    Array.from({ length: users }, (_, i) => (i % 2 === 0 ? one : two).connect()),
  );
  const joined = await Promise.all(
    wires.map((wire, i) => (i % 2 === 0 ? one : two).joinPresence(wire, channel, `u${i}`)),
  );
  await Promise.all(wires.filter((_, i) => i % 3 === 0).map((wire) => wire.close()));
  const stayed = wires
    .map((wire, i) => ({ wire, id: `u${i}`, first: joined[i] }))
    .filter((_, i) => i % 3 !== 0);
  const truth = ['watcher', ...stayed.map(({ id }) => id)].sort();

  /** What a client believes after its success and all that followed. */
  const follow = (first: Presence, wire: Wire): string[] => {
    const ids = new Set(first.ids);
    for (const message of wire.messages) {
      if (message.event === 'pusher_internal:member_added') {
        const { user_id: id } = dataOf(message) as { user_id: string };
        if (ids.has(id)) throw new Error(`${id} was added twice`);
        ids.add(id);
      } else if (message.event === 'pusher_internal:member_removed') {
        const { user_id: id } = dataOf(message) as { user_id: string };
        if (!ids.delete(id)) throw new Error(`${id} was removed but not there`);
      }
    }
    return [...ids].sort();
  };
  /** Both servers have seen every close once the API says so. */
  const deadline = performance.now() + patienceMs;
  while (performance.now() < deadline) {
    const { users: listed } = (await one.api.get(`/channels/${channel}/users`)).json<{ users: unknown[] }>();
    if (listed.length === truth.length) break;
    await Bun.sleep(10);
  }
  // Over a broker the API may know it before the clients do.
  const believed = async (first: Presence, wire: Wire) => {
    while (follow(first, wire).length !== truth.length && performance.now() < deadline) await Bun.sleep(10);
    wire.send({ event: 'pusher:ping' });
    await wire.until('pusher:pong');
    return follow(first, wire);
  };
  for (const { wire, first } of stayed) expect(await believed(first as Presence, wire)).toEqual(truth);
  expect(await believed({ ids: ['watcher'], hash: {}, count: 1 }, watcher)).toEqual(truth);
});
