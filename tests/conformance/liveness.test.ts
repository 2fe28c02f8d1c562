import { expect, test } from 'bun:test';
import { ManualClock } from '@earshot/base';
import { pusherJs, Recorder, reaches } from '../support/clients.ts';
import { webSocketTest } from '../support/http-wire.ts';
import { dataOf, startServer } from '../support/server.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { opcodes, type Wire } from '../support/wire.ts';

// EARSHOT_PING_SECONDS is 25 here. The server looks at its connections once a second, so a limit may be noticed up to
// a second or two after it: tests step just below a limit, and well past it.
const pingMs = 25_000;
const pongMs = 30_000;
const slackMs = 3_000;

test('LIVE-1: pusher:ping is answered by pusher:pong with data "{}"', async () => {
  await using server = await startServer();
  const wire = await server.connect();
  for (const ping of [
    '{"event":"pusher:ping","data":{}}',
    '{"event":"pusher:ping"}',
    '{"event":"pusher:ping","data":"{}"}',
  ]) {
    wire.sendText(ping);
    expect(await wire.nextText()).toBe('{"event":"pusher:pong","data":"{}"}');
  }
});

webSocketTest('LIVE-2: a ping frame is answered by a pong frame with its payload', async () => {
  await using server = await startServer();
  const wire = await server.connect();
  for (const payload of ['', 'x', 'y'.repeat(125)]) expect(await wire.ping(payload)).toBe(payload);
  await wire.silence();
});

webSocketTest('LIVE-3: a silent connection is pinged after 25 s, and one that answers stays', async () => {
  const clock = new ManualClock();
  await using server = await startServer({ clock });
  const wire = await server.connect();
  for (let i = 0; i < 3; i++) {
    clock.advance(pingMs - slackMs);
    await wire.ping('');
    expect(wire.pings).toEqual([]);
    clock.advance(pingMs + slackMs);
    await wire.nextPing();
    // The answer to the ping is under way; a frame behind it proves that it has arrived.
    await wire.silence();
  }
});

webSocketTest('LIVE-3: pusher:pong, a pong frame and any message count as life', async () => {
  const clock = new ManualClock();
  await using server = await startServer({ clock });
  const [wire, other] = [await server.connect(), await server.connect()];
  wire.answersPings = false;
  const lives: ((wire: Wire) => void)[] = [
    () => wire.send({ event: 'pusher:pong', data: {} }),
    () => wire.sendFrame(opcodes.pong, Buffer.from('')),
    () => wire.sendFrame(opcodes.ping, Buffer.from('')),
    () => wire.sendFrame(opcodes.binary, Buffer.from('x')),
    () => wire.sendText('not even JSON'),
    () => wire.send({ event: 'pusher:ping' }),
  ];
  // Two rounds of each: if the first did not count, the second would find the connection closed.
  for (const live of lives.flatMap((way) => [way, way])) {
    clock.advance(pingMs + slackMs);
    await wire.nextPing();
    live(wire);
    // It has no answer of its own; it has been read when a later message of another connection has been answered.
    await other.silence();
  }
  wire.send({ event: 'pusher:ping' });
  await wire.until('pusher:pong');
});

webSocketTest('LIVE-3: what the server sends does not count as life', async () => {
  const clock = new ManualClock();
  await using server = await startServer({ clock });
  const wire = await server.connect();
  wire.answersPings = false;
  await server.join(wire, 'news');
  for (let i = 0; i < 12; i++) {
    await server.api.publish('news', 'e', String(i));
    clock.advance(5_000);
  }
  expect(wire.closed).resolves.toMatchObject({ code: 4201 });
  expect((await wire.closed).code).toBe(4201);
  expect(wire.pings.length).toBe(1);
  expect(wire.messages.filter((message) => message.event === 'e').length).toBeGreaterThanOrEqual(11);
});

webSocketTest('LIVE-4, PRES-5: a mute connection is closed with 4201 and leaves its channels', async () => {
  const clock = new ManualClock();
  await using server = await startServer({ clock });
  const mute = await server.connect();
  const other = await server.connect();
  await server.joinPresence(other, 'presence-a', 'other');
  await server.joinPresence(mute, 'presence-a', 'mute');
  await other.next('pusher_internal:member_added');
  mute.answersPings = false;

  clock.advance(pingMs + slackMs);
  await mute.nextPing();
  await other.nextPing();
  await other.silence();
  clock.advance(pongMs - 2 * slackMs);
  await other.silence();
  clock.advance(3 * slackMs);
  expect((await mute.closed).code).toBe(4201);
  expect(dataOf(await other.next('pusher_internal:member_removed'))).toEqual({ user_id: 'mute' });
  await other.silence();
});

test('LIVE-1: pusher-js that is idle longer than its activity timeout pings and stays connected', async () => {
  await using server = await startServer();
  const client = pusherJs(server, { activityTimeout: 50, pongTimeout: 20_000 });
  const connection = new Recorder(client.connection);
  await reaches(client, 'connected');
  for (let pongs = 0; pongs < 3; ) {
    const { event } = (await connection.data('message')) as { event: string };
    if (event === 'pusher:pong') pongs++;
  }
  expect(client.connection.state).toBe('connected');
  expect(connection.seen.filter(({ event }) => event === 'state_change').length).toBeLessThanOrEqual(2);
});

test('LIVE-1: pusher-js connects again when the server stops answering', async () => {
  await using server = await startServer();
  await using proxy = await TcpProxy.to(server.port);
  const client = pusherJs(server, { wsPort: proxy.port, activityTimeout: 50, pongTimeout: 2_000 });
  await reaches(client, 'connected');
  proxy.freeze();
  await reaches(client, 'connecting');
  await reaches(client, 'connected');
  // More, if the machine itself took longer than that for an answer.
  expect(proxy.accepted).toBeGreaterThanOrEqual(2);
});
