import type { Clock, Log } from '@earshot/base';
import type { Kysely, Transaction } from '@earshot/data';
import type { ChatApp, ChatApps } from '../apps.ts';
import type {
  Attachment,
  Id,
  Invitation,
  Me,
  Message,
  Person,
  Preferences,
  ServerEventName,
  ServerEvents,
} from '../contract/index.ts';
import type { ChannelHost } from '../host.ts';
import type { ChatTables } from '../tables.ts';

export type ChatDatabase = Kysely<ChatTables>;
export type ChatTransaction = Transaction<ChatTables>;

/** What every part of the chat is given. */
export interface Core {
  readonly db: ChatDatabase;
  readonly kind: 'sqlite' | 'postgres';
  readonly clock: Clock;
  readonly log: Log;
  readonly apps: ChatApps;
  readonly host: ChannelHost;
  readonly timers: Timers;
  readonly outbox: Outbox;
  /** Failures in the background: counted and logged by whoever runs the chat. */
  readonly onProblem: (stage: string, error: unknown) => void;
}

/**
 * Things to do at a time, which survive a crash: rows with a due time and a lease. Run once in the cluster; at least once
 * when a node dies while it runs one, so a handler must bear that.
 */
export interface Timers {
  /** One handler for each kind, before `start`. */
  on(kind: string, handler: (appId: string, subject: string) => Promise<void>): void;
  /** Within the transaction that makes it necessary. Replaces an earlier one of the same kind and subject. */
  set(trx: ChatTransaction, kind: string, appId: string, subject: string, dueAt: number): Promise<void>;
  cancel(trx: ChatTransaction, kind: string, appId: string, subject: string): Promise<void>;
}

/**
 * Events that must be published if the transaction happens: rows that are written with it, published after it and then
 * deleted; what a crash or an unreachable host leaves is published later. In order for each channel. May come twice.
 * (Messages have no row here: `conversations/` knows from its own numbers what is unpublished.)
 */
export interface Outbox {
  add<Name extends ServerEventName>(
    trx: ChatTransaction,
    appId: string,
    channels: readonly string[],
    event: Name,
    data: ServerEvents[Name],
  ): Promise<void>;
  /** After the commit: publishes what waits. Never rejects. */
  flush(): Promise<void>;
}

/** Who sends a request, known from its access token. */
export interface Caller {
  readonly app: ChatApp;
  readonly user: Id;
  readonly session: Id;
  readonly kind: 'guest' | 'user';
  /** From the host's token: may act on every room of the app. */
  readonly moderator: boolean;
}

/** People, as the other parts need them (`identity/users.ts`). */
export interface People {
  /** @param within the transaction that one is in: SQLite has one connection, which anything else would wait for for ever */
  person(appId: string, id: Id, within?: ChatTransaction): Promise<Person | undefined>;
  /** Those that exist. One query, however many. */
  persons(appId: string, ids: readonly Id[], within?: ChatTransaction): Promise<ReadonlyMap<Id, Person>>;
  me(appId: string, id: Id, within?: ChatTransaction): Promise<Me>;
  /** Of those that exist. One query, however many. */
  preferences(appId: string, ids: readonly Id[]): Promise<ReadonlyMap<Id, Preferences>>;
  /** Ids of the sessions that have not ended: what their sockets are signed in as. */
  sessions(appId: string, id: Id): Promise<readonly Id[]>;
  /** Closes all sockets of a person; each session that may still do so comes back and subscribes to what it still may. */
  disconnect(appId: string, id: Id): Promise<void>;
}

/**
 * What a part does when two people turn out to be one, and when somebody wants their data or wants it gone. Each part that
 * has rows with people's ids registers one (`identity/persons-lives.ts` runs them, in one transaction).
 */
export interface PersonalData {
  readonly name: string;
  /** `from` was a guest who has signed in as `into`: rows move, doubles meet. */
  merge(trx: ChatTransaction, appId: string, from: Id, into: Id): Promise<void>;
  /** Everything kept about the person, as JSON for them to read. A long list may be an async iterable of its items. */
  export(appId: string, id: Id): Promise<unknown>;
  /** Everything kept about the person goes; numbers and tombstones of conversations stay. */
  erase(trx: ChatTransaction, appId: string, id: Id): Promise<void>;
}

/** Who may reach whom (`people/`). */
export interface Reach {
  /** False when either has blocked the other, or `to` is erased. It is never said which. */
  mayWrite(appId: string, from: Id, to: Id): Promise<boolean>;
  /** Whom `reader` has blocked: their texts are hidden from the reader, in rooms, too. */
  blockedBy(appId: string, reader: Id): Promise<ReadonlySet<Id>>;
  /** Who has blocked `author`: they are not called when the author writes. */
  blockersOf(appId: string, author: Id): Promise<ReadonlySet<Id>>;
  /** Whether the person has a connection, the grace of a reload included. Not for showing: it ignores `invisible`. */
  isConnected(appId: string, id: Id): Promise<boolean>;
}

/** One-to-one conversations, as invitations need them (`conversations/`). */
export interface Directs {
  /** The conversation of the two, made if need be; tells `create_chat` to both inboxes by the outbox. */
  open(trx: ChatTransaction, appId: string, a: Id, b: Id): Promise<Id>;
  /** All of a person's: by the other one's id. @param within the transaction that one is in, as with `People` */
  of(appId: string, id: Id, within?: ChatTransaction): Promise<ReadonlyMap<Id, Id>>;
}

/** Conversations, as files and reports need them (`conversations/`). */
export interface Conversations {
  /** Refuses, with the code that says why, whoever may not send a message there now. Slow mode does not count. */
  mayWrite(caller: Caller, conversation: Id): Promise<void>;
  /**
   * The message and up to `most` on either side of it, in order, with what was said by people whom the caller has blocked:
   * it is for a report. Refuses with `not_found` when the conversation or the message is not the caller's to see.
   */
  around(caller: Caller, conversation: Id, seq: number, most: number): Promise<readonly Message[]>;
}

/** Reaches people who are not looking (`notify/`). Returns at once; failures go to `onProblem`. */
export interface Attention {
  /** @param to members for whom it counts (their `notify`, mentions and blocks are already looked at) */
  message(appId: string, message: Message, title: string, to: readonly Id[]): void;
  invitation(appId: string, invitation: Invitation): void;
}

/** Files of messages (`files/`). */
export interface Attachments {
  /** Within the transaction of a message. Refuses what is not the sender's, not of this conversation, or used already. */
  claim(trx: ChatTransaction, appId: string, owner: Id, conversation: Id, ids: readonly Id[]): Promise<void>;
  /** With freshly signed addresses. */
  describe(appId: string, ids: readonly Id[]): Promise<ReadonlyMap<Id, Attachment>>;
  /** The messages are deleted; the bytes go after the commit. */
  release(trx: ChatTransaction, appId: string, ids: readonly Id[]): Promise<void>;
}
