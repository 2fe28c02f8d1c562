import { AppKey } from '../../packages/server/src/apps/app.ts';
import { check } from './checker.ts';
import { SimulatedClient } from './client.ts';
import { MemoryNetwork, type SimulatedCluster, WorkersNetwork } from './clusters.ts';
import type { History, Rest } from './history.ts';
import { appId, leaseMs, SimulatedNode } from './node.ts';
import { channels, clientCount, nodeCount, type Schedule, type Step } from './schedule.ts';
import { Process, World } from './world.ts';

/** After the last step: what slow links hold back, clients that come back, and two leases for what the dead held. */
const restMs = 3_000;
const restAfterDeathMs = 3 * leaseMs + 2_000;
const askMs = 1_000;
/** One that stands still this long after the last step would have to be told apart from a dead one. */
const pauseMaxMs = 12_000;

/** Plays a schedule. @returns what went wrong, a line each; none when all that is promised was kept */
export function play(schedule: Schedule): string[] {
  const { history, rest } = record(schedule);
  return check(history, rest);
}

/** Plays a schedule. @returns all that was seen, and what is so at the end */
export function record(schedule: Schedule): { history: History; rest: Rest } {
  return new Play(schedule).run();
}

class Play {
  readonly #schedule: Schedule;
  readonly #world: World;
  readonly #key = new AppKey('key', 'secret');
  readonly #history: History;
  readonly #cluster: SimulatedCluster;
  readonly #nodes: (SimulatedNode | null)[] = [];
  readonly #clients: SimulatedClient[] = [];
  #lives = 0;
  #lastEvent = 0;
  #someDied = false;

  constructor(schedule: Schedule) {
    this.#schedule = schedule;
    this.#world = new World(schedule.seed);
    this.#history = {
      cluster: schedule.cluster,
      sessions: [],
      accepted: [],
      journal: [],
      terminated: [],
      ends: new Map(),
      readyAt: new Map(),
      failures: [],
      hasDelays: false,
    };
    this.#cluster =
      schedule.cluster === 'memory'
        ? new MemoryNetwork(this.#world)
        : new WorkersNetwork(this.#world, this.#history);
    this.#world.run(() => {
      for (let slot = 0; slot < nodeCount; slot++) this.#start(slot);
    });
    for (let index = 0; index < clientCount; index++) {
      this.#clients.push(
        new SimulatedClient({
          world: this.#world,
          index,
          key: this.#key,
          history: this.#history,
          findNode: (random) => {
            const alive = this.#alive();
            return alive.length === 0 ? undefined : random.pick(alive);
          },
        }),
      );
    }
  }

  run(): { history: History; rest: Rest } {
    this.#world.clock.advance(500);
    for (const step of this.#schedule.steps) {
      if (step.do === 'wait') this.#world.clock.advance(step.ms);
      else this.#world.run(() => this.#play(step));
    }
    return { history: this.#history, rest: this.#rest() };
  }

  #play(step: Exclude<Step, { do: 'wait' }>): void {
    const there = 'node' in step ? (this.#nodes[step.node] ?? null) : null;
    const node = there?.process.isDead ? null : there;
    const client = 'client' in step ? this.#clients[step.client] : undefined;
    switch (step.do) {
      case 'connect':
        if (node !== null) client?.connect(node);
        break;
      case 'disconnect':
        client?.disconnect();
        break;
      case 'join':
        client?.join(step.channel);
        break;
      case 'leave':
        client?.leave(step.channel);
        break;
      case 'signIn':
        client?.signIn();
        break;
      case 'whisper':
        if (step.channel.startsWith('private-') || step.channel.startsWith('presence-'))
          client?.whisper(step.channel, ++this.#lastEvent);
        break;
      case 'publish': {
        const socketId = step.except === null ? null : (this.#clients[step.except]?.socketId ?? null);
        for (let i = 0; i < step.events; i++) {
          const id = ++this.#lastEvent;
          node?.process.run(() => node.publish(step.channel, id, socketId));
        }
        break;
      }
      case 'terminate':
        node?.process.run(() => node.terminate(`u${step.user}`));
        break;
      case 'kill':
        if (node !== null && this.#isSpare(node)) this.#kill(step.node, node);
        break;
      case 'cut':
        if (node === null || !this.#isSpare(node) || node.process.isPaused) break;
        this.#someDied = true;
        this.#nodes[step.node] = null;
        this.#cluster.cut(node);
        break;
      case 'restart':
        if (node === null) this.#start(step.node);
        break;
      case 'pause':
        if (node !== null && this.#isSpare(node)) this.#pause(node, step.ms);
        break;
      case 'slow':
        this.#history.hasDelays = true;
        if (node !== null) this.#cluster.slow(node.name, step.ms);
        break;
    }
  }

  /** There is another one to go to. */
  #isSpare(node: SimulatedNode): boolean {
    return this.#alive().some((other) => other !== node && !other.process.isPaused);
  }

  #alive(): SimulatedNode[] {
    return this.#nodes.filter((node): node is SimulatedNode => node !== null && !node.process.isDead);
  }

  #start(slot: number): void {
    const name = `n${slot}.${++this.#lives}`;
    const process = new Process(this.#world);
    const joined = this.#cluster.join(name, process);
    const node = new SimulatedNode(this.#world, name, process, this.#key, joined, this.#history);
    this.#cluster.attach(node);
    this.#nodes[slot] = node;
  }

  #kill(slot: number, node: SimulatedNode): void {
    this.#someDied = true;
    this.#nodes[slot] = null;
    node.die();
    this.#cluster.died(node.name);
  }

  #pause(node: SimulatedNode, ms: number): void {
    this.#history.hasDelays = true;
    this.#someDied = true;
    node.process.pause();
    this.#world.after(ms, () => node.process.resume());
  }

  /** Lets everything come to an end, and asks each node what it knows. */
  #rest(): Rest {
    for (const node of this.#alive()) this.#cluster.slow(node.name, 0);
    const paused = this.#alive().some(({ process }) => process.isPaused);
    if (paused) this.#world.clock.advance(pauseMaxMs);
    this.#world.clock.advance(this.#someDied ? restAfterDeathMs : restMs);
    const { now: at } = this.#world;
    const open = this.#clients.flatMap((client) => {
      const { session } = client;
      if (session === null) return [];
      return [{ session, channels: new Set<string>(client.wanted), signedIn: client.wantsSignIn }];
    });
    for (const client of this.#clients) {
      if (client.isWanted && client.session === null)
        this.#history.failures.push(`${client.name} is without a connection`);
    }
    const nodes = this.#alive().map((node) => this.#ask(node));
    this.#world.clock.advance(askMs);
    for (const node of this.#alive()) node.connections.stop();
    return { at, open, nodes };
  }

  #ask(node: SimulatedNode): Rest['nodes'][number] {
    const known = new Map<string, { subscriptions: number; users: readonly string[] }>();
    for (const channel of channels) {
      this.#world.run(() => {
        Promise.all([node.roster.channel(appId, channel), node.roster.userIds(appId, channel)]).then(
          ([{ subscriptions }, users]) => known.set(channel, { subscriptions, users: users.toSorted() }),
          (error) => this.#history.failures.push(`${node.name}: asking failed: ${error}`),
        );
      });
    }
    return { name: node.name, connections: node.roster.connections(appId), channels: known };
  }
}
