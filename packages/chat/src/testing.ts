/** What tests of the parts stand on: a database of their own, a clock that is moved by hand, a host that writes down. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog, ManualClock, type Setting } from '@earshot/base';
import { type Database, migrate, openDatabase } from '@earshot/data';
import type { ChatApp, ChatApps } from './apps.ts';
import type { Attachment, Id, Me, Message, Person, ServerEventName, ServerEvents } from './contract/index.ts';
import type { Attachments, Attention, Caller, Core, People, Reach } from './core/core.ts';
import { OutboxRows } from './core/outbox.ts';
import { TimerRows } from './core/timers.ts';
import { type ChannelHost, HostError } from './host.ts';
import { newId } from './ids.ts';
import { type ChatSettings, chatSettings } from './settings.ts';
import { type ChatTables, chatMigrations } from './tables.ts';

/** What a test asked the host to publish, as a client would get it. */
export interface Published<Name extends ServerEventName = ServerEventName> {
  readonly appId: string;
  readonly channels: readonly string[];
  readonly event: Name;
  readonly data: ServerEvents[Name];
}

/** A channel server that writes down what it is asked, and fails or waits when told to. */
export class RecordingHost implements ChannelHost {
  /** What was accepted, in order. */
  readonly published: Published[] = [];
  readonly terminated: { readonly appId: string; readonly userId: string }[] = [];
  /** Names of channels that are occupied; what `occupied` and `count` answer from. */
  readonly subscriptions = new Map<string, { subscriptions: number; users: number }>();
  /** Members of presence channels; what `members` answers from. */
  readonly membersOf = new Map<string, Set<string>>();
  /** True, or says true of a publish: it is refused with `HostError`. */
  failing: boolean | ((event: string, channels: readonly string[]) => boolean) = false;
  #held: (() => void)[] | undefined;

  /** Publishes wait until `release`. */
  hold(): void {
    this.#held ??= [];
  }

  release(): void {
    const held = this.#held;
    this.#held = undefined;
    for (const go of held ?? []) go();
  }

