import { expect } from 'bun:test';
import fc from 'fast-check';
import { encodeQuery, hmac, md5, signedParams } from '../support/api.ts';
import { webSocketTest } from '../support/http-wire.ts';
import { RawHttp } from '../support/raw-http.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { clientFrame, type Message, opcodes, type Wire } from '../support/wire.ts';

/*
 * Random input against a live server: every answer must be one that docs/protocol.md has, and afterwards the server
 * serves and others have noticed nothing. A failure prints its seed and the smallest input that shows it.
 * EARSHOT_TEST_RUNS sets how many inputs each property tries.
 */

const runs = Number(process.env.EARSHOT_TEST_RUNS ?? 150);

function check<T>(property: fc.IAsyncProperty<T>): Promise<void> {
  return fc.assert(property, {
    numRuns: runs,
    interruptAfterTimeLimit: Math.max(100_000, runs * 100),
    markInterruptAsFailure: true,
  });
}

class Scene implements AsyncDisposable {
  #published = 0;

  static async start(): Promise<Scene> {
    const server = await startServer();
    const witness = await server.connect();
    await server.join(witness, 'private-witness');
    await server.joinPresence(witness, 'presence-witness', 'witness');
    return new Scene(server, witness);
  }

  private constructor(
    readonly server: TestServer,
    readonly witness: Wire,
  ) {}

  /** The server serves, and nothing has come to the one who did nothing. */
  async expectUnaffected(): Promise<void> {
    await this.witness.silence();
    const data = String(this.#published++);
    await this.server.api.publish('private-witness', 'e', data);
    expect(await this.witness.next()).toEqual({ event: 'e', channel: 'private-witness', data });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
  }
}

const name = fc.oneof(
  fc.constantFrom(
    'news',
    'private-a',
    'private-witness',
    'presence-a',
    'presence-witness',
    'cache-a',
    'private-encrypted-a',
    'private-cache-a',
    '#server-to-user-u1',
    '__proto__',
    'constructor',
    '',
    '#',
    'a b',
  ),
  fc.string({ maxLength: 300 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
);
const text = fc.oneof(
  fc.string({ maxLength: 200 }),
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.json(),
  name,
);
/** A value where a string belongs. */
const odd = fc.oneof({ weight: 5, arbitrary: text }, { weight: 1, arbitrary: fc.jsonValue() });

const event = fc.oneof(
  fc.constantFrom(
    'pusher:subscribe',
    'pusher:unsubscribe',
    'pusher:signin',
    'pusher:ping',
    'pusher:pong',
    'client-x',
    'pusher:error',
    'pusher_internal:member_added',
  ),
  odd,
);

/** How the signature of a message is made, since the socket id is known only when it is sent. */
type Signed = 'right' | 'other';
interface Shape {
  message: Record<string, unknown>;
  sign: Signed;
}

const channel = fc.constantFrom(
  'news',
  'cache-a',
  'private-a',
  'private-encrypted-a',
  'private-cache-a',
  'private-witness',
);
const presenceChannel = fc.constantFrom('presence-a', 'presence-cache-a', 'presence-witness');
const member = fc
  .record({
    user_id: fc.oneof(odd, fc.constantFrom('1', 1)),
    user_info: fc.oneof(fc.dictionary(text, text), fc.jsonValue()),
  })
  .map((data) => JSON.stringify(data));
const user = fc
  .record(
    {
      id: fc.oneof(odd, fc.constantFrom('u1', 'u2')),
      user_info: fc.jsonValue(),
      watchlist: fc.oneof(fc.array(text), fc.jsonValue()),
    },
    { requiredKeys: ['id'] },
  )
  .map((data) => JSON.stringify(data));

/** Messages as clients send them, wrong only here and there. */
const plausible = fc.oneof(
  fc.record({
    event: fc.constant('pusher:subscribe'),
    data: fc.record({ channel: fc.oneof(channel, name) }),
  }),
  fc.record({
    event: fc.constant('pusher:subscribe'),
    data: fc.record({ channel: presenceChannel, channel_data: member }, { requiredKeys: ['channel'] }),
  }),
  fc.record({
    event: fc.constant('pusher:subscribe'),
    data: fc.record({ channel: fc.constantFrom('#server-to-user-u1', '#server-to-user-u2') }),
  }),
  fc.record({
    event: fc.constant('pusher:unsubscribe'),
    data: fc.record({ channel: fc.oneof(channel, presenceChannel) }),
  }),
  fc.record({ event: fc.constant('pusher:signin'), data: fc.record({ user_data: user }) }),
  fc.record(
    {
      event: fc.constantFrom('client-x', 'client-', 'client'),
      channel: fc.oneof(channel, presenceChannel),
      data: fc.jsonValue(),
    },
    { requiredKeys: ['event', 'channel'] },
  ),
);

/** Messages of which any part may be anything. */
const wild = fc.record(
  {
    event,
    channel: odd,
    data: fc.oneof(
      odd,
      fc.record({ channel: odd, auth: odd, channel_data: odd, user_data: odd }, { requiredKeys: [] }),
    ),
    user_id: odd,
  },
  { requiredKeys: ['event'] },
);

const message: fc.Arbitrary<Shape> = fc.record({
  message: fc.oneof<fc.Arbitrary<Record<string, unknown>>[]>(plausible, plausible, wild),
  sign: fc.constantFrom<Signed>('right', 'right', 'right', 'other'),
});

/** What a client may be sent that has not been published to. */
const events = new Set([
  'pusher:pong',
  'pusher:error',
  'pusher:subscription_error',
  'pusher_internal:subscription_succeeded',
  'pusher:cache_miss',
  'pusher:signin_success',
  'pusher_internal:watchlist_events',
]);

function expectDocumented(answer: Message): void {
  expect(events).toContain(answer.event);
  if (answer.event !== 'pusher:error') {
    expect(JSON.parse(String(answer.data))).toBeObject();
    return;
  }
  const { code, message: told } = answer.data as { code: unknown; message: unknown };
  expect([null, 4301, 4302]).toContain(code as null);
  expect(told).toBeString();
  expect(String(told)).not.toContain('could not handle');
}

/** Fills in the signature that a message of this shape would need. */
function signed(server: TestServer, wire: Wire, { message: shape, sign }: Shape): unknown {
  const { data } = shape;
  if (sign === 'other' || typeof data !== 'object' || data === null || Array.isArray(data)) return shape;
  const { channel, channel_data: channelData, user_data: userData } = data as Record<string, unknown>;
  const text =
    typeof userData === 'string'
      ? `${wire.socketId}::user::${userData}`
      : `${wire.socketId}:${channel}${typeof channelData === 'string' && channelData !== '' ? `:${channelData}` : ''}`;
  return { ...shape, data: { ...data, auth: `${server.app.key}:${hmac(server.app.secret, text)}` } };
}

webSocketTest(
  'BAD-11: any JSON message gets a documented answer',
  async () => {
    await using scene = await Scene.start();
    const { server } = scene;
    await check(
      fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 8 }), async (messages) => {
        const wire = await server.connect();
        for (const shape of messages) wire.send(signed(server, wire, shape));
        // Behind them all, an unsubscribe that nobody could have meant; everything before it has been answered by then.
        wire.unsubscribe('the-end');
        for (let last = ''; !last.includes('the-end'); ) {
          const answer = await wire.next();
          expectDocumented(answer);
          last = answer.event === 'pusher:error' ? JSON.stringify(answer.data) : '';
        }
        // It may have joined the witness's channels, which is no secret to the witness; nothing else may have come there.
        await wire.close();
        await scene.server.api.get('/channels');
        while (scene.witness.texts.length > scene.witness.taken) {
          const told = await scene.witness.next();
          expect(told.event).toMatch(/^(pusher_internal:member_(added|removed)$|client-)/);
        }
      }),
    );
    await scene.server.api.publish('private-witness', 'e', 'alive');
    expect((await scene.witness.until('e')).data).toBe('alive');
  },
  120_000,
);

