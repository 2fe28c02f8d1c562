import type { Clock, Timer } from '@earshot/base';
import { subscriptionCountThrottle } from '@earshot/protocol';
import type { App } from '../apps/app.ts';
import type { AppRegistry } from '../apps/registry.ts';
import type { Fact } from '../channels/facts.ts';
import type { WebhookKind } from '../config/webhook-settings.ts';
import type { WebhookEvent } from './event.ts';
import type { Journal } from './journal.ts';

/** An end is told only when it has lasted so long (HOOK-2). */
export const endDelayMs = 3_000;
/** Many who find a channel's cache empty are one event. */
const missWindowMs = 3_000;
const countIntervalMs = subscriptionCountThrottle.intervalSeconds * 1000;

const nothing: ReadonlySet<WebhookKind> = new Set();

/** What is so on the cluster at this moment; asked when a server has started. */
export interface Present {
  isOccupied(appId: string, channel: string): Promise<boolean>;
  members(appId: string, channel: string): Promise<ReadonlySet<string>>;
  /** Channels with subscriptions. */
  occupied(appId: string): Promise<readonly string[]>;
}

/** Turns facts into events for the journal: what an app has asked for, once, and ends only when they last. */
export class Teller {
  readonly #apps: AppRegistry;
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #wanted = new WeakMap<App['settings'], ReadonlySet<WebhookKind>>();
  /** Per app what it believes to be so; see `keyOf`. */
  readonly #told = new Map<string, Set<string>>();
  #stopped = false;
  readonly #ends = new Map<string, Timer>();
  readonly #misses = new Map<string, Timer>();
  readonly #counts = new Map<string, { readonly toldAt: number; timer: Timer | null }>();

  constructor(parts: { apps: AppRegistry; journal: Journal; clock: Clock }) {
    this.#apps = parts.apps;
    this.#journal = parts.journal;
    this.#clock = parts.clock;
  }

  /** The kinds that the app is sent. */
  wanted(app: App): ReadonlySet<WebhookKind> {
    const { settings } = app;
    if (settings.webhookUrl === null) return nothing;
    let wanted = this.#wanted.get(settings);
    if (wanted === undefined) {
      wanted = new Set(settings.webhookEvents as WebhookKind[]);
      this.#wanted.set(settings, wanted);
    }
    return wanted;
  }

