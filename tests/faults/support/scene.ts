import type { Credentials } from '../../support/api.ts';
import { HookReceiver } from '../../support/hooks.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { EarshotProcess } from '../../support/process.ts';
import { freePort } from '../../support/program.ts';
import { type Redis, startRedis } from '../../support/redis.ts';
import { vectorApp } from '../../support/server.ts';
import { TcpProxy } from '../../support/tcp-proxy.ts';
import { Balancer } from './balancer.ts';
import { Announcements, Crowd, type Door, room, Watcher } from './clients.ts';
import type { Figures } from './figures.ts';
import { type Findings, judge, type Lost, onTheWayMs, outages, type Sent } from './history.ts';
import { DistantRedis } from './namespace.ts';
import { random } from './random.ts';
import { toldBy, wrongStories } from './stories.ts';

/** Short, so that a fault is over soon; not so short that a busy machine makes a node look dead. */
export const leaseSeconds = 5;
/** How long everything may take to be right again, besides the lease: the machine may be busy. */
const patienceMs = 60_000;
/** How long a node may take to start: a machine that is very busy takes over a minute for it. */
const startMs = 180_000;
/** Events that each watcher has to hear of each publisher before a fault counts as over. */
const heardAgain = 10;

export interface SceneOptions {
  readonly seed: number;
  readonly nodes?: number;
  /** How many Redis share the channels. */
  readonly brokers?: number;
  /** Nodes have one PostgreSQL, and an application is told of comings and goings. */
  readonly database?: boolean;
  /** The broker is in a network namespace of its own, rather than behind a relay. */
  readonly namespace?: boolean;
  /** Clients come by a balancer, rather than to a node of their own. */
  readonly balanced?: boolean;
  readonly watchersEach?: number;
  /** Further settings of the nodes. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The name under which a node signs in at a broker, by which a relay knows it. */
export const partyOf = (node: number) => `node${node}`;

/** A sign-in at a broker. */
const signsIn = /\bnode\d+\b/;

/** A Redis, and the relay by which nodes reach it. */
class Broker {
  constructor(
    public redis: Redis,
    readonly relay: TcpProxy,
    readonly users: readonly string[],
  ) {}

  /** It dies, and an empty one takes its place after so long. */
  async crash(awayMs: number): Promise<void> {
    this.redis.program.process.kill('SIGKILL');
    await Bun.sleep(awayMs);
    await this.redis[Symbol.asyncDispose]();
    this.redis = await startRedis(...this.users);
    this.relay.target = this.redis.program.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.redis[Symbol.asyncDispose]();
  }
}

/** A server process in its place, which the next one takes. */
export class Node {
  constructor(
    public process: EarshotProcess,
    readonly env: Readonly<Record<string, string>>,
    readonly door: Door,
  ) {}

  /** All that processes in this place have written. */
  output = '';

  /** It stops in an orderly way and the next one is started in its place. @returns its exit code */
  async replace(): Promise<number | null> {
    this.process.signal('SIGTERM');
    const code = await this.process.exited;
    this.output += this.process.output;
    const last = this.process;
    this.process = await EarshotProcess.start(this.env, startMs);
    await last[Symbol.asyncDispose]();
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
  }
}

/** When something was broken. */
interface Fault {
  readonly from: number;
  until: number;
}

/** Several nodes with their brokers; on each a watcher, people who come and go, and an application that publishes. */
export class Scene implements AsyncDisposable {
  readonly startedAt = Date.now();
  readonly random: () => number;
  /** Its key is known to nobody else: a client of another play may find a node of this one on the port that it comes back to. */
  readonly app: Credentials = { ...vectorApp, key: crypto.randomUUID().replaceAll('-', '').slice(0, 20) };
  readonly brokers: Broker[] = [];
  distant: DistantRedis | undefined;
  postgres: Postgres | undefined;
  hooks: HookReceiver | undefined;
  balancer: Balancer | undefined;
  nodes: readonly Node[] = [];
  watchers: Watcher[] = [];
  crowds: Crowd[] = [];
  announcements: readonly Announcements[] = [];
  /** Promises that were broken and are not in the histories. */
  readonly broken: string[] = [];
  /** Figures of this play alone. */
  readonly more: Record<string, number | string> = {};
  /** Users who may have been told to go while they stayed, because their node was given up. */
  readonly givenUp = new Set<string>();
  /** Users besides the watchers of whom nobody may hear that they have gone. */
  readonly stay = new Set<string>();
  readonly #faults: Fault[] = [];
  readonly #stack = new AsyncDisposableStack();

