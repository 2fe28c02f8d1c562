import type { Id } from './names.ts';

/** What people see of each other. Times everywhere are milliseconds since the epoch. */
export interface Person {
  readonly id: Id;
  /** Cleaned and at most `limits.nameCharacters`. Not unique. */
  readonly name: string;
  /** A guest carries a visible mark. */
  readonly kind: 'guest' | 'user';
  /** The host site vouches for the name. */
  readonly verified: boolean;
  /** An https address, or one of ours; null: initials are drawn. */
  readonly avatar: string | null;
  /** Erased: the name is a placeholder that the reader's language gives. */
  readonly deleted: boolean;
}

export interface Preferences {
  /** Others see how far I have read. Off for the app: nobody sees anything. */
  readonly receipts: boolean;
  /** Notifications show who, not what. */
  readonly hideText: boolean;
  readonly sound: boolean;
}

export interface Me extends Person {
  /** Contacts see me offline. */
  readonly invisible: boolean;
  readonly preferences: Preferences;
  /** May read reports and act on every room of the app: from the host's token. */
  readonly moderator: boolean;
}

export interface Contact {
  readonly person: Person;
  readonly online: boolean;
  /** Rises with each change of `online`; the higher one is the newer one. */
  readonly statusVersion: number;
  readonly source: 'host' | 'provider' | 'invitation';
  /** The one-to-one conversation with them, if there is one. */
  readonly conversation: Id | null;
}

export type Role = 'owner' | 'moderator' | 'member';

/** What is mine in a conversation. */
export interface Membership {
  readonly role: Role;
  /** The `seq` up to which I have read; one for all my tabs and devices, kept by the server. */
  readonly cursor: number;
  /** Messages of others beyond the cursor, deleted ones not counted; 1,000 means 1,000 or more. */
  readonly unread: number;
  /** Of those, how many mention me; 100 means 100 or more. */
  readonly mentions: number;
  /** I may read and not write until then; null: not muted. */
  readonly mutedUntil: number | null;
  readonly notify: 'all' | 'mentions' | 'none';
}

export interface Conversation {
  readonly id: Id;
  readonly kind: 'room' | 'direct';
  /** Of a room; empty for one-to-one. */
  readonly title: string;
  readonly topic: string;
  /** The room's short name, which `/join` takes: `lobby`, a name, or null for a page's room. */
  readonly name: string | null;
  /** The other one of a one-to-one conversation. */
  readonly with: Person | null;
  /** The newest message's number, 0 when there is none. Messages are numbered 1, 2, 3, … without gaps. */
  readonly lastSeq: number;
  /** The number of the newest change. Every new, edited, deleted message and each reaction is one, without gaps. */
  readonly lastChange: number;
  readonly me: Membership;
  /** How far the other one of a one-to-one conversation has read; null when receipts are off for either. */
  readonly readByOther: number | null;
  /** Seconds between two messages of a member; 0 = no limit. Moderators are exempt. */
  readonly slowSeconds: number;
  /** Nobody but moderators writes. */
  readonly locked: boolean;
  /** Only members whom an owner or moderator let in. */
  readonly membersOnly: boolean;
  /** Messages older than this are deleted; 0 = kept. */
  readonly retentionDays: number;
  /** False: the other one cannot be reached any more (blocked, gone, policy); it is not said why. */
  readonly writable: boolean;
  readonly lastMessage: Message | null;
}

export interface Attachment {
  readonly id: Id;
  readonly kind: 'image' | 'file';
  readonly name: string;
  readonly type: string;
  readonly bytes: number;
  /** Of images, else null. */
  readonly width: number | null;
  readonly height: number | null;
  /** Signed, and valid for `urlExpiresAt`; renewed by asking for the message again. Relative to the API's origin. */
  readonly url: string;
  readonly previewUrl: string | null;
  readonly urlExpiresAt: number;
}

export interface Reaction {
  readonly emoji: string;
  readonly count: number;
  /** The first 20 who gave it, oldest first. */
  readonly users: readonly Id[];
}

/** Lines that the server writes, as data; the reader's language makes the sentence. */
export type SystemLine =
  | { readonly type: 'topic'; readonly topic: string }
  | { readonly type: 'title'; readonly title: string }
  | { readonly type: 'kicked' | 'banned' | 'muted'; readonly person: Person; readonly until: number | null }
  | { readonly type: 'role'; readonly person: Person; readonly role: Role }
  | { readonly type: 'renamed'; readonly from: string; readonly to: string };

