import type { Accepted, Entry, History, Rest, SessionHistory } from './history.ts';

/**
 * What must hold in every run, whatever the schedule.
 *
 * Events, for each connection and channel, between the confirmation and the end of the subscription:
 * - *doubled, out of order*: the events of one publisher (a life of a node) come in the order in which it accepted them,
 *   each once.
 * - *in one order*: with workers all clients get the events of all publishers in the same order.
 * - *lost*: none is left out in between. At rest, all that was accepted after the client had its confirmation has come. What a
 *   node relayed in the last moments before its end may be lost to clients of other nodes, all from one event on.
 * - *overtaken*: what is for one client alone does not overtake an event that its node accepted before.
 * - *not left out*: the connection whose socket id was given does not get the event.
 * - *too old*: nothing that this node accepted before the client asked for the subscription, except the cached event of
 *   a cache channel. That one goes before the events after it: none that is kept is missing between them, it does not come twice. In memory
 *   the network puts bus, roster and cache on different links, so there this holds for events of the client's own node alone; and an
 *   event from before a channel was left can come after it was joined again, without those in between.
 *
 * Presence: the list that a joiner gets has the joiner; nobody is added who is there, nobody removed who is not; at rest
 * every client has the same members: those that have a subscription. So no *ghost* outlives lease and sweep, and none is *missing*.
 * While a node is dead and its lease runs its members are still there: that is allowed.
 *
 * Counts: at rest the last count that each subscriber was told, and what every node answers, are right.
 *
 * Users: who watches hears online and offline by turns, and at rest the last word is true. Connections that were signed in when
 * their user was terminated are closed, on all nodes that lived and heard the bus by then.
 *
 * Facts for consumers, told by origins: begin and end by turns for each channel and member, so none is told twice or
 * never, and at rest the last one is true. A fact that is told *again*, because the node that was told first died, counts
 * only where it is news.
 *
 * The product reports no error, except on a node that is cut off from its supervisor.
 */
export function check(history: History, rest: Rest): string[] {
  const problems = [...history.failures.map((failure) => `failure: ${failure}`)];
  const accepted = new AcceptedEvents(history);
  const truth = truthOf(rest);
  for (const session of history.sessions) {
    const open = rest.open.find((each) => each.session === session);
    checkEvents(session, open !== undefined, history, accepted, problems);
    checkMembers(session, open?.channels, truth, problems);
    if (open !== undefined) {
      checkWanted(session, open.channels, problems);
      checkCounts(session, open.channels, truth, problems);
      checkTerminated(session, history, problems);
    }
    checkWatched(session, open !== undefined, truth, problems);
  }
  if (history.cluster === 'workers') checkOneOrder(history, problems);
  checkNodes(rest, truth, problems);
  checkJournal(history, truth, problems);
  return problems;
}

interface Truth {
  readonly connections: number;
  readonly subscriptions: ReadonlyMap<string, number>;
  readonly members: ReadonlyMap<string, readonly string[]>;
  readonly online: ReadonlySet<string>;
}

function truthOf({ open }: Rest): Truth {
  const subscriptions = new Map<string, number>();
  const members = new Map<string, string[]>();
  for (const { session, channels } of open) {
    for (const channel of channels) {
      subscriptions.set(channel, (subscriptions.get(channel) ?? 0) + 1);
      if (!channel.startsWith('presence-')) continue;
      members.set(channel, [...new Set([...(members.get(channel) ?? []), session.userId])].sort());
    }
  }
  const online = new Set(open.filter(({ signedIn }) => signedIn).map(({ session }) => session.userId));
  return { connections: open.length, subscriptions, members, online };
}

/** Where each event stands among those that one life of a node accepted for a channel. */
class AcceptedEvents {
  readonly byId = new Map<number, Accepted>();
  readonly #lists = new Map<string, Accepted[]>();
  readonly #indexes = new Map<number, number>();

  constructor({ accepted }: History) {
    for (const event of accepted) {
      this.byId.set(event.id, event);
      const key = `${event.by} ${event.channel}`;
      let list = this.#lists.get(key);
      if (list === undefined) {
        list = [];
        this.#lists.set(key, list);
      }
      this.#indexes.set(event.id, list.length);
      list.push(event);
    }
  }

