import { describe, expect, test } from 'bun:test';
import { ManualClock } from '@earshot/base';
import Publisher from 'pusher';
import { AppKey } from '../../packages/server/src/apps/app.ts';
import { signWebhook } from '../../packages/server/src/apps/auth.ts';
import { hmac } from '../support/api.ts';
import { eventually, HookReceiver } from '../support/hooks.ts';
import { EarshotProcess } from '../support/process.ts';
import { startServer, type TestServer, temporaryFolder, vectorApp } from '../support/server.ts';
import type { Wire } from '../support/wire.ts';

const occupied = (channel: string) => ({ name: 'channel_occupied', channel });
const vacated = (channel: string) => ({ name: 'channel_vacated', channel });
const allKinds =
  'channel_occupied,channel_vacated,member_added,member_removed,client_event,cache_miss,subscription_count';

function startWith(receiver: HookReceiver, more: Record<string, string> = {}, clock?: ManualClock) {
  // Nobody is pinged: time passes here that does not pass for the clients.
  const env = receiver.env({ EARSHOT_PING_SECONDS: '3600', ...more });
  return startServer({ env, ...(clock === undefined ? {} : { clock }) });
}

/** The server has done what the client sent before. */
async function handled(wire: Wire): Promise<void> {
  wire.send({ event: 'pusher:ping' });
  await wire.until('pusher:pong');
}

/** Channels that are told as occupied, one by one, so that what came before them has come. */
async function isQuiet(server: TestServer, receiver: HookReceiver, name: string): Promise<void> {
  const wire = await server.connect();
  await server.join(wire, name);
  expect(await receiver.events()).toEqual([occupied(name)]);
}

