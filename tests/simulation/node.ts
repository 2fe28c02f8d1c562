import type { Log } from '@earshot/base';
import { channelEvent, parseChannelName } from '@earshot/protocol';
import { App, type AppKey } from '../../packages/server/src/apps/app.ts';
import type { AppRegistry } from '../../packages/server/src/apps/registry.ts';
import type { Fact } from '../../packages/server/src/channels/facts.ts';
import { FanOut } from '../../packages/server/src/channels/fanout.ts';
import { Hub } from '../../packages/server/src/channels/hub.ts';
import { Users } from '../../packages/server/src/channels/users.ts';
import { Announcer } from '../../packages/server/src/cluster/announce.ts';
import { type Bus, everyNode } from '../../packages/server/src/cluster/bus.ts';
import type { Cluster } from '../../packages/server/src/cluster/cluster.ts';
import type { Envelope } from '../../packages/server/src/cluster/envelope.ts';
import { Publisher } from '../../packages/server/src/cluster/publish.ts';
import type { Roster } from '../../packages/server/src/cluster/roster.ts';
import { defaultAppSettings } from '../../packages/server/src/config.ts';
import type { Connection } from '../../packages/server/src/connection/connection.ts';
import { Connections } from '../../packages/server/src/connection/connections.ts';
import type { Parts } from '../../packages/server/src/connection/parts.ts';
import { terminateUser } from '../../packages/server/src/connection/terminate-user.ts';
import { Counters } from '../../packages/server/src/metrics/counters.ts';
import type { Trace } from '../../packages/server/src/trace/trace.ts';
import type { Webhooks } from '../../packages/server/src/webhooks/webhooks.ts';
import type { Accepted, History } from './history.ts';
import { type SimulatedSocket, SimulatedTopics } from './socket.ts';
import type { Process, World } from './world.ts';

export const appId = '1';
export const leaseMs = 3_000;
const cacheSeconds = 1_800;
/** What takes facts once per cluster writes them down after at most so long. */
const writingMs = 20;
/** How often a subscription has to wait until its webhook is written down. */
const slowWritingShare = 0.3;

/** What a kind of cluster gives a node that starts. */
export interface Joined {
  readonly cluster: Cluster;
  /** Whether consumers confirm what they wrote, so that it is not told again. */
  readonly confirms: boolean;
}

/** A node: the product's parts, put together as `server.ts` does, with sockets and network of the simulation. */
export class SimulatedNode {
  readonly name: string;
  readonly process: Process;
  readonly topics = new SimulatedTopics();
  readonly connections: Connections;
  readonly parts: Parts;
  readonly roster: Roster;
  readonly publisher: Publisher;
  readonly sockets = new Set<SimulatedSocket>();
  /** Failures are what is to be expected, because its link is gone. */
  isCutOff = false;
  readonly #bus: Bus;
  readonly #history: History;
  readonly #confirms: boolean;
  #unwritten: { fact: Fact; again: boolean }[] = [];

