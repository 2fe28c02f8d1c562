import { createHash } from 'node:crypto';
import type { ChatApp } from '../apps.ts';
import {
  type Id,
  isId,
  type LiveEntry,
  type LiveInfo,
  liveDoorOf,
  liveLimits,
  liveOf,
  parseChatChannel,
  type ServerEventName,
  type ServerEvents,
} from '../contract/index.ts';
import type { ChatTransaction, Core } from '../core/core.ts';
import type { HostFact } from '../host.ts';
import { newId } from '../ids.ts';
import { refuse } from '../refusal.ts';
import type { LiveTables } from './tables.ts';

export const endTimer = 'live-room-end';

/** A room ends when nobody has been in it for so long, and after a day at the latest. */
const emptyMs = 10 * 60_000;
const lifeMs = 24 * 3_600_000;
/** Who was let in has so long to get on the channel, and who fell off it to get back. */
const seatMs = 20_000;
/** The maker hears of the door this often at most, for each kind of news. */
const doorMs = 1_000;

const socketId = /^\d{1,20}\.\d{1,20}$/;

type Room = LiveTables['chat_live_rooms'];
type Seat = LiveTables['chat_live_seats'];

/** A stay in a room, as a token proves it. */
export interface Stay {
  readonly room: Room;
  readonly seat: Seat;
}

export interface LiveRoomsOptions {
  readonly core: Core;
  /** Members that one presence channel of the app may have on the host; 0 = any number. */
  readonly presenceMembersMost: (appId: string) => number;
}

/**
 * Live rooms: who may be in them. What is said there goes from client to client, sealed with a key that never comes here;
 * the database knows a room by a hash of its id, and people as lanes.
 *
 * That a room is unknown, expired or never was looks alike.
 */
export class LiveRooms {
  readonly #core: Core;
  readonly #presenceMembersMost: (appId: string) => number;
  /** When the door of a room was last told of something. */
  readonly #told = new Map<string, number>();
  readonly #facts = new Set<Promise<void>>();