  async publish(appId: string, channels: readonly string[], event: string, data: object): Promise<void> {
    if (this.#held !== undefined) await new Promise<void>((go) => this.#held?.push(go));
    const fails = typeof this.failing === 'function' ? this.failing(event, channels) : this.failing;
    if (fails) throw new HostError('the host of this test does not accept it');
    this.published.push(JSON.parse(JSON.stringify({ appId, channels, event, data })));
  }

  async terminate(appId: string, userId: string): Promise<void> {
    if (this.failing === true) throw new HostError('the host of this test does not accept it');
    this.terminated.push({ appId, userId });
  }

  authoriseChannel(
    appId: string,
    socketId: string,
    channel: string,
    channelData: string | null,
  ): { auth: string; channel_data?: string } {
    const auth = `signed ${appId} ${socketId} ${channel}`;
    return channelData === null ? { auth } : { auth, channel_data: channelData };
  }

  authoriseUser(appId: string, socketId: string, userId: string): { auth: string; user_data: string } {
    return { auth: `signed ${appId} ${socketId}`, user_data: JSON.stringify({ id: userId }) };
  }

  async occupied(_appId: string, prefix: string): Promise<ReadonlySet<string>> {
    return new Set([...this.subscriptions.keys()].filter((name) => name.startsWith(prefix)));
  }

  async count(_appId: string, channel: string): Promise<{ subscriptions: number; users: number }> {
    return this.subscriptions.get(channel) ?? { subscriptions: 0, users: 0 };
  }

  async members(_appId: string, channel: string): Promise<ReadonlySet<string>> {
    return this.membersOf.get(channel) ?? new Set();
  }

  /** Events of that name that the channel got, in order. */
  eventsOn<Name extends ServerEventName>(channel: string, event: Name): ServerEvents[Name][] {
    return this.published
      .filter((one) => one.event === event && one.channels.includes(channel))
      .map((one) => one.data as ServerEvents[Name]);
  }
}

/** The settings that an app has when nothing is set. */
export function defaultChatSettings(): ChatSettings {
  const rows = Object.entries(chatSettings as Record<string, Setting<unknown>>);
  return Object.fromEntries(rows.map(([name, row]) => [name, row.default])) as ChatSettings;
}

export interface TestChatOptions {
  /** A database of `tests/support/databases.ts`; without it an SQLite file of its own. Two chats on one are two nodes. */
  readonly url?: string;
  readonly clock?: ManualClock;
  readonly host?: RecordingHost;
  /** For each app what differs from the defaults (with the chat on); one app when nothing is said. */
  readonly apps?: readonly Partial<ChatSettings>[];
  /** Patterns of origins of all apps. */
  readonly origins?: readonly string[];
}

/** A core that runs. Use with `await using`. */
export interface TestChat extends AsyncDisposable {
  /** Of its database. */
  readonly url: string;
  readonly core: Core;
  readonly clock: ManualClock;
  readonly host: RecordingHost;
  /** What went to `onProblem`. A test that expects none can look. */
  readonly problems: { readonly stage: string; readonly error: unknown }[];
  readonly apps: readonly ChatApp[];
  /** The first one. */
  readonly app: ChatApp;
  /** Changes settings of an app while the chat runs. */
  configure(settings: Partial<ChatSettings>, appId?: string): void;
  /** Adds background work that `settle` has to wait for. */
  background(idle: () => Promise<void>): void;
  /** Begins timers and outbox as a process does: they look by themselves when the clock is advanced. */
  start(): void;
  /** Runs what is due, publishes what waits and all other background work until nothing is left. Does not move the clock. */
  settle(): Promise<void>;
}

export async function openTestChat(options: TestChatOptions = {}): Promise<TestChat> {
  const folder = options.url === undefined ? mkdtempSync(join(tmpdir(), 'earshot-chat-')) : undefined;
  const url = options.url ?? `sqlite:${join(folder ?? '', 'chat.sqlite')}`;
  const database: Database = await openDatabase(url);
  await migrate(database, 'chat', chatMigrations);
  const clock = options.clock ?? new ManualClock();
  const host = options.host ?? new RecordingHost();
  const problems: TestChat['problems'] = [];
  const apps = new TestApps(options.apps ?? [{}], options.origins ?? []);
  const db = database.kysely.withTables<ChatTables>();
  const common = {
    db,
    kind: database.kind,
    clock,
    log: createLog('silent'),
    apps,
    host,
    onProblem: (stage: string, error: unknown) => void problems.push({ stage, error }),
  };
  const timers = new TimerRows(common);
  const outbox = new OutboxRows(common);
  const background: (() => Promise<void>)[] = [() => timers.idle(), () => outbox.flush()];
  return {
    url,
    core: { ...common, timers, outbox },
    clock,
    host,
    problems,
    get apps() {
      return [...apps.all()];
    },
    get app() {
      return apps.first;
    },
    configure: (settings, appId) => apps.configure(appId ?? apps.first.id, settings),
    background: (idle) => void background.push(idle),
    start() {
      timers.start();
      outbox.start();
    },
    async settle() {
      // What one does may give the others something to do.
      for (let round = 0; round < 3; round++) for (const idle of background) await idle();
    },
    async [Symbol.asyncDispose]() {
      host.release();
      await timers.stop();
      await outbox.stop();
      await database.close();
      if (folder !== undefined) rmSync(folder, { recursive: true });
    },
  };
}

class TestApps implements ChatApps {
  readonly #apps = new Map<string, ChatApp>();

  constructor(settings: readonly Partial<ChatSettings>[], origins: readonly string[]) {
    for (const [index, changed] of settings.entries()) {
      const id = `${index + 1}`;
      this.#apps.set(id, {
        id,
        name: `App ${id}`,
        key: `key-of-app-${id}`,
        origins,
        settings: {
          ...defaultChatSettings(),
          chat: true,
          chatSecret: `chat-secret-of-app-${id}-`.repeat(2),
          ...changed,
        },
      });
    }
  }

  get first(): ChatApp {
    const [first] = this.#apps.values();
    if (first === undefined) throw new Error('a test chat has at least one app');
    return first;
  }

  configure(id: string, settings: Partial<ChatSettings>): void {
    const app = this.#apps.get(id);
    if (app !== undefined) this.#apps.set(id, { ...app, settings: { ...app.settings, ...settings } });
  }

  byId(id: string): ChatApp | undefined {
    return this.#apps.get(id);
  }

  byKey(key: string): ChatApp | undefined {
    return [...this.#apps.values()].find((app) => app.key === key);
  }

  all(): Iterable<ChatApp> {
    return this.#apps.values();
  }
}

/** People without tables, for tests of parts that only need to know who is there. The same ids in every app. */
export class TestPeople implements People {
  readonly #people = new Map<Id, Me>();
  readonly disconnected: { readonly appId: string; readonly id: Id }[] = [];
  readonly #host: ChannelHost;

  constructor(host: ChannelHost) {
    this.#host = host;
  }

  add(name: string, more: Partial<Me> = {}): Me {
    const me: Me = {
      id: newId(),
      name,
      kind: 'user',
      verified: true,
      avatar: null,
      deleted: false,
      invisible: false,
      preferences: { receipts: true, hideText: false, sound: true },
      moderator: false,
      ...more,
    };
    this.#people.set(me.id, me);
    return me;
  }

