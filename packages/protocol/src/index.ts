export {
  type ChannelKind,
  type ChannelName,
  isClientEventChannel,
  needsSignature,
  parseChannelName,
} from './channels.ts';
export {
  type CloseCode,
  closeCodes,
  closeReason,
  type ErrorCode,
  type ErrorText,
  errorCodes,
  errorTexts,
} from './errors.ts';
export { checkHandshake, chooseSubprotocol, type ProtocolVersion } from './handshake.ts';
export {
  aliveFrame,
  closeFrame,
  eventStreamComment,
  eventStreamData,
  eventStreamNotice,
  heartbeatFrame,
  messagesFrame,
  openFrame,
  parseSend,
  parseSessionPath,
  prelude,
  quoted,
  type SessionPath,
} from './http-framing.ts';
export { parseJson, type Refused } from './json.ts';
export {
  activityTimeoutSeconds,
  apiClockToleranceSeconds,
  authorisationTimeoutSeconds,
  defaultLimits,
  pongTimeoutSeconds,
  subscriptionCountThrottle,
} from './limits.ts';
export { type ClientMessage, parseClientMessage, type RefusedMessage } from './messages-in.ts';
export {
  cacheMiss,
  channelEvent,
  clientEvent,
  connectionEstablished,
  errorEvent,
  jsonString,
  jsonStringBody,
  memberAdded,
  memberRemoved,
  ping,
  pong,
  signinSuccess,
  subscriptionCount,
  subscriptionError,
  subscriptionSucceeded,
  watchlistEvents,
} from './messages-out.ts';
export {
  type ApiRefusal,
  type Info,
  type InfoAttribute,
  type Publish,
  type PublishLimits,
  parseBatch,
  parseInfo,
  parsePublish,
} from './publish.ts';
export {
  channelStringToSign,
  isSocketId,
  parseAuth,
  requestStringToSign,
  userStringToSign,
} from './strings-to-sign.ts';
export { exceedsBytes, excerpt } from './text.ts';
export { type MemberData, parseMemberData, parseUserData, type UserData } from './user-data.ts';
