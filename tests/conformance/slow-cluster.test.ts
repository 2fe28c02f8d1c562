import { expect, test } from 'bun:test';
import { expectRefused, expectSubscribeRefused } from '../support/refusals.ts';
import {
  dataOf,
  newCluster,
  presenceOf,
  startServer,
  succeeded,
  type TestServer,
} from '../support/server.ts';
import { patienceMs, type Wire } from '../support/wire.ts';

/*
 * With a broker, joining a channel takes as long as the broker does. Here the cluster's memory is made to wait until
 * the test lets it go on, so that everything that can happen in the meantime happens.
 */

/** Answers wait here until `open`. */
class Gate {
  #opened = Promise.withResolvers<void>();
  waiting = 0;

  async pass(): Promise<void> {
    this.waiting++;
    await this.#opened.promise;
    this.waiting--;
  }

  open(): void {
    this.#opened.resolve();
  }

  close(): void {
    this.#opened = Promise.withResolvers();
  }
}

interface Slow extends AsyncDisposable {
  server: TestServer;
  gate: Gate;
}

/** A server whose joins, watches and first subscriptions wait at a gate, which is open at first. */
async function slowServer(env: Record<string, string> = {}): Promise<Slow> {
  const gate = new Gate();
  gate.open();
  const cluster = newCluster();
  const connectRoster = cluster.connectRoster.bind(cluster);
  cluster.connectRoster = (...given) => {
    const roster = connectRoster(...given);
    const [join, watch] = [roster.join.bind(roster), roster.watch.bind(roster)];
    roster.join = async (...member) => {
      await gate.pass();
      return join(...member);
    };
    roster.watch = async (...user) => {
      await gate.pass();
      return watch(...user);
    };
    return roster;
  };
  const connectBus = cluster.connectBus.bind(cluster);
  cluster.connectBus = (...given) => {
    const bus = connectBus(...given);
    const listen = bus.listen.bind(bus);
    bus.listen = async (topic) => {
      await gate.pass();
      return listen(topic);
    };
    return bus;
  };
  const get = cluster.cache.get.bind(cluster.cache);
  cluster.cache.get = async (...channel) => {
    const kept = await get(...channel);
    await gate.pass();
    return kept;
  };
  const server = await startServer({ cluster, env });
  server.onStop(() => gate.open());
  return { server, gate, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

/** Resolves when `count` calls wait at the gate. */
async function waitingAt(gate: Gate, count: number): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (gate.waiting !== count && performance.now() < deadline) await Bun.sleep(5);
  expect(gate.waiting).toBe(count);
}

/** Channels that the node holds in memory. */
async function channelsHeld(server: TestServer): Promise<string | undefined> {
  const metrics = await (await fetch(`${server.origin}/metrics`)).text();
  return /^earshot_channels (\d+)$/m.exec(metrics)?.[1];
}

function subscribe(server: TestServer, wire: Wire, channel: string, channelData?: string): void {
  const auth = server.channelAuth(wire, channel, channelData);
  wire.send({ event: 'pusher:subscribe', data: { channel, auth, channel_data: channelData } });
}

test('SUB-12: what was sent behind a subscribe that waits is handled behind it', async () => {
  await using scene = await slowServer();
  const { server, gate } = scene;
  const wire = await server.connect();
  gate.close();
  subscribe(server, wire, 'presence-a', '{"user_id":"1"}');
  subscribe(server, wire, 'presence-a', '{"user_id":"1"}');
  wire.unsubscribe('presence-a');
  wire.unsubscribe('presence-a');
  subscribe(server, wire, 'presence-a', '{"user_id":"2"}');
  wire.send({ event: 'client-x', channel: 'presence-a', data: 1 });
  wire.send({ event: 'pusher:ping' });
  await waitingAt(gate, 1);
  expect(wire.texts.length).toBe(1);
  gate.open();
  expect(presenceOf(succeeded(await wire.next())).ids).toEqual(['1']);
  await expectSubscribeRefused(wire, 'presence-a', 'Existing subscription');
  await expectRefused(wire, 'No current subscription');
  expect(presenceOf(succeeded(await wire.next())).ids).toEqual(['2']);
  await wire.next('pusher:pong');
  expect((await server.api.get('/channels/presence-a/users')).json()).toEqual({ users: [{ id: '2' }] });
});

test('SUB-12: another connection does not wait for it', async () => {
  await using scene = await slowServer();
  const { server, gate } = scene;
  const [wire, other] = [await server.connect(), await server.connect()];
  await server.join(other, 'news');
  gate.close();
  subscribe(server, wire, 'presence-a', '{"user_id":"1"}');
  await waitingAt(gate, 1);
  await server.api.publish('news', 'e', '1');
  await other.next('e');
  await server.join(await server.connect(), 'news');
  gate.open();
  succeeded(await wire.next());
});

test('SUB-12: a client that comes back with thousands of channels is not too much', async () => {
  await using scene = await slowServer();
  const { server, gate } = scene;
  const wire = await server.connect();
  gate.close();
  subscribe(server, wire, 'presence-a', '{"user_id":"1"}');
  for (let i = 0; i < 3_000; i++) wire.send({ event: 'pusher:subscribe', data: { channel: `news-${i}` } });
  await waitingAt(gate, 1);
  gate.open();
  for (const message of await wire.take(3_001)) succeeded(message);
});

test('SUB-12: too many messages that wait close the connection with 4100', async () => {
  await using scene = await slowServer();
  const { server, gate } = scene;
  const wire = await server.connect();
  gate.close();
  subscribe(server, wire, 'presence-a', '{"user_id":"1"}');
  for (let i = 0; i < 10_001; i++) wire.send({ event: 'pusher:ping' });
  expect((await wire.closed).code).toBe(4100);
  const large = await server.connect();
  subscribe(server, large, 'presence-a', '{"user_id":"1"}');
  for (let i = 0; i < 43; i++) large.sendText(' '.repeat(100_000));
  expect((await large.closed).code).toBe(4100);
  gate.open();
  await server.joinPresence(await server.connect(), 'presence-a', '2');
  expect((await server.api.get('/channels/presence-a/users')).json()).toEqual({ users: [{ id: '2' }] });
});

test('SUB-11: a connection that closes while its subscribes wait leaves nothing behind', async () => {
  await using scene = await slowServer();
  const { server, gate } = scene;
  const watcher = await server.connect();
  await server.joinPresence(watcher, 'presence-a', 'watcher');
  gate.close();
  const [member, reader, user] = [await server.connect(), await server.connect(), await server.connect()];
  subscribe(server, member, 'presence-a', '{"user_id":"gone"}');
  subscribe(server, reader, 'cache-a');
  await server.signIn(user, { id: 'gone', watchlist: ['watched'] });
  await waitingAt(gate, 3);
  for (const wire of [member, reader, user]) {
    subscribe(server, wire, 'news');
    await wire.close();
  }
  gate.open();
  // Who comes and goes in one moment may be seen to come and go, and must not be seen to stay.
  await waitingAt(gate, 0);
  await server.joinPresence(await server.connect(), 'presence-a', 'last');
  const told = [];
  for (let last = ''; last !== 'last'; ) {
    const message = await watcher.next();
    last = (dataOf(message) as { user_id: string }).user_id;
    told.push(`${message.event.split('_').at(-1)} ${last}`);
  }
  expect(told.filter((line) => line.endsWith('gone')).length % 2).toBe(0);
  expect((await server.api.get('/channels')).json()).toEqual({ channels: { 'presence-a': {} } });
  expect((await server.api.get('/channels/presence-a/users')).json()).toEqual({
    users: [{ id: 'watcher' }, { id: 'last' }],
  });
  expect(await channelsHeld(server)).toBe('1');
});

test('PRES-12: several connections of several users that wait together all get the true list', async () => {
  await using scene = await slowServer();
  const { server, gate } = scene;
  gate.close();
  const users = ['1', '1', '2', '3', '3', '3'];
  const wires = await Promise.all(users.map(() => server.connect()));
  for (const [i, wire] of wires.entries()) subscribe(server, wire, 'presence-a', `{"user_id":"${users[i]}"}`);
  for (const wire of wires) wire.send({ event: 'pusher:ping' });
  await waitingAt(gate, 1);
  gate.open();
  for (const wire of wires) {
    const ids = new Set(presenceOf(succeeded(await wire.next())).ids);
    for (let message = await wire.next(); message.event !== 'pusher:pong'; message = await wire.next()) {
      const { user_id: id } = dataOf(message) as { user_id: string };
      expect(message.event).toBe('pusher_internal:member_added');
      expect(ids.has(id)).toBe(false);
      ids.add(id);
    }
    // Those who were not there yet have been announced since.
    while (ids.size < 3)
      ids.add((dataOf(await wire.next('pusher_internal:member_added')) as { user_id: string }).user_id);
    expect([...ids].sort()).toEqual(['1', '2', '3']);
    await wire.silence();
  }
});

test('COAL-1, COAL-2: events published while a subscribe waits are older than its success', async () => {
  await using scene = await slowServer();
  const { server, gate } = scene;
  gate.close();
  const [wire, cached] = [await server.connect(), await server.connect()];
  subscribe(server, wire, 'news');
  subscribe(server, cached, 'cache-a');
  await waitingAt(gate, 2);
  await server.api.publish(['news', 'cache-a'], 'e', 'before');
  gate.open();
  succeeded(await wire.next());
  succeeded(await cached.next());
  expect((await cached.next('e')).data).toBe('before');
  await server.api.publish(['news', 'cache-a'], 'e', 'after');
  for (const each of [wire, cached]) {
    expect((await each.next('e')).data).toBe('after');
    await each.silence();
  }
});

test('CACHE-3, COAL-2: an event that is published while the kept one is looked up replaces it', async () => {
  await using scene = await slowServer();
  const { server, gate } = scene;
  await server.api.publish('cache-a', 'e', 'old');
  gate.close();
  const wire = await server.connect();
  subscribe(server, wire, 'cache-a');
  await waitingAt(gate, 1);
  gate.open();
  gate.close();
  // Now the node hears the channel, and the look-up has its answer and waits with it.
  await waitingAt(gate, 1);
  await server.api.publish('cache-a', 'e', 'new');
  gate.open();
  succeeded(await wire.next());
  expect((await wire.next('e')).data).toBe('new');
  await wire.silence();
});

test('PRES-9: a full channel refuses those that wait too many, and lets the rest in', async () => {
  await using scene = await slowServer({ EARSHOT_APP_PRESENCE_MEMBERS: '2' });
  const { server, gate } = scene;
  gate.close();
  const wires = await Promise.all(
    ['1', '2', '3', '1'].map(async (id) => ({ id, wire: await server.connect() })),
  );
  for (const { id, wire } of wires) subscribe(server, wire, 'presence-a', `{"user_id":"${id}"}`);
  await waitingAt(gate, 1);
  gate.open();
  const outcomes = await Promise.all(wires.map(({ wire }) => wire.next()));
  expect(outcomes.filter(({ event }) => event === 'pusher:error').length).toBe(1);
  const { users } = (await server.api.get('/channels/presence-a/users')).json<{ users: { id: string }[] }>();
  expect(users.length).toBe(2);
});
