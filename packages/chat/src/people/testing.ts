/** What tests of this folder stand on: people, who come and go by facts, and one-to-one conversations without messages. */
import type { ManualClock } from '@earshot/base';
import { type Conversation, type Id, inboxOf, type Me } from '../contract/index.ts';
import type { ChatTransaction, Directs, Reach } from '../core/core.ts';
import { Keys } from '../core/keys.ts';
import { newId } from '../ids.ts';
import type { ChatSettings } from '../settings.ts';
import { openTestChat, type RecordingHost, TestAttention, type TestChat, TestPeople } from '../testing.ts';
import type { FoundContact, Importer } from './importer.ts';
import type { ConversationViews, Identities, ProviderToken, ProviderTokens } from './parts.ts';
import { createPeople, type PeopleService } from './people.ts';
import { createReach } from './reach.ts';

/** Conversations of two, in memory. Two nodes share one. */
export class TestDirects implements Directs, ConversationViews {
  readonly opened: { readonly a: Id; readonly b: Id; readonly id: Id }[] = [];

  async open(_trx: ChatTransaction, _appId: string, a: Id, b: Id): Promise<Id> {
    const there = this.#between(a, b);
    if (there !== undefined) return there;
    const id = newId();
    this.opened.push({ a, b, id });
    return id;
  }

  async of(_appId: string, id: Id): Promise<ReadonlyMap<Id, Id>> {
    const mine = this.opened.filter(({ a, b }) => a === id || b === id);
    return new Map(mine.map((one) => [one.a === id ? one.b : one.a, one.id]));
  }

  async newest(_appId: string, reader: Id): Promise<readonly Conversation[]> {
    return this.opened.filter(({ a, b }) => a === reader || b === reader).map(({ id }) => view(id));
  }

  async one(_appId: string, _reader: Id, conversation: Id): Promise<Conversation | undefined> {
    return this.opened.some(({ id }) => id === conversation) ? view(conversation) : undefined;
  }

  #between(a: Id, b: Id): Id | undefined {
    return this.opened.find((one) => (one.a === a && one.b === b) || (one.a === b && one.b === a))?.id;
  }
}

function view(id: Id): Conversation {
  return {
    id,
    kind: 'direct',
    title: '',
    topic: '',
    name: null,
    with: null,
    lastSeq: 0,
    lastChange: 0,
    me: { role: 'member', cursor: 0, unread: 0, mentions: 0, mutedUntil: null, notify: 'all' },
    readByOther: null,
    slowSeconds: 0,
    locked: false,
    membersOnly: false,
    retentionDays: 0,
    writable: true,
    lastMessage: null,
  };
}

/** Who has signed in with what, in memory. */
export class TestIdentities implements Identities, ProviderTokens {
  readonly #users = new Map<string, Id>();
  readonly #tokens = new Map<string, ProviderToken>();

  note(person: Id, { issuer, subject }: FoundContact): void {
    this.#users.set(`${issuer} ${subject}`, person);
  }

  give(person: Id, provider: string, token: ProviderToken | null): void {
    if (token === null) this.#tokens.delete(`${person} ${provider}`);
    else this.#tokens.set(`${person} ${provider}`, token);
  }

  async usersOf(_appId: string, issuer: string, subjects: readonly string[]) {
    const found = subjects.flatMap((subject) => {
      const user = this.#users.get(`${issuer} ${subject}`);
      return user === undefined ? [] : [[subject, user] as const];
    });
    return new Map(found);
  }

  async token(_appId: string, person: Id, provider: string): Promise<ProviderToken | null> {
    return this.#tokens.get(`${person} ${provider}`) ?? null;
  }
}

export interface TestCrowdOptions {
  readonly url?: string;
  readonly settings?: Partial<ChatSettings>;
  /** A second node on the same database, host and people. */
  readonly beside?: TestCrowd;
  readonly importers?: readonly Importer[];
}

