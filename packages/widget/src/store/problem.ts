import type { ChatErrorCode } from '@earshot/chat/contract';

/** What went wrong, for the interface to say in words: a refusal of the server, or what a browser can meet. */
export interface Problem {
  readonly code:
    | ChatErrorCode
    | 'network'
    | 'blocked_by_page'
    | 'unsupported'
    | 'popup_blocked'
    | 'too_long'
    | 'unknown_command';
  /** What the code is about: the command, the file's name, seconds to wait. */
  readonly detail?: string;
  readonly retryAfterSeconds?: number;
}
