import type { AppKey } from '../../packages/server/src/apps/app.ts';
import { signChannel, signUser } from '../../packages/server/src/apps/auth.ts';
import type { Message } from '../support/wire.ts';
import type { History, SessionHistory } from './history.ts';
import type { SimulatedNode } from './node.ts';
import type { Random } from './random.ts';
import { type ChannelName, userCount } from './schedule.ts';
import { SimulatedSocket } from './socket.ts';
import type { World } from './world.ts';

const reconnectMaxMs = 800;
const watchlist = Array.from({ length: userCount }, (_, user) => `u${user}`);

interface Session {
  readonly history: SessionHistory;
  readonly socket: SimulatedSocket;
}

/** A client as the libraries are: it comes back when it was cut, and then asks again for all that it wants. */
export class SimulatedClient {
  readonly name: string;
  readonly userId: string;
  readonly wanted = new Set<ChannelName>();
  wantsSignIn = false;
  isWanted = false;
  readonly #world: World;
  readonly #key: AppKey;
  readonly #history: History;
  readonly #random: Random;
  readonly #findNode: () => SimulatedNode | undefined;
  #session: Session | null = null;
  #sessions = 0;

  constructor(parts: {
    world: World;
    index: number;
    key: AppKey;
    history: History;
    /** A node that takes clients, for one that comes back. */
    findNode: (random: Random) => SimulatedNode | undefined;
  }) {
    this.#world = parts.world;
    this.name = `c${parts.index}`;
    this.userId = `u${parts.index % userCount}`;
    this.#key = parts.key;
    this.#history = parts.history;
    const random = parts.world.random(this.name);
    this.#random = random;
    this.#findNode = () => parts.findNode(random);
  }

  /** The connection that is open and established, if there is one. */
  get session(): SessionHistory | null {
    return this.#session?.history ?? null;
  }

  get socketId(): string | null {
    return this.#session?.history.socketId ?? null;
  }

  connect(node: SimulatedNode): void {
    this.isWanted = true;
    if (this.#session !== null) return;
    const history: SessionHistory = {
      name: `${this.name}.${++this.#sessions}`,
      userId: this.userId,
      node: node.name,
      socketId: null,
      entries: [],
      endedAt: null,
      closeCode: null,
    };
    const toNode = this.#world.link(`${history.name} to ${node.name}`);
    const toClient = this.#world.link(`${node.name} to ${history.name}`);
    const socket: SimulatedSocket = new SimulatedSocket(node, toClient, toNode, {
      received: (frame) => this.#received(session, frame),
      closed: (code) => this.#closed(session, code),
    });
    const session: Session = { history, socket };
    this.#session = session;
    this.#history.sessions.push(history);
    toNode.send(() =>
      node.process.run(() => {
        const query = new URLSearchParams('protocol=7&client=js&version=8.6.0');
        const handshake = { key: this.#key.key, query, address: '127.0.0.1', origin: null };
        socket.connection = node.connections.open(socket, { ...handshake, secure: false, hostAllowed: true });
      }),
    );
  }

  disconnect(): void {
    this.isWanted = false;
    const session = this.#session;
    if (session === null) return;
    this.#session = null;
    session.history.endedAt = this.#world.now;
    session.socket.endedByClient();
  }

  join(channel: ChannelName): void {
    if (this.wanted.has(channel)) return;
    this.wanted.add(channel);
    this.#subscribe(channel);
  }

  leave(channel: ChannelName): void {
    if (!this.wanted.delete(channel) || this.socketId === null) return;
    this.#note('leave', channel);
    this.#send({ event: 'pusher:unsubscribe', data: { channel } });
  }

  signIn(): void {
    if (this.wantsSignIn) return;
    this.wantsSignIn = true;
    this.#signIn();
  }

  whisper(channel: ChannelName, id: number): void {
    this.#send({ event: 'client-e', channel, data: id });
  }

  #received(session: Session, frame: string): void {
    const message = JSON.parse(frame) as Message;
    session.history.entries.push({ at: this.#world.now, got: message });
    if (session !== this.#session || message.event !== 'pusher:connection_established') return;
    session.history.socketId = (JSON.parse(String(message.data)) as { socket_id: string }).socket_id;
    if (this.wantsSignIn) this.#signIn();
    for (const channel of this.wanted) this.#subscribe(channel);
  }

  #closed(session: Session, code: number): void {
    session.history.endedAt ??= this.#world.now;
    session.history.closeCode ??= code;
    if (session !== this.#session) return;
    this.#session = null;
    this.#comeBack();
  }

  #comeBack(): void {
    this.#world.after(this.#random.below(reconnectMaxMs), () => {
      if (!this.isWanted || this.#session !== null) return;
      const node = this.#findNode();
      if (node === undefined) this.#comeBack();
      else this.connect(node);
    });
  }

  #subscribe(channel: ChannelName): void {
    const { socketId } = this;
    if (socketId === null) return;
    this.#note('join', channel);
    const channelData = channel.startsWith('presence-')
      ? `{"user_id":"${this.userId}","user_info":{"of":"${this.userId}"}}`
      : null;
    const auth =
      channel === 'news' || channel === 'cache-a'
        ? undefined
        : signChannel(this.#key, socketId, channel, channelData);
    this.#send({
      event: 'pusher:subscribe',
      data: { channel, auth, ...(channelData === null ? {} : { channel_data: channelData }) },
    });
  }

  #signIn(): void {
    const { socketId } = this;
    if (socketId === null) return;
    this.#note('signIn', '');
    const userData = JSON.stringify({ id: this.userId, watchlist });
    this.#send({
      event: 'pusher:signin',
      data: { auth: signUser(this.#key, socketId, userData), user_data: userData },
    });
  }

  #note(sent: 'join' | 'leave' | 'signIn', channel: string): void {
    this.#session?.history.entries.push({ at: this.#world.now, sent, channel });
  }

  #send(message: object): void {
    if (this.socketId !== null) this.#session?.socket.fromClient(JSON.stringify(message));
  }
}
