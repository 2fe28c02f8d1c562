import type { Cluster } from '../../packages/server/src/cluster/cluster.ts';
import type { EventCache } from '../../packages/server/src/cluster/event-cache.ts';
import { MemoryCluster } from '../../packages/server/src/cluster/memory-cluster.ts';
import type { Roster } from '../../packages/server/src/cluster/roster.ts';
import type { MemoryRoster } from '../../packages/server/src/cluster/roster-memory.ts';
import { WorkersCluster } from '../../packages/server/src/cluster/workers-cluster.ts';
import { WorkersOwner } from '../../packages/server/src/cluster/workers-owner.ts';
import { Link } from '../../packages/server/src/link/link.ts';
import type { History } from './history.ts';
import { type Joined, leaseMs, type SimulatedNode } from './node.ts';
import { Process, type SimulatedLink, type World } from './world.ts';

/** Joins nodes to a cluster and knows how they are lost. */
export interface SimulatedCluster {
  /** To be called for a node that starts; `attach` when it is made. */
  join(name: string, process: Process): Joined;
  attach(node: SimulatedNode): void;
  /** Its process has ended without a word. */
  died(name: string): void;
  /** The link of the node is cut; only where there is one. */
  cut(node: SimulatedNode): void;
  /** What the node sends and is sent takes so much longer from now on. */
  slow(name: string, ms: number): void;
}

/**
 * Nodes that share the fulfilments in memory, with a network between them: what a node relays reaches each other node
 * by a link of its own, and a call of the roster or the cache takes its time there and back.
 */
export class MemoryNetwork implements SimulatedCluster {
  readonly #world: World;
  readonly #shared: MemoryCluster;
  readonly #rosters = new Map<string, MemoryRoster>();
  readonly #links = new Map<string, SimulatedLink[]>();
  readonly #processes = new Map<string, Process>();
  #sender = '';

  constructor(world: World) {
    this.#world = world;
    this.#shared = new MemoryCluster(world.clock);
  }

  join(name: string, process: Process): Joined {
    this.#processes.set(name, process);
    const there = this.#link(name);
    const back = this.#link(name);
    const slowly = <T>(call: () => Promise<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        there.send(() => {
          if (process.isDead) return;
          call().then((value) => back.send(() => process.run(() => resolve(value))), reject);
        });
      });
    const cluster: Cluster = {
      connectRoster: (receiver) => {
        const roster = this.#shared.connectRoster(receiver, process.clock, leaseMs) as MemoryRoster;
        this.#rosters.set(name, roster);
        return {
          ...slowRoster(roster, slowly, (call) => there.send(call)),
          // Between an end of watching and a new beginning a word may get lost on the way, as `roster-workers.ts` knows too.
          watch: (of, userId) =>
            slowly(async () => {
              await roster.watch(of, userId);
              if (!roster.isOnline(of, userId)) {
                receiver.told({ type: 'user_offline', appId: of, userId }, false);
              }
            }),
        };
      },
      connectBus: (receiver) => {
        const incoming = new Map<string, SimulatedLink>();
        const inner = this.#shared.connectBus({
          onProblem: receiver.onProblem,
          received: (topic, envelope) => {
            const from = this.#sender;
            let link = incoming.get(from);
            if (link === undefined) {
              link = this.#link(from);
              incoming.set(from, link);
            }
            link.send(() => process.run(() => receiver.received(topic, envelope)));
          },
        });
        return {
          listen: (topic) => inner.listen(topic),
          leave: (topic) => inner.leave(topic),
          close: () => inner.close(),
          relay: (topic, envelope) => {
            this.#sender = name;
            inner.relay(topic, envelope);
          },
          publish: (topic, envelope, deliver) => {
            deliver();
            this.#sender = name;
            inner.relay(topic, envelope);
            if (envelope.cacheMs === 0) return null;
            return slowly(() => this.#shared.cache.set(topic, envelope.frame, envelope.cacheMs));
          },
          caughtUp: () => Promise.resolve(),
        };
      },
      cache: slowCache(this.#shared.cache, slowly),
      figures: [],
      close: () => Promise.resolve(),
    };
    return { cluster, confirms: false };
  }

  attach(): void {}

  died(name: string): void {
    this.#rosters.get(name)?.crash();
  }

  cut(): void {}

  slow(name: string, ms: number): void {
    for (const link of this.#links.get(name) ?? []) link.extraMs = ms;
  }

  #link(name: string): SimulatedLink {
    const link = this.#world.link(`of ${name}`);
    const links = this.#links.get(name);
    if (links === undefined) this.#links.set(name, [link]);
    else links.push(link);
    return link;
  }
}

type Slowly = <T>(call: () => Promise<T>) => Promise<T>;

function slowRoster(roster: Roster, slowly: Slowly, note: (call: () => void) => void): Roster {
  return {
    reportSubscriptions: (...at) => slowly(() => roster.reportSubscriptions(...at)),
    reportConnections: (...at) => note(() => roster.reportConnections(...at)),
    connections: (appId) => roster.connections(appId),
    join: (...at) => slowly(() => roster.join(...at)),
    leave: (...at) => slowly(() => roster.leave(...at)),
    signIn: (...at) => slowly(() => roster.signIn(...at)),
    signOut: (...at) => slowly(() => roster.signOut(...at)),
    watch: (...at) => slowly(() => roster.watch(...at)),
    unwatch: (...at) => note(() => roster.unwatch(...at)),
    channels: (...at) => slowly(() => roster.channels(...at)),
    channel: (...at) => slowly(() => roster.channel(...at)),
    userIds: (...at) => slowly(() => roster.userIds(...at)),
    close: () => roster.close(),
  };
}

