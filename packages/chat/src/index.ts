export type { ChatApp, ChatApps } from './apps.ts';
export { type ChannelHost, HostError, type HostFact } from './host.ts';
export { type ChatSettings, chatSettings } from './settings.ts';
