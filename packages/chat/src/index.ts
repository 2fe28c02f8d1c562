export type { RequestClient } from './api/api.ts';
export type { ChatApi } from './api/routes.ts';
export type { ChatApp, ChatApps } from './apps.ts';
export { type Chat, type ChatOptions, createChat, migrateChat } from './chat.ts';
export { type ChannelHost, HostError, type HostFact } from './host.ts';
export { createRemoteHost, type RemoteHost, type RemoteHostOptions } from './host-remote.ts';
export type { PictureSiblings } from './live/pictures.ts';
export {
  type AddressLookup,
  createOutbound,
  type Outbound,
  type OutboundBounds,
  OutboundError,
  type OutboundInit,
  type OutboundOptions,
} from './outbound/outbound.ts';
export { type ChatSettings, chatSettings } from './settings.ts';
