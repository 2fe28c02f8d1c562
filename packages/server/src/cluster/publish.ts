import type { Clock } from '@earshot/base';
import type { ChannelName } from '@earshot/protocol';
import { type Channel, topicOf } from '../channels/channel.ts';
import type { FanOut } from '../channels/fanout.ts';
import type { Hub } from '../channels/hub.ts';
import type { Bus } from './bus.ts';
import type { EventCache } from './event-cache.ts';

/** Ends of one and the same event, as two nodes know them, differ by less. */
const sameMs = 1_000;

/** An event that comes from another node is younger by no more than it was under way. */
const underWayMs = 50;

/** An accepted event on its way to one channel. */
export interface Publication {
  readonly appId: string;
  readonly channel: ChannelName;
  /** The complete frame; everybody gets these bytes. */
  readonly frame: string;
  /** Socket id of the connection that must not get it, here or on another node. */
  readonly except: string | null;
  /** How long a cache channel keeps it; 0 = not at all. */
  readonly cacheSeconds: number;
}

/** Who looks on while events go out. It is asked for each event, so the answer has to be quick. */
export interface Onlooker {
  looksAt(appId: string): boolean;
  /** An event went to the subscribers of this node. */
  sent(appId: string, channel: string, frame: string, recipients: number): void;
}

/** Takes accepted events to the subscribers, those of this node and those of the others. */
export class Publisher {
  readonly #hub: Hub;
  readonly #fanOut: FanOut;
  readonly #bus: Bus;
  readonly #cache: EventCache;
  readonly #clock: Clock;
  readonly #onlooker: Onlooker;

  constructor(parts: {
    hub: Hub;
    fanOut: FanOut;
    bus: Bus;
    cache: EventCache;
    clock: Clock;
    onlooker: Onlooker;
  }) {
    this.#hub = parts.hub;
    this.#fanOut = parts.fanOut;
    this.#bus = parts.bus;
    this.#cache = parts.cache;
    this.#clock = parts.clock;
    this.#onlooker = parts.onlooker;
  }

  /**
   * The order of calls is the order of delivery; with workers, whose supervisor says in which order all deliver, as well.
   * @returns null when the event is delivered to the subscribers of this node, or a promise that resolves when it is, and when
   *   a cache channel keeps it
   */
  publish(publication: Publication): Promise<void> | null {
    const { appId, channel, frame, except, cacheSeconds } = publication;
    const cacheMs = channel.cached ? cacheSeconds * 1000 : 0;
    const topic = topicOf(appId, channel.name);
    return this.#bus.publish(topic, { kind: 'event', frame, except, cacheMs }, () =>
      this.deliver(topic, frame, except, cacheMs),
    );
  }

  /** Delivers to the subscribers of this node; the bus calls it for what other nodes publish. */
  deliver(topic: string, frame: string, except: string | null, cacheMs: number): void {
    const channel = this.#hub.byTopic(topic);
    if (channel === undefined) return;
    if (cacheMs > 0) channel.cached = { frame, expiresAt: this.#clock.now() + cacheMs };
    const excluded = except === null ? null : (this.#hub.listeners.get(except) ?? null);
    const recipients = channel.subscriptions - (excluded === null ? 0 : 1);
    channel.tally.delivered(recipients);
    if (recipients > 0 && this.#onlooker.looksAt(channel.appId)) {
      this.#onlooker.sent(channel.appId, channel.name.name, frame, recipients);
    }
    this.#fanOut.deliver(channel, frame, excluded);
  }

  /** Makes this node hear a channel that just got its first hold; `channel.opening` is null again afterwards. */
  open(channel: Channel): void {
    channel.opening = this.#open(channel).finally(() => {
      channel.opening = null;
    });
  }

  async #open(channel: Channel): Promise<void> {
    await this.#bus.listen(channel.topic);
    if (!channel.name.cached) return;
    // The cache has it, or newer, unless this node is about to keep it. It may also be of the time when the node left the channel.
    const before = channel.cached;
    channel.cached = null;
    const kept = await this.#cache.get(channel.appId, channel.name.name);
    await this.#bus.caughtUp(channel.topic);
    const isNewer = before !== null && (kept === null || before.expiresAt > kept.expiresAt + underWayMs);
    // An event that came in the meantime is this one, or newer than what the cache said.
    channel.cached ??= isNewer ? before : kept;
  }

  /** A broker is back: cache channels whose events this node has not heard take what the cluster keeps. */
  async refresh(topics: ReadonlySet<string>): Promise<void> {
    await Promise.all([...topics].map((topic) => this.#refresh(topic)));
  }

  async #refresh(topic: string): Promise<void> {
    const channel = this.#hub.byTopic(topic);
    if (channel === undefined || !channel.name.cached) return;
    const before = channel.cached;
    const kept = await this.#cache.get(channel.appId, channel.name.name);
    await this.#bus.caughtUp(topic);
    // A broker that comes back with an older state has an older event.
    const isOlder = before !== null && kept !== null && kept.expiresAt < before.expiresAt - sameMs;
    if (channel.cached === before && kept !== null && !isOlder) channel.cached = kept;
  }

  /** Undoes `open` for a channel that this node let go. */
  close(channel: Channel): void {
    this.#fanOut.forget(channel);
    channel.countTimer?.cancel();
    this.#bus.leave(channel.topic);
  }
}
