import { describe, expect, test } from 'bun:test';
import { connect } from 'node:net';
import { ManualClock } from '@earshot/base';
import { channelAuth, userAuth } from '../support/api.ts';
import { chromiumPath, startBrowser } from '../support/browser.ts';
import { Reading } from '../support/http-session.ts';
import { transport } from '../support/http-wire.ts';
import { startServer, type TestServer, vectorApp } from '../support/server.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

// What is between the lines that every transport shares: literal bytes, statuses, resuming. Runs once, over plain requests.
const once = transport === 'websocket';
const absent = (_title: string, _body: () => void) => {};
const streamTest = (title: string, body: () => Promise<void>) => {
  if (once) test(title, body);
};

interface SessionEvent {
  socket_id: string;
  token: string;
  resumed: boolean;
  gap: boolean;
}

/** One stream and what it said. */
class Stream extends Reading {
  constructor(
    readonly response: Response,
    readonly abort: AbortController,
  ) {
    super(response);
  }

  async session(): Promise<SessionEvent> {
    const text = await this.until(/event: session\ndata: .*\n/);
    return JSON.parse(/event: session\ndata: (.*)\n/.exec(text)?.[1] ?? '');
  }

  /** Id of the last event that arrived whole, as `EventSource` keeps it. */
  get lastId(): string {
    const whole = this.text.slice(0, this.text.lastIndexOf('\n\n') + 2);
    return [...whole.matchAll(/^id: (.*)$/gm)].at(-1)?.[1] ?? '';
  }

  /** The data of events published under the name `e`, in order. */
  get published(): string[] {
    return [...this.text.matchAll(/^data: (\{"event":"e",.*)$/gm)].map(
      ([, json]) => JSON.parse(json ?? '').data,
    );
  }
}

async function openStream(
  server: TestServer,
  channels: readonly string[] = [],
  headers: Record<string, string> = {},
  key = vectorApp.key,
): Promise<Stream> {
  const abort = new AbortController();
  server.onStop(() => abort.abort());
  const query = channels.map((channel) => `channel=${encodeURIComponent(channel)}`).join('&');
  const response = await fetch(`${server.origin}/app/${key}/events?${query}`, {
    headers,
    signal: abort.signal,
  });
  return new Stream(response, abort);
}

async function post(
  server: TestServer,
  session: { socket_id: string; token: string },
  body: string | Blob | object,
  key = vectorApp.key,
): Promise<number> {
  const response = await fetch(`${server.origin}/app/${key}/events/${session.socket_id}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${session.token}` },
    body: typeof body === 'string' || body instanceof Blob ? body : JSON.stringify(body),
  });
  await response.text();
  return response.status;
}

