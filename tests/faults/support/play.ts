import Pusher, { type Channel, type Members } from 'pusher-js';
import { channelAuth } from '../../support/api.ts';
import { EarshotProcess } from '../../support/process.ts';
import { type Findings, judge, type Seen } from './history.ts';

/** Real server processes that share brokers, stock clients that come and go, and others who watch and write down. */

export const room = 'presence-room';
export const news = 'news';
/** Short, so that a fault is over soon; not so short that a busy machine makes a node look dead. */
export const leaseSeconds = 5;
/** How long everything may take to be right again, besides the lease: the machine may be busy. */
const patienceMs = 60_000;

/** Waits until something is so that must become so; the assertion after it says what is not. */
export async function settled(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!holds() && Date.now() < deadline) await Bun.sleep(20);
}

/** Numbers from a seed, so that a run can be repeated. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

function client(node: EarshotProcess, userId: string): Pusher {
  return new Pusher(node.app.key, {
    cluster: 'any',
    wsHost: '127.0.0.1',
    wsPort: node.port,
    forceTLS: false,
    enabledTransports: ['ws'],
    channelAuthorization: {
      transport: 'ajax',
      endpoint: '',
      customHandler({ socketId, channelName }, callback) {
        const channelData = JSON.stringify({ user_id: userId });
        const auth = channelAuth(node.app, socketId, channelName, channelData);
        callback(null, { auth, channel_data: channelData });
      },
    },
  });
}

/** A client that stays and writes down what it sees. */
export class Watcher {
  readonly history: Seen[] = [];
  readonly #client: Pusher;

  private constructor(
    node: EarshotProcess,
    readonly userId: string,
  ) {
    this.#client = client(node, userId);
  }

  static async on(node: EarshotProcess, userId: string, channels = [room]): Promise<Watcher> {
    const watcher = new Watcher(node, userId);
    await Promise.all(channels.map((channel) => watcher.#follow(channel)));
    await watcher.#followEvents();
    return watcher;
  }

  close(): void {
    this.#client.disconnect();
  }

  #follow(name: string): Promise<void> {
    const channel = this.#client.subscribe(name);
    this.#hear(channel);
    channel.bind('pusher:member_added', ({ id }: { id: string }) => this.history.push({ what: 'added', id }));
    channel.bind('pusher:member_removed', ({ id }: { id: string }) =>
      this.history.push({ what: 'removed', id }),
    );
    return new Promise((resolve) => {
      channel.bind('pusher:subscription_succeeded', (members: Members) => {
        const ids: string[] = [];
        members.each(({ id }: { id: string }) => ids.push(id));
        this.history.push({ what: 'list', ids });
        resolve();
      });
    });
  }

  #hear(channel: Channel): void {
    channel.bind('numbered', ({ publisher, number }: { publisher: string; number: number }) =>
      this.history.push({ what: 'event', publisher, number }),
    );
  }

  #followEvents(): Promise<void> {
    const channel = this.#client.subscribe(news);
    this.#hear(channel);
    return new Promise((resolve) => channel.bind('pusher:subscription_succeeded', () => resolve()));
  }
}

/** People who come and go on a node, from a seed. */
export class Crowd {
  readonly inside = new Map<string, Pusher>();
  readonly #random: () => number;
  #going: Promise<void> | null = null;
  #stopped = false;
  #count = 0;
  comings = 0;

  constructor(
    readonly node: EarshotProcess,
    readonly name: string,
    seed: number,
  ) {
    this.#random = random(seed);
  }

  start(pauseMs = 5): void {
    this.#stopped = false;
    this.#going = this.#go(pauseMs);
  }

  /** Lets them come and go for this long, and until some have, however slow the machine is. */
  async goOn(ms: number): Promise<void> {
    const before = this.comings;
    await Bun.sleep(ms);
    await settled(() => this.comings > before + 5);
  }

  /** Nobody comes or goes any more; who is inside stays. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#going;
  }

  /** Their clients end, as those of a node that is gone do. */
  abandon(): void {
    for (const one of this.inside.values()) one.disconnect();
    this.inside.clear();
  }

  async enter(userId = `${this.name}-${this.#count++}`): Promise<void> {
    const one = client(this.node, userId);
    this.inside.set(userId, one);
    this.comings++;
    const channel = one.subscribe(room);
    await Promise.race([
      new Promise<void>((resolve) => channel.bind('pusher:subscription_succeeded', () => resolve())),
      Bun.sleep(5_000),
    ]);
  }

  leave(userId: string): void {
    this.inside.get(userId)?.disconnect();
    this.inside.delete(userId);
  }

  async #go(pauseMs: number): Promise<void> {
    while (!this.#stopped) {
      const ids = [...this.inside.keys()];
      if (ids.length > 12 || (ids.length > 0 && this.#random() < 0.45)) {
        const id = ids[Math.floor(this.#random() * ids.length)] ?? '';
        this.leave(id);
        // Some come back at once, which is where lists go wrong.
        if (this.#random() < 0.3) await this.enter(id);
      } else await this.enter();
      await Bun.sleep(pauseMs);
    }
  }
}

/** Publishes numbered events at a node, one after another. */
export class Announcements {
  sent = 0;
  #stopped = false;
  #going: Promise<void> | null = null;

  constructor(
    readonly node: EarshotProcess,
    readonly name: string,
  ) {}

  start(pauseMs = 5): void {
    this.#going = this.#go(pauseMs);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#going;
  }

  async #go(pauseMs: number): Promise<void> {
    while (!this.#stopped) {
      const number = this.sent + 1;
      const data = JSON.stringify({ publisher: this.name, number });
      const { status } = await this.node.api.publish(news, 'numbered', data);
      if (status !== 200) throw new Error(`a publish was answered with ${status}`);
      this.sent = number;
      await Bun.sleep(pauseMs);
    }
  }
}

/** Waits until all see who is inside and all that was published, and gives what was wrong on the way. */
export async function judged(
  watchers: readonly Watcher[],
  members: ReadonlySet<string>,
  published: ReadonlyMap<string, number> = new Map(),
  mayLose = false,
): Promise<Findings[]> {
  const deadline = Date.now() + leaseSeconds * 1000 + patienceMs;
  for (;;) {
    const all = watchers.map(({ history }) => judge(history, members, published));
    const isRight = all.every(
      ({ ghosts, missing, lost }) => ghosts.length === 0 && missing.length === 0 && (mayLose || lost === 0),
    );
    if (isRight || Date.now() > deadline) return all;
    await Bun.sleep(20);
  }
}

/** What `judge` says when nothing is wrong. */
export const nothingWrong: Findings = { doubled: [], outOfOrder: [], lost: 0, ghosts: [], missing: [] };

export interface Nodes extends AsyncDisposable {
  readonly nodes: readonly EarshotProcess[];
}

/** Starts server processes on these brokers; use with `await using`. */
export async function startNodes(
  count: number,
  redisUrl: string,
  env: Record<string, string> = {},
): Promise<Nodes> {
  const settings = {
    EARSHOT_REDIS_URL: redisUrl,
    EARSHOT_LEASE_SECONDS: String(leaseSeconds),
    EARSHOT_LOG_LEVEL: 'info',
    ...env,
  };
  const nodes = await Promise.all(
    Array.from({ length: count }, () => EarshotProcess.start(settings, patienceMs)),
  );
  return {
    nodes,
    async [Symbol.asyncDispose]() {
      await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()));
    },
  };
}
