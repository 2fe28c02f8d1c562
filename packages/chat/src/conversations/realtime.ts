import { type Id, type Person, type PresenceInfo, parseChatChannel, type Role } from '../contract/index.ts';
import type { Caller, Core, People, Reach } from '../core/core.ts';
import { refuse } from '../refusal.ts';
import { memberAccess } from './access.ts';
import { otherOf } from './rows.ts';

const socketId = /^\d{1,20}\.\d{1,20}$/;
/** Info of a member of a presence channel, as JSON. */
const infoBytesMost = 1_000;
/** So long it is remembered which session a socket signs in as. */
const socketsMs = 7 * 24 * 3_600_000;

/** Signatures for subscribing and signing in. Whatever is not allowed here is refused. */
export class Realtime {
  readonly #core: Core;
  readonly #people: People;
  readonly #reach: Reach;

  constructor(core: Core, parts: { people: People; reach: Reach }) {
    this.#core = core;
    this.#people = parts.people;
    this.#reach = parts.reach;
  }

  /** An inbox is its owner's, a conversation's channels are its members'. @throws Refusal */
  async authorise(
    caller: Caller,
    socket: string,
    name: string,
  ): Promise<{ readonly auth: string; readonly channel_data?: string }> {
    if (!socketId.test(socket)) refuse('bad_request', { field: 'socket_id' });
    requireSession(caller, await this.#sessionOf(caller.app.id, socket));
    const { host } = this.#core;
    const channel = parseChatChannel(name);
    // Live rooms have a door of their own.
    if (channel === null || channel.kind === 'live' || channel.kind === 'live-door')
      return refuse('forbidden', { field: 'channel_name' });
    if (channel.kind === 'inbox') {
      if (channel.user !== caller.user) refuse('forbidden', { field: 'channel_name' });
      return host.authoriseChannel(caller.app.id, socket, name, null);
    }
    const role = await this.#roleIn(caller, channel.conversation);
    if (channel.kind === 'messages') return host.authoriseChannel(caller.app.id, socket, name, null);
    const person = await this.#people.person(caller.app.id, caller.user);
    if (person === undefined || person.deleted) return refuse('forbidden');
    const data = JSON.stringify({ user_id: caller.user, user_info: presenceInfo(person, role) });
    return host.authoriseChannel(caller.app.id, socket, name, data);
  }

  /** Sockets sign in as their session, so that ending it ends them. */
  async signIn(
    caller: Caller,
    socket: string,
  ): Promise<{ readonly auth: string; readonly user_data: string }> {
    if (!socketId.test(socket)) refuse('bad_request', { field: 'socket_id' });
    const { db, clock, host } = this.#core;
    const { app, session } = caller;
    const now = clock.now();
    await db
      .deleteFrom('chat_sockets')
      .where('app_id', '=', app.id)
      .where('at', '<', now - socketsMs)
      .execute();
    await db
      .insertInto('chat_sockets')
      .values({ app_id: app.id, socket, session, at: now })
      .onConflict((conflict) => conflict.columns(['app_id', 'socket']).doNothing())
      .execute();
    requireSession(caller, await this.#sessionOf(app.id, socket));
    return host.authoriseUser(app.id, socket, session);
  }

  /** The session that a socket is to sign in as: a row, because any node may be asked. */
  async #sessionOf(appId: string, socket: string): Promise<Id | undefined> {
    const row = await this.#core.db
      .selectFrom('chat_sockets')
      .select('session')
      .where('app_id', '=', appId)
      .where('socket', '=', socket)
      .executeTakeFirst();
    return row?.session;
  }

  async #roleIn(caller: Caller, id: Id): Promise<Role> {
    const { conversation, member } = await memberAccess(
      this.#core.db,
      caller,
      id,
      this.#core.clock.now(),
    ).catch((error) => {
      // That it is not there and that it is not theirs look alike.
      if (error.code === 'not_found') refuse('forbidden', { field: 'channel_name' });
      throw error;
    });
    if (conversation.kind === 'direct') {
      const other = otherOf(conversation, caller.user);
      if (!(await this.#reach.mayWrite(caller.app.id, caller.user, other))) refuse('not_reachable');
    }
    return member.role;
  }
}

/**
 * A socket that signs in as one session gets no channels of another: they would outlive the end of that other one.
 * What is not known (it has not signed in yet, or too long ago) is let pass.
 */
function requireSession({ session }: Caller, known: Id | undefined): void {
  if (known === undefined || known === session) return;
  refuse('forbidden', { field: 'socket_id', message: 'This socket is signed in as another session.' });
}

/** A picture whose address is too long for the host is left out. */
function presenceInfo({ name, kind, verified, avatar }: Person, role: Role): PresenceInfo {
  const info = { name, kind, verified, avatar, role };
  return Buffer.byteLength(JSON.stringify(info)) <= infoBytesMost ? info : { ...info, avatar: null };
}