function slowCache(cache: EventCache, slowly: Slowly): EventCache {
  return {
    get: (...at) => slowly(() => cache.get(...at)),
    close: () => cache.close(),
  };
}

/** A worker that leaves so many questions in a row unanswered is killed (`workers/supervisor.ts`). */
const missedMax = 4;

interface Seat {
  readonly name: string;
  readonly process: Process;
  readonly here: Link;
  readonly there: Link;
  readonly in: SimulatedLink;
  readonly out: SimulatedLink;
  node: SimulatedNode | null;
  missed: number;
}

/** Workers and their supervisor, which never dies: the product's own ends, links and all, over simulated sockets. */
export class WorkersNetwork implements SimulatedCluster {
  readonly #world: World;
  readonly #supervisor: Process;
  readonly #owner: WorkersOwner;
  readonly #history: History;
  /** Oldest first. */
  readonly #seats = new Map<string, Seat>();
  #consumer: Seat | null = null;

  constructor(world: World, history: History) {
    this.#world = world;
    this.#history = history;
    this.#supervisor = new Process(world);
    const { clock } = this.#supervisor;
    this.#owner = new WorkersOwner(clock, leaseMs, (stage, error) => this.#failed(stage, error));
    clock.every(leaseMs / 3, () => this.#lookForLife());
  }

  join(name: string, process: Process): Joined {
    const outgoing = this.#world.link(`${name} to the supervisor`);
    const incoming = this.#world.link(`the supervisor to ${name}`);
    const there: Link = new Link(
      pipe(outgoing, this.#supervisor, () => here),
      (stage, error) => this.#failed(stage, error),
      (task) => process.clock.nextTurn(task),
    );
    const here: Link = new Link(
      pipe(incoming, process, () => there),
      (stage, error) => this.#failed(stage, error),
      (task) => this.#supervisor.clock.nextTurn(task),
    );
    const seat: Seat = { name, process, here, there, in: outgoing, out: incoming, node: null, missed: 0 };
    this.#seats.set(name, seat);
    there.on('ping', () => null);
    this.#owner.attach(here);
    here.onClose(() => this.#ended(seat));
    if (this.#consumer === null) this.#appoint();
    return { cluster: new WorkersCluster(there), confirms: true };
  }

  attach(node: SimulatedNode): void {
    const seat = this.#seats.get(node.name);
    if (seat !== undefined) seat.node = node;
  }

  died(name: string): void {
    const seat = this.#seats.get(name);
    // What it has written before arrives; then the kernel closes.
    seat?.in.send(() => this.#supervisor.run(() => seat.here.closed()));
  }

  cut(node: SimulatedNode): void {
    const seat = this.#seats.get(node.name);
    if (seat === undefined) return;
    seat.in.cut();
    seat.out.cut();
    node.isCutOff = true;
    this.#supervisor.run(() => seat.here.closed());
    // Without its supervisor a worker lets its clients go and ends.
    node.process.run(() => {
      seat.there.closed();
      for (const socket of node.sockets) socket.close(4200, '');
      node.die();
    });
  }

  slow(name: string, ms: number): void {
    const seat = this.#seats.get(name);
    if (seat === undefined) return;
    seat.in.extraMs = ms;
    seat.out.extraMs = ms;
  }

  #ended(seat: Seat): void {
    this.#seats.delete(seat.name);
    if (this.#consumer !== seat) return;
    this.#consumer = null;
    this.#appoint();
  }

  #appoint(): void {
    this.#consumer = this.#seats.values().next().value ?? null;
    this.#owner.roster.consume(this.#consumer?.here ?? null);
  }

  #lookForLife(): void {
    for (const seat of this.#seats.values()) {
      if (seat.missed >= missedMax) {
        seat.node?.die();
        this.died(seat.name);
        continue;
      }
      seat.missed++;
      seat.here.ask('ping').then(
        () => {
          seat.missed = 0;
        },
        () => {},
      );
    }
  }

  #failed(stage: string, error: unknown): void {
    this.#history.failures.push(`link: ${stage}: ${error instanceof Error ? error.stack : error}`);
  }
}

/** A socket takes all bytes at once here and hands them over in one piece, or in two. */
function pipe(link: SimulatedLink, to: Process, other: () => Link) {
  let written = 0;
  return {
    write(bytes: Uint8Array): number {
      const cut = written++ % 5 === 0 ? bytes.length >> 1 : 0;
      const copy = Buffer.from(bytes);
      for (const part of cut === 0 ? [copy] : [copy.subarray(0, cut), copy.subarray(cut)]) {
        link.send(() => to.run(() => other().received(part)));
      }
      return bytes.length;
    },
    end: () => link.send(() => to.run(() => other().closed())),
  };
}
