import type { Id, Message, Preferences, Report, Role } from '@earshot/chat/contract';
import type { WidgetState } from './state.ts';

/** Which room a host asks for. */
export type RoomRequest =
  | { readonly kind: 'lobby' }
  /** The room of this page, by its canonical address. */
  | { readonly kind: 'page' }
  | { readonly kind: 'named'; readonly name: string }
  /** An id that the host signed. */
  | { readonly kind: 'signed'; readonly token: string };

/**
 * Everything that a person can do. None of them throws or rejects: what goes wrong shows up in the state. Those that
 * return a promise resolve when it is done or has failed.
 */
export interface Actions {
  // Open and close
  open(): void;
  close(): void;
  show(view: 'home' | 'settings' | 'sign-in' | 'reports'): void;
  /** Opens (or raises) a conversation's panel. */
  openConversation(id: Id): void;
  lowerConversation(id: Id): void;
  raiseConversation(id: Id): void;
  closeConversation(id: Id): void;
  retry(): void;
  dismissNotice(key: string): void;

  // Who I am
  enterAsGuest(name: string): Promise<void>;
  /** Opens the provider's window; must be called from a click. `server`: the Mastodon server's name. */
  signInWith(provider: string, server?: string): Promise<void>;
  signOut(): Promise<void>;
  rename(name: string): Promise<void>;
  setInvisible(invisible: boolean): Promise<void>;
  setPreferences(preferences: Partial<Preferences>): Promise<void>;
  exportMine(): Promise<void>;
  eraseMe(): Promise<void>;
  /** Into `records.sessions`. */
  loadSessions(): Promise<void>;
  endSession(id: Id): Promise<void>;
  /** Something was put on the clipboard, in the click itself; false: the browser did not let it. */
  copied(worked: boolean): Promise<void>;

  // People
  /** A click on a person: opens the conversation there is, or asks for one, as the app's policy is. */
  startConversation(person: Id): Promise<void>;
  acceptInvitation(id: Id): Promise<void>;
  declineInvitation(id: Id): Promise<void>;
  cancelInvitation(id: Id): Promise<void>;
  removeContact(person: Id): Promise<void>;
  block(person: Id): Promise<void>;
  unblock(person: Id): Promise<void>;
  importContacts(provider: string): Promise<void>;
  report(subject: {
    readonly person: Id;
    readonly conversation: Id | null;
    readonly seq: number | null;
    readonly reason: Report['reason'];
    readonly text: string;
  }): Promise<void>;

  // Rooms
  enterRoom(room: RoomRequest): Promise<void>;
  createRoom(room: {
    readonly name: string;
    readonly title: string;
    readonly membersOnly: boolean;
  }): Promise<void>;
  leaveConversation(id: Id): Promise<void>;
  setTopic(id: Id, topic: string): Promise<void>;
  setRoom(
    id: Id,
    settings: {
      readonly slowSeconds?: number;
      readonly locked?: boolean;
      readonly title?: string;
      readonly retentionDays?: number;
      readonly membersOnly?: boolean;
    },
  ): Promise<void>;
  moderate(
    id: Id,
    act: 'kick' | 'ban' | 'unban' | 'mute' | 'unmute' | 'let-in',
    person: Id,
    minutes: number | null,
  ): Promise<void>;
  setRole(id: Id, person: Id, role: Role): Promise<void>;
  setNotify(id: Id, notify: 'all' | 'mentions' | 'none'): Promise<void>;

  /** People with a role, bans and acts of a room, into `records.rooms`; asked for again by each act there. */
  loadRoomRecords(id: Id): Promise<void>;

  // Reports, for moderators of the app
  /** Into `records.reports`. @param older those after the last one that is there */
  loadReports(state: Report['state'], older?: boolean): Promise<void>;
  /** Shows a report in the main panel. */
  openReport(id: Id): Promise<void>;
  /** Goes back to the list. */
  closeReport(): Promise<void>;
  decideReport(id: Id, state: Report['state']): Promise<void>;
  /** Opens the room that a report is about at its message, entering it where need be. */
  visitReported(report: Pick<Report, 'conversation' | 'seq'>): Promise<void>;

  // Messages
  /** The draft as it is typed: sends the typing notice, at most every `limits.typingResendMs`. */
  setDraft(id: Id, text: string): void;
  /** Sends the draft, or carries out the command in it. */
  send(id: Id): void;
  retrySend(id: Id, key: string): void;
  discardPending(id: Id, key: string): void;
  addFiles(id: Id, files: readonly File[]): void;
  removeFile(id: Id, key: string): void;
  startReply(id: Id, message: Message): void;
  startEdit(id: Id, message: Message): void;
  /** Puts away reply and edit. */
  stopReplyOrEdit(id: Id): void;
  deleteMessage(id: Id, seq: number): Promise<void>;
  react(id: Id, seq: number, emoji: string): Promise<void>;
  /** Asks the other one to type live, or agrees; in a conversation of two. */
  startLive(id: Id): void;
  /** Refuses it, takes the question back, or ends it. */
  endLive(id: Id): void;
  loadOlder(id: Id): void;
  /** Of a list that is `behind`. */
  loadNewer(id: Id): void;
  jumpToNewest(id: Id): void;
  /** Loads around a message that is not loaded. */
  jumpTo(id: Id, seq: number): void;
  /** The reader has seen everything up to `seq`. */
  markRead(id: Id, seq: number): void;
  /** The addresses of its files are over (`urlExpiresAt`): asks for fresh ones. */
  renewFiles(id: Id, seq: number): void;

  // Attention
  /** Asks the browser for its permission; must be called from a click. */
  allowNotifications(): Promise<void>;
  enablePush(): Promise<void>;
  disablePush(): Promise<void>;
}

/** What views read and what they call. */
export interface Store {
  readonly state: WidgetState;
  /** @returns how to stop hearing */
  subscribe(listener: () => void): () => void;
  readonly actions: Actions;
}
