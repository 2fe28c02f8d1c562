import type { Clock, Timer } from '@earshot/base';
import type { Bus, BusReceiver } from './bus.ts';
import type { Envelope, EventEnvelope } from './envelope.ts';
import type { RedisEventCache } from './event-cache-redis.ts';
import { Connection, isRefusal } from './redis/connection.ts';
import { keepLate, keepMark, publish } from './redis/event-scripts.ts';
import type { Figures } from './redis/figures.ts';
import type { Ring } from './redis/ring.ts';
import type { Server } from './redis/servers.ts';
import { decode, encode, senderLength } from './redis/wire.ts';

/** What may wait for one server: while it is away, or slower than we are. Beyond it new events are dropped. */
const backlogMax = 10_000;
const backlogCharactersMax = 16 * 1024 * 1024;
/** An outage longer than this makes what waited too old to be sent: a client would see the past as news. */
const patienceMs = 5_000;
/** One script carries so many events at most, so that the server is never busy for long. */
const eventsPerScript = 500;
/** Scripts on their way to one server. */
const underWayMax = 8;
const topicsPerCommand = 1_000;
const beaconMs = 1_000;
/** A server from which the own beacon has not come back for so long is not heard, whatever the socket says. */
const deafMs = 4_000;
/** Foreign messages, and events that are not kept, are reported at most so often. */
const reportMs = 60_000;
/** Events of cache channels that a server has not taken; beyond it the oldest are forgotten. */
const lateMax = 10_000;

export interface RedisBusParts {
  readonly servers: readonly Server[];
  readonly ring: Ring;
  /** Where others look for what is kept. */
  readonly cache: RedisEventCache;
  readonly receiver: BusReceiver;
  readonly clock: Clock;
  readonly figures: Figures;
  /** Says that a server is away, and that it is back. */
  readonly say: (text: string, details: Record<string, unknown>) => void;
}

/**
 * The bus over pub/sub of one or more servers, each of which has its share of the topics.
 *
 * At most once: what is relayed while the broker is away, or on its way when a connection breaks, may be lost. What waits
 * for a server is sent in the order of relaying, all of a turn in one script.
 */
export class RedisBus implements Bus {
  readonly #self = crypto.randomUUID().replaceAll('-', '').slice(0, senderLength);
  readonly #lanes: readonly Lane[];
  readonly #ring: Ring;

  constructor(parts: RedisBusParts) {
    this.#ring = parts.ring;
    this.#lanes = parts.servers.map((server, index) => new Lane(server, index, this.#self, parts));
  }

  listen(topic: string): Promise<void> {
    return this.#lane(topic).listen(topic);
  }

  leave(topic: string): void {
    this.#lane(topic).leave(topic);
  }

  relay(topic: string, envelope: Envelope): void {
    this.#lane(topic).relay(topic, this.#self + encode(envelope));
  }

  /** Each node has its own order: a round trip to a broker before each delivery is more than one order is worth. */
  publish(topic: string, envelope: EventEnvelope, deliver: () => void): Promise<void> | null {
    deliver();
    const message = this.#self + encode(envelope);
    if (envelope.cacheMs > 0) return this.#lane(topic).keep(topic, message, envelope);
    this.#lane(topic).relay(topic, message);
    return null;
  }

  caughtUp(topic: string): Promise<void> {
    return this.#lane(topic).caughtUp();
  }

  /** Resolves when what was relayed and listened to before has come back from every server; for tests. */
  async settled(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.heard()));
  }

  async close(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.close()));
  }

  #lane(topic: string): Lane {
    return this.#lanes[this.#ring.of(topic)] as Lane;
  }
}

/** An event of a cache channel on its way. */
interface Keeping {
  readonly topic: string;
  readonly message: string;
  readonly frame: string;
  readonly ms: number;
  /** When it came, by a clock that does not jump. */
  readonly at: number;
  readonly done: () => void;
}