webSocketTest(
  'BAD-11: any text gets a documented answer',
  async () => {
    await using scene = await Scene.start();
    const wire = await scene.server.connect();
    await check(
      fc.asyncProperty(
        fc.oneof(
          text,
          fc.string({
            unit: fc.constantFrom(
              '{',
              '}',
              '[',
              ']',
              '"',
              '\\',
              ':',
              ',',
              'event',
              'pusher:ping',
              'u00',
              '\u0000',
            ),
            maxLength: 60,
          }),
        ),
        async (input) => {
          wire.sendText(input);
          wire.unsubscribe('the-end');
          for (let told = ''; !told.includes('the-end'); ) {
            const answer = await wire.next();
            expectDocumented(answer);
            told = answer.event === 'pusher:error' ? JSON.stringify(answer.data) : '';
          }
        },
      ),
    );
    await scene.expectUnaffected();
  },
  120_000,
);

webSocketTest(
  'BAD-11: any bytes in a frame are answered, or end that connection',
  async () => {
    await using scene = await Scene.start();
    const frame = fc.record({
      opcode: fc.oneof(fc.constantFrom(...Object.values(opcodes)), fc.nat(15)),
      payload: fc.oneof(
        fc.uint8Array({ maxLength: 200 }),
        text.map((value) => new TextEncoder().encode(value)),
      ),
      masked: fc.oneof(
        { weight: 9, arbitrary: fc.constant(true) },
        { weight: 1, arbitrary: fc.constant(false) },
      ),
      final: fc.boolean(),
      reserved: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(7) }),
      cut: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(20) }),
    });
    await check(
      fc.asyncProperty(fc.array(frame, { minLength: 1, maxLength: 5 }), async (frames) => {
        const wire = await scene.server.connect();
        for (const { opcode, payload, masked, final, reserved, cut } of frames) {
          const bytes = clientFrame(opcode, payload, { masked, final, reserved });
          wire.sendBytes(bytes.subarray(0, bytes.length - cut));
        }
        // Half a frame waits for the rest; so the others are asked whether the server goes on.
        await scene.witness.silence();
        const isOpen = !wire.isClosed;
        wire.destroy();
        const { code } = await wire.closed;
        for (const answer of wire.messages.slice(1)) expectDocumented(answer);
        if (!isOpen) expect([1000, 1002, 1003, 1005, 1006, 1007, 1009]).toContain(code);
      }),
    );
    await scene.expectUnaffected();
  },
  120_000,
);