  told(fact: Fact): void {
    if (this.#stopped) return;
    const app = this.#apps.byId(fact.appId);
    if (app === undefined || this.wanted(app).size === 0) return;
    switch (fact.type) {
      case 'channel_occupied':
        this.#begins(app, 'channel_occupied', fact.channel, '');
        break;
      case 'channel_vacated':
        this.#ended(app, 'channel_vacated', fact.channel, '');
        break;
      case 'member_added':
        this.#begins(app, 'member_added', fact.channel, fact.userId);
        break;
      case 'member_removed':
        this.#ended(app, 'member_removed', fact.channel, fact.userId);
        break;
      case 'subscription_count':
        this.#count(app, fact.channel, fact.count);
        break;
    }
  }

  /** Somebody has subscribed to a cache channel that has nothing to give. */
  cacheMiss(app: App, channel: string): void {
    if (!this.wanted(app).has('cache_miss')) return;
    const key = `${app.id}/${channel}`;
    if (this.#misses.has(key)) return;
    this.#misses.set(
      key,
      this.#clock.after(missWindowMs, () => this.#misses.delete(key)),
    );
    void this.#journal.add(app, { name: 'cache_miss', channel });
  }

  /** Takes over what was told before this process. */
  load(rows: readonly { app_id: string; channel: string; user_id: string }[]): void {
    for (const { app_id, channel, user_id } of rows) this.#ofApp(app_id).add(keyOf(channel, user_id));
  }

  /** Tells the end of what was told and is not so (HOOK-10). A pass over all that was told, once after the start. */
  async reconcile(present: Present, delayMs = 0): Promise<void> {
    for (const [appId, told] of this.#told) {
      const app = this.#apps.byId(appId);
      if (app === undefined) continue;
      const byChannel = Map.groupBy([...told].map(parseKey), ({ channel }) => channel);
      for (const [channel, entries] of byChannel) {
        const users = entries.flatMap(({ userId }) => (userId === '' ? [] : [userId]));
        const members = users.length === 0 ? nobody : await present.members(appId, channel);
        for (const userId of users) {
          if (!members.has(userId)) this.#ended(app, 'member_removed', channel, userId, delayMs);
        }
        if (entries.some(({ userId }) => userId === '') && !(await present.isOccupied(appId, channel)))
          this.#ended(app, 'channel_vacated', channel, '', delayMs);
      }
    }
  }

  /** Tells the beginning of what is so and was not told, by one who was to and is gone. A pass over all channels. */
  async catchUp(present: Present): Promise<void> {
    for (const app of this.#apps.all()) {
      if (this.wanted(app).size === 0) continue;
      for (const channel of await present.occupied(app.id)) {
        this.#begins(app, 'channel_occupied', channel, '');
        if (!channel.startsWith('presence-')) continue;
        for (const userId of await present.members(app.id, channel)) {
          this.#begins(app, 'member_added', channel, userId);
        }
      }
    }
  }

  /** The app has no webhook any more: what it believed does not matter. */
  forget(appId: string): void {
    this.#told.delete(appId);
    for (const timers of [this.#ends, this.#misses]) {
      for (const [key, timer] of timers) {
        if (!key.startsWith(`${appId}/`)) continue;
        timer.cancel();
        timers.delete(key);
      }
    }
  }

  /** Ends that have not lasted yet are told after the next start, unless they are over by then. */
  stop(): void {
    this.#stopped = true;
    for (const timer of [...this.#ends.values(), ...this.#misses.values()]) timer.cancel();
    for (const { timer } of this.#counts.values()) timer?.cancel();
    this.#ends.clear();
    this.#misses.clear();
    this.#counts.clear();
  }

  #begins(app: App, name: 'channel_occupied' | 'member_added', channel: string, userId: string): void {
    const key = keyOf(channel, userId);
    const ending = `${app.id}/${key}`;
    const end = this.#ends.get(ending);
    if (end !== undefined) {
      end.cancel();
      this.#ends.delete(ending);
    }
    const told = this.#ofApp(app.id);
    if (told.has(key)) return;
    told.add(key);
    this.#add(app, name, channel, userId, true);
  }

  #ended(
    app: App,
    name: 'channel_vacated' | 'member_removed',
    channel: string,
    userId: string,
    delayMs = endDelayMs,
  ): void {
    const key = keyOf(channel, userId);
    const ending = `${app.id}/${key}`;
    if (!this.#ofApp(app.id).has(key) || this.#ends.has(ending)) return;
    const end = () => {
      this.#ends.delete(ending);
      this.#ofApp(app.id).delete(key);
      this.#add(app, name, channel, userId, false);
    };
    if (delayMs === 0) end();
    else this.#ends.set(ending, this.#clock.after(delayMs, end));
  }

  #add(app: App, name: WebhookKind, channel: string, userId: string, isTrue: boolean): void {
    const event: WebhookEvent = userId === '' ? { name, channel } : { name, channel, user_id: userId };
    void this.#journal.add(app, this.wanted(app).has(name) ? event : null, { channel, userId, isTrue });
  }

  /** Above 100 subscriptions at most once in 5 s, and the last one is right, as for subscribers (COUNT-3). */
  #count(app: App, channel: string, count: number): void {
    if (!app.settings.subscriptionCount || !this.wanted(app).has('subscription_count')) return;
    if (channel.startsWith('presence-')) return;
    const key = `${app.id}/${channel}`;
    const known = this.#counts.get(key);
    known?.timer?.cancel();
    const waitMs = known === undefined ? 0 : known.toldAt + countIntervalMs - this.#clock.monotonic();
    if (known !== undefined && count > subscriptionCountThrottle.subscribers && waitMs > 0) {
      known.timer = this.#clock.after(waitMs, () => this.#count(app, channel, count));
      return;
    }
    if (count > subscriptionCountThrottle.subscribers)
      this.#counts.set(key, { toldAt: this.#clock.monotonic(), timer: null });
    else this.#counts.delete(key);
    void this.#journal.add(app, { name: 'subscription_count', channel, subscription_count: count });
  }

  #ofApp(appId: string): Set<string> {
    let told = this.#told.get(appId);
    if (told === undefined) {
      told = new Set();
      this.#told.set(appId, told);
    }
    return told;
  }
}

const nobody: ReadonlySet<string> = new Set();

/** Channel names hold no line break. */
function keyOf(channel: string, userId: string): string {
  return userId === '' ? channel : `${channel}\n${userId}`;
}

function parseKey(key: string): { channel: string; userId: string } {
  const at = key.indexOf('\n');
  return at === -1 ? { channel: key, userId: '' } : { channel: key.slice(0, at), userId: key.slice(at + 1) };
}
