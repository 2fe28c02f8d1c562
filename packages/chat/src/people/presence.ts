import type { Timer } from '@earshot/base';
import { type Id, inboxOf, inboxPrefix, limits, parseChatChannel } from '../contract/index.ts';
import type { ChatTransaction, Core, People } from '../core/core.ts';
import type { HostFact } from '../host.ts';
import { channelsPerPublish, chunksOf } from './chunks.ts';
import { lockPersons, type StatusRow } from './lock.ts';
import { relationsOf, sees, stranger, turned } from './relations.ts';

export const graceTimer = 'presence-grace';

/** How often what the host says is compared with the rows. */
const sweepMs = 60_000;
/** Facts taken at once: when everybody comes back after a restart, requests of people still get their turn at the database. */
const runningMax = 8;
/** A grace whose timer ran this long ago and failed begins anew. */
const graceLostMs = 60_000;

/**
 * Who is online. A person is connected while their inbox is occupied, by however many tabs and devices, and for a few
 * seconds after, so that a reload shows nothing to anybody. Contacts see them online while they are connected and not
 * invisible.
 *
 * Facts of the host are hints: each may come twice, late or never. A fact that somebody came counts at once, one that
 * somebody left is checked with the host when the grace ends, and every minute the rows are compared with what the host
 * says is occupied.
 *
 * A change is written first and told then, from what the rows say at that time: whoever asks for the state before it was
 * written is connected by the time it is told, and so hears of it.
 */
export class Presence {
  readonly #core: Core;
  readonly #people: People;
  /** Facts of one inbox are taken one after the other. */
  readonly #queues = new Map<string, Promise<void>>();
  #running = 0;
  readonly #waiting: (() => void)[] = [];
  /** Apps whose first sweep is over. */
  readonly #checked = new Set<string>();
  #timer: Timer | undefined;
  #sweeping: Promise<void> | undefined;
  #stopped = false;