/** What goes by one server. */
class Lane {
  readonly #server: Server;
  readonly #index: number;
  readonly #self: string;
  readonly #parts: RedisBusParts;
  readonly #commands: Connection;
  readonly #subscriber: Connection;
  readonly #prefix: string;
  readonly #beacon: string;
  readonly #timer: Timer;
  readonly #topics = new Set<string>();
  /** Topics whose subscription has to be told to the server, in one command at the end of the turn. */
  #listening = new Map<string, boolean>();
  #listened: PromiseWithResolvers<void> | null = null;
  /** Channel and message by turns. */
  #backlog: string[] = [];
  /** Those of the backlog that are to be kept, in its order. */
  #keeping: Keeping[] = [];
  /** By topic, the oldest first: what was to be kept when the server was away. */
  readonly #late = new Map<string, Keeping>();
  #pinging: Promise<void> | null = null;
  #characters = 0;
  #underWay = 0;
  #flushing = false;
  #heardAt: number;
  #beaconsSent = 0;
  #beaconsHeard = 0;
  readonly #waitingForBeacon: { number: number; resolve: () => void }[] = [];
  #awaySince: number | null = null;
  #droppedInOutage = 0;
  #foreignReportedAt = Number.NEGATIVE_INFINITY;
  #unkeptReportedAt = Number.NEGATIVE_INFINITY;
  #wasUp = false;
  #closed = false;