  constructor(world: World, name: string, process: Process, key: AppKey, joined: Joined, history: History) {
    this.name = name;
    this.process = process;
    this.#history = history;
    this.#confirms = joined.confirms;
    const { clock } = process;
    const writing = world.random(`journal of ${name}`);
    const settings = {
      ...defaultAppSettings(),
      clientEvents: true,
      subscriptionCount: true,
      watchlist: true,
    };
    const app = new App(appId, { ...settings, clientEventsPerSecond: 0 }, new Map([[key.key, key]]));
    const apps = {
      byId: (id: string) => (id === appId ? app : undefined),
      byKey: (text: string) => (text === key.key ? app : undefined),
      onChange: () => {},
    } as unknown as AppRegistry;
    const hub = new Hub();
    const users = new Users<Connection>();
    const fanOut = new FanOut(this.topics, clock);
    const announcer = new Announcer({ apps, hub, users, fanOut, clock });
    const onProblem = (stage: string, error: unknown) => this.#failed(stage, error);
    this.roster = joined.cluster.connectRoster(
      {
        told: (fact, origin, heard = false) => {
          if (process.isDead) return;
          if (!heard) announcer.announce(fact);
          if (origin) this.#consume(fact, heard);
        },
        written: () =>
          new Promise((resolve) => {
            clock.after(writing.below(writingMs), () => {
              this.#write();
              resolve();
            });
          }),
        onProblem,
      },
      clock,
      leaseMs,
    );
    const received = (topic: string, envelope: Envelope) => {
      if (envelope.kind === 'event') {
        this.publisher.deliver(topic, envelope.frame, envelope.except, envelope.cacheMs);
      } else if (envelope.kind === 'terminate') {
        this.connections.terminateUser(envelope.appId, envelope.userId);
      }
    };
    this.#bus = joined.cluster.connectBus({ received, onProblem });
    const onlooker = { looksAt: () => false, sent: () => {} };
    const { cache } = joined.cluster;
    const bus = this.#recording(this.#bus);
    this.publisher = new Publisher({ hub, fanOut, bus, cache, clock, onlooker });
    this.parts = {
      apps,
      hub,
      users,
      fanOut,
      publisher: this.publisher,
      roster: this.roster,
      webhooks: {
        told: () => {},
        clientEvent: () => null,
        cacheMiss: () => {},
        came: () => {},
        begins: () => {
          if (!writing.chance(slowWritingShare)) return null;
          return new Promise((resolve) => clock.after(writing.below(writingMs), () => resolve(true)));
        },
      } satisfies Partial<Webhooks> as unknown as Webhooks,
      trace: { isWatched: () => false } as unknown as Trace,
      counters: new Counters(),
      clock,
      log: {
        error: (at: { err: unknown }, text: string) => this.#failed(text, at.err),
        warn: (_at: object, text: string) => this.#failed(text, null),
      } as unknown as Log,
      background: (stage, work) => {
        work.catch((error) => this.#failed(stage, error));
      },
    };
    this.connections = new Connections(this.parts, 3_600);
    this.#listen();
  }

  /** A publish of the HTTP API. */
  publish(name: string, id: number, exceptSocket: string | null): void {
    const channel = parseChannelName(name, 200);
    if (channel === null) throw new Error(`${name} is no channel`);
    const frame = channelEvent(name, 'e', `${id}`);
    const kept = this.publisher.publish({ appId, channel, frame, except: exceptSocket, cacheSeconds });
    kept?.catch((error) => this.#failed('publish', error));
  }

  terminate(userId: string): void {
    this.#history.terminated.push({ userId, at: this.process.world.now, by: this.name });
    terminateUser({ connections: this.connections, bus: this.#bus }, appId, userId);
  }

  /** Ends without a word; the machine closes its sockets. */
  die(): void {
    if (this.process.isDead) return;
    this.#history.ends.set(this.name, this.process.world.now);
    this.process.die();
    this.connections.stop();
    for (const socket of this.sockets) socket.cut();
  }

  #listen(): void {
    this.#bus.listen(everyNode).then(
      () => this.#history.readyAt.set(this.name, this.process.world.now),
      (error) => this.#failed('bus', error),
    );
  }

  /** The bus, with what is published written down. */
  #recording(bus: Bus): Bus {
    return {
      listen: (topic) => bus.listen(topic),
      leave: (topic) => bus.leave(topic),
      relay: (topic, envelope) => bus.relay(topic, envelope),
      publish: (topic, envelope, deliver) => {
        const { channel, data } = JSON.parse(envelope.frame) as { channel: string; data: unknown };
        const accepted: Accepted = {
          id: Number(data),
          channel,
          by: this.name,
          askedAt: this.process.world.now,
          at: Number.POSITIVE_INFINITY,
          exceptSocket: envelope.except,
          kept: envelope.cacheMs > 0,
        };
        this.#history.accepted.push(accepted);
        return bus.publish(topic, envelope, () => {
          accepted.at = this.process.world.now;
          deliver();
        });
      },
      caughtUp: (topic) => bus.caughtUp(topic),
      close: () => bus.close(),
    };
  }

  #consume(fact: Fact, again: boolean): void {
    if (fact.type === 'subscription_count') return;
    this.#unwritten.push({ fact, again });
    if (!this.#confirms) this.#write();
  }

  #write(): void {
    const { now: at } = this.process.world;
    this.#history.journal.push(...this.#unwritten.map((entry) => ({ ...entry, at })));
    this.#unwritten = [];
  }

  #failed(stage: string, error: unknown): void {
    if (this.process.isDead || this.isCutOff) return;
    this.#history.failures.push(`${this.name}: ${stage}: ${error instanceof Error ? error.stack : error}`);
  }
}
