import type { Clock } from '@earshot/base';
import type { Fact } from '../channels/facts.ts';
import type { Link } from '../link/link.ts';
import { type MemberInfo, type MemoryRoster, MemoryRosterState } from './roster-memory.ts';
import type { JoinAnswer } from './roster-workers.ts';

/** Facts that no consumer has written down yet; beyond it the oldest are dropped and counted. */
const unwrittenMax = 100_000;

interface Numbered {
  readonly fact: Fact;
  readonly number: number;
}

/**
 * The supervisor's side of the roster: every worker is a node of it. Facts of channels have as origin not the worker
 * that caused them but the one that consumes, always the same one while it lives. What it has not confirmed when it ends
 * is told again to the next one, so consumers may hear a fact twice and have to know what they have told.
 */
export class RosterOwner extends MemoryRosterState {
  readonly #clock: Clock;
  readonly #leaseMs: number;
  readonly #onProblem: (stage: string, error: unknown) => void;
  readonly #links = new Map<MemoryRoster, Link>();
  /** Connections of each app, by worker. */
  readonly #connections = new Map<string, Map<MemoryRoster, number>>();
  #consumer: MemoryRoster | null = null;
  #unwritten: Numbered[] = [];
  #lastNumber = 0;
  #dropped = 0;

  constructor(clock: Clock, leaseMs: number, onProblem: (stage: string, error: unknown) => void) {
    super();
    this.#clock = clock;
    this.#leaseMs = leaseMs;
    this.#onProblem = onProblem;
  }

  /** Facts that no worker could be told in time. */
  get dropped(): number {
    return this.#dropped;
  }

