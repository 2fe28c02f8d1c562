import { expect, test } from 'bun:test';
import { ManualClock } from '@earshot/base';
import fc from 'fast-check';
import { overWebSocket } from '../support/http-wire.ts';
import { newCluster, presenceOf, startServer, type TestServer } from '../support/server.ts';
import type { Message, Wire } from '../support/wire.ts';

/*
 * Two nodes, some clients, a few channels, and a random sequence of what can happen, one thing after another. A model
 * of a few lines says what each client must get, in which order; the frames must be exactly those. Time stands still
 * unless a step moves it, so busy channels hold their events back (COAL) and every rule about that is at work.
 * A failure prints its seed and the shortest sequence that shows it. EARSHOT_TEST_RUNS sets how many are tried.
 */

const runs = Number(process.env.EARSHOT_TEST_RUNS ?? (overWebSocket ? 60 : 12));
const clients = 5;
const channels = ['news', 'private-a', 'cache-a', 'presence-a', 'presence-cache-a'] as const;
type ChannelName = (typeof channels)[number];

type Step =
  | { do: 'join' | 'leave'; client: number; channel: ChannelName }
  | { do: 'publish'; node: number; channel: ChannelName; events: number; except: number | null }
  | { do: 'whisper'; client: number; channel: ChannelName }
  | { do: 'reconnect'; client: number }
  | { do: 'wait' };

const client = fc.nat(clients - 1);
const channel = fc.constantFrom(...channels);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('join' as const), client, channel }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('leave' as const), client, channel }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('publish' as const),
      node: fc.nat(1),
      channel,
      events: fc.constantFrom(1, 1, 2, 20),
      except: fc.option(client),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('whisper' as const), client, channel }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reconnect' as const), client }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const) }) },
);

/** A client with what it must have got since it connected. */
interface Player {
  server: TestServer;
  wire: Wire;
  /** Two clients are one user, so that members with several connections occur. */
  userId: string;
  joined: Set<ChannelName>;
  /** What only this client is sent begins a new part: it comes after all before it and before all after it. */
  expected: Message[][];
}