/** This folder, running. Use with `await using`. */
export interface TestCrowd extends AsyncDisposable, Omit<PeopleService, 'stop'> {
  readonly chat: TestChat;
  readonly appId: string;
  readonly host: RecordingHost;
  readonly clock: ManualClock;
  readonly people: TestPeople;
  readonly directs: TestDirects;
  readonly attention: TestAttention;
  readonly reach: Reach;
  readonly identities: TestIdentities;
  /** Somebody new. */
  add(name: string, more?: Partial<Me>): Id;
  /** One more tab of the person subscribes to the inbox. */
  come(id: Id): Promise<void>;
  /** A tab leaves. */
  go(id: Id): Promise<void>;
  /** Both have each other in their lists, by an invitation. */
  befriend(a: Id, b: Id): Promise<void>;
  /** `owner` lists the others. */
  list(owner: Id, source: 'host' | 'provider', others: readonly Id[]): Promise<number>;
  /** Moves the clock and runs what has become due. */
  pass(ms: number): Promise<void>;
  settle(): Promise<void>;
  /** As the person sends requests. */
  as(id: Id): ReturnType<TestPeople['caller']>;
}

export async function openCrowd(options: TestCrowdOptions = {}): Promise<TestCrowd> {
  const { beside } = options;
  const chat = await openTestChat({
    ...(options.url === undefined ? {} : { url: options.url }),
    ...(beside === undefined ? {} : { clock: beside.clock, host: beside.host }),
    apps: [options.settings ?? {}],
  });
  const { core, host, clock } = chat;
  const appId = chat.app.id;
  const people = beside?.people ?? new TestPeople(host);
  const directs = beside?.directs ?? new TestDirects();
  const attention = beside?.attention ?? new TestAttention();
  const reach = createReach(core, people);
  const identities = beside?.identities ?? new TestIdentities();
  const service = createPeople({
    ...{ core, people, reach, directs, attention, identities },
    views: directs,
    tokens: identities,
    keys: new Keys(core),
    importers: options.importers ?? [],
  });
  const { contacts, presence } = service;
  chat.background(() => service.idle());
  const settle = () => chat.settle();
  const tabs = (id: Id) => host.subscriptions.get(inboxOf(id))?.subscriptions ?? 0;
  return {
    ...service,
    ...{ chat, appId, host, clock, people, directs, attention, reach, identities, settle },
    add: (name, more) => people.add(name, more).id,
    as: (id) => people.caller(chat.app, id),
    async come(id) {
      const count = tabs(id) + 1;
      host.subscriptions.set(inboxOf(id), { subscriptions: count, users: 0 });
      if (count === 1) presence.told({ type: 'channel_occupied', appId, channel: inboxOf(id) });
      await settle();
    },
    async go(id) {
      const count = tabs(id) - 1;
      if (count > 0) host.subscriptions.set(inboxOf(id), { subscriptions: count, users: 0 });
      else host.subscriptions.delete(inboxOf(id));
      if (count === 0) presence.told({ type: 'channel_vacated', appId, channel: inboxOf(id) });
      await settle();
    },
    async befriend(a, b) {
      await core.db.transaction().execute((trx) => contacts.befriend(trx, appId, a, b));
      await settle();
    },
    async list(owner, source, others) {
      const provider = source === 'provider' ? 'github' : '';
      const added = await core.db
        .transaction()
        .execute((trx) => contacts.add(trx, appId, owner, others, source, provider));
      await settle();
      return added;
    },
    async pass(ms) {
      clock.advance(ms);
      await settle();
    },
    async [Symbol.asyncDispose]() {
      await service.stop();
      await chat[Symbol.asyncDispose]();
    },
  };
}

/** What the person's inbox heard of others' comings and goings: `+` and `-` with the name, in order. */
export function statusesHeard(crowd: TestCrowd, id: Id): string[] {
  return crowd.host
    .eventsOn(inboxOf(id), 'friend_status')
    .map(({ person, online }) => `${online ? '+' : '-'}${person.name}`);
}
