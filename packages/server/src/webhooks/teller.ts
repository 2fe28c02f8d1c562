import type { Clock, Timer } from '@earshot/base';
import { subscriptionCountThrottle } from '@earshot/protocol';
import type { App } from '../apps/app.ts';
import type { AppRegistry } from '../apps/registry.ts';
import type { Fact } from '../channels/facts.ts';
import { pairs } from './endpoint.ts';
import type { Endpoints } from './endpoints.ts';
import type { WebhookEvent } from './event.ts';
import type { Journal } from './journal.ts';
import { Lasting } from './lasting.ts';
import { pairOf, type ToldKey } from './told.ts';

/** An end is told only when it has lasted so long (HOOK-2). */
const endDelayMs = 3_000;
/** Many who find a channel's cache empty are one event. */
const missWindowMs = 3_000;
const countIntervalMs = subscriptionCountThrottle.intervalSeconds * 1000;
/** Channels that the cluster is asked about at the same time. */
const askedMax = 50;

/** What is so on the cluster at this moment. */
export interface Present {
  isOccupied(appId: string, channel: string): Promise<boolean>;
  members(appId: string, channel: string): Promise<ReadonlySet<string>>;
}

/** Whether no other worker has asked this within the time. */
export type IsFirst = (what: string, ms: number) => Promise<boolean>;

interface End extends ToldKey {
  readonly app: App;
}

/**
 * Turns facts into entries of the journal: what some endpoint has asked for, and ends only when they last. Whether an
 * endpoint has been told already is known to the journal.
 */
export class Teller {
  readonly #apps: AppRegistry;
  readonly #endpoints: Endpoints;
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #onProblem: (stage: string, error: unknown) => void;
  readonly #ends: Lasting<End>;
  /** Ends that are about to be told, as long as nobody is back. */
  readonly #ending = new Map<string, End>();
  /** What subscriptions are about to make true: how many of them. The cluster does not know of it yet. */
  readonly #coming = new Map<string, number>();
  readonly #misses = new Map<string, Timer>();
  readonly #counts = new Map<string, { readonly toldAt: number; timer: Timer | null }>();
  readonly #isFirst: IsFirst | undefined;
  #present: Present | null = null;
  #stopped = false;

  constructor(parts: {
    apps: AppRegistry;
    endpoints: Endpoints;
    journal: Journal;
    clock: Clock;
    onProblem: (stage: string, error: unknown) => void;
    isFirst?: IsFirst | undefined;
  }) {
    this.#apps = parts.apps;
    this.#endpoints = parts.endpoints;
    this.#journal = parts.journal;
    this.#clock = parts.clock;
    this.#onProblem = parts.onProblem;
    this.#isFirst = parts.isFirst;
    this.#ends = new Lasting(parts.clock, endDelayMs, (ends) => this.#endNow(ends));
  }

  /** Ends are told only when the cluster says that they are true. */
  start(present: Present): void {
    this.#present = present;
  }

