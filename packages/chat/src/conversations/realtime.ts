import { type Id, type Person, type PresenceInfo, parseChatChannel, type Role } from '../contract/index.ts';
import type { Caller, Core, People, Reach } from '../core/core.ts';
import { refuse } from '../refusal.ts';
import { memberAccess } from './access.ts';
import { otherOf } from './rows.ts';

const socketId = /^\d{1,20}\.\d{1,20}$/;
/** Info of a member of a presence channel, as JSON. */
const infoBytesMost = 1_000;
/** Sockets whose session is remembered; beyond it the oldest are forgotten. */
const socketsMost = 100_000;

/** Signatures for subscribing and signing in. Whatever is not allowed here is refused. */
export class Realtime {
  readonly #core: Core;
  readonly #people: People;
  readonly #reach: Reach;
  /** The session that each socket is to sign in as, oldest first. */
  readonly #sessions = new Map<string, Id>();

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
    this.#requireSession(caller, socket);
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
  signIn(caller: Caller, socket: string): { readonly auth: string; readonly user_data: string } {
    if (!socketId.test(socket)) refuse('bad_request', { field: 'socket_id' });
    this.#requireSession(caller, socket);
    const [oldest] = this.#sessions.keys();
    if (oldest !== undefined && this.#sessions.size >= socketsMost) this.#sessions.delete(oldest);
    this.#sessions.set(`${caller.app.id}/${socket}`, caller.session);
    return this.#core.host.authoriseUser(caller.app.id, socket, caller.session);
  }

  /**
   * A socket that signs in as one session gets no channels of another: they would outlive the end of that other one.
   * What is not known here (after a start, or too long ago) is let pass.
   */
  #requireSession({ app, session }: Caller, socket: string): void {
    const known = this.#sessions.get(`${app.id}/${socket}`);
    if (known === undefined || known === session) return;
    refuse('forbidden', { field: 'socket_id', message: 'This socket is signed in as another session.' });
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

/** A picture whose address is too long for the host is left out. */
function presenceInfo({ name, kind, verified, avatar }: Person, role: Role): PresenceInfo {
  const info = { name, kind, verified, avatar, role };
  return Buffer.byteLength(JSON.stringify(info)) <= infoBytesMost ? info : { ...info, avatar: null };
}