  index(event: Accepted): number {
    return this.#indexes.get(event.id) ?? -1;
  }

  of(by: string, channel: string): readonly Accepted[] {
    return this.#lists.get(`${by} ${channel}`) ?? [];
  }

  /** Everybody who accepted an event for the channel. */
  publishers(channel: string): string[] {
    return [...this.#lists.keys()]
      .filter((key) => key.endsWith(` ${channel}`))
      .map((key) => key.split(' ')[0] ?? '');
  }
}

/** A node's last words may be lost on the way; those are at most so old when it ends. */
const underWayMs = 1_000;

interface Subscription {
  readonly askedAt: number;
  readonly since: number;
  /** Publisher to the index of the last event that came. */
  readonly last: Map<string, number>;
  awaitsCached: boolean;
  /** Publisher of the cached event, until another one of theirs came. */
  cachedFrom: string | null;
}

function checkEvents(
  session: SessionHistory,
  isOpen: boolean,
  history: History,
  accepted: AcceptedEvents,
  problems: string[],
): void {
  const asked = new Map<string, number>();
  let signInAskedAt = 0;
  /** When the client sent what it has been answered last: such a frame is for it alone. */
  let answeredSince = 0;
  const subscriptions = new Map<string, Subscription>();
  const say = (problem: string) => problems.push(`${session.name} on ${session.node}: ${problem}`);
  for (const entry of session.entries) {
    if ('sent' in entry) {
      if (entry.sent === 'join') asked.set(entry.channel, entry.at);
      if (entry.sent === 'signIn') signInAskedAt = entry.at;
      if (entry.sent === 'leave') subscriptions.delete(entry.channel);
      continue;
    }
    const { event, channel = '', data } = entry.got;
    if (event === 'pusher:signin_success') answeredSince = Math.max(answeredSince, signInAskedAt);
    if (event === 'pusher_internal:subscription_succeeded') {
      const askedAt = asked.get(channel) ?? 0;
      // It left while it was asking: the answer belongs to nothing that it wants.
      const awaitsCached = channel.includes('cache-');
      if (isLeft(session.entries, entry, channel)) continue;
      answeredSince = Math.max(answeredSince, askedAt);
      subscriptions.set(channel, {
        askedAt,
        since: entry.at,
        last: new Map(),
        awaitsCached,
        cachedFrom: null,
      });
      continue;
    }
    const subscription = subscriptions.get(channel);
    if (subscription === undefined) continue;
    const isCached = subscription.awaitsCached;
    subscription.awaitsCached = false;
    if (event === 'pusher:cache_miss') {
      if (!isCached) say(`a cache miss of ${channel} out of turn`);
      const kept = history.accepted.find((each) => isSettled(each, history, subscription.askedAt, channel));
      if (kept !== undefined) say(`lost: the cached event ${kept.id} of ${channel}`);
      continue;
    }
    if (event !== 'e' && event !== 'client-e') {
      if (isCached) say(`${event} of ${channel} came instead of its cached event`);
      continue;
    }
    const id = Number(data);
    const source = accepted.byId.get(id);
    if (source === undefined || source.channel !== channel) {
      say(`event ${id} of ${channel} was never accepted`);
      continue;
    }
    if (source.exceptSocket === session.socketId && !isCached) say(`not left out: event ${id} of ${channel}`);
    const isOwn = source.by === session.node;
    if (!isCached && isOwn && source.at < subscription.askedAt) say(`too old: event ${id} of ${channel}`);
    if (!isCached && isOwn && source.at < answeredSince && subscription.since < source.askedAt) {
      say(`overtaken: event ${id} of ${channel} by an answer to what was asked at ${answeredSince}`);
    }
    const index = accepted.index(source);
    const last = subscription.last.get(source.by);
    if (last !== undefined && index <= last) {
      say(
        `${index === last ? 'doubled' : 'doubled or out of order'}: event ${id} of ${channel} from ${source.by}`,
      );
      continue;
    }
    if (last !== undefined) {
      const skipped = accepted.of(source.by, channel).slice(last + 1, index);
      const isFirst = subscription.cachedFrom === source.by;
      const mayBeLate = !isOwn && history.cluster === 'memory';
      const lost = skipped.find(
        (each) =>
          each.exceptSocket !== session.socketId &&
          (each.askedAt > subscription.since || !(mayBeLate || (isFirst && !each.kept))),
      );
      if (lost !== undefined) say(`lost: event ${lost.id} of ${channel} from ${source.by}, before ${id}`);
    }
    if (isCached) subscription.cachedFrom = source.by;
    else if (subscription.cachedFrom === source.by) subscription.cachedFrom = null;
    if (!isCached || isOwn || history.cluster === 'workers') subscription.last.set(source.by, index);
  }
  if (!isOpen) return;
  for (const [channel, subscription] of subscriptions) {
    if (subscription.awaitsCached) say(`${channel} has neither a cached event nor a miss`);
    for (const by of accepted.publishers(channel)) {
      const endedAt = history.ends.get(by) ?? Number.POSITIVE_INFINITY;
      const last = subscription.last.get(by) ?? -1;
      const lost = accepted
        .of(by, channel)
        .find(
          (each, index) =>
            index > last &&
            each.askedAt > subscription.since &&
            each.exceptSocket !== session.socketId &&
            (by === session.node || (each.at < endedAt - underWayMs && isHeard(history, by, each.at))),
        );
      if (lost !== undefined) say(`lost: event ${lost.id} of ${channel} from ${by}, accepted at ${lost.at}`);
    }
  }
}

/** With workers an event has one place among those of all publishers, for every client. What a cache kept is from before. */
function checkOneOrder(history: History, problems: string[]): void {
  const after = new Map<number, Set<number>>();
  for (const { entries } of history.sessions) {
    const last = new Map<string, number | null>();
    for (const entry of entries) {
      if ('sent' in entry) {
        if (entry.sent === 'join' || entry.sent === 'leave') last.delete(entry.channel);
        continue;
      }
      const { event, channel = '', data } = entry.got;
      if (event === 'pusher_internal:subscription_succeeded') {
        last.set(channel, channel.includes('cache-') ? null : -1);
      }
      const before = last.get(channel);
      if (before === undefined || (event !== 'e' && event !== 'client-e' && event !== 'pusher:cache_miss'))
        continue;
      if (before === null) {
        last.set(channel, -1);
        continue;
      }
      const id = Number(data);
      if (before >= 0) {
        const followers = after.get(before);
        if (followers === undefined) after.set(before, new Set([id]));
        else followers.add(id);
      }
      last.set(channel, id);
    }
  }
  const circle = cycleOf(after);
  if (circle !== null) problems.push(`not in one order: ${circle.join(', ')} and again ${circle[0]}`);
}

/** @returns what follows itself, or null */
function cycleOf(after: ReadonlyMap<number, ReadonlySet<number>>): number[] | null {
  const done = new Set<number>();
  const path: number[] = [];
  const visit = (id: number): number[] | null => {
    if (done.has(id)) return null;
    const at = path.indexOf(id);
    if (at >= 0) return path.slice(at);
    path.push(id);
    for (const next of after.get(id) ?? []) {
      const found = visit(next);
      if (found !== null) return found;
    }
    path.pop();
    done.add(id);
    return null;
  };
  for (const id of after.keys()) {
    const found = visit(id);
    if (found !== null) return found;
  }
  return null;
}

/** A node that has stood still may be given up before what it took in is written to its socket. */
function isHeard(history: History, by: string, _at: number): boolean {
  return !(history.hasDelays && history.ends.has(by));
}

/** The event was certainly kept when the client asked. */
function isSettled(event: Accepted, history: History, askedAt: number, channel: string): boolean {
  if (event.channel !== channel || history.hasDelays) return false;
  const endedAt = history.ends.get(event.by) ?? Number.POSITIVE_INFINITY;
  return event.kept && event.at < askedAt - underWayMs && event.at < endedAt - underWayMs;
}

/** Whether the client left the channel after it asked for this confirmation, which was under way. */
function isLeft(entries: readonly Entry[], confirmation: Entry, channel: string): boolean {
  let joins = 0;
  let leaves = 0;
  let confirmations = 0;
  for (const entry of entries) {
    if (entry === confirmation) break;
    if ('sent' in entry) {
      if (entry.channel !== channel) continue;
      if (entry.sent === 'join') joins++;
      if (entry.sent === 'leave') leaves++;
    } else if (
      entry.got.event === 'pusher_internal:subscription_succeeded' &&
      entry.got.channel === channel
    ) {
      confirmations++;
    }
  }
  // The nth confirmation answers the nth join.
  return leaves > confirmations || joins === leaves;
}

function checkMembers(
  session: SessionHistory,
  channels: ReadonlySet<string> | undefined,
  truth: Truth,
  problems: string[],
): void {
  const views = new Map<string, Set<string>>();
  const say = (problem: string) => problems.push(`${session.name} on ${session.node}: ${problem}`);
  for (const entry of session.entries) {
    if ('sent' in entry) {
      if (entry.sent === 'leave') views.delete(entry.channel);
      continue;
    }
    const { event, channel = '', data } = entry.got;
    if (!channel.startsWith('presence-')) continue;
    if (event === 'pusher_internal:subscription_succeeded') {
      const { presence } = JSON.parse(String(data)) as {
        presence: { ids: string[]; hash: Record<string, { of?: string }>; count: number };
      };
      const { ids, hash, count } = presence;
      if (!ids.includes(session.userId)) say(`missing: the list of ${channel} is without its joiner`);
      if (count !== ids.length || new Set(ids).size !== count)
        say(`the list of ${channel} has ${count}, ${ids}`);
      for (const id of ids) if (hash[id]?.of !== id) say(`the list of ${channel} has a wrong ${id}`);
      if (!isLeft(session.entries, entry, channel)) views.set(channel, new Set(ids));
      continue;
    }
    const view = views.get(channel);
    if (view === undefined || !event.startsWith('pusher_internal:member_')) continue;
    const { user_id: userId } = JSON.parse(String(data)) as { user_id: string };
    if (event === 'pusher_internal:member_added') {
      if (view.has(userId)) say(`told twice: ${userId} is added to ${channel} at ${entry.at}, and is there`);
      view.add(userId);
    } else if (!view.delete(userId)) {
      say(`told twice: ${userId} is removed from ${channel} at ${entry.at}, and is not there`);
    }
  }
  for (const channel of channels ?? []) {
    const view = views.get(channel);
    if (view === undefined) continue;
    const members = truth.members.get(channel) ?? [];
    for (const userId of view) if (!members.includes(userId)) say(`ghost: ${userId} in ${channel}`);
    for (const userId of members) if (!view.has(userId)) say(`missing: ${userId} in ${channel}`);
  }
}

/** What the client asked for has been confirmed. */
function checkWanted(session: SessionHistory, channels: ReadonlySet<string>, problems: string[]): void {
  for (const channel of channels) {
    let open = 0;
    for (const entry of session.entries) {
      if ('sent' in entry) {
        if (entry.channel === channel && entry.sent === 'leave') open--;
      } else if (
        entry.got.event === 'pusher_internal:subscription_succeeded' &&
        entry.got.channel === channel
      ) {
        open++;
      }
    }
    if (open !== 1)
      problems.push(`${session.name} on ${session.node}: its subscription of ${channel} is not confirmed`);
  }
}

function checkCounts(
  session: SessionHistory,
  channels: ReadonlySet<string>,
  truth: Truth,
  problems: string[],
): void {
  for (const channel of channels) {
    if (channel.startsWith('presence-')) continue;
    const last = session.entries.findLast(
      (entry) =>
        'got' in entry &&
        entry.got.event === 'pusher_internal:subscription_count' &&
        entry.got.channel === channel,
    );
    const told =
      last !== undefined && 'got' in last
        ? (JSON.parse(String(last.got.data)) as { subscription_count: number }).subscription_count
        : null;
    const right = truth.subscriptions.get(channel) ?? 0;
    if (told !== right)
      problems.push(`${session.name} on ${session.node}: wrong count of ${channel}: ${told}, not ${right}`);
  }
}

function checkTerminated(session: SessionHistory, history: History, problems: string[]): void {
  const signedIn = session.entries.find(
    (entry) => 'got' in entry && entry.got.event === 'pusher:signin_success',
  );
  if (signedIn === undefined) return;
  const readyAt = history.readyAt.get(session.node) ?? Number.POSITIVE_INFINITY;
  for (const { userId, at, by } of history.terminated) {
    if (userId !== session.userId || at <= signedIn.at || at <= readyAt) continue;
    const endedAt = history.ends.get(by) ?? Number.POSITIVE_INFINITY;
    if (by !== session.node && (at > endedAt - underWayMs || !isHeard(history, by, at))) continue;
    problems.push(`${session.name} on ${session.node}: still there after ${userId} was terminated at ${at}`);
  }
}

function checkWatched(session: SessionHistory, isOpen: boolean, truth: Truth, problems: string[]): void {
  const view = new Map<string, boolean>();
  const say = (problem: string) => problems.push(`${session.name} on ${session.node}: ${problem}`);
  for (const entry of session.entries) {
    if ('sent' in entry || entry.got.event !== 'pusher_internal:watchlist_events') continue;
    const { events } = JSON.parse(String(entry.got.data)) as {
      events: { name: 'online' | 'offline'; user_ids: string[] }[];
    };
    for (const { name, user_ids: userIds } of events) {
      for (const userId of userIds) {
        if (view.get(userId) === (name === 'online')) say(`told twice: ${userId} is ${name} at ${entry.at}`);
        view.set(userId, name === 'online');
      }
    }
  }
  if (!isOpen) return;
  for (const [userId, isOnline] of view) {
    if (isOnline !== truth.online.has(userId))
      say(`${isOnline ? 'ghost' : 'missing'}: the watched user ${userId}`);
  }
}

function checkNodes(rest: Rest, truth: Truth, problems: string[]): void {
  for (const { name, connections, channels } of rest.nodes) {
    const say = (problem: string) => problems.push(`${name} says: ${problem}`);
    if (connections !== truth.connections) say(`${connections} connections, not ${truth.connections}`);
    for (const [channel, { subscriptions, users }] of channels) {
      const right = truth.subscriptions.get(channel) ?? 0;
      const members = truth.members.get(channel) ?? [];
      if (subscriptions !== right) say(`wrong count of ${channel}: ${subscriptions}, not ${right}`);
      if (users.join() !== members.join()) say(`members of ${channel}: ${users}, not ${members}`);
    }
    if (channels.size === 0) say('nothing');
  }
}

function checkJournal(history: History, truth: Truth, problems: string[]): void {
  const beliefs = new Map<string, boolean>();
  for (const { fact, at, again } of history.journal) {
    let key: string;
    let begins: boolean;
    switch (fact.type) {
      case 'channel_occupied':
      case 'channel_vacated':
        key = fact.channel;
        begins = fact.type === 'channel_occupied';
        break;
      case 'member_added':
      case 'member_removed':
        key = `${fact.channel} ${fact.userId}`;
        begins = fact.type === 'member_added';
        break;
      default:
        continue;
    }
    if (!again && (beliefs.get(key) ?? false) === begins) {
      problems.push(`fact told twice, or one before it never: ${fact.type} of ${key} at ${at}`);
    }
    beliefs.set(key, begins);
  }
  for (const [key, holds] of beliefs) {
    const [channel = '', userId] = key.split(' ');
    const right =
      userId === undefined
        ? (truth.subscriptions.get(channel) ?? 0) > 0
        : truth.members.get(channel)?.includes(userId) === true;
    if (holds !== right) problems.push(`fact never told: the last one of ${key} says ${holds}`);
  }
  for (const channel of truth.subscriptions.keys()) {
    if (!beliefs.has(channel)) problems.push(`fact never told: ${channel} is occupied`);
  }
  for (const [channel, userIds] of truth.members) {
    for (const userId of userIds) {
      if (!beliefs.has(`${channel} ${userId}`)) problems.push(`fact never told: ${userId} joined ${channel}`);
    }
  }
}
