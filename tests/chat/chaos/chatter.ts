import { type Message, messagesOf, type SessionAnswer } from '@earshot/chat/contract';
import Pusher from 'pusher-js';

/** Where the chat is; the port stays when the server is started anew. */
export interface Address {
  readonly port: number;
  readonly app: string;
}

/** Between tries of a request that got no answer, or one that says to come again. */
const retryMs = 50;
/** An event may be overtaken by the next one: what is missing is waited for so long before it is asked for. */
const holeMs = 100;

/**
 * Somebody in a room, by stock pusher-js and the HTTP API alone: keeps a list of messages complete by their numbers, and
 * sends each of theirs under one id until it is answered.
 */
export class Chatter {
  readonly #address: Address;
  #session: SessionAnswer;
  readonly #room: string;
  readonly #pusher: Pusher;
  /** What they have on the screen, by number. */
  readonly shown = new Map<number, Message>();
  /** Every change up to this one is in it. */
  known = 0;
  /** Ids of own messages that were answered, in the order in which they were sent, by the number that they got. */
  readonly answered: { readonly id: string; readonly seq: number }[] = [];
  readonly figures = {
    events: 0,
    repeated: 0,
    catchUps: 0,
    tooMuch: 0,
    tries: 0,
    connections: 0,
    refusals: 0,
  };
  /** From the subscription to a complete list, in milliseconds. */
  readonly caughtUpMs: number[] = [];
  #catching: Promise<void> | undefined;
  #due = false;
  #hole: ReturnType<typeof setTimeout> | undefined;
  #ended = false;

  static async enter(address: Address, name: string): Promise<Chatter> {
    const session = await post<SessionAnswer>(address, '/sessions/guest', { app: address.app, name });
    const headers = { Authorization: `Bearer ${session.accessToken}` };
    const room = await post<{ id: string }>(address, '/rooms/open', { kind: 'lobby' }, headers);
    return new Chatter(address, session, room.id);
  }

