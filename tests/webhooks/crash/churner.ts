import Pusher, { type Channel } from 'pusher-js';
import { channelAuth } from '../../support/api.ts';
import { vectorApp } from '../../support/server.ts';

/** A stretch of time in which a client may have been subscribed: from when it asked to the leave, or to the crash. */
export interface Hold {
  /** The channel, or channel and user id of a member. */
  readonly keys: readonly string[];
  readonly asked: number;
  /** When it heard that it was; null when it left before. */
  from: number | null;
  to: number | null;
}

export const memberKey = (channel: string, userId: string) => `${channel}\n${userId}`;

/** A stock client that subscribes and unsubscribes as its dice say, and comes back by itself when the server is killed. */
export class Churner {
  readonly holds: Hold[] = [];
  readonly #userId: string;
  readonly #client: Pusher;
  readonly #open = new Map<string, Hold>();
  readonly #channels = new Map<string, Channel>();

  constructor(port: number, userId: string) {
    this.#userId = userId;
    this.#client = new Pusher(vectorApp.key, {
      cluster: 'any',
      wsHost: '127.0.0.1',
      wsPort: port,
      forceTLS: false,
      enabledTransports: ['ws'],
      channelAuthorization: {
        transport: 'ajax',
        endpoint: '',
        customHandler: ({ socketId, channelName }, callback) => {
          const data = JSON.stringify({ user_id: userId });
          const auth = channelAuth(vectorApp, socketId, channelName, data);
          callback(null, { auth, channel_data: data });
        },
      },
    });
    this.#client.connection.bind('state_change', ({ current }: { current: string }) => {
      if (current !== 'connected') this.crashed(Date.now());
    });
  }

  /** How many channels it wants to be in. */
  get size(): number {
    return this.#channels.size;
  }

  get names(): string[] {
    return [...this.#channels.keys()];
  }

  get isConnected(): boolean {
    return this.#client.connection.state === 'connected';
  }

  /** Tries at once instead of when its patience says so. */
  hurry(): void {
    if (this.isConnected) return;
    this.#client.disconnect();
    this.#client.connect();
  }

  join(name: string): void {
    if (this.#channels.has(name)) return;
    const channel = this.#client.subscribe(name);
    this.#channels.set(name, channel);
    this.#ask(name, Date.now());
    channel.bind('pusher:subscription_succeeded', () => {
      const hold = this.#open.get(name);
      if (this.#channels.get(name) === channel && hold !== undefined) hold.from ??= Date.now();
    });
  }

  leave(name: string): void {
    this.#end(name, Date.now());
    this.#channels.get(name)?.unbind();
    this.#channels.delete(name);
    this.#client.unsubscribe(name);
  }

  /** All that it held ended then. */
  crashed(at: number): void {
    for (const name of this.#channels.keys()) {
      this.#end(name, at);
      // The library asks again by itself.
      this.#ask(name, at);
    }
  }

  disconnect(): void {
    this.#client.disconnect();
  }

  #ask(name: string, at: number): void {
    const keys = name.startsWith('presence-') ? [name, memberKey(name, this.#userId)] : [name];
    const hold: Hold = { keys, asked: at, from: null, to: null };
    this.#open.set(name, hold);
    this.holds.push(hold);
  }

  #end(name: string, at: number): void {
    const hold = this.#open.get(name);
    if (hold !== undefined) hold.to = at;
    this.#open.delete(name);
  }
}