describe('what is sent', () => {
  test('HOOK-1: headers, body and signature are those of Pusher', async () => {
    using receiver = new HookReceiver();
    await using server = await startWith(receiver);
    const before = Date.now();
    await server.join(await server.connect(), 'news');
    const hook = await receiver.next();
    expect(hook.headers.get('content-type')).toBe('application/json');
    expect(hook.headers.get('x-pusher-key')).toBe(server.app.key);
    expect(hook.headers.get('x-pusher-signature')).toBe(hmac(server.app.secret, hook.body));
    expect(JSON.parse(hook.body)).toEqual({ time_ms: expect.any(Number), events: [occupied('news')] });
    expect(hook.time_ms).toBeWithin(before, Date.now() + 1);
    const library = new Publisher({
      appId: server.app.id,
      key: server.app.key,
      secret: server.app.secret,
      host: 'x',
    });
    const read = library.webhook({ headers: Object.fromEntries(hook.headers), rawBody: hook.body } as never);
    expect(read.isValid()).toBe(true);
    expect(read.getEvents()).toEqual([occupied('news')] as never);
  });

  test('HOOK-1: the signature of the published vector', () => {
    const body = '{"time_ms":1403175510755,"events":[{"channel":"test_channel","name":"channel_vacated"}]}';
    expect(signWebhook(new AppKey('k', 'tofu'), body)).toBe(
      'c17257e92037cd7de407ebc1ed174ceb7b2e518db127f44411b9ffc4f5b28cc5',
    );
  });

  test('HOOK-1: header names are spelt as PHP looks them up', async () => {
    const head = Promise.withResolvers<string>();
    const listener = Bun.listen({
      hostname: '127.0.0.1',
      port: 0,
      socket: {
        data(socket, data) {
          head.resolve(data.toString());
          socket.end('HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n');
        },
      },
    });
    await using server = await startServer({
      env: {
        EARSHOT_APP_WEBHOOK_URL: `http://127.0.0.1:${listener.port}/`,
        EARSHOT_WEBHOOK_PRIVATE_ADDRESSES: 'true',
      },
    });
    await server.join(await server.connect(), 'news');
    const text = await head.promise;
    expect(text).toContain('\r\nContent-Type: application/json\r\n');
    expect(text).toContain('\r\nX-Pusher-Key: ');
    expect(text).toContain('\r\nX-Pusher-Signature: ');
    listener.stop(true);
  });

  test('HOOK-2: occupied with the first, vacated 3 s after the last, neither for who is back by then', async () => {
    using receiver = new HookReceiver();
    const clock = new ManualClock();
    await using server = await startWith(receiver, {}, clock);
    const [one, two] = [await server.connect(), await server.connect()];
    await server.join(one, 'news');
    expect(await receiver.events()).toEqual([occupied('news')]);
    await server.join(two, 'news');
    one.unsubscribe('news');
    await handled(one);
    two.unsubscribe('news');
    await handled(two);
    await answered(server, receiver);
    clock.advance(2_999);
    await server.join(one, 'news');
    clock.advance(10_000);
    one.unsubscribe('news');
    await handled(one);
    clock.advance(2_999);
    await isQuiet(server, receiver, 'other-1');
    clock.advance(1);
    expect(await receiver.events()).toEqual([vacated('news')]);
    await server.join(one, 'news');
    expect(await receiver.events()).toEqual([occupied('news')]);
  });

  test('HOOK-3: members once for each user', async () => {
    using receiver = new HookReceiver();
    const clock = new ManualClock();
    await using server = await startWith(receiver, {}, clock);
    const [one, two] = [await server.connect(), await server.connect()];
    await server.joinPresence(one, 'presence-x', 'u1', { secret: 'of no business' });
    const first = [...(await receiver.events()), ...(await receiver.events())];
    expect(first).toContainEqual(occupied('presence-x'));
    expect(first).toContainEqual({ name: 'member_added', channel: 'presence-x', user_id: 'u1' });
    await server.joinPresence(two, 'presence-x', 'u1');
    one.unsubscribe('presence-x');
    await handled(one);
    // Beyond the 4 s that an answer may take: one that is under way would be given up, and its event sent again.
    await answered(server, receiver);
    clock.advance(5_000);
    await isQuiet(server, receiver, 'other');
    two.unsubscribe('presence-x');
    await handled(two);
    clock.advance(3_000);
    const last = [...(await receiver.events()), ...(await receiver.events())];
    expect(last).toContainEqual(vacated('presence-x'));
    expect(last).toContainEqual({ name: 'member_removed', channel: 'presence-x', user_id: 'u1' });
  });

  test('HOOK-4: a client event has its data as a string, the socket, and on presence channels the user', async () => {
    using receiver = new HookReceiver();
    await using server = await startWith(receiver, { EARSHOT_APP_WEBHOOK_EVENTS: 'client_event' });
    const [one, two] = [await server.connect(), await server.connect()];
    for (const wire of [one, two]) await server.join(wire, 'private-x');
    await server.joinPresence(one, 'presence-x', 'u1');
    one.send({ event: 'client-a', channel: 'private-x', data: { n: 1 } });
    expect(await receiver.events()).toEqual([
      {
        name: 'client_event',
        channel: 'private-x',
        event: 'client-a',
        data: '{"n":1}',
        socket_id: one.socketId,
      },
    ]);
    expect(await two.next('client-a')).toMatchObject({ data: { n: 1 } });
    one.send({ event: 'client-b', channel: 'presence-x', data: 'text' });
    expect(await receiver.events()).toEqual([
      {
        name: 'client_event',
        channel: 'presence-x',
        event: 'client-b',
        data: '"text"',
        socket_id: one.socketId,
        user_id: 'u1',
      },
    ]);
  });

  test('HOOK-4: client events of a connection keep their order though they wait for the journal', async () => {
    using receiver = new HookReceiver();
    await using server = await startWith(receiver, {
      EARSHOT_APP_WEBHOOK_EVENTS: 'client_event',
      EARSHOT_APP_CLIENT_EVENTS_PER_SECOND: '0',
    });
    const [one, two] = [await server.connect(), await server.connect()];
    for (const wire of [one, two]) await server.join(wire, 'private-x');
    const names = Array.from({ length: 50 }, (_, n) => `client-${n}`);
    for (const event of names) one.send({ event, channel: 'private-x', data: '' });
    for (const event of names) expect((await two.next()).event).toBe(event);
    const sent: unknown[] = [];
    while (sent.length < names.length) sent.push(...(await receiver.events()).map(({ event }) => event));
    expect(sent).toEqual(names);
  });

  test('HOOK-5: what is said in the chat, or under another hidden prefix, is in no webhook', async () => {
    using receiver = new HookReceiver();
    await using server = await startWith(receiver, { EARSHOT_APP_WEBHOOK_EVENTS: 'client_event' });
    const wire = await server.connect();
    await server.signIn(wire, { id: 'u1' });
    const hidden = ['private-user-AAAAAAAAAAAAAAAAAAAAAA', 'private-room-AAAAAAAAAAAAAAAAAAAAAA'];
    for (const channel of [...hidden, 'private-x']) {
      await server.join(wire, channel);
      wire.send({ event: 'client-a', channel, data: 'said' });
    }
    await server.joinPresence(wire, 'presence-room-AAAAAAAAAAAAAAAAAAAAAA', 'u1');
    wire.send({ event: 'client-a', channel: 'presence-room-AAAAAAAAAAAAAAAAAAAAAA', data: 'said' });
    expect(await receiver.events()).toMatchObject([{ channel: 'private-x' }]);
    wire.send({ event: 'client-b', channel: 'private-x', data: 'said' });
    expect(await receiver.events()).toMatchObject([{ channel: 'private-x', event: 'client-b' }]);
    await server.update({ contentHiddenPrefixes: ['private-x'] });
    wire.send({ event: 'client-c', channel: 'private-x', data: 'said' });
    wire.send({ event: 'client-c', channel: hidden[0] ?? '', data: 'said' });
    expect(await receiver.events()).toMatchObject([{ channel: hidden[0] ?? '' }]);
  });

  test('HOOK-6: a cache miss comes once for all who are there at that time', async () => {
    using receiver = new HookReceiver();
    const clock = new ManualClock();
    await using server = await startWith(receiver, { EARSHOT_APP_WEBHOOK_EVENTS: 'cache_miss' }, clock);
    const wires = await Promise.all([1, 2, 3].map(() => server.connect()));
    const join = async (wire: Wire, channel: string) => {
      await server.join(wire, channel);
      await wire.next('pusher:cache_miss');
    };
    await Promise.all(wires.map((wire) => join(wire, 'cache-x')));
    const late = await server.connect();
    await join(late, 'cache-y');
    expect([...(await receiver.events()), ...(await receiver.events())]).toEqual([
      { name: 'cache_miss', channel: 'cache-x' },
      { name: 'cache_miss', channel: 'cache-y' },
    ]);
    clock.advance(3_000);
    await join(late, 'cache-x');
    expect(await receiver.events()).toEqual([{ name: 'cache_miss', channel: 'cache-x' }]);
    await server.api.publish('cache-z', 'e', 'kept');
    await server.join(late, 'cache-z');
    await join(await server.connect(), 'cache-y');
    expect(await receiver.events()).toEqual([{ name: 'cache_miss', channel: 'cache-y' }]);
  });

  test('HOOK-7: subscription counts come where they are on, and not of presence channels', async () => {
    using receiver = new HookReceiver();
    const kinds = { EARSHOT_APP_WEBHOOK_EVENTS: 'subscription_count' };
    await using server = await startWith(receiver, kinds);
    const wire = await server.connect();
    await server.join(wire, 'off');
    await server.update({ subscriptionCount: true });
    await server.joinPresence(wire, 'presence-x', 'u1');
    await server.join(wire, 'on');
    expect(await receiver.events()).toEqual([
      { name: 'subscription_count', channel: 'on', subscription_count: 1 },
    ]);
    await server.join(await server.connect(), 'on');
    expect(await receiver.events()).toEqual([
      { name: 'subscription_count', channel: 'on', subscription_count: 2 },
    ]);
  });

  test('HOOK-12: only the kinds that are wanted, and never of a user’s own channel', async () => {
    using receiver = new HookReceiver();
    await using server = await startWith(receiver, {
      EARSHOT_APP_WEBHOOK_EVENTS: 'member_added,client_event,cache_miss,channel_occupied',
    });
    const wire = await server.connect();
    await server.signIn(wire, { id: 'u1' });
    wire.send({ event: 'pusher:subscribe', data: { channel: '#server-to-user-u1' } });
    await wire.next('pusher_internal:subscription_succeeded');
    await server.update({ subscriptionCount: true });
    await isQuiet(server, receiver, 'news');
  });

  test('HOOK-12: an app without a webhook sends nothing, and one that gets a webhook begins then', async () => {
    using receiver = new HookReceiver();
    await using server = await startServer({
      env: { EARSHOT_WEBHOOK_PRIVATE_ADDRESSES: 'true', EARSHOT_APP_WEBHOOK_EVENTS: allKinds },
    });
    const wire = await server.connect();
    await server.join(wire, 'before');
    await server.update({ webhookUrl: receiver.url });
    await isQuiet(server, receiver, 'after');
    await server.update({ webhookUrl: null });
    await server.join(wire, 'between');
    await server.update({ webhookUrl: receiver.url });
    await isQuiet(server, receiver, 'again');
  });
});

