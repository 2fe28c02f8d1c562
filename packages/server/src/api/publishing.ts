import { channelEvent, errorTexts, type Info, type Publish } from '@earshot/protocol';
import type { App } from '../apps/app.ts';
import { takeMessages } from '../apps/message-quota.ts';
import { refusal } from './answer.ts';
import type { ApiParts } from './call.ts';

/** Counts `publishes` events against the app's limits. @returns the refusal when one is reached */
export async function takePublishes(parts: ApiParts, app: App, publishes: number): Promise<Response | null> {
  const { publishesPerSecond, messagesPerDay } = app.settings;
  if (publishesPerSecond > 0 && !(await parts.rates.take(app.id, publishes, publishesPerSecond))) {
    const message = `Over the limit of ${publishesPerSecond} publishes per second for this app: wait a second, then send again`;
    return refusal(429, message, { 'Retry-After': '1' });
  }
  if (!(await takeMessages(app, publishes))) {
    return refusal(403, errorTexts.messageQuota.text(`${messagesPerDay}`));
  }
  return null;
}

/**
 * Delivers accepted events, in this order and nothing between them. Resolves when cache channels keep them, and when whatever
 * is published after that, by whichever worker, comes after them (SUB-10).
 */
export async function publishEvents(parts: ApiParts, app: App, events: readonly Publish[]): Promise<void> {
  const underWay: Promise<void>[] = [];
  for (const event of events) publishEvent(parts, app, event, underWay);
  if (underWay.length === 1) await underWay[0];
  else if (underWay.length > 1) await Promise.all(underWay);
}

/** Hands an event to its channels; what there is to wait for goes into `underWay`. */
function publishEvent(parts: ApiParts, app: App, event: Publish, underWay: Promise<void>[]): void {
  app.tally.add('published');
  for (const channel of event.channels) {
    parts.counters.eventsPublished++;
    if (parts.trace.isWatched(app)) notePublished(parts, app, event, channel.name);
    const settled = parts.publisher.publish({
      appId: app.id,
      channel,
      frame: channelEvent(channel.name, event.event, event.data),
      except: event.socketId,
      cacheSeconds: app.settings.cacheSeconds,
    });
    if (settled !== null) underWay.push(settled);
  }
}

function notePublished({ trace }: ApiParts, app: App, published: Publish, channel: string): void {
  const { event, data, socketId } = published;
  trace.note(app, { kind: 'published', channel, event, data, socketId });
}

export function wantsInfo(info: Info): boolean {
  return info.userCount || info.subscriptionCount;
}

/**
 * As `channelInfo`, of a channel to which an event has been published. While the cluster cannot say it is empty: the event is
 * delivered, and a publisher who is told of an error sends it again.
 */
export async function publishedInfo(
  ...asked: Parameters<typeof channelInfo>
): Promise<Awaited<ReturnType<typeof channelInfo>>> {
  try {
    return await channelInfo(...asked);
  } catch {
    return {};
  }
}

/** The attributes asked for of one channel; those that do not apply are left out (API-7). */
export async function channelInfo(
  parts: ApiParts,
  app: App,
  channel: { readonly name: string; readonly kind: string },
  info: Info,
): Promise<{ user_count?: number; subscription_count?: number }> {
  const summary = await parts.roster.channel(app.id, channel.name);
  return {
    ...(info.userCount && channel.kind === 'presence' ? { user_count: summary.users } : {}),
    ...(info.subscriptionCount ? { subscription_count: summary.subscriptions } : {}),
  };
}
