import { type ChannelHost, HostError } from '@earshot/chat';
import { type Publish, parsePublish } from '@earshot/protocol';
import type { ApiParts } from '../api/call.ts';
import { publishEvents, takePublishes } from '../api/publishing.ts';
import type { App } from '../apps/app.ts';
import { signChannel, signUser } from '../apps/auth.ts';
import type { AppRegistry } from '../apps/registry.ts';
import { terminateUser } from '../connection/terminate-user.ts';

/** Data is UTF-8 JSON; what the events' names and channels may be is the API's to say. */
const noParameters: ReadonlyMap<string, string[]> = new Map();

/**
 * This server as the chat's host: what its HTTP API does, without the HTTP. The app's limits count for the chat as they
 * do for any publisher, and nothing here could not be asked for by a stranger's application.
 */
export function createInProcessHost(parts: ApiParts, apps: AppRegistry): ChannelHost {
  const appOf = (appId: string): App => {
    const app = apps.byId(appId);
    if (app === undefined || !app.settings.enabled)
      throw new HostError(`App ${appId} is unknown or disabled`);
    return app;
  };
  return {
    async publish(appId, channels, event, data) {
      const app = appOf(appId);
      const text = JSON.stringify(data);
      const most = app.settings.channelsPerPublish;
      for (let from = 0; from < channels.length; from += most) {
        const asked = { name: event, channels: channels.slice(from, from + most), data: text };
        const parsed = parsePublish(asked, noParameters, app.settings);
        if ('status' in parsed) throw new HostError(`The host refuses ${event}: ${parsed.message}`, true);
        await accepted(parts, app, parsed);
      }
    },
    async terminate(appId, userId) {
      terminateUser(parts, appId, userId);
    },
    authoriseChannel(appId, socketId, channel, channelData) {
      const auth = signChannel(appOf(appId).oldestKey, socketId, channel, channelData);
      return channelData === null ? { auth } : { auth, channel_data: channelData };
    },
    authoriseUser(appId, socketId, userId) {
      const userData = JSON.stringify({ id: userId });
      return { auth: signUser(appOf(appId).oldestKey, socketId, userData), user_data: userData };
    },
    async occupied(appId, prefix) {
      const summaries = await parts.roster.channels(appId, prefix);
      return new Set(summaries.map(({ name }) => name));
    },
    async count(appId, channel) {
      const { subscriptions, users } = await parts.roster.channel(appId, channel);
      return { subscriptions, users };
    },
    members: async (appId, channel) => new Set(await parts.roster.userIds(appId, channel)),
  };
}

async function accepted(parts: ApiParts, app: App, event: Publish): Promise<void> {
  const over = await takePublishes(parts, app, 1);
  if (over !== null) throw new HostError(`The host refused ${event.event}: ${over.status}`);
  await publishEvents(parts, app, [event]);
}