  change(id: Id, more: Partial<Me>): void {
    this.#people.set(id, { ...this.#get(id), ...more });
  }

  /** As somebody who sends a request; with a session named after the person. */
  caller(app: ChatApp, id: Id): Caller {
    const { kind, moderator } = this.#get(id);
    return { app, user: id, session: `session-of-${id}`, kind, moderator };
  }

  #get(id: Id): Me {
    const me = this.#people.get(id);
    if (me === undefined) throw new Error(`this test has nobody with the id ${id}`);
    return me;
  }

  async person(_appId: string, id: Id): Promise<Person | undefined> {
    const me = this.#people.get(id);
    if (me === undefined) return undefined;
    const { name, kind, verified, avatar, deleted } = me;
    return { id, name, kind, verified, avatar, deleted };
  }

  async persons(appId: string, ids: readonly Id[]): Promise<ReadonlyMap<Id, Person>> {
    const found = await Promise.all(ids.map((id) => this.person(appId, id)));
    return new Map(found.flatMap((person) => (person === undefined ? [] : [[person.id, person] as const])));
  }

  async me(_appId: string, id: Id): Promise<Me> {
    return this.#get(id);
  }

  async preferences(_appId: string, ids: readonly Id[]): Promise<ReadonlyMap<Id, Me['preferences']>> {
    const known = ids.flatMap((id) => this.#people.get(id) ?? []);
    return new Map(known.map(({ id, preferences }) => [id, preferences]));
  }

  async sessions(_appId: string, id: Id): Promise<readonly Id[]> {
    return [`session-of-${id}`];
  }

  async disconnect(appId: string, id: Id): Promise<void> {
    this.disconnected.push({ appId, id });
    for (const session of await this.sessions(appId, id)) await this.#host.terminate(appId, session);
  }
}

/** Everybody may write to everybody, until blocked. */
export class TestReach implements Reach {
  readonly #blocks = new Map<Id, Set<Id>>();
  readonly connected = new Set<Id>();

  block(by: Id, other: Id): void {
    const blocked = this.#blocks.get(by) ?? new Set();
    this.#blocks.set(by, blocked.add(other));
  }

  unblock(by: Id, other: Id): void {
    this.#blocks.get(by)?.delete(other);
  }

  async mayWrite(_appId: string, from: Id, to: Id): Promise<boolean> {
    return !this.#blocks.get(from)?.has(to) && !this.#blocks.get(to)?.has(from);
  }

  async blockedBy(_appId: string, reader: Id): Promise<ReadonlySet<Id>> {
    return this.#blocks.get(reader) ?? new Set();
  }

  async blockersOf(_appId: string, author: Id): Promise<ReadonlySet<Id>> {
    return new Set([...this.#blocks].filter(([, blocked]) => blocked.has(author)).map(([by]) => by));
  }

  async isConnected(_appId: string, id: Id): Promise<boolean> {
    return this.connected.has(id);
  }
}

/** Writes down whom it would have called. */
export class TestAttention implements Attention {
  readonly messages: { readonly message: Message; readonly title: string; readonly to: readonly Id[] }[] = [];
  readonly invitations: Parameters<Attention['invitation']>[1][] = [];

  message(_appId: string, message: Message, title: string, to: readonly Id[]): void {
    this.messages.push({ message, title, to });
  }

  invitation(_appId: string, invitation: Parameters<Attention['invitation']>[1]): void {
    this.invitations.push(invitation);
  }
}

/** Files without bytes: every id is taken. */
export class TestAttachments implements Attachments {
  readonly claimed: Id[] = [];
  readonly released: Id[] = [];

  async claim(
    _trx: unknown,
    _appId: string,
    _owner: Id,
    _conversation: Id,
    ids: readonly Id[],
  ): Promise<void> {
    this.claimed.push(...ids);
  }

  async describe(_appId: string, ids: readonly Id[]): Promise<ReadonlyMap<Id, Attachment>> {
    const one = (id: Id): Attachment => ({
      id,
      kind: 'file',
      name: `${id}.txt`,
      type: 'text/plain',
      bytes: 1,
      width: null,
      height: null,
      url: `/chat/api/v1/files/${id}`,
      previewUrl: null,
      urlExpiresAt: 0,
    });
    return new Map(ids.map((id) => [id, one(id)]));
  }

  async release(_trx: unknown, _appId: string, ids: readonly Id[]): Promise<void> {
    this.released.push(...ids);
  }
}