  private constructor(address: Address, session: SessionAnswer, room: string) {
    this.#address = address;
    this.#session = session;
    this.#room = room;
    this.#pusher = new Pusher(address.app, {
      cluster: 'any',
      wsHost: '127.0.0.1',
      wsPort: address.port,
      forceTLS: false,
      enabledTransports: ['ws'],
      activityTimeout: 5_000,
      pongTimeout: 2_000,
      unavailableTimeout: 2_000,
      channelAuthorization: {
        endpoint: '',
        transport: 'ajax',
        customHandler: ({ socketId, channelName }, callback) =>
          this.#sign('/realtime/auth', { socket_id: socketId, channel_name: channelName }, callback),
      },
      userAuthentication: {
        endpoint: '',
        transport: 'ajax',
        customHandler: ({ socketId }, callback) =>
          this.#sign('/realtime/user-auth', { socket_id: socketId }, callback),
      },
    });
    this.#pusher.connection.bind('connected', () => {
      this.figures.connections++;
      this.#pusher.signin();
    });
    // A channel of before would be subscribed again before the sign-in, which it needs.
    for (const state of ['connecting', 'disconnected']) {
      this.#pusher.connection.bind(state, () => this.#pusher.unsubscribe(messagesOf(room)));
    }
    this.#pusher.bind('pusher:signin_success', () => this.#subscribe());
  }

  get room(): string {
    return this.#room;
  }

  /** What the server knows their sockets by. */
  get session(): string {
    const [, claims = ''] = this.#session.accessToken.split('.');
    const { session, sid } = JSON.parse(Buffer.from(claims, 'base64url').toString());
    return session ?? sid;
  }

  /** Sends one message, however long it takes; resolves when it is answered. */
  async say(text: string): Promise<void> {
    const id = crypto.randomUUID();
    const { message } = await this.#insist<{ message: Message }>('POST', '/messages', { id, text });
    this.answered.push({ id, seq: message.seq });
  }

  async edit(seq: number, text: string): Promise<void> {
    await this.#insist('PATCH', `/messages/${seq}`, { text });
  }

  async react(seq: number, emoji: string): Promise<void> {
    await this.#insist('PUT', `/messages/${seq}/reactions/${encodeURIComponent(emoji)}`);
  }

  /** All messages there are, as the API has them. */
  async history(): Promise<Message[]> {
    const all: Message[] = [];
    for (let after = 0; ; after = all.at(-1)?.seq ?? 0) {
      const page = await this.#insist<{ messages: Message[]; newerExists: boolean }>(
        'GET',
        `/messages?after=${after}`,
      );
      all.push(...page.messages);
      if (!page.newerExists) return all;
    }
  }

  /** The connection is cut and comes back by itself. */
  drop(): void {
    this.#pusher.disconnect();
    this.#pusher.connect();
  }

  /** The tab is put to sleep: no connection and nothing heard until `wake`. */
  sleep(): void {
    this.#pusher.disconnect();
  }

  wake(): void {
    this.#pusher.connect();
  }

  leave(): void {
    this.#ended = true;
    clearTimeout(this.#hole);
    this.#pusher.disconnect();
  }

  #subscribe(): void {
    const channel = this.#pusher.subscribe(messagesOf(this.#room));
    channel.unbind();
    channel.bind('pusher:subscription_succeeded', () => {
      const from = performance.now();
      void this.#catchUp().then(() => this.caughtUpMs.push(performance.now() - from));
    });
    channel.bind('pusher:subscription_error', () => {
      this.figures.refusals++;
      // The signature could not be had from a server that was about to end; a new connection asks anew.
      if (!this.#ended) this.drop();
    });
    for (const event of ['new_message', 'message_changed']) {
      channel.bind(event, ({ message }: { message: Message }) => this.#heard(message));
    }
    channel.bind('changed', () => void this.#catchUp());
  }

  #heard(message: Message): void {
    this.figures.events++;
    if (message.change <= this.known) {
      this.figures.repeated++;
      return;
    }
    if (message.change === this.known + 1) {
      this.#show(message);
      this.known = message.change;
      return;
    }
    this.#hole ??= setTimeout(() => {
      this.#hole = undefined;
      void this.#catchUp();
    }, holeMs);
  }

  #show(message: Message): void {
    const shown = this.shown.get(message.seq);
    if (shown === undefined || shown.change < message.change) this.shown.set(message.seq, message);
  }

  #catchUp(): Promise<void> {
    this.#due = true;
    this.#catching ??= this.#fetchAll().finally(() => {
      this.#catching = undefined;
    });
    return this.#catching;
  }

  async #fetchAll(): Promise<void> {
    this.figures.catchUps++;
    while (this.#due && !this.#ended) {
      this.#due = false;
      const page = await this.#insist<{
        messages: Message[];
        lastChange: number;
        more: boolean;
        tooMuch: boolean;
      }>('GET', `/changes?since=${this.known}`);
      if (page.tooMuch) {
        this.figures.tooMuch++;
        for (const message of await this.history()) this.#show(message);
      }
      for (const message of page.messages) this.#show(message);
      this.known = Math.max(this.known, page.lastChange);
      this.#due ||= page.more;
    }
  }

  /** Asks until there is an answer; a refusal that no repetition can change is thrown. */
  async #insist<Body>(method: string, path: string, body?: object): Promise<Body> {
    const url = `http://127.0.0.1:${this.#address.port}/chat/api/v1/conversations/${this.#room}${path}`;
    for (;;) {
      this.figures.tries++;
      const response = await fetch(url, {
        method,
        headers: {
          Authorization: `Bearer ${this.#session.accessToken}`,
          'Content-Type': 'application/json',
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        // Of a server that was killed nothing may ever come.
        signal: AbortSignal.timeout(5_000),
      }).catch(() => null);
      const answer = await response?.text().catch(() => null);
      if (response?.ok && typeof answer === 'string') return JSON.parse(answer) as Body;
      if (this.#ended) throw new Error('it is over');
      if (response?.status === 401) await this.#renew();
      else if (response != null && response.status < 500 && response.status !== 429) {
        throw new Error(`${method} ${path}: ${response.status} ${answer}`);
      }
      await Bun.sleep(retryMs * (0.5 + Math.random()));
    }
  }

  async #renew(): Promise<void> {
    const { refreshToken } = this.#session;
    const body = { app: this.#address.app, refreshToken };
    this.#session = await post<SessionAnswer>(this.#address, '/sessions/refresh', body).catch(
      () => this.#session,
    );
  }

  async #sign<Answer>(
    path: string,
    body: object,
    callback: (error: Error | null, answer: Answer | null) => void,
  ): Promise<void> {
    const headers = { Authorization: `Bearer ${this.#session.accessToken}` };
    try {
      callback(null, await post<Answer>(this.#address, path, body, headers));
    } catch (error) {
      callback(error as Error, null);
    }
  }
}

async function post<Body>(
  { port }: Address,
  path: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<Body> {
  const response = await fetch(`http://127.0.0.1:${port}/chat/api/v1${path}`, {
    method: 'POST',
    headers: { ...headers, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Body;
}
