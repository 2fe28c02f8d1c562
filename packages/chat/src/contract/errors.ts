/**
 * Every refusal of the chat's HTTP API: `{ "error": { code, message, field?, retryAfterSeconds? } }` with this status. The
 * message is for developers; the interface says it in the reader's language, by the code.
 */
export const chatErrors = {
  bad_request: { status: 400, message: 'The request is not as expected.' },
  unauthorised: { status: 401, message: 'The access token is missing, expired or not valid here. Renew it.' },
  session_ended: { status: 401, message: 'This session has ended. Sign in again.' },
  host_token_invalid: { status: 401, message: 'The token of the host site is not valid.' },
  sign_in_failed: { status: 401, message: 'The sign-in was not completed.' },
  forbidden: { status: 403, message: 'You may not do this.' },
  origin_refused: {
    status: 403,
    message: 'Pages of this origin may not use this chat. Add it to the app’s origins.',
  },
  guests_refused: { status: 403, message: 'This chat takes no guests. Sign in.' },
  banned: { status: 403, message: 'You are banned here.' },
  muted: { status: 403, message: 'You may read and not write for now.' },
  locked: { status: 403, message: 'Only moderators may write here.' },
  members_only: { status: 403, message: 'Only members may enter.' },
  not_reachable: { status: 403, message: 'This person cannot be reached.' },
  full: { status: 403, message: 'As many people are in this room as may be.' },
  files_refused: { status: 403, message: 'You may not send files here.' },
  chat_off: { status: 404, message: 'There is no app with this key whose chat is switched on.' },
  not_found: { status: 404, message: 'There is no such thing, or it is not yours to see.' },
  method_not_allowed: { status: 405, message: 'This address does not take this method.' },
  conflict: { status: 409, message: 'It is not in a state in which this can be done.' },
  busy: { status: 409, message: 'You have as many open invitations as are allowed.' },
  name_taken: { status: 409, message: 'Somebody here has this name, or one that looks the same.' },
  too_large: { status: 413, message: 'The request is too large.' },
  type_refused: { status: 415, message: 'Files of this kind are not taken.' },
  quota_exceeded: { status: 413, message: 'Your files take all the room that they may.' },
  too_many_requests: { status: 429, message: 'Too much at once. Wait and try again.' },
  slow_mode: { status: 429, message: 'This room is in slow mode. Wait and try again.' },
  internal: { status: 500, message: 'The chat failed. Try again.' },
  unavailable: { status: 503, message: 'The chat cannot reach what it needs. Try again.' },
} as const;

export type ChatErrorCode = keyof typeof chatErrors;

/** Body of every refusal. */
export interface ChatErrorBody {
  readonly error: {
    readonly code: ChatErrorCode;
    readonly message: string;
    /** The part of the request that is meant. */
    readonly field?: string;
    readonly retryAfterSeconds?: number;
  };
}
