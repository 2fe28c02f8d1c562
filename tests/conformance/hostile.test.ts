import { expect, test } from 'bun:test';
import { ManualClock } from '@earshot/base';
import { webSocketTest } from '../support/http-wire.ts';
import { EarshotProcess } from '../support/process.ts';
import { expectRefused, expectSubscribeRefused } from '../support/refusals.ts';
import { dataOf, startServer, succeeded, type TestServer } from '../support/server.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { clientFrame, opcodes, WebSocketWire, type Wire } from '../support/wire.ts';

/** A client that minds its own business while others misbehave. */
class Bystander {
  #published = 0;

  static async of(server: TestServer): Promise<Bystander> {
    const wire = await server.connect();
    await server.join(wire, 'bystander');
    return new Bystander(server, wire);
  }

  private constructor(
    readonly server: TestServer,
    readonly wire: Wire,
  ) {}

  /** It has got nothing in the meantime, and gets what is meant for it. */
  async expectUnaffected(): Promise<void> {
    await this.wire.silence();
    const data = String(this.#published++);
    await this.server.api.publish('bystander', 'e', data);
    expect(await this.wire.next()).toEqual({ event: 'e', channel: 'bystander', data });
  }
}

const nested = (depth: number, open = '[', close = ']') => open.repeat(depth) + close.repeat(depth);

test('BAD-1, BAD-2: what is no message is refused, and the connection goes on', async () => {
  await using server = await startServer();
  const bystander = await Bystander.of(server);
  const wire = await server.connect();
  const texts = [
    '',
    ' ',
    'x',
    '{',
    '}',
    '{"event"',
    '{"event":"pusher:ping"',
    '{"event":"pusher:ping"}}',
    "{'event':'pusher:ping'}",
    '\u0000',
    '\ufeff{"event":"pusher:ping"}',
    'NaN',
    'undefined',
    'null',
    'true',
    '1',
    '"pusher:ping"',
    '[]',
    '["pusher:ping"]',
    '{}',
    '{"data":{}}',
    '{"event":null}',
    '{"event":1}',
    '{"event":true}',
    '{"event":{}}',
    '{"event":["pusher:ping"]}',
    '{"Event":"pusher:ping"}',
    '{"__proto__":{"event":"pusher:ping"}}',
    '{"event":{"__proto__":"pusher:ping"}}',
    '{"event":"pusher:subscribe"}',
    '{"event":"pusher:subscribe","data":null}',
    '{"event":"pusher:subscribe","data":1}',
    '{"event":"pusher:subscribe","data":"x"}',
    '{"event":"pusher:subscribe","data":"[]"}',
    '{"event":"pusher:subscribe","data":[]}',
    '{"event":"pusher:subscribe","data":{}}',
    '{"event":"pusher:subscribe","channel":"news","data":{}}',
    '{"event":"pusher:subscribe","data":{"channel":""}}',
    '{"event":"pusher:subscribe","data":{"channel":null}}',
    '{"event":"pusher:subscribe","data":{"channel":1}}',
    '{"event":"pusher:subscribe","data":{"channel":{}}}',
    '{"event":"pusher:subscribe","data":{"channel":["news"]}}',
    '{"event":"pusher:unsubscribe"}',
    '{"event":"pusher:unsubscribe","data":{}}',
    '{"event":"pusher:unsubscribe","data":{"channel":1}}',
    '{"event":"pusher:signin"}',
    '{"event":"pusher:signin","data":{"auth":1,"user_data":2}}',
    '{"event":"client-x"}',
    '{"event":"client-x","data":1}',
    '{"event":"client-x","channel":1}',
    '{"event":"client-x","channel":null,"data":1}',
    '{"event":"client-x","channel":["private-a"],"data":1}',
    '{"event":"client-x","channel":""}',
  ];
  for (const text of texts) {
    wire.sendText(text);
    const message = await expectRefused(wire, '');
    expect(message.length).toBeLessThan(1_000);
  }
  await wire.silence();
  await server.join(wire, 'news');
  await bystander.expectUnaffected();
});

test('BAD-2: nesting deeper than 32 is refused wherever it stands, 32 is not', async () => {
  await using server = await startServer();
  const bystander = await Bystander.of(server);
  const [wire, other] = [await server.connect(), await server.connect()];
  for (const each of [wire, other]) await server.join(each, 'private-a');
  for (const depth of [33, 100, 10_000, 60_000]) {
    for (const text of [
      nested(depth),
      '['.repeat(depth),
      nested(Math.min(depth, 20_000), '{"a":', '}').replace('}', '1}'),
      `{"event":"client-x","channel":"private-a","data":${nested(depth)}}`,
      `{"event":"pusher:subscribe","data":{"channel":"news","x":${nested(depth)}}}`,
    ]) {
      wire.sendText(text);
      await expectRefused(wire, '');
    }
  }
  const inString = JSON.stringify(`{"channel":"news","x":${nested(20_000)}}`);
  wire.sendText(`{"event":"pusher:subscribe","data":${inString}}`);
  await expectRefused(wire, '');
  const channelData = `{"user_id":"1","user_info":{"x":${nested(400)}}}`;
  wire.send({
    event: 'pusher:subscribe',
    data: {
      channel: 'presence-a',
      auth: server.channelAuth(wire, 'presence-a', channelData),
      channel_data: channelData,
    },
  });
  await expectSubscribeRefused(wire, 'presence-a', '');
  await wire.silence();
  // The message itself is one level.
  wire.sendText(`{"event":"client-x","channel":"private-a","data":${nested(32)}}`);
  await expectRefused(wire, '');
  await other.silence();
  wire.sendText(`{"event":"client-x","channel":"private-a","data":${nested(31)}}`);
  expect(JSON.stringify((await other.next('client-x')).data)).toBe(nested(31));
  // Brackets in a string are no nesting.
  wire.sendText(`{"event":"client-x","channel":"private-a","data":"${'['.repeat(5_000)}"}`);
  await other.next('client-x');
  await bystander.expectUnaffected();
});

webSocketTest('BAD-3: a binary frame is refused, whatever is in it', async () => {
  await using server = await startServer();
  const wire = await server.connect();
  for (const payload of ['', '{"event":"pusher:ping"}', '\u0000\u0001', 'x'.repeat(50_000)]) {
    wire.sendFrame(opcodes.binary, Buffer.from(payload));
    await expectRefused(wire, '');
  }
  wire.sendFrame(opcodes.binary, Buffer.from([0xff, 0xfe, 0x80]));
  await expectRefused(wire, '');
  await wire.silence();
});

webSocketTest('BAD-4: a frame too large, in one piece or in many, is closed with 1009', async () => {
  await using server = await startServer();
  const bystander = await Bystander.of(server);
  const large = Buffer.alloc(1024 * 1024, 'x');
  const head = Buffer.from([0x81, 0xff, 0x3f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4]);
  const ways: ((wire: Wire) => void)[] = [
    (wire) => wire.sendFrame(opcodes.text, large),
    (wire) => wire.sendFrame(opcodes.binary, large),
    // A length of nearly 2^62 is not waited for.
    (wire) => wire.sendBytes(head),
    (wire) => {
      wire.sendFrame(opcodes.text, large.subarray(0, 60_000), { final: false });
      for (let i = 0; i < 20; i++)
        wire.sendFrame(opcodes.continuation, large.subarray(0, 60_000), { final: false });
    },
  ];
  for (const send of ways) {
    const wire = await server.connect();
    send(wire);
    expect([1009, 1006]).toContain((await wire.closed).code);
    await bystander.expectUnaffected();
  }
});

webSocketTest('BAD-4: a frame just below the limit is answered', async () => {
  await using server = await startServer();
  const wire = await server.connect();
  wire.sendText(`{"event":"pusher:subscribe","data":{"channel":"${'x'.repeat(120_000)}"}}`);
  const message = await expectRefused(wire, 'Invalid channel name');
  expect(message.length).toBeLessThan(1_000);
  const told = await wire.next('pusher:subscription_error');
  // It must name the channel as it was asked for, and so is about as long as the question.
  expect(JSON.stringify(told).length).toBeLessThan(122_000);
  wire.sendText('x'.repeat(128 * 1024));
  await expectRefused(wire, '');
  wire.sendText(`{"event":"${'y'.repeat(120_000)}"}`);
  expect((await expectRefused(wire, 'Unsupported event')).length).toBeLessThan(1_000);
  wire.unsubscribe('z'.repeat(120_000));
  expect((await expectRefused(wire, 'No current subscription')).length).toBeLessThan(1_000);
  wire.send({
    event: 'pusher:subscribe',
    data: { channel: 'private-a', auth: `${'k'.repeat(50_000)}:${'s'.repeat(50_000)}` },
  });
  expect((await expectRefused(wire, 'Invalid key')).length).toBeLessThan(3_000);
});

webSocketTest('BAD-4: text that is not UTF-8 is closed with 1007, a broken frame with 1002', async () => {
  await using server = await startServer();
  const bystander = await Bystander.of(server);
  const notUtf8 = Buffer.concat([
    Buffer.from('{"event":"pusher:ping","x":"'),
    Buffer.from([0xff, 0xc0, 0x80]),
    Buffer.from('"}'),
  ]);
  const broken: [send: (wire: Wire) => void, codes: number[]][] = [
    [(wire) => wire.sendFrame(opcodes.text, notUtf8), [1007]],
    [(wire) => wire.sendFrame(opcodes.text, Buffer.from('{}'), { masked: false }), [1002]],
    [(wire) => wire.sendFrame(3, Buffer.from('x')), [1002]],
    [(wire) => wire.sendFrame(opcodes.text, Buffer.from('x'), { reserved: 4 }), [1002]],
    [(wire) => wire.sendFrame(opcodes.continuation, Buffer.from('x')), [1002]],
    [(wire) => wire.sendFrame(opcodes.ping, Buffer.alloc(126)), [1002]],
    [(wire) => wire.sendFrame(opcodes.ping, Buffer.from('x'), { final: false }), [1002]],
    [(wire) => wire.sendBytes(Buffer.from('GET / HTTP/1.1\r\n\r\n')), [1002]],
  ];
  for (const [send, codes] of broken) {
    const wire = await server.connect();
    send(wire);
    // The close frame may be lost where the connection was ended the hard way.
    expect([...codes, 1006]).toContain((await wire.closed).code);
    await bystander.expectUnaffected();
  }
});

webSocketTest(
  'BAD-4: a close frame with any code, a reserved one or half a code ends just that connection',
  async () => {
    await using server = await startServer();
    const bystander = await Bystander.of(server);
    for (const payload of [
      [],
      [3, 232],
      [15, 160],
      [0, 0],
      [3],
      [3, 237],
      [255, 255],
      [3, 232, 0xff, 0xfe],
    ]) {
      const wire = await server.connect();
      wire.sendFrame(opcodes.close, Buffer.from(payload));
      await wire.closed;
      await bystander.expectUnaffected();
    }
  },
);

webSocketTest('BAD-4: a message in fragments, with a ping between them, is one message', async () => {
  await using server = await startServer();
  const wire = await server.connect();
  const text = Buffer.from('{"event":"pusher:subscribe","data":{"channel":"news"}}');
  wire.sendFrame(opcodes.text, text.subarray(0, 10), { final: false });
  expect(await wire.ping('between')).toBe('between');
  wire.sendFrame(opcodes.continuation, text.subarray(10, 20), { final: false });
  wire.sendFrame(opcodes.continuation, text.subarray(20));
  succeeded(await wire.next());
  // And byte by byte on TCP.
  for (const byte of clientFrame(opcodes.text, Buffer.from('{"event":"pusher:ping"}')))
    wire.sendBytes(Buffer.from([byte]));
  await wire.next('pusher:pong');
});

const prototypeNames = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf'];

test('BAD-5: names of an object’s inherited members are names as any other', async () => {
  await using server = await startServer();
  const bystander = await Bystander.of(server);
  const [a, b] = [await server.connect(), await server.connect()];
  for (const name of prototypeNames) {
    for (const wire of [a, b]) {
      await server.join(wire, name);
      await server.join(wire, `private-${name}`);
    }
    await server.api.publish(name, name, name);
    for (const wire of [a, b]) expect(await wire.next()).toEqual({ event: name, channel: name, data: name });
    a.sendText(
      `{"event":"client-${name}","channel":"private-${name}","data":{"${name}":1},"${name}":{"user_id":"x"}}`,
    );
    expect(await b.nextText()).toBe(
      `{"event":"client-${name}","channel":"private-${name}","data":{"${name}":1}}`,
    );
    a.unsubscribe(name);
    a.unsubscribe(name);
    await expectRefused(a, 'No current subscription');
    await server.api.publish(`cache-${name}`, name, '1');
  }
  expect((await server.api.get('/channels/cache-__proto__', { info: 'cache' })).json()).toMatchObject({
    cache: { data: '1' },
  });
  await bystander.expectUnaffected();
});

test('BAD-5: as user ids, in member info and watchlists too', async () => {
  await using server = await startServer();
  const watcher = await server.connect();
  await server.signIn(watcher, { id: 'watcher', watchlist: prototypeNames });
  expect(dataOf(await watcher.next())).toEqual({ events: [{ name: 'offline', user_ids: prototypeNames }] });
  const first = await server.connect();
  await server.joinPresence(first, 'presence-a', 'first');
  for (const name of prototypeNames) {
    const wire = await server.connect();
    const channelData = `{"user_id":"${name}","user_info":{"${name}":{"polluted":true}}}`;
    succeeded(
      await wire.subscribe('presence-a', server.channelAuth(wire, 'presence-a', channelData), channelData),
    );
    const added = await first.nextText('pusher_internal:member_added');
    expect(JSON.parse(added).data).toBe(channelData);
    await server.signIn(wire, `{"id":"${name}","__proto__":{"watchlist":["x"]}}`);
    expect(dataOf(await watcher.next())).toEqual({ events: [{ name: 'online', user_ids: [name] }] });
  }
  const late = await server.connect();
  succeeded(
    await late.subscribe(
      'presence-a',
      server.channelAuth(late, 'presence-a', '{"user_id":"late"}'),
      '{"user_id":"late"}',
    ),
  );
  const list = String(JSON.parse(late.texts.at(-1) ?? '').data);
  for (const name of prototypeNames) expect(list).toContain(`"${name}":{"${name}":{"polluted":true}}`);
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  for (const name of prototypeNames) await server.api.terminate(name);
  for (let i = 0; i < prototypeNames.length; i++) await watcher.next('pusher_internal:watchlist_events');
});

/** Settings under which a slow reader is cut soon; the presence list must fit the outbox. */
const smallOutbox = { EARSHOT_OUTBOX_BYTES: '262144', EARSHOT_APP_PRESENCE_MEMBERS: '50' };

webSocketTest('BAD-6: a connection that does not read is cut, and the others get everything', async () => {
  await using server = await startServer({ env: smallOutbox });
  const slow = await server.connect();
  await server.join(slow, 'news');
  await server.join(slow, 'only-slow');
  const readers = await Promise.all(Array.from({ length: 9 }, () => server.connect()));
  for (const reader of readers) await server.join(reader, 'news');
  slow.pause();

  // The kernel holds some megabytes for it before anything waits in the server.
  const data = 'x'.repeat(10_000);
  const isThere = async () =>
    (await server.api.get('/channels/only-slow')).json<{ occupied: boolean }>().occupied;
  let published = 0;
  while (await isThere()) {
    if (published > 4_000) throw new Error('40 MB were written to a connection that reads nothing');
    for (let i = 0; i < 50; i++) await server.api.publish('news', 'e', `${published++}:${data}`);
  }
  for (const reader of readers) {
    const got = await reader.take(published);
    expect(got.map((message) => Number.parseInt(String(message.data), 10))).toEqual(
      Array.from({ length: published }, (_, i) => i),
    );
  }
  slow.resume();
  await slow.closed;
  expect(slow.messages.filter(({ event }) => event === 'e').length).toBeLessThan(published);
  const metrics = await (await fetch(`${server.origin}/metrics`)).text();
  expect(metrics).toMatch(/^earshot_slow_clients?_\w+ 1$/m);
});

webSocketTest('BAD-6: so is one that asks without reading the answers', async () => {
  await using server = await startServer({ env: smallOutbox });
  const bystander = await Bystander.of(server);
  const greedy = await server.connect();
  await server.join(greedy, 'only-greedy');
  greedy.pause();
  // Each is answered with what was wrong: many times its size in all.
  const frames = Buffer.concat(
    Array.from({ length: 500 }, () =>
      clientFrame(opcodes.text, Buffer.from(`{"event":"pusher:x-${'y'.repeat(200)}"}`)),
    ),
  );
  for (let i = 0; ; i++) {
    greedy.sendBytes(frames);
    if (!(await server.api.get('/channels/only-greedy')).json<{ occupied: boolean }>().occupied) break;
    if (i > 1_000)
      throw new Error('the answers to half a million messages were kept for a connection that reads nothing');
  }
  await bystander.expectUnaffected();
});

test('BAD-7: a connection lost without a word is noticed while it is being sent to', async () => {
  const clock = new ManualClock();
  await using server = await startServer({ clock });
  await using proxy = await TcpProxy.to(server.port);
  const lost = await WebSocketWire.open({ port: proxy.port, path: `/app/${server.app.key}?protocol=7` });
  lost.socketId = JSON.parse(String((await lost.next('pusher:connection_established')).data)).socket_id;
  const other = await server.connect();
  await server.joinPresence(other, 'presence-a', 'other');
  await server.joinPresence(lost, 'presence-a', 'lost');
  await other.next('pusher_internal:member_added');
  proxy.freeze();
  for (let elapsed = 0; elapsed < 60_000; elapsed += 5_000) {
    await server.api.publish('presence-a', 'e', String(elapsed));
    clock.advance(5_000);
    await other.until('e');
    other.send({ event: 'pusher:ping' });
    const messages: string[] = [];
    for (let event = ''; event !== 'pusher:pong'; ) {
      event = (await other.next()).event;
      messages.push(event);
    }
    if (messages.includes('pusher_internal:member_removed')) return;
  }
  throw new Error('after a minute the lost connection was still a member');
});

webSocketTest(
  'BAD-10: an error within the server closes one connection or is told without a word of its inside',
  async () => {
    await using server = await startServer();
    const bystander = await Bystander.of(server);
    const app = server.node.apps.byId(server.app.id);
    if (app === undefined) throw new Error('the app is not there');
    const inside = () => {
      throw new Error('the inside of the server');
    };

    const wire = await server.connect();
    const { settings } = app;
    app.settings = Object.defineProperty({ ...settings }, 'channelNameLength', { get: inside });
    for (let i = 0; i < 3; i++) {
      wire.send({ event: 'pusher:subscribe', data: { channel: 'news' } });
      expect(await expectRefused(wire, '')).not.toContain('inside of');
    }
    const answer = await server.api.post('/events', { name: 'e', channel: 'news', data: '1' });
    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain('inside of');
    expect(answer.text).not.toContain(import.meta.dirname.slice(0, 10));
    app.settings = settings;
    await server.join(wire, 'news');

    // The same while a connection opens, which then must not hang without its first message.
    const { apps } = server.node;
    const byKey = apps.byKey.bind(apps);
    apps.byKey = inside;
    const unlucky = await server.dialApp();
    expect(unlucky.status).toBe(101);
    await unlucky.closed;
    expect(unlucky.texts).toEqual([]);
    apps.byKey = byKey;
    await server.connect();

    // And while one closes.
    app.settings = Object.defineProperty({ ...settings }, 'subscriptionCount', { get: inside });
    const closing = await server.connect();
    closing.send({ event: 'pusher:subscribe', data: { channel: 'sport' } });
    await closing.next();
    await closing.close();
    app.settings = settings;
    await bystander.expectUnaffected();
  },
);

test('BAD-12: no secret and no content of a message is in the log, not even at level trace', async () => {
  await using earshot = await EarshotProcess.start({ EARSHOT_LOG_LEVEL: 'trace' });
  const wire = await earshot.connect();
  const content = 'the-content-of-a-message';
  wire.send({ event: 'pusher:subscribe', data: { channel: 'news' } });
  await wire.next();
  await earshot.api.publish('news', content, content);
  await wire.next(content);
  wire.sendText(content);
  wire.send({ event: content, data: content });
  wire.send({ event: 'pusher:subscribe', data: { channel: 'private-a', auth: `${content}:${content}` } });
  wire.send({ event: 'pusher:signin', data: { auth: content, user_data: content } });
  wire.sendFrame(opcodes.binary, Buffer.from(content));
  await earshot.api.raw('POST', `/apps/3/events?auth_key=${content}`, content);
  await earshot.api.post('/events', { name: content, channel: 'a b', data: content });
  await earshot.api.post('/events', `{"${content}`);
  wire.send({ event: 'pusher:ping' });
  await wire.until('pusher:pong');
  wire.sendFrame(opcodes.text, Buffer.alloc(1024 * 1024, content));
  await wire.closed;
  earshot.signal('SIGTERM');
  expect(await earshot.exited).toBe(0);
  expect(earshot.output).toContain('listening');
  expect(earshot.output).not.toContain(content);
  expect(earshot.output).not.toContain(earshot.app.secret);
});
