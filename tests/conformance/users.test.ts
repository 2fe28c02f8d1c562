import { expect, test } from 'bun:test';
import { ManualClock } from '@earshot/base';
import { hmac, userAuth } from '../support/api.ts';
import { AuthEndpoint, publisher, pusherJs, Recorder, reaches } from '../support/clients.ts';
import { expectRefused, expectSubscribeRefused } from '../support/refusals.ts';
import { dataOf, newCluster, startServer, succeeded, type TestServer, vectorApp } from '../support/server.ts';
import type { Wire } from '../support/wire.ts';

/** A connection signed in as `id`, its answers taken. */
async function user(server: TestServer, id: string, more: Record<string, unknown> = {}): Promise<Wire> {
  const wire = await server.connect();
  expect((await server.signIn(wire, { id, ...more })).event).toBe('pusher:signin_success');
  return wire;
}

function signIn(wire: Wire, userData: unknown, auth: unknown): void {
  wire.send({ event: 'pusher:signin', data: { auth, user_data: userData } });
}

test('USER-1: the success gives user_data back verbatim', async () => {
  await using server = await startServer();
  const spellings = [
    '{"id":"u1"}',
    '{"id": "u1", "user_info": {"n": "\\u00e9\\/"}}',
    ' {"watchlist":[],"id":"u1"}\n',
    '{"id":"é\\"","__proto__":{}}',
  ];
  for (const userData of spellings) {
    const wire = await server.connect();
    const success = await server.signIn(wire, userData);
    expect(Object.keys(success)).toEqual(['event', 'data']);
    expect(success.event).toBe('pusher:signin_success');
    expect(dataOf(success)).toEqual({ user_data: userData });
    await wire.silence();
  }
});

test('USER-1: the vectors of the libraries verify', () => {
  const vectors: [socketId: string, userData: string, hex: string][] = [
    ['1234.1234', '{"id":"12345"}', '4708d583dada6a56435fb8bc611c77c359a31eebde13337c16ab43aa6de336ba'],
    [
      '1.2',
      String.raw`{"id":"u1","n":"\u00e9\/"}`,
      'b8edec7a48ffe8ae7f208be3185ff3d776748ec41e7eb304dcd6bb8b09516634',
    ],
    [
      '1.2',
      String.raw`{"id": "u1", "n": "\u00e9/"}`,
      '2b663a9b97646562715fe2e27676d3f25acda77d7337aaf89fd2aa1f7d950021',
    ],
    ['1.2', '{"id":"u1","n":"é/"}', 'f20d71ddb889a9b68db4baf37bbcc565d80d11fb64d8be19bae529e37a028da9'],
  ];
  for (const [socketId, userData, hex] of vectors) {
    expect(userAuth(vectorApp, socketId, userData)).toBe(`${vectorApp.key}:${hex}`);
  }
});

test('USER-1: pusher-js signs in through its endpoint', async () => {
  await using server = await startServer();
  const endpoint = new AuthEndpoint(server, publisher(server));
  endpoint.user = { id: 'u1', user_info: { name: 'Ü' } };
  const client = pusherJs(server, endpoint.options());
  client.signin();
  await client.user.signinDonePromise;
  expect(client.user.user_data).toEqual({ id: 'u1', user_info: { name: 'Ü' } });
  expect(endpoint.requests.map(({ path }) => path)).toEqual(['/pusher/user-auth']);
});

