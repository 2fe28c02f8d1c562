import { parseChannelName, parseInfo } from '@earshot/protocol';
import { isRefusal, ok, refusal } from './answer.ts';
import { type Endpoint, parametersOf } from './call.ts';

/** `GET /apps/{id}/channels` (API-11). */
export const channels: Endpoint = async (parts, call) => {
  const parameters = parametersOf(call);
  const prefix = parameters.get('filter_by_prefix')?.[0] ?? '';
  const info = parseInfo(parameters.get('info')?.join(','), ['user_count', 'subscription_count']);
  if (isRefusal(info)) return refusal(info.status, info.message);
  if (info.userCount && !prefix.startsWith('presence-')) {
    return refusal(
      400,
      'user_count may only be requested for presence channels: set filter_by_prefix to presence-',
    );
  }
  const listed = new Map<string, object>();
  for (const summary of await parts.roster.channels(call.app.id, prefix)) {
    listed.set(summary.name, {
      ...(info.userCount ? { user_count: summary.users } : {}),
      ...(info.subscriptionCount ? { subscription_count: summary.subscriptions } : {}),
    });
  }
  return ok({ channels: Object.fromEntries(listed) });
};

/** `GET /apps/{id}/channels/{name}` (API-12, API-13). */
export const channel: Endpoint = async (parts, call) => {
  const name = parseChannelName(call.path[0] ?? '', call.app.settings.channelNameLength);
  if (name === null) return refusal(400, 'Invalid channel name');
  const info = parseInfo(parametersOf(call).get('info')?.join(','), [
    'user_count',
    'subscription_count',
    'cache',
  ]);
  if (isRefusal(info)) return refusal(info.status, info.message);
  if (info.userCount && name.kind !== 'presence') {
    return refusal(400, 'Cannot retrieve the user count unless the channel is a presence channel');
  }
  if (info.cache && !name.cached) {
    return refusal(400, 'Cannot retrieve the cached event unless the channel is a cache channel');
  }
  const summary = await parts.roster.channel(call.app.id, name.name);
  return ok({
    occupied: summary.subscriptions > 0,
    ...(info.userCount ? { user_count: summary.users } : {}),
    ...(info.subscriptionCount ? { subscription_count: summary.subscriptions } : {}),
    ...(info.cache ? { cache: await cached(parts, call.app.id, name.name) } : {}),
  });
};

/** `GET /apps/{id}/channels/{name}/stats`, deprecated (API-16). */
export const channelStats: Endpoint = async (parts, call) => {
  const name = parseChannelName(call.path[0] ?? '', call.app.settings.channelNameLength);
  if (name === null) return refusal(400, 'Invalid channel name');
  const summary = await parts.roster.channel(call.app.id, name.name);
  return ok({
    occupied: summary.subscriptions > 0,
    ...(name.kind === 'presence' ? { user_count: summary.users } : {}),
  });
};

async function cached(
  parts: Parameters<Endpoint>[0],
  appId: string,
  channel: string,
): Promise<{ data: string; ttl: number } | null> {
  const kept = await parts.cache.get(appId, channel);
  if (kept === null) return null;
  const { data } = JSON.parse(kept.frame) as { data: string };
  return { data, ttl: Math.ceil((kept.expiresAt - parts.clock.now()) / 1000) };
}