streamTest('SSE-1: the stream, byte for byte', async () => {
  await using server = await startServer();
  const stream = await openStream(server, ['news', 'cache-a']);
  expect(stream.response.status).toBe(200);
  expect(stream.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  expect(stream.response.headers.get('access-control-allow-origin')).toBe('*');
  expect(stream.response.headers.get('cache-control')).toContain('no-store');
  await stream.until('cache_miss');
  await server.api.publish('news', 'e', 'one\ntwo "three" ü');
  await stream.until('three');
  await stream.until(/\n\n$/);
  const { socket_id, token } = await stream.session();
  const name = stream.lastId.split('.')[0];
  expect(token).toMatch(/^[\w-]{22}$/);
  expect(stream.text).toBe(
    'retry: 1000\n\n' +
      `event: session\ndata: {"socket_id":"${socket_id}","token":"${token}","resumed":false,"gap":false}\nid: ${name}.0000000000\n\n` +
      `data: {"event":"pusher:connection_established","data":"{\\"socket_id\\":\\"${socket_id}\\",\\"activity_timeout\\":120}"}\nid: ${name}.0000000001\n\n` +
      `data: {"event":"pusher_internal:subscription_succeeded","channel":"news","data":"{}"}\nid: ${name}.0000000002\n\n` +
      `data: {"event":"pusher_internal:subscription_succeeded","channel":"cache-a","data":"{}"}\nid: ${name}.0000000003\n\n` +
      `data: {"event":"pusher:cache_miss","channel":"cache-a","data":"{}"}\nid: ${name}.0000000004\n\n` +
      `data: {"event":"e","channel":"news","data":"one\\ntwo \\"three\\" ü"}\nid: ${name}.0000000005\n\n`,
  );
});

streamTest('SSE-1: the head is sent at once, with nothing to follow', async () => {
  await using server = await startServer();
  const socket = connect(server.port, '127.0.0.1');
  server.onStop(() => void socket.destroy());
  socket.write(`GET /app/${vectorApp.key}/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
  const first = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
  expect(first.toString()).toStartWith('HTTP/1.1 200 OK\r\n');
});

streamTest('SSE-1: a hundred channels, and not one more', async () => {
  await using server = await startServer();
  const channels = Array.from({ length: 101 }, (_, n) => `c${n}`);
  const refused = await openStream(server, channels);
  expect(refused.response.status).toBe(400);
  expect(await refused.end()).toContain('POST');
  const stream = await openStream(server, channels.slice(1));
  await stream.until('"channel":"c100"');
  expect(stream.text.match(/subscription_succeeded/g)).toHaveLength(100);
});

streamTest('SSE-1: other methods are refused, preflights answered', async () => {
  await using server = await startServer();
  const address = `${server.origin}/app/${vectorApp.key}/events`;
  expect((await fetch(address, { method: 'POST' })).status).toBe(405);
  expect((await fetch(`${address}/1.1`)).status).toBe(405);
  const preflight = await fetch(`${address}/1.1`, {
    method: 'OPTIONS',
    headers: { Origin: 'https://example.com', 'Access-Control-Request-Headers': 'authorization' },
  });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get('access-control-allow-headers')).toBe('authorization');
  expect(preflight.headers.get('access-control-allow-methods')).toBe('POST, OPTIONS');
});

streamTest('SSE-2: all that a WebSocket takes is taken by POST, and answered on the stream', async () => {
  await using server = await startServer();
  const socket = await server.connect();
  await server.joinPresence(socket, 'presence-a', 'socket');
  const stream = await openStream(server);
  const session = await stream.session();
  const data = '{"user_id":"stream"}';
  const auth = channelAuth(vectorApp, session.socket_id, 'presence-a', data);
  const subscribe = { event: 'pusher:subscribe', data: { channel: 'presence-a', auth, channel_data: data } };
  expect(await post(server, session, subscribe)).toBe(202);
  await stream.until('subscription_succeeded');
  expect((await socket.next()).event).toBe('pusher_internal:member_added');
  expect(await post(server, session, { event: 'client-x', channel: 'presence-a', data: 1 })).toBe(202);
  expect(await socket.next()).toEqual({
    event: 'client-x',
    channel: 'presence-a',
    data: 1,
    user_id: 'stream',
  });
  const user = '{"id":"stream"}';
  const signin = { auth: userAuth(vectorApp, session.socket_id, user), user_data: user };
  expect(await post(server, session, { event: 'pusher:signin', data: signin })).toBe(202);
  await stream.until('signin_success');
  expect(await post(server, session, 'nonsense')).toBe(202);
  await stream.until('pusher:error');
});

streamTest('SSE-2: nobody sends without the token, from another app, or what is no text', async () => {
  await using server = await startServer();
  const other = await server.createApp('Other');
  const stream = await openStream(server);
  const session = await stream.session();
  const ping = { event: 'pusher:ping', data: {} };
  for (const token of ['', 'x', session.token.slice(1), `${session.token}x`, 'ü'.repeat(11)]) {
    const response = await fetch(`${server.origin}/app/${vectorApp.key}/events/${session.socket_id}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${encodeURIComponent(token)}` },
      body: JSON.stringify(ping),
    });
    expect(response.status).toBe(401);
  }
  const bare = await fetch(`${server.origin}/app/${vectorApp.key}/events/${session.socket_id}`, {
    method: 'POST',
  });
  expect(bare.status).toBe(401);
  expect(await post(server, session, ping, other.key)).toBe(404);
  expect(await post(server, { ...session, socket_id: '1.1' }, ping)).toBe(404);
  expect(await post(server, session, new Blob([new Uint8Array([0x22, 0xff, 0x22])]))).toBe(400);
  expect(await post(server, session, 'x'.repeat(1_000_000))).toBe(413);
  expect(stream.text).not.toContain('pong');
  expect(await post(server, session, ping)).toBe(202);
  await stream.until('pusher:pong');
});

streamTest('SSE-2: a WebSocket is not sent to by this way', async () => {
  await using server = await startServer();
  const socket = await server.connect();
  expect(await post(server, { socket_id: socket.socketId, token: '' }, {})).toBe(404);
});

streamTest('SSE-3: no text of a publisher or of a client begins a line of its own', async () => {
  await using server = await startServer();
  const stream = await openStream(server);
  const session = await stream.session();
  const user = '{"id":"a",\n\n"x":"\\n"\r\r\n}';
  const signin = { auth: userAuth(vectorApp, session.socket_id, user), user_data: user };
  await post(server, session, { event: 'pusher:signin', data: signin });
  await post(server, session, { event: 'pusher:subscribe', data: { channel: 'news' } });
  await stream.until('"channel":"news"');
  await server.api.publish('news', 'e', 'one\n\nevent: close\ndata: {}\r\n\r\nid: 7\rthree');
  await stream.until('three');
  await stream.until(/\n\n$/);
  expect(stream.published).toEqual(['one\n\nevent: close\ndata: {}\r\n\r\nid: 7\rthree']);
  expect(stream.text.match(/^event: /gm)).toHaveLength(1);
  for (const line of stream.text.split('\n'))
    expect(line).toMatch(/^(|retry: 1000|event: session|data: .*|id: .*)$/);
});

streamTest('SSE-4: who comes back gets what was missed, once and in order', async () => {
  await using server = await startServer({ httpGraceMs: 30_000 });
  const first = await openStream(server, ['news']);
  const session = await first.session();
  await first.until('"channel":"news"');
  for (const n of ['1', '2', '3']) await server.api.publish('news', 'e', n);
  await first.until(/"data":"3"\}\nid: .*\n\n/);
  const read = first.text;
  first.abort.abort();
  for (const n of ['4', '5']) await server.api.publish('news', 'e', n);

  // It read up to the first of them, then some of the next one, then all of them.
  const after = (data: string) => new RegExp(`"data":"${data}"\\}\nid: (.*)\n`).exec(read)?.[1] ?? '';
  const second = await openStream(server, ['news'], { 'Last-Event-ID': after('1') });
  expect(await second.session()).toEqual({ ...session, resumed: true, gap: false });
  await second.until('"data":"5"');
  expect(second.published).toEqual(['2', '3', '4', '5']);
  second.abort.abort();

  const third = await openStream(server, ['news'], { 'Last-Event-ID': after('3') });
  await third.until('"data":"5"');
  await server.api.publish('news', 'e', '6');
  await third.until(/"data":"6"\}\nid: .*\n\n/);
  expect(third.published).toEqual(['4', '5', '6']);
  expect(third.text.match(/^event: session/gm)).toHaveLength(1);
  expect(third.text).not.toContain('subscription_succeeded');

  // It is the same connection still.
  expect(await post(server, session, { event: 'pusher:ping', data: {} })).toBe(202);
  await third.until('pusher:pong');
});

streamTest('SSE-4: who lost the stream before the first message goes on as well', async () => {
  await using server = await startServer({ httpGraceMs: 30_000 });
  const first = await openStream(server, ['news']);
  await first.until('"channel":"news"');
  const start = /id: (.*)\n/.exec(first.text)?.[1] ?? '';
  first.abort.abort();
  const second = await openStream(server, ['news'], { 'Last-Event-ID': start });
  expect((await second.session()).resumed).toBe(true);
  expect(/id: (.*)\n/.exec(second.text)?.[1]).toBe(start);
  await second.until('"channel":"news"');
  expect(second.text.match(/connection_established/g)).toHaveLength(1);
});

streamTest('SSE-4: the earlier stream, if it is open still, ends', async () => {
  await using server = await startServer();
  const first = await openStream(server, ['news']);
  await first.until('"channel":"news"');
  const second = await openStream(server, ['news'], { 'Last-Event-ID': first.lastId });
  expect(await first.end()).not.toContain('event: close');
  await server.api.publish('news', 'e', 'once');
  await second.until('once');
  expect((await second.session()).resumed).toBe(true);
});

streamTest('SSE-4: where too much was missed a new session begins and says so', async () => {
  await using server = await startServer({ httpGraceMs: 30_000 });
  const first = await openStream(server, ['news']);
  const session = await first.session();
  await first.until('"channel":"news"');
  const { lastId } = first;
  for (let n = 0; n < 10; n++) await server.api.publish('news', 'e', 'x'.repeat(10_000));
  await server.api.publish('news', 'e', 'the end');
  await first.until('the end');
  first.abort.abort();
  const second = await openStream(server, ['news'], { 'Last-Event-ID': lastId });
  const again = await second.session();
  expect(again).toMatchObject({ resumed: false, gap: true });
  expect(again.socket_id).not.toBe(session.socket_id);
  await second.until('"channel":"news"');
  expect(await post(server, session, {})).toBe(404);
});

streamTest('SSE-4: so does it when the session is over, of another app, or never was', async () => {
  await using server = await startServer({ httpGraceMs: 30_000 });
  const other = await server.createApp('Other');
  const first = await openStream(server, ['news']);
  await first.until('"channel":"news"');
  const { lastId } = first;
  const beyond = lastId.replace(/\d+$/, '0000000099');
  const tries: [string, string][] = [
    [lastId, other.key],
    [beyond, vectorApp.key],
    [lastId, vectorApp.key], // the one before ended it
    [`${'a'.repeat(22)}.0000000001`, vectorApp.key],
    ['nonsense', vectorApp.key],
  ];
  for (const [id, key] of tries) {
    const stream = await openStream(server, ['news'], { 'Last-Event-ID': id }, key);
    expect(await stream.session()).toMatchObject({ resumed: false, gap: true });
  }
});

streamTest('SSE-4: a client that does not come back has left', async () => {
  const clock = new ManualClock();
  await using server = await startServer({ clock });
  const stays = await server.connect();
  await server.joinPresence(stays, 'presence-a', 'stays');
  const stream = await openStream(server);
  const session = await stream.session();
  const data = '{"user_id":"ghost"}';
  const auth = channelAuth(vectorApp, session.socket_id, 'presence-a', data);
  await post(server, session, {
    event: 'pusher:subscribe',
    data: { channel: 'presence-a', auth, channel_data: data },
  });
  expect((await stays.next()).event).toBe('pusher_internal:member_added');
  stream.abort.abort();
  // Until the server has noticed that the stream is gone, it does not count the time.
  while ((await post(server, session, {})) !== 404) clock.advance(5_000);
  expect((await stays.next()).event).toBe('pusher_internal:member_removed');
});

streamTest('SSE-5: what coming back cannot help is a status, and why', async () => {
  await using server = await startServer({
    env: { EARSHOT_APP_ORIGINS: 'https://example.com', EARSHOT_APP_CONNECTIONS: '1' },
  });
  const unknown = await openStream(server, [], {}, 'unknown');
  expect(unknown.response.status).toBe(404);
  expect(await unknown.end()).toMatch(/^4001: .*unknown/);
  const foreign = await openStream(server, [], { Origin: 'https://evil.example' });
  expect(foreign.response.status).toBe(403);
  expect(await foreign.end()).toStartWith('4009: ');
  const home = await openStream(server, [], { Origin: 'https://example.com' });
  await home.until('connection_established');
  const second = await openStream(server);
  expect(second.response.status).toBe(503);
  expect(await second.end()).toStartWith('4004: ');
});

streamTest('SSE-5: what it can help is a stream that ends', async () => {
  await using server = await startServer({ env: { EARSHOT_DRAIN_SECONDS: '5' } });
  const first = await openStream(server);
  await first.until('connection_established');
  const raw = connect(server.port, '127.0.0.1'); // a request under way, so the drain lasts
  server.onStop(() => void raw.destroy());
  raw.write(
    `POST /app/${vectorApp.key}/events/${(await first.session()).socket_id} HTTP/1.1\r\nHost: 127.0.0.1\r\n` +
      `Authorization: Bearer ${(await first.session()).token}\r\nContent-Length: 9\r\n\r\n`,
  );
  await post(server, await first.session(), { event: 'pusher:ping', data: {} });
  const drained = server.node.drain();
  expect(await first.end()).toMatch(/event: close\ndata: \{"code":4200,"reason":".*"\}\n\n$/); // SSE-6
  const second = await openStream(server);
  expect(second.response.status).toBe(200);
  expect(await second.end()).toMatch(
    /^retry: 5000\n\nevent: close\ndata: \{"code":4100,"reason":".*"\}\n\n$/,
  );
  raw.write('{"a":"b"}');
  await drained;
});

streamTest('SSE-6: a close says why, after all that came before it', async () => {
  await using server = await startServer();
  const stream = await openStream(server, ['news']);
  await stream.until('"channel":"news"');
  await server.api.publish('news', 'e', 'last words');
  await server.update({ enabled: false });
  expect(await stream.end()).toMatch(
    /last words"\}\nid: .*\n\nevent: close\ndata: \{"code":4003,"reason":".*"\}\n\n$/,
  );
});

streamTest('SSE-7: a quiet stream gets comments, and is never closed for its silence', async () => {
  const clock = new ManualClock();
  await using server = await startServer({ clock });
  const stream = await openStream(server, ['news']);
  await stream.until('"channel":"news"');
  for (let round = 1; round <= 4; round++) {
    clock.advance(28_000);
    await stream.until(new RegExp(`(:\n\n){${round}}$`));
  }
  await server.api.publish('news', 'e', 'still here');
  await stream.until('still here');
});

streamTest('SSE-8: channels that need a signature are not for the address', async () => {
  await using server = await startServer();
  for (const channel of [
    'private-a',
    'presence-a',
    'private-encrypted-a',
    'private-cache-a',
    '#server-to-user-1',
    'a b',
    '',
  ]) {
    const stream = await openStream(server, [channel]);
    expect(`${channel} ${stream.response.status}`).toBe(`${channel} 400`);
    if (channel.startsWith('p')) expect(await stream.end()).toContain('POST pusher:subscribe');
  }
});

const curl = Bun.which('curl');
(once ? describe.skipIf(curl === null) : absent)('curl', () => {
  test('SSE-1: curl -N prints events as they come', async () => {
    await using server = await startServer();
    const child = Bun.spawn(
      [curl ?? 'curl', '-sN', `${server.origin}/app/${vectorApp.key}/events?channel=news`],
      { stdin: 'ignore', stdout: 'pipe', stderr: 'inherit' },
    );
    server.onStop(async () => {
      child.kill();
      await child.exited;
    });
    const stream = new Reading(new Response(child.stdout));
    await stream.until('"channel":"news"');
    await server.api.publish('news', 'e', 'hello');
    await stream.until('data: {"event":"e","channel":"news","data":"hello"}\n');
  });
});

(once ? describe.skipIf(chromiumPath === undefined) : absent)('EventSource in Chromium', () => {
  test('SSE-1, SSE-4: it hears what is published, and misses nothing when its stream breaks', async () => {
    await using server = await startServer({ httpGraceMs: 30_000 });
    await using relay = await TcpProxy.to(server.port);
    await using browser = await startBrowser();
    const window = await browser.open();
    await window.page.goto(`${server.origin}/healthz`);
    await window.evaluate(`
      globalThis.heard = [];
      globalThis.sessions = [];
      globalThis.source = new EventSource('http://127.0.0.1:${relay.port}/app/${vectorApp.key}/events?channel=news');
      source.onmessage = ({ data }) => heard.push(JSON.parse(data));
      source.addEventListener('session', ({ data }) => sessions.push(JSON.parse(data)));
    `);
    const heard = (name: string) =>
      window.page.waitForFunction(
        (wanted) =>
          (globalThis as unknown as { heard: { data: string }[] }).heard.some(({ data }) => data === wanted),
        name,
      );
    await window.page.waitForFunction(
      () => (globalThis as unknown as { heard: unknown[] }).heard.length === 2,
    );
    await server.api.publish('news', 'e', 'before');
    await heard('before');
    relay.freeze();
    await server.api.publish('news', 'e', 'meanwhile');
    relay.cut();
    await heard('meanwhile');
    await server.api.publish('news', 'e', 'after');
    await heard('after');
    expect(await window.evaluate<{ resumed: boolean }[]>('sessions')).toMatchObject([
      { resumed: false, gap: false },
      { resumed: true, gap: false },
    ]);
    expect(
      await window.evaluate<string[]>(`heard.filter(({ event }) => event === 'e').map(({ data }) => data)`),
    ).toEqual(['before', 'meanwhile', 'after']);
  });
});