  constructor(server: Server, index: number, self: string, parts: RedisBusParts) {
    this.#server = server;
    this.#index = index;
    this.#self = self;
    this.#parts = parts;
    this.#prefix = `earshot:${server.database}:`;
    this.#beacon = `earshot-beacon:${server.database}:${self}`;
    this.#heardAt = parts.clock.monotonic();
    const onLost = () => this.#lost();
    this.#commands = new Connection(server.url, [publish, keepLate], {
      onReady: () => this.#ready(),
      onLost,
    });
    this.#subscriber = new Connection(server.url, [], {
      onReady: () => void this.#resubscribe(),
      onLost,
      onMessage: (channel, message) => this.#received(channel, message),
    });
    this.#timer = parts.clock.every(beaconMs, () => this.#beat());
  }

  listen(topic: string): Promise<void> {
    this.#topics.add(topic);
    return this.#subscription(topic, true);
  }

  leave(topic: string): void {
    if (this.#topics.delete(topic)) void this.#subscription(topic, false);
  }

  relay(topic: string, message: string): void {
    this.#add(this.#prefix + topic, message);
  }

  /** Without the server the event is kept here, and nobody waits. */
  keep(topic: string, message: string, { frame, cacheMs: ms }: EventEnvelope): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const at = this.#parts.clock.monotonic();
    const keeping = { topic, message, frame, ms, at, done: resolve };
    if (!this.#commands.ready) this.#keepHere(keeping);
    if (this.#add(`${keepMark}${ms} ${this.#prefix}${topic}`, message)) this.#keeping.push(keeping);
    else this.#keepLater(keeping);
    return promise;
  }

  /** One question for all of a turn. A server that is away has nothing that could be waited for. */
  caughtUp(): Promise<void> {
    this.#pinging ??= new Promise((resolve) => {
      queueMicrotask(() => {
        this.#pinging = null;
        this.#subscriber.call('PING').then(
          () => resolve(),
          () => resolve(),
        );
      });
    });
    return this.#pinging;
  }

  /** @returns false when it is dropped */
  #add(channel: string, message: string): boolean {
    const { clock, figures } = this.#parts;
    const isLate = this.#awaySince !== null && clock.monotonic() - this.#awaySince > patienceMs;
    if (isLate && this.#backlog.length > 0) this.#drop(this.#backlog.length / 2);
    const isFull =
      this.#backlog.length >= backlogMax * 2 || this.#characters + message.length > backlogCharactersMax;
    if (isLate || isFull || this.#closed) {
      if (this.#droppedInOutage++ === 0) {
        const stage = 'bus: a broker is away or too slow; other nodes do not get the events that are dropped';
        this.#parts.say(stage, { broker: this.#server.name });
      }
      figures.dropped++;
      return false;
    }
    this.#backlog.push(channel, message);
    this.#characters += message.length;
    if (!this.#flushing) {
      this.#flushing = true;
      queueMicrotask(() => this.#flush());
    }
    return true;
  }

  heard(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    queueMicrotask(() => {
      this.#waitingForBeacon.push({ number: this.#beaconsSent + 1, resolve });
      this.#beat();
    });
    return promise;
  }

  async close(): Promise<void> {
    this.#timer.cancel();
    if (this.#commands.ready) {
      while (this.#backlog.length > 0 && this.#commands.ready) {
        this.#flush();
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
      // The answer to it is the answer to all that was sent before.
      if (this.#commands.ready) await this.#commands.call('PING').catch(() => undefined);
    }
    this.#closed = true;
    this.#commands.close();
    this.#subscriber.close();
    this.#listened?.resolve();
    for (const { resolve } of this.#waitingForBeacon) resolve();
    for (const { done } of this.#keeping) done();
  }

  #flush(): void {
    this.#flushing = false;
    while (this.#backlog.length > 0 && this.#commands.ready && this.#underWay < underWayMax) {
      const batch = this.#backlog.splice(0, eventsPerScript * 2);
      let kept = 0;
      for (let i = 0; i < batch.length; i += 2) {
        this.#characters -= batch[i + 1]?.length ?? 0;
        if (batch[i]?.startsWith(keepMark)) kept++;
      }
      const keeping = this.#keeping.splice(0, kept);
      this.#underWay++;
      this.#commands.run(publish, batch).then(
        (refused) => {
          for (const { done } of keeping) done();
          if (refused !== null) this.#unkept(refused);
          this.#answered();
        },
        () => {
          // It may have arrived or not; sending it again could double it. Keeping it again does no harm.
          this.#parts.figures.dropped += batch.length / 2;
          for (const one of keeping) this.#keepLater(one);
          this.#answered();
        },
      );
    }
  }

  #answered(): void {
    this.#underWay--;
    if (this.#backlog.length > 0) this.#flush();
  }

  #drop(events: number): void {
    this.#parts.figures.dropped += events;
    this.#droppedInOutage += events;
    this.#backlog = [];
    this.#characters = 0;
    for (const one of this.#keeping.splice(0)) this.#keepLater(one);
  }

  #keepHere({ topic, frame, ms, done }: Keeping): void {
    this.#parts.cache.keepHere(topic, frame, ms);
    done();
  }

  #keepLater(keeping: Keeping): void {
    this.#keepHere(keeping);
    this.#late.delete(keeping.topic);
    this.#late.set(keeping.topic, keeping);
    const [oldest] = this.#late.keys();
    if (this.#late.size > lateMax && oldest !== undefined) this.#late.delete(oldest);
  }

  /** The server is back. What it does not take now, because it is away again, is taken the next time. */
  #handOver(): void {
    const late = [...this.#late.values()];
    this.#late.clear();
    this.#parts.cache.handedOver(this.#index);
    for (const keeping of late) {
      const age = Math.round(this.#parts.clock.monotonic() - keeping.at);
      const left = Math.round(keeping.ms - age);
      if (left <= 0) continue;
      this.#commands.run(keepLate, [keeping.topic, keeping.message, age, left]).catch((error) => {
        if (isRefusal(error)) this.#unkept(error.message);
        else if (!this.#late.has(keeping.topic)) this.#keepLater(keeping);
      });
    }
  }

  #unkept(reason: unknown): void {
    const now = this.#parts.clock.monotonic();
    if (now - this.#unkeptReportedAt < reportMs) return;
    this.#unkeptReportedAt = now;
    const stage = 'bus: a broker does not keep the last events of cache channels';
    this.#parts.say(stage, { broker: this.#server.name, reason });
  }

  /** All of a turn go in one command each. */
  #subscription(topic: string, wanted: boolean): Promise<void> {
    if (this.#closed) return Promise.resolve();
    if (this.#listened === null) {
      this.#listened = Promise.withResolvers<void>();
      queueMicrotask(() => this.#tellServer());
    }
    this.#listening.delete(topic);
    this.#listening.set(topic, wanted);
    return this.#listened.promise;
  }

  #tellServer(): void {
    const listened = this.#listened;
    const changes = this.#listening;
    this.#listened = null;
    this.#listening = new Map();
    if (!this.#subscriber.ready) {
      // At the start the first subscriptions wait for the server; in an outage nobody does.
      if (this.#wasUp || this.#closed) listened?.resolve();
      else this.#waitingForStart.push(() => listened?.resolve());
      return;
    }
    const channels = (wanted: boolean) =>
      [...changes].flatMap(([topic, is]) => (is === wanted ? [this.#prefix + topic] : []));
    Promise.all([
      ...chunks(channels(false)).map((some) => this.#subscriber.unsubscribe(some)),
      ...chunks(channels(true)).map((some) => this.#subscriber.subscribe(some)),
    ])
      .catch(() => undefined) // The connection was lost: the next one subscribes to all that is wanted by then.
      .finally(() => listened?.resolve());
  }

  readonly #waitingForStart: (() => void)[] = [];

  /** After each connect: the server knows nothing of what the one before had subscribed to. */
  async #resubscribe(): Promise<void> {
    try {
      await this.#subscriber.subscribe([this.#beacon]);
      for (const some of chunks([...this.#topics].map((topic) => this.#prefix + topic))) {
        await this.#subscriber.subscribe(some);
      }
    } catch {
      return; // Lost again; the next connect comes here.
    }
    for (const resolve of this.#waitingForStart.splice(0)) resolve();
    this.#ready();
  }

  #ready(): void {
    if (!this.#commands.ready || !this.#subscriber.ready) return;
    const { clock, figures, say } = this.#parts;
    this.#heardAt = clock.monotonic();
    const wasAway = this.#awaySince !== null;
    if (!this.#wasUp) {
      this.#wasUp = true;
      figures.connected++;
    } else if (this.#awaySince !== null) {
      const awayMs = clock.monotonic() - this.#awaySince;
      if (awayMs > patienceMs && this.#backlog.length > 0) this.#drop(this.#backlog.length / 2);
      figures.connected++;
      figures.reconnects++;
      say('bus: the broker is back', {
        broker: this.#server.name,
        seconds: Math.round(awayMs / 1000),
        dropped: this.#droppedInOutage,
      });
    }
    this.#awaySince = null;
    this.#droppedInOutage = 0;
    this.#handOver();
    this.#beat();
    this.#flush();
    if (wasAway) void this.heard().then(() => this.#parts.receiver.missed?.(this.#topics));
  }

  #lost(): void {
    if (this.#closed || this.#awaySince !== null || !this.#wasUp) return;
    this.#awaySince = this.#parts.clock.monotonic();
    this.#parts.figures.connected--;
    this.#parts.say('bus: the broker is away; events reach the clients of this node only', {
      broker: this.#server.name,
    });
  }

  /** A connection that takes subscriptions and hears nothing looks well from outside; only hearing oneself shows it. */
  #beat(): void {
    const { clock } = this.#parts;
    if (this.#closed || !this.#commands.ready) return;
    const now = clock.monotonic();
    if (this.#subscriber.ready && now - this.#heardAt > deafMs) {
      this.#heardAt = now;
      this.#subscriber.renew();
      return;
    }
    // Behind what waits, so that hearing it means that what was relayed before has arrived as well.
    const beacon = `${++this.#beaconsSent} ${now}`;
    this.#backlog.push(this.#beacon, beacon);
    this.#characters += beacon.length;
    this.#flush();
  }

  #received(channel: string, message: string): void {
    if (this.#closed) return;
    if (channel === this.#beacon) {
      const [number = 0, sentAt = 0] = message.split(' ').map(Number);
      if (Number.isNaN(number) || Number.isNaN(sentAt)) return;
      this.#beaconsHeard = number;
      this.#heardAt = this.#parts.clock.monotonic();
      this.#parts.figures.lagMs = this.#heardAt - sentAt;
      while ((this.#waitingForBeacon[0]?.number ?? Number.POSITIVE_INFINITY) <= this.#beaconsHeard)
        this.#waitingForBeacon.shift()?.resolve();
      return;
    }
    if (message.startsWith(this.#self)) return;
    const topic = channel.slice(this.#prefix.length);
    if (!this.#topics.has(topic)) return;
    const envelope = decode(message);
    if (envelope !== null) this.#parts.receiver.received(topic, envelope);
    else this.#foreign(channel);
  }

  #foreign(channel: string): void {
    const now = this.#parts.clock.monotonic();
    this.#parts.figures.foreign++;
    if (now - this.#foreignReportedAt < reportMs) return;
    this.#foreignReportedAt = now;
    const stage =
      'bus: a message that no Earshot of a version we understand has sent was ignored; use a database of its own';
    this.#parts.say(stage, { broker: this.#server.name, channel });
  }
}

function chunks<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / topicsPerCommand) }, (_, i) =>
    items.slice(i * topicsPerCommand, (i + 1) * topicsPerCommand),
  );
}