export interface Message {
  /** A UUID that the sender's client chose: sending it again stores nothing. */
  readonly id: string;
  readonly conversation: Id;
  readonly seq: number;
  /** The change that this state of the message belongs to. Of two states of one message the higher one is right. */
  readonly change: number;
  readonly author: Person;
  readonly kind: 'text' | 'action' | 'system';
  /** As typed, cleaned of control characters; formatted by `parseText`. Empty when deleted or hidden. */
  readonly text: string;
  readonly system: SystemLine | null;
  readonly replyTo: { readonly seq: number; readonly author: Person; readonly excerpt: string } | null;
  readonly attachments: readonly Attachment[];
  readonly mentions: readonly Id[];
  readonly reactions: readonly Reaction[];
  readonly at: number;
  readonly editedAt: number | null;
  /** A tombstone: number and author stay, the content is gone. */
  readonly deletedAt: number | null;
}

export type InvitationState = 'asked' | 'accepted' | 'declined' | 'cancelled' | 'expired';

/** One person asks another for a one-to-one conversation. To the asker `declined` looks like `expired`. */
export interface Invitation {
  readonly id: Id;
  readonly from: Person;
  readonly to: Person;
  readonly state: InvitationState;
  readonly at: number;
  readonly expiresAt: number;
  /** Once accepted. */
  readonly conversation: Id | null;
}

export interface ImportJob {
  readonly id: Id;
  readonly provider: string;
  readonly state: 'waiting' | 'running' | 'done' | 'failed';
  readonly found: number;
  readonly done: number;
  /** Of `done`, how many were added as contacts; the others have not signed in here yet. */
  readonly added: number;
  readonly error: string | null;
}

/** Public facts of an app's chat, for a widget that is about to open. */
export interface ChatConfig {
  readonly app: { readonly key: string; readonly name: string };
  /** How the realtime client reaches its server: the options of stock pusher-js. */
  readonly realtime: {
    readonly key: string;
    readonly host: string;
    readonly port: number;
    readonly tls: boolean;
    readonly path: string;
  };
  readonly guests: boolean;
  readonly providers: readonly {
    readonly id: string;
    readonly name: string;
    readonly kind: 'oidc' | 'github' | 'google' | 'mastodon';
    readonly importsContacts: boolean;
  }[];
  readonly direct: 'nobody' | 'contacts' | 'ask' | 'open';
  readonly receipts: boolean;
  /** Null: nobody may send files. */
  readonly files: { readonly guests: boolean; readonly bytes: number } | null;
  readonly pageRooms: boolean;
  readonly roomCreation: 'nobody' | 'users' | 'everyone';
  /** VAPID public key, base64url. */
  readonly pushKey: string;
}

/** Answer of everything that signs in or renews. */
export interface SessionAnswer {
  readonly accessToken: string;
  /** Milliseconds since the epoch, at most ten minutes ahead. */
  readonly accessTokenExpiresAt: number;
  /** Null for users of the host, who renew through the host. */
  readonly refreshToken: string | null;
  readonly me: Me;
}

/** Everything that a client needs after it is connected; asked for after the inbox is subscribed. */
export interface State {
  readonly me: Me;
  readonly contacts: readonly Contact[];
  readonly blocked: readonly Person[];
  /** Open ones, to me and from me. */
  readonly invitations: readonly Invitation[];
  /** One-to-one conversations and the rooms I am in, newest first, at most 200. */
  readonly conversations: readonly Conversation[];
  readonly imports: readonly ImportJob[];
  readonly now: number;
}

export interface Report {
  readonly id: Id;
  readonly reporter: Person;
  readonly person: Person;
  readonly conversation: Id | null;
  /** Where it was, when that is a room. A one-to-one conversation is not a moderator's to enter. */
  readonly room: Pick<Conversation, 'name' | 'title'> | null;
  readonly seq: number | null;
  readonly reason: 'spam' | 'harassment' | 'hate' | 'sexual' | 'violence' | 'illegal' | 'other';
  readonly text: string;
  /** The message and what was around it, as it was when the report came. */
  readonly context: readonly Message[];
  readonly state: 'open' | 'resolved' | 'dismissed';
  readonly at: number;
}

/** An act of a moderator. */
export interface AuditEntry {
  readonly id: Id;
  readonly actor: Person;
  readonly act: string;
  readonly person: Person | null;
  readonly conversation: Id | null;
  readonly detail: string;
  readonly at: number;
}
