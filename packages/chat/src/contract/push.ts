import type { Id } from './names.ts';

/** What a push message holds, as JSON. A service worker shows it; in the reader's language, if it can. */
export interface PushPayload {
  /** Tells it from the messages of a host site's own. */
  readonly earshot: 1;
  /** The app's key. */
  readonly app: string;
  readonly kind: 'message' | 'invitation' | 'test';
  /** Null: an invitation, or a test. */
  readonly conversation: Id | null;
  /** Who, and where: `Ann`, `Ann · Lobby`. Empty for a test. */
  readonly title: string;
  /** In English, for a worker without words of its own: the text, if it may be shown, and the host. */
  readonly body: string;
  /** The beginning of the newest message; empty when it is not to be shown, or has none. */
  readonly text: string;
  /** Messages that this one stands for. */
  readonly count: number;
  /** The host name of the chat's server. It is shown: a notification has to say where it comes from. */
  readonly host: string;
}