class Game implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly players: Player[] = [];
  readonly cached = new Map<ChannelName, Message>();
  /** Channel and user id to the `channel_data` that the user joined with last. */
  readonly #infos = new Map<string, string>();
  #count = 0;

  private constructor(readonly nodes: TestServer[]) {}

  static async start(): Promise<Game> {
    const nodes: TestServer[] = [];
    const game = new Game(nodes);
    const cluster = newCluster(game.clock);
    const env = { EARSHOT_PING_SECONDS: '3600', EARSHOT_APP_CLIENT_EVENTS_PER_SECOND: '0' };
    for (let i = 0; i < 2; i++) nodes.push(await startServer({ cluster, clock: game.clock, env }));
    return game;
  }

  async reset(): Promise<void> {
    for (const player of this.players) await player.wire.close();
    this.players.length = 0;
    this.cached.clear();
    // What the cache channels keep expires, and the channels forget how busy they were.
    this.clock.advance(3_600_000);
    for (let i = 0; i < clients; i++) {
      const server = this.nodes[i % 2] as TestServer;
      this.players.push({
        server,
        wire: await server.connect(),
        userId: `u${i % 3}`,
        joined: new Set(),
        expected: [[]],
      });
    }
  }

  async play(step: Step): Promise<void> {
    switch (step.do) {
      case 'join':
        return this.#join(this.players[step.client] as Player, step.channel);
      case 'leave':
        return this.#leave(this.players[step.client] as Player, step.channel);
      case 'publish':
        for (let i = 0; i < step.events; i++) await this.#publish(step.node, step.channel, step.except);
        return;
      case 'whisper':
        return this.#whisper(this.players[step.client] as Player, step.channel);
      case 'reconnect':
        return this.#reconnect(this.players[step.client] as Player);
      case 'wait':
        this.clock.advance(50);
    }
  }

  /** Everything that has been sent must have come, and be what the model says. */
  async expectAll(): Promise<void> {
    this.clock.advance(50);
    for (const { wire, expected } of this.players) {
      await this.#settled(wire);
      const got = wire.messages
        .slice(1)
        .filter(({ event }) => event !== 'pusher:pong')
        .map(simplified);
      for (const part of expected) expect(byChannel(got.splice(0, part.length))).toEqual(byChannel(part));
      expect(got).toEqual([]);
    }
  }

  async #join(player: Player, name: ChannelName): Promise<void> {
    const { server, wire, userId, joined, expected } = player;
    if (joined.has(name)) return;
    const isPresence = name.startsWith('presence-');
    const channelData = isPresence ? `{"user_id":"${userId}","user_info":{"n":${this.#count++}}}` : undefined;
    if (channelData !== undefined && !this.#isMember(name, userId)) {
      this.#tell(name, { event: 'pusher_internal:member_added', channel: name, data: channelData });
    }
    joined.add(name);
    // The newest info of a user is the one that joiners see from now on.
    if (channelData !== undefined) this.#infos.set(`${name} ${userId}`, channelData);
    const data = isPresence ? this.#list(name) : '{}';
    const success = [{ event: 'pusher_internal:subscription_succeeded', channel: name, data }];
    const kept = this.cached.get(name) ?? { event: 'pusher:cache_miss', channel: name, data: '{}' };
    expected.push(name.includes('cache-') ? [...success, kept] : success, []);
    wire.send({
      event: 'pusher:subscribe',
      data: { channel: name, auth: server.channelAuth(wire, name, channelData), channel_data: channelData },
    });
    await this.#settled(wire);
  }

  async #leave({ wire, userId, joined }: Player, name: ChannelName): Promise<void> {
    if (!joined.delete(name)) return;
    this.#removed(name, userId);
    wire.unsubscribe(name);
    await this.#settled(wire);
  }

  async #reconnect(player: Player): Promise<void> {
    await this.#settled(player.wire);
    await player.wire.close();
    for (const name of player.joined) {
      player.joined.delete(name);
      this.#removed(name, player.userId);
    }
    player.wire = await player.server.connect();
    player.expected = [[]];
  }

  async #publish(node: number, name: ChannelName, except: number | null): Promise<void> {
    const left = except === null ? undefined : this.players[except];
    const message = { event: 'e', channel: name, data: String(this.#count++) };
    this.#tell(name, message, left);
    if (name.includes('cache-')) this.cached.set(name, message);
    const more = left === undefined ? {} : { socket_id: left.wire.socketId };
    await this.nodes[node]?.api.publish(name, 'e', message.data, more);
  }

  async #whisper(player: Player, name: ChannelName): Promise<void> {
    const isPresence = name.startsWith('presence-');
    if (!player.joined.has(name) || !(isPresence || name.startsWith('private-'))) return;
    const message = {
      event: 'client-e',
      channel: name,
      data: this.#count++,
      ...(isPresence ? { user_id: player.userId } : {}),
    };
    this.#tell(name, message, player);
    player.wire.send({ event: 'client-e', channel: name, data: message.data });
    await this.#settled(player.wire);
  }

  #tell(name: ChannelName, message: Message, except?: Player): void {
    for (const player of this.players) {
      if (player !== except && player.joined.has(name)) player.expected.at(-1)?.push(message);
    }
  }

  #removed(name: ChannelName, userId: string): void {
    if (!name.startsWith('presence-') || this.#isMember(name, userId)) return;
    this.#tell(name, {
      event: 'pusher_internal:member_removed',
      channel: name,
      data: JSON.stringify({ user_id: userId }),
    });
  }

  #isMember(name: ChannelName, id: string): boolean {
    return this.players.some(({ joined, userId }) => userId === id && joined.has(name));
  }

  #list(name: ChannelName): string {
    const ids = new Set(this.players.filter(({ joined }) => joined.has(name)).map(({ userId }) => userId));
    return listText([...ids].map((id) => this.#infos.get(`${name} ${id}`) ?? ''));
  }

  /** What this connection sent has been handled. */
  async #settled(wire: Wire): Promise<void> {
    wire.send({ event: 'pusher:ping' });
    await wire.until('pusher:pong');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.nodes) await node[Symbol.asyncDispose]();
  }
}

/** Events of one channel have an order, those of two channels have none. */
function byChannel(messages: Message[]): Map<string | undefined, Message[]> {
  return new Map([...Map.groupBy(messages, (message) => message.channel)].sort());
}

function listText(members: string[]): string {
  return members.sort().join(' ');
}

/** The list of a presence channel has no order; it is compared as text with one. */
function simplified(message: Message): Message {
  if (message.event !== 'pusher_internal:subscription_succeeded' || !message.channel?.startsWith('presence-'))
    return message;
  const { ids, hash, count } = presenceOf(message);
  expect(Object.keys(hash).sort()).toEqual([...ids].sort());
  expect(count).toBe(ids.length);
  const members = ids.map((id) => JSON.stringify({ user_id: id, user_info: hash[id] }));
  return { ...message, data: listText(members) };
}

test('COAL-1, COAL-2, COAL-3, COAL-4, PRES-10, PRES-12, CACHE-1: whatever happens in whatever order, each client gets exactly what it must', async () => {
  await using game = await Game.start();
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
      await game.reset();
      for (const each of steps) await game.play(each);
      await game.expectAll();
    }),
    { numRuns: runs, interruptAfterTimeLimit: Math.max(120_000, runs * 500), markInterruptAsFailure: true },
  );
}, 600_000);