  constructor(core: Core, people: People) {
    this.#core = core;
    this.#people = people;
    core.timers.on(graceTimer, (appId, id) => this.#graceEnds(appId, id));
  }

  start(): void {
    this.#timer = this.#core.clock.every(sweepMs, () => void this.sweep());
    void this.sweep();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.idle();
  }

  /** Resolves when all facts so far have been taken. */
  async idle(): Promise<void> {
    while (this.#queues.size > 0 || this.#sweeping !== undefined) {
      await Promise.all([...this.#queues.values(), this.#sweeping]);
    }
  }

  /** What the host says. Anything but an inbox that is occupied or vacated is not about anybody's presence. */
  told(fact: HostFact): void {
    const channel = parseChatChannel(fact.channel);
    if (channel?.kind !== 'inbox' || this.#stopped) return;
    const { appId, type } = fact;
    if (type === 'channel_occupied')
      this.#queue(appId, channel.user, () => this.arrived(appId, channel.user));
    if (type === 'channel_vacated') this.#queue(appId, channel.user, () => this.#left(appId, channel.user));
  }

  /** The inbox is occupied. */
  async arrived(appId: string, id: Id): Promise<void> {
    const { db, clock, timers } = this.#core;
    const known = await this.#row(db, appId, id);
    if (known?.connected === 1 && known.leaving_at === null) return;
    const person = await this.#people.person(appId, id);
    // Somebody who is another one by now is there as that one.
    if (person?.id !== id || person.deleted) return;
    await db.transaction().execute(async (trx) => {
      const status = (await lockPersons(trx, appId, [id], clock.now())).get(id);
      if (status === undefined) return;
      await timers.cancel(trx, graceTimer, appId, id);
      const invisible = (await this.#people.me(appId, id, trx)).invisible ? 1 : 0;
      await this.#write(trx, { ...status, connected: 1, leaving_at: null, invisible });
    });
    await this.announce(appId, id);
  }

  /** Somebody has become invisible, or visible again. What they have set is read under the lock, so the last one counts. */
  async invisibleChanged(appId: string, id: Id): Promise<void> {
    const { db } = this.#core;
    await db.transaction().execute(async (trx) => {
      const status = await this.#held(trx, appId, id);
      if (status === undefined) return;
      const invisible = (await this.#people.me(appId, id, trx)).invisible ? 1 : 0;
      if (invisible !== status.invisible) await this.#write(trx, { ...status, invisible });
    });
    await this.announce(appId, id);
  }

  /** Tells those who see the person what has changed since they were told. */
  async announce(appId: string, id: Id): Promise<void> {
    const { db, outbox } = this.#core;
    await db.transaction().execute(async (trx) => {
      const status = await this.#held(trx, appId, id);
      if (status === undefined || status.announced === status.version) return;
      await trx
        .updateTable('chat_statuses')
        .set({ announced: status.version })
        .where('app_id', '=', appId)
        .where('user_id', '=', id)
        .execute();
      const person = await this.#people.person(appId, id, trx);
      if (person?.id !== id || person.deleted) return;
      const data = { person, online: status.online === 1, statusVersion: status.version };
      const viewers = await this.#viewers(trx, appId, id);
      for (const some of chunksOf(viewers, channelsPerPublish)) {
        await outbox.add(trx, appId, some.map(inboxOf), 'friend_status', data);
      }
    });
    await outbox.flush();
  }

  /** Compares the rows with what the host says, and corrects them. Never rejects. */
  sweep(): Promise<void> {
    this.#sweeping ??= this.#sweepAll().finally(() => {
      this.#sweeping = undefined;
    });
    return this.#sweeping;
  }

  async #sweepAll(): Promise<void> {
    for (const { id } of this.#core.apps.all()) {
      if (this.#stopped) return;
      try {
        await this.#sweepApp(id);
      } catch (error) {
        this.#core.onProblem('presence sweep', error);
      }
    }
  }

  async #sweepApp(appId: string): Promise<void> {
    const { host, clock } = this.#core;
    const here = idsIn(await host.occupied(appId, inboxPrefix));
    const connected = await this.#connected(appId);
    if (!this.#checked.has(appId)) {
      // The process before may have ended between storing what somebody has set and hearing of it.
      this.#checked.add(appId);
      for (const id of connected.keys()) if (here.has(id)) await this.invisibleChanged(appId, id);
    }
    const missed = [...here].filter((id) => connected.get(id)?.leaving_at !== null);
    for (const id of missed) await this.#queue(appId, id, () => this.arrived(appId, id));
    // Whoever left while this went on would be online until the next time.
    const still = missed.length === 0 ? here : idsIn(await host.occupied(appId, inboxPrefix));
    for (const id of new Set([...connected.keys(), ...missed])) {
      if (still.has(id)) continue;
      const leaving = connected.get(id)?.leaving_at ?? null;
      if (leaving !== null && leaving > clock.now() - graceLostMs) continue;
      await this.#queue(appId, id, () => this.#left(appId, id));
    }
    for (const id of await this.#unannounced(appId)) await this.announce(appId, id);
  }

  /** Nobody else is told yet: they may be back in a moment. */
  async #left(appId: string, id: Id): Promise<void> {
    const { db, clock, timers } = this.#core;
    await db.transaction().execute(async (trx) => {
      const status = await this.#held(trx, appId, id);
      if (status === undefined || status.connected === 0) return;
      const now = clock.now();
      await this.#write(trx, { ...status, leaving_at: now });
      await timers.set(trx, graceTimer, appId, id, now + limits.presenceGraceMs);
    });
  }

  async #graceEnds(appId: string, id: Id): Promise<void> {
    const { db, clock, host } = this.#core;
    // The fact that they left may have come late, after they were back.
    const { subscriptions } = await host.count(appId, inboxOf(id));
    await db.transaction().execute(async (trx) => {
      const status = await this.#held(trx, appId, id);
      if (status === undefined || status.leaving_at === null) return;
      if (status.leaving_at + limits.presenceGraceMs > clock.now()) return;
      await this.#write(trx, { ...status, leaving_at: null, connected: subscriptions > 0 ? 1 : 0 });
    });
    await this.announce(appId, id);
  }

  /** What contacts are shown follows from the rest. */
  async #write(trx: ChatTransaction, status: StatusRow): Promise<void> {
    const online = status.connected === 1 && status.invisible === 0 ? 1 : 0;
    const changed =
      online === status.online ? {} : { version: status.version + 1, changed_at: this.#core.clock.now() };
    await trx
      .updateTable('chat_statuses')
      .set({
        connected: status.connected,
        leaving_at: status.leaving_at,
        invisible: status.invisible,
        online,
        ...changed,
      })
      .where('app_id', '=', status.app_id)
      .where('user_id', '=', status.user_id)
      .execute();
  }

  /** Connected people who have the person in their list and may see them. */
  async #viewers(trx: ChatTransaction, appId: string, id: Id): Promise<Id[]> {
    const rows = await trx
      .selectFrom('chat_contacts as contact')
      .innerJoin('chat_statuses as status', (join) =>
        join.onRef('status.app_id', '=', 'contact.app_id').onRef('status.user_id', '=', 'contact.owner_id'),
      )
      .select('contact.owner_id')
      .distinct()
      .where('contact.app_id', '=', appId)
      .where('contact.contact_id', '=', id)
      .where('contact.removed_at', 'is', null)
      .where('status.connected', '=', 1)
      .orderBy('contact.owner_id')
      .execute();
    const owners = rows.map((row) => row.owner_id);
    const relations = await relationsOf(trx, appId, id, owners);
    return owners.filter((owner) => sees(turned(relations.get(owner) ?? stranger)));
  }

  #row(db: Core['db'] | ChatTransaction, appId: string, id: Id): Promise<StatusRow | undefined> {
    return db
      .selectFrom('chat_statuses')
      .selectAll()
      .where('app_id', '=', appId)
      .where('user_id', '=', id)
      .executeTakeFirst();
  }