test('USER-2: wrong signatures and wrong user_data are refused', async () => {
  await using server = await startServer();
  const wire = await server.connect();
  const other = await server.connect();
  const good = '{"id":"u1"}';
  const right = userAuth(server.app, wire.socketId, good);
  const wrongAuths: [auth: unknown, text: string][] = [
    [undefined, 'auth'],
    ['', 'auth'],
    [1, 'auth'],
    [right.split(':')[1], 'Invalid key'],
    [`nobody:${right.split(':')[1]}`, 'Invalid key'],
    [`${server.app.key}:${'0'.repeat(64)}`, 'Invalid signature'],
    [userAuth(server.app, other.socketId, good), 'Invalid signature'],
    [userAuth(server.app, wire.socketId, '{"id":"u2"}'), 'Invalid signature'],
    // The form that a documentation page shows by mistake.
    [`${wire.socketId}::user::${good}`, ''],
    // What signs a channel signs no user.
    [`${server.app.key}:${hmac(server.app.secret, `${wire.socketId}:${good}`)}`, 'Invalid signature'],
  ];
  for (const [auth, text] of wrongAuths) {
    signIn(wire, good, auth);
    const told = await expectRefused(wire, text);
    // What the client itself sent may come back; what it would have had to send must not.
    const hex = right.split(':')[1] ?? '';
    if (!String(auth).includes(hex)) expect(told).not.toContain(hex);
  }
  const wrongData = [
    '{}',
    '{"id":""}',
    '{"id":7}',
    '{"id":null}',
    '{"id":["u1"]}',
    '[]',
    '"u1"',
    'null',
    'u1',
    '{"id":"u1"',
    `{"id":"${'x'.repeat(129)}"}`,
    '{"__proto__":{"id":"u1"}}',
  ];
  for (const userData of wrongData) {
    signIn(wire, userData, userAuth(server.app, wire.socketId, userData));
    await expectRefused(wire, '');
  }
  for (const userData of [undefined, '', 1, { id: 'u1' }]) {
    signIn(wire, userData, right);
    await expectRefused(wire, 'user_data');
  }
  await wire.silence();
  wire.send({ event: 'pusher:subscribe', data: { channel: '#server-to-user-u1' } });
  await expectSubscribeRefused(wire, '#server-to-user-u1', '');
  signIn(wire, good, right);
  await wire.next('pusher:signin_success');
});

test('USER-2: an id of 128 characters is taken', async () => {
  await using server = await startServer();
  await user(server, 'x'.repeat(128));
});

test('USER-3: the same id again succeeds, another is refused and the first stands', async () => {
  await using server = await startServer();
  const wire = await user(server, 'u1');
  expect(dataOf(await server.signIn(wire, '{"id":"u1","again":true}'))).toEqual({
    user_data: '{"id":"u1","again":true}',
  });
  const auth = userAuth(server.app, wire.socketId, '{"id":"u2"}');
  signIn(wire, '{"id":"u2"}', auth);
  await expectRefused(wire, '');
  succeeded(await wire.subscribe('#server-to-user-u1'));
  wire.send({ event: 'pusher:subscribe', data: { channel: '#server-to-user-u2' } });
  await expectSubscribeRefused(wire, '#server-to-user-u2', '');
});

test('USER-4: refused when the app has switched it off', async () => {
  await using server = await startServer({ env: { EARSHOT_APP_USER_SIGN_IN: 'false' } });
  const wire = await server.connect();
  signIn(wire, '{"id":"u1"}', userAuth(server.app, wire.socketId, '{"id":"u1"}'));
  await expectRefused(wire, '');
  await wire.silence();
});

test('USER-5: a user’s channel is joined by that user without a signature, and by nobody else', async () => {
  await using server = await startServer();
  const mine = await user(server, 'u1');
  const success = succeeded(await mine.subscribe('#server-to-user-u1', ''));
  expect(success).toMatchObject({ channel: '#server-to-user-u1', data: '{}' });
  const others = [await user(server, 'u2'), await server.connect()];
  const member = await server.connect();
  await server.joinPresence(member, 'presence-a', 'u1');
  for (const wire of [...others, member]) {
    for (const auth of [undefined, server.channelAuth(wire, '#server-to-user-u1')]) {
      wire.send({ event: 'pusher:subscribe', data: { channel: '#server-to-user-u1', auth } });
      await expectSubscribeRefused(wire, '#server-to-user-u1', '');
    }
  }
  await server.api.publish('#server-to-user-u1', 'e', '1');
  expect(await mine.next()).toEqual({ event: 'e', channel: '#server-to-user-u1', data: '1' });
  for (const wire of [...others, member]) await wire.silence();
});

