import Pusher, { type Channel, type Members } from 'pusher-js';
import { Api, type Credentials, channelAuth } from '../../support/api.ts';
import type { Seen, Sent } from './history.ts';
import { random } from './random.ts';

/** Stock clients that come and go, others who watch and write down, and an application that publishes. */

export const room = 'presence-room';
/** How long somebody who comes in is waited for before the next one does something. */
const enterMs = 5_000;
const goOnMs = 60_000;
/** A publish that is not answered is given up. */
const publishMs = 30_000;

/** Where clients connect to: a node, or a balancer in front of all. */
export interface Door {
  readonly port: number;
  readonly app: Credentials;
  /** Which node that is, where it is one. */
  readonly node?: number | undefined;
}

export function client({ port, app }: Door, userId: string): Pusher {
  return new Pusher(app.key, {
    cluster: 'any',
    wsHost: '127.0.0.1',
    wsPort: port,
    forceTLS: false,
    enabledTransports: ['ws'],
    channelAuthorization: {
      transport: 'ajax',
      endpoint: '',
      customHandler({ socketId, channelName }, callback) {
        const channelData = JSON.stringify({ user_id: userId });
        const auth = channelAuth(app, socketId, channelName, channelData);
        callback(null, { auth, channel_data: channelData });
      },
    },
  });
}

/**
 * For good: pusher-js connects again by itself when the server closes (4200) in the moment in which it is told to go. It says
 * that it is connecting before it begins to, so it is told so once more after that.
 */
export function disconnect(client: Pusher): void {
  client.connection.bind('connecting', () => queueMicrotask(() => client.disconnect()));
  client.disconnect();
}

/** A client that stays and writes down what it sees. */
export class Watcher {
  readonly history: Seen[] = [];
  /** How often it was told to come again later, each time that it had lost its connection. */
  readonly putOff: number[] = [];
  readonly #client: Pusher;
  readonly #lacking = new Set<string>();
  readonly #first: Promise<void>;

  private constructor(
    readonly door: Door,
    readonly userId: string,
    channels: readonly string[],
  ) {
    this.#client = client(door, userId);
    this.#first = new Promise((resolve) => {
      for (const name of channels) this.#follow(name, resolve);
    });
    this.#client.connection.bind(
      'state_change',
      ({ current, previous }: { current: string; previous: string }) => {
        if (previous === 'connected') {
          for (const name of channels) this.#lacking.add(name);
          this.history.push({ what: 'away', at: Date.now() });
          this.putOff.push(0);
        }
        if (current === 'failed') throw new Error('a client has given up');
      },
    );
    this.#client.connection.bind('connecting_in', () => {
      // It says so of every close, before it connects again at once.
      if (this.#client.connection.state === 'connected') return;
      const last = this.putOff.length - 1;
      if (last >= 0) this.putOff[last] = (this.putOff[last] ?? 0) + 1;
    });
  }

  /** @param channels what it follows; each may have members, and events */
  static async on(door: Door, userId: string, channels: readonly string[]): Promise<Watcher> {
    const watcher = new Watcher(door, userId, channels);
    await watcher.#first;
    return watcher;
  }

  close(): void {
    this.#client.unbind();
    this.#client.connection.unbind();
    disconnect(this.#client);
  }

  #follow(name: string, first: () => void): void {
    this.#lacking.add(name);
    const channel = this.#client.subscribe(name);
    channel.bind('pusher:subscription_succeeded', (members: Members | undefined) => {
      if (name === room) {
        const ids: string[] = [];
        members?.each(({ id }: { id: string }) => ids.push(id));
        this.history.push({ what: 'list', ids });
      }
      this.#lacking.delete(name);
      if (this.#lacking.size > 0) return;
      this.history.push({ what: 'here', at: Date.now() });
      first();
    });
    this.#hear(channel);
    if (name !== room) return;
    channel.bind('pusher:member_added', ({ id }: { id: string }) => this.history.push({ what: 'added', id }));
    channel.bind('pusher:member_removed', ({ id }: { id: string }) =>
      this.history.push({ what: 'removed', id }),
    );
  }

  #hear(channel: Channel): void {
    channel.bind('numbered', ({ publisher, number }: { publisher: string; number: number }) =>
      this.history.push({ what: 'event', publisher, number, at: Date.now() }),
    );
  }
}

/** People who come and go by a door, from a seed. */
export class Crowd {
  readonly inside = new Map<string, Pusher>();
  readonly #random: () => number;
  #going: Promise<void> | null = null;
  #stopped = false;
  #count = 0;
  comings = 0;

  constructor(
    readonly door: Door,
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
    const deadline = Date.now() + goOnMs;
    while (this.comings <= before + 5 && Date.now() < deadline) await Bun.sleep(20);
  }

  /** Nobody comes or goes any more; who is inside stays. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#going;
  }

  /** Their clients end, as those of a node that is gone do. */
  abandon(): void {
    for (const one of this.inside.values()) disconnect(one);
    this.inside.clear();
  }

  async enter(userId = `${this.name}-${this.#count++}`): Promise<void> {
    const one = client(this.door, userId);
    this.inside.set(userId, one);
    this.comings++;
    const channel = one.subscribe(room);
    await Promise.race([
      new Promise<void>((resolve) => channel.bind('pusher:subscription_succeeded', () => resolve())),
      Bun.sleep(enterMs),
    ]);
  }

  leave(userId: string): void {
    const one = this.inside.get(userId);
    if (one !== undefined) disconnect(one);
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

/** Publishes numbered events by a door, one after another, on a channel of its own. */
export class Announcements {
  readonly sent: Sent[] = [];
  /** Publishes that were not answered by 200. */
  readonly refused: string[] = [];
  readonly channel: string;
  #stopped = false;
  #going: Promise<void> | null = null;

  constructor(
    readonly door: Door,
    readonly name: string,
  ) {
    this.channel = `news-${name}`;
  }

  start(pauseMs = 5): void {
    this.#going = this.#go(pauseMs);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#going;
  }

  async #go(pauseMs: number): Promise<void> {
    while (!this.#stopped) {
      await this.publish();
      await Bun.sleep(pauseMs);
    }
  }

  /** One that gets no answer may have arrived or not; nobody has to hear it. */
  async publish(): Promise<void> {
    const { port, app } = this.door;
    const api = new Api(`http://127.0.0.1:${port}`, app, () => Math.floor(Date.now() / 1000));
    const data = JSON.stringify({ publisher: this.name, number: this.sent.length + 1 });
    const sentAt = Date.now();
    const taken = await Promise.race([
      api.publish(this.channel, 'numbered', data).catch(String),
      Bun.sleep(publishMs).then(() => 'no answer'),
    ]);
    if (typeof taken !== 'string') {
      const by = taken.headers.get('X-Served-By') ?? undefined;
      this.sent.push({ sentAt, answeredAt: Date.now(), by });
    } else {
      this.refused.push(taken);
      this.sent.push({ sentAt: Number.NEGATIVE_INFINITY, answeredAt: Number.POSITIVE_INFINITY });
    }
  }
}
