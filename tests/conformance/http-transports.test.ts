import { expect, test } from 'bun:test';
import { ManualClock } from '@earshot/base';
import type { Options } from 'pusher-js';
import { channelAuth } from '../support/api.ts';
import { pusherJs, Recorder, reaches } from '../support/clients.ts';
import { prelude, query, Reading, Session } from '../support/http-session.ts';
import { transport } from '../support/http-wire.ts';
import { startServer, vectorApp } from '../support/server.ts';

// What is between the lines that every transport shares: literal bytes and statuses. Runs once, over plain requests.
const once = transport === 'websocket';
const httpTest = (title: string, body: () => Promise<void>) => {
  if (once) test(title, body);
};

const greeting =
  /^o\na\["\{\\"event\\":\\"pusher:connection_established\\",\\"data\\":\\"\{\\\\\\"socket_id\\\\\\":\\\\\\"\d+\.\d+\\\\\\",\\\\\\"activity_timeout\\\\\\":120\}\\"\}"\]\n$/;

httpTest('HTTP-2: the first poll opens the session and greets, byte for byte', async () => {
  await using server = await startServer();
  expect(await new Session(server).poll()).toMatch(greeting);
});

httpTest(
  'HTTP-2: a stream begins with its prelude, and what comes after is flushed frame by frame',
  async () => {
    await using server = await startServer();
    const session = new Session(server);
    const stream = new Reading(await session.receive('xhr_streaming'));
    await stream.until('connection_established');
    expect(stream.text.slice(0, prelude.length)).toBe(prelude);
    expect(stream.text.slice(prelude.length)).toMatch(greeting);
    expect(await session.subscribe('news')).toBe(204);
    await stream.until('subscription_succeeded');
    const before = stream.text.length;
    await server.api.publish('news', 'e', '"a\nb"');
    await stream.until('\\"e\\"');
    expect(stream.text.slice(before)).toBe(
      'a["{\\"event\\":\\"e\\",\\"channel\\":\\"news\\",\\"data\\":\\"\\\\\\"a\\\\nb\\\\\\"\\"}"]\n',
    );
  },
);

httpTest('HTTP-1: other methods and paths are not a session’s', async () => {
  await using server = await startServer();
  const base = `${server.origin}/pusher/app/${vectorApp.key}`;
  expect((await fetch(`${base}/1/abcd0123/xhr${query}`)).status).toBe(405);
  for (const path of [
    '/1000/abcd0123/xhr',
    '/1/abcd012/xhr',
    '/1/abcd012z/xhr',
    '/1/abcd0123/eventsource',
    '/info',
  ]) {
    expect((await fetch(base + path, { method: 'POST' })).status).toBe(404);
  }
});

httpTest('HTTP-1: the same numbers under another key are another session', async () => {
  await using server = await startServer();
  const other = await server.createApp('Other');
  const mine = new Session(server);
  await mine.poll();
  await mine.subscribe('news');
  await mine.poll();
  const theirs = new Session(server, mine.id, { key: other.key });
  expect(await theirs.subscribe('news')).toBe(404);
  expect(await theirs.poll()).toMatch(greeting);
  await server.api.publish('news', 'e', 'mine');
  expect(await mine.poll()).toContain('mine');
});

httpTest('HTTP-1: a page of another origin cannot take over a session', async () => {
  await using server = await startServer();
  const mine = new Session(server, undefined, { headers: { Origin: 'https://a.example' } });
  await mine.poll();
  const theirs = new Session(server, mine.id, { headers: { Origin: 'https://b.example' } });
  expect((await theirs.receive('xhr')).status).toBe(404);
});

httpTest('HTTP-3: a refusal is o and c with status 200, on both', async () => {
  await using server = await startServer({ env: { EARSHOT_APP_ORIGINS: 'https://example.com' } });
  const unknown = new Session(server, undefined, { key: 'unknown' });
  expect(await unknown.poll()).toMatch(/^o\nc\[4001,"[^\n]*unknown[^\n]*"\]\n$/);
  const foreign = new Session(server, undefined, { headers: { Origin: 'https://evil.example' } });
  const response = await foreign.receive('xhr_streaming');
  expect(response.status).toBe(200);
  expect(await response.text()).toMatch(/^h{2048}\no\nc\[4009,"[^\n]*"\]\n$/);
});

