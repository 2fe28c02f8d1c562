/** What the back end and the browser agree on. Pure and small: the widget carries it. */
export type * from './entities.ts';
export { type ChatErrorBody, type ChatErrorCode, chatErrors } from './errors.ts';
export type { ClientEvents, PresenceInfo, ServerEventName, ServerEvents } from './events.ts';
export { limits } from './limits.ts';
export { type LiveEntry, type LiveInfo, liveLimits } from './live.ts';
export {
  type ChatChannel,
  type Id,
  inboxOf,
  inboxPrefix,
  isId,
  liveDoorOf,
  liveDoorPrefix,
  liveOf,
  livePrefix,
  messagesOf,
  messagesPrefix,
  parseChatChannel,
  presenceOf,
  presencePrefix,
} from './names.ts';
export type { PushPayload } from './push.ts';
export { type SignInMessage, type SignInRequest, signInPath } from './sign-in.ts';