  told(fact: Fact): void {
    if (this.#stopped) return;
    const app = this.#apps.byId(fact.appId);
    if (app === undefined || this.#endpoints.of(app).enabled.length === 0) return;
    switch (fact.type) {
      case 'channel_occupied':
        void this.#begin({ app, channel: fact.channel, userId: '' }, false);
        break;
      case 'channel_vacated':
        this.#ended({ app, channel: fact.channel, userId: '' });
        break;
      case 'member_added':
        void this.#begin({ app, channel: fact.channel, userId: fact.userId }, false);
        break;
      case 'member_removed':
        this.#ended({ app, channel: fact.channel, userId: fact.userId });
        break;
      case 'subscription_count':
        this.#count(app, fact.channel, fact.count);
        break;
    }
  }

  /**
   * What a subscription is about to make true, before anybody is told that it is made. No end of it is told until `came`.
   * @returns null when no endpoint follows it
   */
  begins(app: App, channel: string, userId: string): Promise<boolean> | null {
    if (this.#stopped || this.#endpoints.of(app).enabled.length === 0) return null;
    const begin = { app, channel, userId };
    const kept = this.#begin(begin, true);
    if (kept !== null) this.#coming.set(keyOf(begin), (this.#coming.get(keyOf(begin)) ?? 0) + 1);
    return kept;
  }

  /** What `begins` announced is true, or is not going to be: the cluster knows. */
  came(app: App, channel: string, userId: string): void {
    const key = keyOf({ app, channel, userId });
    const others = (this.#coming.get(key) ?? 0) - 1;
    if (others > 0) this.#coming.set(key, others);
    else this.#coming.delete(key);
  }

  /** Somebody has subscribed to a cache channel that has nothing to give. */
  cacheMiss(app: App, channel: string): void {
    if (this.#endpoints.of(app).wanting('cache_miss', channel).length === 0) return;
    const key = `${app.id}/${channel}`;
    if (this.#misses.has(key)) return;
    const timer = this.#clock.after(missWindowMs, () => this.#misses.delete(key));
    this.#misses.set(key, timer);
    const tell = () => void this.#journal.add(app, { name: 'cache_miss', channel });
    if (this.#isFirst === undefined) {
      tell();
      return;
    }
    this.#isFirst(`cache_miss ${key}`, missWindowMs).then(
      (isFirst) => {
        if (this.#stopped) return;
        if (isFirst) tell();
        else {
          // Another worker has told it; its window counts, which may be over sooner.
          timer.cancel();
          this.#misses.delete(key);
        }
      },
      (error) => this.#onProblem('webhooks: asking whether a cache miss was told', error),
    );
  }

  /** Tells the end of what was told and is not so (HOOK-10). */
  async reconcile(app: App, told: readonly ToldKey[]): Promise<void> {
    await this.#tellEnds(
      told
        .map(({ channel, userId }) => ({ app, channel, userId }))
        .filter((end) => !this.#ends.has(keyOf(end))),
    );
  }

  /** Ends that have not lasted yet are told after the next start, unless they are over by then. */
  stop(): void {
    this.#stopped = true;
    this.#ends.stop();
    for (const timer of this.#misses.values()) timer.cancel();
    for (const { timer } of this.#counts.values()) timer?.cancel();
    this.#ending.clear();
    this.#coming.clear();
    this.#misses.clear();
    this.#counts.clear();
  }

  /** @param isAwaited somebody waits until it is kept, and goes on without when that takes too long */
  #begin(begin: End, isAwaited: boolean): Promise<boolean> | null {
    const { app, channel, userId } = begin;
    const key = keyOf(begin);
    this.#ends.takeBack(key);
    this.#ending.delete(key);
    const pair = pairOf(begin);
    if (this.#endpoints.of(app).following(pair, channel).length === 0) return null;
    return this.#journal.add(app, eventOf(begin, pairs[pair].begin), {
      told: { channel, userId, isTrue: true },
      isAwaited,
    });
  }

  #ended(end: End): void {
    if (this.#endpoints.of(end.app).following(pairOf(end), end.channel).length > 0)
      this.#ends.add(keyOf(end), end);
  }

  #endNow(ends: readonly End[]): void {
    this.#tellEnds(ends).catch((error) => {
      this.#onProblem('webhooks: asking the cluster what has ended; it is asked again', error);
      if (!this.#stopped) for (const end of ends) this.#ends.add(keyOf(end), end);
    });
  }

  /** Tells those that are true, and tells a begin where somebody has come back meanwhile, on another node perhaps. */
  async #tellEnds(ends: readonly End[]): Promise<void> {
    for (const end of ends) this.#ending.set(keyOf(end), end);
    const gone = await this.#notPresent(ends);
    if (this.#stopped) return;
    const isStill = (end: End) => this.#ending.get(keyOf(end)) === end;
    const told = gone.filter((end) => isStill(end) && !this.#coming.has(keyOf(end)));
    for (const end of ends) if (isStill(end)) this.#ending.delete(keyOf(end));
    const kept = told.map((end) =>
      this.#journal.add(end.app, eventOf(end, pairs[pairOf(end)].end), {
        told: { channel: end.channel, userId: end.userId, isTrue: false },
      }),
    );
    await Promise.all(kept);
    const stillGone = new Set(await this.#notPresent(told));
    for (const end of told) if (!stillGone.has(end) && !this.#stopped) void this.#begin(end, false);
  }

  async #notPresent(ends: readonly End[]): Promise<End[]> {
    const present = this.#present;
    if (present === null) return [...ends];
    const gone: End[] = [];
    const channels = [...Map.groupBy(ends, ({ app, channel }) => `${app.id}/${channel}`).values()];
    for (let from = 0; from < channels.length; from += askedMax) {
      const asked = channels.slice(from, from + askedMax).map(async (ofChannel) => {
        const [first] = ofChannel;
        if (first === undefined) return;
        const { app, channel } = first;
        const hasUsers = ofChannel.some(({ userId }) => userId !== '');
        const members = hasUsers ? await present.members(app.id, channel) : nobody;
        const isOccupied =
          ofChannel.some(({ userId }) => userId === '') && (await present.isOccupied(app.id, channel));
        for (const end of ofChannel) {
          if (end.userId === '' ? !isOccupied : !members.has(end.userId)) gone.push(end);
        }
      });
      await Promise.all(asked);
    }
    return gone;
  }

  /** Above 100 subscriptions at most once in 5 s, and the last one is right, as for subscribers (COUNT-3). */
  #count(app: App, channel: string, count: number): void {
    if (!app.settings.subscriptionCount || channel.startsWith('presence-')) return;
    if (this.#endpoints.of(app).wanting('subscription_count', channel).length === 0) return;
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
}

const nobody: ReadonlySet<string> = new Set();

function eventOf({ channel, userId }: End, name: WebhookEvent['name']): WebhookEvent {
  return userId === '' ? { name, channel } : { name, channel, user_id: userId };
}

/** Ids of apps hold no slash, channel names no line break. */
function keyOf({ app, channel, userId }: End): string {
  return `${app.id}/${channel}\n${userId}`;
}