httpTest('HTTP-3: a close comes after everything that was sent before it', async () => {
  await using server = await startServer();
  const session = new Session(server);
  await session.poll();
  await session.subscribe('news');
  await session.poll();
  await server.api.publish('news', 'e', 'last words');
  await server.update({ enabled: false });
  expect(await session.poll()).toMatch(/^a\[[^\n]*last words[^\n]*\]\nc\[4003,"[^\n]*"\]\n$/);
  expect(await session.subscribe('news')).toBe(404);
});

httpTest(
  'HTTP-4, HTTP-5: what comes between two polls is kept in order and comes with the next',
  async () => {
    await using server = await startServer({ httpGraceMs: 30_000 });
    const session = new Session(server);
    await session.poll();
    await session.subscribe('news');
    await session.poll();
    for (let n = 0; n < 50; n++) await server.api.publish('news', 'e', `n${n}`);
    const data: string[] = [];
    while (data.length < 50) {
      for (const frame of (await session.poll()).trimEnd().split('\n')) {
        for (const message of JSON.parse(frame.slice(1)) as string[]) data.push(JSON.parse(message).data);
      }
    }
    expect(data).toEqual(Array.from({ length: 50 }, (_, n) => `n${n}`));
  },
);

httpTest('HTTP-4: a quiet poll is held, then answered by h', async () => {
  const clock = new ManualClock();
  await using server = await startServer({ clock, httpGraceMs: 30_000 });
  const session = new Session(server);
  await session.poll();
  const answers: string[] = [];
  const poll = session.poll().then((text) => answers.push(text));
  // The server answers these long after it would have answered a poll that it does not hold.
  for (let n = 0; n < 20; n++) await server.api.raw('GET', '/healthz');
  expect(answers).toEqual([]);
  // One ping is due; another one only if the poll was not there yet, because the next would be the last.
  while (answers.length === 0) {
    clock.advance(25_000);
    await Promise.race([poll, Bun.sleep(10_000)]);
  }
  expect(answers).toEqual(['h\n']);
  const held = session.poll();
  await session.subscribe('x');
  expect(await held).toContain('subscription_succeeded');
});

httpTest('HTTP-5: a session that nobody fetches leaves its channels', async () => {
  await using server = await startServer();
  const session = new Session(server);
  const first = await session.poll();
  const socketId = /socket_id\\+":\\+"([\d.]+)/.exec(first)?.[1] ?? '';
  const data = '{"user_id":"ghost"}';
  const auth = channelAuth(vectorApp, socketId, 'presence-a', data);
  await session.say({ event: 'pusher:subscribe', data: { channel: 'presence-a', auth, channel_data: data } });
  const stays = await server.connect();
  await server.joinPresence(stays, 'presence-a', 'stays');
  expect((await stays.next('pusher_internal:member_removed')).data).toBe('{"user_id":"ghost"}');
  expect(await session.poll()).toMatch(/^o\n/); // a session of that name begins anew
});

httpTest('HTTP-5: beyond the bound the client is cut', async () => {
  await using server = await startServer({
    env: { EARSHOT_OUTBOX_BYTES: '1000000', EARSHOT_APP_PRESENCE_MEMBERS: '100' },
    httpGraceMs: 30_000,
  });
  const session = new Session(server);
  await session.poll();
  await session.subscribe('news');
  await session.poll();
  const large = 'x'.repeat(10_000);
  for (let n = 0; n < 120; n++) await server.api.publish('news', 'e', large);
  expect(await session.subscribe('more')).toBe(404);
});