  private constructor(readonly options: SceneOptions) {
    this.random = random(options.seed);
  }

  static async open(options: SceneOptions): Promise<Scene> {
    const scene = new Scene(options);
    try {
      await scene.#open();
      return scene;
    } catch (error) {
      await scene[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #open(): Promise<void> {
    const { nodes = 3, brokers = 1, balanced = false, namespace = false } = this.options;
    if (namespace) this.distant = this.#stack.use(await DistantRedis.start());
    else for (let i = 0; i < brokers; i++) await this.#openBroker(nodes);
    const env = { ...(await this.#openDatabase()), ...this.options.env };
    // A place keeps its port, so that the balancer knows who takes it.
    const ports = balanced ? await Promise.all(Array.from({ length: nodes }, () => freePort())) : [];
    this.nodes = await Promise.all(
      Array.from({ length: nodes }, (_, i) => this.#openNode(i, ports[i] ?? 0, env)),
    );
    if (balanced) {
      this.balancer = this.#stack.use(await Balancer.before(ports));
      await this.balancer.allAreUp();
    }
    await this.#openClients();
  }

  async #openBroker(nodes: number): Promise<void> {
    const users = Array.from({ length: nodes }, (_, i) => [
      ...['--user', partyOf(i), 'on', 'nopass', '~*', '&*', '+@all'],
    ]);
    const redis = await startRedis(...users.flat());
    const relay = this.#stack.use(await TcpProxy.to(redis.program.port));
    relay.random = random(this.options.seed + 1_000);
    relay.partyOf = (first) => signsIn.exec(first.toString('latin1'))?.[0] ?? '';
    this.brokers.push(this.#stack.use(new Broker(redis, relay, users.flat())));
  }

  async #openDatabase(): Promise<Record<string, string>> {
    if (this.options.database !== true) return {};
    this.postgres = this.#stack.use(await startPostgres({ keeps: true }));
    this.hooks = this.#stack.use(new HookReceiver());
    return this.hooks.env({
      EARSHOT_DATABASE_URL: await this.postgres.createDatabase(),
      EARSHOT_APP_WEBHOOK_EVENTS: 'channel_occupied,channel_vacated,member_added,member_removed',
    });
  }

  async #openNode(index: number, port: number, more: Record<string, string>): Promise<Node> {
    const urls = this.distant
      ? [this.distant.url]
      : this.brokers.map(({ relay }) => `redis://${partyOf(index)}:any@127.0.0.1:${relay.port}`);
    const env = {
      EARSHOT_PORT: String(port),
      EARSHOT_APP_KEY: this.app.key,
      EARSHOT_REDIS_URL: urls.join(','),
      EARSHOT_LEASE_SECONDS: String(leaseSeconds),
      EARSHOT_LOG_LEVEL: 'info',
      ...more,
    };
    const process = await EarshotProcess.start(env, startMs);
    return this.#stack.use(new Node(process, env, { port: process.port, app: this.app, node: index }));
  }

  async #openClients(): Promise<void> {
    const { seed, watchersEach = 1 } = this.options;
    const { app, balancer } = this;
    const doors: Door[] = this.nodes.map(({ door }) => (balancer ? { port: balancer.port, app } : door));
    this.announcements = doors.map((door, i) => new Announcements(door, `p${i}`));
    this.crowds = doors.map((door, i) => new Crowd(door, `crowd-${i}`, seed + i));
    const channels = [room, ...this.announcements.map(({ channel }) => channel)];
    const places = Array.from({ length: watchersEach }, () => doors).flat();
    this.watchers = await Promise.all(places.map((door, i) => Watcher.on(door, `watcher-${i}`, channels)));
  }

  /** People come and go, and applications publish. */
  start(pauseMs = 5): void {
    for (const crowd of this.crowds) crowd.start(pauseMs);
    for (const announcements of this.announcements) announcements.start(pauseMs);
  }

  /** Some time from the seed, and until enough has happened, however slow the machine is. */
  async warm(leastMs: number, mostMs: number): Promise<void> {
    await this.chance(leastMs, mostMs);
    const isEnough = () =>
      this.crowds.every(({ comings }) => comings > 3) &&
      this.announcements.every(({ sent }) => sent.length > 20);
    if (!(await this.#until(isEnough))) this.broken.push('nobody comes, or nothing is published');
  }

  /** Some time from the seed. */
  async chance(leastMs: number, mostMs: number): Promise<void> {
    await Bun.sleep(leastMs + this.random() * (mostMs - leastMs));
  }

  /** Something is broken for as long as this takes. */
  async fault(breaking: () => Promise<void>): Promise<void> {
    const fault = { from: Date.now(), until: Number.POSITIVE_INFINITY };
    this.#faults.push(fault);
    await breaking();
    fault.until = Date.now();
  }

  /** Resolves when every watcher hears every publisher again. */
  async heals(): Promise<void> {
    const since = Date.now();
    const isWell = () =>
      this.watchers.every(({ history }) =>
        this.announcements.every(({ name, sent }) => {
          const isNew = (number: number) => (sent[number - 1]?.sentAt ?? 0) > since;
          let count = 0;
          for (let i = history.length - 1; i >= 0 && count < heardAgain; i--) {
            const seen = history[i];
            if (seen?.what === 'event' && seen.publisher === name && isNew(seen.number)) count++;
          }
          return count === heardAgain;
        }),
      );
    if (!(await this.#until(isWell))) this.broken.push('events do not reach everybody again');
  }

  /** The others have given up this node: resolves when they were told that its watchers have gone. */
  async givesUp(index: number): Promise<void> {
    const [gone, others] = [
      this.watchers.filter(({ door }) => door.node === index),
      this.watchers.filter(({ door }) => door.node !== index),
    ];
    for (const { userId } of gone) this.givenUp.add(userId);
    const isTold = () =>
      others.every(({ history }) =>
        gone.every(({ userId }) => history.some((seen) => seen.what === 'removed' && seen.id === userId)),
      );
    if (!(await this.#until(isTold))) this.broken.push(`node ${index} was not given up`);
  }

  /** A node is gone for good, with those who were connected to it. */
  async lose(index: number): Promise<void> {
    const isThere = ({ door }: { door: Door }) => door.node !== index;
    for (const watcher of this.watchers) if (!isThere(watcher)) watcher.close();
    this.watchers = this.watchers.filter(isThere);
    const gone = this.announcements.filter((one) => !isThere(one));
    this.announcements = this.announcements.filter(isThere);
    const away = this.crowds.filter((one) => !isThere(one));
    this.crowds = this.crowds.filter(isThere);
    for (const crowd of away) crowd.abandon();
    await Promise.all([...gone, ...away].map((one) => one.stop()));
    for (const crowd of away) crowd.abandon();
  }

  /** Who is in the room. */
  get members(): Set<string> {
    return new Set([
      ...this.watchers.map(({ userId }) => userId),
      ...this.crowds.flatMap(({ inside }) => [...inside.keys()]),
    ]);
  }

  /** Lets everything come to rest, waits until it is right, and says what was wrong on the way. */
  async end(): Promise<Figures> {
    await Promise.all([...this.crowds, ...this.announcements].map((one) => one.stop()));
    await this.#until(() => this.#isRight());
    const judged = this.watchers.map((watcher) => ({ watcher, findings: this.#judge(watcher) }));
    const lost = judged.flatMap(({ findings }) => findings.lost);
    const excused = judged.flatMap(({ watcher, findings }) =>
      findings.lost.filter((one) => this.#isExcused(watcher, one)),
    );
    const all = (what: 'doubled' | 'outOfOrder' | 'ghosts' | 'missing') =>
      judged.flatMap(({ watcher, findings }) => findings[what].map((one) => `${watcher.userId}: ${one}`));
    const told = this.hooks === undefined ? undefined : toldBy(this.hooks);
    const away = this.watchers.flatMap(({ history }) => outages(history));
    const refused = this.announcements.flatMap((one) =>
      one.refused.map((why) => `REFUSED ${one.name}: ${why}`),
    );
    // A request that reaches a node in the moment in which it ends is reset, which its sender has to expect of any server.
    if (this.balancer !== undefined) this.more['publishes reset'] = refused.length;
    const figures: Figures = {
      seed: this.options.seed,
      seconds: (Date.now() - this.startedAt) / 1000,
      comings: this.crowds.reduce((sum, { comings }) => sum + comings, 0),
      sent: this.announcements.reduce((sum, { sent }) => sum + sent.length, 0),
      delivered: this.watchers.reduce(
        (sum, { history }) => sum + history.filter(({ what }) => what === 'event').length,
        0,
      ),
      lost: lost.length - excused.length,
      lostWhileAway: excused.length,
      doubled: all('doubled').length,
      outOfOrder: all('outOfOrder').length,
      ghosts: all('ghosts').length,
      missing: all('missing').length,
      told: told?.facts ?? 0,
      toldWrongly: this.#wrongStories().length,
      outages: away.length,
      longestOutageMs: Math.max(0, ...away),
      longestSilenceMs: this.#longestSilence(),
      more: {
        'nodes come again': this.nodes.reduce((sum, { door }) => sum + this.#comingsAgain(door.node), 0),
        ...(told && { 'requests repeated': told.repeated }),
        ...this.more,
      },
      broken: [],
    };
    const unexcused = lost.length - excused.length;
    figures.broken.push(
      ...all('doubled').map((one) => `DOUBLED ${one}`),
      ...all('outOfOrder').map((one) => `OUT OF ORDER ${one}`),
      ...all('ghosts').map((one) => `GHOST ${one}`),
      ...all('missing').map((one) => `MISSING ${one}`),
      ...(unexcused > 0 ? this.#describeLost() : []),
      ...this.#wronglyRemoved().map((one) => `TOLD TO GO ${one}`),
      ...this.#wrongStories().map((one) => `WRONGLY TOLD ${one}`),
      ...(this.balancer === undefined ? refused : []),
      ...this.nodes.flatMap(({ process, door }) => this.#died(process, door)),
      ...this.broken,
    );
    return figures;
  }

  readonly #mayDie = new Set<number>();

  /** This node is killed, and that is the play. */
  kill(index: number): void {
    this.#mayDie.add(index);
    this.nodes[index]?.process.signal('SIGKILL');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const watcher of this.watchers) watcher.close();
    await Promise.all([...this.crowds, ...this.announcements].map((one) => one.stop()));
    for (const crowd of this.crowds) crowd.abandon();
    await this.#stack.disposeAsync();
  }

  #died(process: EarshotProcess, { node = 0 }: Door): string[] {
    if (process.isRunning || this.#mayDie.has(node)) return [];
    return [`DIED node ${node}: ${process.output.slice(-500)}`];
  }

  #published(): Map<string, readonly Sent[]> {
    return new Map(this.announcements.map(({ name, sent }) => [name, sent]));
  }

  #judge(watcher: Watcher): Findings {
    return judge(watcher.history, this.members, this.#published());
  }

  #isRight(): boolean {
    const isRight = this.watchers.every((watcher) => {
      const { ghosts, missing, lost } = this.#judge(watcher);
      return ghosts.length + missing.length === 0 && lost.every((one) => this.#isExcused(watcher, one));
    });
    return isRight && this.#wrongStories().length === 0;
  }

  #wrongStories(): string[] {
    return this.hooks === undefined ? [] : wrongStories(toldBy(this.hooks).stories, this.members);
  }

  /**
   * At most once while the broker is away: clients of other nodes need not hear what was sent from shortly before a fault in
   * which a node has said so until they heard their publisher again.
   */
  #isExcused(watcher: Watcher, { publisher, number, sentAt }: Lost): boolean {
    const from = this.announcements.find(({ name }) => name === publisher);
    if (from === undefined || from.door.node === watcher.door.node || !this.#wasAway()) return false;
    return this.#faults.some((fault) => {
      if (sentAt < fault.from - onTheWayMs) return false;
      if (sentAt <= fault.until) return true;
      return number < firstHeard(watcher, from, fault.until);
    });
  }

  #wasAway(): boolean {
    return this.nodes.some(({ output, process }) => /broker is away/.test(output + process.output));
  }

  /** How often a node has come again under a new epoch. */
  #comingsAgain(node: number | undefined): number {
    const { output = '', process } = this.nodes[node ?? -1] ?? {};
    return (output + (process?.output ?? '')).split('was given up by the others').length - 1;
  }

  #describeLost(): string[] {
    return this.watchers.flatMap((watcher) => {
      const numbers = Map.groupBy(
        this.#judge(watcher).lost.filter((one) => !this.#isExcused(watcher, one)),
        ({ publisher }) => publisher,
      );
      return [...numbers].map(([publisher, lost]) => {
        const at = lost.map(({ number, sentAt }) => `${number} at ${sentAt - this.startedAt} ms`);
        return `LOST ${watcher.userId}: ${lost.length} of ${publisher} (${at.slice(0, 5).join(', ')})`;
      });
    });
  }

  /** Watchers who had their connection all the time and of whom others heard that they have gone. */
  #wronglyRemoved(): string[] {
    const stayed = this.watchers.filter(
      ({ history, userId }) => !this.givenUp.has(userId) && history.every(({ what }) => what !== 'away'),
    );
    const ids = new Set([...this.stay, ...stayed.map(({ userId }) => userId)]);
    return this.watchers.flatMap(({ history, userId }) =>
      history.flatMap((seen) =>
        seen.what === 'removed' && ids.has(seen.id) ? [`${seen.id}, says ${userId}`] : [],
      ),
    );
  }

  /** The longest time in which a watcher who was there heard nothing of a publisher. */
  #longestSilence(): number {
    let longest = 0;
    for (const { history } of this.watchers) {
      for (const { name } of this.announcements) {
        let last: number | null = null;
        for (const seen of history) {
          if (seen.what === 'away') last = null;
          if (seen.what !== 'event' || seen.publisher !== name) continue;
          if (last !== null) longest = Math.max(longest, seen.at - last);
          last = seen.at;
        }
      }
    }
    return longest;
  }

  async #until(holds: () => boolean): Promise<boolean> {
    const deadline = Date.now() + leaseSeconds * 1000 + patienceMs;
    while (!holds()) {
      if (Date.now() > deadline) return false;
      await Bun.sleep(200);
    }
    return true;
  }
}

/** The first number of what was sent after this time and heard. */
function firstHeard({ history }: Watcher, { name, sent }: Announcements, after: number): number {
  let first = Number.POSITIVE_INFINITY;
  for (const seen of history) {
    if (seen.what !== 'event' || seen.publisher !== name) continue;
    if ((sent[seen.number - 1]?.sentAt ?? 0) > after) first = Math.min(first, seen.number);
  }
  return first;
}
