import type { ChatSettings } from './settings.ts';

/** An app as the chat needs to know it. Its chat is switched on, else it is not given. */
export interface ChatApp {
  readonly id: string;
  readonly name: string;
  /** The public key that clients connect with, and that names the app in requests. */
  readonly key: string;
  /** Patterns of origins whose pages may use it; empty = every origin, but sign-in popups only from our own. */
  readonly origins: readonly string[];
  readonly settings: ChatSettings;
}

/** Looked up for each request, so that changes count at once. */
export interface ChatApps {
  byId(id: string): ChatApp | undefined;
  byKey(key: string): ChatApp | undefined;
  all(): Iterable<ChatApp>;
}