  constructor({ core, presenceMembersMost }: LiveRoomsOptions) {
    this.#core = core;
    this.#presenceMembersMost = presenceMembersMost;
    core.timers.on(endTimer, (appId, room) => this.#endIfEmpty(appId, room));
  }

  /** Makes a room. Its id and the maker's token are known to the caller alone from here on. */
  async create(
    app: ChatApp,
    options: { readonly noTakeBacks: boolean; readonly fadeSeconds: number },
  ): Promise<{ readonly room: Id; readonly maker: string }> {
    if (app.settings.chatLivePeople === 0) refuse('forbidden', { message: 'This chat has no live rooms.' });
    const { db, clock, timers } = this.#core;
    const id = newId();
    const maker = newId();
    const now = clock.now();
    const room = roomHash(id);
    await db.transaction().execute(async (trx) => {
      await trx
        .insertInto('chat_live_rooms')
        .values({
          app_id: app.id,
          room,
          channel: channelIdOf(id),
          maker_hash: hash(maker),
          no_take_backs: options.noTakeBacks ? 1 : 0,
          fade_seconds: options.fadeSeconds,
          created_at: now,
          expires_at: now + lifeMs,
        })
        .execute();
      await timers.set(trx, endTimer, app.id, room, now + emptyMs);
    });
    return { room: id, maker };
  }

  /** Whether the room can be entered, or is full. */
  async exists(id: string): Promise<boolean> {
    return (await this.#find(id)) !== null;
  }

  /** The app that the room is of. @throws Refusal `not_found` */
  async appOf(id: string): Promise<ChatApp> {
    const found = await this.#find(id);
    return found?.app ?? refuse('not_found');
  }

  /**
   * Takes a lane.
   * @param known.token of an earlier stay, whose lane is given back if it is free
   * @param known.again asked before and refused: the maker hears that somebody waits
   * @throws Refusal `not_found`, `full`
   */
  async enter(
    id: string,
    known: { readonly maker?: string; readonly token?: string; readonly again?: boolean },
  ): Promise<Omit<LiveEntry, 'realtime'>> {
    const { app, room } = (await this.#find(id)) ?? refuse('not_found');
    const { db, kind, host, clock } = this.#core;
    const limit = this.#limitOf(app);
    const isMaker = known.maker !== undefined && hash(known.maker) === room.maker_hash;
    const present = await host.members(app.id, liveOf(room.channel));
    const token = newId();
    const seat = await db.transaction().execute(async (trx): Promise<Seat | null> => {
      const query = trx
        .selectFrom('chat_live_rooms')
        .select('room')
        .where('app_id', '=', app.id)
        .where('room', '=', room.room);
      const held = await (kind === 'postgres' ? query.forUpdate() : query).executeTakeFirst();
      if (held === undefined) return refuse('not_found');
      const now = clock.now();
      const seats = await seatsOf(trx, room);
      const before = known.token === undefined ? undefined : hash(known.token);
      const mine = seats.find((seat) => seat.token_hash === before && !present.has(seat.participant));
      const taken = seats.filter(
        (seat) => seat !== mine && (present.has(seat.participant) || seat.held_until > now),
      );
      const lane = mine?.lane ?? firstFree(taken, limit);
      if (taken.length >= limit || lane === null) return null;
      // The lanes of whoever is gone for good are free; so is the one that is taken over here.
      const gone = seats.filter((seat) => !taken.includes(seat)).map(({ participant }) => participant);
      if (gone.length > 0) {
        await trx
          .deleteFrom('chat_live_seats')
          .where('app_id', '=', app.id)
          .where('room', '=', room.room)
          .where('participant', 'in', gone)
          .execute();
      }
      const fresh: Seat = {
        app_id: app.id,
        room: room.room,
        participant: mine?.participant ?? newId(),
        lane,
        token_hash: hash(token),
        maker: isMaker ? 1 : 0,
        held_until: now + seatMs,
      };
      await trx.insertInto('chat_live_seats').values(fresh).execute();
      return fresh;
    });
    if (seat === null) {
      this.#tellDoor(room, known.again ? 'live_waiting' : 'live_refused', {});
      return refuse('full');
    }
    if (!isMaker) this.#tellDoor(room, 'live_came', { lane: seat.lane });
    return {
      participant: seat.participant,
      lane: seat.lane,
      token,
      channel: liveOf(room.channel),
      makerChannel: isMaker ? liveDoorOf(room.channel) : null,
      options: { noTakeBacks: room.no_take_backs === 1, fadeSeconds: room.fade_seconds },
      expiresAt: room.expires_at,
      now: clock.now(),
      limit,
    };
  }

  /** Whose token this is. @throws Refusal `not_found` when the room or the stay is over */
  async stay(id: string, token: string): Promise<Stay & { readonly app: ChatApp }> {
    const { app, room } = (await this.#find(id)) ?? refuse('not_found');
    const seat = await this.#core.db
      .selectFrom('chat_live_seats')
      .selectAll()
      .where('app_id', '=', app.id)
      .where('room', '=', room.room)
      .where('token_hash', '=', hash(token))
      .executeTakeFirst();
    return { app, room, seat: seat ?? refuse('not_found') };
  }

  /** Gives the lane back at once. Whoever has none has left already. */
  async leave(id: string, token: string): Promise<void> {
    const found = await this.#find(id);
    if (found === null) return;
    await this.#core.db
      .deleteFrom('chat_live_seats')
      .where('app_id', '=', found.app.id)
      .where('room', '=', found.room.room)
      .where('token_hash', '=', hash(token))
      .execute();
  }

  /** Signs for the room's channel, and for its maker the door's. @throws Refusal */
  async authorise(
    id: string,
    token: string,
    socket: string,
    channel: string,
  ): Promise<{ readonly auth: string; readonly channel_data?: string }> {
    if (!socketId.test(socket)) refuse('bad_request', { field: 'socket_id' });
    const { app, room, seat } = await this.stay(id, token);
    const { db, host, clock } = this.#core;
    if (channel === liveDoorOf(room.channel) && seat.maker === 1)
      return host.authoriseChannel(app.id, socket, channel, null);
    if (channel !== liveOf(room.channel)) refuse('forbidden', { field: 'channel_name' });
    const { numUpdatedRows } = await db
      .updateTable('chat_live_seats')
      .set({ held_until: clock.now() + seatMs })
      .where('app_id', '=', app.id)
      .where('room', '=', room.room)
      .where('token_hash', '=', seat.token_hash)
      .executeTakeFirst();
    // Somebody else got the lane at this moment.
    if (numUpdatedRows === 0n) refuse('not_found');
    const info: LiveInfo = { lane: seat.lane };
    const data = JSON.stringify({ user_id: seat.participant, user_info: info });
    return host.authoriseChannel(app.id, socket, channel, data);
  }

  /** What the host says: who left keeps the lane for a moment, and an empty room ends after a while. */
  told(fact: HostFact): void {
    const channel = parseChatChannel(fact.channel);
    if (channel?.kind !== 'live') return;
    const { appId, type, userId } = fact;
    let work: Promise<void>;
    if (type === 'channel_vacated') work = this.#vacated(appId, channel.live);
    else if (type === 'member_removed' && userId !== undefined)
      work = this.#left(appId, channel.live, userId);
    else return;
    const done = work
      .catch((error) => this.#core.onProblem('live rooms', error))
      .finally(() => this.#facts.delete(done));
    this.#facts.add(done);
  }

  /** Resolves when all facts so far have been taken. */
  async idle(): Promise<void> {
    while (this.#facts.size > 0) await Promise.all(this.#facts);
  }

  async #left(appId: string, channel: Id, participant: string): Promise<void> {
    const { db, clock } = this.#core;
    await db
      .updateTable('chat_live_seats')
      .set({ held_until: clock.now() + seatMs })
      .where('app_id', '=', appId)
      .where('participant', '=', participant)
      .where('room', '=', (query) =>
        query
          .selectFrom('chat_live_rooms')
          .select('room')
          .where('app_id', '=', appId)
          .where('channel', '=', channel),
      )
      .execute();
  }

  async #vacated(appId: string, channel: Id): Promise<void> {
    const { db, clock, timers } = this.#core;
    await db.transaction().execute(async (trx) => {
      const room = await trx
        .selectFrom('chat_live_rooms')
        .select(['room', 'expires_at'])
        .where('app_id', '=', appId)
        .where('channel', '=', channel)
        .executeTakeFirst();
      if (room === undefined) return;
      const due = Math.min(clock.now() + emptyMs, room.expires_at);
      await timers.set(trx, endTimer, appId, room.room, due);
    });
  }

  /** Runs by a timer, over and over while somebody is there: no fact has to arrive for a room to end. */
  async #endIfEmpty(appId: string, hashed: string): Promise<void> {
    const { db, clock, host, timers } = this.#core;
    const room = await db
      .selectFrom('chat_live_rooms')
      .select(['channel', 'expires_at'])
      .where('app_id', '=', appId)
      .where('room', '=', hashed)
      .executeTakeFirst();
    if (room === undefined) return;
    const present = await host.members(appId, liveOf(room.channel));
    await db.transaction().execute(async (trx) => {
      const now = clock.now();
      const held = await trx
        .selectFrom('chat_live_seats')
        .select('participant')
        .where('app_id', '=', appId)
        .where('room', '=', hashed)
        .where('held_until', '>', now)
        .executeTakeFirst();
      if (now < room.expires_at && (present.size > 0 || held !== undefined)) {
        const due = Math.min(now + emptyMs, room.expires_at);
        return timers.set(trx, endTimer, appId, hashed, due);
      }
      for (const table of ['chat_live_seats', 'chat_live_rooms'] as const) {
        await trx.deleteFrom(table).where('app_id', '=', appId).where('room', '=', hashed).execute();
      }
    });
  }

  async #find(id: string): Promise<{ readonly app: ChatApp; readonly room: Room } | null> {
    if (!isId(id)) return null;
    const { db, clock, apps } = this.#core;
    const room = await db
      .selectFrom('chat_live_rooms')
      .selectAll()
      .where('room', '=', roomHash(id))
      .executeTakeFirst();
    const app = room === undefined ? undefined : apps.byId(room.app_id);
    if (room === undefined || app === undefined || room.expires_at <= clock.now()) return null;
    return app.settings.chatLivePeople === 0 ? null : { app, room };
  }

  #limitOf(app: ChatApp): number {
    const most = this.#presenceMembersMost(app.id);
    const { chatLivePeople } = app.settings;
    return most === 0 ? chatLivePeople : Math.min(chatLivePeople, most);
  }

  /** News for the maker. Nobody waits for it, and none of it is kept. */
  #tellDoor<Name extends ServerEventName>(room: Room, event: Name, data: ServerEvents[Name]): void {
    const { clock, host, onProblem } = this.#core;
    const now = clock.now();
    for (const [key, at] of this.#told) {
      if (now - at < doorMs) break; // in the order in which they were told
      this.#told.delete(key);
    }
    const key = `${event} ${room.app_id} ${room.room}`;
    if (event !== 'live_came' && this.#told.has(key)) return;
    this.#told.delete(key);
    this.#told.set(key, now);
    host
      .publish(room.app_id, [liveDoorOf(room.channel)], event, data)
      .catch((error) => onProblem('live rooms', error));
  }
}

function seatsOf(trx: ChatTransaction, { app_id, room }: Room): Promise<Seat[]> {
  return trx
    .selectFrom('chat_live_seats')
    .selectAll()
    .where('app_id', '=', app_id)
    .where('room', '=', room)
    .execute();
}

function firstFree(taken: readonly Seat[], limit: number): number | null {
  const lanes = new Set(taken.map(({ lane }) => lane));
  for (let lane = 0; lane < limit; lane++) if (!lanes.has(lane)) return lane;
  return null;
}

function hash(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}

/** How the database knows a room. */
export const roomHash = (id: Id): string => hash(id);

/** What its channels are called by: as good as random, and no way back to the room's id. */
export function channelIdOf(id: Id): Id {
  return createHash('sha256')
    .update(`earshot live channel ${id}`)
    .digest()
    .subarray(0, 16)
    .toString('base64url');
}

/** As the API takes it. */
export const fadeSecondsRange = [liveLimits.fadeSecondsLeast, liveLimits.fadeSecondsMost] as const;
