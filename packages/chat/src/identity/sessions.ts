import { createHmac } from 'node:crypto';
import type { ChatApp } from '../apps.ts';
import type { Id, SessionAnswer } from '../contract/index.ts';
import type { Caller, ChatDatabase, ChatTransaction, Core, People } from '../core/core.ts';
import { type Keys, randomKey } from '../core/keys.ts';
import { newId } from '../ids.ts';
import { refuse } from '../refusal.ts';
import { type AccessClaims, AccessTokens } from './access-tokens.ts';
import { hashOf, isHashOf, newSecret } from './secrets.ts';
import type { IdentityTables } from './tables.ts';
import { meOf, type UserRow } from './users.ts';

type SessionRow = IdentityTables['chat_sessions'];

/** Without a renewal for so long, a session ends; only then do notifications to its browser. */
const lifeMs = 60 * 86_400_000;
/** Of one person; the one that was not seen for longest makes room. */
const sessionsMax = 20;
const seenEveryMs = 60_000;
const sweepMs = 60_000;
const sweepBatch = 500;
/** The sockets of an ended session are closed at once, and again then: one may have signed in meanwhile, or the host failed. */
const closeAgainMs = 5_000;
const userAgentCharactersMax = 300;

const closeTimer = 'identity.close-session';
const disconnectTimer = 'identity.disconnect-user';

/** Where a session is used from. */
export interface Place {
  /** Null: a client that is no browser. */
  readonly origin: string | null;
  readonly userAgent: string | null;
}

/** One of a person's sessions, for its owner to see. */
export interface SessionInfo {
  readonly id: Id;
  readonly current: boolean;
  readonly origin: string;
  readonly createdAt: number;
  readonly lastSeenAt: number;
  readonly userAgent?: string;
}

/** What a request says of its sender. */
export interface Credentials {
  /** The `Authorization` header. */
  readonly authorization: string | null;
  readonly origin: string | null;
}

/** Why sessions have ended. `expired`: nobody did anything for long. */
export type SessionEnd = 'signed-out' | 'expired' | 'replaced' | 'reuse' | 'merged' | 'erased';

/** A session that a transaction began, or let go on. */
export interface BegunSession {
  readonly row: SessionRow;
  readonly user: UserRow;
  readonly refreshToken: string | null;
  /** Sessions that made room for it. */
  readonly replaced: readonly Id[];
}

/** Told after the commit. */
export type SessionsEnded = (appId: string, sessions: readonly Id[], why: SessionEnd) => Promise<void>;

/**
 * Sessions: begun, renewed, ended. Sockets sign in to the channel server as their session, so ending one closes its sockets.
 *
 * A refresh token has three parts: the session's id, one that all tokens of the session share, and its own. The next one's
 * own part is derived from it, so that asking twice gives the same answer: the first one may have been lost. Once anything
 * of the newest turn was used, an older token is in two hands, and the session ends.
 */
export class Sessions implements Pick<People, 'sessions' | 'disconnect'> {
  readonly #core: Core;
  readonly #keys: Keys;
  readonly #tokens: AccessTokens;
  readonly #ended: SessionsEnded;

  constructor(core: Core, keys: Keys, ended: SessionsEnded) {
    this.#core = core;
    this.#keys = keys;
    this.#tokens = new AccessTokens(core.clock, keys);
    this.#ended = ended;
    core.timers.on(closeTimer, (appId, session) => core.host.terminate(appId, session));
    core.timers.on(disconnectTimer, (appId, user) => this.#close(appId, user));
  }

  /** @returns how to stop sweeping what has expired */
  start(): () => void {
    const timer = this.#core.clock.every(sweepMs, () => {
      this.sweep().catch((error) => this.#core.onProblem('sessions', error));
    });
    return () => timer.cancel();
  }

  /**
   * Who sends a request. Refuses a token that is missing, expired or changed, and one that another origin was given.
   * @throws Refusal `unauthorised`, `session_ended`, `origin_refused`, `chat_off`
   */
  async authenticate(credentials: Credentials): Promise<Caller> {
    const token = bearerOf(credentials.authorization);
    const claims = token === null ? null : await this.#tokens.verify(token);
    if (claims === null) refuse('unauthorised');
    const app = this.#core.apps.byId(claims.app);
    if (app === undefined) refuse('chat_off');
    requireSameOrigin(claims.origin, credentials.origin);
    const found = await this.#find(claims);
    if (found === undefined) refuse('session_ended');
    await this.#noteUse(found, claims.turn);
    const { kind, moderator } = found;
    return { app, user: claims.user, session: claims.session, kind, moderator: moderator === 1 };
  }

