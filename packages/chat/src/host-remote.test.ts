import { expect, test } from 'bun:test';
import { hmac } from '../../../tests/support/api.ts';
import { type StartOptions, startServer, type TestServer } from '../../../tests/support/server.ts';
import { HostError } from './host.ts';
import { createRemoteHost, type RemoteHost } from './host-remote.ts';

function hostOf({ app, host, port }: TestServer, secret: string = app.secret): RemoteHost {
  return createRemoteHost({ appId: app.id, key: app.key, secret, host, port, tls: false });
}

async function start(options: StartOptions = {}) {
  const server = await startServer(options);
  return {
    server,
    host: hostOf(server),
    app: server.app.id,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function failure(work: Promise<unknown>): Promise<HostError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof HostError) return error;
    throw error;
  }
  throw new Error('expected a refusal');
}

test('events of a channel arrive in the order of calls, however many channels each has', async () => {
  await using it = await start();
  const wire = await it.server.connect();
  const channels = Array.from({ length: 250 }, (_, n) => `room-${n}`);
  await it.server.join(wire, 'room-7');
  const published = [];
  for (let n = 0; n < 30; n++) {
    published.push(it.host.publish(it.app, n % 3 === 0 ? channels : ['room-7'], 'e', { n }));
  }
  await Promise.all(published);
  for (let n = 0; n < 30; n++) expect(await wire.next('e')).toMatchObject({ data: `{"n":${n}}` });
});

test('its signatures are accepted, and a session that is ended loses its sockets', async () => {
  await using it = await start();
  const wire = await it.server.connect();
  const user = it.host.authoriseUser(it.app, wire.socketId, 'session-1');
  wire.send({ event: 'pusher:signin', data: user });
  await wire.next('pusher:signin_success');
  const data = JSON.stringify({ user_id: 'u1', user_info: { name: 'Ä "quoted"' } });
  for (const [channel, channelData] of [
    ['private-x', null],
    ['presence-x', data],
  ] as const) {
    const signed = it.host.authoriseChannel(it.app, wire.socketId, channel, channelData);
    wire.send({ event: 'pusher:subscribe', data: { channel, ...signed } });
    await wire.next('pusher_internal:subscription_succeeded');
  }
  expect([...(await it.host.occupied(it.app, 'presence-'))]).toEqual(['presence-x']);
  expect(await it.host.count(it.app, 'private-x')).toEqual({ subscriptions: 1, users: 0 });
  expect(await it.host.count(it.app, 'presence-room-none')).toEqual({ subscriptions: 0, users: 0 });
  await it.host.terminate(it.app, 'session-1');
  expect((await wire.closed).code).toBe(4009);
});

test('a refusal says whether it is for good, and never the address or the secret', async () => {
  await using it = await start({ env: { EARSHOT_APP_EVENT_BYTES: '100' } });
  const large = await failure(it.host.publish(it.app, ['x'], 'e', { text: 'y'.repeat(200) }));
  expect(large.forGood).toBe(true);
  const wrong = await failure(hostOf(it.server, 'not-the-secret').publish(it.app, ['x'], 'e', {}));
  const gone = createRemoteHost({
    appId: '1',
    key: 'k',
    secret: 's3cret',
    host: '127.0.0.1',
    port: 1,
    tls: false,
  });
  const away = await failure(gone.publish('1', ['x'], 'e', {}));
  expect(away.forGood).toBe(false);
  for (const error of [large, wrong, away]) {
    const said = `${error.message} ${error.stack} ${JSON.stringify(error)} ${error.cause}`;
    expect(said).not.toMatch(/auth_signature|s3cret|not-the-secret/);
  }
});

test('a webhook counts only when the app has signed it', async () => {
  await using it = await start();
  const { key, secret } = it.server.app;
  const body = JSON.stringify({
    time_ms: 1,
    events: [
      { name: 'channel_occupied', channel: 'private-user-x' },
      { name: 'member_added', channel: 'presence-room-x', user_id: 'u1' },
      { name: 'client_event', channel: 'private-x', event: 'client-a', data: 'text' },
      { name: 'something_new', channel: 'x' },
    ],
  });
  const headers = (more: Record<string, string> = {}) =>
    new Headers({
      'Content-Type': 'application/json',
      'X-Pusher-Key': key,
      'X-Pusher-Signature': hmac(secret, body),
      ...more,
    });
  expect(it.host.facts(headers(), body)).toEqual([
    { type: 'channel_occupied', appId: it.app, channel: 'private-user-x' },
    { type: 'member_added', appId: it.app, channel: 'presence-room-x', userId: 'u1' },
  ]);
  const refused: [Headers, string][] = [
    [headers({ 'X-Pusher-Signature': hmac('wrong', body) }), body],
    [headers({ 'X-Pusher-Signature': '' }), body],
    [headers({ 'X-Pusher-Key': 'other' }), body],
    [headers({ 'Content-Type': 'text/plain' }), body],
    [headers(), `${body} `],
    [headers({ 'X-Pusher-Signature': hmac(secret, 'x') }), 'x'],
    [new Headers(), body],
  ];
  for (const [given, text] of refused) expect(it.host.facts(given, text)).toBeNull();
  const odd = JSON.stringify({ time_ms: 1, events: [null, 5, { name: 'channel_occupied' }] });
  expect(it.host.facts(headers({ 'X-Pusher-Signature': hmac(secret, odd) }), odd)).toEqual([]);
  const none = JSON.stringify({ time_ms: 1 });
  expect(it.host.facts(headers({ 'X-Pusher-Signature': hmac(secret, none) }), none)).toEqual([]);
});