describe('how it is sent', () => {
  test('HOOK-8: what is not taken comes again with the same body, after 1, 2, 4 … s', async () => {
    using receiver = new HookReceiver();
    const clock = new ManualClock();
    await using server = await startWith(receiver, {}, clock);
    let status = 500;
    receiver.answer = () => new Response(null, { status });
    await server.join(await server.connect(), 'news');
    const first = await receiver.next();
    for (const seconds of [1, 2, 4]) {
      await retried(server, clock, receiver, seconds * 1_000);
      const again = await receiver.next();
      expect(again.body).toBe(first.body);
      expect(again.headers.get('x-pusher-signature')).toBe(first.headers.get('x-pusher-signature'));
    }
    status = 302;
    await retried(server, clock, receiver, 8_000);
    expect((await receiver.next()).body).toBe(first.body);
    status = 204;
    await retried(server, clock, receiver, 16_000);
    expect((await receiver.next()).body).toBe(first.body);
    await eventually(
      async () => /webhook_events_delivered_total 1/.test(await metrics(server)),
      'it is taken',
    );
    clock.advance(60_000);
    await isQuiet(server, receiver, 'other');
  });

  test('HOOK-8: after five minutes it is given up', async () => {
    using receiver = new HookReceiver();
    const clock = new ManualClock();
    await using server = await startWith(receiver, {}, clock);
    receiver.answer = ({ body }) => new Response(null, { status: body.includes('"news"') ? 500 : 204 });
    await server.join(await server.connect(), 'news');
    await receiver.next();
    for (let waitMs = 1_000; waitMs <= 128_000; waitMs *= 2) {
      await retried(server, clock, receiver, waitMs);
      await receiver.next();
    }
    expect(receiver.seen).toHaveLength(9);
    await eventually(
      async () => /webhook_events_given_up_total 1/.test(await metrics(server)),
      'it is given up',
    );
    clock.advance(600_000);
    await isQuiet(server, receiver, 'other');
  });

  test('HOOK-8: an answer that takes more than 4 s is none', async () => {
    using receiver = new HookReceiver();
    const clock = new ManualClock();
    await using server = await startWith(receiver, {}, clock);
    const never = Promise.withResolvers<Response>();
    receiver.answer = () => never.promise;
    await server.join(await server.connect(), 'news');
    const first = await receiver.next();
    receiver.answer = () => new Response();
    clock.advance(4_000);
    await retried(server, clock, receiver, 1_000);
    expect((await receiver.next()).body).toBe(first.body);
    never.resolve(new Response());
  });

  test('HOOK-9: one event for each request, or up to 20 that came within 250 ms', async () => {
    using receiver = new HookReceiver();
    const clock = new ManualClock();
    await using server = await startWith(receiver, { EARSHOT_APP_WEBHOOK_BATCHING: 'true' }, clock);
    const wire = await server.connect();
    const names = Array.from({ length: 23 }, (_, n) => `news-${n}`);
    for (const name of names) await server.join(wire, name);
    await eventually(
      async () => /webhook_entries_waiting 0/.test(await metrics(server)),
      'all are written down',
    );
    clock.advance(249);
    expect(receiver.seen).toEqual([]);
    clock.advance(1);
    const [a, b] = [await receiver.next(), await receiver.next()];
    const batches = [a, b].sort((one, other) => other.events.length - one.events.length);
    expect(batches.map(({ events }) => events.length)).toEqual([20, 3]);
    expect(batches.flatMap(({ events }) => events)).toEqual(names.map(occupied));
  });

  test('HOOK-11: a channel’s events keep their order, and one that is not taken holds up no other channel', async () => {
    using receiver = new HookReceiver();
    const clock = new ManualClock();
    await using server = await startWith(receiver, { EARSHOT_APP_WEBHOOK_EVENTS: 'client_event' }, clock);
    receiver.answer = ({ body }) => new Response(null, { status: body.includes('client-1') ? 500 : 204 });
    const wire = await server.connect();
    for (const channel of ['private-a', 'private-b']) await server.join(wire, channel);
    for (const event of ['client-1', 'client-2', 'client-3'])
      wire.send({ event, channel: 'private-a', data: '' });
    wire.send({ event: 'client-other', channel: 'private-b', data: '' });
    const came = [(await receiver.events())[0]?.event, (await receiver.events())[0]?.event];
    expect(came.sort()).toEqual(['client-1', 'client-other']);
    receiver.answer = () => new Response();
    await retried(server, clock, receiver, 1_000, 1);
    for (const event of ['client-1', 'client-2', 'client-3'])
      expect(await receiver.events()).toMatchObject([{ event }]);
  });

  test('HOOK-13: an address of this machine is not called unless that is allowed', async () => {
    using receiver = new HookReceiver();
    await using server = await startServer({ env: { EARSHOT_APP_WEBHOOK_URL: receiver.url } });
    await server.join(await server.connect(), 'news');
    await eventually(
      async () => /webhook_events_given_up_total 1/.test(await metrics(server)),
      'it is given up',
    );
    expect(receiver.seen).toEqual([]);
  });
});