  /**
   * Whom a request that signs in belongs to so far: its access token may have expired. Null when there is none, or it is of
   * another app or origin, or its session has ended.
   */
  async recognise(
    app: ChatApp,
    credentials: Credentials,
  ): Promise<(AccessClaims & { readonly hasExpired: boolean }) | null> {
    const token = bearerOf(credentials.authorization);
    const claims = token === null ? null : await this.#tokens.recognise(token);
    if (claims === null || claims.app !== app.id) return null;
    if (claims.origin !== (credentials.origin ?? '')) return null;
    return (await this.#find(claims)) === undefined ? null : claims;
  }

  /** A new session of a person. Within the transaction that made or found the person; `answer` follows the commit. */
  async begin(
    trx: ChatTransaction,
    user: UserRow,
    via: SessionRow['via'],
    place: Place,
  ): Promise<BegunSession> {
    const now = this.#core.clock.now();
    const replaced = await this.#makeRoom(trx, user.app_id, user.id);
    const [family, own] = via === 'host' ? [null, null] : [newSecret(), newSecret()];
    const row: SessionRow = {
      app_id: user.app_id,
      id: newId(),
      user_id: user.id,
      origin: place.origin ?? '',
      via,
      family_hash: family === null ? null : hashOf(family),
      refresh_hash: own === null ? null : hashOf(own),
      turn: 1,
      turn_used: 0,
      user_agent: place.userAgent?.slice(0, userAgentCharactersMax) ?? null,
      created_at: now,
      seen_at: now,
      expires_at: now + lifeMs,
    };
    await trx.insertInto('chat_sessions').values(row).execute();
    return { row, user, refreshToken: own === null ? null : `${row.id}.${family}.${own}`, replaced };
  }

  /**
   * A host user's session goes on under a new access token. Nothing is stored in their browser, so a page that is opened
   * knows no session: it goes on with that of the same person, origin and kind of browser.
   * @param session the one that the request's access token is of; null when it has none
   * @returns undefined when there is none that could go on
   */
  async goOn(
    trx: ChatTransaction,
    user: UserRow,
    session: Id | null,
    place: Place,
  ): Promise<BegunSession | undefined> {
    const now = this.#core.clock.now();
    const id = session ?? (await this.#sameBrowser(trx, user, place));
    if (id === undefined) return undefined;
    const row = await trx
      .updateTable('chat_sessions')
      .set((set) => ({ turn: set('turn', '+', 1), seen_at: now, expires_at: now + lifeMs }))
      .where('app_id', '=', user.app_id)
      .where('id', '=', id)
      .where('user_id', '=', user.id)
      .where('via', '=', 'host')
      .returningAll()
      .executeTakeFirst();
    return row === undefined ? undefined : { row, user, refreshToken: null, replaced: [] };
  }

  /** After the commit: what the client gets. */
  async answer({ row, user, refreshToken, replaced }: BegunSession): Promise<SessionAnswer> {
    await this.afterEnd(row.app_id, replaced, 'replaced');
    return this.#answer(row, user, refreshToken);
  }

  /**
   * Renews by a refresh token.
   * @throws Refusal `session_ended` for one that is not known any more; one that was used before ends its session
   */
  async refresh(app: ChatApp, token: string, place: Place): Promise<SessionAnswer> {
    const [, id = '', family = '', own = ''] =
      /^([\w-]{22})\.([\w-]{43})\.([\w-]{43})$/.exec(token) ?? refuse('session_ended');
    const row = await this.#row(this.#core.db, app.id, id);
    if (row?.family_hash == null || row.expires_at <= this.#core.clock.now()) refuse('session_ended');
    if (!isHashOf(family, row.family_hash)) refuse('session_ended');
    requireSameOrigin(row.origin, place.origin);
    const next = await this.#after(own);
    const renewed =
      (await this.#turn(row, hashOf(own), hashOf(next))) ?? (await this.#sameTurn(row, hashOf(next)));
    if (renewed === undefined) {
      await this.end(app.id, { user: row.user_id, session: id }, 'reuse');
      refuse('session_ended', {
        message: 'This refresh token was used before, so its session was ended. Sign in again.',
      });
    }
    const user = await this.#core.db
      .selectFrom('chat_users')
      .selectAll()
      .where('app_id', '=', app.id)
      .where('id', '=', row.user_id)
      .executeTakeFirstOrThrow();
    return this.#answer(renewed, user, `${id}.${family}.${next}`);
  }

  async sessions(appId: string, user: Id): Promise<readonly Id[]> {
    const rows = await this.#live(appId, user).select('id').execute();
    return rows.map(({ id }) => id);
  }

  async list(caller: Caller): Promise<readonly SessionInfo[]> {
    const rows = await this.#live(caller.app.id, caller.user)
      .selectAll()
      .orderBy('seen_at', 'desc')
      .execute();
    return rows.map((row) => ({
      id: row.id,
      current: row.id === caller.session,
      origin: row.origin,
      createdAt: row.created_at,
      lastSeenAt: row.seen_at,
      ...(row.user_agent === null ? {} : { userAgent: row.user_agent }),
    }));
  }

  /** Ends one session of a person, or all. @returns whether there was any */
  async end(
    appId: string,
    of: { readonly user: Id; readonly session?: Id },
    why: SessionEnd,
  ): Promise<boolean> {
    const ids = await this.#core.db.transaction().execute((trx) => this.endWithin(trx, appId, of));
    await this.afterEnd(appId, ids, why);
    return ids.length > 0;
  }

  /** The first half of `end`, for a transaction that does more; `afterEnd` follows the commit. */
  async endWithin(
    trx: ChatTransaction,
    appId: string,
    of: { readonly user: Id; readonly session?: Id },
  ): Promise<readonly Id[]> {
    let query = trx.deleteFrom('chat_sessions').where('app_id', '=', appId).where('user_id', '=', of.user);
    if (of.session !== undefined) query = query.where('id', '=', of.session);
    const ids = (await query.returning('id').execute()).map(({ id }) => id);
    await this.#closeLater(trx, appId, ids);
    return ids;
  }

  async afterEnd(appId: string, ids: readonly Id[], why: SessionEnd): Promise<void> {
    if (ids.length === 0) return;
    const closing = ids.map(async (id) => {
      // What fails here is done by the timer.
      await this.#core.host.terminate(appId, id).catch((error) => this.#core.onProblem('sessions', error));
    });
    await Promise.all(closing);
    await this.#ended(appId, ids, why).catch((error) => this.#core.onProblem('sessions', error));
  }

  async disconnect(appId: string, user: Id): Promise<void> {
    try {
      await this.#close(appId, user);
    } catch (error) {
      this.#core.onProblem('sessions', error);
      const soon = this.#core.clock.now() + 1_000;
      await this.#core.db
        .transaction()
        .execute((trx) => this.#core.timers.set(trx, disconnectTimer, appId, user, soon));
    }
  }

  /** Ends what has expired. */
  async sweep(): Promise<void> {
    const now = this.#core.clock.now();
    const rows = await this.#core.db
      .selectFrom('chat_sessions')
      .select(['app_id', 'id', 'user_id'])
      .where('expires_at', '<=', now)
      .limit(sweepBatch)
      .execute();
    for (const { app_id, id, user_id } of rows)
      await this.end(app_id, { user: user_id, session: id }, 'expired');
  }

  async #close(appId: string, user: Id): Promise<void> {
    const sessions = await this.sessions(appId, user);
    await Promise.all(sessions.map((session) => this.#core.host.terminate(appId, session)));
  }

  async #closeLater(trx: ChatTransaction, appId: string, ids: readonly Id[]): Promise<void> {
    const at = this.#core.clock.now() + closeAgainMs;
    for (const id of ids) await this.#core.timers.set(trx, closeTimer, appId, id, at);
  }

  async #makeRoom(trx: ChatTransaction, appId: string, user: Id): Promise<readonly Id[]> {
    const surplus = await trx
      .selectFrom('chat_sessions')
      .select('id')
      .where('app_id', '=', appId)
      .where('user_id', '=', user)
      .orderBy('seen_at', 'desc')
      .orderBy('id')
      .limit(sessionsMax)
      .offset(sessionsMax - 1)
      .execute();
    const ids = surplus.map(({ id }) => id);
    for (const session of ids) await this.endWithin(trx, appId, { user, session });
    return ids;
  }

  async #sameBrowser(trx: ChatTransaction, user: UserRow, place: Place): Promise<Id | undefined> {
    if (place.origin === null || place.userAgent === null) return undefined;
    const row = await trx
      .selectFrom('chat_sessions')
      .select('id')
      .where('app_id', '=', user.app_id)
      .where('user_id', '=', user.id)
      .where('via', '=', 'host')
      .where('origin', '=', place.origin)
      .where('user_agent', '=', place.userAgent.slice(0, userAgentCharactersMax))
      .where('expires_at', '>', this.#core.clock.now())
      .orderBy('seen_at', 'desc')
      .limit(1)
      .executeTakeFirst();
    return row?.id;
  }

  #live(appId: string, user: Id) {
    return this.#core.db
      .selectFrom('chat_sessions')
      .where('app_id', '=', appId)
      .where('user_id', '=', user)
      .where('expires_at', '>', this.#core.clock.now());
  }

  #row(db: ChatDatabase, appId: string, id: Id): Promise<SessionRow | undefined> {
    return db
      .selectFrom('chat_sessions')
      .selectAll()
      .where('app_id', '=', appId)
      .where('id', '=', id)
      .executeTakeFirst();
  }

  #find(claims: AccessClaims) {
    return this.#core.db
      .selectFrom('chat_sessions as session')
      .innerJoin('chat_users as user', (join) =>
        join.onRef('user.app_id', '=', 'session.app_id').onRef('user.id', '=', 'session.user_id'),
      )
      .selectAll('session')
      .select(['user.kind', 'user.moderator'])
      .where('session.app_id', '=', claims.app)
      .where('session.id', '=', claims.session)
      .where('session.user_id', '=', claims.user)
      .where('session.expires_at', '>', this.#core.clock.now())
      .where('user.deleted_at', 'is', null)
      .executeTakeFirst();
  }

  async #noteUse(row: SessionRow, turn: number): Promise<void> {
    const now = this.#core.clock.now();
    const isFirst = turn === row.turn && row.turn_used === 0;
    if (!isFirst && now - row.seen_at < seenEveryMs) return;
    await this.#core.db
      .updateTable('chat_sessions')
      .set({ seen_at: now })
      .where('app_id', '=', row.app_id)
      .where('id', '=', row.id)
      .execute();
    if (isFirst) {
      await this.#core.db
        .updateTable('chat_sessions')
        .set({ turn_used: 1 })
        .where('app_id', '=', row.app_id)
        .where('id', '=', row.id)
        .where('turn', '=', turn)
        .execute();
    }
    await this.#core.db
      .updateTable('chat_users')
      .set({ seen_at: now })
      .where('app_id', '=', row.app_id)
      .where('id', '=', row.user_id)
      .execute();
  }

  /** The presented token is the newest: it is used up. */
  #turn(row: SessionRow, presented: string, next: string): Promise<SessionRow | undefined> {
    const now = this.#core.clock.now();
    return this.#core.db
      .updateTable('chat_sessions')
      .set((set) => ({
        refresh_hash: next,
        turn: set('turn', '+', 1),
        turn_used: 0,
        seen_at: now,
        expires_at: now + lifeMs,
      }))
      .where('app_id', '=', row.app_id)
      .where('id', '=', row.id)
      .where('refresh_hash', '=', presented)
      .returningAll()
      .executeTakeFirst();
  }

  /** The presented token is the one before the newest, of which nothing was used. */
  #sameTurn(row: SessionRow, newest: string): Promise<SessionRow | undefined> {
    return this.#core.db
      .selectFrom('chat_sessions')
      .selectAll()
      .where('app_id', '=', row.app_id)
      .where('id', '=', row.id)
      .where('refresh_hash', '=', newest)
      .where('turn_used', '=', 0)
      .executeTakeFirst();
  }

  async #after(own: string): Promise<string> {
    const key = await this.#keys.get('', 'refresh-tokens', randomKey);
    return createHmac('sha256', key).update(own).digest('base64url');
  }

  async #answer(row: SessionRow, user: UserRow, refreshToken: string | null): Promise<SessionAnswer> {
    const { token, expiresAt } = await this.#tokens.sign({
      app: row.app_id,
      user: row.user_id,
      session: row.id,
      origin: row.origin,
      turn: row.turn,
    });
    return { accessToken: token, accessTokenExpiresAt: expiresAt, refreshToken, me: meOf(user) };
  }
}

function bearerOf(authorization: string | null): string | null {
  return /^Bearer ([\w.~+/-]+=*)$/i.exec(authorization ?? '')?.[1] ?? null;
}

/**
 * A browser names the origin of every request that another site's page sends, and leaves it away only where a page reads
 * from its own; so no origin will do.
 */
function requireSameOrigin(made: string, asked: string | null): void {
  if (asked === null || asked === made) return;
  refuse('origin_refused', { message: 'This token was made for a page of another origin. Sign in here.' });
}