const body = fc.oneof(
  fc.json(),
  text,
  fc
    .record(
      {
        name: odd,
        data: odd,
        channel: odd,
        channels: fc.oneof(fc.array(odd, { maxLength: 5 }), odd),
        socket_id: fc.oneof(fc.constant('1.2'), odd),
        info: fc.oneof(
          fc.constantFrom('user_count', 'subscription_count', 'user_count,subscription_count'),
          odd,
        ),
      },
      { requiredKeys: [] },
    )
    .map((value) => JSON.stringify(value)),
  fc
    .array(fc.record({ name: odd, data: odd, channel: odd, info: odd }, { requiredKeys: [] }), {
      maxLength: 12,
    })
    .map((batch) => JSON.stringify({ batch })),
);

const segment = fc.oneof(
  fc.constantFrom(
    'channels',
    'events',
    'batch_events',
    'users',
    'terminate_connections',
    'stats',
    'news',
    'presence-a',
    'cache-a',
    'private-witness',
  ),
  text.map(encodeURIComponent).filter((part) => !/^\.*$/.test(part)),
  fc.constantFrom('%', '%ff', '%00', ';', '*'),
);
const request = fc.record({
  method: fc.constantFrom('GET', 'POST', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'DELETE'),
  path: fc.oneof(
    fc.constantFrom(
      '/events',
      '/batch_events',
      '/channels',
      '/channels/news',
      '/channels/presence-a/users',
      '/users/u1/terminate_connections',
      '/channels/a/events',
    ),
    fc.array(segment, { maxLength: 4 }).map((segments) => `/${segments.join('/')}`),
  ),
  params: fc.array(
    fc.tuple(
      fc.oneof(
        fc.constantFrom('info', 'filter_by_prefix', 'name', 'data', 'channel', 'channels[]', 'socket_id'),
        text,
      ),
      text,
    ),
    { maxLength: 4 },
  ),
  body,
  sign: fc.oneof(
    { weight: 6, arbitrary: fc.constant('right') },
    { weight: 1, arbitrary: fc.constantFrom('none', 'wrong') },
  ),
});

const statuses = [200, 202, 204, 400, 401, 404, 405, 413];

webSocketTest(
  'BAD-11: any API request gets a documented answer',
  async () => {
    await using scene = await Scene.start();
    const { server } = scene;
    await check(
      fc.asyncProperty(request, async ({ method, path, params, body, sign }) => {
        const content = method === 'POST' || method === 'PUT' ? body : undefined;
        const full = `/apps/3${path}`;
        const query = signedParams({
          method,
          path: full,
          params,
          body: content,
          app: server.app,
          timestamp: server.api.nowSeconds(),
        });
        if (sign === 'none') query.length = 0;
        if (sign === 'wrong') query.push(['body_md5', md5('x')]);
        const answer = await server.api.raw(method, `${full}?${encodeQuery(query)}`, content);
        expect(statuses).toContain(answer.status);
        expect(answer.text).not.toContain(server.app.secret);
        if (answer.status === 200 && method !== 'HEAD' && method !== 'OPTIONS') {
          expect(answer.type).toStartWith('application/json');
          expect(answer.json()).toBeObject();
        } else if (answer.status >= 400 && method !== 'HEAD') {
          expect(answer.type).toStartWith('text/plain');
          expect(answer.text.length).toBeLessThan(4_000);
        }
      }),
    );
    await server.api.publish('private-witness', 'e', 'alive');
    await scene.witness.until('e');
  },
  120_000,
);

webSocketTest(
  'BAD-11: any bytes on a fresh TCP connection are answered with an HTTP error, or end it, or wait for more',
  async () => {
    await using scene = await Scene.start();
    const piece = fc.oneof(
      fc.constantFrom(
        'GET ',
        'POST ',
        '/apps/3/events',
        '/app/',
        scene.server.app.key,
        ' HTTP/1.1\r\n',
        '\r\n',
        '\r\n\r\n',
        'Host: 127.0.0.1\r\n',
        'Content-Length: 3\r\n',
        'Transfer-Encoding: chunked\r\n',
        'Upgrade: websocket\r\n',
        'Connection: Upgrade\r\n',
        'Sec-WebSocket-Key: x\r\n',
        'Sec-WebSocket-Version: 13\r\n',
        '0\r\n\r\n',
      ),
      fc.string({ unit: 'binary', maxLength: 30 }),
    );
    await check(
      fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 12 }), async (pieces) => {
        const http = await RawHttp.connect(scene.server.port);
        for (const part of pieces) http.send(part);
        // The server has read it by the time it has answered a request that was sent later.
        const later = await scene.server.api.raw('GET', '/healthz');
        expect(later.status).toBe(200);
        http.destroy();
        await http.closed;
      }),
    );
    await scene.expectUnaffected();
  },
  120_000,
);