test('HOOK-10: what was kept outlives kill -9, and what is over by then is told after the lease', async () => {
  using receiver = new HookReceiver();
  await using folder = await temporaryFolder();
  const env = receiver.env({ EARSHOT_DATA_DIR: folder.path, EARSHOT_LEASE_SECONDS: '3' });
  receiver.answer = () => new Response(null, { status: 503 });
  let body = '';
  {
    await using earshot = await EarshotProcess.start(env);
    const wire = await earshot.connect();
    wire.send({ event: 'pusher:subscribe', data: { channel: 'news' } });
    await wire.next('pusher_internal:subscription_succeeded');
    body = (await receiver.next()).body;
    earshot.signal('SIGKILL');
    await earshot.exited;
    wire.destroy();
  }
  const before = receiver.seen.length;
  receiver.answer = () => new Response();
  await using again = await EarshotProcess.start(env);
  const seen = () => receiver.seen.slice(before);
  await eventually(() => seen().length >= 1, 'the event from before the crash');
  expect(seen()[0]?.body).toBe(body);
  // What the first one had sent may still have been in its socket.
  const others = () => seen().filter((hook) => hook.body !== body);
  await eventually(() => others().length >= 1, 'the end that the crash left untold');
  expect(others()[0]?.events).toEqual([vacated('news')]);
  expect(again.output).not.toContain(vectorApp.secret);
});

/** Waits until the server has the answer to every request so far. */
async function answered(server: TestServer, receiver: HookReceiver): Promise<void> {
  const taken = async () => Number(/webhook_events_delivered_total (\d+)/.exec(await metrics(server))?.[1]);
  await eventually(async () => (await taken()) === receiver.seen.length, 'the answers have come');
}

/** Waits until all requests so far have failed; then the next one comes after exactly `waitMs`. */
async function retried(
  server: TestServer,
  clock: ManualClock,
  receiver: HookReceiver,
  waitMs: number,
  failed = receiver.seen.length,
): Promise<void> {
  const before = receiver.seen.length;
  await eventually(async () => (await failures(server)) === failed, 'the failures are known');
  clock.advance(waitMs - 1);
  expect(receiver.seen).toHaveLength(before);
  // The failure may still be on its way into the journal, which then is read again by itself.
  clock.advance(1);
  await eventually(() => receiver.seen.length > before, 'another attempt');
}

async function failures(server: TestServer): Promise<number> {
  return Number(/webhook_failures_total (\d+)/.exec(await metrics(server))?.[1]);
}

async function metrics(server: TestServer): Promise<string> {
  return (await fetch(`${server.origin}/metrics`)).text();
}