test('USER-5: odd but valid user ids', async () => {
  await using server = await startServer();
  for (const id of ['a@b', 'a b', 'ü/é', '__proto__', 'constructor', '1', '日本', '"']) {
    const wire = await user(server, id);
    succeeded(await wire.subscribe(`#server-to-user-${id}`));
    await server.api.publish(`#server-to-user-${id}`, 'e', '1');
    expect((await wire.next('e')).channel).toBe(`#server-to-user-${id}`);
  }
});

test('USER-5: no client events there', async () => {
  await using server = await startServer();
  const [a, b] = [await user(server, 'u1'), await user(server, 'u1')];
  for (const wire of [a, b]) succeeded(await wire.subscribe('#server-to-user-u1'));
  a.send({ event: 'client-x', channel: '#server-to-user-u1', data: 1 });
  await expectRefused(a, '');
  await b.silence();
});

test('USER-6: sendToUser of the pusher library reaches every connection of the user, on both nodes', async () => {
  const cluster = newCluster();
  await using one = await startServer({ cluster });
  await using two = await startServer({ cluster });
  const clients = [one, two].map((server) => {
    const endpoint = new AuthEndpoint(server, publisher(server));
    const client = pusherJs(server, endpoint.options());
    client.signin();
    return client;
  });
  const stranger = await user(one, 'u2');
  succeeded(await stranger.subscribe('#server-to-user-u2'));
  const seen = clients.map((client) => new Recorder(client.user));
  for (const client of clients) {
    await client.user.signinDonePromise;
    const channel = client.user.serverToUserChannel;
    if (!channel.subscribed) await new Recorder(channel).next('pusher:subscription_succeeded');
  }
  await publisher(one).sendToUser('u1', 'greeting', { hello: 'ü' });
  for (const recorder of seen) expect(await recorder.data('greeting')).toEqual({ hello: 'ü' });
  await stranger.silence();
});

test('USER-7: a user’s channel is in no list', async () => {
  await using server = await startServer();
  const wire = await user(server, 'u1');
  succeeded(await wire.subscribe('#server-to-user-u1'));
  await server.join(wire, 'news');
  for (const params of [{}, { info: 'subscription_count' }, { filter_by_prefix: '#' }]) {
    const { channels } = (await server.api.get('/channels', params)).json<{ channels: object }>();
    expect(Object.keys(channels)).toEqual('filter_by_prefix' in params ? [] : ['news']);
  }
});

test('USER-8: terminate closes every signed-in connection of the user on both nodes with 4009, and no other', async () => {
  const cluster = newCluster();
  await using one = await startServer({ cluster });
  await using two = await startServer({ cluster });
  const gone = [await user(one, 'u1'), await user(two, 'u1'), await user(one, 'u1')];
  const other = await user(two, 'u2');
  const member = await one.connect();
  await one.joinPresence(member, 'presence-a', 'u1');
  expect((await one.api.terminate('u1')).text).toBe('{}');
  for (const wire of gone) expect((await wire.closed).code).toBe(4009);
  await other.silence();
  await member.silence();
  // The user may come again.
  await user(one, 'u1');
});

test('USER-8: pusher-js does not come back after a terminate', async () => {
  await using server = await startServer();
  const endpoint = new AuthEndpoint(server, publisher(server));
  const client = pusherJs(server, endpoint.options());
  client.signin();
  await client.user.signinDonePromise;
  const answer = await publisher(server).terminateUserConnections('u1');
  expect(answer.status).toBe(200);
  await reaches(client, 'disconnected');
});

function expectStatus(message: { event: string; channel?: string; data?: unknown }, events: unknown[]): void {
  expect(message.event).toBe('pusher_internal:watchlist_events');
  expect(message.channel).toBeUndefined();
  expect(dataOf(message)).toEqual({ events });
}

