import type { JoinOutcome } from '../channels/channel.ts';
import type { Fact } from '../channels/facts.ts';
import { PresenceList } from '../channels/presence.ts';
import type { Link } from '../link/link.ts';
import type { ChannelSummary, Roster, RosterReceiver } from './roster.ts';

/** What a worker is told of a join; `members` when it had no members in the channel before. */
export type JoinAnswer =
  | { readonly refused: 'full' }
  | { readonly members: readonly [userId: string, userInfo: string | null][] | null };

/**
 * A worker's end. The supervisor adds up; what it answers and what it tells come in one order, so the lists of members
 * that are kept here are always those that go with the facts told so far.
 */
export class WorkersRoster implements Roster {
  readonly #link: Link;
  readonly #receiver: RosterReceiver;
  /** Connections of each app: this worker's, and those of the others as last told. */
  readonly #connections = new Map<string, { own: number; others: number }>();
  /** Lists of the channels in which this worker has members. */
  readonly #lists = new Map<string, PresenceList>();
  /** Watched users, and whether this worker was told that they are online. */
  readonly #watched = new Map<string, boolean>();
  #closed = false;
  /** Number of the last fact that was told here as the origin, and whether it is being confirmed. */
  #consumed = 0;
  #confirming = false;

  constructor(link: Link, receiver: RosterReceiver) {
    this.#link = link;
    this.#receiver = receiver;
    link.on<[Fact, boolean, number]>('roster.told', ([fact, origin, number]) => {
      this.#told(fact, origin);
      this.#consume(number);
    });
    link.on<[Fact, number]>('roster.toldAgain', ([fact, number]) => {
      receiver.told(fact, true, true);
      this.#consume(number);
    });
    link.on<[string, string, string, string | null]>('roster.info', ([appId, channel, userId, userInfo]) =>
      this.#lists.get(keyOf(appId, channel))?.set(userId, userInfo),
    );
    link.on<[string, number]>('roster.tooMany', ([appId, keep]) => receiver.tooMany?.(appId, keep));
    link.on<[string, number]>('roster.connections', ([appId, others]) => {
      this.#ofApp(appId).others = others;
    });
  }

  async reportSubscriptions(appId: string, channel: string, count: number): Promise<void> {
    if (!this.#isOver) await this.#link.ask('roster.subscriptions', [appId, channel, count]);
  }

  reportConnections(appId: string, count: number, most = 0): void {
    this.#ofApp(appId).own = count;
    this.#link.note('roster.connections', [appId, count, most]);
    // Others admit clients by it.
    this.#link.flush();
  }

  connections(appId: string): number {
    const counts = this.#connections.get(appId);
    return counts === undefined ? 0 : counts.own + counts.others;
  }

  async join(
    appId: string,
    channel: string,
    userId: string,
    userInfo: string | null,
    membersMax: number,
  ): Promise<JoinOutcome> {
    const answer = await this.#link.askInTurn<JoinAnswer, JoinOutcome>(
      'roster.join',
      [appId, channel, userId, userInfo, membersMax],
      (answer) =>
        'refused' in answer ? answer : this.#joined(appId, channel, userId, userInfo, answer.members),
    );
    return answer;
  }

  async leave(appId: string, channel: string, userId: string): Promise<void> {
    if (this.#isOver) return;
    await this.#link.askInTurn<boolean, void>('roster.leave', [appId, channel, userId], (isEmpty) => {
      if (isEmpty) this.#lists.delete(keyOf(appId, channel));
    });
  }

  async signIn(appId: string, userId: string): Promise<void> {
    await this.#link.ask('roster.signIn', [appId, userId]);
  }

  async signOut(appId: string, userId: string): Promise<void> {
    if (!this.#isOver) await this.#link.ask('roster.signOut', [appId, userId]);
  }

  async watch(appId: string, userId: string): Promise<void> {
    const key = keyOf(appId, userId);
    this.#watched.set(key, false);
    await this.#link.askInTurn<boolean, void>('roster.watch', [appId, userId], (isOnline) => {
      // Told because of an earlier watching, and under way when it ended: what came after that was told to nobody here.
      if (!isOnline && this.#watched.get(key)) this.#told({ type: 'user_offline', appId, userId }, false);
    });
  }

  unwatch(appId: string, userId: string): void {
    this.#watched.delete(keyOf(appId, userId));
    this.#link.note('roster.unwatch', [appId, userId]);
  }

  channels(appId: string, prefix: string): Promise<ChannelSummary[]> {
    return this.#link.ask('roster.channels', [appId, prefix]);
  }

  channel(appId: string, channel: string): Promise<ChannelSummary> {
    return this.#link.ask('roster.channel', [appId, channel]);
  }

  userIds(appId: string, channel: string): Promise<string[]> {
    return this.#link.ask('roster.userIds', [appId, channel]);
  }

  async close(): Promise<void> {
    if (!this.#isOver) await this.#link.ask('roster.close');
    this.#closed = true;
  }

  /** Without the supervisor there is nobody left to report to; the worker drains. */
  get #isOver(): boolean {
    return this.#closed || this.#link.isClosed;
  }

  #joined(
    appId: string,
    channel: string,
    userId: string,
    userInfo: string | null,
    members: readonly [string, string | null][] | null,
  ): JoinOutcome {
    const key = keyOf(appId, channel);
    let list = this.#lists.get(key);
    if (members !== null || list === undefined) {
      list = new PresenceList();
      this.#lists.set(key, list);
      for (const [id, info] of members ?? []) list.set(id, info);
    } else if (!list.has(userId) || list.userInfo(userId) !== userInfo) list.set(userId, userInfo);
    return { list };
  }

  #told(fact: Fact, origin: boolean): void {
    if (fact.type === 'member_added') {
      this.#lists.get(keyOf(fact.appId, fact.channel))?.set(fact.userId, fact.userInfo);
    } else if (fact.type === 'member_removed') {
      this.#lists.get(keyOf(fact.appId, fact.channel))?.delete(fact.userId);
    } else if (fact.type === 'user_online' || fact.type === 'user_offline') {
      const key = keyOf(fact.appId, fact.userId);
      if (this.#watched.has(key)) this.#watched.set(key, fact.type === 'user_online');
    }
    this.#receiver.told(fact, origin);
  }

  /** Confirms to the supervisor what consumers have written; until then it keeps it for another worker. */
  #consume(number: number): void {
    if (number === 0) return;
    this.#consumed = number;
    if (this.#confirming) return;
    this.#confirming = true;
    this.#confirm()
      .catch((error) => this.#receiver.onProblem('roster: writing down facts', error))
      .finally(() => {
        this.#confirming = false;
      });
  }

  async #confirm(): Promise<void> {
    for (let confirmed = 0; confirmed !== this.#consumed; ) {
      confirmed = this.#consumed;
      await this.#receiver.written?.();
      this.#link.note('roster.written', confirmed);
    }
  }

  #ofApp(appId: string): { own: number; others: number } {
    let counts = this.#connections.get(appId);
    if (counts === undefined) {
      counts = { own: 0, others: 0 };
      this.#connections.set(appId, counts);
    }
    return counts;
  }
}

function keyOf(appId: string, channel: string): string {
  return `${appId}/${channel}`;
}
