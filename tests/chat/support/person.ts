import type { Conversation, Me, Message, SessionAnswer } from '@earshot/chat/contract';
import { inboxOf, messagesOf, presenceOf } from '@earshot/chat/contract';
import Pusher, { type Channel } from 'pusher-js';
import { Recorder, reaches } from '../../support/clients.ts';
import type { TestServer } from '../../support/server.ts';

/** What a person needs to know of the chat that they use. */
export interface Place {
  /** The channel server. */
  readonly server: Pick<TestServer, 'host' | 'port' | 'onStop'>;
  /** The public key of the app. */
  readonly app: string;
  /** A request as it stands, to a path below the API's. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
}

/** What the API answered. */
export interface Said<Body = Record<string, unknown>> {
  readonly status: number;
  readonly body: Body;
  readonly headers: Headers;
}

/** Somebody who uses the chat as a stranger's client would: HTTP by hand, and stock pusher-js. */
export class Person {
  readonly chat: Place;
  readonly origin: string | undefined;
  session: SessionAnswer;
  /** What came to the inbox, once connected. */
  inbox: Recorder | undefined;
  pusher: Pusher | undefined;

  static async guest(chat: Place, name: string, origin?: string): Promise<Person> {
    const response = await chat.fetch('/sessions/guest', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...(origin === undefined ? {} : { Origin: origin }) },
      body: JSON.stringify({ app: chat.app, name }),
    });
    if (!response.ok) throw new Error(`no guest: ${response.status} ${await response.text()}`);
    return new Person(chat, (await response.json()) as SessionAnswer, origin);
  }

  constructor(chat: Place, session: SessionAnswer, origin?: string) {
    this.chat = chat;
    this.session = session;
    this.origin = origin;
  }

  get me(): Me {
    return this.session.me;
  }

  get id(): string {
    return this.session.me.id;
  }

  /** A request with the access token. */
  async ask<Body = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<Said<Body>> {
    const headers: Record<string, string> = { Authorization: `Bearer ${this.session.accessToken}` };
    if (this.origin !== undefined) headers.Origin = this.origin;
    if (method !== 'GET') headers['Content-Type'] = 'application/json';
    const init: RequestInit = { method, headers };
    if (method !== 'GET') init.body = JSON.stringify(body ?? {});
    const response = await this.chat.fetch(path, init);
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? {} : JSON.parse(text) };
  }

  /** As `ask`, and insists on success. */
  async must<Body = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<Body> {
    const said = await this.ask<Body>(method, path, body);
    if (said.status >= 300) throw new Error(`${method} ${path}: ${said.status} ${JSON.stringify(said.body)}`);
    return said.body;
  }

  openLobby(): Promise<Conversation> {
    return this.must<Conversation>('POST', '/rooms/open', { kind: 'lobby' });
  }

  async send(conversation: string, text: string, id: string = crypto.randomUUID()): Promise<Message> {
    const path = `/conversations/${conversation}/messages`;
    return (await this.must<{ message: Message }>('POST', path, { id, text })).message;
  }

  /** A pusher-js that signs in and asks the chat for its signatures, as the widget's does. It is connected. */
  async connect(): Promise<Pusher> {
    const { server, app } = this.chat;
    const pusher = new Pusher(app, {
      cluster: 'any',
      wsHost: server.host,
      wsPort: server.port,
      forceTLS: false,
      enabledTransports: ['ws'],
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
    server.onStop(() => pusher.disconnect());
    this.pusher = pusher;
    await reaches(pusher, 'connected');
    const signedIn = new Promise<void>((resolve) => pusher.bind('pusher:signin_success', () => resolve()));
    pusher.signin();
    await signedIn;
    return pusher;
  }

  /** Connects and subscribes to the inbox; what comes there is recorded. */
  async online(): Promise<Recorder> {
    await this.connect();
    this.inbox = (await this.subscribe(inboxOf(this.id))).recorder;
    return this.inbox;
  }

  /** Subscribes to a channel and insists on success. */
  async subscribe(name: string): Promise<{ channel: Channel; recorder: Recorder }> {
    const channel = (this.pusher ?? (await this.connect())).subscribe(name);
    const recorder = new Recorder(channel);
    await recorder.next('pusher:subscription_succeeded');
    return { channel, recorder };
  }

  listen(conversation: string): Promise<{ channel: Channel; recorder: Recorder }> {
    return this.subscribe(messagesOf(conversation));
  }

  enter(conversation: string): Promise<{ channel: Channel; recorder: Recorder }> {
    return this.subscribe(presenceOf(conversation));
  }

  async #sign<Answer>(
    path: string,
    body: object,
    callback: (error: Error | null, answer: Answer | null) => void,
  ): Promise<void> {
    const said = await this.ask<Answer>('POST', path, body);
    if (said.status === 200) callback(null, said.body);
    else callback(new Error(`status ${said.status}`), null);
  }
}