  /** Locked; undefined for somebody who was never here, or is gone. */
  async #held(trx: ChatTransaction, appId: string, id: Id): Promise<StatusRow | undefined> {
    if ((await this.#row(trx, appId, id)) === undefined) return undefined;
    return (await lockPersons(trx, appId, [id], this.#core.clock.now())).get(id);
  }

  async #connected(appId: string): Promise<Map<Id, { leaving_at: number | null }>> {
    const rows = await this.#core.db
      .selectFrom('chat_statuses')
      .select(['user_id', 'leaving_at'])
      .where('app_id', '=', appId)
      .where('connected', '=', 1)
      .execute();
    return new Map(rows.map(({ user_id, leaving_at }) => [user_id, { leaving_at }]));
  }

  async #unannounced(appId: string): Promise<Id[]> {
    const rows = await this.#core.db
      .selectFrom('chat_statuses')
      .select('user_id')
      .where('app_id', '=', appId)
      .whereRef('announced', '<', 'version')
      .execute();
    return rows.map((row) => row.user_id);
  }

  async #inTurn(task: () => Promise<void>): Promise<void> {
    if (this.#running >= runningMax) await new Promise<void>((go) => this.#waiting.push(go));
    else this.#running++;
    try {
      await task();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }

  #queue(appId: string, id: Id, task: () => Promise<void>): Promise<void> {
    const name = `${appId} ${id}`;
    const before = this.#queues.get(name) ?? Promise.resolve();
    const run = before
      .then(() => this.#inTurn(task))
      .catch((error) => this.#core.onProblem('presence', error))
      .finally(() => {
        if (this.#queues.get(name) === run) this.#queues.delete(name);
      });
    this.#queues.set(name, run);
    return run;
  }
}

function idsIn(channels: ReadonlySet<string>): Set<Id> {
  const ids = new Set<Id>();
  for (const name of channels) {
    const channel = parseChatChannel(name);
    if (channel?.kind === 'inbox') ids.add(channel.user);
  }
  return ids;
}