  /** From now on the worker at this end is the origin of facts, also of those that nobody has written; null: they wait. */
  consume(link: Link | null): void {
    const [node = null] = [...this.#links].find(([, other]) => other === link) ?? [];
    this.#consumer = node;
    if (node === null) return;
    for (const { fact, number } of this.#unwritten) link?.note('roster.toldAgain', [fact, number]);
  }

  attach(link: Link): void {
    const node = this.connect(
      {
        told: (fact, origin) => link.note('roster.told', [fact, origin, origin ? this.#numberOf(fact) : 0]),
        onProblem: this.#onProblem,
      },
      this.#clock,
      this.#leaseMs,
    );
    this.#links.set(node, link);
    for (const appId of this.#connections.keys()) this.#tellConnections(appId, node);
    this.#serve(link, node);
    link.onClose(() => this.#detach(node));
  }

  override tell(fact: Fact, by: MemoryRoster, concerned: Iterable<MemoryRoster>): void {
    const isOfUser = fact.type === 'user_online' || fact.type === 'user_offline';
    const origin = isOfUser && this.#links.has(by) ? by : this.#consumer;
    const nodes = new Set([by, ...concerned]);
    if (origin !== null) nodes.add(origin);
    if (!isOfUser) this.#keep(fact);
    for (const node of nodes) if (this.#links.has(node)) node.receive(fact, node === origin);
  }

  override infoChanged(
    { appId, channel, userId, userInfo }: MemberInfo,
    by: MemoryRoster,
    concerned: Iterable<MemoryRoster>,
  ): void {
    for (const node of concerned) {
      if (node !== by) this.#links.get(node)?.note('roster.info', [appId, channel, userId, userInfo]);
    }
  }

  #keep(fact: Fact): void {
    // A count is news only while it is so.
    if (fact.type === 'subscription_count') return;
    this.#unwritten.push({ fact, number: ++this.#lastNumber });
    if (this.#unwritten.length <= unwrittenMax) return;
    this.#unwritten.shift();
    this.#dropped++;
  }

  /** 0 for facts that are not kept. */
  #numberOf(fact: Fact): number {
    const last = this.#unwritten.at(-1);
    return last?.fact === fact ? last.number : 0;
  }

  #written(node: MemoryRoster, number: number): void {
    if (node !== this.#consumer) return;
    const from = this.#unwritten.findIndex((one) => one.number > number);
    this.#unwritten = from === -1 ? [] : this.#unwritten.slice(from);
  }

  /** Answers at once, each: an answer must not be overtaken by what becomes true after it. */
  #serve(link: Link, node: MemoryRoster): void {
    link.on<[string, string, number]>('roster.subscriptions', ([appId, channel, count]) => {
      void node.reportSubscriptions(appId, channel, count);
    });
    link.on<[string, number, number]>('roster.connections', ([appId, count, most]) => {
      const before = this.#connections.get(appId)?.get(node) ?? 0;
      this.#count(node, appId, count);
      if (count > before) this.#bound(node, appId, { before, count, most });
    });
    link.on<[string, string, string, string | null, number]>(
      'roster.join',
      ([appId, channel, userId, userInfo, membersMax]): JoinAnswer => {
        const hadMembers = node.hasMembers(appId, channel);
        const outcome = node.joinNow(appId, channel, userId, userInfo, membersMax);
        if ('refused' in outcome) return outcome;
        const { list } = outcome;
        return { members: hadMembers ? null : list.userIds().map((id) => [id, list.userInfo(id)]) };
      },
    );
    link.on<[string, string, string]>('roster.leave', ([appId, channel, userId]) => {
      void node.leave(appId, channel, userId);
      return !node.hasMembers(appId, channel);
    });
    link.on<[string, string]>('roster.signIn', ([appId, userId]) => {
      void node.signIn(appId, userId);
    });
    link.on<[string, string]>('roster.signOut', ([appId, userId]) => {
      void node.signOut(appId, userId);
    });
    link.on<[string, string]>('roster.watch', ([appId, userId]) => {
      void node.watch(appId, userId);
      return node.isOnline(appId, userId);
    });
    link.on<[string, string]>('roster.unwatch', ([appId, userId]) => node.unwatch(appId, userId));
    link.on<[string, string]>('roster.channels', ([appId, prefix]) => node.channels(appId, prefix));
    link.on<[string, string]>('roster.channel', ([appId, channel]) => node.channel(appId, channel));
    link.on<[string, string]>('roster.userIds', ([appId, channel]) => node.userIds(appId, channel));
    link.on<number>('roster.written', (number) => this.#written(node, number));
    link.on('roster.close', () => this.#detach(node));
  }

  /** All that the worker held is taken back, and what that makes true is told to the others. */
  #detach(node: MemoryRoster): void {
    if (!this.#links.delete(node)) return;
    if (this.#consumer === node) this.#consumer = null;
    const [survivor] = this.#links.keys();
    node.closeAs(survivor ?? node);
    for (const appId of this.#connections.keys()) this.#count(node, appId, 0);
  }

  #count(node: MemoryRoster, appId: string, count: number): void {
    let counts = this.#connections.get(appId);
    if (counts === undefined) {
      counts = new Map();
      this.#connections.set(appId, counts);
    }
    if (count === 0) counts.delete(node);
    else counts.set(node, count);
    if (counts.size === 0) this.#connections.delete(appId);
    for (const other of this.#links.keys()) if (other !== node) this.#tellConnections(appId, other);
  }

  /** Who reports the connection that is one too many gives it up: of two that came in the same moment, one. */
  #bound(
    node: MemoryRoster,
    appId: string,
    { before, count, most }: { before: number; count: number; most: number },
  ): void {
    if (most === 0) return;
    let all = 0;
    for (const one of this.#connections.get(appId)?.values() ?? []) all += one;
    // What was there before stays, also beyond a limit that has become less.
    if (all > most)
      this.#links.get(node)?.note('roster.tooMany', [appId, Math.max(before, count - (all - most))]);
  }

  #tellConnections(appId: string, node: MemoryRoster): void {
    let others = 0;
    for (const [other, count] of this.#connections.get(appId) ?? []) if (other !== node) others += count;
    const link = this.#links.get(node);
    link?.note('roster.connections', [appId, others]);
    link?.flush();
  }
}
