import type {
  Attachment,
  ChatConfig,
  Contact,
  Conversation,
  Id,
  ImportJob,
  Invitation,
  Me,
  Message,
  Person,
  Role,
} from '@earshot/chat/contract';
import type { DirectState } from '../live/direct.ts';
import type { Problem } from './problem.ts';
import type { Records } from './records.ts';

export type { Problem };

/**
 * Everything that is on the screen, as data. Views are functions of it (and of nothing else); `Actions` change it. Objects
 * are replaced when they change, so that `===` tells.
 */
export interface WidgetState {
  /** The chat's public facts: asked for when the widget is first opened, or when the page is idle for a known person. */
  readonly config: Loadable<ChatConfig>;
  readonly session: SessionState;
  /** `reconnecting` is shown as a thin strip after a moment, never as a dialog. */
  readonly connection: 'off' | 'connecting' | 'online' | 'reconnecting' | 'offline';
  /** When `reconnecting`: when it is tried again, ms since the epoch, or null while it is being tried. */
  readonly retryAt: number | null;
  /** Contacts, conversations, … have been fetched since the session began. */
  readonly people: Loadable<PeopleState>;
  readonly conversations: ReadonlyMap<Id, ConversationState>;
  readonly layout: Layout;
  /** Of all conversations that notify. What the launcher, the title and the host's callback show. */
  readonly unread: number;
  readonly notifications: NotificationState;
  /** Small messages that come and go: what failed, what was done. At most three. */
  readonly notices: readonly Notice[];
  readonly records: Records;
}

export type Loadable<T> =
  | { readonly phase: 'none' }
  /** `since`: a skeleton is drawn only after 300 ms. */
  | { readonly phase: 'loading'; readonly since: number }
  | { readonly phase: 'failed'; readonly problem: Problem; readonly retryAt: number | null }
  | { readonly phase: 'ready'; readonly value: T };

export type SessionState =
  /** Nobody: the sign-in view is shown. `problem` says why the last try failed. */
  | { readonly phase: 'none'; readonly problem: Problem | null; readonly lastName: string }
  | { readonly phase: 'entering'; readonly how: 'guest' | 'host' | 'kept' | string }
  | { readonly phase: 'in'; readonly me: Me }
  /** It has ended elsewhere, or was ended by the server. */
  | { readonly phase: 'ended'; readonly problem: Problem };

export interface PeopleState {
  readonly contacts: readonly Contact[];
  readonly blocked: readonly Person[];
  readonly invitations: readonly Invitation[];
  readonly imports: readonly ImportJob[];
}

export interface ConversationState {
  readonly conversation: Conversation;
  readonly timeline: Timeline;
  readonly draft: Draft;
  /** Who types, without me and without those I blocked. */
  readonly typing: readonly Person[];
  readonly online: OnlineState;
  /** Live typing with the other one of a conversation of two; undefined before either has asked for it. */
  readonly live?: DirectState;
  /** Entering the room failed, or I was removed from it. */
  readonly problem: Problem | null;
  readonly removed: { readonly why: 'kicked' | 'banned' | 'closed'; readonly until: number | null } | null;
}

export interface OnlineState {
  /** False until the presence channel has answered. */
  readonly known: boolean;
  /** Me included; sorted by role, then by name. Up to the cap. */
  readonly members: readonly (Person & { readonly role: Role })[];
  /** Right above the cap, too. */
  readonly count: number;
}

export interface Timeline {
  /** By `seq`, without holes between the first and the last; then those on their way. */
  readonly items: readonly TimelineItem[];
  /** What is before the first item. `failed` tries again by itself at `olderRetryAt`. */
  readonly older: 'unknown' | 'loading' | 'failed' | 'more' | 'end';
  readonly olderRetryAt: number | null;
  /** `behind`: newer messages exist that are not loaded (after a jump to an old one). */
  readonly newer: 'newest' | 'loading' | 'behind';
  /** Set while catching up; `too-much`: more was missed than is fetched at once, said plainly with a jump to the newest. */
  readonly catchUp: 'none' | 'running' | 'too-much';
  /** The "new messages" line stands before this `seq`; null: no line. */
  readonly newFrom: number | null;
}

export type TimelineItem =
  | { readonly type: 'message'; readonly key: string; readonly message: Message; readonly hidden: boolean }
  /** Mine, on its way. */
  | { readonly type: 'pending'; readonly key: string; readonly pending: PendingMessage }
  /** People who came or went, several in one line. Only in rooms, only while it is open here. */
  | {
      readonly type: 'presence';
      readonly key: string;
      readonly joined: readonly Person[];
      readonly left: readonly Person[];
      readonly at: number;
    }
  /** An answer to a command, seen by me alone. */
  | { readonly type: 'note'; readonly key: string; readonly note: CommandNote; readonly at: number };

export type CommandNote =
  | { readonly kind: 'help' }
  | { readonly kind: 'unknown-command'; readonly command: string }
  | { readonly kind: 'usage'; readonly command: string; readonly usage: string }
  | { readonly kind: 'problem'; readonly problem: Problem };

export interface PendingMessage {
  /** The UUID that it keeps across tries. */
  readonly id: string;
  readonly text: string;
  readonly kind: 'text' | 'action';
  readonly replyTo: Message | null;
  readonly attachments: readonly DraftFile[];
  readonly at: number;
  /** `unsure`: the answer was lost; it is tried again by itself, and nothing is stored twice. */
  readonly state: 'sending' | 'unsure' | 'failed';
  readonly problem: Problem | null;
}

export interface Draft {
  readonly text: string;
  readonly replyTo: Message | null;
  /** Set while an own message is being edited. */
  readonly editing: Message | null;
  readonly files: readonly DraftFile[];
  /** What kept the last try from being sent (too long, slow mode); the text stays. */
  readonly problem: Problem | null;
}

export interface DraftFile {
  readonly key: string;
  readonly name: string;
  readonly bytes: number;
  /** An object URL of a picture, else null. */
  readonly preview: string | null;
  /** 0 to 1. */
  readonly progress: number;
  readonly state: 'uploading' | 'ready' | 'failed';
  readonly problem: Problem | null;
  readonly attachment: Attachment | null;
}

/** What is open where. Kept for the tab, so that a reload brings it back. */
export interface Layout {
  readonly open: boolean;
  /** In the main panel: the list of contacts and conversations, a view of it, or (narrow screens) one conversation. */
  readonly view: 'home' | 'settings' | 'sign-in' | 'reports' | { readonly conversation: Id };
  /** Docked beside the main panel on wide screens, newest first. */
  readonly panels: readonly { readonly conversation: Id; readonly lowered: boolean }[];
  /** The conversation that has the keyboard, if any. */
  readonly focused: Id | null;
}

export interface NotificationState {
  readonly permission: 'unsupported' | 'default' | 'granted' | 'denied';
  readonly push: 'unsupported' | 'off' | 'on' | 'failed';
  readonly sound: boolean;
}

export interface Notice {
  readonly key: string;
  readonly kind: 'problem' | 'done';
  readonly problem: Problem | null;
  /** Of `done`: what was done (`reported`, `blocked`, `copied`, …), a key of the texts. */
  readonly done: string | null;
}
