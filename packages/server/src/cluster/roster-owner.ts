import type { Clock } from '@earshot/base';
import type { Fact } from '../channels/facts.ts';
import type { Link } from '../link/link.ts';
import { type MemberInfo, type MemoryRoster, MemoryRosterState } from './roster-memory.ts';
import type { JoinAnswer } from './roster-workers.ts';

/** Facts that wait while no worker consumes; beyond it they are dropped, and the next consumer makes up from the state. */
const waitingMax = 100_000;

/**
 * The supervisor's side of the roster: every worker is a node of it. Facts of channels have as origin not the worker
 * that caused them but the one that consumes, which is always the same one while it lives: what it tells depends on what it
 * has told before.
 */
export class RosterOwner extends MemoryRosterState {
  readonly #clock: Clock;
  readonly #leaseMs: number;
  readonly #onProblem: (stage: string, error: unknown) => void;
  readonly #links = new Map<MemoryRoster, Link>();
  /** Connections of each app, by worker. */
  readonly #connections = new Map<string, Map<MemoryRoster, number>>();
  #consumer: MemoryRoster | null = null;
  #waiting: Fact[] = [];
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

  /** From now on the worker at this end is the origin of facts, those included that waited; null: they wait. */
  consume(link: Link | null): void {
    const found = [...this.#links].find(([, other]) => other === link);
    this.#consumer = found?.[0] ?? null;
    if (this.#consumer === null) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const fact of waiting) this.#consumer.receive(fact, true);
  }

  attach(link: Link): void {
    const node = this.connect(
      {
        told: (fact, origin) => link.note('roster.told', [fact, origin]),
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
    else if (!isOfUser) this.#keep(fact);
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
    if (this.#waiting.length < waitingMax) this.#waiting.push(fact);
    else this.#dropped++;
  }

  /** Answers at once, each: an answer must not be overtaken by what becomes true after it. */
  #serve(link: Link, node: MemoryRoster): void {
    link.on<[string, string, number]>('roster.subscriptions', ([appId, channel, count]) => {
      void node.reportSubscriptions(appId, channel, count);
    });
    link.on<[string, number]>('roster.connections', ([appId, count]) => {
      this.#count(node, appId, count);
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
    });
    link.on<[string, string]>('roster.unwatch', ([appId, userId]) => node.unwatch(appId, userId));
    link.on<[string, string]>('roster.channels', ([appId, prefix]) => node.channels(appId, prefix));
    link.on<[string, string]>('roster.channel', ([appId, channel]) => node.channel(appId, channel));
    link.on<[string, string]>('roster.userIds', ([appId, channel]) => node.userIds(appId, channel));
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

  #tellConnections(appId: string, node: MemoryRoster): void {
    let others = 0;
    for (const [other, count] of this.#connections.get(appId) ?? []) if (other !== node) others += count;
    const link = this.#links.get(node);
    link?.note('roster.connections', [appId, others]);
    link?.flush();
  }
}