httpTest('HTTP-6: the newest of two receivers wins, without o, and nothing is lost', async () => {
  await using server = await startServer();
  const session = new Session(server);
  const first = new Reading(await session.receive('xhr_streaming'));
  await first.until('connection_established');
  await session.subscribe('news');
  await first.until('subscription_succeeded');
  const second = new Reading(await session.receive('xhr_streaming'));
  expect(await first.end()).not.toContain('c[');
  await server.api.publish('news', 'e', 'to the second');
  await second.until('to the second');
  expect(second.text).toMatch(/^\na\[/);

  const third = session.poll();
  await second.end();
  const fourth = session.poll();
  expect(await third).toBe('');
  await server.api.publish('news', 'e', 'once');
  expect(await fourth).toMatch(/^a\["[^\n]*once[^\n]*"\]\n$/);
});

httpTest('HTTP-6: a stream that is long enough gets no more, and the next one has the rest', async () => {
  const clock = new ManualClock();
  await using server = await startServer({ clock });
  const session = new Session(server);
  const first = new Reading(await session.receive('xhr_streaming'));
  await first.until('connection_established');
  await session.subscribe('news');
  await first.until('subscription_succeeded');
  const large = 'ü'.repeat(5_000);
  const publish = async (name: string, data: string) => {
    await server.api.publish('news', name, data);
    clock.advance(20); // what waits to share a write is written
  };
  for (let n = 1; n <= 60; n++) await publish(`e${n}`, large);
  await publish('last', '');
  while (first.text.length <= 262_144) await server.api.raw('GET', '/healthz');
  const second = new Reading(await session.receive('xhr_streaming'));
  await second.until('\\"last\\"');
  expect(await first.end()).not.toContain('last');
  const events = [...(first.text + second.text).matchAll(/event\\":\\"(e\d+)\\"/g)].map(([, name]) => name);
  expect(events).toEqual(Array.from({ length: 60 }, (_, n) => `e${n + 1}`));

  // Who does not come for the rest gets it on the stream there is.
  for (let n = 1; n <= 60; n++) await publish('f', large);
  while (second.text.length <= 262_144) await server.api.raw('GET', '/healthz');
  const { length } = second.text;
  for (let n = 0; n < 20; n++) await server.api.raw('GET', '/healthz');
  expect(second.text).toHaveLength(length);
  clock.advance(29_000);
  await session.send('[]');
  clock.advance(2_000);
  await publish('g', 'last but one');
  await second.until('last but one');
  expect(second.text.match(/\\"f\\"/g)).toHaveLength(60);
});

httpTest('HTTP-7: an empty send is answered by a[], never by h', async () => {
  const clock = new ManualClock();
  await using server = await startServer({ clock });
  const session = new Session(server);
  const stream = new Reading(await session.receive('xhr_streaming'));
  await stream.until('connection_established');
  const start = stream.text.length;
  expect(await session.send('[]')).toBe(204);
  await stream.until('a[]\n');
  expect(stream.text.slice(start)).toBe('a[]\n');
  // Quiet streams get an h, and one that answers stays.
  for (let round = 0; round < 3; round++) {
    clock.advance(28_000);
    await stream.until(new RegExp(`(h\\n(a\\[\\]\\n)?){${round + 1}}$`));
    expect(await session.send('[]')).toBe(204);
    await stream.until(/a\[\]\n$/);
  }
});

httpTest('HTTP-7: a mute stream is closed with 4201', async () => {
  const clock = new ManualClock();
  await using server = await startServer({ clock });
  const stream = new Reading(await new Session(server).receive('xhr_streaming'));
  await stream.until('connection_established');
  clock.advance(28_000);
  await stream.until(/\]\nh\n$/);
  clock.advance(35_000);
  expect(await stream.end()).toMatch(/c\[4201,"[^\n]*"\]\n$/);
});

httpTest('HTTP-8: several messages in one send; anything else is refused', async () => {
  await using server = await startServer({ httpGraceMs: 30_000 });
  const session = new Session(server);
  expect(await session.subscribe('news')).toBe(404);
  await session.poll();
  const subscribe = (channel: string) => JSON.stringify({ event: 'pusher:subscribe', data: { channel } });
  expect(await session.send(JSON.stringify([subscribe('a'), subscribe('b')]))).toBe(204);
  let answers = await session.poll();
  // A worker of several asks the supervisor before it answers each.
  while ((answers.match(/subscription_succeeded/g)?.length ?? 0) < 2) answers += await session.poll();
  for (const body of ['', '{}', '[1]', '["a"', 'null', '"a"']) expect(await session.send(body)).toBe(400);
  expect(await session.send(JSON.stringify(['x'.repeat(200_000)]))).toBe(413);
  expect(await session.send(`["${'x'.repeat(1_000_000)}"]`)).toBe(413);
  expect(await session.subscribe('c')).toBe(204);
});

httpTest('HTTP-8: an address that asks for too many sessions that are not there has to wait', async () => {
  await using server = await startServer();
  const guesses = await Promise.all(Array.from({ length: 310 }, () => new Session(server).send('[]')));
  expect(new Set(guesses)).toContain(404);
  expect(await new Session(server).send('[]')).toBe(429);
  expect(await new Session(server).poll()).toMatch(greeting); // clients that begin are not concerned
});

httpTest('HTTP-9: every page may ask, and nothing on the way may keep or hold back', async () => {
  await using server = await startServer();
  const session = `${server.origin}/pusher/app/${vectorApp.key}/7/abcd0123`;
  const preflight = await fetch(`${session}/xhr_send?t=1`, {
    method: 'OPTIONS',
    headers: { Origin: 'https://example.com', 'Access-Control-Request-Headers': 'content-type' },
  });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get('access-control-allow-headers')).toBe('content-type');
  expect(preflight.headers.get('access-control-allow-methods')).toBe('POST, OPTIONS');
  const response = await fetch(`${session}/xhr${query}`, {
    method: 'POST',
    headers: { 'Accept-Encoding': 'gzip, br' },
  });
  expect(response.headers.get('access-control-allow-origin')).toBe('*');
  expect(response.headers.get('access-control-allow-credentials')).toBeNull();
  expect(response.headers.get('content-type')).toBe('application/javascript; charset=UTF-8');
  expect(response.headers.get('content-encoding')).toBeNull();
  expect(response.headers.get('cache-control')).toContain('no-store');
  expect(response.headers.get('x-accel-buffering')).toBe('no');
  await response.text();
});

httpTest(
  'HTTP-11: members by stream, by poll, by event stream and by WebSocket meet in one channel',
  async () => {
    await using server = await startServer();
    const socket = await server.connect();
    await server.joinPresence(socket, 'presence-a', 'socket');
    const session = new Session(server);
    const stream = new Reading(await session.receive('xhr_streaming'));
    const socketId = /socket_id\\+":\\+"([\d.]+)/.exec(await stream.until('activity_timeout'))?.[1] ?? '';
    const data = '{"user_id":"stream"}';
    const auth = channelAuth(vectorApp, socketId, 'presence-a', data);
    await session.say({
      event: 'pusher:subscribe',
      data: { channel: 'presence-a', auth, channel_data: data },
    });
    await stream.until('subscription_succeeded');
    expect(stream.text).toContain('socket');
    expect((await socket.next()).data).toContain('"user_id":"stream"');
    await session.say({ event: 'client-x', channel: 'presence-a', data: 'hello' });
    expect(await socket.next()).toEqual({
      event: 'client-x',
      channel: 'presence-a',
      data: 'hello',
      user_id: 'stream',
    });
    socket.send({ event: 'client-y', channel: 'presence-a', data: 'hello too' });
    await stream.until('hello too');
  },
);

for (const name of ['xhr_streaming', 'xhr_polling'] as const) {
  httpTest(`HTTP-10: stock pusher-js works by ${name} alone`, async () => {
    await using server = await startServer();
    const options: Partial<Options> = {
      enabledTransports: [name],
      channelAuthorization: {
        endpoint: '',
        transport: 'ajax',
        customHandler: ({ socketId, channelName }, callback) =>
          callback(null, { auth: channelAuth(vectorApp, socketId, channelName) }),
      },
    };
    const [one, two] = [pusherJs(server, options), pusherJs(server, options)];
    await Promise.all([reaches(one, 'connected'), reaches(two, 'connected')]);
    const heard = new Recorder(two.subscribe('news'));
    const talk = one.subscribe('private-talk');
    const talkHeard = new Recorder(two.subscribe('private-talk'));
    await Promise.all([
      heard.next('pusher:subscription_succeeded'),
      talkHeard.next('pusher:subscription_succeeded'),
      new Recorder(talk).next('pusher:subscription_succeeded'),
    ]);
    await server.api.publish('news', 'e', '{"n":1}');
    expect(await heard.data('e')).toEqual({ n: 1 });
    talk.trigger('client-wave', { from: 'one' });
    expect(await talkHeard.data('client-wave')).toEqual({ from: 'one' });
  });
}
