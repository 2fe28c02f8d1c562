import type { Clock } from '@earshot/base';
import {
  memberAdded,
  memberRemoved,
  subscriptionCount,
  subscriptionCountThrottle,
  watchlistEvents,
} from '@earshot/protocol';
import type { AppRegistry } from '../apps/registry.ts';
import type { Fact } from '../channels/facts.ts';
import type { FanOut } from '../channels/fanout.ts';
import type { Hub } from '../channels/hub.ts';
import type { Users } from '../channels/users.ts';

const countIntervalMs = subscriptionCountThrottle.intervalSeconds * 1000;

/** Turns what became true in the cluster into frames for the subscribers of this node. */
export class Announcer {
  readonly #apps: AppRegistry;
  readonly #hub: Hub;
  readonly #users: Users<{ send(frame: string): void }>;
  readonly #fanOut: FanOut;
  readonly #clock: Clock;

  constructor(parts: {
    apps: AppRegistry;
    hub: Hub;
    users: Users<{ send(frame: string): void }>;
    fanOut: FanOut;
    clock: Clock;
  }) {
    this.#apps = parts.apps;
    this.#hub = parts.hub;
    this.#users = parts.users;
    this.#fanOut = parts.fanOut;
    this.#clock = parts.clock;
  }

  announce(fact: Fact): void {
    switch (fact.type) {
      case 'member_added':
        this.#toSubscribers(fact, memberAdded(fact.channel, fact.userId, fact.userInfo));
        break;
      case 'member_removed':
        this.#toSubscribers(fact, memberRemoved(fact.channel, fact.userId));
        break;
      case 'subscription_count':
        this.#count(fact.appId, fact.channel, fact.count);
        break;
      case 'user_online':
        this.#status(fact.appId, fact.userId, true);
        break;
      case 'user_offline':
        this.#status(fact.appId, fact.userId, false);
        break;
      case 'channel_occupied':
      case 'channel_vacated':
        break;
    }
  }

  #toSubscribers(at: { appId: string; channel: string }, frame: string): void {
    const channel = this.#hub.get(at.appId, at.channel);
    if (channel !== undefined && channel.subscriptions > 0) this.#fanOut.deliver(channel, frame, null);
  }

  #count(appId: string, name: string, count: number): void {
    if (!this.#apps.byId(appId)?.settings.subscriptionCount) return;
    const channel = this.#hub.get(appId, name);
    if (channel === undefined || channel.name.kind === 'presence' || channel.name.kind === 'user') return;
    channel.countTimer?.cancel();
    channel.countTimer = null;
    const waitMs = channel.countToldAt + countIntervalMs - this.#clock.monotonic();
    if (count > subscriptionCountThrottle.subscribers && waitMs > 0) {
      channel.countTimer = this.#clock.after(waitMs, () => this.#count(appId, name, count));
      return;
    }
    channel.countToldAt = this.#clock.monotonic();
    this.#toSubscribers({ appId, channel: name }, subscriptionCount(name, count));
  }

  #status(appId: string, userId: string, online: boolean): void {
    const watched = this.#users.watched(appId, userId);
    if (watched === undefined || watched.online === online) return;
    watched.online = online;
    if (watched.watchers.size === 0) return;
    const frame = watchlistEvents(
      online ? { online: [userId], offline: [] } : { online: [], offline: [userId] },
    );
    for (const watcher of watched.watchers) watcher.send(frame);
  }
}