test('WATCH-1: after the sign-in comes the state of all watched users, once', async () => {
  await using server = await startServer();
  await user(server, 'on1');
  await user(server, 'on2');
  const watchlist = ['on1', 'off1', 'on2', 'off2'];
  const wire = await user(server, 'me', { watchlist });
  expectStatus(await wire.next(), [
    { name: 'online', user_ids: ['on1', 'on2'] },
    { name: 'offline', user_ids: ['off1', 'off2'] },
  ]);
  await wire.silence();
});

test('WATCH-1: watching nobody sends nothing, watching oneself says online', async () => {
  await using server = await startServer();
  await (await user(server, 'a')).silence();
  await (await user(server, 'b', { watchlist: [] })).silence();
  const wire = await user(server, 'c', { watchlist: ['c'] });
  expectStatus(await wire.next(), [{ name: 'online', user_ids: ['c'] }]);
  await wire.silence();
});

test('WATCH-1: a watchlist that is no list of strings is refused', async () => {
  await using server = await startServer();
  for (const watchlist of ['u2', { 0: 'u2' }, [1], [['u2']], [null]]) {
    const wire = await server.connect();
    const userData = JSON.stringify({ id: 'u1', watchlist });
    signIn(wire, userData, userAuth(server.app, wire.socketId, userData));
    await expectRefused(wire, 'watchlist');
    await wire.silence();
  }
});

test('WATCH-2: online with the first connection, offline with the last, nothing between', async () => {
  const cluster = newCluster();
  await using one = await startServer({ cluster });
  await using two = await startServer({ cluster });
  const me = await user(one, 'me', { watchlist: ['u2'] });
  expectStatus(await me.next(), [{ name: 'offline', user_ids: ['u2'] }]);
  const first = await user(two, 'u2');
  expectStatus(await me.next(), [{ name: 'online', user_ids: ['u2'] }]);
  const second = await user(one, 'u2');
  const third = await user(two, 'u2');
  await me.silence();
  await first.close();
  await second.close();
  await me.silence();
  third.destroy('reset');
  expectStatus(await me.next(), [{ name: 'offline', user_ids: ['u2'] }]);
  // Presence alone is not being online.
  await one.joinPresence(await one.connect(), 'presence-a', 'u2');
  await me.silence();
});

test('WATCH-2: pusher-js raises online and offline', async () => {
  await using server = await startServer();
  const endpoint = new AuthEndpoint(server, publisher(server));
  endpoint.user = { id: 'me', watchlist: ['u2', 'u3'] };
  await user(server, 'u3');
  const client = pusherJs(server, endpoint.options());
  const watched = new Recorder(client.user.watchlist);
  client.signin();
  expect(await watched.next()).toEqual({ event: 'online', data: { name: 'online', user_ids: ['u3'] } });
  expect(await watched.next()).toEqual({ event: 'offline', data: { name: 'offline', user_ids: ['u2'] } });
  const wire = await user(server, 'u2');
  expect(await watched.data('online')).toEqual({ name: 'online', user_ids: ['u2'] });
  await wire.close();
  expect(await watched.data('offline')).toEqual({ name: 'offline', user_ids: ['u2'] });
});

test('WATCH-3: of 101 ids the first 100 are watched, and 4302 tells so', async () => {
  await using server = await startServer();
  const watchlist = Array.from({ length: 101 }, (_, i) => `w${i + 1}`);
  const wire = await user(server, 'me', { watchlist });
  expect(await expectRefused(wire, 'w100', 4302)).not.toContain('w101');
  expectStatus(await wire.next(), [{ name: 'offline', user_ids: watchlist.slice(0, 100) }]);
  await user(server, 'w101');
  await wire.silence();
  await user(server, 'w100');
  expectStatus(await wire.next(), [{ name: 'online', user_ids: ['w100'] }]);
});

test('WATCH-3: 100 ids are not too many', async () => {
  await using server = await startServer();
  const wire = await user(server, 'me', { watchlist: Array.from({ length: 100 }, (_, i) => `w${i}`) });
  await wire.next('pusher_internal:watchlist_events');
  await wire.silence();
});

test('WATCH-4: when the app has switched it off nothing is sent', async () => {
  await using server = await startServer({ env: { EARSHOT_APP_WATCHLIST: 'false' } });
  const wire = await user(server, 'me', { watchlist: ['u2'] });
  await user(server, 'u2');
  await wire.silence();
});

const authorised = { EARSHOT_APP_AUTHORISED_CONNECTIONS: 'true' };

test('AUTHC-1: an anonymous connection is closed after 30 s; signed-in and private ones stay', async () => {
  const clock = new ManualClock();
  // No pings within the test: they have rules of their own.
  await using server = await startServer({ clock, env: { ...authorised, EARSHOT_PING_SECONDS: '3600' } });
  const anonymous = await server.connect();
  await server.join(anonymous, 'news');
  const refused = await server.connect();
  refused.send({ event: 'pusher:subscribe', data: { channel: 'private-a', auth: 'wrong:auth' } });
  await refused.until('pusher:subscription_error');
  const signedIn = await user(server, 'u1');
  const [a, b, c] = [await server.connect(), await server.connect(), await server.connect()];
  await server.join(a, 'private-a');
  await server.join(b, 'private-encrypted-a');
  await server.joinPresence(c, 'presence-a', '1');
  clock.advance(29_000);
  for (const wire of [anonymous, refused, signedIn, a, b, c]) await wire.silence();
  clock.advance(1_000);
  for (const wire of [anonymous, refused]) {
    expect(await wire.closed).toEqual({ code: 4009, reason: 'Connection not authorized within timeout' });
  }
  for (const wire of [signedIn, a, b, c]) await wire.silence();
  // Leaving the channel later does not start it anew.
  a.unsubscribe('private-a');
  clock.advance(60_000);
  await a.silence();
});

test('AUTHC-1: off by default', async () => {
  const clock = new ManualClock();
  await using server = await startServer({ clock, env: { EARSHOT_PING_SECONDS: '3600' } });
  const wire = await server.connect();
  clock.advance(60_000);
  await wire.silence();
});

test('AUTHC-2: a connection counts against the quota from when it is authorised', async () => {
  const clock = new ManualClock();
  await using server = await startServer({ clock, env: { ...authorised, EARSHOT_APP_CONNECTIONS: '1' } });
  const wires = [await server.connect(), await server.connect(), await server.connect()];
  const [first, second, third] = wires as [Wire, Wire, Wire];
  await server.signIn(first, { id: 'u1' });
  await server.join(third, 'news');
  second.send({
    event: 'pusher:subscribe',
    data: { channel: 'private-a', auth: server.channelAuth(second, 'private-a') },
  });
  expect((await second.closed).code).toBe(4004);
  await first.silence();
  await third.silence();
  await server.connect();
});

test('USER-9: channels that are for signed-in connections are refused to others', async () => {
  await using server = await startServer({
    env: { EARSHOT_APP_SIGNED_IN_PREFIXES: 'private-board-,presence-board-' },
  });
  const wire = await server.connect();
  const chatChannel = 'private-room-AAAAAAAAAAAAAAAAAAAAAA';
  for (const channel of ['private-board-1', chatChannel]) {
    wire.send({ event: 'pusher:subscribe', data: { channel, auth: server.channelAuth(wire, channel) } });
    expect((await wire.next('pusher:error')).data).toMatchObject({
      message: `Sign in (pusher:signin) before subscribing to ${channel}`,
    });
    await wire.next('pusher:subscription_error');
  }
  await server.join(wire, 'private-other');
  await server.join(wire, 'private-room-5');
  await server.signIn(wire, { id: 'u1' });
  for (const channel of ['private-board-1', chatChannel]) await server.join(wire, channel);
  await server.joinPresence(wire, 'presence-board-1', 'u1');
  await server.api.terminate('u1');
  expect((await wire.closed).code).toBe(4009);
});
